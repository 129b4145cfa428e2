//! `setextradata`, `setlanguage`, `setobcallresult`, `setpriority`, `setrecordingconsent`, `setskills`: what is attached to the call.
//!
//! Sources: `voicexml-customizers.md` 1.2, 1.3.

use serde_json::{Value as Json, json};

use crate::{
    NoteKind,
    vxml::{
        run::{Event, Interpreter, Stop},
        wire::{Attributes, Fault, Given},
    },
};

/// One thing to attach.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    kind: Kind,
    value: Given,
}

#[derive(Clone, Eq, PartialEq, Debug)]
enum Kind {
    Extra(String),
    Language,
    Outbound,
    Priority,
    Consent,
    /// Whether they come on top of those that are there.
    Skills(Adds),
}

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Adds {
    Yes,
    No,
}

impl Setting {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        let value = || from.direct("value", "expr").ok_or_else(|| from.fault("there is neither value nor expr"));
        let (kind, value) = match from.0.tag_name().name() {
            "setextradata" => {
                let name = from.vendor("name").ok_or_else(|| from.fault("name is missing"))?;
                (Kind::Extra(name.to_owned()), value()?)
            }
            "setlanguage" => {
                let language = from.direct("language", "expr").or_else(|| from.language().map(Given::Text));
                (Kind::Language, language.ok_or_else(|| from.fault("there is neither language nor expr"))?)
            }
            "setobcallresult" => (Kind::Outbound, value()?),
            "setpriority" => (Kind::Priority, value()?),
            "setrecordingconsent" => (Kind::Consent, value()?),
            _ => {
                let adds = match from.vendor("mode") {
                    None | Some("set") => Adds::No,
                    Some("add") => Adds::Yes,
                    Some(other) => return Err(from.fault(format!("the mode {other:?} is neither set nor add"))),
                };
                (Kind::Skills(adds), from.direct("skills", "expr").map_or_else(value, Ok)?)
            }
        };
        Ok(Self { kind, value })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<(), Stop> {
        let value = interpreter.json_of(&self.value)?;
        let text = super::attached::plain(&value);
        let said = match &self.kind {
            Kind::Extra(name) => {
                interpreter.attached.attach(name, value.clone())?;
                interpreter.show_extra()?;
                interpreter.show(&format!("EXTRADATA_{name}"), &value)?;
                format!("extra data {name} is {text}")
            }
            Kind::Language => {
                interpreter.speak_language(&text)?;
                format!("language {text}")
            }
            Kind::Outbound => {
                interpreter.show("OBCALLRESULT", &value)?;
                format!("outbound result {text}")
            }
            Kind::Priority => {
                if text.trim().parse::<i64>().is_err() {
                    return Err(Event::semantic(format!("the priority {text:?} is no number")).into());
                }
                interpreter.set_priority(value)?;
                format!("priority {text}")
            }
            Kind::Consent => {
                let consents = !matches!(text.to_ascii_lowercase().as_str(), "" | "false" | "no" | "0" | "null");
                interpreter.show("RECORDINGCONSENT", &json!(consents))?;
                format!("recording consent {consents}")
            }
            Kind::Skills(adds) => {
                let mut skills = match (&interpreter.attached.skills, adds) {
                    (Some(Json::Array(all)), Adds::Yes) => all.clone(),
                    (Some(Json::Null) | None, _) | (_, Adds::No) => Vec::new(),
                    (Some(one), Adds::Yes) => vec![one.clone()],
                };
                match value {
                    Json::Array(all) => skills.extend(all),
                    Json::String(list) => {
                        skills.extend(list.split([',', ' ']).filter(|one| !one.is_empty()).map(|one| json!(one)))
                    }
                    other => skills.push(other),
                }
                let skills = Json::Array(skills.into_iter().take(100).collect());
                let text = super::attached::plain(&skills);
                interpreter.set_skills(skills)?;
                format!("skills {text}")
            }
        };
        let said: String = said.chars().take(1_000).collect();
        Ok(interpreter.call.note(NoteKind::Log, said).await?)
    }
}
