use serde_json::{Value, json};

use super::*;
use crate::{ContextId, SoundId};

/// The keys of `ringme-ivr.md` 1.5.
const KEYS: [&str; 39] = [
    "id",
    "name",
    "action",
    "final",
    "interval",
    "caller_id_action",
    "caller_id",
    "call_status",
    "match_variable_name",
    "match_variable_value",
    "hangup_cause",
    "sound",
    "sound_type",
    "silence_time",
    "digits",
    "play_digits_method",
    "play_digits_variable",
    "record_digits_variable",
    "record_digits_max",
    "record_digits_sound",
    "record_digits_timeout",
    "context",
    "context_option",
    "transfer_dst",
    "transfer_timeout",
    "transfer_variable",
    "set_variable_name",
    "set_variable_value",
    "caller_id_number",
    "caller_id_name",
    "call_interactive_url",
    "call_interactive_method",
    "call_interactive_timeout",
    "max_rate",
    "voice_helper_rules",
    "voice_helper_timeout",
    "voice_helper_digits_max",
    "voice_helper_final_count",
    "voice_helper_classic_term",
];

#[test]
fn a_rule_is_written_with_its_39_keys_and_fresh_values() {
    let written = serde_json::to_value(Rule::default()).unwrap();
    let written = written.as_object().unwrap();
    assert_eq!(written.len(), 39);
    for key in KEYS {
        let fresh = match key {
            "id" => json!(0),
            "final" | "voice_helper_classic_term" => json!(true),
            "call_status" | "caller_id_action" => json!("any"),
            "hangup_cause" => json!("normal"),
            "max_rate" => json!(5),
            _ => Value::Null,
        };
        assert_eq!(written.get(key), Some(&fresh), "{key}");
    }
}

#[test]
fn fresh_settings_and_a_fresh_context_are_the_vendors_examples() {
    assert_eq!(
        serde_json::to_value(Ivr::default()).unwrap(),
        json!({
            "entry_context": null, "lifetime": 1800, "lifetime_exp_action": "hangup", "lifetime_exp_transfer_dst": null,
            "sleep_time": 0, "vm_enabled": false, "vm_greeting": null, "vm_attach_file": true, "vm_mailto": null
        })
    );
    assert_eq!(
        serde_json::to_value(Context::default().patch(&json!({"name": "Main"})).unwrap()).unwrap(),
        json!({
            "id": 0, "name": "Main", "timeout": 0, "inter_digit_timeout": 0, "digit_len": 0, "allow_any_dial": true,
            "description": null, "extra_params": null
        })
    );
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let body = json!({
        "action": "play_sound", "sound": 51, "sound_type": "background", "play_sound_from_variable": true,
        "context_option": "*1", "voice_helper_rules": [{"to_option": 1}]
    });
    let rule = Rule::default().patch(&body).unwrap();
    let stored = serde_json::to_string(&rule).unwrap();
    assert_eq!(serde_json::from_str::<Rule>(&stored).unwrap(), rule);
}

#[test]
fn a_rule_is_kept_as_what_it_has_of_its_own() {
    let body =
        json!({"action": "transfer", "transfer_dst": "101", "final": false, "max_rate": null, "transfer_mode": "auto"});
    let rule = Rule { id: crate::RuleId(7), ..Rule::default().patch(&body).unwrap() };
    let kept = rule.stored();
    assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), body);
    let read = Rule { id: rule.id, ..serde_json::from_str::<Rule>(&kept).unwrap() };
    assert_eq!(read, rule);
    assert_eq!(Rule::default().stored(), "{}");
}

#[test]
fn the_mode_of_a_transfer_is_written_where_it_is_not_the_usual_one() {
    let body = |mode: &str| json!({"action": "transfer", "transfer_dst": "101", "transfer_mode": mode});
    for mode in ["bridge", "refer", "auto"] {
        let rule = Rule::default().patch(&body(mode)).unwrap();
        let stored = serde_json::to_value(&rule).unwrap();
        assert_eq!(stored["transfer_mode"], mode);
        assert_eq!(serde_json::from_value::<Rule>(stored).unwrap(), rule);
        let usual = rule.patch(&body("trunk")).unwrap();
        assert_eq!(serde_json::to_value(&usual).unwrap().get("transfer_mode"), None);
    }
    let problems = Rule::default().patch(&body("forward")).unwrap_err();
    assert_eq!(problems[0].field, "transfer_mode");
}

#[test]
fn the_dialect_of_a_web_script_is_written_where_it_is_not_the_usual_one() {
    let body = |dialect: &str| json!({"action": "call_interactive", "call_interactive_dialect": dialect});
    let rule = Rule::default().patch(&body("voipnow")).unwrap();
    let stored = serde_json::to_value(&rule).unwrap();
    assert_eq!(stored["call_interactive_dialect"], "voipnow");
    assert_eq!(serde_json::from_value::<Rule>(stored).unwrap(), rule);
    let usual = rule.patch(&body("ucom")).unwrap();
    assert_eq!(serde_json::to_value(&usual).unwrap().as_object().unwrap().len(), 39);
    assert_eq!(Rule::default().patch(&body("twiml")).unwrap_err()[0].field, "call_interactive_dialect");
}

