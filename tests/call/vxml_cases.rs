//! Pages derived from the implementation report of the W3C, with keys in place of speech, on whole calls over SIP.
//!
//! Shape: all files of the folder lie on one web server, and each page is named in the Request-URI of a call. Fifty callers call at once,
//! each with an address of its own; a page that calls somebody has a world of its own. What the caller does is in the list.
//! Time: virtual.
//! Sources: RFC 5552 §2; `voicexml-customizers.md` 5.2-5.4.

use std::{
    collections::BTreeMap,
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_server::{store::ClientId, web::Answer};
use antiphon_testkit::{Answering, Referring, SimPhone, Stage};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::world::{Shape, TRUNK, World, on_its_own, pass};

const BASE: &str = "http://app.test/vxml/";
/// Callers at once.
const AT_ONCE: usize = 50;
/// How long a call may take.
const LONGEST: Duration = Duration::from_secs(90);

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
fn every_page_ends_as_its_assertion_says_over_sip() {
    let root = std::env::var_os("ANTIPHON_CASES").expect("ANTIPHON_CASES names the folder: cargo xtask cases DIR");
    let folder = PathBuf::from(root).join("vxml");
    let list = fs::read_to_string(folder.join("MANIFEST.json")).expect("the list can be read");
    let rows: Vec<Value> = serde_json::from_str(&list).expect("the list is JSON");
    let wanted = std::env::var("ANTIPHON_CASE").unwrap_or_default();
    let rows: Vec<Value> = rows.into_iter().filter(|row| text(row, "start").contains(&wanted)).collect();
    let mut files = BTreeMap::new();
    serve(&folder, "", &mut files);
    let files = Arc::new(files);
    World::fill_once();
    let (calling, alone): (Vec<_>, Vec<_>) = rows.iter().cloned().partition(|row| !row["transfer_env"].is_string());
    let mut verdicts = Vec::new();
    for group in [calling.chunks(calling.len().max(1)), alone.chunks(1)].into_iter().flatten() {
        let (group, files) = (group.to_vec(), files.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        verdicts.extend(runtime.block_on(together(group, files)));
    }
    let mut passed: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = Vec::new();
    for (row, verdict) in verdicts {
        let kind = if row["suite"] == "vxml21" { "2.1" } else { text(&row, "verdict") };
        let count = passed.entry(kind.to_owned()).or_default();
        count.1 += 1;
        match verdict {
            Verdict::Pass | Verdict::Watched => count.0 += 1,
            Verdict::Fail(why) => {
                failures.push(format!("{:>5} {:<28} {kind:<9} {why}", row["id"], text(&row, "start")))
            }
        }
    }
    println!("{} pages over SIP: {passed:?}\n{}", rows.len(), failures.join("\n"));
    let all = |kind: &str| passed.get(kind).is_none_or(|(passed, all)| passed == all);
    let scripted = passed.get("scripted").is_none_or(|(passed, all)| all - passed <= 3);
    assert!(all("auto") && all("2.1") && scripted && all("observe"), "see above");
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

/// All files below a folder, as a web server has them.
fn serve(folder: &Path, path: &str, files: &mut BTreeMap<String, Answer>) {
    for entry in fs::read_dir(folder.join(path)).expect("the folder can be read") {
        let entry = entry.expect("it can be read");
        let name = format!("{path}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            serve(folder, &format!("{name}/"), files);
            continue;
        }
        let kind = match name.rsplit('.').next() {
            Some("wav") => "audio/wav",
            Some("grxml") => "application/srgs+xml",
            _ => "text/xml",
        };
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        let body = fs::read(entry.path()).expect("it can be read");
        files.insert(format!("{BASE}{name}"), Answer { status: 200, headers, body });
    }
}

/// Runs cases in one world.
async fn together(rows: Vec<Value>, files: Arc<BTreeMap<String, Answer>>) -> Vec<(Value, Verdict)> {
    let world = World::sharing(Shape { rtp_ports: "20000-20399", ..Shape::default() }).await;
    world.web.serve(files);
    let world = Arc::new(world);
    let (mut running, mut verdicts) = (JoinSet::new(), Vec::new());
    for (number, row) in rows.into_iter().enumerate() {
        if running.len() >= AT_ONCE {
            verdicts.extend(running.join_next().await.map(|ended| ended.expect("a case does not panic")));
        }
        let world = world.clone();
        running.spawn(async move {
            let verdict = one(&world, number, &row).await;
            (row, verdict)
        });
    }
    verdicts.extend(running.join_all().await);
    verdicts
}

async fn one(world: &World, number: usize, row: &Value) -> Verdict {
    // Test code: a name for each caller, as long as the process lives.
    let name: &'static str = Box::leak(format!("case{number}").into_boxed_str());
    let number = u8::try_from(number % 250).expect("it is less than 250");
    let caller = world.connect(World::setup_at(name, IpAddr::from([127, 0, 1, number + 1])));
    let far_end = far_end(world, &caller, text(row, "transfer_env")).await;
    let url: String =
        url::form_urlencoded::byte_serialize(format!("{BASE}{}", text(row, "start")).as_bytes()).collect();
    caller.call_uri(&format!("sip:dialog@127.0.0.1;voicexml={url}")).await;
    let stimuli: Vec<String> =
        row["dtmf_stimuli"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let _ = tokio::time::timeout(LONGEST, act(&caller, far_end.as_ref(), &stimuli, text(row, "transfer_env"))).await;
    if !is_over(&caller) {
        caller.hang_up().await;
    }
    pass(2_000).await;
    verdict(world, &caller, row)
}

fn is_over(caller: &SimPhone) -> bool {
    matches!(caller.stage(), Stage::Over(_))
}

/// Whoever is called, if anybody is.
async fn far_end(world: &World, caller: &SimPhone, kind: &str) -> Option<SimPhone> {
    let after = Answering::After(Duration::from_secs(2));
    let answering = match kind {
        text if text.contains("then hangs up") || text.contains("stays past maxtime") => after,
        text if text.contains("never answers") => Answering::Never,
        text if text.contains("486") => Answering::Busy,
        text if text.contains("503") => Answering::Refuses(503),
        text => {
            if text.contains("blind transfer succeeds") {
                caller.on_refer(Referring::Completes).await;
            }
            return None;
        }
    };
    Some(world.callee("trunk", TRUNK, answering))
}

/// Does what the list says, and waits for the end. Keys come a second after whatever was before; whoever is asked again says the same.
async fn act(caller: &SimPhone, far_end: Option<&SimPhone>, stimuli: &[String], kind: &str) {
    caller.until("is up or refused", |stage| matches!(stage, Stage::Up | Stage::Over(_))).await;
    if let Some(far_end) = far_end.filter(|_| kind.contains("then hangs up")) {
        far_end.up().await;
        pass(3_000).await;
        far_end.hang_up().await;
    }
    for stimulus in stimuli {
        match stimulus.strip_prefix("dtmf:") {
            Some(keys) => {
                pass(1_500).await;
                for key in keys.chars() {
                    caller.press(key).await;
                    pass(250).await;
                }
            }
            None if stimulus == "hangup" => {
                pass(1_000).await;
                caller.hang_up().await;
            }
            // As long as a page waits that does not say how long, and what it says before.
            None => pass(5_500).await,
        }
    }
    while !is_over(caller) {
        pass(5_000).await;
        if let Some(keys) = stimuli.last().and_then(|last| last.strip_prefix("dtmf:")).filter(|_| !is_over(caller)) {
            caller.press(keys.chars().next().unwrap_or('1')).await;
        }
    }
}

/// What the BYE says, else the call's detail, else the log.
fn verdict(world: &World, caller: &SimPhone, row: &Value) -> Verdict {
    let name = caller.setup().name;
    let said = caller.requests("BYE").first().map(|bye| bye.body.clone()).unwrap_or_default();
    let told: BTreeMap<String, String> = url::form_urlencoded::parse(said.as_bytes()).into_owned().collect();
    let calls = world.server.rooms.trace.calls();
    let conclusion = calls
        .iter()
        .find_map(|call| call.record(|record| if record.from == name { record.conclusion.clone() } else { None }));
    let of_detail = conclusion.into_iter().flatten().find(|(name, _)| name == "__exit").map(|(_, value)| value);
    let debugged = world.server.rooms.http_debug.calls(ClientId(1));
    let steps = debugged.iter().filter(|call| call.asker.from == name).flat_map(|call| &call.steps);
    let (mut log, mut problems) = (Vec::new(), Vec::new());
    for step in steps {
        log.extend(step.ran.iter().cloned());
        problems.extend(step.problems.iter().cloned());
    }
    let label = |verdict: &str| log.iter().find(|line| line.starts_with(&format!("conf: {verdict}"))).cloned();
    let lacks_a_page =
        row["verdict"] == "observe" && row["missing"].as_array().is_some_and(|missing| !missing.is_empty());
    if lacks_a_page && problems.iter().any(|problem| problem.contains("error.badfetch.http.404")) {
        return Verdict::Watched;
    }
    match told.get("__exit").cloned().or(of_detail).as_deref() {
        Some("pass") => return Verdict::Pass,
        Some(other) => return Verdict::Fail(label("fail").unwrap_or_else(|| other.to_owned())),
        None => {}
    }
    if let Some(why) = label("fail") {
        return Verdict::Fail(why);
    }
    if label("pass").is_some() {
        return Verdict::Pass;
    }
    if row["verdict"] == "observe" && !problems.iter().any(|problem| problem.starts_with("error.semantic")) {
        return Verdict::Watched;
    }
    Verdict::Fail(format!("no verdict: {:?}, {log:?}, {problems:?}", caller.stage()))
}
