//! Extensions, telephones and public numbers.

use serde_json::{Value, json};

use super::Api;
use crate::store::changes::CreateExtension;

#[tokio::test]
async fn a_new_extension_has_every_field_of_the_specification() {
    let api = Api::new().await;
    let body = json!({"name": "071", "type": "ivr", "label": "test IVR", "status": "active", "colour": "red"});
    let mut made = api.post("/client/@me/extension/", body).await.expect(201);
    let date = made["create_date"].take();
    assert_eq!(date.as_str().unwrap().len(), "2020-03-20 17:11:10".len());
    let id = made["id"].clone();
    assert_eq!(
        made,
        json!({
            "id": id, "client_id": 1, "type": "ivr", "status": "active", "name": "000*071", "label": "test IVR",
            "domain": "sip.example.net", "create_date": null, "caller_id_name": null, "dial_rule_id": null,
            "dial_rule_limit": null, "extension_group_id": null, "extra_params": null, "message_did": null,
            "ani_rfc3325": false, "did_as_transfer_caller_id": null, "language": null,
        })
    );
    made["create_date"] = date;
    assert_eq!(api.get(&format!("/client/@me/extension/{id}")).await.expect(200), made);
    assert_eq!(api.get("/client/@me/extension/").await.expect(200), json!([made]));
}

