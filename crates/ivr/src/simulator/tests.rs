use serde_json::{Value, json};

use super::*;
use crate::{
    ContextId,
    rules::{Ivr, OptionKey, wire},
};

/// A menu of one context that waits 5 s, with rules for `start` and for `timeout`.
fn menu(start: &[Value], timeout: &[Value]) -> Script {
    let rules =
        |bodies: &[Value]| bodies.iter().map(|body| wire::Rule::default().patch(body).expect("types")).collect();
    let context = wire::Context { id: ContextId(1), timeout: 5000, ..wire::Context::default() };
    let settings = wire::Ivr { entry_context: Some(ContextId(1)), lifetime: None, ..wire::Ivr::default() };
    let options = vec![(OptionKey::Start, rules(start)), (OptionKey::Timeout, rules(timeout))];
    let built = Ivr::build(&settings, [(&context, options)]);
    assert_eq!(built.left_out, []);
    Script::Rules(built.ivr.into())
}

#[expect(clippy::disallowed_methods, reason = "some instant to count from")]
fn last_line(script: &Script, scenario: &Scenario) -> String {
    let transcript = simulate(script, scenario, Instant::now());
    transcript.to_string().lines().last().expect("something happened").trim().to_owned()
}

#[test]
fn a_wait_is_not_media_so_a_silent_menu_ends_after_a_hundred_options() {
    let nothing = json!({"action": "hangup", "call_status": "busy"});
    let script = menu(std::slice::from_ref(&nothing), std::slice::from_ref(&nothing));
    assert_eq!(last_line(&script, &Scenario::default()), "500.0  hang up");
}

#[test]
fn a_menu_without_an_end_is_stopped() {
    let silence = json!({"action": "play_silence", "silence_time": 1000});
    let script = menu(std::slice::from_ref(&silence), std::slice::from_ref(&silence));
    assert!(last_line(&script, &Scenario::default()).ends_with("stopped: it does not end"));
}

#[test]
fn a_talk_that_nobody_ends_is_left_alone() {
    let script = menu(&[json!({"action": "transfer", "transfer_dst": "101"})], &[]);
    let answers = Target::Answers { after: Duration::from_secs(2), talk: None };
    let scenario = Scenario { targets: [("101".to_owned(), answers)].into(), ..Scenario::default() };
    assert_eq!(last_line(&script, &scenario), "2.0  … they talk on");
}

#[test]
fn the_timeline_may_be_given_in_any_order() {
    let script = menu(&[json!({"action": "play_silence", "silence_time": 9000})], &[]);
    let digit = Digit::from_char('1').expect("a key");
    let timeline = vec![(Duration::from_secs(4), Event::HungUp), (Duration::from_secs(3), Event::Pressed(digit))];
    let scenario = Scenario { timeline, ..Scenario::default() };
    assert_eq!(last_line(&script, &scenario), "4.0  caller hangs up");
}

#[test]
fn a_call_waits_while_a_task_of_the_server_may_move_between_threads() {
    fn movable<T: Send>(_: T) {}
    struct Nobody;
    impl Numbering for Nobody {
        fn is_internal(&self, _: &str) -> bool {
            false
        }
    }
    let script = menu(&[], &[]);
    let (mut call, _queue) = Call::new(Caller::default());
    movable(script.run(&mut call, &Nobody));
}
