//! Pages derived from the implementation report of the W3C, with keys in place of speech.
//!
//! Shape: `MANIFEST.json` has a row for each first page: what the caller does, what becomes of transfers, how the verdict is found. All
//! files of the folder are served as they are. A page says `pass` or `fail` in its log and when it exits.
//! Sources: `voicexml-customizers.md` 5.2-5.4.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use antiphon_ivr::{
    Page, Script,
    simulator::{self, Referring, Reply, Scenario, Target},
    vxml::Application,
};
use serde_json::Value;

const BASE: &str = "http://cases.example/vxml/";
const DESTINATION: &str = "+18005551212";

/// How a case ended.
#[derive(Clone, PartialEq, Debug)]
enum Verdict {
    Pass,
    /// Nothing that a machine can judge went wrong.
    Watched,
    Fail(String),
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever runs the cases wants the list of them")]
fn every_page_ends_as_its_assertion_says() {
    let folder = crate::place("vxml");
    let list = fs::read_to_string(folder.join("MANIFEST.json")).expect("the list can be read");
    let rows: Vec<Value> = serde_json::from_str(&list).expect("the list is JSON");
    let (mut pages, mut sounds) = (BTreeMap::new(), BTreeMap::new());
    serve(&folder, "", &mut pages, &mut sounds);
    let world = Scenario { pages, web_sounds: sounds, ..Scenario::default() };
    let began = Instant::now();
    let mut passed: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = Vec::new();
    for row in &rows {
        let (verdict, transcript) = run(row, &world);
        let kind = if row["suite"] == "vxml21" { "2.1" } else { row["verdict"].as_str().unwrap_or_default() };
        let count = passed.entry(kind.to_owned()).or_default();
        count.1 += 1;
        match verdict {
            Verdict::Pass | Verdict::Watched => count.0 += 1,
            Verdict::Fail(why) => failures.push(format!(
                "{:>5} {:<28} {kind:<9} {why}",
                row["id"],
                row["start"].as_str().unwrap_or_default()
            )),
        }
        if std::env::var("ANTIPHON_CASE")
            .is_ok_and(|wanted| row["start"].as_str().is_some_and(|start| start.contains(&wanted)))
        {
            println!("{}\n{transcript}", row["start"]);
        }
    }
    let took = began.elapsed();
    println!("{} pages in {took:?}: {passed:?}\n{}", rows.len(), failures.join("\n"));
    let reaches = |kind: &str, least: usize| passed.get(kind).is_some_and(|(passed, _)| *passed >= least);
    let all = |kind: &str| passed.get(kind).is_some_and(|(passed, all)| passed == all);
    // Four of the 27 that are scripted are among those of 2.1.
    assert!(all("auto") && all("2.1") && reaches("scripted", 20) && all("observe"), "see above");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// All files below a folder, as a web server has them.
fn serve(folder: &Path, path: &str, pages: &mut BTreeMap<String, Page>, sounds: &mut BTreeMap<String, Duration>) {
    for entry in fs::read_dir(folder.join(path)).expect("the folder can be read") {
        let entry = entry.expect("it can be read");
        let name = format!("{path}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            serve(folder, &format!("{name}/"), pages, sounds);
        } else if name.ends_with(".wav") {
            sounds.insert(format!("{BASE}{name}"), Duration::from_secs(1));
        } else {
            let kind = if name.ends_with(".grxml") { "application/srgs+xml" } else { "text/xml" };
            let headers = vec![("content-type".to_owned(), kind.to_owned())];
            let body = fs::read(entry.path()).expect("it can be read");
            pages.insert(
                format!("{BASE}{name}"),
                Page { status: 200, headers, body, url: String::new(), cookies: None },
            );
        }
    }
}

fn run(row: &Value, world: &Scenario) -> (Verdict, String) {
    let mut scenario = world.clone();
    for stimulus in row["dtmf_stimuli"].as_array().into_iter().flatten().filter_map(Value::as_str) {
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
    let far_end = row["transfer_env"].as_str().unwrap_or_default();
    let target = match far_end {
        text if text.contains("then hangs up") => Some(Target::Answers { after, talk: Some(Duration::from_secs(3)) }),
        text if text.contains("stays past maxtime") => Some(Target::Answers { after, talk: None }),
        text if text.contains("never answers") => Some(Target::NoAnswer),
        text if text.contains("486") => Some(Target::Busy),
        text if text.contains("503") => Some(Target::Fails { status: 503 }),
        _ => None,
    };
    scenario.targets.extend(target.map(|target| (DESTINATION.to_owned(), target)));
    if far_end.contains("blind transfer succeeds") {
        scenario.referring = Referring::Goes { after };
    }
    let start = format!("{BASE}{}", row["start"].as_str().unwrap_or_default());
    let script = Script::VoiceXml(Application::new(start).into());
    let transcript = simulator::simulate(&script, &scenario, Instant::now()).to_string();
    (verdict(row, &transcript), transcript)
}

fn verdict(row: &Value, transcript: &str) -> Verdict {
    let said = |text: &str| transcript.lines().find(|line| line.contains(text)).map(str::to_owned);
    // Such a page leads to one that is not there, and then says so.
    let lacks_a_page =
        row["verdict"] == "observe" && row["missing"].as_array().is_some_and(|missing| !missing.is_empty());
    if lacks_a_page && said("error.badfetch.http.404").is_some() {
        return Verdict::Watched;
    }
    if let Some(line) = said("log conf: fail").or_else(|| said("log exit __exit=fail")) {
        return Verdict::Fail(line.trim().to_owned());
    }
    if said("log exit __exit=pass").is_some() || said("log conf: pass").is_some() {
        return Verdict::Pass;
    }
    if row["verdict"] == "observe" && said("stopped").is_none() && said("problem: error.semantic").is_none() {
        return Verdict::Watched;
    }
    let last: Vec<_> = transcript.lines().rev().take(3).map(str::trim).collect();
    Verdict::Fail(format!("no verdict; at the end: {}", last.into_iter().rev().collect::<Vec<_>>().join(" / ")))
}
