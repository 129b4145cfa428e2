//! IVR settings, contexts, options, rules and their order.

use serde_json::{Value, json};

use super::Api;

/// Row A13 of `ringme-ivr.md` 6: the vendor's example, and not its table.
#[tokio::test]
async fn a_fresh_ivr_has_the_settings_of_the_specification() {
    let api = Api::new().await;
    let path = format!("/extension/{}/ivr/", api.extension("071", "ivr").await);
    let fresh = json!({
        "entry_context": null, "lifetime": 1800, "lifetime_exp_action": "hangup", "lifetime_exp_transfer_dst": null,
        "sleep_time": 0, "vm_enabled": false, "vm_greeting": null, "vm_attach_file": true, "vm_mailto": null,
    });
    assert_eq!(api.get(&path).await.expect(200), fresh);
    api.post(&format!("{path}context/"), json!({"name": "Main"})).await.expect(201);
    let changed = api.put(&path, json!({"sleep_time": 5000, "entry_context": "1"})).await.expect(200);
    assert_eq!((&changed["sleep_time"], &changed["entry_context"]), (&json!(5000), &json!(1)));
    assert_eq!(changed["lifetime"], 1800);
    assert_eq!(api.get(&path).await.expect(200), changed);
    for (body, said) in [
        (json!({"entry_context": 7}), "entry_context"),
        (json!({"sleep_time": "soon"}), "sleep_time"),
        (json!({"lifetime_exp_action": "sing"}), "lifetime_exp_action"),
        (json!({"lifetime_exp_action": "transfer"}), "lifetime_exp_transfer_dst"),
        (json!({"vm_enabled": true, "vm_mailto": "a@b.example"}), "this server sends no e-mail"),
        (json!({"vm_greeting": 99}), "vm_greeting"),
    ] {
        let message = api.put(&path, body.clone()).await.refused(400);
        assert!(message.contains(said), "{body}: {message}");
    }
    assert_eq!(api.get(&path).await.expect(200), changed, "a refused change changes nothing");
}

#[tokio::test]
async fn a_context_has_its_defaults_and_changes_in_part() {
    let api = Api::new().await;
    let menu = api.menu("071").await;
    let path = format!("{menu}/context/1");
    let fresh = json!({
        "id": 1, "name": "Main", "timeout": 0, "inter_digit_timeout": 0, "digit_len": 0, "allow_any_dial": true,
        "description": null, "extra_params": null,
    });
    assert_eq!(api.get(&path).await.expect(200), fresh);
    let changed = api.put(&path, json!({"timeout": 5000, "digit_len": "3"})).await.expect(200);
    assert_eq!(
        (&changed["timeout"], &changed["digit_len"], &changed["name"]),
        (&json!(5000), &json!(3), &json!("Main"))
    );
    assert_eq!(api.get(&format!("{menu}/context/")).await.expect(200), json!([changed]));
    assert!(
        api.post(&format!("{menu}/context/"), json!({"timeout": 1})).await.refused(400).contains("name: is required")
    );
    assert!(api.put(&path, json!({"name": null})).await.refused(400).contains("name"));
    assert!(api.put(&path, json!({"timeout": -1})).await.refused(400).contains("timeout"));
    api.put(&format!("{menu}/context/9"), json!({"timeout": 1})).await.refused(404);
    api.get(&format!("{menu}/context/x")).await.refused(404);
}

#[tokio::test]
async fn a_context_that_is_led_to_stays() {
    let api = Api::new().await;
    let menu = api.menu("071").await;
    let contexts = format!("{menu}/context/");
    api.post(&contexts, json!({"name": "Second"})).await.expect(201);
    api.put(&menu, json!({"entry_context": 1})).await.expect(200);
    assert!(api.delete(&format!("{contexts}1")).await.refused(409).contains("entry_context"));
    let jump = json!({"action": "jump_to_context", "context": 2});
    api.post(&format!("{contexts}1/options/start/rules/"), jump.clone()).await.expect(201);
    // A context that leads to itself can go all the same.
    api.post(&format!("{contexts}2/options/timeout/rules/"), jump).await.expect(201);
    let refusal = api.delete(&format!("{contexts}2")).await.expect(409);
    assert_eq!(refusal["status"], "conflict");
    api.delete(&format!("{contexts}1/options/start/rules/1")).await.expect(204);
    api.delete(&format!("{contexts}2")).await.expect(204);
    api.get(&format!("{contexts}2")).await.refused(404);
    let third = api.post(&contexts, json!({"name": "Third"})).await.expect(201);
    assert_eq!(third["id"], 3, "an id is never given twice");
}

