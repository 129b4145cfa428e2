//! The pages derived from the implementation report of the W3C, as whoever runs them needs them: in the simulator, and over SIP.
//!
//! Shape: `MANIFEST.json` has a row for each first page: what the caller does, what becomes of transfers, how the verdict is found. All
//! files of the folder are served as they are. A page says `pass` or `fail` in its log and when it exits.
//! Sources: `voicexml-customizers.md` 5.2-5.4.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use serde_json::Value;

/// A first page and how it is judged.
#[derive(Clone, Debug)]
pub(crate) struct Case(Value);

/// Whoever is called, if anybody is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum FarEnd {
    /// Nobody is.
    Nobody,
    /// It answers after two seconds, talks three, and hangs up.
    HangsUp,
    /// It answers after two seconds, and stays.
    Stays,
    NeverAnswers,
    Busy,
    /// It answers 503.
    Refuses,
    /// The caller's side calls it when we ask for that.
    IsReferredTo,
}

/// How a case ended.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Verdict {
    Pass,
    /// Nothing that a machine can judge went wrong.
    Watched,
    Fail(String),
}

/// What a page left behind, for [`Case::verdict`].
#[derive(Default, Debug)]
pub(crate) struct Left {
    /// What `exit` said.
    pub(crate) exit: Option<String>,
    /// The lines of its log.
    pub(crate) log: Vec<String>,
    /// What went wrong.
    pub(crate) problems: Vec<String>,
    /// Where it stood at the end.
    pub(crate) end: String,
}

/// All cases of a folder.
pub(crate) fn read(folder: &Path) -> Vec<Case> {
    let list = fs::read_to_string(folder.join("MANIFEST.json")).expect("the list can be read");
    let rows: Vec<Value> = serde_json::from_str(&list).expect("the list is JSON");
    rows.into_iter().map(Case).collect()
}

/// All files below a folder by their path in it, each with its media type.
pub(crate) fn files(folder: &Path) -> Vec<(String, &'static str, Vec<u8>)> {
    let mut files = Vec::new();
    collect(folder, "", &mut files);
    files
}

fn collect(folder: &Path, path: &str, files: &mut Vec<(String, &'static str, Vec<u8>)>) {
    for entry in fs::read_dir(folder.join(path)).expect("the folder can be read") {
        let entry = entry.expect("it can be read");
        let name = format!("{path}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(folder, &format!("{name}/"), files);
            continue;
        }
        let kind = match name.rsplit('.').next() {
            Some("wav") => "audio/wav",
            Some("grxml") => "application/srgs+xml",
            _ => "text/xml",
        };
        files.push((name, kind, fs::read(entry.path()).expect("it can be read")));
    }
}

impl Case {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    /// The path of the first page.
    pub(crate) fn start(&self) -> &str {
        self.text("start")
    }

    /// Among which it is counted.
    fn kind(&self) -> &str {
        if self.0["suite"] == "vxml21" { "2.1" } else { self.text("verdict") }
    }

    /// What the caller does, one after the other: `dtmf:` and keys, `hangup`, or nothing.
    pub(crate) fn stimuli(&self) -> Vec<String> {
        let stimuli = self.0["dtmf_stimuli"].as_array().into_iter().flatten();
        stimuli.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    pub(crate) fn far_end(&self) -> FarEnd {
        let env = self.text("transfer_env");
        let kinds = [
            ("then hangs up", FarEnd::HangsUp),
            ("stays past maxtime", FarEnd::Stays),
            ("never answers", FarEnd::NeverAnswers),
            ("486", FarEnd::Busy),
            ("503", FarEnd::Refuses),
            ("blind transfer succeeds", FarEnd::IsReferredTo),
        ];
        kinds.into_iter().find(|(words, _)| env.contains(words)).map_or(FarEnd::Nobody, |(_, kind)| kind)
    }

    /// Whether all that is wanted of it is that nothing goes wrong.
    fn is_watched(&self) -> bool {
        self.0["verdict"] == "observe"
    }

    /// Whether it leads to a page that is not there, and then says so.
    fn lacks_a_page(&self) -> bool {
        self.is_watched() && self.0["missing"].as_array().is_some_and(|missing| !missing.is_empty())
    }

    pub(crate) fn verdict(&self, left: &Left) -> Verdict {
        let lines = || left.log.iter().chain(&left.problems);
        let label = |verdict: &str| left.log.iter().find(|line| line.contains(&format!("conf: {verdict}"))).cloned();
        if self.lacks_a_page() && lines().any(|line| line.contains("error.badfetch.http.404")) {
            return Verdict::Watched;
        }
        if let Some(why) = label("fail") {
            return Verdict::Fail(why);
        }
        match left.exit.as_deref() {
            Some("pass") => return Verdict::Pass,
            Some(other) => return Verdict::Fail(format!("it exits with {other}")),
            None => {}
        }
        if label("pass").is_some() {
            return Verdict::Pass;
        }
        let is_wrong = |problem: &String| problem.contains("error.semantic") || problem.contains("stopped");
        if self.is_watched() && !left.problems.iter().any(is_wrong) {
            return Verdict::Watched;
        }
        Verdict::Fail(format!("no verdict: {}, {:?}, {:?}", left.end, left.log, left.problems))
    }
}

/// The verdicts of a run.
#[derive(Default, Debug)]
pub(crate) struct Tally {
    /// Those that passed, and all, by their kind.
    passed: BTreeMap<String, (usize, usize)>,
    failures: Vec<String>,
}

impl Tally {
    pub(crate) fn note(&mut self, case: &Case, verdict: Verdict) {
        let count = self.passed.entry(case.kind().to_owned()).or_default();
        count.1 += 1;
        match verdict {
            Verdict::Pass | Verdict::Watched => count.0 += 1,
            Verdict::Fail(why) => {
                self.failures.push(format!("{:>5} {:<28} {:<9} {why}", case.0["id"], case.start(), case.kind()));
            }
        }
    }

    /// Whether every case passed, and there was one of each kind unless only some were run.
    pub(crate) fn all_passed(&self, only_some: bool) -> bool {
        let kinds = ["auto", "scripted", "observe", "2.1"];
        self.failures.is_empty() && (only_some || kinds.iter().all(|kind| self.passed.contains_key(*kind)))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: usize = self.passed.values().map(|(_, all)| all).sum();
        write!(f, "{all} pages: {:?}\n{}", self.passed, self.failures.join("\n"))
    }
}
