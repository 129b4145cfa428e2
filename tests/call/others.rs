//! Answers that others wrote for their web servers, each on a call of its own over SIP.
//!
//! Shape: the feature `cases` builds it, since nothing of the data is part of the tree: `cargo xtask cases DIR` runs it. The first request of
//! a call is answered with a file, and every further one by nobody.
//! Errors: a folder that is not there, or one without such files, fails the test.
//! Sources: `kazoo-pivot.md` 3.6, 7 (case 11).

use std::fs;
use std::path::{Path, PathBuf};

use antiphon_sip::EndReason;
use antiphon_testkit::{SimPhone, Stage};

use crate::world::{Shape, World, on_its_own, pass};

/// Examples that KAZOO's own schemas refuse; so it does whole documents of callflows (row A23).
const REFUSED: [&str; 3] = ["pivot-hangups-1.json", "pivot-recording-3.json", "pivot-recording-4.json"];
/// How long a caller stays, in milliseconds: some flows have no end of their own.
const PATIENCE: u64 = 90_000;

/// The files of one kind, at least one.
fn answers(kind: &str, ending: &str) -> Vec<PathBuf> {
    let root = std::env::var_os("ANTIPHON_CASES").expect("cargo xtask cases DIR names the folder of the data");
    let folder = Path::new(&root).join("pivot/responses").join(kind);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.retain(|file| file.extension().is_some_and(|own| own == ending));
    files.sort();
    assert!(!files.is_empty(), "{} has no file that ends with {ending}", folder.display());
    files
}

/// A call whose web server answers so; how it ended, and whether the child of the application ran.
async fn call(kind: &str, body: Vec<u8>, settings: &str) -> (EndReason, bool) {
    let usual = Shape::default();
    let world = World::shaped(Shape { trunks: format!("{}\n{settings}", usual.trunks), ..usual }).await;
    world.web.answer_as(100, 200, kind, body);
    let caller = world.caller();
    caller.call("311").await;
    for _ in 0..PATIENCE / 500 {
        if matches!(caller.stage(), Stage::Over(_)) {
            break;
        }
        pass(500).await;
    }
    caller.hang_up().await;
    let why = caller.over().await;
    // What comes behind the first answer is asked of nobody.
    let failed = is_refused(&caller) && world.web.asked().len() == 1;
    world.leaves_nothing().await;
    (why, failed)
}

/// Whether the application's own child has spoken, which stands for a web server that fails.
fn is_refused(caller: &SimPhone) -> bool {
    let messages = caller.messages();
    messages.iter().any(|(_, message)| message.start == "SIP/2.0 486 No application")
}

/// Fails with all files that went wrong.
fn check(kind: &'static str, folder: &str, ending: &str, settings: &'static str, fails: impl Fn(&Path) -> bool) {
    let mut wrong = Vec::new();
    for file in answers(folder, ending) {
        let expected = fails(&file);
        let body = fs::read(&file).expect("the file can be read");
        let mut came = None;
        on_its_own(async { came = Some(call(kind, body, settings).await) });
        let (why, failed) = came.expect("the call is over");
        let is_in_order =
            matches!(why, EndReason::RemoteBye | EndReason::LocalBye | EndReason::Cancelled | EndReason::Rejected(_));
        if failed != expected || !is_in_order {
            wrong.push(format!(
                "{}: {why:?}, the web server {}",
                file.display(),
                if failed { "failed" } else { "did not" }
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of the answers:\n  {}", wrong.len(), wrong.join("\n  "));
}

#[test]
fn every_callflow_of_others_runs_to_the_end_of_its_call() {
    check("application/json", "kazoo", "json", "", |_| false);
}

#[test]
fn every_document_of_others_runs_to_the_end_of_its_call() {
    check("text/xml", "twiml", "xml", "", |_| false);
}

#[test]
fn what_the_schemas_of_others_refuse_fails_where_validation_is_strict() {
    check("application/json", "kazoo", "json", "[pivot]\nstrict_validation = true\n", |file| {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = fs::read_to_string(file).expect("the file can be read");
        let flow: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        REFUSED.contains(&name.as_str()) || flow.get("flow").is_some()
    });
}