#[tokio::test]
async fn a_rule_whose_action_has_changed_holds_nothing_back() {
    let api = Api::new().await;
    let menu = api.menu("071").await;
    api.post(&format!("{menu}/context/"), json!({"name": "Second"})).await.expect(201);
    let sound = api.sound("hello").await;
    let rules = format!("{menu}/context/1/options/start/rules/");
    let jump = json!({"action": "jump_to_context", "context": 2});
    api.post(&rules, jump.clone()).await.expect(201);
    let play = json!({"action": "play_sound", "sound": sound, "sound_type": "background"});
    api.post(&rules, play.clone()).await.expect(201);
    for rule in ["1", "2"] {
        api.put(&format!("{rules}{rule}"), json!({"action": "hangup"})).await.expect(200);
    }
    api.delete(&format!("{menu}/context/2")).await.expect(204);
    api.delete(&format!("/client/@me/sound/{sound}")).await.expect(204);
    for (rule, missing) in [("1", "context: no such context"), ("2", "sound: no such sound")] {
        let action = json!({"action": if rule == "1" { "jump_to_context" } else { "play_sound" }});
        let message = api.put(&format!("{rules}{rule}"), action).await.refused(400);
        assert!(message.contains(missing), "{message}");
    }
}

#[tokio::test]
async fn options_are_listed_built_in_first_then_newest_first() {
    let api = Api::new().await;
    let path = format!("{}/context/1/options/", api.menu("071").await);
    for digits in ["1", "2", "*9"] {
        assert_eq!(api.post(&path, json!({"digits": digits})).await.expect(201), json!({"digits": digits}));
    }
    assert_eq!(api.post(&path, json!({"digits": 100})).await.expect(201), json!({"digits": "100"}));
    let list = api.get(&path).await.expect(200);
    let digits: Vec<&str> = list.as_array().unwrap().iter().map(|o| o["digits"].as_str().unwrap()).collect();
    assert_eq!(digits, ["start", "timeout", "invalid", "100", "*9", "2", "1"]);
    for (body, status, said) in [
        (json!({}), 400, "digits: is required"),
        (json!({"digits": "a"}), 400, "digits: must be start, timeout, invalid"),
        (json!({"digits": "1".repeat(33)}), 400, "digits"),
        (json!({"digits": "1"}), 409, "digits"),
        (json!({"digits": "start"}), 409, "start"),
    ] {
        let message = api.post(&path, body.clone()).await.refused(status);
        assert!(message.contains(said), "{body}: {message}");
    }
    for built_in in ["start", "timeout", "invalid"] {
        assert!(api.delete(&format!("{path}{built_in}")).await.refused(400).contains(built_in));
    }
    api.delete(&format!("{path}%2A9")).await.expect(204);
    api.delete(&format!("{path}*9")).await.refused(404);
    api.delete(&format!("{path}abc")).await.refused(404);
}

/// Row A14 of `ringme-ivr.md` 6.
#[tokio::test]
async fn a_new_rule_is_answered_as_a_list_of_one_with_39_keys() {
    let api = Api::new().await;
    let (menu, sound) = (api.menu("071").await, api.sound("hello").await);
    let path = format!("{menu}/context/1/options/start/rules/");
    let body = json!({"action": "play_sound", "sound": sound, "sound_type": "foreground"});
    let made = api.post(&path, body).await.expect(201);
    let [rule] = made.as_array().unwrap().as_slice() else { panic!("{made} is no list of one") };
    assert_eq!(rule.as_object().unwrap().len(), 39);
    for (key, value) in [
        ("id", json!(1)),
        ("name", Value::Null),
        ("action", json!("play_sound")),
        ("final", json!(true)),
        ("caller_id_action", json!("any")),
        ("call_status", json!("any")),
        ("hangup_cause", json!("normal")),
        ("sound", json!(sound)),
        ("sound_type", json!("foreground")),
        ("max_rate", json!(5)),
        ("voice_helper_classic_term", json!(true)),
        ("transfer_timeout", Value::Null),
    ] {
        assert_eq!(rule[key], value, "{key}");
    }
    assert_eq!(api.get(&format!("{path}1")).await.expect(200), *rule);
    assert_eq!(api.get(&path).await.expect(200), made);
}

/// Row A14 of `ringme-ivr.md` 6: a list of one, unless the settings say otherwise.
#[tokio::test]
async fn a_new_rule_may_be_answered_as_itself() {
    let rules = crate::settings::RulesSettings { post_rule_as_object: true, ..Default::default() };
    let api = Api::with(|state| state.with_rules(rules)).await;
    let path = format!("{}/context/1/options/start/rules/", api.menu("071").await);
    let made = api.post(&path, json!({"action": "hangup"})).await.expect(201);
    assert_eq!((&made["id"], &made["action"]), (&json!(1), &json!("hangup")));
}

