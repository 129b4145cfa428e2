//! The `json ivr` fence: settings and contexts in the API's words, and the world around them.
//!
//! Shape: the settings' own keys; `contexts` (each with its own keys and `options`, option → rules); `sounds` (id → `"hello.wav 8 s"`);
//! `internal` (numbers); `caller` (`number`, `name`, and what web servers are told of the call); `called`; `callback` (variables); `extension` (`id`,
//! `name`); `scripts` (those of the events); `texts` (words → how long they are spoken, null where
//! they cannot be); `system_sounds` (how long each of the system set takes, `"0.5 s"`); `language`; `intervals` (id → as the API writes
//! one, without a name); `policy` (the choices that are taken).
//! Errors: [`Problem`] on the fence's line; an unknown key is one, since in a specification it is a slip.

use std::time::Duration;

use antiphon_ivr::{
    Caller, ContextId, ExtensionId, ExtensionName, IntervalId, ListenFrom, RuleId, SoundId,
    rules::{EventScripts, Interval, Ivr, MessageLimits, OptionKey, wire},
    simulator::{Scenario, Sound, Text},
};
use serde_json::{Map, Value};

use crate::{
    caller::seconds,
    document::{Fence, Problem},
};

/// Keys of a rule that are written only where they are set.
const OURS: [&str; 6] = [
    "transfer_mode",
    "call_interactive_dialect",
    "voicemail_step",
    "voicemail_mailbox",
    "voicemail_pin",
    "play_sound_from_variable",
];

/// Keys that are not settings of the IVR.
const WORLD: [&str; 13] = [
    "contexts",
    "sounds",
    "system_sounds",
    "language",
    "texts",
    "internal",
    "caller",
    "called",
    "callback",
    "extension",
    "scripts",
    "intervals",
    "policy",
];

/// The menu of a fence, and the world around it.
pub(crate) fn read(fence: &Fence) -> Result<(Ivr, Scenario), Problem> {
    read_text(&fence.text).map_err(|(line, text)| Problem::new(fence.line + line, text))
}

pub(crate) type Wrong = (usize, String);

fn read_text(text: &str) -> Result<(Ivr, Scenario), Wrong> {
    let value: Value = serde_json::from_str(text).map_err(|error| (error.line(), error.to_string()))?;
    let top = object(&value, "the menu")?;
    known(top, &keys(&wire::Ivr::default()), &WORLD)?;
    let settings = wire::Ivr::default().patch(&value).map_err(told)?;
    let contexts = list(top.get("contexts"))?.iter().map(context).collect::<Result<Vec<_>, _>>()?;
    let built = Ivr::build(&settings, contexts.iter().map(|(context, options)| (context, options.clone())));
    match built.left_out.into_iter().next() {
        Some(left) => Err(wrong(format!("rule {} of {}: {}", left.rule, left.option, left.problems[0]))),
        None => Ok((Ivr { scripts: scripts(top)?, ..built.ivr }, world(top)?)),
    }
}

fn scripts(top: &Map<String, Value>) -> Result<EventScripts, Wrong> {
    let mut stored = Vec::new();
    for body in list(top.get("scripts"))? {
        known(object(body, "a script")?, &keys(&wire::EventScript::default()), &[])?;
        let script = wire::EventScript::create(body).map_err(told)?;
        EventScripts::check(&script).map_err(told)?;
        stored.push(script);
    }
    Ok(EventScripts::build(&stored))
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
    known(object(body, "a rule")?, &keys(&wire::Rule::default()), &OURS)?;
    let rule = wire::Rule::default().patch(body).map_err(told)?;
    Ok(wire::Rule { id: RuleId(index as u64 + 1), ..rule })
}

