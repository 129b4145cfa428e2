//! Applications for Pivot, and the callflows that they refer to.

use serde_json::{Value, json};

use super::Api;

/// What a new application shows.
fn fresh() -> Value {
    json!({
        "voice_url": null, "method": "get", "req_format": "kazoo", "req_body_format": "form", "req_timeout_ms": 5000,
        "cdr_url": null, "debug": false, "skip_module": false, "custom_request_headers": {}, "children": {},
        "account_id": null, "is_signed": false, "warnings": [],
    })
}

#[tokio::test]
async fn an_application_has_the_data_of_a_pivot_node_and_keeps_it() {
    let api = Api::new().await;
    let id = api.extension("081", "pivot").await;
    let path = format!("/extension/{id}/pivot/");
    assert_eq!(api.get(&path).await.expect(200), fresh());
    let fallback = json!({"module": "answer", "data": {}, "children": {"_": {"module": "hangup"}}});
    let body = json!({
        "voice_url": "http://example.com/voice", "method": "POST", "req_body_format": "json", "req_timeout": 3, "debug": true,
        "custom_request_headers": {"X-Token": "a"}, "children": {"_": fallback}, "account_id": "acme",
        "signing_secret": "geheim",
    });
    let mut expected = fresh();
    for (field, value) in [
        ("voice_url", json!("http://example.com/voice")),
        ("method", json!("post")),
        ("req_body_format", json!("json")),
        ("req_timeout_ms", json!(3000)),
        ("debug", json!(true)),
        ("custom_request_headers", json!({"X-Token": "a"})),
        ("children", json!({"_": fallback})),
        ("account_id", json!("acme")),
        ("is_signed", json!(true)),
    ] {
        expected[field] = value;
    }
    let changed = api.put(&path, body).await.expect(200);
    assert!(!changed.to_string().contains("geheim"), "{changed}");
    assert_eq!((&changed, &api.get(&path).await.expect(200)), (&expected, &expected));
    // A change of the extension leaves it alone.
    let labelled = api.put(&format!("/client/@me/extension/{id}"), json!({"label": "acme"})).await.expect(200);
    assert_eq!((&labelled["type"], &labelled["label"]), (&json!("pivot"), &json!("acme")));
    assert_eq!(api.get(&path).await.expect(200), expected);
    // null takes away, and what is not named stays.
    let less = json!({"children": {"_": {}}, "signing_secret": null, "method": null, "req_timeout": null});
    let less = api.put(&path, less).await.expect(200);
    assert_eq!((&less["children"], &less["is_signed"], &less["method"]), (&json!({}), &json!(false), &json!("get")));
    assert_eq!((&less["account_id"], &less["req_timeout_ms"]), (&json!("acme"), &json!(5000)));
    let phone = api.extension("201", "phone").await;
    assert!(api.get(&format!("/extension/{phone}/pivot/")).await.refused(404).contains("not a pivot"));
    assert!(api.get(&format!("/extension/{id}/phone/")).await.refused(404).contains("not a phone"));
    let listed = api.get("/client/@me/extension/?type=pivot").await.expect(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn all_that_is_wrong_with_an_application_is_told_at_once() {
    let api = Api::new().await;
    let id = api.extension("081", "pivot").await;
    let path = format!("/extension/{id}/pivot/");
    assert!(api.put(&path, json!({"method": "post"})).await.refused(400).contains("voice_url: is missing"));
    let flow = json!({"module": "pivot", "data": {}, "children": {"_": {"data": {}}}});
    let wrong = json!({"voice_url": 7, "account_id": ["a"], "children": {"_": flow, "no": {}}});
    let message = api.put(&path, wrong).await.refused(400);
    for field in ["account_id:", "children.no:", "children._.data.voice_url:", "children._.children._.module:"] {
        assert!(message.contains(field), "{field} in {message}");
    }
    assert_eq!(api.get(&path).await.expect(200), fresh(), "nothing was changed");
    let kept = api.put(&path, json!({"voice_url": "http://example.com/", "debug": "true"})).await.expect(200);
    assert_eq!(kept["debug"], json!(true));
    assert!(kept["warnings"].to_string().contains("debug"), "{kept}");
}

#[tokio::test]
async fn callflows_have_names_and_are_their_clients_own() {
    let mut api = Api::new().await;
    let flow = json!({"module": "play", "data": {"id": "hello"}});
    let made = api.post("/client/@me/flow/", json!({"name": "greeting", "flow": flow})).await.expect(201);
    assert_eq!((&made["name"], &made["flow"]), (&json!("greeting"), &flow));
    let path = format!("/client/@me/flow/{}", made["id"]);
    let again = api.post("/client/@me/flow/", json!({"name": "greeting", "flow": flow})).await.refused(409);
    assert!(again.contains("greeting"), "{again}");
    let message = api.post("/client/@me/flow/", json!({"flow": {"module": "pivot"}})).await.refused(400);
    assert!(message.contains("name: is required") && message.contains("flow.data.voice_url: is missing"), "{message}");
    assert!(api.post("/client/@me/flow/", json!({"name": "a"})).await.refused(400).contains("flow: is required"));
    let changed = api.put(&path, json!({"flow": {"module": "hangup"}})).await.expect(200);
    assert_eq!((&changed["name"], &changed["flow"]), (&json!("greeting"), &json!({"module": "hangup"})));
    assert_eq!(api.get("/client/@me/flow/?name=greeting").await.expect(200).as_array().map(Vec::len), Some(1));
    let short_lived = api.post("/client/@me/flow/", json!({"name": "b", "flow": flow})).await.expect(201);
    let short_lived = format!("/client/@me/flow/{}", short_lived["id"]);
    api.delete(&short_lived).await.expect(204);
    api.get(&short_lived).await.refused(404);
    api.become_other().await;
    api.get(&path).await.refused(404);
    api.put(&path, json!({"name": "mine"})).await.refused(404);
    assert_eq!(api.get("/client/@me/flow/").await.expect(200), json!([]));
}
