//! Pages derived from the implementation report of the W3C, with keys in place of speech, on whole calls over SIP.
//!
//! Shape: all files of the folder lie on one web server, and each page is named in the Request-URI of a call. Fifty callers call at once,
//! each with an address of its own; a page that calls somebody has a world of its own. What the caller does is in the list.
//! Time: virtual.
//! Sources: RFC 5552 §2; `voicexml-customizers.md` 5.2-5.4.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use antiphon_server::{store::ClientId, trace::Record, web::Answer};
use antiphon_testkit::{Answering, Referring, SimPhone, Stage};
use tokio::task::JoinSet;

use crate::vxml_pages::{self, Case, FarEnd, Left, Tally, Verdict};
use crate::world::{Shape, TRUNK, World, pass};

const BASE: &str = "http://app.test/vxml/";
/// Callers at once.
const AT_ONCE: usize = 50;
/// How long a call may take.
const LONGEST: Duration = Duration::from_secs(90);

#[test]
#[expect(clippy::print_stdout, reason = "whoever runs the cases wants the list of them")]
fn every_page_ends_as_its_assertion_says_over_sip() {
    let root = std::env::var_os("ANTIPHON_CASES").expect("ANTIPHON_CASES names the folder: cargo xtask cases DIR");
    let folder = PathBuf::from(root).join("vxml");
    let wanted = std::env::var("ANTIPHON_CASE").unwrap_or_default();
    let cases = vxml_pages::read(&folder).into_iter().filter(|case| case.start().contains(&wanted));
    let files = vxml_pages::files(&folder).into_iter().map(|(name, kind, body)| {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        (format!("{BASE}{name}"), Answer { status: 200, headers, body })
    });
    let files: Arc<BTreeMap<String, Answer>> = Arc::new(files.collect());
    World::fill_once();
    let (alone, together): (Vec<_>, Vec<_>) = cases.partition(|case| case.far_end() != FarEnd::Nobody);
    let mut tally = Tally::default();
    for group in [together.chunks(together.len().max(1)), alone.chunks(1)].into_iter().flatten() {
        let (group, files) = (group.to_vec(), files.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        for (case, verdict) in runtime.block_on(in_one_world(group, files)) {
            tally.note(&case, verdict);
        }
    }
    println!("over SIP: {tally}");
    assert!(tally.all_passed(!wanted.is_empty()), "see above");
}

/// Runs cases in one world.
async fn in_one_world(cases: Vec<Case>, files: Arc<BTreeMap<String, Answer>>) -> Vec<(Case, Verdict)> {
    let world = World::sharing(Shape { rtp_ports: "20000-20399", ..Shape::default() }).await;
    world.web.serve(files);
    let world = Arc::new(world);
    let (mut running, mut verdicts) = (JoinSet::new(), Vec::new());
    for (number, case) in cases.into_iter().enumerate() {
        if running.len() >= AT_ONCE {
            verdicts.extend(running.join_next().await.map(|ended| ended.expect("a case does not panic")));
        }
        let world = world.clone();
        running.spawn(async move {
            let verdict = one(&world, number, &case).await;
            (case, verdict)
        });
    }
    verdicts.extend(running.join_all().await);
    verdicts
}

async fn one(world: &World, number: usize, case: &Case) -> Verdict {
    // Test code: a name for each caller, as long as the process lives.
    let name: &'static str = Box::leak(format!("case{number}").into_boxed_str());
    let number = u8::try_from(number % 250).expect("it is less than 250");
    // Whom we ask to call somebody outside has come by a trunk.
    let by_trunk = case.far_end() == FarEnd::IsReferredTo;
    let host = IpAddr::from(if by_trunk { [10, 1, 0, 7] } else { [127, 0, 1, number + 1] });
    let caller = world.connect(World::setup_at(name, host));
    let far_end = far_end(world, &caller, case.far_end()).await;
    let url: String = url::form_urlencoded::byte_serialize(format!("{BASE}{}", case.start()).as_bytes()).collect();
    caller.call_uri(&format!("sip:dialog@127.0.0.1;voicexml={url}")).await;
    let _ = tokio::time::timeout(LONGEST, act(world, &caller, far_end.as_ref(), case)).await;
    if !is_over(&caller) {
        caller.hang_up().await;
    }
    pass(2_000).await;
    let left = left(world, &caller);
    report(world, case, &left);
    case.verdict(&left)
}

fn is_over(caller: &SimPhone) -> bool {
    matches!(caller.stage(), Stage::Over(_))
}

/// Whoever is called, if anybody is.
async fn far_end(world: &World, caller: &SimPhone, kind: FarEnd) -> Option<SimPhone> {
    let answering = match kind {
        FarEnd::HangsUp | FarEnd::Stays => Answering::After(Duration::from_secs(2)),
        FarEnd::NeverAnswers => Answering::Never,
        FarEnd::Busy => Answering::Busy,
        FarEnd::Refuses => Answering::Refuses(503),
        FarEnd::IsReferredTo => {
            caller.on_refer(Referring::Completes).await;
            return None;
        }
        FarEnd::Nobody => return None,
    };
    Some(world.callee("trunk", TRUNK, answering))
}

/// How often the page has waited for the caller to the end of its patience, or of what the caller did.
fn waits(world: &World, caller: &SimPhone) -> usize {
    let of = |record: &mut Record| match record.from == caller.setup().name {
        true => record.ops.iter().filter(|op| ["gather", "listen", "record"].contains(&op.name)).count(),
        false => 0,
    };
    world.server.rooms.trace.calls().iter().map(|call| call.record(of)).sum()
}

/// Does what the list says, and waits for the end. Keys come a second after whatever was before; whoever is asked again says the same.
async fn act(world: &World, caller: &SimPhone, far_end: Option<&SimPhone>, case: &Case) {
    let stimuli = case.stimuli();
    caller.until("is up or refused", |stage| matches!(stage, Stage::Up | Stage::Over(_))).await;
    if let Some(far_end) = far_end.filter(|_| case.far_end() == FarEnd::HangsUp) {
        far_end.up().await;
        pass(3_000).await;
        far_end.hang_up().await;
    }
    for stimulus in &stimuli {
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
            None => {
                let before = waits(world, caller);
                while waits(world, caller) == before && !is_over(caller) {
                    pass(100).await;
                }
            }
        }
    }
    while !is_over(caller) {
        pass(5_000).await;
        if let Some(keys) = stimuli.last().and_then(|last| last.strip_prefix("dtmf:")).filter(|_| !is_over(caller)) {
            caller.press(keys.chars().next().unwrap_or('1')).await;
        }
    }
}

/// What the BYE says, else the call's detail, and the log.
fn left(world: &World, caller: &SimPhone) -> Left {
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
    let mut left = Left { exit: told.get("__exit").cloned().or(of_detail), ..Left::default() };
    for step in steps {
        left.log.extend(step.ran.iter().cloned());
        left.problems.extend(step.problems.iter().cloned());
    }
    left.end = format!("{:?}", caller.stage());
    left
}

/// Shows all of a case that was asked for.
#[expect(clippy::print_stdout, reason = "whoever runs one case wants to see all of it")]
fn report(world: &World, case: &Case, left: &Left) {
    if std::env::var_os("ANTIPHON_CASE").is_some() {
        println!("{}: {left:#?}\n{}", case.start(), world.ladder());
    }
}
