//! The demo menu of a first start: what the README says of its keys is what a caller hears.
//!
//! Sources: README.md, "Hear a menu"; `interface.md`, "First start".

use std::time::Duration;

use antiphon_media::{Audio, Codec};
use antiphon_sip::EndReason;
use antiphon_testkit::{Heard, KnownSounds, SimPhone, Stage};

use crate::world::{World, on_its_own, pass};

/// The prompts of the demo, as the tree has them.
const PROMPTS: [&str; 9] = [
    "en/demo-welcome",
    "en/demo-menu",
    "en/demo-introduction",
    "en/invalid-choice",
    "en/goodbye",
    "en/demo-second-menu",
    "en/demo-calling",
    "en/demo-nobody",
    "ru/demo-welcome",
];

fn known() -> KnownSounds {
    let sounds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../sounds");
    PROMPTS.into_iter().fold(KnownSounds::new(Codec::Pcma), |known, name| {
        let file = std::fs::read(sounds.join(name).with_extension("wav")).expect("a prompt of the demo");
        known.with(name, &Audio::from_wav(&file).expect("a WAV file"))
    })
}

/// A stretch of a prompt shorter than this may be of any of them: one voice speaks them all, and begins each the same way.
const TELLING: Duration = Duration::from_millis(250);

/// The prompts that a caller heard, in order, without the silence in and between them.
fn prompts(caller: &SimPhone) -> Vec<String> {
    let heard = Heard::of(&caller.received(), &known());
    let telling = heard.spans.iter().filter(|span| span.duration() >= TELLING);
    let mut names: Vec<String> = telling.map(|span| span.sound.to_string()).filter(|name| name.contains('/')).collect();
    names.dedup();
    names
}

/// Calls the demo, presses a key in its welcome, and listens for so many seconds.
async fn pressed(key: char, seconds: u64, expected: &[&str]) {
    let world = World::of_the_demo().await;
    let caller = world.caller();
    caller.call("100").await;
    caller.up().await;
    pass(900).await;
    caller.press(key).await;
    pass(seconds * 1_000).await;
    let heard = prompts(&caller);
    assert_eq!(heard[0], "en/demo-welcome", "{key}");
    assert!(
        heard[1..].starts_with(&expected.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()),
        "{key}: {heard:?}"
    );
    if key == '0' {
        assert_eq!(caller.stage(), Stage::Over(EndReason::RemoteBye));
    } else {
        assert_eq!(caller.stage(), Stage::Up, "{key}");
        caller.hang_up().await;
    }
    world.leaves_nothing().await;
}

#[test]
fn each_key_of_the_demo_does_what_the_readme_says() {
    on_its_own(pressed('1', 40, &["en/demo-introduction", "en/demo-menu"]));
    on_its_own(pressed('2', 10, &["ru/demo-welcome"]));
    on_its_own(pressed('3', 10, &["en/demo-second-menu"]));
    on_its_own(pressed('4', 30, &["en/demo-calling", "en/demo-nobody", "en/demo-menu"]));
    on_its_own(pressed('0', 10, &["en/goodbye"]));
    on_its_own(pressed('9', 10, &["en/invalid-choice", "en/demo-menu"]));
}
