//! The parameters of requests, read by a decoder of its own.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use antiphon_ivr::{
    Page, Script, SipFacts,
    pivot::{Pivot, PivotData},
    simulator::{Scenario, WebAnswer, simulate},
};
use serde_json::{Map, Value, json};

use crate::{assert_none, json};

/// The pairs of a form, decoded.
fn decoded(form: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

/// Parameters of the data as pairs.
fn pairs(parameters: &Map<String, Value>) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::new();
    let said = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for (name, value) in parameters {
        match value {
            Value::Object(inner) => {
                pairs.extend(inner.iter().map(|(sub, value)| (format!("{name}[{sub}]"), said(value))))
            }
            value => drop(pairs.insert(name.clone(), said(value))),
        }
    }
    pairs
}

fn scenario(web: &[Value]) -> Scenario {
    let mut scenario = Scenario::default();
    "+14155550100".clone_into(&mut scenario.caller.number);
    "Ann Example".clone_into(&mut scenario.caller.name);
    scenario.caller.sip = Arc::new(SipFacts {
        call_id: "829597750@10.26.0.158".to_owned(),
        from_user: "+14155550100".to_owned(),
        from_host: "sip.example.com".to_owned(),
        to_user: "4155550123".to_owned(),
        to_host: "sip.example.com".to_owned(),
        request_user: "+14155550123".to_owned(),
        request_host: "sip.example.com".to_owned(),
        headers: vec![("X-AUTH-IP".to_owned(), "10.26.20.20".to_owned())],
        ..SipFacts::default()
    });
    let page = |flow: &Value| Page {
        status: 200,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: flow.to_string().into_bytes(),
        url: String::new(),
        cookies: None,
    };
    scenario.web =
        web.iter().map(|flow| WebAnswer { after: std::time::Duration::ZERO, answer: Ok(page(flow)) }).collect();
    scenario
}

/// What the requests of a call said: behind the `?` of a GET, in the body of a POST.
fn requests(data: &Value, web: &[Value]) -> Vec<String> {
    let (data, _) = PivotData::read(data).expect("good data");
    let pivot = Pivot {
        account: "4a6863acc0000000000000000000beef".to_owned(),
        data: data.shared(),
        otherwise: None,
        secret: None,
    };
    let transcript = simulate(&Script::Pivot(Arc::new(pivot)), &scenario(web), Instant::now());
    let asked = transcript.lines.into_iter().map(|line| line.text);
    let of = |line: String| match line.split_once(' ') {
        Some(("GET", url)) => url.split_once('?').map(|(_, query)| query.to_owned()),
        Some(("POST", rest)) => rest.split_once(", ").map(|(_, body)| body.to_owned()),
        _ => None,
    };
    asked.filter_map(of).collect()
}

/// What is missing or different; how the call stands is told beside (row A16).
fn missing(what: &str, ours: &BTreeMap<String, String>, theirs: &BTreeMap<String, String>) -> Vec<String> {
    let differs = |(name, value): (&String, &String)| match ours.get(name) {
        Some(own) if own == value => None,
        own => Some(format!("{what}: {name} is {own:?}, not {value:?}")),
    };
    let extra = ours.keys().filter(|name| {
        !theirs.contains_key(*name) && !["Call-Status", "CallStatus", "Caller", "Called"].contains(&name.as_str())
    });
    theirs.iter().filter_map(differs).chain(extra.map(|name| format!("{what}: {name} is too much"))).collect()
}

#[test]
fn requests_have_the_parameters_of_the_examples() {
    let params = json("pivot/requests/params.json");
    let expected = |name: &str| pairs(params[name].as_object().expect("parameters"));
    let mut wrong = Vec::new();
    let first = requests(&json!({"voice_url": "http://web.example/script.php"}), &[]);
    wrong.extend(missing("first_kazoo", &decoded(&first[0]), &expected("first_kazoo")));
    let first = requests(&json!({"voice_url": "http://web.example/script.php?lang=en", "req_format": "twiml"}), &[]);
    let mut ours = decoded(&first[0]);
    assert_eq!(ours.remove("lang").as_deref(), Some("en"));
    wrong.extend(missing("first_twiml", &ours, &expected("first_twiml")));
    assert_none(&wrong);
}

#[test]
fn a_continuation_says_the_same_as_a_form_and_as_json() {
    let params = json("pivot/requests/params.json");
    let expected = params["continuation_kazoo"].as_object().expect("parameters");
    let flow = |body: &str| {
        json!({"module": "set_variables", "data": {"custom_application_vars": {"customer_id": "42", "tier": "gold & blue"}},
            "children": {"_": {"module": "pivot", "data": {
                "voice_url": "http://web.example/next", "method": "post", "req_body_format": body}}}})
    };
    let data = json!({"voice_url": "http://web.example/script.php"});
    let form = decoded(&requests(&data, &[flow("form")])[1]);
    let written: Value = serde_json::from_str(&requests(&data, &[flow("json")])[1]).expect("a body of JSON");
    let written = pairs(written.as_object().expect("an object"));
    assert_eq!(form, written);
    // What nobody has pressed, and whose telephone calls, is not known here.
    let known: Map<String, Value> = expected
        .iter()
        .filter(|(name, _)| !["Digits", "User-ID"].contains(&name.as_str()))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    assert_none(&missing("continuation_kazoo", &form, &pairs(&known)));
}
