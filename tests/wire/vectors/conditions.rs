//! Vectors 6 and 10: rules that are for some callers only, and for some times only.
//!
//! Shape: each rule has a sound of its own, so what is heard is the list of the rules that ran.
//! Time: what the calendar says is asked of `date`, in a zone in which it is noon now and no day ends while the test runs.

use std::process::Command;

use serde_json::{Value, json};

use super::{Scene, Vector};
use crate::calls::Caller;

/// The four ways to look at a caller, with a pattern that knows a number with its plus and without.
pub(super) fn vector_6(scene: &Scene<'_>) -> Vector {
    let ways = [("matches", "a"), ("not_matches", "b"), ("anonymous", "c"), ("any", "d")];
    let rule = |(way, prompt): (&str, &str)| {
        let mut rule = scene.play(prompt);
        rule["caller_id_action"] = json!(way);
        rule["caller_id"] = json!(r"^(\+|)7812");
        rule
    };
    let rules: Vec<_> = ways.into_iter().map(rule).chain([json!({ "action": "hangup" })]).collect();
    scene.exchange.menu_of("606", &rules);
    let callers = [
        ("plus", "<sip:+78121234567@127.0.0.1>", ["a", "d"].as_slice()),
        ("plain", "<sip:78121234567@127.0.0.1>", &["a", "d"]),
        ("other", "<sip:74951234567@127.0.0.1>", &["b", "d"]),
        ("anonymous", "\"Anonymous\" <sip:anonymous@anonymous.invalid>", &["b", "c", "d"]),
    ];
    let all = callers.map(|(name, from, _)| Caller::new("606").named(name).from(from).hears(&[]));
    Vector::new(all.to_vec(), move |scene, went| {
        callers.iter().for_each(|(name, _, expected)| went.heard_only(scene, name, expected));
    })
}

/// What `date` says in this zone, which is so many hours before UTC.
fn date(hours: i32, words: &[&str]) -> String {
    // POSIX counts hours to the west.
    let output = Command::new("date").args(words).env("TZ", format!("HERE{}", -hours)).output();
    let output = output.expect("coreutils are installed");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

fn number(hours: i32, format: &str) -> i32 {
    date(hours, &[format]).parse().expect("a number")
}

/// The hours before UTC at which it is this hour now, and the name of that zone.
fn where_it_is(hour: i32) -> (i32, String) {
    // From 11 hours behind UTC to 12 before it.
    let hours = (hour - number(0, "+%-H") + 11).rem_euclid(24) - 11;
    let name = match hours {
        0 => "Etc/UTC".to_owned(),
        // As in POSIX, these names count to the west.
        east if east > 0 => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", -west),
    };
    (hours, name)
}

/// Weekdays over the end of the week, a month, two moments, and a night of two conditions, in zones that are not the server's.
pub(super) fn vector_10(scene: &Scene<'_>) -> Vector {
    let (hours, noon) = where_it_is(12);
    let (late, early) = (where_it_is(23).1, where_it_is(2).1);
    // 1 is Sunday.
    let (today, month) = (number(hours, "+%w") + 1, number(hours, "+%-m"));
    let after = |days: i32| (today - 1 + days).rem_euclid(7) + 1;
    let day = |words: &str| format!("{} 12:00:00", date(hours, &["-d", words, "+%F"]));
    let dow = |start: i32, end: i32| json!({ "start_dow": start, "end_dow": end });
    let once = |from: String, until: String, dow: i32| json!({ "start_datetime": from, "end_datetime": until, "start_dow": dow, "end_dow": dow });
    let night = [
        json!({ "start_time": "22:00:00", "end_time": "23:59:59" }),
        json!({ "start_time": "00:00:00", "end_time": "06:00:00" }),
    ];
    let cases: [(&str, &str, &[Value], bool); 10] = [
        ("all but Monday", &noon, &[dow(3, 1)], today != 2),
        ("all but today", &noon, &[dow(after(1), after(-1))], false),
        ("all but yesterday", &noon, &[dow(after(0), after(-2))], true),
        ("this month", &noon, &[json!({ "month": month })], true),
        ("next month", &noon, &[json!({ "month": month % 12 + 1 })], false),
        ("today, and the weekday says tomorrow", &noon, &[once(day("yesterday"), day("tomorrow"), after(1))], true),
        ("long ago, and the weekday says today", &noon, &[once(day("3 days ago"), day("2 days ago"), today)], false),
        ("night, where it is late", &late, &night, true),
        ("night, where it is early", &early, &night, true),
        ("night, where it is noon", &noon, &night, false),
    ];
    let prompts = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let rule = |((name, zone, conditions, _), prompt): ((&str, &str, &[Value], bool), &str)| {
        let mut rule = scene.play(prompt);
        rule["interval"] = scene.exchange.interval(name, zone, conditions);
        rule
    };
    let rules = cases.into_iter().zip(prompts).map(rule).chain([json!({ "action": "hangup" })]);
    scene.exchange.menu_of("610", &rules.collect::<Vec<_>>());
    let active: Vec<_> = cases.iter().zip(prompts).filter(|(case, _)| case.3).map(|(_, prompt)| prompt).collect();
    Vector::new(vec![Caller::new("610").hears(&[])], move |scene, went| went.heard_only(scene, "610", &active))
}
