//! The work of a menu, a whole call at a time, in the simulator.
//!
//! Time: virtual.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use antiphon_ivr::{
    ContextId, Digit, Script,
    rules::{Ivr, OptionKey, wire},
    simulator::{Event, Scenario, simulate},
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

fn rules(bodies: &[Value]) -> Vec<wire::Rule> {
    bodies.iter().map(|body| wire::Rule::default().patch(body).expect("a rule of the right types")).collect()
}

/// A menu that is silent for a second, sets a variable, and on `1` is silent again before it hangs up.
fn menu() -> Script {
    let context = wire::Context { id: ContextId(1), timeout: 5000, digit_len: 1, ..wire::Context::default() };
    let settings = wire::Ivr { entry_context: Some(ContextId(1)), lifetime: None, ..wire::Ivr::default() };
    let start = rules(&[
        json!({"action": "play_silence", "silence_time": 1000}),
        json!({"action": "set_variable", "set_variable_name": "a", "set_variable_value": "x ${caller_id_number} y"}),
        json!({"action": "hangup", "caller_id_action": "matches", "caller_id": "^7812"}),
    ]);
    let one = rules(&[json!({"action": "play_silence", "silence_time": 500}), json!({"action": "hangup"})]);
    let key = OptionKey::dialled("1").expect("a key");
    let built = Ivr::build(&settings, [(&context, vec![(OptionKey::Start, start), (key, one)])]);
    assert!(built.left_out.is_empty(), "every rule is usable");
    Script::Rules(built.ivr.into())
}

fn menus(criterion: &mut Criterion) {
    let script = menu();
    let digit = Digit::from_char('1').expect("a key");
    let scenario = Scenario { timeline: vec![(Duration::from_secs(3), Event::Pressed(digit))], ..Scenario::default() };
    let start = Instant::now();
    assert!(simulate(&script, &scenario, start).to_string().trim_end().ends_with("3.5  hang up"), "the key was heard");
    criterion.bench_function("ivr/a call with one key", |b| b.iter(|| simulate(black_box(&script), &scenario, start)));
}

criterion_group!(benches, menus);
criterion_main!(benches);