/// The world around a call.
pub(crate) fn world(top: &Map<String, Value>) -> Result<Scenario, Wrong> {
    let mut scenario = Scenario::default();
    if let Some(sounds) = top.get("sounds") {
        for (id, sound) in object(sounds, "sounds")? {
            let id = id.parse().map_err(|_| wrong(format!("sound {id}: not an id")))?;
            scenario.sounds.insert(SoundId(id), self::sound(sound)?);
        }
    }
    if let Some(texts) = top.get("texts") {
        for (words, length) in object(texts, "texts")? {
            let spoken = match length {
                Value::Null => Text { after: Duration::ZERO, length: None },
                written => spoken(text(written, words)?)?,
            };
            scenario.texts.insert(words.clone(), spoken);
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
        self::caller(object(caller, "caller")?, &mut scenario.caller)?;
    }
    if let Some(variables) = top.get("callback") {
        for (name, value) in object(variables, "callback")? {
            scenario.callback.set(name, text(value, name)?).map_err(|error| wrong(error.to_string()))?;
        }
    }
    if let Some(extension) = top.get("extension") {
        scenario.served = self::extension(extension)?;
    }
    if let Some(called) = top.get("called") {
        scenario.caller.called_did = text(called, "called")?.to_owned();
    }
    if let Some(intervals) = top.get("intervals") {
        for (id, interval) in object(intervals, "intervals")? {
            let id = id.parse().map_err(|_| wrong(format!("interval {id}: not an id")))?;
            let named = wire::Interval { name: "named".to_owned(), ..wire::Interval::default() };
            let written = named.patch(interval).map_err(told)?;
            scenario.intervals.insert(IntervalId(id), Interval::check(&written).map_err(told)?);
        }
    }
    list(top.get("policy"))?.iter().try_for_each(|choice| self::choice(choice, &mut scenario))?;
    Ok(scenario)
}

/// A choice of the settings.
fn choice(choice: &Value, scenario: &mut Scenario) -> Result<(), Wrong> {
    match text(choice, "a choice")? {
        "strict_final" => scenario.policy.strict_final = true,
        "transfer_timeout_falls_through" => scenario.policy.transfer_timeout_falls_through = true,
        "eager_match" => scenario.policy.eager_match = true,
        "voice_helper_after_prompt" => scenario.policy.voice_helper_from = ListenFrom::PromptsEnd,
        "exact_names" => scenario.policy.exact_names = true,
        "ring_time of 20 s" => scenario.policy.ring_time = Duration::from_secs(20),
        "messages of 3 to 60 s, 4 s of silence" => {
            let [shortest, silence, longest] = [3, 4, 60].map(Duration::from_secs);
            scenario.policy.messages = MessageLimits { longest, silence, shortest };
        }
        other => return Err(wrong(format!("an unknown choice `{other}`"))),
    }
    Ok(())
}

fn caller(written: &Map<String, Value>, caller: &mut Caller) -> Result<(), Wrong> {
    let texts = [
        ("number", &mut caller.number),
        ("name", &mut caller.name),
        ("call_id", &mut caller.call_id),
        ("did", &mut caller.did),
        ("dialled", &mut caller.called_number),
    ];
    let mut keys = vec!["extension"];
    for (key, into) in texts {
        keys.push(key);
        if let Some(value) = written.get(key) {
            text(value, key)?.clone_into(into);
        }
    }
    known(written, &[], &keys)?;
    caller.extension = written.get("extension").map(extension).transpose()?;
    Ok(())
}

fn extension(value: &Value) -> Result<ExtensionName, Wrong> {
    let written = object(value, "an extension")?;
    known(written, &[], &["id", "name"])?;
    let id = written.get("id").and_then(Value::as_u64).ok_or_else(|| wrong("an extension has no id"))?;
    let name = written.get("name").map(|name| text(name, "name")).transpose()?.unwrap_or_default();
    Ok(ExtensionName { id: ExtensionId(id), name: name.to_owned() })
}

/// A sound written as `hello.wav 8 s`.
fn sound(value: &Value) -> Result<Sound, Wrong> {
    let written = text(value, "a sound")?;
    let parts = written.strip_suffix(" s").and_then(|rest| rest.rsplit_once(' '));
    let (name, length) = parts.ok_or_else(|| wrong(format!("a sound is written `name 8 s`, not `{written}`")))?;
    Ok(Sound { name: name.to_owned(), length: seconds_of(length)? })
}

/// A time written as `8` or `8 s`.
pub(crate) fn seconds_of(written: &str) -> Result<Duration, Wrong> {
    let length = written.strip_suffix(" s").unwrap_or(written);
    seconds(length).ok_or_else(|| wrong(format!("`{length}` is not a time in seconds")))
}

/// How a text is spoken: `2 s`, `2 s after 1 s` where it takes so long until it can be, `never after 1 s` where that comes to nothing.
fn spoken(written: &str) -> Result<Text, Wrong> {
    let (length, after) =
        written.split_once(" after ").map_or((written, None), |(length, after)| (length, Some(after)));
    let after = after.map(seconds_of).transpose()?.unwrap_or_default();
    let length = if length == "never" { None } else { Some(seconds_of(length)?) };
    Ok(Text { after, length })
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

pub(crate) fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, Wrong> {
    value.as_object().ok_or_else(|| wrong(format!("{what}: must be an object")))
}

pub(crate) fn list(value: Option<&Value>) -> Result<&[Value], Wrong> {
    match value {
        None => Ok(&[]),
        Some(value) => value.as_array().map(Vec::as_slice).ok_or_else(|| wrong("must be a list")),
    }
}

pub(crate) fn text<'a>(value: &'a Value, what: &str) -> Result<&'a str, Wrong> {
    value.as_str().ok_or_else(|| wrong(format!("{what}: must be a string")))
}

fn told(problems: Vec<wire::FieldError>) -> Wrong {
    wrong(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

pub(crate) fn wrong(text: impl Into<String>) -> Wrong {
    (0, text.into())
}
