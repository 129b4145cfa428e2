//! Vectors 8, 12, 14 and 15: what a web server says, what a caller enters and how it rates, and a text that nobody said.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{LATE, Scene, Vector};
use crate::calls::Caller;
use crate::interactive::asking;
use crate::sounds::RINGBACK;

/// A web server names who is responsible, and that phone rings; where it names nobody, nothing rings and the greeting plays.
pub(super) fn vector_8(scene: &Scene<'_>) -> Vector {
    let ringing = Duration::from_secs(1);
    for (number, path) in [("6081", "/manager"), ("6082", "/nothing")] {
        let transfer = json!({
            "action": "transfer_from_variable", "transfer_variable": "mgr", "transfer_timeout": ringing.as_secs(), "final": false,
        });
        let rules = [asking(&scene.scripts, path, None), transfer, scene.play("a"), json!({ "action": "hangup" })];
        scene.exchange.menu_of(number, &rules);
    }
    let manager = scene.phone("207", "callee-cancelled.xml");
    let callers = ["6081", "6082"].map(|number| Caller::new(number).hears(&[]));
    Vector::new(callers.to_vec(), move |scene, went| {
        went.heard_only(scene, "6081", &[RINGBACK, "a"]);
        went.was_up("6081", ringing + Duration::from_millis(200));
        let said = manager.succeeds();
        assert!(said.contains("INVITE sip:207@") && said.contains("<sip:+78121234567@"), "{said}");
        went.heard_only(scene, "6082", &["a"]);
        went.was_up("6082", Duration::from_millis(200));
    })
}

/// `#` and the greatest number end what is entered; who enters nothing leaves the variable unset, and nothing is said of it.
pub(super) fn vector_12(scene: &Scene<'_>) -> Vector {
    let wait = Duration::from_secs(2);
    let rules = [
        json!({ "action": "record_digits", "record_digits_variable": "pin", "record_digits_max": 4, "record_digits_timeout": wait.as_secs() }),
        asking(&scene.scripts, "/nothing?pin=$pin", None),
        json!({ "action": "play_digits_from_variable", "play_digits_variable": "pin", "play_digits_method": "iterated" }),
        scene.play("a"),
        json!({ "action": "hangup" }),
    ];
    scene.exchange.menu_of("612", &rules);
    let caller = |name: &str, keys: &str| {
        let keys: Vec<_> = (15..).zip(keys.chars()).collect();
        Caller::new("612").named(name).hears(&keys)
    };
    let callers = vec![caller("hash", "12#"), caller("four", "1234"), caller("nothing", "")];
    Vector::new(callers, move |scene, went| {
        let digit = |digit: char| format!("en/digits/{digit}");
        for (name, entered) in [("hash", "12"), ("four", "1234"), ("nothing", "")] {
            let expected: Vec<_> = entered.chars().map(digit).chain(["a".to_owned()]).collect();
            went.heard_only(scene, name, &expected.iter().map(String::as_str).collect::<Vec<_>>());
            let asked = went.said.iter().filter(|line| line.starts_with(&format!("asked /nothing?pin={entered}&")));
            assert_eq!(asked.count(), 1, "{name}: {:?}", went.said);
        }
        went.was_up("nothing", wait + Duration::from_millis(200));
        // What ends an input early is not waited for.
        let (heard, _) = went.heard(scene, "four");
        let (answered, first) = (went.calls["four"].answered, heard.first("en/digits/1").from.into_std());
        assert!(first - answered < wait, "{heard}");
    })
}

/// Seven is no answer, so the question comes again; four is, and is kept once.
pub(super) fn vector_14(scene: &Scene<'_>) -> Vector {
    let rate = json!({ "action": "quality_rate", "sound": scene.sounds["question"], "max_rate": 5 });
    let rules = [rate, scene.play("a"), json!({ "action": "hangup" })];
    let menu = scene.exchange.menu_like("614", json!({}), json!({}), &[("start", &rules)]);
    // Each in the midst of the question.
    let caller = Caller::new("614").hears(&[(20, '7'), (60, '4')]);
    Vector::new(vec![caller], move |scene, went| {
        went.heard_only(scene, "614", &["question", "question", "a"]);
        // A rating is written behind the call.
        let until = Instant::now() + Duration::from_secs(10);
        let rows = loop {
            let rows = scene.exchange.get("/client/@me/quality_rate/");
            if rows.as_array().is_some_and(|rows| !rows.is_empty()) || Instant::now() > until {
                break rows;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
        assert_eq!((&rows[0]["rate"], &rows[0]["max_rate"], &rows[0]["extension_id"]), (&json!(4), &json!(5), &menu));
    })
}

/// Nobody has rendered a text, so the sound of the rule plays.
pub(super) fn vector_15(scene: &Scene<'_>) -> Vector {
    let mut rule = scene.play("a");
    rule["play_sound_from_variable"] = json!(true);
    scene.exchange.menu_of("615", &[rule, json!({ "action": "hangup" })]);
    Vector::new(vec![Caller::new("615").hears(&[])], |scene, went| {
        went.heard_only(scene, "615", &["a"]);
        assert!(went.calls["615"].up < Duration::from_millis(200) + LATE);
    })
}
