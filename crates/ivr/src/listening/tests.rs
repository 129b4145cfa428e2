//! Waits for words and keys, one event after the other.

use super::*;
use crate::{DigitSet, Language, Pattern, Prompt};

/// Something that happens to a wait.
#[derive(Copy, Clone, Debug)]
enum Fact {
    Key(char),
    Speaks,
    Said(&'static str),
    Quiet,
}
use Fact::{Key, Quiet, Said, Speaks};

/// 5 s for the first word or key, 12 s in all, from the start; `taxi` is wanted; one digit, and `#` ends.
fn listen() -> Listen {
    Listen {
        prompts: Vec::new(),
        from: ListenFrom::Start,
        no_input: Duration::from_secs(5),
        longest: Duration::from_secs(12),
        end_silence: Duration::from_millis(800),
        language: None,
        phrases: Vec::new(),
        wanted: vec![Pattern::ignoring_case("taxi").unwrap()],
        max_results: None,
        type_ahead: TypeAhead::Drop,
        max_digits: 1,
        inter_digit: Duration::from_secs(2),
        terminators: Digit::from_char('#').into_iter().collect(),
        keys: None,
    }
}

/// Feeds a wait with facts at tenths of a second; tells when and how it ended.
#[track_caller]
fn check(listen: &Listen, facts: &[(u64, Fact)], end: u64, ended_by: ListenEnd, digits: &str) {
    #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
    let start = Instant::now();
    let at = |tenths: u64| start + Duration::from_millis(tenths * 100);
    let mut listening = Listening::new(listen, start);
    let mut ended = None;
    for &(tenths, fact) in facts {
        if ended.is_some() || listening.deadline().is_some_and(|deadline| at(tenths) > deadline) {
            break;
        }
        ended = match fact {
            Key(key) => listening.digit(at(tenths), Digit::from_char(key).expect("a key")),
            Said(text) => listening.result(Utterance { text: text.to_owned(), confidence: None }),
            Speaks => {
                listening.spoke();
                None
            }
            Quiet => {
                listening.prompts_ended(at(tenths));
                None
            }
        }
        .map(|end| (at(tenths), end));
    }
    let (when, why) = ended.unwrap_or_else(|| {
        let deadline = listening.deadline().expect("every wait ends");
        assert_eq!(listening.timeout(deadline - Duration::from_millis(1)), None, "too early");
        (deadline, listening.timeout(deadline).expect("the deadline has passed"))
    });
    assert_eq!((when, why), (at(end), ended_by));
    assert_eq!(listening.ended(why, None, Recogniser::Worked, Extent::default()).digits, digits);
}

fn hash() -> ListenEnd {
    ListenEnd::Terminator(Digit::from_char('#').expect("a key"))
}

#[test]
fn a_wait_ends_at_what_is_wanted_at_keys_and_in_time() {
    check(&listen(), &[], 50, ListenEnd::NoInput, "");
    check(&listen(), &[(49, Speaks)], 120, ListenEnd::Longest, "");
    check(&listen(), &[(10, Speaks), (20, Said("A TAXI please"))], 20, ListenEnd::Wanted, "");
    check(&listen(), &[(10, Speaks), (20, Said("well")), (30, Said("a taxi"))], 30, ListenEnd::Wanted, "");
    check(&listen(), &[(10, Key('7'))], 10, ListenEnd::Digits, "7");
    check(&listen(), &[(10, Key('#'))], 10, hash(), "");
    let silent_keys = Listen { max_digits: 0, terminators: DigitSet::NONE, ..listen() };
    check(&silent_keys, &[(10, Key('7')), (20, Key('#'))], 50, ListenEnd::NoInput, "");
}

#[test]
fn digits_that_stop_coming_are_complete() {
    let three = Listen { max_digits: 3, ..listen() };
    check(&three, &[(10, Key('1')), (25, Key('2'))], 45, ListenEnd::Digits, "12");
    check(&three, &[(10, Key('1')), (25, Key('2')), (30, Key('3'))], 30, ListenEnd::Digits, "123");
    check(&three, &[(10, Key('1')), (20, Key('#'))], 20, hash(), "1");
    check(&three, &[(10, Speaks), (115, Key('1'))], 120, ListenEnd::Digits, "1");
}

#[test]
fn results_are_counted() {
    let two = Listen { max_results: Some(2), ..listen() };
    check(&two, &[(10, Said("um")), (20, Said("well")), (30, Said("taxi"))], 20, ListenEnd::Results, "");
    check(&Listen { max_results: Some(0), ..listen() }, &[(10, Said("um"))], 10, ListenEnd::Results, "");
}

#[test]
fn time_may_begin_with_the_end_of_the_prompts() {
    let prompts = vec![Prompt::System { name: "a".into(), language: Language::English }];
    let after = Listen { prompts, from: ListenFrom::PromptsEnd, ..listen() };
    check(&after, &[(200, Quiet)], 250, ListenEnd::NoInput, "");
    check(&after, &[(200, Speaks), (200, Quiet)], 320, ListenEnd::Longest, "");
    check(&Listen { max_digits: 2, ..after }, &[(200, Key('1'))], 220, ListenEnd::Digits, "1");
}

#[test]
fn the_type_ahead_counts_where_it_is_kept() {
    #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
    let now = Instant::now();
    for (type_ahead, end) in [(TypeAhead::Keep, Some(ListenEnd::Digits)), (TypeAhead::Drop, None)] {
        let mut buffer = DigitBuffer::default();
        ['7', '8'].into_iter().filter_map(Digit::from_char).for_each(|digit| buffer.push(digit));
        let mut listening = Listening::new(&Listen { type_ahead, ..listen() }, now);
        assert_eq!(listening.take(now, &mut buffer), end);
        assert_eq!(buffer.first(), end.and(Digit::from_char('8')));
    }
}
