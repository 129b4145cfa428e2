//! Runs the specifications in `specs/`: a menu, what a caller does, and what then happens.
//!
//! Shape: a heading begins a specification and names it. Under it stand prose and fences: `json ivr` or `json pivot` (what runs; without
//! one, what stands before it in the file is used) or `page URL` (a page of VoiceXML or what one asks for, the first of them begins), `web` (what web servers answer, a fence each), `caller` (who calls, what they do, who answers) and
//! `transcript` (what happens).
//! Time: virtual; nothing waits.
//! Errors: a malformed file fails with its name and line. With `UPDATE_SPEC=1` transcripts are rewritten, for a person to review.

#[path = "spec/caller.rs"]
mod caller;
#[path = "spec/customizer.rs"]
mod customizer;
#[path = "spec/document.rs"]
mod document;
#[path = "spec/menu.rs"]
mod menu;
#[path = "spec/pages.rs"]
mod pages;
#[path = "spec/pivot.rs"]
mod pivot;
#[path = "spec/web.rs"]
mod web;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use antiphon_ivr::{Script, simulator};
use document::{Document, Problem, Spec, Surface};

#[test]
fn rules() {
    run_all("rules");
}

#[test]
fn interactive() {
    run_all("interactive");
}

#[test]
fn vxml() {
    run_all("vxml");
}

#[test]
fn pivot() {
    run_all("pivot");
}

/// Runs every specification of a folder, and tells of all that fail.
fn run_all(folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no specification", folder.display());
    let update = std::env::var_os("UPDATE_SPEC").is_some_and(|value| value == "1");
    let failures: Vec<String> = files.iter().flat_map(|path| run_file(path, update)).collect();
    assert!(failures.is_empty(), "\n\n{}\n", failures.join("\n\n"));
}

/// What is wrong with a file, or with what its specifications say.
fn run_file(path: &Path, update: bool) -> Vec<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let malformed = |problem: Problem| format!("{name}:{}: {}", problem.line, problem.text);
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return vec![format!("{name}: {error}")],
    };
    let document = match Document::parse(&text) {
        Ok(document) => document,
        Err(problem) => return vec![malformed(problem)],
    };
    let mut failures = Vec::new();
    let mut transcripts = Vec::new();
    for spec in &document.specs {
        match transcript(spec) {
            Err(problem) => failures.push(malformed(problem)),
            Ok(happened) => {
                if happened != spec.transcript.text && !update {
                    let Spec { title, transcript, .. } = spec;
                    failures.push(format!(
                        "{name}:{}: {title}\n--- written\n{}--- happened\n{happened}",
                        transcript.line, transcript.text
                    ));
                }
                transcripts.push((&spec.transcript, happened));
            }
        }
    }
    if update && failures.is_empty() {
        fs::write(path, document.rewritten(&transcripts)).expect("the specification can be written");
    }
    failures
}

fn transcript(spec: &Spec) -> Result<String, Problem> {
    if !spec.pages.is_empty() {
        return pages::transcript(spec);
    }
    let (script, mut scenario) = match spec.surface {
        Surface::Rules => menu::read(&spec.menu).map(|(ivr, scenario)| (Script::Rules(ivr.into()), scenario))?,
        Surface::Pivot => pivot::read(&spec.menu).map(|(pivot, scenario)| (Script::Pivot(pivot.into()), scenario))?,
    };
    caller::read(&spec.caller, &mut scenario)?;
    scenario.web = spec.web.iter().map(web::read).collect::<Result<_, _>>()?;
    Ok(simulator::simulate(&script, &scenario, Instant::now()).to_string())
}
