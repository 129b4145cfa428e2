use serde_json::{Value, json};

use super::*;

/// Sounds 51 and 52, contexts 1 and 2.
struct Stored;

impl References for Stored {
    fn has_sound(&self, sound: SoundId) -> bool {
        [51, 52].contains(&sound.0)
    }

    fn has_context(&self, context: ContextId) -> bool {
        [1, 2].contains(&context.0)
    }

    fn has_interval(&self, interval: IntervalId) -> bool {
        interval.0 == 1
    }
}

fn check(body: &Value) -> Result<Rule, Vec<String>> {
    let rule = wire::Rule::default().patch(body).expect("the types are right");
    Rule::check(&rule, &Stored).map_err(|problems| problems.into_iter().map(|problem| problem.to_string()).collect())
}

fn refused(body: &Value) -> Vec<String> {
    check(body).expect_err("the rule is refused")
}

#[test]
fn each_action_passes_with_what_it_needs() {
    for body in [
        json!({"action": "transfer", "transfer_dst": "1 2 3 4 5 6 7 8 9 10"}),
        json!({"action": "transfer", "transfer_dst": "${mgr}"}),
        json!({"action": "simple_transfer", "transfer_dst": "1 2 3 4 5 6 7 8 9 10 11"}),
        json!({"action": "transfer_from_variable", "transfer_variable": "mgr"}),
        json!({"action": "hangup"}),
        json!({"action": "play_sound", "sound": 51, "sound_type": "background"}),
        json!({"action": "play_sound", "sound_type": "background", "play_sound_from_variable": true}),
        json!({"action": "voice_helper", "voice_helper_timeout": 12000,
               "voice_helper_rules": [{"to_option": 1, "transcription": "машина|техник"}, {"to_option": "start", "transcription": "^(?!no)"}]}),
        json!({"action": "play_silence", "silence_time": 1}),
        json!({"action": "play_digits", "digits": "12", "play_digits_method": "pronounced"}),
        json!({"action": "play_digits", "digits": "+7 *#", "play_digits_method": "iterated", "sound_type": "background"}),
        json!({"action": "play_digits_from_variable", "play_digits_variable": "sum", "play_digits_method": "pronounced"}),
        json!({"action": "jump_to_context", "context": 2}),
        json!({"action": "jump_to_context", "context": 2, "context_option": "77"}),
        json!({"action": "set_variable", "set_variable_name": "a", "set_variable_value": ""}),
        json!({"action": "set_caller_id_number", "caller_id_number": "${caller_id_number}"}),
        json!({"action": "set_caller_id_name", "caller_id_name": "Shop"}),
        json!({"action": "hangup", "match_variable_name": "a", "match_variable_value": ""}),
        json!({"action": "hangup", "caller_id_action": "matches", "caller_id": "^7(?!812)"}),
        json!({"action": "record_digits", "record_digits_variable": "pin", "record_digits_max": 4}),
        json!({"action": "record_digits", "record_digits_variable": "pin", "record_digits_max": 4, "record_digits_sound": 51}),
        json!({"action": "quality_rate", "sound": 51}),
        json!({"action": "quality_rate", "sound": 51, "max_rate": 9}),
        json!({"action": "hangup", "interval": 1}),
        json!({"action": "hangup", "interval": 0, "caller_id": "(", "match_variable_value": "unused"}),
    ] {
        assert!(check(&body).is_ok(), "{body}: {:?}", check(&body));
    }
}

#[test]
fn each_action_is_refused_without_what_it_needs() {
    for (body, problem) in [
        (json!({"action": "transfer"}), "transfer_dst: is required"),
        (json!({"action": "transfer", "transfer_dst": "  "}), "transfer_dst: is required"),
        (
            json!({"action": "transfer", "transfer_dst": "1 2 3 4 5 6 7 8 9 10 11"}),
            "transfer_dst: must be 1 to 10 numbers separated by spaces, and holds 11",
        ),
        (
            json!({"action": "simple_transfer", "transfer_dst": "1 ".repeat(101)}),
            "transfer_dst: must be 1 to 100 numbers separated by spaces, and holds 101",
        ),
        (json!({"action": "transfer_from_variable"}), "transfer_variable: is required"),
        (json!({"action": "play_sound", "sound_type": "background"}), "sound: is required"),
        (json!({"action": "play_sound", "sound": 51}), "sound_type: is required"),
        (json!({"action": "play_sound", "sound": 53, "sound_type": "background"}), "sound: no such sound"),
        (
            json!({"action": "play_sound", "sound": 53, "sound_type": "background", "play_sound_from_variable": true}),
            "sound: no such sound",
        ),
        (json!({"action": "play_silence"}), "silence_time: is required"),
        (json!({"action": "play_silence", "silence_time": 0}), "silence_time: must be above 0"),
        (json!({"action": "jump_to_context"}), "context: is required"),
        (json!({"action": "jump_to_context", "context": 3}), "context: no such context"),
        (json!({"action": "set_variable", "set_variable_name": "a"}), "set_variable_value: is required"),
        (json!({"action": "set_variable", "set_variable_value": "a"}), "set_variable_name: is required"),
        (json!({"action": "set_caller_id_number", "caller_id_number": ""}), "caller_id_number: is required"),
        (json!({"action": "set_caller_id_name"}), "caller_id_name: is required"),
        (json!({"action": "hangup", "caller_id_action": "matches"}), "caller_id: is required"),
        (
            json!({"action": "hangup", "caller_id_action": "not_matches", "caller_id": "("}),
            "caller_id: is not a regular expression",
        ),
        (
            json!({"action": "hangup", "match_variable_name": "a"}),
            "match_variable_value: is required where match_variable_name is set",
        ),
    ] {
        assert_eq!(refused(&body), [problem], "{body}");
    }
}

