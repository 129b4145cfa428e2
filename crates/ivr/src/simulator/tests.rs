mod parties;

use serde_json::{Value, json};

use super::world::World;
use super::*;
use crate::{
    ContextId, Op, Outcome, Page, Record, RecordEnd, Recorded,
    rules::{Ivr, OptionKey, Policy, wire},
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
    impl Surroundings for Nobody {
        fn is_internal(&self, _: &str) -> bool {
            false
        }

        fn prompt(&self, _: &SoundName, _: crate::Language) -> Option<Prompt> {
            None
        }

        fn is_active(&self, _: IntervalId) -> bool {
            false
        }

        fn policy(&self) -> Policy {
            Policy::default()
        }
    }
    let script = menu(&[], &[]);
    let (mut call, _queue) = Call::new(Caller::default());
    movable(script.run(&mut call, &Nobody));
}

#[test]
fn a_web_script_that_always_leads_back_is_asked_a_hundred_times() {
    let ask =
        json!({"action": "call_interactive", "call_interactive_url": "http://a/", "call_interactive_method": "GET"});
    let body = b"<Response><Jump context=\"1\"/></Response>".to_vec();
    let answer = Ok(Page { status: 200, body, ..Page::default() });
    let answer = WebAnswer { after: Duration::from_millis(100), answer };
    let scenario = Scenario { web: vec![answer; 200], ..Scenario::default() };
    assert_eq!(last_line(&menu(&[ask], &[]), &scenario), "10.0  hang up");
}

/// Draws the same menus and callers in every run.
struct Draw(u64);

impl Draw {
    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        // The constants of Knuth's MMIX; the high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    fn one_of(&mut self, words: &[&str]) -> String {
        words[self.below(words.len())].to_owned()
    }

    fn rule(&mut self) -> wire::Rule {
        let mut body = json!({
            "action": self.one_of(&[
                "play_sound", "play_silence", "hangup", "jump_to_context", "set_variable", "transfer", "simple_transfer",
                "transfer_from_variable", "set_caller_id_number", "set_caller_id_name",
            ]),
            "final": self.below(2) == 0,
            "call_status": self.one_of(&["any", "any", "busy", "no_answer", "answered"]),
            "sound": self.below(3) + 1, "sound_type": self.one_of(&["background", "foreground"]),
            "silence_time": self.below(3000) + 1,
            "context": self.below(3) + 1, "context_option": self.one_of(&["start", "timeout", "invalid", "1", "12"]),
            "transfer_dst": self.one_of(&["101", "102 103", "${a}", "x${caller_id_number}"]),
            "transfer_timeout": self.below(20), "transfer_variable": self.one_of(&["a", "b"]),
            "set_variable_name": self.one_of(&["a", "b"]), "set_variable_value": self.one_of(&["101", "${a}${a}1", ""]),
            "transfer_mode": self.one_of(&["trunk", "bridge", "refer", "auto"]),
            "caller_id_number": "${a}", "caller_id_name": "Shop",
        });
        if self.below(4) == 0 {
            body["match_variable_name"] = json!("a");
            body["match_variable_value"] = json!("101");
        }
        wire::Rule::default().patch(&body).expect("the types are right")
    }

    fn context(&mut self, id: u64) -> (wire::Context, Vec<(OptionKey, Vec<wire::Rule>)>) {
        let context = wire::Context {
            id: ContextId(id),
            timeout: 1000 * self.below(3) as u64,
            digit_len: self.below(4) as u64,
            allow_any_dial: self.below(2) == 0,
            ..wire::Context::default()
        };
        let mut options = Vec::new();
        for key in ["start", "timeout", "invalid", "1", "12"] {
            let rules = (0..self.below(4)).map(|_| self.rule()).collect();
            options.push((key.parse().expect("a key"), rules));
        }
        (context, options)
    }

    fn scenario(&mut self) -> Scenario {
        let sound = |seconds| Sound { name: "sound".to_owned(), length: Duration::from_secs(seconds) };
        let keys = "0123456789*#A";
        let timeline = (0..self.below(12)).map(|_| {
            let key = keys.chars().nth(self.below(keys.len())).and_then(Digit::from_char).expect("a key");
            (Duration::from_millis(self.below(40_000) as u64), Event::Pressed(key))
        });
        Scenario {
            timeline: timeline.collect(),
            sounds: [(SoundId(1), sound(0)), (SoundId(2), sound(4))].into(),
            internal: ["12".to_owned(), "1".to_owned()].into(),
            targets: [("101".to_owned(), Target::Busy), ("102".to_owned(), Target::NoAnswer)].into(),
            ..Scenario::default()
        }
    }
}

