use serde_json::{Value, json};

use super::*;

fn interval(zone: &str, conditions: &Value) -> Interval {
    of(&json!({"name": "hours", "timezone": zone, "conditions": conditions}))
}

fn of(body: &Value) -> Interval {
    let written = wire::Interval::default().patch(body).expect("the types are right");
    Interval::check(&written).expect("the parts belong together")
}

/// The moment when clocks in a zone show this; of two, the first.
fn at(zone: &str, local: &str) -> Timestamp {
    let zone = TimeZone::get(zone).expect("a zone");
    zone.to_timestamp(local.parse::<DateTime>().expect("a date and time")).expect("a moment")
}

#[track_caller]
fn check(interval: &Interval, zone: &str, cases: &[(&str, bool)]) {
    for (local, active) in cases {
        assert_eq!(interval.is_active(at(zone, local)), *active, "{local} {zone}");
    }
}

/// Vector 10 of `ringme-ivr.md` 7. In 2026 the 5th of July is a Sunday.
#[test]
fn weekdays_may_go_over_the_end_of_the_week() {
    let but_monday = interval("UTC", &json!([{"start_dow": 3, "end_dow": 1}]));
    for (day, active) in (4..=11).zip([true, true, false, true, true, true, true, true]) {
        assert_eq!(but_monday.is_active(at("UTC", &format!("2026-07-{day:02} 12:00:00"))), active, "{day} July");
    }
    let sunday = interval("UTC", &json!([{"start_dow": 1, "end_dow": 1}]));
    check(
        &sunday,
        "UTC",
        &[("2026-07-05 00:00:00", true), ("2026-07-04 23:59:59", false), ("2026-07-06 00:00:00", false)],
    );
}

#[test]
fn the_parts_of_a_condition_hold_together_and_conditions_each_for_itself() {
    let mondays_and_tuesdays_of_july = json!([{"month": 7, "start_dow": 2, "end_dow": 3}, {"month": 12}]);
    check(
        &interval("UTC", &mondays_and_tuesdays_of_july),
        "UTC",
        &[
            ("2026-07-06 00:00:00", true),
            ("2026-07-07 23:59:59", true),
            ("2026-07-08 00:00:00", false),
            ("2026-06-30 12:00:00", false),
            ("2026-12-25 12:00:00", true),
        ],
    );
    let days = json!([{"start_mday": 10, "end_mday": 12, "start_time": "09:00:00", "end_time": "17:59:59"}]);
    check(
        &interval("UTC", &days),
        "UTC",
        &[
            ("2026-07-10 09:00:00", true),
            ("2026-07-12 17:59:59.9", true),
            ("2026-07-12 18:00:00", false),
            ("2026-07-11 08:59:59.9", false),
            ("2026-07-13 12:00:00", false),
        ],
    );
}

#[test]
fn a_night_is_two_conditions() {
    let night =
        json!([{"start_time": "22:00:00", "end_time": "23:59:59"}, {"start_time": "00:00:00", "end_time": "05:59:59"}]);
    check(
        &interval("Asia/Yerevan", &night),
        "Asia/Yerevan",
        &[
            ("2026-07-06 21:59:59", false),
            ("2026-07-06 22:00:00", true),
            ("2026-07-06 23:59:59.999", true),
            ("2026-07-07 00:00:00", true),
            ("2026-07-07 06:00:00", false),
        ],
    );
}

/// With dates and times nothing else of the condition counts.
#[test]
fn two_moments_override_everything_else() {
    let once = json!([{"start_datetime": "2026-12-31 18:00:00", "end_datetime": "2027-01-01 06:00:00", "start_dow": 2, "month": 5}]);
    check(
        &interval("Europe/Moscow", &once),
        "Europe/Moscow",
        &[
            ("2026-12-31 17:59:59.9", false),
            ("2026-12-31 18:00:00", true),
            ("2027-01-01 06:00:00.9", true),
            ("2027-01-01 06:00:01", false),
            ("2026-05-04 12:00:00", false),
        ],
    );
}

#[test]
fn an_interval_has_its_own_zone() {
    let morning = json!([{"start_time": "09:00:00", "end_time": "09:59:59"}]);
    check(&interval("Asia/Yerevan", &morning), "UTC", &[("2026-07-06 05:30:00", true), ("2026-07-06 09:30:00", false)]);
    check(
        &interval("america/new_york", &morning),
        "UTC",
        &[("2026-07-06 13:30:00", true), ("2026-01-06 13:30:00", false)],
    );
    // A day of the week is one of that zone, too.
    let sunday = json!([{"start_dow": 1, "end_dow": 1}]);
    check(
        &interval("Pacific/Auckland", &sunday),
        "UTC",
        &[("2026-07-04 12:00:00", true), ("2026-07-05 12:00:00", false)],
    );
}

