//! What is attached to a call, and goes with it when it is transferred.
//!
//! Sources: `voicexml-customizers.md` 1.3, 1.7.

use serde_json::{Map, Value as Json, json};

use crate::vxml::run::{Event, Interpreter, Stop};

/// Most pieces of extra data, and the longest of their names and values, in bytes.
const MAX_EXTRA: usize = 64;
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 4_096;

/// What is attached to a call.
#[derive(Clone, Default, Debug)]
pub(crate) struct Attached {
    pub(crate) language: Option<String>,
    pub(crate) priority: Option<Json>,
    pub(crate) skills: Option<Json>,
    pub(crate) extra: Vec<(String, Json)>,
}

impl Attached {
    /// Header fields that tell whoever gets the call of it.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        let mut add = |name: String, value: &str| {
            let line: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1_000).collect();
            headers.push((name, line.trim().to_owned()));
        };
        if let Some(priority) = &self.priority {
            add("X-Priority".to_owned(), &plain(priority));
        }
        if let Some(skills) = &self.skills {
            add("X-Skills".to_owned(), &plain(skills));
        }
        if let Some(language) = &self.language {
            add("Accept-Language".to_owned(), language);
            add("X-Language".to_owned(), language);
        }
        for (name, value) in &self.extra {
            add(format!("X-Extra-Data-{name}"), &plain(value));
        }
        headers
    }

    /// Attaches a piece of extra data, in place of one of this name.
    pub(crate) fn attach(&mut self, name: &str, value: Json) -> Result<(), Stop> {
        let is_name = !name.is_empty()
            && name.len() <= MAX_NAME
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !is_name {
            return Err(Event::semantic(format!("{name:?} cannot be the name of extra data")).into());
        }
        if plain(&value).len() > MAX_VALUE {
            return Err(Event::semantic(format!("the extra data {name} has more than {MAX_VALUE} bytes")).into());
        }
        if let Some((_, old)) = self.extra.iter_mut().find(|(known, _)| known == name) {
            *old = value;
            return Ok(());
        }
        if self.extra.len() >= MAX_EXTRA {
            return Err(Event::semantic(format!("more than {MAX_EXTRA} pieces of extra data")).into());
        }
        self.extra.push((name.to_owned(), value));
        Ok(())
    }
}

/// A value as a text of its own, else as JSON; skills in a list have commas between them.
pub(crate) fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

impl Interpreter<'_> {
    /// The call's own variables tell what is attached, for whoever runs after us and whoever looks at the call, and so do those of the page.
    pub(crate) fn show(&mut self, name: &str, value: &Json) -> Result<(), Stop> {
        let shown: String = plain(value).chars().take(1_000).collect();
        let short = name.replace('-', "_");
        self.call.vars.set(&short, &shown).map_err(|error| Event::semantic(format!("{name}: {error}")))?;
        if self.is_python {
            self.engine.put(self.session, name, value)?;
        }
        Ok(())
    }

    /// All extra data, for the page.
    pub(crate) fn show_extra(&mut self) -> Result<(), Stop> {
        let all: Map<String, Json> = self.attached.extra.iter().cloned().collect();
        if self.is_python {
            self.engine.put(self.session, "EXTRADATA", &Json::Object(all))?;
        }
        Ok(())
    }

    /// The language that the call speaks from now on.
    pub(crate) fn speak_language(&mut self, language: &str) -> Result<(), Stop> {
        let language: String =
            language.trim().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(35).collect();
        if language.is_empty() {
            return Err(Event::semantic("this is no language").into());
        }
        // One in which the system has no sounds is told to others all the same.
        if let Ok(known) = language.parse() {
            self.call.language = known;
        }
        self.show("LANGUAGE", &json!(language))?;
        self.attached.language = Some(language);
        Ok(())
    }

    pub(crate) fn set_priority(&mut self, priority: Json) -> Result<(), Stop> {
        self.show("PRIORITY", &priority)?;
        self.attached.priority = Some(priority);
        Ok(())
    }

    pub(crate) fn set_skills(&mut self, skills: Json) -> Result<(), Stop> {
        self.show("SKILLS", &skills)?;
        self.attached.skills = Some(skills);
        Ok(())
    }
}
