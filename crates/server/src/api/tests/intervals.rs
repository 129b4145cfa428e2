//! Time intervals.

use serde_json::json;

use super::Api;

#[tokio::test]
async fn an_interval_is_made_changed_and_removed() {
    let api = Api::new().await;
    let body = json!({"name": "office", "timezone": "asia/yerevan",
                      "conditions": [{"start_dow": 2, "end_dow": "6", "start_time": "09:00:00", "end_time": "17:59:59"}]});
    let made = api.post("/client/@me/interval/", body).await.expect(201);
    assert_eq!(
        made,
        json!({"id": 1, "client_id": 1, "name": "office", "timezone": "Asia/Yerevan", "type": "usual", "conditions": [{
            "start_dow": 2, "end_dow": 6, "start_mday": null, "end_mday": null, "start_time": "09:00:00",
            "end_time": "17:59:59", "month": null, "start_datetime": null, "end_datetime": null,
            "sched_start_date": null, "sched_active_days": null, "sched_skip_days": null}]})
    );
    assert_eq!(api.get("/client/@me/interval/1").await.expect(200), made);
    assert_eq!(api.get("/client/@me/interval/").await.expect(200), json!([made]));
    assert_eq!(api.get("/client/@me/interval/?name=shop").await.expect(200), json!([]));
    let changed = api.put("/client/@me/interval/1", json!({"name": "shop"})).await.expect(200);
    assert_eq!((&changed["name"], &changed["conditions"]), (&json!("shop"), &made["conditions"]));
    let message =
        api.put("/client/@me/interval/1", json!({"conditions": [{"month": 1, "start_dow": 3}]})).await.refused(400);
    assert_eq!(message, "conditions[0].end_dow: is required where start_dow is set");
    api.delete("/client/@me/interval/1").await.expect(204);
    for path in ["/client/@me/interval/1", "/client/@me/interval/x"] {
        assert_eq!(api.get(path).await.refused(404), "interval not found");
        api.put(path, json!({})).await.refused(404);
        api.delete(path).await.refused(404);
    }
}

#[tokio::test]
async fn a_wrong_interval_is_refused_with_all_its_problems() {
    let api = Api::new().await;
    let body = json!({"timezone": "Mars", "type": "lunar", "conditions": [{"month": 13}]});
    let refusal = api.post("/client/@me/interval/", body).await.expect(400);
    let fields: Vec<_> =
        refusal["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["type", "conditions[0].month", "name"]);
    assert_eq!(refusal["status"], "invalid_parameter");
    let conditions = json!([{"month": 1}]);
    let body = json!({"name": "x", "timezone": "Mars", "conditions": conditions});
    assert!(api.post("/client/@me/interval/", body).await.refused(400).starts_with("timezone: must be a time zone"));
}

#[tokio::test]
async fn an_interval_that_a_rule_asks_for_stays() {
    let mut api = Api::new().await;
    let rules = format!("{}/context/1/options/start/rules/", api.menu("071").await);
    let always = json!({"name": "july", "timezone": "UTC", "conditions": [{"month": 7}]});
    api.post("/client/@me/interval/", always.clone()).await.expect(201);
    let refused = api.post(&rules, json!({"action": "hangup", "interval": 2})).await.refused(400);
    assert_eq!(refused, "interval: no such interval");
    api.post(&rules, json!({"action": "hangup", "interval": "1"})).await.expect(201);
    let refused = api.delete("/client/@me/interval/1").await.refused(409);
    assert_eq!(refused, "rule 1 of extension 000*071 asks for the interval");
    api.put(&format!("{rules}1"), json!({"action": "hangup", "interval": null})).await.expect(200);
    api.delete("/client/@me/interval/1").await.expect(204);
    api.post("/client/@me/interval/", always).await.expect(201);
    api.become_other().await;
    api.get("/client/@me/interval/2").await.refused(404);
    api.delete("/client/@me/interval/2").await.refused(404);
    assert_eq!(api.get("/client/@me/interval/").await.expect(200), json!([]));
    let theirs = format!("{}/context/1/options/start/rules/", api.menu("071").await);
    api.post(&theirs, json!({"action": "hangup", "interval": 2})).await.refused(400);
}
