//! Orders for callbacks, as they are written and as they are wrong.

use serde_json::{Value, json};

use super::*;
use crate::settings::Settings;
use crate::store::Store;
use crate::store::changes::{CreateClient, CreateExtension, UpdateExtension};

/// A client with the telephones 101 and 102, of which 102 is blocked, and the menu 071; and a trunk for numbers with a plus.
struct House {
    store: Store,
    settings: Settings,
    client: ClientId,
    _data: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("settings.toml");
        std::fs::write(&file, "[[trunk]]\nname = \"a\"\nuri = \"sip:10.0.0.1\"\ndial = ['^\\+']\n").unwrap();
        let settings = Settings::load(["antiphon", "--config", file.to_str().unwrap()], &|_| None).unwrap();
        let store = Store::open(&data.path().join("data")).unwrap();
        let client = store.commit(CreateClient { prefix: "000".to_owned() }).await.unwrap();
        for (name, kind) in [("101", "phone"), ("102", "phone"), ("071", "ivr")] {
            let body = json!({"name": name, "type": kind});
            let made = store.commit(CreateExtension { client, body }).await.unwrap();
            if name == "102" {
                let body = json!({"status": "blocked"});
                store.commit(UpdateExtension { client, id: made.id, body }).await.unwrap();
            }
        }
        Self { store, settings, client, _data: data }
    }

    fn read(&self, body: &Value) -> Result<Order, Vec<String>> {
        let config = self.store.snapshot();
        let trunks = &self.settings.live.trunks;
        let read = read(body, &Directory { config: &config, trunks, client: self.client });
        read.map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }
}

#[tokio::test]
async fn an_order_of_two_fields_is_whole() {
    let order = House::new().await.read(&json!({"src_num": ["101", "+37410000001"], "dst_num": "071"})).unwrap();
    assert_eq!(order.sources, ["101", "+37410000001"]);
    assert_eq!((order.shown.number.as_str(), order.shown.name.as_str()), ("071", ""));
    assert_eq!((order.ring_time, order.lasts, order.answer_after), (Duration::from_secs(60), None, None));
    assert_eq!((order.callback.to.as_str(), order.callback.number.as_deref()), ("071", None));
    assert!(!order.stays_inside);
}

#[tokio::test]
async fn every_field_is_understood() {
    let body = json!({
        "src_num": 101, "dst_num": "+37410000001", "caller_id_name": "Shop", "caller_id_number": "+37499", "dst_ani": "+37498",
        "dst_dtmf": "12#", "call_duration": "300", "wait_for_pickup": 20, "allow_public_transfer": false,
        "transfer_after_dst_hangup": "071", "transfer_after_src_hangup": "101",
        "variables": {"order": 17, "vip": true, "tag": "spring", "autoanswer": 5, "autoanswer_dst": "0", "answering_machine": "false"},
    });
    let order = House::new().await.read(&body).unwrap();
    assert_eq!((order.shown.number.as_str(), order.shown.name.as_str()), ("+37499", "Shop"));
    assert_eq!((order.ring_time, order.lasts), (Duration::from_secs(20), Some(Duration::from_secs(300))));
    assert_eq!((order.answer_after, order.callback.terms.answer_after), (Some(5), Some(0)));
    assert_eq!((order.variables.get("order"), order.variables.get("vip")), (Some("17"), Some("true")));
    assert_eq!((order.tag.as_deref(), order.after_caller.as_deref()), (Some("spring"), Some("101")));
    assert_eq!((order.callback.number.as_deref(), order.callback.after.as_deref()), (Some("+37498"), Some("071")));
    assert_eq!(order.callback.terms.digits.as_ref().map(antiphon_ivr::SendDigits::count), Some(3));
    assert!(order.stays_inside && !order.sounds_are_accepted);
    let body = json!({"src_num": "101", "dst_num": "071", "variables": {"answering_machine": "yes"}});
    assert!(House::new().await.read(&body).unwrap().sounds_are_accepted);
}

#[tokio::test]
async fn all_that_is_wrong_is_said_each_with_its_field() {
    let house = House::new().await;
    let one = json!({"src_num": "101", "dst_num": "101"});
    for (fields, expected) in [
        (json!({"src_num": null}), "src_num: is required"),
        (json!({"src_num": []}), "src_num: must be a list of 1 to 10 numbers"),
        (json!({"src_num": ["102"]}), "src_num: \"102\": the extension is blocked"),
        (json!({"src_num": ["071"]}), "src_num: \"071\" is no telephone"),
        (json!({"src_num": [{}]}), "src_num: must be a text"),
        (json!({"dst_num": "555"}), "dst_num: \"555\": no extension and no trunk has this number"),
        (json!({"dst_num": null}), "dst_num: is required"),
        (json!({"dst_ani": "a\nb"}), "dst_ani: must not hold control characters"),
        (json!({"dst_dtmf": "1x"}), "dst_dtmf: \"x\" is no key"),
        (json!({"dst_num": "071", "dst_dtmf": "1"}), "dst_dtmf: needs a dst_num that is a telephone"),
        (json!({"call_duration": -1}), "call_duration: must be a whole number of seconds, at most 86400"),
        (json!({"wait_for_pickup": 301}), "wait_for_pickup: must be a whole number of seconds, at most 300"),
        (json!({"announce_sound_id": 9}), "announce_sound_id: there is no sound 9"),
        (json!({"dst_announce_sound_id": "x"}), "dst_announce_sound_id: must be the id of a sound"),
        (json!({"allow_public_transfer": "yes"}), "allow_public_transfer: must be true or false"),
        (json!({"transfer_after_dst_hangup": "1"}), "transfer_after_dst_hangup: \"1\": no extension"),
        (json!({"dst_num": "071", "transfer_after_src_hangup": "101"}), "transfer_after_src_hangup: needs a dst_num"),
        (
            json!({"allow_public_transfer": false, "transfer_after_src_hangup": "+374"}),
            "transfer_after_src_hangup: is a number outside",
        ),
        (json!({"variables": []}), "variables: must be an object"),
        (json!({"variables": {"1a": 1}}), "variables.1a: a variable's name is a letter"),
        (json!({"variables": {"a": []}}), "variables.a: must be a text"),
        (
            json!({"variables": {"autoanswer": 301}}),
            "variables.autoanswer: must be a whole number of seconds, at most 300",
        ),
    ] {
        let mut body = one.clone();
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let problems = house.read(&body).expect_err(&fields.to_string());
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{fields}: {problems:?}");
    }
    let problems = house.read(&json!({"dst_dtmf": "x", "call_duration": "x"})).expect_err("four things are wrong");
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert_eq!(house.read(&json!([])).expect_err("no object"), [": the body must be a JSON object"]);
}

#[test]
fn a_client_has_so_many_callbacks_that_ring_and_so_many_in_all_and_another_its_own() {
    let (callbacks, one, other) = (Callbacks::default(), ClientId(1), ClientId(2));
    let most = RINGING_OF_A_CLIENT + 5;
    let mut admitted: Vec<_> = (0..RINGING_OF_A_CLIENT).map(|_| callbacks.admit(one, most).unwrap()).collect();
    assert!(callbacks.admit(one, most).is_none(), "so many ring");
    assert!(callbacks.admit(other, most).is_some());
    admitted.iter_mut().for_each(Admitted::rings_no_more);
    admitted.extend((0..5).map(|_| callbacks.admit(one, most).unwrap()));
    assert!(callbacks.admit(one, most).is_none(), "so many are up");
    assert!(callbacks.admit(other, most).is_some());
    admitted.pop();
    assert!(callbacks.admit(one, most).is_some());
}
