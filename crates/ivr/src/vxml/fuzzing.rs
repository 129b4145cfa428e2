//! What fuzzers drive of pages: laws of their reading, of grammars and of expressions.
//!
//! Errors: a panic is the finding.

use std::sync::Arc;

use super::{
    Dialect, check,
    elements::document,
    grammar::{Active, Grammar, Linked, Mode, abnf, jsgf, srgs},
    script::{Python, QuickJs, ScriptEngine, python},
    wire::decode,
};
use crate::op::{KeyJudge, KeyState};

/// A page is read within its caps in either dialect, or refused at a place that it has; looking through it says the same.
pub(crate) fn page(bytes: &[u8]) {
    let report = check::bytes(bytes, Dialect::W3c);
    assert!(report.warnings.len() <= check::MAX_FINDINGS);
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let read =
        |dialect| decode(bytes, None).and_then(|text| document::read_as(&text, "http://a.example/page.vxml", dialect));
    let _ = read(Dialect::ContactPro);
    match read(Dialect::W3c) {
        Ok(document) => assert!(document.warnings.len() <= 50 && report.errors.is_empty()),
        Err(_) if report.errors.is_empty() => panic!("it is refused, and nothing is said of it"),
        Err(fault) => assert!(fault.at.line >= 1 && fault.at.column >= 1 && fault.at.line <= 4 * lines + 4, "{fault}"),
    }
}

/// A grammar judges keys as it matches them: what must end goes no further, what is dead stays so, and what can end is found again. The
/// keys are the first line.
pub(crate) fn grammar(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (line, text) = text.split_once('\n').unwrap_or(("", &text));
    let keys: String = line.chars().filter_map(crate::Digit::from_char).map(crate::Digit::as_char).take(20).collect();
    let read: Result<Grammar, _> = match text {
        text if text.starts_with("#ABNF") => abnf::read(text),
        text if jsgf::is_document(text) => jsgf::read(text, Mode::Dtmf),
        text => srgs::read(text),
    };
    let Ok(linked) = read.and_then(|grammar| Linked::alone(Arc::new(grammar), None)) else { return };
    let active = Active { grammars: vec![linked] };
    let mut before = KeyState::Partial;
    for length in 0..=keys.len() {
        let state = active.judge(&keys[..length]);
        let ends = matches!(state, KeyState::CanEnd | KeyState::MustEnd);
        if length > 0 && matches!(before, KeyState::Dead | KeyState::MustEnd) {
            assert_eq!(state, KeyState::Dead, "{keys} at {length}");
        }
        assert_eq!(active.parse(&keys[..length]).is_some(), ends, "{keys} at {length}");
        before = state;
    }
}

/// An expression and a script come to an end, and the engine goes on.
pub(crate) fn expression(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut engine = QuickJs::new(1).expect("it starts");
    let chain = [engine.open(&["session"]).expect("there is room"), engine.open(&["dialog"]).expect("there is room")];
    let _ = engine.text(&chain, &text);
    let _ = engine.run(&chain, &text);
    engine.rest();
    let fresh = [engine.open(&[]).unwrap_or(chain[0])];
    // Whoever fills the memory, or breaks the language, has done so for its own call.
    let _ = engine.truth(&fresh, "true");
}

/// An expression of Python is refused at a place that it has, or comes to an end; the engine goes on.
pub(crate) fn python(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut engine = Python::new(1, jiff::tz::TimeZone::UTC);
    let chain = [engine.open(&[]).expect("there is room"), engine.open(&[]).expect("there is room")];
    engine.put(chain[0], "ANUMBER", &"12345".into()).expect("there is room");
    engine.put(chain[1], "tries", &2.into()).expect("there is room");
    match python::check(&text) {
        Ok(()) => {
            let _ = (engine.json(&chain, &text), engine.text(&chain, &text), engine.truth(&chain, &text));
        }
        Err(refusal) => assert!(refusal.at <= text.chars().count(), "{text:?}: {refusal}"),
    }
    engine.rest();
    assert_eq!(engine.text(&chain, "{tries} + 1").ok().flatten().as_deref(), Some("3"));
}
