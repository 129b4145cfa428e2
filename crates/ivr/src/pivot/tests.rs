//! What Pivot does as a whole, where no specification shows it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Mode, Pivot, PivotData, Policy, RequestFormat, Session, State, session::MAX_VARIABLES};
use crate::{
    Call, Caller, FetchMethod, Interrupted,
    simulator::{Scenario, around},
};

fn problems(data: &Value, mode: Mode) -> Vec<String> {
    PivotData::read_as(data, mode).unwrap_err().iter().map(ToString::to_string).collect()
}

/// `kazoo-pivot.md` 1; rows A1 and A32 of its section 8.
#[test]
fn data_of_a_pivot_is_read_with_its_defaults() {
    let (data, warnings) = PivotData::read(&json!({"voice_url": "http://a/"})).unwrap();
    assert_eq!((data, warnings.len()), (PivotData::of_url("http://a/"), 0));
    let all = json!({
        "voice_url": "https://a/", "method": "POST", "req_format": "twiml", "req_body_format": "json", "req_timeout": "3",
        "cdr_url": "http://b/", "debug": true, "custom_request_headers": {"X-Key": "k", "Content-Length": "5", "x-n": 7}
    });
    let (data, warnings) = PivotData::read(&all).unwrap();
    assert_eq!((data.method, data.format, data.patience.as_secs()), (FetchMethod::Post, RequestFormat::Twiml, 3));
    assert_eq!(data.headers, [("X-Key".to_owned(), "k".to_owned())]);
    let warnings: Vec<_> = warnings.iter().map(|warning| warning.path.join(".")).collect();
    assert_eq!(warnings, ["req_timeout", "custom_request_headers.Content-Length", "custom_request_headers.x-n"]);
}

#[test]
fn what_is_wrong_with_the_data_is_told_all_at_once() {
    let wrong = json!({"voice_url": "ftp://a/", "method": "PUT", "cdr_url": 5});
    assert_eq!(problems(&wrong, Mode::Lenient), ["voice_url must be an absolute http or https URL"]);
    assert_eq!(problems(&wrong, Mode::Strict).len(), 3);
    assert_eq!(problems(&json!({}), Mode::Lenient), ["voice_url is missing"]);
}

fn pivot() -> Arc<Pivot> {
    let data = PivotData::of_url("http://a/").shared();
    Arc::new(Pivot { account: "acc".to_owned(), data, otherwise: None, secret: None })
}

/// `kazoo-pivot.md` 3.3: what survives from one pivot of a call to the next, also when its script was given up in between.
#[test]
fn a_call_remembers_its_state_when_its_script_is_over_or_dropped() {
    let (mut call, _queue) = Call::new(Caller::default());
    let scenario = Scenario::default();
    let around = around(&scenario);
    {
        let mut session = Session::new(&mut call, &around, pivot());
        assert!(session.state.set_user_var("k", "v"));
        session.add_digits("default", "12");
        session.add_digits("default", "3");
        session.state.iteration = 7;
    }
    let session = Session::new(&mut call, &around, pivot());
    assert_eq!(session.state.collections["default"], "123");
    assert_eq!((session.state.iteration, session.state.user_vars["k"].as_str()), (7, "v"));
}

#[test]
fn variables_and_digits_have_an_end() {
    let mut state = State::new(&pivot(), Arc::new(Policy::default()));
    let large = json!({"a": "x".repeat(MAX_VARIABLES - 64)});
    assert!(state.set_application_vars(large.as_object().unwrap()));
    assert!(!state.set_application_vars(json!({"b": "y".repeat(64)}).as_object().unwrap()));
    assert_eq!(state.application_vars.len(), 1, "what was there stays");
    assert!(!state.set_user_var("k", &"x".repeat(MAX_VARIABLES)));
    let (mut call, _queue) = Call::new(Caller::default());
    let scenario = Scenario::default();
    let around = around(&scenario);
    let mut session = Session::new(&mut call, &around, pivot());
    session.add_digits("default", &"1".repeat(1_000));
    (0..200).for_each(|n| session.keep_digits(&n.to_string(), "1"));
    assert_eq!((session.state.collections["default"].len(), session.state.collections.len()), (256, 64));
}

/// A call that is over gives up the session's ops, and the state is there for whoever is told of the end.
#[test]
fn a_call_that_is_over_interrupts_a_session() {
    let (mut call, queue) = Call::new(Caller::default());
    let scenario = Scenario::default();
    let around = around(&scenario);
    drop(queue);
    let mut session = Session::new(&mut call, &around, pivot());
    let mut answer = std::pin::pin!(session.answer());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = std::future::Future::poll(answer.as_mut(), &mut context);
    assert_eq!(polled, std::task::Poll::Ready(Err(Interrupted::LocalHangup)));
}
