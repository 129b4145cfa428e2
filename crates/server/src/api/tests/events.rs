//! Subscriptions to events.

use serde_json::json;

use super::Api;
use crate::store::Store;

fn wanted(url: &str, event_type: &str, method: &str) -> serde_json::Value {
    json!({"url": url, "event_type": event_type, "method": method})
}

#[tokio::test]
async fn a_subscription_is_made_shown_changed_and_forgotten() {
    let api = Api::new().await;
    let ivr = api.extension("071", "ivr").await;
    let path = format!("/extension/{ivr}/event/");
    assert_eq!(api.get(&path).await.expect(200), json!([]));
    let made = api.post(&path, wanted("https://example.com/a?b=c", "hangup", "POST")).await.expect(201);
    let id = made["id"].clone();
    let one = json!({"id": id, "url": "https://example.com/a?b=c", "event_type": "hangup", "method": "POST"});
    assert_eq!(made, one);
    let item = format!("{path}{id}");
    assert_eq!(api.get(&item).await.expect(200), one);
    let changed = api.put(&item, json!({"event_type": "answer"})).await.expect(200);
    let other = json!({"id": id, "url": "https://example.com/a?b=c", "event_type": "answer", "method": "POST"});
    assert_eq!(changed, other);
    assert_eq!(api.get(&path).await.expect(200), json!([other]));
    assert_eq!(api.get(&format!("{path}?event_type=hangup")).await.expect(200), json!([]));
    api.delete(&item).await.expect(204);
    api.get(&item).await.refused(404);
    assert_eq!(api.get(&path).await.expect(200), json!([]));
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_with_all_that_is_wrong() {
    let api = Api::new().await;
    let ivr = api.extension("071", "ivr").await;
    let path = format!("/extension/{ivr}/event/");
    for (body, said) in [
        (json!({}), "url: is required; event_type: is required; method: is required"),
        (
            wanted("ftp://a/", "ring", "PUT"),
            "url: the URL cannot be used: it begins with neither http:// nor https://; event_type: must be one of: dial-in, dial-out, hangup, answer, voicemail; method: must be GET or POST",
        ),
        (wanted("http://a/", "message-in", "GET"), "event_type: message-in is not built yet: there are no messages"),
        (wanted(&format!("http://a/{}", "a".repeat(9_000)), "hangup", "GET"), "url: has more than 8192 characters"),
    ] {
        assert_eq!(api.post(&path, body).await.refused(400), said);
    }
    for _ in 0..20 {
        api.post(&path, wanted("http://a/", "hangup", "GET")).await.expect(201);
    }
    api.post(&path, wanted("http://a/", "hangup", "GET")).await.refused(409);
}

#[tokio::test]
async fn subscriptions_belong_to_their_extension_and_its_client_and_survive_a_restart() {
    let mut api = Api::new().await;
    let (ivr, phone) = (api.extension("071", "ivr").await, api.extension("201", "phone").await);
    let made = api.post(&format!("/extension/{ivr}/event/"), wanted("http://a/", "dial-in", "GET")).await.expect(201);
    let id = made["id"].as_u64().unwrap();
    api.get(&format!("/extension/{phone}/event/{id}")).await.refused(404);
    api.put(&format!("/extension/{phone}/event/{id}"), json!({})).await.refused(404);
    api.become_other().await;
    api.get(&format!("/extension/{ivr}/event/{id}")).await.refused(404);
    api.delete(&format!("/extension/{ivr}/event/{id}")).await.refused(404);
    let Api { store, router, _data: data, .. } = api;
    drop((store, router));
    let store = Store::open(data.path()).unwrap();
    let extension = antiphon_ivr::ExtensionId(ivr);
    let kept: Vec<_> = store.snapshot().subscriptions(extension).map(|kept| kept.url.clone()).collect();
    assert_eq!(kept, ["http://a/"]);
    let client = store.snapshot().extension(extension).unwrap().client;
    store.commit(crate::store::changes::DeleteExtension { client, id: extension }).await.unwrap();
    assert_eq!(store.snapshot().subscriptions(extension).count(), 0, "they go with their extension");
}
