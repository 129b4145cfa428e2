use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use antiphon_ivr::rules::OptionKey;
use antiphon_ivr::simulator::{self, Event, Scenario, Target, simulate};
use antiphon_ivr::{Digit, Script};
use serde_json::Value;

use super::{Found, prepare};
use crate::store::{ClientId, Config, ExtensionKind, Store};

#[tokio::test]
async fn an_empty_directory_gets_a_client_credentials_and_the_demo() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    assert_eq!(prepare(&store, data.path()).await.unwrap(), Found::Nothing);
    let config = store.snapshot();
    assert_eq!(config.client(ClientId(1)).unwrap().prefix, "000");

    let path = data.path().join("credentials.json");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let credentials: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let application = config.application(credentials["client_id"].as_str().unwrap()).unwrap();
    assert!(application.secret.verify(credentials["client_secret"].as_str().unwrap()));

    let demo = config.find_extension("100", None).unwrap();
    let ExtensionKind::Ivr(ivr) = &demo.kind else { panic!("the demo is a menu") };
    let entry = &ivr.contexts[&ivr.entry_context.unwrap()];
    assert_eq!(entry.name, "English");
    assert_eq!(entry.max_digits(), 1, "a key acts at once");
    assert_eq!(entry.options[&OptionKey::Start].len(), 2);
    for key in ["timeout", "invalid", "0", "1", "2", "3", "4"] {
        assert!(!entry.options[&key.parse().unwrap()].is_empty(), "{key} does something");
    }
    assert!(config.find_extension("102", None).is_some());
}

#[tokio::test]
async fn a_store_in_use_is_left_alone() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    prepare(&store, data.path()).await.unwrap();
    let before = (store.snapshot().revision, std::fs::read(data.path().join("credentials.json")).unwrap());
    assert_eq!(prepare(&store, data.path()).await.unwrap(), Found::Clients);
    assert_eq!(before, (store.snapshot().revision, std::fs::read(data.path().join("credentials.json")).unwrap()));
}

/// What a caller of the demo hears and where they are led, who presses these keys at these seconds and then hangs up.
fn story(config: &Config, number: &str, keys: &[(u64, char)], leaves: u64) -> Vec<String> {
    let extension = config.find_extension(number, None).unwrap();
    let ExtensionKind::Ivr(ivr) = &extension.kind else { panic!("a menu") };
    let sounds = config.sounds().map(|sound| {
        let heard = simulator::Sound { name: sound.title.clone(), length: sound.audio.duration() };
        (sound.id, heard)
    });
    let press = |&(at, key)| (Duration::from_secs(at), Event::Pressed(Digit::from_char(key).unwrap()));
    let mut timeline: Vec<_> = keys.iter().map(press).collect();
    timeline.push((Duration::from_secs(leaves), Event::HungUp));
    let other = |number| Target::Ivr(config.find_extension(number, None).unwrap().id);
    let scenario = Scenario {
        sounds: sounds.collect(),
        internal: ["100", "101", "102"].map(str::to_owned).into(),
        targets: [("102".to_owned(), other("102")), ("100".to_owned(), other("100"))].into(),
        timeline,
        ..Scenario::default()
    };
    let transcript = simulate(&Script::Rules(Arc::clone(ivr)), &scenario, Instant::now());
    transcript.lines.into_iter().map(|line| line.text).collect()
}

#[tokio::test]
async fn the_demo_does_what_its_prompts_say() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    prepare(&store, data.path()).await.unwrap();
    let config = store.snapshot();
    for (number, key, leaves, expected) in [
        ("100", '1', 30, &["play en/demo-introduction, background", "play en/demo-menu, background"][..]),
        ("100", '2', 12, &["play ru/demo-welcome, background", "play ru/demo-menu, background"]),
        ("100", '3', 30, &["dial 102 for 60 s", "handed over to extension 2"]),
        (
            "100",
            '4',
            30,
            &[
                "play en/demo-calling, foreground",
                "dial 101 for 20 s",
                "… no answer",
                "play en/demo-nobody, background",
            ],
        ),
        ("100", '0', 60, &["play en/goodbye, foreground", "hang up"]),
        ("100", '7', 12, &["play en/invalid-choice, background", "play en/demo-menu, background"]),
        ("102", '1', 12, &["dial 100 for 60 s", "handed over to extension 1"]),
        ("102", '0', 60, &["play en/goodbye, foreground", "hang up"]),
    ] {
        let story = story(&config, number, &[(2, key)], leaves);
        let collected = format!("… collected {key}, all digits");
        let after: Vec<_> = story.iter().skip_while(|line| **line != collected).skip(1).take(expected.len()).collect();
        assert_eq!(after, expected, "{key} at {number}: {story:#?}");
    }
    let silent = story(&config, "100", &[], 40);
    let said: Vec<_> = silent.iter().filter(|line| line.starts_with("play ")).collect();
    let [welcome, menu] = ["play en/demo-welcome, background", "play en/demo-menu, background"];
    assert_eq!(said, [welcome, menu, menu, menu], "who presses nothing hears the menu again");
}
