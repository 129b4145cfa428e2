//! Entity tags: nothing twice, and nobody's change lost.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use super::{Answer, Api};

impl Api {
    async fn on_condition(&self, method: Method, path: &str, header: (&str, &str), body: Value) -> Answer {
        let body = if body.is_null() { Body::empty() } else { body.to_string().into() };
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/ver1.0{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .header(header.0, header.1)
            .body(body);
        self.send(request.unwrap()).await
    }

    async fn tag(&self, path: &str) -> String {
        let answer = self.get(path).await;
        let tag = answer.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "{tag}");
        answer.expect(200);
        tag
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_shown_again() {
    let api = Api::new().await;
    let menu = api.menu("071").await;
    let other = format!("/client/@me/extension/{}", api.extension("201", "phone").await);
    for path in ["/client/@me/extension/", &other, &menu, &format!("{menu}/context/1"), &format!("{menu}/context/")] {
        let tag = api.tag(path).await;
        assert_eq!(api.tag(path).await, tag, "{path}");
        for wanted in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let answer = api.on_condition(Method::GET, path, ("if-none-match", &wanted), Value::Null).await;
            assert_eq!((answer.status.as_u16(), answer.header("etag")), (304, tag.as_str()), "{path}");
            assert!(!answer.header("x-ratelimit-remaining").is_empty());
            assert_eq!(answer.body, Value::Null);
        }
        let head = api.on_condition(Method::HEAD, path, ("if-none-match", "\"x\""), Value::Null).await;
        assert_eq!((head.status.as_u16(), head.header("etag")), (200, tag.as_str()));
    }
    let (own, list) = (api.tag(&other).await, api.tag("/client/@me/extension/").await);
    let context = api.tag(&format!("{menu}/context/1")).await;
    api.put(&other, json!({"label": "desk"})).await.expect(200);
    assert_ne!(api.tag(&other).await, own);
    assert_ne!(api.tag("/client/@me/extension/").await, list);
    assert_eq!(api.tag(&format!("{menu}/context/1")).await, context, "another object has the tag that it had");
    api.on_condition(Method::GET, &other, ("if-none-match", &own), Value::Null).await.expect(200);
}

#[tokio::test]
async fn a_change_on_an_old_tag_is_refused() {
    let api = Api::new().await;
    let menu = api.menu("071").await;
    let rules = format!("{menu}/context/1/options/start/rules");
    api.post(&format!("{rules}/"), json!({"action": "play_silence", "silence_time": 100})).await.expect(201);
    for (path, change, field) in [
        (menu.clone(), json!({"sleep_time": 5}), "sleep_time"),
        (format!("{menu}/context/1"), json!({"timeout": 5}), "timeout"),
        (format!("{rules}/1/"), json!({"action": "play_silence", "silence_time": 5}), "silence_time"),
    ] {
        let tag = api.tag(&path).await;
        let changed = api.on_condition(Method::PUT, &path, ("if-match", &tag), change.clone()).await;
        assert!(!changed.header("x-ratelimit-remaining").is_empty());
        assert_eq!(changed.expect(200)[field], 5);
        let mut again = change.clone();
        again[field] = json!(7);
        let refused = api.on_condition(Method::PUT, &path, ("if-match", &tag), again.clone()).await;
        assert_eq!(refused.expect(412)["status"], "precondition_failed");
        assert_eq!(api.get(&path).await.expect(200)[field], 5);
        let fresh = format!("\"x\", {}", api.tag(&path).await);
        api.on_condition(Method::PUT, &path, ("if-match", &fresh), again.clone()).await.expect(200);
        api.on_condition(Method::PUT, &path, ("if-match", "*"), change).await.expect(200);
    }
    let path = format!("{rules}/1");
    let tag = api.tag(&path).await;
    api.on_condition(Method::DELETE, &path, ("if-match", "\"x\""), Value::Null).await.refused(412);
    api.on_condition(Method::DELETE, &path, ("if-match", &tag), Value::Null).await.expect(204);
    // A list's tag says that nobody has added to it meanwhile.
    let (list, body) = ("/client/@me/did/", json!({"did": "1", "extension_id": 1}));
    let tag = api.tag(list).await;
    api.on_condition(Method::POST, list, ("if-match", &tag), body).await.expect(201);
    let body = json!({"did": "2", "extension_id": 1});
    api.on_condition(Method::POST, list, ("if-match", &tag), body).await.refused(412);
}

#[tokio::test]
async fn a_condition_hides_no_other_error() {
    let api = Api::new().await;
    let path = format!("/client/@me/extension/{}", api.extension("201", "phone").await);
    let tag = api.tag(&path).await;
    let wrong = api.on_condition(Method::PUT, &path, ("if-match", &tag), json!({"status": "asleep"})).await;
    assert!(wrong.refused(400).contains("status"));
    api.on_condition(Method::PUT, "/client/@me/extension/999", ("if-match", &tag), json!({})).await.refused(404);
    api.on_condition(Method::PUT, "/client/999/extension/1", ("if-match", &tag), json!({})).await.refused(404);
    // There is nothing to compare with.
    let member = "/client/@me/conference/800/member/00000000000000000000000000000000";
    api.on_condition(Method::DELETE, member, ("if-match", &tag), Value::Null).await.refused(412);
}

/// Many who have seen the same want to change it at once: one may, and the others hear that it is not the same any more.
#[tokio::test]
async fn of_many_changes_on_one_tag_one_is_made() {
    let api = Api::new().await;
    let path = format!("/client/@me/extension/{}", api.extension("201", "phone").await);
    let elsewhere = format!("/client/@me/extension/{}", api.extension("202", "phone").await);
    for round in 0..10 {
        let tag = api.tag(&path).await;
        let change = async |number: usize| {
            let body = json!({"label": format!("{round} {number}")});
            api.on_condition(Method::PUT, &path, ("if-match", &tag), body).await
        };
        // What happens to others meanwhile is no reason to refuse.
        let other = async |number: usize| api.put(&elsewhere, json!({"label": format!("{round} {number}")})).await;
        let (a, b, c, d, e, f) = tokio::join!(change(1), other(1), change(2), other(2), change(3), other(3));
        let made: Vec<Value> =
            [a, c, e].into_iter().filter(|answer| answer.status == 200).map(|made| made.body).collect();
        assert_eq!(made.len(), 1, "round {round}");
        assert_eq!(api.get(&path).await.expect(200)["label"], made[0]["label"]);
        [b, d, f].into_iter().for_each(|other| assert_eq!(other.status, 200));
    }
}
