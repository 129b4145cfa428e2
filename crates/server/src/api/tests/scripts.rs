//! Who is asked at the events of an IVR.

use serde_json::json;

use super::Api;

#[tokio::test]
async fn a_menu_has_one_script_an_event() {
    let api = Api::new().await;
    let path = format!("/extension/{}/ivr/script/", api.extension("071", "ivr").await);
    assert_eq!(api.get(&path).await.expect(200), json!([]));
    let hangup =
        json!({"event_type": "hangup", "method": "POST", "url": "https://crm.example/h?x=$x", "timeout": null});
    assert_eq!(api.post(&path, hangup.clone()).await.expect(201), hangup);
    let body = json!({"event_type": "dial-in", "method": "GET", "url": "http://crm.example/in", "timeout": 8});
    assert_eq!(api.post(&path, body.clone()).await.expect(201), body);
    assert_eq!(api.get(&path).await.expect(200), json!([body, hangup]));
    assert!(api.post(&path, body).await.refused(409).contains("dial-in"));
    let changed =
        api.put(&format!("{path}hangup"), json!({"method": "GET", "event_type": "dial-out"})).await.expect(200);
    assert_eq!((&changed["method"], &changed["event_type"]), (&json!("GET"), &json!("hangup")));
    assert_eq!(api.get(&format!("{path}hangup/")).await.expect(200), changed);
    api.delete(&format!("{path}dial-in")).await.expect(204);
    assert_eq!(api.get(&path).await.expect(200), json!([changed]));
    for event in ["dial-in", "dial-out", "answer", "1"] {
        assert!(api.get(&format!("{path}{event}")).await.refused(404).contains("script not found"));
        api.put(&format!("{path}{event}"), json!({"method": "GET"})).await.refused(404);
        api.delete(&format!("{path}{event}")).await.refused(404);
    }
}

#[tokio::test]
async fn a_script_that_cannot_be_asked_is_refused_with_all_that_is_wrong() {
    let api = Api::new().await;
    let path = format!("/extension/{}/ivr/script/", api.extension("071", "ivr").await);
    let message = api.post(&path, json!({"event_type": "answer"})).await.refused(400);
    for said in ["event_type: must be one of: dial-in, dial-out, hangup", "url: is required", "method: is required"] {
        assert!(message.contains(said), "{message}");
    }
    let url = |url: &str| json!({"event_type": "hangup", "method": "GET", "url": url});
    assert!(api.post(&path, url("file:///etc/passwd")).await.refused(400).contains("url: must begin with http://"));
    let phone = format!("/extension/{}/ivr/script/", api.extension("101", "phone").await);
    api.post(&phone, url("http://crm.example/")).await.refused(404);
}