#[test]
fn numbers_may_be_strings_and_strings_numbers() {
    let body = json!({"action": "transfer", "transfer_dst": 101, "transfer_timeout": "20", "sound": "51", "context_option": 2});
    let rule = Rule::default().patch(&body).unwrap();
    assert_eq!(rule.transfer_dst.as_deref(), Some("101"));
    assert_eq!(rule.transfer_timeout, Some(20));
    assert_eq!(rule.sound, Some(SoundId(51)));
    assert_eq!(rule.context_option, Some("2".parse().unwrap()));
}

#[test]
fn a_request_changes_what_it_names_and_null_clears() {
    let old = Rule::default()
        .patch(&json!({
            "action": "transfer", "transfer_dst": "101", "final": false, "call_status": "busy", "name": "first",
            "hangup_cause": "busy", "sound": 5
        }))
        .unwrap();
    let new = old
        .patch(&json!({
            "action": "hangup", "final": null, "call_status": null, "name": null, "hangup_cause": null, "sound": 0,
            "unheard_of": {"a": 1}
        }))
        .unwrap();
    assert_eq!(new.transfer_dst.as_deref(), Some("101"), "not named, so not changed");
    assert_eq!(new, Rule { action: Some(ActionName::Hangup), transfer_dst: Some("101".into()), ..Rule::default() });
    let settings = Ivr::default().patch(&json!({"lifetime": null, "sleep_time": null, "entry_context": 1})).unwrap();
    assert_eq!((settings.lifetime, settings.sleep_time, settings.entry_context), (None, 0, Some(ContextId(1))));
    assert_eq!(settings.patch(&json!({"id": 7})).unwrap(), settings);
}

#[test]
fn every_wrong_value_names_its_field() {
    for (field, wrong) in [
        ("action", json!("sing")),
        ("action", json!(1)),
        ("name", json!("n".repeat(256))),
        ("final", json!("yes")),
        ("interval", json!(-1)),
        ("caller_id_action", json!("match")),
        ("caller_id", json!([])),
        ("call_status", json!("ANY")),
        ("match_variable_value", json!({})),
        ("sound", json!(1.5)),
        ("sound", json!("")),
        ("sound", json!("+1")),
        ("sound", json!(u64::MAX)),
        ("sound_type", json!("loud")),
        ("play_sound_from_variable", json!(1)),
        ("silence_time", json!(86_400_001)),
        ("silence_time", json!("soon")),
        ("play_digits_method", json!("sung")),
        ("record_digits_max", json!(33)),
        ("context", json!("main")),
        ("context_option", json!("begin")),
        ("context_option", json!(true)),
        ("transfer_dst", json!("1\r\n2")),
        ("transfer_timeout", json!(86_401)),
        ("call_interactive_method", json!("PUT")),
        ("voice_helper_rules", json!("x".repeat(70_000))),
        ("voice_helper_classic_term", json!(0)),
    ] {
        let mut body = json!({"action": "hangup"});
        body[field] = wrong.clone();
        let problems = Rule::default().patch(&body).unwrap_err();
        assert_eq!(problems.len(), 1, "{field} {wrong}");
        assert_eq!(problems[0].field, field, "{wrong}");
    }
}

#[test]
fn all_problems_are_told_at_once_and_in_words() {
    let problems = Rule::default().patch(&json!({"action": "x", "sound": "a", "final": 3})).unwrap_err();
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3);
    assert!(told[0].starts_with("action: unknown action \"x\"; one of: transfer, simple_transfer,"), "{}", told[0]);
    assert_eq!(told[1], "final: must be true or false");
    assert_eq!(told[2], "sound: must be a whole number from 0 to 9007199254740991");
}

#[test]
fn a_rule_without_an_action_and_a_context_without_a_name_are_refused() {
    for body in [json!({}), json!({"action": null})] {
        assert_eq!(Rule::default().patch(&body), Err(vec![FieldError::required("action")]));
    }
    for body in [json!({}), json!({"name": null}), json!({"name": " "})] {
        assert_eq!(Context::default().patch(&body), Err(vec![FieldError::required("name")]));
    }
    let named = Context { name: "Main".into(), ..Context::default() };
    assert_eq!(named.patch(&json!({"timeout": 5000})).unwrap().timeout, 5000);
    for body in [json!([]), json!("x"), Value::Null] {
        assert_eq!(Rule::default().patch(&body).unwrap_err()[0].field, "");
    }
}

#[test]
fn a_position_counts_from_one() {
    for (body, position) in [
        (json!({}), Some(None)),
        (json!({"order_position": null}), Some(None)),
        (json!({"order_position": "2"}), Some(Some(2))),
        (json!({"order_position": 0}), Some(Some(1))),
        (json!({"order_position": "first"}), None),
    ] {
        assert_eq!(order_position(&body).ok(), position, "{body}");
    }
}
