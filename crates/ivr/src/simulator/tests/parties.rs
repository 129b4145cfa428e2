//! Dials, queues and conferences of scripts that no surface has, against the simulation.

use super::*;
use crate::{
    CallerId, Conference, Custom, Dial, DigitSet, Fetch, FetchMethod, Meanwhile, Play, Running, TargetRules, Terms,
    TypeAhead,
    op::{Alone, Ears, Echo, Enqueue, Meet, News, Opens, PartyTerms, RingOrder, Take, Tell, Watch, Watcher, Whisper},
};

type Body = fn(&mut Call) -> Running<'_>;

#[derive(Debug)]
struct Written(Body);

impl Custom for Written {
    fn run<'a>(&'a self, call: &'a mut Call, _: &'a dyn Surroundings) -> Running<'a> {
        (self.0)(call)
    }
}

#[expect(clippy::disallowed_methods, reason = "some instant to count from")]
fn transcript(body: Body, scenario: Scenario) -> Vec<String> {
    let transcript = simulate(&Script::Custom(Arc::new(Written(body))), &scenario, Instant::now());
    transcript.to_string().lines().map(|line| line.trim().to_owned()).collect()
}

fn key(key: char) -> Digit {
    Digit::from_char(key).expect("a key")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn dial(targets: &[&str], terms: Terms) -> Dial {
    let targets = targets.iter().map(|&target| target.to_owned()).collect();
    let (rules, no_answer, caller_id) = (TargetRules::Ignore, seconds(30), CallerId::default());
    Dial { targets, rules, no_answer, caller_id, terms }
}

/// 1 is busy, 2 never answers, 3 answers after two seconds and talks for ten.
fn targets() -> BTreeMap<String, Target> {
    let answers = Target::Answers { after: seconds(2), talk: Some(seconds(10)) };
    [("1", Target::Busy), ("2", Target::NoAnswer), ("3", answers)]
        .map(|(name, target)| (name.to_owned(), target))
        .into()
}

async fn speak(call: &mut Call) -> Result<(), Interrupted> {
    let barge_in = crate::BargeIn { by: DigitSet::NONE, otherwise: TypeAhead::Keep };
    call.play(Play { prompts: vec![call.system("hello")], barge_in }).await.map(drop)
}

#[test]
fn targets_that_ring_one_by_one_take_their_turns() {
    let body: Body = |call| {
        Box::pin(async move {
            let patience = Some(seconds(5));
            let parties = vec![PartyTerms::default(), PartyTerms { patience, ..PartyTerms::default() }];
            let terms = Terms { order: RingOrder::OneByOne, parties, longest: Some(seconds(4)), ..Terms::default() };
            call.dial(dial(&["1", "2", "3"], terms)).await?;
            Ok(Next::Finished)
        })
    };
    let lines = transcript(body, Scenario { targets: targets(), ..Scenario::default() });
    assert_eq!(
        lines,
        [
            "0.0  dial directly 1 2 3 for 30 s, one by one, at most 4 s, 2 for 5 s",
            "7.0  … 3 answers",
            "11.0  … its longest, they are parted",
            "11.0  hang up",
        ]
    );
}

#[test]
fn a_key_parts_the_two_and_others_are_kept() {
    let body: Body = |call| {
        Box::pin(async move {
            let terms = Terms { ends_by: DigitSet::only(key('*')), keys: TypeAhead::Keep, ..Terms::default() };
            call.dial(dial(&["3"], terms)).await?;
            let collect = crate::Collect {
                type_ahead: TypeAhead::Keep,
                max_digits: 2,
                terminators: DigitSet::NONE,
                first_digit: seconds(1),
                inter_digit: seconds(1),
                longest: None,
            };
            call.collect(collect).await?;
            Ok(Next::Finished)
        })
    };
    let timeline = [(1, '7'), (4, '8'), (5, '*')].map(|(at, pressed)| (seconds(at), Event::Pressed(key(pressed))));
    let lines = transcript(body, Scenario { targets: targets(), timeline: timeline.into(), ..Scenario::default() });
    assert!(lines.contains(&"5.0  … parted by *".to_owned()), "{lines:?}");
    assert!(lines.contains(&"5.0  … collected 78, all digits".to_owned()), "{lines:?}");
}

/// Tells a web server the number of a state.
#[derive(Debug)]
struct Counting;

impl Watch for Counting {
    fn news(&self, news: &News) -> Option<Tell> {
        let News::Party(party) = news else { return None };
        let url = format!("http://told.test/{}/{:?}", party.target, party.state);
        let (method, patience) = (FetchMethod::Get, seconds(5));
        let (headers, step) = (Vec::new(), String::new());
        let (files, meanwhile) = (Vec::new(), Meanwhile::default());
        let fetch = Fetch {
            method,
            url,
            headers,
            body: None,
            patience,
            max_bytes: 10,
            redirects: 0,
            step,
            files,
            meanwhile,
            cookies: None,
        };
        Some(Tell { fetch, retries: 0, pause: Duration::ZERO })
    }
}

#[test]
fn a_script_speaks_to_whoever_answers_and_web_servers_hear_of_it() {
    let body: Body = |call| {
        Box::pin(async move {
            let party = PartyTerms { watcher: Some(Watcher(Arc::new(Counting))), ..PartyTerms::default() };
            let terms = Terms { whisper: Whisper::Script, parties: vec![party], ..Terms::default() };
            call.dial(dial(&["3"], terms)).await?;
            speak(call).await?;
            call.join().await?;
            Ok(Next::Finished)
        })
    };
    let scenario = Scenario { targets: targets(), system_sounds: seconds(1), ..Scenario::default() };
    let lines = transcript(body, scenario.clone());
    assert_eq!(
        lines,
        [
            "0.0  dial directly 3 for 30 s",
            "0.0  tell GET http://told.test/0/Initiated",
            "2.0  … 3 answers",
            "2.0  tell GET http://told.test/0/Answered",
            "2.0  play hello, foreground",
            "3.0  join",
            "13.0  … 3 hangs up",
            "13.0  tell GET http://told.test/0/Completed { talk: 10s }",
            "13.0  hang up",
        ]
    );
    let gone = Scenario { whispered: vec![(Duration::from_millis(500), Event::HungUp)], ..scenario.clone() };
    let lines = transcript(body, gone);
    assert!(lines.contains(&"2.5  … the other hangs up".to_owned()), "{lines:?}");
    let timeline = vec![(Duration::from_millis(2_700), Event::HungUp)];
    let lines = transcript(body, Scenario { timeline, ..scenario });
    assert_eq!(lines.last().map(String::as_str), Some("2.7  caller hangs up"), "{lines:?}");
}

#[test]
fn a_script_goes_on_while_its_caller_waits_in_a_queue() {
    let body: Body = |call| {
        Box::pin(async move {
            call.enqueue(Enqueue::new("sales", 5)).await?;
            while speak(call).await != Err(Interrupted::Wanted) {}
            let place = call.place().await?.expect("it is taken");
            assert_eq!((place.position, place.message.as_deref()), (0, Some("hello")));
            call.meet(Meet { alone: Alone::Music, leave_by: DigitSet::NONE, patience: None }).await?;
            call.echo(Echo { ends_by: DigitSet::NONE, longest: Some(seconds(1)) }).await?;
            Ok(Next::Finished)
        })
    };
    let taken = Some(Taking { after: seconds(5), talk: Some(seconds(3)) });
    let queueing = Queueing { before: 1, missed: None, taken, message: Some("hello".to_owned()) };
    let lines = transcript(body, Scenario { queueing, system_sounds: seconds(2), ..Scenario::default() });
    assert_eq!(
        lines,
        [
            "0.0  enqueue in sales, at most 5",
            "0.0  play hello, foreground",
            "2.0  play hello, foreground",
            "4.0  play hello, foreground",
            "5.0  … somebody wants the caller",
            "5.0  meet",
            "5.0  … taken after 5 s",
            "8.0  … the other hangs up",
            "8.0  echo",
            "9.0  … its longest",
            "9.0  hang up",
        ]
    );
}

#[test]
fn a_queue_without_anybody_and_a_full_one_are_left() {
    let body: Body = |call| {
        Box::pin(async move {
            let (message, longest, ends_by) = (None, None, DigitSet::NONE);
            call.take(Take { name: "sales".to_owned(), patience: seconds(7), message, longest, ends_by }).await?;
            call.enqueue(Enqueue::new("sales", 1)).await?;
            call.meet(Meet { alone: Alone::Music, leave_by: DigitSet::NONE, patience: None }).await?;
            Ok(Next::Finished)
        })
    };
    let queueing = Queueing { before: 1, ..Queueing::default() };
    let lines = transcript(body, Scenario { queueing, ..Scenario::default() });
    assert_eq!(
        lines,
        [
            "0.0  take from sales for 7 s",
            "7.0  … nobody",
            "7.0  enqueue in sales, at most 1",
            "7.0  … full",
            "7.0  meet",
            "7.0  … the caller is in no queue",
            "7.0  hang up",
        ]
    );
}

#[test]
fn a_script_says_what_its_caller_hears_before_a_conference() {
    let body: Body = |call| {
        Box::pin(async move {
            let (opens, ears) = (Opens::WithAnother, Ears::Deaf);
            let conference = || Conference { opens, ears, alone: Alone::Script, ..Conference::new("team", 9) };
            call.conference(conference()).await?;
            while speak(call).await != Err(Interrupted::Wanted) {}
            call.conference(conference()).await?;
            Ok(Next::Finished)
        })
    };
    let conferring = Conferring::Begins { after: seconds(3) };
    let lines = transcript(body, Scenario { conferring, system_sounds: seconds(2), ..Scenario::default() });
    assert_eq!(
        lines,
        [
            "0.0  conference team, at most 9, deaf, begins with another",
            "0.0  … waits",
            "0.0  play hello, foreground",
            "2.0  play hello, foreground",
            "3.0  … somebody wants the caller",
            "3.0  conference team, at most 9, deaf, begins with another",
            "3.0  … they talk on",
        ]
    );
}
