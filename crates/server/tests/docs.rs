//! The documented requests, run by a shell against a server's HTTP side on loopback, with curl.

use std::path::{Path, PathBuf};
use std::time::Duration;

use antiphon_ivr::rules::OptionKey;
use antiphon_server::api::{ApiState, router, serve};
use antiphon_server::calls::Readiness;
use antiphon_server::first_start;
use antiphon_server::store::{ExtensionKind, Store};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::{oneshot, watch};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the crate lies two folders deep")
}

/// Runs a shell script against a fresh server, and hands back its output and the store as it left it.
async fn run(data: &Path, shell: impl FnOnce(&mut Command)) -> (String, Store) {
    let store = Store::open(data).expect("a fresh directory opens");
    first_start::prepare(&store, data).await.expect("a fresh store takes the demo");
    let (_readiness, told) = watch::channel(Readiness::Ready);
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let (stop, stopped) = oneshot::channel::<()>();
    let state = ApiState::new(store.clone(), told, metrics, "antiphon");
    let serving = tokio::spawn(serve(listener, router(state), async {
        let _ = stopped.await;
    }));
    let mut command = Command::new("sh");
    command.current_dir(repository()).env("DATA", data).env("BASE", format!("http://{address}"));
    shell(&mut command);
    let output = tokio::time::timeout(Duration::from_secs(60), command.output()).await;
    let output = output.expect("the script ends").expect("there is a shell");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    stop.send(()).expect("the server still serves");
    let ended = tokio::time::timeout(Duration::from_secs(10), serving).await;
    ended.expect("the server stops when it is told").expect("the server did not panic");
    (out.into_owned(), store)
}

#[tokio::test]
async fn the_walk_through_builds_the_menu_071() {
    let data = tempfile::tempdir().unwrap();
    let (out, store) = run(data.path(), |sh| {
        sh.arg("docs/walkthrough.sh").env("PHONE_PASSWORD", "hush");
    })
    .await;
    for line in
        ["sound advertising: ", "sound hello: ", "phone 002: ", "phone 050: ", "context Main: 1", "rule of start: 2"]
    {
        assert!(out.contains(line), "{out}");
    }
    let listed = r#"[{"digits":"start"},{"digits":"timeout"},{"digits":"invalid"},{"digits":"2"},{"digits":"1"}]"#;
    assert!(out.contains(listed), "{out}");
    let config = store.snapshot();
    let ExtensionKind::Ivr(ivr) = &config.find_extension("071", None).unwrap().kind else { panic!("071 is a menu") };
    assert_eq!(ivr.sleep_time, Duration::from_secs(5));
    let main = &ivr.contexts[&ivr.entry_context.unwrap()];
    for (key, rules) in [("start", 2), ("timeout", 1), ("invalid", 0), ("1", 1), ("2", 1)] {
        assert_eq!(main.options[&key.parse::<OptionKey>().unwrap()].len(), rules, "{key}");
    }
    let ExtensionKind::Phone(phone) = &config.find_extension("050", None).unwrap().kind else { panic!("a phone") };
    assert_eq!(phone.password.as_deref(), Some("hush"));
}

#[tokio::test]
async fn every_example_of_the_api_document_works() {
    let document = std::fs::read_to_string(repository().join("docs/api.md")).unwrap();
    let mut script = String::from("set -eu\n");
    for block in document.split("```sh\n").skip(1) {
        script.push_str(block.split("```").next().unwrap());
    }
    let data = tempfile::tempdir().unwrap();
    let (out, _) = run(data.path(), |sh| {
        sh.arg("-c").arg(&script);
    })
    .await;
    assert!(out.contains("\"digits\""), "{out}");
}