#[tokio::test]
async fn a_wrong_extension_is_refused_with_its_field() {
    let api = Api::new().await;
    api.extension("071", "ivr").await;
    for (body, status, said) in [
        (json!({"type": "ivr"}), 400, "name: is required"),
        (json!({"name": "072"}), 400, "type: is required"),
        (json!({"name": "", "type": "ivr"}), 400, "name"),
        (json!({"name": "ab", "type": "ivr"}), 400, "name: must be 1 to 20 digits"),
        (json!({"name": "001*072", "type": "ivr"}), 400, "name: begins with another prefix"),
        (json!({"name": "072", "type": "fridge"}), 400, "type: must be one of"),
        (json!({"name": "072", "type": "queue"}), 400, "type: queue is not built yet"),
        (json!({"name": "072", "type": "fax"}), 400, "not built yet"),
        (json!({"name": "072", "type": "ivr", "status": "asleep"}), 400, "status: must be one of: active, blocked"),
        (json!({"name": "072", "type": "ivr", "label": ["x"]}), 400, "label: must be a text"),
        (json!({"name": "072", "type": "ivr", "ani_rfc3325": "yes"}), 400, "ani_rfc3325"),
        (json!({"name": "072", "type": "ivr", "dial_rule_id": -1}), 400, "dial_rule_id"),
        (json!({"name": "071", "type": "phone"}), 409, "000*071 exists already"),
        (json!({"name": "000*071", "type": "phone"}), 409, "000*071 exists already"),
        (json!(7), 400, "must be a JSON object"),
    ] {
        let message = api.post("/client/@me/extension/", body.clone()).await.refused(status);
        assert!(message.contains(said), "{body}: {message}");
    }
    let both = api.post("/client/@me/extension/", json!({"status": 5})).await.expect(400);
    let fields: Vec<&Value> = both["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["name", "type", "status"]);
    assert_eq!(both["status"], "invalid_parameter");
}

#[tokio::test]
async fn an_extension_changes_in_part_and_keeps_its_name_and_type() {
    let api = Api::new().await;
    let id = api.extension("071", "phone").await;
    let path = format!("/client/@me/extension/{id}");
    let changed =
        api.put(&path, json!({"status": "blocked", "label": "desk", "extra_params": {"a": 1}})).await.expect(200);
    assert_eq!((&changed["status"], &changed["label"]), (&json!("blocked"), &json!("desk")));
    let cleared = api.put(&path, json!({"label": null, "name": "071", "type": "phone"})).await.expect(200);
    assert_eq!((&cleared["status"], &cleared["label"]), (&json!("blocked"), &Value::Null));
    assert_eq!(cleared["extra_params"], json!({"a": 1}));
    assert!(api.put(&path, json!({"name": "072"})).await.refused(400).contains("name: cannot be changed"));
    assert!(api.put(&path, json!({"type": "ivr"})).await.refused(400).contains("type: cannot be changed"));
    api.delete(&path).await.expect(204);
    api.get(&path).await.refused(404);
    api.delete(&path).await.refused(404);
    api.extension("071", "ivr").await;
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let api = Api::new().await;
    for (name, kind) in [("001", "phone"), ("002", "ivr"), ("003", "phone")] {
        let id = api.extension(name, kind).await;
        let body =
            json!({"label": format!("desk {name}"), "extension_group_id": if kind == "ivr" { Some(7) } else { None }});
        api.put(&format!("/client/@me/extension/{id}"), body).await.expect(200);
    }
    for (query, expected) in [
        ("", &["000*001", "000*002", "000*003"][..]),
        ("?type=phone", &["000*001", "000*003"]),
        ("?name=002", &["000*002"]),
        ("?label=desk%20003", &["000*003"]),
        ("?extension_group_id=7", &["000*002"]),
        ("?status=blocked", &[]),
        ("?order=desc", &["000*003", "000*002", "000*001"]),
        ("?per_page=2", &["000*001", "000*002"]),
        ("?per_page=2&page=2", &["000*003"]),
        ("?per_page=2&page=9", &[]),
    ] {
        let list = api.get(&format!("/client/@me/extension/{query}")).await.expect(200);
        let names: Vec<&str> = list.as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{query}");
    }
    assert!(api.get("/client/@me/extension/?page=0").await.refused(400).contains("page"));
    assert!(api.get("/client/@me/extension/?order=up").await.refused(400).contains("order"));
}

#[tokio::test]
async fn what_is_another_clients_is_not_there() {
    let api = Api::new().await;
    let body = json!({"name": "071", "type": "ivr"});
    let theirs = api.store.commit(CreateExtension { client: api.other, body }).await.unwrap().id;
    for path in [
        format!("/client/@me/extension/{theirs}"),
        format!("/client/{}/extension/{theirs}", api.other),
        format!("/extension/{theirs}/ivr/"),
        format!("/extension/{theirs}/ivr/context/"),
        format!("/extension/{theirs}/phone/"),
    ] {
        api.get(&path).await.refused(404);
    }
    api.put(&format!("/extension/{theirs}/ivr/"), json!({"sleep_time": 1})).await.refused(404);
    api.delete(&format!("/client/@me/extension/{theirs}")).await.refused(404);
    assert_eq!(api.get("/client/@me/extension/").await.expect(200), json!([]));
    let message = api.post("/client/@me/did/", json!({"did": "1", "extension_id": theirs})).await.refused(400);
    assert!(message.contains("extension_id"), "{message}");
}

#[tokio::test]
async fn a_phones_password_goes_in_and_never_comes_out() {
    let api = Api::new().await;
    let id = api.extension("002", "phone").await;
    let path = format!("/extension/{id}/phone/");
    assert_eq!(api.get(&path).await.expect(200), json!({"contact": null, "mailbox": null}));
    let set = api.put(&path, json!({"password": "hush", "contact": "sip:002@192.0.2.7:5060"})).await.expect(200);
    assert_eq!(set, json!({"contact": "sip:002@192.0.2.7:5060", "mailbox": null}));
    assert_eq!(api.get(&path).await.expect(200), set);
    assert_eq!(api.put(&path, json!({"contact": null})).await.expect(200)["contact"], json!(null));
    for contact in [
        "mailto:x",
        "sip:a b",
        "sip:",
        "sip:@",
        "sip:a@",
        "sip:a@b:99999",
        "sips:a@b;transport=udp",
        "sip:a@b;transport=ws",
    ] {
        let message = api.put(&path, json!({"contact": contact})).await.refused(400);
        assert!(message.contains("contact"), "{contact}: {message}");
    }
    let written = "SIP:a@b:5070;transport=TCP";
    assert_eq!(api.put(&path, json!({"contact": written})).await.expect(200)["contact"], json!(written));
    assert!(api.put(&path, json!({"password": ""})).await.refused(400).contains("password"));
    let menu = api.extension("071", "ivr").await;
    assert!(api.get(&format!("/extension/{menu}/phone/")).await.refused(404).contains("not a phone"));
    api.put(&format!("/extension/{menu}/phone/"), json!({})).await.refused(404);
    assert!(api.get(&format!("/extension/{id}/ivr/")).await.refused(404).contains("not an IVR"));
}

#[tokio::test]
async fn a_public_number_leads_to_an_extension() {
    let api = Api::new().await;
    let id = api.extension("071", "ivr").await;
    let made = api.post("/client/@me/did/", json!({"did": "+37410000000", "extension_id": id})).await.expect(201);
    assert_eq!(made, json!({"id": 1, "client_id": 1, "did": "+37410000000", "extension_id": id}));
    assert_eq!(api.get("/client/@me/did/").await.expect(200), json!([made]));
    assert_eq!(api.get("/client/@me/did/1").await.expect(200), made);
    for (body, status, said) in [
        (json!({"extension_id": id}), 400, "did: is required"),
        (json!({"did": "5"}), 400, "extension_id: is required"),
        (json!({"did": "+x", "extension_id": id}), 400, "did: must be"),
        (json!({"did": "5", "extension_id": 999}), 400, "extension_id: no such extension"),
        (json!({"did": "37410000000", "extension_id": id}), 409, "did"),
    ] {
        let message = api.post("/client/@me/did/", body.clone()).await.refused(status);
        assert!(message.contains(said), "{body}: {message}");
    }
    let message = api.delete(&format!("/client/@me/extension/{id}")).await.refused(409);
    assert!(message.contains("+37410000000"), "{message}");
    api.delete("/client/@me/did/1").await.expect(204);
    api.get("/client/@me/did/1").await.refused(404);
    api.delete("/client/@me/did/x").await.refused(404);
    api.delete(&format!("/client/@me/extension/{id}")).await.expect(204);
}