#[test]
fn what_asks_the_caller_something_needs_to_know_what() {
    for (body, problem) in [
        (json!({"action": "record_digits", "record_digits_variable": "pin"}), "record_digits_max: is required"),
        (json!({"action": "record_digits", "record_digits_max": 4}), "record_digits_variable: is required"),
        (
            json!({"action": "record_digits", "record_digits_variable": "pin", "record_digits_max": 0}),
            "record_digits_max: must be at least 1",
        ),
        (
            json!({"action": "record_digits", "record_digits_variable": "a", "record_digits_max": 1, "record_digits_sound": 53}),
            "record_digits_sound: no such sound",
        ),
        (json!({"action": "quality_rate"}), "sound: is required"),
        (json!({"action": "quality_rate", "sound": 53}), "sound: no such sound"),
        (json!({"action": "quality_rate", "sound": 51, "max_rate": null}), "max_rate: is required"),
        (json!({"action": "quality_rate", "sound": 51, "max_rate": 0}), "max_rate: must be at least 1"),
        (json!({"action": "hangup", "interval": 4}), "interval: no such interval"),
    ] {
        assert_eq!(refused(&body), [problem], "{body}");
    }
}

#[test]
fn addresses_and_names_of_variables_are_refused_where_they_are_none() {
    let script = |url: &str| json!({"action": "call_interactive", "call_interactive_url": url, "call_interactive_method": "GET"});
    for url in ["crm.example/s", "ftp://crm.example/s", "http://", "http://crm.example/a b"] {
        let problem = "call_interactive_url: must begin with http:// or https:// and hold no space";
        assert_eq!(refused(&script(url)), [problem], "{url}");
    }
    assert_eq!(
        refused(&json!({"action": "call_interactive"})),
        ["call_interactive_method: is required", "call_interactive_url: is required"]
    );
    for (field, body) in [
        ("transfer_variable", json!({"action": "transfer_from_variable", "transfer_variable": "${mgr}"})),
        ("set_variable_name", json!({"action": "set_variable", "set_variable_name": "1", "set_variable_value": ""})),
        ("match_variable_name", json!({"action": "hangup", "match_variable_name": "a b", "match_variable_value": ""})),
    ] {
        assert!(refused(&body)[0].starts_with(&format!("{field}: must be the name of a variable")), "{body}");
    }
}

#[test]
fn digits_are_spoken_by_a_method_and_where_there_are_some() {
    for (body, problem) in [
        (json!({"action": "play_digits", "digits": "1"}), "play_digits_method: is required"),
        (json!({"action": "play_digits", "play_digits_method": "iterated"}), "digits: is required"),
        (
            json!({"action": "play_digits", "digits": "${sum}", "play_digits_method": "iterated"}),
            "digits: must hold one of 0-9 * #",
        ),
        (
            json!({"action": "play_digits_from_variable", "play_digits_method": "iterated"}),
            "play_digits_variable: is required",
        ),
        (
            json!({"action": "play_digits_from_variable", "play_digits_variable": "sum"}),
            "play_digits_method: is required",
        ),
    ] {
        assert_eq!(refused(&body), [problem], "{body}");
    }
    let bad_name =
        json!({"action": "play_digits_from_variable", "play_digits_variable": "1", "play_digits_method": "iterated"});
    assert!(refused(&bad_name)[0].starts_with("play_digits_variable: must be the name of a variable"));
}

#[test]
fn rules_of_a_voice_helper_are_checked_one_by_one() {
    let check = |rules: Value, problems: &[&str]| {
        let body = json!({"action": "voice_helper", "voice_helper_timeout": 5000, "voice_helper_rules": rules});
        assert_eq!(refused(&body), problems, "{body}");
    };
    let list = "voice_helper_rules: must be a list of {\"to_option\", \"transcription\"} with at least one of them";
    check(Value::Null, &["voice_helper_rules: is required"]);
    check(json!([]), &[list]);
    check(json!({"to_option": 1, "transcription": "a"}), &[list]);
    check(json!([{"transcription": "a"}]), &["voice_helper_rules: rule 1: to_option is required"]);
    check(
        json!([{"to_option": 1, "transcription": "("}, {"to_option": "x", "transcription": "a"}, {"to_option": 2}]),
        &[
            "voice_helper_rules: rule 1: transcription is not a regular expression",
            "voice_helper_rules: rule 2: to_option must be start, timeout, invalid, or 1 to 32 of 0-9 * #",
            "voice_helper_rules: rule 3: transcription is required",
        ],
    );
    check(
        json!(vec![json!({"to_option": 1, "transcription": "a"}); 501]),
        &["voice_helper_rules: has at most 500 rules"],
    );
    let rules = json!([{"to_option": 1, "transcription": "a"}]);
    let body = json!({"action": "voice_helper", "voice_helper_timeout": 0, "voice_helper_rules": rules});
    assert_eq!(refused(&body), ["voice_helper_timeout: must be above 0"]);
    let body = json!({"action": "voice_helper", "voice_helper_rules": rules});
    assert_eq!(refused(&body), ["voice_helper_timeout: is required"]);
}

