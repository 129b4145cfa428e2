//! The vectors: dates, URLs, encodings, digits.

use antiphon_ivr::{
    DigitSet,
    pivot::{
        PivotData, UriResolution, UrlGuard, encode,
        media::Media,
        schema::{Data, Mode, Report},
        temporal::{self, Rule},
        truncated,
        twiml::{
            self, Verb,
            verbs::{Dial, Whom},
        },
        url::{Parts, resolved},
    },
};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::{assert_none, json};

fn cases(name: &str) -> Vec<Value> {
    let cases = json(&format!("pivot/vectors/{name}.json"))["cases"].as_array().cloned().unwrap_or_default();
    assert!(!cases.is_empty(), "{name} has no cases");
    cases
}

fn said<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

#[test]
fn rules_of_time_have_their_days() {
    let date = |value: &Value| {
        let part = |at: usize| value[at].as_i64().expect("a number");
        Date::new(part(0) as i16, part(1) as i8, part(2) as i8).expect("a date")
    };
    let mut wrong = Vec::new();
    for case in cases("temporal_next_rule_date") {
        let mut written = case["rule"].as_object().cloned().expect("a rule");
        let start = written.remove("start_date").map_or(Date::constant(2011, 1, 1), |start| date(&start));
        let mut report = Report::new(Mode::Strict);
        let data = Data::read(&Value::Object(written), temporal::FIELDS, &mut report);
        let rule = Rule { start, ..Rule::of(&data) };
        let next = rule.next_date(date(&case["from"]));
        if next != Some(date(&case["expect"])) {
            wrong.push(format!("line {}: {next:?}", case["line"]));
        }
    }
    assert_none(&wrong);
}

#[test]
fn urls_are_resolved_as_the_rfc_and_as_kazoo_say() {
    let mut wrong = Vec::new();
    let all = json("pivot/vectors/resolve_uri.json");
    let derived = all["derived_from_source_not_tests"].as_array().cloned().unwrap_or_default();
    for case in cases("resolve_uri").iter().chain(&derived) {
        for (key, by) in [("rfc3986", UriResolution::Rfc3986), ("kazoo", UriResolution::Kazoo)] {
            let url = resolved(said(case, "base"), said(case, "ref"), by);
            if url != said(case, key) {
                wrong.push(format!("{case}: {url} by {key}"));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn urls_have_their_parts() {
    let mut wrong = Vec::new();
    for case in cases("urlsplit") {
        let parts = Parts::of(said(&case, "url"));
        let host = parts.authority.unwrap_or_default().rsplit('@').next().unwrap_or_default();
        // One case has a user and a password in KAZOO's own order, which is not taken over.
        let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, port.parse::<u64>().ok()));
        let ours = (parts.scheme, parts.path, parts.query, parts.fragment);
        let some = |key: &str| Some(said(&case, key)).filter(|text| !text.is_empty());
        let theirs = (some("scheme"), said(&case, "path"), some("query"), some("fragment"));
        if ours != theirs
            || (case.get("note").is_none() && (host != said(&case, "host") || port != case["port"].as_u64()))
        {
            wrong.push(format!("{case}: {parts:?}"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn a_voice_url_is_judged() {
    let mut wrong = Vec::new();
    for case in cases("voice_url_validation") {
        let url = said(&case, "url");
        let valid = PivotData::read(&json!({"voice_url": url})).is_ok() && UrlGuard::kazoo().check(url).is_ok();
        if Some(valid) != case["valid"].as_bool() {
            wrong.push(format!("{url}: {valid}"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn parameters_are_encoded_as_kazoo_encodes_them() {
    let sorted = |form: &str| {
        let mut pairs: Vec<String> = form.split('&').map(str::to_owned).collect();
        pairs.sort();
        pairs
    };
    let mut wrong = Vec::new();
    for case in cases("json_to_querystring") {
        let form = encode::form(case["json"].as_object().expect("an object"));
        if sorted(&form) != sorted(said(&case, "qs")) {
            wrong.push(format!("{case}: {form}"));
        }
    }
    let vectors = json("pivot/vectors/form_urlencode.json");
    for key in ["encode_form", "encode_rfc"] {
        for case in vectors[key].as_array().expect("pairs") {
            let mut encoded = String::new();
            encode::encode(case[0].as_str().expect("a text"), &mut encoded);
            if Some(encoded.as_str()) != case[1].as_str() {
                wrong.push(format!("{case}: {encoded}"));
            }
        }
    }
    for case in vectors["pairs"].as_array().expect("cases") {
        let mut form = Map::new();
        for pair in case["pairs"].as_array().expect("pairs") {
            let name = pair[0].as_str().expect("a name").to_owned();
            form.insert(name, pair[1].clone());
        }
        // A name twice is written as a list by our parameters, and never like this.
        let is_twice = form.len() < case["pairs"].as_array().map(Vec::len).unwrap_or_default();
        let written = encode::form(&form);
        if !is_twice && sorted(&written) != sorted(said(case, "qs")) {
            wrong.push(format!("{case}: {written}"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn digits_typed_ahead_end_at_a_terminator() {
    let mut wrong = Vec::new();
    for case in cases("truncate_after_terminator") {
        let terminators: DigitSet = case["terminators"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|key| antiphon_ivr::Digit::from_char(key.as_str()?.chars().next()?))
            .collect();
        let left = truncated(said(&case, "in"), terminators);
        if left != said(&case, "out") {
            wrong.push(format!("{case}: {left}"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn prompts_of_kazoo_are_known_as_such() {
    let mut wrong = Vec::new();
    for case in cases("prompt_path") {
        let out = said(&case, "out");
        let (read, bare) = (Media::read(out), case["args"][0].as_str().expect("a reference"));
        let fits = match (&read, out.strip_prefix("prompt://system_media/").and_then(|rest| rest.split_once('/'))) {
            (Some(Media::Prompt { name, language }), Some((prompt, tag))) => {
                name == prompt && language.as_deref() == Some(tag)
            }
            // Tones stay what they are, whatever the language.
            (Some(Media::Sounds(_)), None) => bare == out,
            _ => false,
        };
        if !fits {
            wrong.push(format!("{case}: {read:?}"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn a_dialled_text_is_cleaned_as_kazoo_cleans_it() {
    let mut wrong = Vec::new();
    for case in cases("dial_cleanup") {
        let document = twiml::read(format!("<Response><Dial>{}</Dial></Response>", said(&case, "in")).as_bytes());
        let targets: Vec<_> = match document.expect("a document").verbs.as_slice() {
            [Verb::Dial(Dial { whom: Whom::Parties(parties), .. })] => {
                parties.iter().map(|party| party.target.clone()).collect()
            }
            other => panic!("{other:?}"),
        };
        if targets != [said(&case, "out")] {
            wrong.push(format!("{case}: {targets:?}"));
        }
    }
    assert_none(&wrong);
}
