//! The `json ivr` fence: settings and contexts in the API's words, and the world around them.
//!
//! Shape: the settings' own keys; `contexts` (each with its own keys and `options`, option → rules); `sounds` (id → `"hello.wav 8 s"`);
//! `system_sounds` (how long each of the system set takes, `"0.5 s"`); `language`; `internal` (numbers); `caller` (`number`, `name`);
//! `called`.
//! Errors: [`Problem`] on the fence's line; an unknown key is one, since in a specification it is a slip.

use std::time::Duration;

use antiphon_ivr::{
    ContextId, RuleId, SoundId,
    rules::{Ivr, OptionKey, wire},
    simulator::{Scenario, Sound},
};
use serde_json::{Map, Value};

use crate::{
    caller::seconds,
    document::{Fence, Problem},
};

/// Keys that are not settings of the IVR.
const WORLD: [&str; 7] = ["contexts", "sounds", "system_sounds", "language", "internal", "caller", "called"];

/// The menu of a fence, and the world around it.
pub(crate) fn read(fence: &Fence) -> Result<(Ivr, Scenario), Problem> {
    read_text(&fence.text).map_err(|(line, text)| Problem::new(fence.line + line, text))
}

type Wrong = (usize, String);

fn read_text(text: &str) -> Result<(Ivr, Scenario), Wrong> {
    let value: Value = serde_json::from_str(text).map_err(|error| (error.line(), error.to_string()))?;
    let top = object(&value, "the menu")?;
    known(top, &keys(&wire::Ivr::default()), &WORLD)?;
    let settings = wire::Ivr::default().patch(&value).map_err(told)?;
    let contexts = list(top.get("contexts"))?.iter().map(context).collect::<Result<Vec<_>, _>>()?;
    let built = Ivr::build(&settings, contexts.iter().map(|(context, options)| (context, options.clone())));
    match built.left_out.into_iter().next() {
        Some(left) => Err(wrong(format!("rule {} of {}: {}", left.rule, left.option, left.problems[0]))),
        None => Ok((built.ivr, scenario(top)?)),
    }
}

type Options = Vec<(OptionKey, Vec<wire::Rule>)>;

fn context(value: &Value) -> Result<(wire::Context, Options), Wrong> {
    let fields = object(value, "a context")?;
    known(fields, &keys(&wire::Context::default()), &["options"])?;
    let id = fields.get("id").and_then(Value::as_u64).ok_or_else(|| wrong("a context has no id"))?;
    let context = wire::Context { name: format!("context {id}"), ..wire::Context::default() };
    let context = wire::Context { id: ContextId(id), ..context.patch(value).map_err(told)? };
    let mut options = Options::new();
    if let Some(written) = fields.get("options") {
        for (key, rules) in object(written, "options")? {
            let key = key.parse().map_err(|error| wrong(format!("{key}: {error}")))?;
            let rules = list(Some(rules))?;
            let rules = rules.iter().enumerate().map(|(index, body)| rule(index, body)).collect::<Result<_, _>>()?;
            options.push((key, rules));
        }
    }
    Ok((context, options))
}

fn rule(index: usize, body: &Value) -> Result<wire::Rule, Wrong> {
    known(object(body, "a rule")?, &keys(&wire::Rule::default()), &["transfer_mode"])?;
    let rule = wire::Rule::default().patch(body).map_err(told)?;
    Ok(wire::Rule { id: RuleId(index as u64 + 1), ..rule })
}

fn scenario(top: &Map<String, Value>) -> Result<Scenario, Wrong> {
    let mut scenario = Scenario::default();
    if let Some(sounds) = top.get("sounds") {
        for (id, sound) in object(sounds, "sounds")? {
            let id = id.parse().map_err(|_| wrong(format!("sound {id}: not an id")))?;
            scenario.sounds.insert(SoundId(id), self::sound(sound)?);
        }
    }
    if let Some(length) = top.get("system_sounds") {
        let length = text(length, "system_sounds")?;
        let time = length.strip_suffix(" s").and_then(seconds);
        scenario.system_sounds = time.ok_or_else(|| wrong(format!("`{length}` is not a time in seconds")))?;
    }
    if let Some(language) = top.get("language") {
        scenario.language = text(language, "language")?.parse().map_err(|error| wrong(format!("language: {error}")))?;
    }
    if let Some(numbers) = top.get("internal") {
        for number in list(Some(numbers))? {
            scenario.internal.insert(text(number, "an internal number")?.to_owned());
        }
    }
    if let Some(caller) = top.get("caller") {
        let caller = object(caller, "caller")?;
        known(caller, &[], &["number", "name"])?;
        let field = |key| caller.get(key).map(|value| text(value, key)).transpose().map(Option::unwrap_or_default);
        scenario.caller.number = field("number")?.to_owned();
        scenario.caller.name = field("name")?.to_owned();
    }
    if let Some(called) = top.get("called") {
        scenario.caller.called_did = text(called, "called")?.to_owned();
    }
    Ok(scenario)
}

/// A sound written as `hello.wav 8 s`.
fn sound(value: &Value) -> Result<Sound, Wrong> {
    let written = text(value, "a sound")?;
    let parts = written.strip_suffix(" s").and_then(|rest| rest.rsplit_once(' '));
    let (name, length) = parts.ok_or_else(|| wrong(format!("a sound is written `name 8 s`, not `{written}`")))?;
    let length: Duration = seconds(length).ok_or_else(|| wrong(format!("`{length}` is not a time in seconds")))?;
    Ok(Sound { name: name.to_owned(), length })
}

/// The keys that a wire struct is written with.
fn keys(example: &impl serde::Serialize) -> Vec<String> {
    let value = serde_json::to_value(example).expect("a wire struct is JSON");
    value.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}

fn known(fields: &Map<String, Value>, keys: &[String], more: &[&str]) -> Result<(), Wrong> {
    match fields.keys().find(|key| !keys.contains(key) && !more.contains(&key.as_str())) {
        Some(key) => Err(wrong(format!("unknown key `{key}`"))),
        None => Ok(()),
    }
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, Wrong> {
    value.as_object().ok_or_else(|| wrong(format!("{what}: must be an object")))
}

fn list(value: Option<&Value>) -> Result<&[Value], Wrong> {
    match value {
        None => Ok(&[]),
        Some(value) => value.as_array().map(Vec::as_slice).ok_or_else(|| wrong("must be a list")),
    }
}

fn text<'a>(value: &'a Value, what: &str) -> Result<&'a str, Wrong> {
    value.as_str().ok_or_else(|| wrong(format!("{what}: must be a string")))
}

fn told(problems: Vec<wire::FieldError>) -> Wrong {
    wrong(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

fn wrong(text: impl Into<String>) -> Wrong {
    (0, text.into())
}
