//! The `json pivot` fence: an extension of Pivot, and the world around it.
//!
//! Shape: the data of a pivot in KAZOO's words; beside it `account`, `otherwise` (the child `_`, a callflow), `flows` (id → callflow),
//! `endpoints` (id → dialled strings), `documents` (id → anything), `media` (URL → `"8 s"`), `policy` (the choices that are taken),
//! `zone`, `secret`, `sip` (what the INVITE said), and what a menu has too: `sounds`, `system_sounds`, `texts`, `internal`, `caller`,
//! `language`.
//! Errors: [`Problem`] on the fence's line; an unknown key is one, since in a specification it is a slip.

use std::{sync::Arc, time::Duration};

use antiphon_ivr::{
    FetchMethod, SipFacts,
    pivot::{Mode, Node, Pivot, PivotData, Policy, UriResolution, UrlGuard},
    simulator::Scenario,
};
use serde_json::{Map, Value};

use crate::{
    document::{Fence, Problem},
    menu::{Wrong, list, object, seconds_of, text, world, wrong},
};

/// Keys that are no data of a pivot.
const OURS: [&str; 10] =
    ["account", "otherwise", "flows", "endpoints", "documents", "media", "policy", "zone", "secret", "sip"];
/// Keys that a menu has too.
const WORLD: [&str; 7] = ["sounds", "system_sounds", "texts", "internal", "caller", "language", "extension"];

/// The extension of a fence, and the world around it.
pub(crate) fn read(fence: &Fence) -> Result<(Pivot, Scenario), Problem> {
    read_text(&fence.text).map_err(|(line, text)| Problem::new(fence.line + line, text))
}

fn read_text(written: &str) -> Result<(Pivot, Scenario), Wrong> {
    let value: Value = serde_json::from_str(written).map_err(|error| (error.line(), error.to_string()))?;
    let top = object(&value, "the extension")?;
    let own = |key: &str| OURS.contains(&key) || WORLD.contains(&key);
    let around: Map<String, Value> = top.iter().filter(|(key, _)| WORLD.contains(&key.as_str())).map(owned).collect();
    let data: Map<String, Value> = top.iter().filter(|(key, _)| !own(key)).map(owned).collect();
    let (data, warnings) = PivotData::read(&Value::Object(data)).map_err(told)?;
    if let Some(warning) = warnings.first() {
        return Err(wrong(warning.to_string()));
    }
    let mut scenario = world(&around)?;
    surroundings(top, &mut scenario)?;
    let said = |key: &str| top.get(key).map(|value| text(value, key).map(str::to_owned)).transpose();
    let pivot = Pivot {
        account: said("account")?.unwrap_or_else(|| "acc".to_owned()),
        data: data.shared(),
        otherwise: top.get("otherwise").map(flow).transpose()?,
        secret: said("secret")?,
    };
    Ok((pivot, scenario))
}

fn owned((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

fn surroundings(top: &Map<String, Value>, scenario: &mut Scenario) -> Result<(), Wrong> {
    for (id, written) in pairs(top, "flows")? {
        scenario.flows.insert(id.clone(), flow(written)?);
    }
    for (id, dialled) in pairs(top, "endpoints")? {
        let dialled: Result<_, _> = list(Some(dialled))?.iter().map(|one| text(one, id).map(str::to_owned)).collect();
        scenario.endpoints.insert(id.clone(), dialled?);
    }
    for (id, document) in pairs(top, "documents")? {
        scenario.documents.insert(id.clone(), document.clone());
    }
    for (url, length) in pairs(top, "media")? {
        scenario.web_sounds.insert(url.clone(), seconds_of(text(length, url)?)?);
    }
    if let Some(zone) = top.get("zone") {
        let zone = jiff::tz::TimeZone::get(text(zone, "zone")?).map_err(|error| wrong(error.to_string()))?;
        scenario.zone = Some(zone);
    }
    let mut facts = SipFacts {
        call_id: "c1".to_owned(),
        from_host: "sip.example".to_owned(),
        to_host: "sip.example".to_owned(),
        request_host: "sip.example".to_owned(),
        ..SipFacts::default()
    };
    for (key, value) in pairs(top, "sip")? {
        sip(key, text(value, key)?, &mut facts)?;
    }
    scenario.caller.sip = Arc::new(facts);
    let mut policy = Policy::default();
    for (key, value) in pairs(top, "policy")? {
        choose(key, value, &mut policy)?;
    }
    scenario.pivot = Arc::new(policy);
    Ok(())
}

/// What the INVITE said; a name that is none of its own is a header field.
fn sip(key: &str, value: &str, facts: &mut SipFacts) -> Result<(), Wrong> {
    let part = match key {
        "call_id" => &mut facts.call_id,
        "from_user" => &mut facts.from_user,
        "from_host" => &mut facts.from_host,
        "to_user" => &mut facts.to_user,
        "request_user" => &mut facts.request_user,
        name if name.starts_with("X-") => {
            facts.headers.push((name.to_owned(), value.to_owned()));
            return Ok(());
        }
        other => return Err(wrong(format!("unknown key `{other}`"))),
    };
    value.clone_into(part);
    Ok(())
}

fn choose(key: &str, value: &Value, policy: &mut Policy) -> Result<(), Wrong> {
    let flag = || value.as_bool().ok_or_else(|| wrong(format!("{key}: must be true or false")));
    let number = || value.as_u64().ok_or_else(|| wrong(format!("{key}: must be a number")));
    match key {
        "strict_validation" => policy.strict_validation = flag()?,
        "answer_on_first_verb" => policy.answer_on_first_verb = flag()?,
        "status_in_first_request" => policy.status_in_first_request = flag()?,
        "variables_in_headers" => policy.variables_in_headers = flag()?,
        "twiml_default_method" if value == "GET" => policy.twiml_default_method = FetchMethod::Get,
        "uri_resolution" if value == "kazoo" => policy.uri_resolution = UriResolution::Kazoo,
        "guard" if value == "kazoo" => policy.guard = UrlGuard::kazoo(),
        "reject_status" => policy.reject_status = u16::try_from(number()?).unwrap_or(503),
        "max_requests" => policy.max_requests = u32::try_from(number()?).unwrap_or(u32::MAX),
        "max_aside_requests" => policy.max_aside_requests = u32::try_from(number()?).unwrap_or(u32::MAX),
        "max_silent_requests" => policy.max_silent_requests = u32::try_from(number()?).unwrap_or(u32::MAX),
        "longest_patience" => policy.longest_patience = Duration::from_secs(number()?),
        "hidden_headers" => {
            let names: Result<_, _> =
                list(Some(value))?.iter().map(|name| text(name, key).map(str::to_owned)).collect();
            policy.hidden_headers = names?;
        }
        "unknown_caller" => text(value, key)?.clone_into(&mut policy.unknown_caller),
        other => return Err(wrong(format!("an unknown choice `{other}`"))),
    }
    Ok(())
}

fn flow(written: &Value) -> Result<Arc<Node>, Wrong> {
    Node::read(written, Mode::Lenient).map(|(node, _)| node).map_err(told)
}

fn pairs<'a>(top: &'a Map<String, Value>, key: &str) -> Result<Vec<(&'a String, &'a Value)>, Wrong> {
    match top.get(key) {
        None => Ok(Vec::new()),
        Some(written) => Ok(object(written, key)?.iter().collect()),
    }
}

fn told(problems: Vec<antiphon_ivr::pivot::Problem>) -> Wrong {
    wrong(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}