/// In Berlin 2:00 to 3:00 is left out on 2026-03-29 and comes twice on 2026-10-25.
#[test]
fn days_on_which_clocks_change() {
    let early = interval("Europe/Berlin", &json!([{"start_time": "02:00:00", "end_time": "02:59:59"}]));
    let utc = |local: &str, active: bool| assert_eq!(early.is_active(at("UTC", local)), active, "{local}");
    utc("2026-03-29 00:59:59", false);
    utc("2026-03-29 01:00:00", false);
    utc("2026-10-25 00:30:00", true);
    utc("2026-10-25 01:30:00", true);
    utc("2026-10-25 02:00:00", false);
    let twice = json!([{"start_datetime": "2026-10-25 02:30:00", "end_datetime": "2026-10-25 02:45:00"}]);
    let once = interval("Europe/Berlin", &twice);
    for (local, active) in [
        ("2026-10-25 00:29:59", false),
        ("2026-10-25 00:30:00", true),
        ("2026-10-25 01:15:00", true),
        ("2026-10-25 01:45:00", true),
        ("2026-10-25 01:45:01", false),
    ] {
        assert_eq!(once.is_active(at("UTC", local)), active, "{local}");
    }
}

#[test]
fn shifts_repeat_from_their_first_day() {
    let cycle = json!({
        "name": "shift", "timezone": "Asia/Yekaterinburg", "type": "scheduled_days",
        "conditions": [{"sched_start_date": "2026-07-06", "sched_active_days": 2, "sched_skip_days": 3,
                        "start_time": "08:00:00", "end_time": "19:59:59"}],
    });
    let shifts = of(&cycle);
    let working = |day: i8| shifts.is_active(at("Asia/Yekaterinburg", &format!("2026-07-{day:02} 12:00:00")));
    let days: Vec<i8> = (1..=31).filter(|day| working(*day)).collect();
    assert_eq!(days, [6, 7, 11, 12, 16, 17, 21, 22, 26, 27, 31]);
    check(&shifts, "Asia/Yekaterinburg", &[("2026-07-06 07:59:59", false), ("2027-07-06 12:00:00", true)]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let told = |body: Value| {
        let problems = wire::Interval::default().patch(&body).and_then(|written| Interval::check(&written).map(drop));
        problems.expect_err("it is refused").iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told(json!({})), ["name: is required", "timezone: is required", "conditions: is required"]);
    assert_eq!(
        told(json!({"name": "x", "timezone": "UTC", "conditions": [
            {"start_dow": 0, "end_dow": 8, "month": 13}, 7, {"start_time": "24:00:00", "end_datetime": "tomorrow"}]})),
        [
            "conditions[0].start_dow: must be a whole number from 1 to 7",
            "conditions[0].end_dow: must be a whole number from 1 to 7",
            "conditions[0].month: must be a whole number from 1 to 12",
            "conditions[1]: the body must be a JSON object",
            "conditions[2].start_time: must be a time from 00:00:00 to 23:59:59, as hh:mm:ss",
            "conditions[2].end_datetime: must be a date and a time, as YYYY-MM-DD hh:mm:ss",
        ]
    );
    assert_eq!(
        told(json!({"name": "x", "timezone": "Mars/Olympus", "conditions": [
            {"start_mday": 5}, {}, {"start_time": "22:00:00", "end_time": "06:00:00"}, {"start_mday": 9, "end_mday": 8},
            {"start_datetime": "2026-01-02 00:00:00", "end_datetime": "2026-01-01 00:00:00"},
            {"month": 1, "sched_active_days": 2}]})),
        [
            "timezone: must be a time zone of the IANA database, such as Europe/Moscow, Asia/Yerevan or UTC",
            "conditions[0].end_mday: is required where start_mday is set",
            "conditions[1]: names neither days nor times",
            "conditions[2].end_time: must not come before start_time; what goes over midnight is two conditions",
            "conditions[3].end_mday: must not come before start_mday",
            "conditions[4].end_datetime: must not come before start_datetime",
            "conditions[5].sched_active_days: goes with the type scheduled_days",
        ]
    );
    assert_eq!(
        told(json!({"name": "x", "timezone": "UTC", "type": "scheduled_days", "conditions": [{"month": 2}]})),
        [
            "conditions[0].sched_start_date: is required where type is scheduled_days",
            "conditions[0].sched_active_days: is required where type is scheduled_days",
            "conditions[0].sched_skip_days: is required where type is scheduled_days",
        ]
    );
    assert_eq!(told(json!({"name": "x", "timezone": "UTC", "conditions": []})), ["conditions: must hold a condition"]);
}

#[test]
fn an_interval_is_written_as_it_is_read() {
    let body = json!({
        "name": "night", "timezone": "europe/moscow",
        "conditions": [{"start_time": "22:00:00", "end_time": "23:59:59", "start_dow": "2", "end_dow": 6,
                        "sched_start_date": null}],
    });
    let written = wire::Interval::default().patch(&body).unwrap();
    let text = serde_json::to_string(&written).unwrap();
    assert!(text.contains(r#""timezone":"Europe/Moscow","type":"usual""#), "{text}");
    assert!(text.contains(r#""start_time":"22:00:00""#), "{text}");
    assert_eq!(serde_json::from_str::<wire::Interval>(&text).unwrap(), written);
    let renamed = written.patch(&json!({"name": "nights"})).unwrap();
    assert_eq!((renamed.conditions.len(), renamed.name.as_str()), (1, "nights"));
    assert_eq!(written.patch(&json!({"conditions": null})).unwrap_err()[0].to_string(), "conditions: is required");
}
