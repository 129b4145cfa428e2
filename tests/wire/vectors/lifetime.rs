//! Vectors 11 and 16: a menu's time is over in a prompt, in a wait, while it rings and while two talk; and what goes round until then.
//!
//! Sources: `ringme-ivr.md` 3.10.

use std::time::Duration;

use serde_json::{Value, json};

use super::{LATE, Scene, Vector, span};
use crate::calls::Caller;
use crate::sounds::RINGBACK;

/// Of the menus of vector 11, as the vector has it.
const LIFETIME: Duration = Duration::from_secs(10);
/// How long the phone rings, and two talk: longer than that.
const LONGER: Duration = Duration::from_secs(11);

/// A menu with a lifetime of ten seconds.
fn menu(scene: &Scene<'_>, number: &str, settings: Value, rules: &[Value]) {
    let mut settings = settings;
    settings["lifetime"] = json!(LIFETIME.as_secs());
    scene.exchange.menu_like(number, settings, json!({ "timeout": 60_000 }), &[("start", rules)]);
}

/// It ends prompts and waits, is put off while it rings, and does not part two who talk.
pub(super) fn vector_11(scene: &Scene<'_>) -> Vector {
    let transfer = |number: &str| {
        let seconds = LONGER.as_secs();
        json!({ "action": "transfer", "transfer_dst": number, "transfer_timeout": seconds, "final": false })
    };
    menu(scene, "6111", json!({}), &[scene.play("long"), scene.play("a")]);
    menu(scene, "6112", json!({}), &[scene.play("a")]);
    menu(scene, "6113", json!({}), &[transfer("2113"), scene.play("a")]);
    menu(scene, "6114", json!({}), &[transfer("2114"), scene.play("a")]);
    let elsewhere = json!({ "lifetime_exp_action": "transfer", "lifetime_exp_transfer_dst": "2115" });
    menu(scene, "6115", elsewhere, &[scene.play("a")]);
    let rings = scene.phone("2113", "callee-cancelled.xml");
    let talks = scene.phone("2114", "callee-stays.xml");
    let heir = scene.phone("2115", "callee.xml");
    let caller = |number: &str| Caller::new(number).hears(&[]);
    let callers = vec![caller("6111"), caller("6112"), caller("6113"), caller("6114").leaves(LONGER), caller("6115")];
    Vector::new(callers, move |scene, went| {
        went.heard_only(scene, "6111", &["long"]);
        let (heard, _) = went.heard(scene, "6111");
        assert!(span(&heard, "long").abs_diff(LIFETIME) < LATE, "{heard}");
        went.heard_only(scene, "6112", &["a"]);
        ["6111", "6112"].iter().for_each(|name| went.was_up(name, LIFETIME));
        // The attempt has its time; what comes then is the end in place of the next rule.
        went.heard_only(scene, "6113", &[RINGBACK]);
        went.was_up("6113", LONGER);
        rings.succeeds();
        let talked = &went.calls["6114"];
        assert!(talked.left && talked.up >= LONGER, "parted after {:?}\n{}", talked.up, scene.server.log());
        talks.succeeds();
        let (heard, _) = went.heard(scene, "6115");
        let rang = heard.first(RINGBACK).from.into_std() - went.calls["6115"].answered;
        assert!(rang + Duration::from_millis(50) >= LIFETIME && rang < LIFETIME + LATE, "rang after {rang:?}: {heard}");
        assert!(heir.succeeds().contains("INVITE sip:2115@"), "somebody else was called");
    })
}

/// The option `timeout` comes round after each wait, until the lifetime ends it.
pub(super) fn vector_16(scene: &Scene<'_>) -> Vector {
    let (lifetime, round) = (Duration::from_secs(8), Duration::from_secs(2));
    let mut prompt = scene.play("question");
    prompt["sound_type"] = json!("background");
    let options = [("start", &[scene.play("a")][..]), ("timeout", &[prompt])];
    let settings = json!({ "lifetime": lifetime.as_secs() });
    scene.exchange.menu_like("616", settings, json!({ "timeout": 1_000 }), &options);
    Vector::new(vec![Caller::new("616").hears(&[])], move |scene, went| {
        // 0.2 s of the first prompt and a second of waiting, and then a second each of prompt and wait.
        went.heard_only(scene, "616", &["a", "question", "question", "question", "question"]);
        let (heard, _) = went.heard(scene, "616");
        for two in heard.all("question").windows(2) {
            let between = two[1].from - two[0].from;
            assert!(between.abs_diff(round) < LATE, "{between:?}: {heard}");
        }
        went.was_up("616", lifetime);
    })
}