#[test]
fn all_problems_of_a_rule_are_told_at_once() {
    let body = json!({"action": "play_sound", "interval": 2, "caller_id_action": "matches", "caller_id": "["});
    assert_eq!(
        refused(&body),
        [
            "interval: no such interval",
            "caller_id: is not a regular expression",
            "sound_type: is required",
            "sound: is required",
        ]
    );
}

#[test]
fn settings_are_checked() {
    for (body, problem) in [
        (json!({"entry_context": 1, "vm_greeting": 51, "vm_mailto": "a@b.example, c@d.example"}), None),
        (json!({"lifetime_exp_action": "transfer", "lifetime_exp_transfer_dst": "050"}), None),
        (json!({"entry_context": 3}), Some("entry_context: no such context")),
        (json!({"vm_enabled": true, "vm_mailto": "Ani <a@b.example>"}), None),
        (json!({"vm_greeting": 3}), Some("vm_greeting: no such sound")),
        (
            json!({"vm_mailto": "a@b.example,c"}),
            Some("vm_mailto: \"c\" is no e-mail address; addresses are separated by commas"),
        ),
        (
            json!({"lifetime_exp_action": "transfer"}),
            Some("lifetime_exp_transfer_dst: is required where lifetime_exp_action is transfer"),
        ),
    ] {
        let settings = wire::Ivr::default().patch(&body).expect("the types are right");
        let told = Ivr::check(&settings, &Stored).err().map(|problems| problems[0].to_string());
        assert_eq!(told.as_deref(), problem, "{body}");
    }
}

#[test]
fn a_snapshot_keeps_a_rule_whose_sound_is_gone_and_reports_one_that_cannot_run() {
    let rule =
        |id, body: Value| wire::Rule { id: RuleId(id), ..wire::Rule::default().patch(&body).expect("good types") };
    let context = wire::Context { id: ContextId(1), ..wire::Context::default() };
    let rules = vec![
        rule(1, json!({"action": "play_sound", "sound": 999, "sound_type": "foreground"})),
        rule(2, json!({"action": "voice_helper"})),
    ];
    let built = Ivr::build(&wire::Ivr::default(), [(&context, vec![(OptionKey::Start, rules)])]);
    let options = &built.ivr.contexts[&ContextId(1)].options;
    assert_eq!(options[&OptionKey::Start].iter().map(|rule| rule.id.0).collect::<Vec<_>>(), [1]);
    assert!(options[&OptionKey::Timeout].is_empty() && options[&OptionKey::Invalid].is_empty());
    assert_eq!(built.left_out.iter().map(|left| left.rule.0).collect::<Vec<_>>(), [2]);
}

#[test]
fn zero_is_a_default_or_no_limit() {
    let context = wire::Context { id: ContextId(1), timeout: 1500, ..wire::Context::default() };
    let settings = wire::Ivr { lifetime: Some(0), ..wire::Ivr::default() };
    let ivr = Ivr::build(&settings, [(&context, vec![])]).ivr;
    assert_eq!(ivr.lifetime, None);
    let context = &ivr.contexts[&ContextId(1)];
    assert_eq!((context.timeout, context.inter_digit_timeout), (Duration::from_millis(1500), Duration::from_secs(2)));
}

#[test]
fn an_input_is_as_long_as_the_context_says_or_its_longest_option() {
    let context = |digit_len, allow_any_dial, keys: &[&str]| {
        let wire = wire::Context { digit_len, allow_any_dial, ..wire::Context::default() };
        let options = keys.iter().map(|key| (key.parse().expect("a key"), vec![])).collect();
        Context::build(&wire, options, &mut Vec::new())
    };
    for (digit_len, any_dial, keys, longest, hash_ends) in [
        (3, true, vec!["1", "4000"], 3, true),
        (0, true, vec!["1"], 32, true),
        (0, false, vec!["1", "100"], 3, true),
        (0, false, vec![], 1, true),
        (0, false, vec!["1#"], 2, false),
    ] {
        let context = context(digit_len, any_dial, &keys);
        assert_eq!(context.max_digits(), longest, "{digit_len} {any_dial} {keys:?}");
        assert_eq!(!context.terminators().is_empty(), hash_ends, "{keys:?}");
    }
}