/// The vendor's own examples have the second spelling once; an administrator may do without.
#[tokio::test]
async fn the_second_spelling_of_the_paths_of_menus_may_be_switched_off() {
    let rules = crate::settings::RulesSettings { without_ivr_paths: true, ..Default::default() };
    let api = Api::with(|state| state.with_rules(rules)).await;
    let menu = api.menu("071").await;
    let again = menu.replace("/extension/", "/ivr/");
    let again = again.strip_suffix("/ivr").expect("it is a menu's");
    api.get(&format!("{menu}/context/")).await.expect(200);
    for path in [again.to_owned(), format!("{again}/context/"), format!("{again}/context/1")] {
        assert_eq!(api.get(&path).await.refused(404), "no such path", "{path}");
    }
}

#[tokio::test]
async fn a_wrong_rule_is_refused_with_its_field() {
    let api = Api::new().await;
    let path = format!("{}/context/1/options/start/rules/", api.menu("071").await);
    let numbers = |count: usize| vec!["5"; count].join(" ");
    for (body, said) in [
        (json!({}), "action: is required"),
        (json!({"action": "sing"}), "unknown action"),
        (json!({"action": "transfer"}), "transfer_dst"),
        (json!({"action": "transfer", "transfer_dst": numbers(11)}), "transfer_dst"),
        (json!({"action": "play_sound", "sound_type": "background"}), "sound"),
        (json!({"action": "play_sound", "sound": 99, "sound_type": "background"}), "sound"),
        (json!({"action": "play_silence"}), "silence_time"),
        (json!({"action": "jump_to_context", "context": 99}), "context"),
        (json!({"action": "record_digits"}), "record_digits_variable: is required"),
        (json!({"action": "call_interactive"}), "call_interactive_url: is required"),
        (json!({"action": "set_variable", "set_variable_name": "1x", "set_variable_value": "y"}), "set_variable_name"),
        (json!({"action": "hangup", "caller_id_action": "matches"}), "caller_id"),
        (json!({"action": "hangup", "caller_id_action": "matches", "caller_id": "("}), "caller_id"),
        (json!({"action": "hangup", "final": "perhaps"}), "final"),
        (json!({"action": "hangup", "order_position": "x"}), "order_position"),
        (json!({"action": "hangup", "match_variable_name": "a"}), "match_variable_value"),
        (json!({"action": "hangup", "interval": 3}), "interval"),
    ] {
        let message = api.post(&path, body.clone()).await.refused(400);
        assert!(message.contains(said), "{body}: {message}");
    }
    api.post(&path, json!({"action": "transfer", "transfer_dst": numbers(10)})).await.expect(201);
    api.post(&path, json!({"action": "simple_transfer", "transfer_dst": numbers(11)})).await.expect(201);
    assert_eq!(api.get(&path).await.expect(200).as_array().unwrap().len(), 2);
    api.get(&path.replace("start", "7")).await.refused(404);
    api.post(&path.replace("start", "7"), json!({"action": "hangup"})).await.refused(404);
    api.get(&format!("{path}99")).await.refused(404);
}

#[tokio::test]
async fn a_rule_changes_in_part_and_its_action_is_always_named() {
    let api = Api::new().await;
    let path = format!("{}/context/1/options/timeout/rules/", api.menu("071").await);
    api.post(&path, json!({"action": "transfer", "transfer_dst": "050", "name": "desk"})).await.expect(201);
    let rule = format!("{path}1");
    let changed =
        api.put(&rule, json!({"action": "transfer", "final": false, "transfer_timeout": 10})).await.expect(200);
    assert_eq!((&changed["final"], &changed["transfer_timeout"]), (&json!(false), &json!(10)));
    assert_eq!((&changed["transfer_dst"], &changed["name"]), (&json!("050"), &json!("desk")));
    assert!(api.put(&rule, json!({"final": true})).await.refused(400).contains("action: is required"));
    let message = api.put(&rule, json!({"action": "transfer", "transfer_dst": null})).await.refused(400);
    assert!(message.contains("transfer_dst"), "{message}");
    let other = api.put(&rule, json!({"action": "hangup"})).await.expect(200);
    assert_eq!(other["transfer_dst"], "050", "what the new action does not use is kept until it is cleared");
    api.put(&rule.replace("timeout", "start"), json!({"action": "hangup"})).await.refused(404);
}