/// A lifetime of 30 s, with 60 s of ringing before its end noticed: whatever the menu and the caller, that is all.
#[test]
fn every_menu_ends_soon_after_its_lifetime() {
    #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
    let start = Instant::now();
    let mut draw = Draw(7);
    for round in 0..2000 {
        let contexts: Vec<_> = (1..=2).map(|id| draw.context(id)).collect();
        let settings = wire::Ivr {
            entry_context: Some(ContextId(1)),
            lifetime: Some(30),
            sleep_time: 500,
            ..wire::Ivr::default()
        };
        let built = Ivr::build(&settings, contexts.iter().map(|(context, options)| (context, options.clone())));
        assert_eq!(built.left_out, []);
        let transcript = simulate(&Script::Rules(built.ivr.into()), &draw.scenario(), start);
        let last = transcript.lines.last().expect("something happened");
        assert_eq!(last.text, "hang up", "round {round}:\n{transcript}");
        assert!(last.at <= Duration::from_secs(90), "round {round}:\n{transcript}");
    }
}

/// A message of at least 2 s, recorded of a caller with this timeline after 1 s: what came of it, and when it was over.
fn message(end_silence: Option<u64>, timeline: &[(u64, Event)]) -> (Recorded, Duration) {
    let seconds = Duration::from_secs;
    let timeline = timeline.iter().map(|(at, event)| (seconds(*at), *event)).collect();
    let scenario = Scenario { timeline, ..Scenario::default() };
    #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
    let mut world = World::new(&scenario, Instant::now());
    world.now = seconds(1);
    let record = Record {
        trim: crate::op::Trim::Nothing,
        mailbox: None,
        beep: crate::op::Beep::Tone,
        max_length: seconds(30),
        end_silence: end_silence.map(seconds),
        min_length: seconds(2),
        terminators: Digit::from_char('#').into_iter().collect(),
    };
    match world.perform(&Op::Record(record)) {
        Ok(Outcome::Recorded(recorded)) => (recorded, world.now),
        other => panic!("a message is recorded, not {other:?}"),
    }
}

#[test]
fn a_message_ends_with_silence_a_key_its_longest_or_the_caller() {
    let (seconds, hash) = (Duration::from_secs, Digit::from_char('#').expect("a key"));
    let one = Digit::from_char('1').expect("a key");
    let check = |end_silence, timeline: &[(u64, Event)], end, ended_by, kept: bool| {
        let (recorded, now) = message(end_silence, timeline);
        assert_eq!((now, recorded.length), (seconds(end), seconds(end - 1)), "{timeline:?}");
        assert_eq!((recorded.ended_by, recorded.recording.is_some()), (ended_by, kept), "{timeline:?}");
    };
    let spoke = |time| Event::Spoke(seconds(time));
    check(Some(5), &[(2, spoke(3)), (8, spoke(2))], 15, RecordEnd::EndSilence, true);
    check(Some(5), &[], 6, RecordEnd::EndSilence, false);
    check(Some(5), &[(1, spoke(1))], 7, RecordEnd::EndSilence, false);
    check(Some(5), &[(1, spoke(90))], 31, RecordEnd::MaxLength, true);
    check(None, &[], 31, RecordEnd::MaxLength, true);
    check(None, &[(2, Event::Pressed(one)), (4, Event::Pressed(hash))], 4, RecordEnd::Terminator(hash), true);
    check(None, &[(2, Event::Pressed(hash))], 2, RecordEnd::Terminator(hash), false);
    check(Some(5), &[(2, spoke(3)), (4, Event::HungUp)], 4, RecordEnd::HungUp, true);
}
