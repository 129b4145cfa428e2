//! Pages derived from the implementation report of the W3C in the simulator, with keys in place of speech.
//!
//! Sources: `voicexml-customizers.md` 5.2-5.4.

use std::time::{Duration, Instant};

use antiphon_ivr::{
    Page, Script,
    simulator::{self, Referring, Reply, Scenario, Target},
    vxml::Application,
};

use crate::vxml_pages::{self, Case, FarEnd, Left, Tally, Verdict};

const BASE: &str = "http://cases.example/vxml/";
const DESTINATION: &str = "+18005551212";

#[test]
#[expect(clippy::print_stdout, reason = "whoever runs the cases wants the list of them")]
fn every_page_ends_as_its_assertion_says() {
    let folder = crate::place("vxml");
    let mut world = Scenario::default();
    for (name, kind, body) in vxml_pages::files(&folder) {
        if kind == "audio/wav" {
            world.web_sounds.insert(format!("{BASE}{name}"), Duration::from_secs(1));
        } else {
            let headers = vec![("content-type".to_owned(), kind.to_owned())];
            world.pages.insert(
                format!("{BASE}{name}"),
                Page { status: 200, headers, body, url: String::new(), cookies: None },
            );
        }
    }
    let (began, wanted) = (Instant::now(), std::env::var("ANTIPHON_CASE"));
    let mut tally = Tally::default();
    for case in vxml_pages::read(&folder) {
        let (verdict, transcript) = run(&case, &world);
        if wanted.as_ref().is_ok_and(|wanted| case.start().contains(wanted)) {
            println!("{}\n{transcript}", case.start());
        }
        tally.note(&case, verdict);
    }
    let took = began.elapsed();
    println!("{took:?}, {tally}");
    assert!(tally.all_passed(false), "see above");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

fn run(case: &Case, world: &Scenario) -> (Verdict, String) {
    let mut scenario = world.clone();
    for stimulus in case.stimuli() {
        scenario.replies.push(match stimulus.strip_prefix("dtmf:") {
            Some(keys) => Reply::Keys(keys.to_owned()),
            None if stimulus == "hangup" => Reply::HangUp,
            None => Reply::Silence,
        });
    }
    // Whoever is asked again says the same again.
    if let Some(last @ Reply::Keys(_)) = scenario.replies.last().cloned() {
        scenario.replies.extend([last.clone(), last]);
    }
    let after = Duration::from_secs(2);
    let target = match case.far_end() {
        FarEnd::HangsUp => Some(Target::Answers { after, talk: Some(Duration::from_secs(3)) }),
        FarEnd::Stays => Some(Target::Answers { after, talk: None }),
        FarEnd::NeverAnswers => Some(Target::NoAnswer),
        FarEnd::Busy => Some(Target::Busy),
        FarEnd::Refuses => Some(Target::Fails { status: 503 }),
        FarEnd::Nobody | FarEnd::IsReferredTo => None,
    };
    scenario.targets.extend(target.map(|target| (DESTINATION.to_owned(), target)));
    if case.far_end() == FarEnd::IsReferredTo {
        scenario.referring = Referring::Goes { after };
    }
    let script = Script::VoiceXml(Application::new(format!("{BASE}{}", case.start())).into());
    let transcript = simulator::simulate(&script, &scenario, Instant::now()).to_string();
    (case.verdict(&left(&transcript)), transcript)
}

/// What a transcript says.
fn left(transcript: &str) -> Left {
    let lines = || transcript.lines().map(str::trim);
    let exit = lines().find_map(|line| line.split_once("log exit __exit=").map(|(_, value)| value.to_owned()));
    let owned = |part: &str| lines().filter(|line| line.contains(part)).map(str::to_owned).collect::<Vec<_>>();
    let problems = [owned("problem: "), owned("stopped")].concat();
    let last: Vec<_> = lines().rev().take(3).collect();
    let end = last.into_iter().rev().collect::<Vec<_>>().join(" / ");
    Left { exit, log: owned("log "), problems, end }
}