/// Row A15 of `ringme-ivr.md` 6: positions count from 1.
#[tokio::test]
async fn rules_stand_where_they_are_put() {
    let api = Api::new().await;
    let path = format!("{}/context/1/options/start/rules/", api.menu("071").await);
    for (position, order) in [
        (Value::Null, json!([1])),
        (json!(1), json!([2, 1])),
        (json!("2"), json!([2, 3, 1])),
        (json!(99), json!([2, 3, 1, 4])),
        (json!(0), json!([5, 2, 3, 1, 4])),
    ] {
        api.post(&path, json!({"action": "hangup", "order_position": position})).await.expect(201);
        assert_eq!(api.get(&format!("{path}order/")).await.expect(200), json!({"rules_ids": order}));
    }
    let wanted = json!({"rules_ids": [1, "2", 3, 4, 5]});
    let put = api.put(&format!("{path}order/"), wanted).await.expect(200);
    assert_eq!(put, json!({"rules_ids": [1, 2, 3, 4, 5]}));
    let rules = api.get(&path).await.expect(200);
    let ids: Vec<u64> = rules.as_array().unwrap().iter().map(|rule| rule["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
    for ids in [json!([1, 2, 3, 4]), json!([1, 2, 3, 4, 4]), json!([1, 2, 3, 4, 5, 6]), json!("1"), json!([null])] {
        let message = api.put(&format!("{path}order/"), json!({"rules_ids": ids})).await.refused(400);
        assert!(message.contains("rules_ids"), "{ids}: {message}");
    }
    api.put(&format!("{path}order/"), json!({})).await.refused(400);
    api.delete(&format!("{path}3")).await.expect(204);
    assert_eq!(api.get(&format!("{path}order")).await.expect(200), json!({"rules_ids": [1, 2, 4, 5]}));
}

#[tokio::test]
async fn rule_ids_count_within_the_extension_and_not_the_option() {
    let api = Api::new().await;
    let options = format!("{}/context/1/options/", api.menu("071").await);
    let second = format!("{}/context/1/options/", api.menu("072").await);
    let hangup = || json!({"action": "hangup"});
    assert_eq!(api.post(&format!("{options}start/rules/"), hangup()).await.expect(201)[0]["id"], 1);
    assert_eq!(api.post(&format!("{options}timeout/rules/"), hangup()).await.expect(201)[0]["id"], 2);
    assert_eq!(api.post(&format!("{second}start/rules/"), hangup()).await.expect(201)[0]["id"], 1);
}

#[tokio::test]
async fn a_client_whose_callers_may_not_be_understood_gets_no_voice_helper() {
    let api = Api::new().await;
    let rules = format!("{}/context/1/options/start/rules/", api.menu("071").await);
    let words = json!([{"to_option": "1", "transcription": "машина|техник"}]);
    let rule = json!({"action": "voice_helper", "voice_helper_timeout": 12000, "voice_helper_rules": words});
    let client = api.get("/client/@me").await.expect(200);
    assert_eq!(client["speech_to_text"], true);
    let made = api.post(&rules, rule.clone()).await.expect(201);
    assert_eq!(made[0]["voice_helper_rules"], words);
    assert!(api.put("/client/@me", json!({"speech_to_text": 0})).await.refused(400).contains("speech_to_text"));
    api.put("/client/@me/", json!({"speech_to_text": false})).await.expect(200);
    let refused = api.post(&rules, rule.clone()).await.expect(403);
    assert_eq!(refused["status"], "app_access_type_deny");
    api.put(&format!("{rules}1"), json!({"action": "voice_helper"})).await.refused(403);
    api.get("/client/2").await.refused(404);
    api.put("/client/@me", json!({"speech_to_text": true})).await.expect(200);
    api.post(&rules, rule).await.expect(201);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_rule_or_a_menu_is_said_at_once() {
    let api = Api::new().await;
    let menu = api.menu("071").await;
    let fields = |answer: &Value| -> Vec<String> {
        let errors = answer["errors"].as_array().expect("each wrong field is listed");
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    };
    let rules = format!("{menu}/context/1/options/start/rules/");
    let body = json!({
        "action": "play_sound", "sound": 99, "order_position": "first", "final": 5, "caller_id_action": "sometimes",
        "silence_time": 18_446_744_073_709_551_615_u64, "name": "a\0b", "transfer_timeout": -1,
    });
    let all = fields(&api.post(&rules, body).await.expect(400));
    for field in [
        "sound",
        "sound_type",
        "order_position",
        "final",
        "caller_id_action",
        "silence_time",
        "name",
        "transfer_timeout",
    ] {
        assert_eq!(all.iter().filter(|named| *named == field).count(), 1, "{field} in {all:?}");
    }
    let body = json!({
        "entry_context": 99, "sleep_time": "long", "vm_greeting": 99, "lifetime_exp_action": "transfer", "lifetime": 1e300,
    });
    let all = fields(&api.put(&menu, body).await.expect(400));
    assert_eq!(all.len(), 5, "{all:?}");
    let none = api.upload("/client/@me/sound/", None, None).await.expect(400);
    assert_eq!(fields(&none), ["title", "file"]);
}
