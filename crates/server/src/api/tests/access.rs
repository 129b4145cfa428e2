//! Tokens, limits of rate and size, health, and what is no path.

use axum::body::Body;
use axum::http::{Method, Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Answer, Api};
use crate::calls::Readiness;

impl Api {
    async fn ask_token(&self, query: &str, authorization: Option<String>, body: String) -> Answer {
        let mut request = Request::post(format!("/oauth/token{query}"));
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn plain(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }
}

#[tokio::test]
async fn a_token_is_had_by_form_query_json_and_basic() {
    let api = Api::new().await;
    let (id, secret) = (api.client_id.clone(), api.client_secret.clone());
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let object = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret}).to_string();
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    for (query, authorization, body) in [
        (String::new(), None, form.clone()),
        (format!("?{form}"), None, String::new()),
        (String::new(), None, object),
        (String::new(), Some(basic), "grant_type=client_credentials".to_owned()),
    ] {
        let answer = api.ask_token(&query, authorization, body).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let token = answer.expect(200);
        assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!(token["scope"], "all");
        assert!(token["access_token"].as_str().unwrap().len() >= 32);
    }
}

#[tokio::test]
async fn a_token_is_refused_in_the_words_of_oauth() {
    let api = Api::new().await;
    let id = &api.client_id;
    let unknown = "grant_type=client_credentials&client_id=nobody&client_secret=x".to_owned();
    for (body, status, error) in [
        (format!("grant_type=client_credentials&client_id={id}&client_secret=guess"), 401, "invalid_client"),
        (unknown, 401, "invalid_client"),
        (format!("grant_type=client_credentials&client_id={id}"), 400, "invalid_request"),
        (format!("client_id={id}&client_secret=x"), 400, "invalid_request"),
        ("grant_type=password&username=a&password=b".to_owned(), 400, "unsupported_grant_type"),
        ("grant_type=authorization_code&code=a&redirect_uri=b".to_owned(), 400, "unsupported_grant_type"),
        ("grant_type=refresh_token&refresh_token=a".to_owned(), 400, "unsupported_grant_type"),
        ("grant_type=client_credentials&client_id=a&client_id=b".to_owned(), 400, "invalid_request"),
        ("{\"grant_type\"".to_owned(), 400, "invalid_request"),
        ("x".repeat(100_000), 400, "invalid_request"),
    ] {
        assert_eq!(api.ask_token("", None, body).await.expect(status)["error"], error);
    }
}

#[tokio::test]
async fn nobody_is_asked_to_authorize_an_application() {
    let api = Api::new().await;
    let answer = api.plain("/oauth/authorize?response_type=code&client_id=a&redirect_uri=https://example.net/").await;
    assert_eq!(answer.header("location"), "");
    assert_eq!(answer.expect(400)["error"], "unsupported_response_type");
}

#[tokio::test]
async fn a_token_tells_whose_it_is() {
    let mut api = Api::new().await;
    let me = json!({"id": 1, "client_prefix": "000", "domain": "sip.example.net", "status": "active",
                    "speech_to_text": true});
    assert_eq!(api.get("/client/@me").await.expect(200), me);
    assert_eq!(api.get("/client/1/").await.expect(200), me);
    assert_eq!(api.get("/client/2").await.expect(404)["status"], "client_not_found");
    api.become_other().await;
    assert_eq!(api.get("/client/@me/").await.expect(200)["client_prefix"], "001");
}

#[tokio::test]
async fn without_a_good_token_there_is_a_challenge() {
    let mut api = Api::new().await;
    let none = api.plain("/api/ver1.0/client/@me/extension/").await;
    assert!(none.header("www-authenticate").starts_with("Bearer "));
    none.refused(401);
    api.token = "guess".to_owned();
    let bad = api.get("/client/@me/extension/").await;
    assert!(bad.header("www-authenticate").contains("invalid_token"));
    bad.refused(401);
}

#[tokio::test]
async fn beyond_the_hourly_limit_there_is_429_with_the_seconds_to_wait() {
    let api = Api::with_hourly_limit(2).await;
    let first = api.get("/client/@me/extension/").await;
    assert_eq!((first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")), ("2", "1"));
    api.get("/client/@me/did/").await.expect(200);
    let third = api.get("/client/@me/extension/").await;
    let seconds: u64 = third.header("x-ratelimit-reset").parse().unwrap();
    assert!((3590..=3600).contains(&seconds), "{seconds} is no number of seconds to the next hour");
    assert_eq!(third.header("x-ratelimit-remaining"), "0");
    assert_eq!(third.expect(429)["status"], "rate_limit_exceeded");
}

#[tokio::test]
async fn both_spellings_of_a_path_are_good() {
    let api = Api::new().await;
    let menu = api.menu("071").await;
    for path in [
        "/client/@me/extension",
        "/client/1/extension",
        "/client/@me/sound",
        "/client/@me/did",
        &menu,
        &format!("{menu}/context"),
        &format!("{menu}/context/1"),
        &format!("{menu}/context/1/options"),
        &format!("{menu}/context/1/options/start/rules"),
        &format!("{menu}/context/1/options/start/rules/order"),
        &menu.replace("/extension", "").replace("/ivr", "").replacen('/', "/ivr/", 1),
    ] {
        assert_eq!(api.get(path).await.expect(200), api.get(&format!("{path}/")).await.expect(200), "{path}");
    }
    let alias = menu.strip_prefix("/extension/").and_then(|rest| rest.strip_suffix("/ivr")).unwrap();
    let context = api.get(&format!("/ivr/{alias}/context/1")).await.expect(200);
    assert_eq!(context["name"], "Main");
}

#[tokio::test]
async fn what_is_no_path_or_no_method_is_answered_in_json() {
    let api = Api::new().await;
    for path in ["/nothing", "/api", "/api/ver1.0/nothing", "/api/ver1.0/client/"] {
        api.plain(path).await.refused(404);
    }
    api.get("/client/2/extension/").await.refused(404);
    assert_eq!(api.get("/client/99/sound/").await.expect(404)["status"], "client_not_found");
    for (method, path) in [
        (Method::PATCH, "/client/@me/extension/"),
        (Method::DELETE, "/client/@me/did/"),
        (Method::PUT, "/client/@me/sound/"),
    ] {
        api.raw(method, path, "", Body::empty()).await.refused(405);
    }
    let request = Request::get("/oauth/token").body(Body::empty()).unwrap();
    api.send(request).await.refused(405);
}

#[tokio::test]
async fn whoever_has_a_token_sees_the_rate_on_every_error() {
    let api = Api::with_hourly_limit(2).await;
    for (method, path, status) in [(Method::GET, "/nothing", 404), (Method::PATCH, "/client/@me/did/", 405)] {
        let answer = api.raw(method, path, "", Body::empty()).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-ratelimit-limit")), (status, "2"));
    }
    api.get("/nothing").await.refused(429);
    assert_eq!(api.plain("/api/ver1.0/nothing").await.header("x-ratelimit-limit"), "");
}

#[tokio::test]
async fn options_and_what_is_not_taken_name_what_is() {
    let api = Api::new().await;
    for (path, allowed) in [("/client/@me/did/", "GET,HEAD,POST"), ("/client/@me/extension/1", "GET,HEAD,PUT,DELETE")] {
        let options = api.raw(Method::OPTIONS, path, "", Body::empty()).await;
        assert_eq!((options.status.as_u16(), options.header("allow")), (204, allowed));
        assert_eq!(options.header("access-control-allow-origin"), "", "no page of another origin reads answers");
        assert_eq!(api.raw(Method::PATCH, path, "", Body::empty()).await.header("allow"), allowed);
    }
    api.raw(Method::OPTIONS, "/nothing", "", Body::empty()).await.refused(404);
}

#[tokio::test]
async fn every_answer_has_the_name_of_its_request() {
    let api = Api::new().await;
    let fresh = [api.get("/client/@me/did/").await, api.get("/nothing").await, api.plain("/healthz").await];
    let names: std::collections::HashSet<&str> = fresh.iter().map(|answer| answer.header("x-request-id")).collect();
    assert!(names.len() == 3 && names.iter().all(|name| name.len() == 32), "{names:?}");
    for (given, kept) in [("order-17.b_2", true), ("", false), ("a b", false), (&*"x".repeat(65), false)] {
        let request = Request::get("/healthz").header("x-request-id", given).body(Body::empty()).unwrap();
        assert_eq!(api.send(request).await.header("x-request-id") == given, kept, "{given}");
    }
}

#[tokio::test]
async fn a_path_of_bad_bytes_is_no_path() {
    let api = Api::new().await;
    for path in
        ["/client/%ff/extension/", "/trunk/%ff", "/trunk/%00", "/extension/%c3%28/ivr/", "/client/@me/conference/%80"]
    {
        api.get(path).await.refused(404);
    }
    api.get("/client/@me/call_history/%00").await.refused(404);
    api.get("/client/@me/call_history/0?format=%ff").await.refused(400);
    for query in ["?page=%ff", "?page=99999999999999999999", "?page=-1", "?per_page=1e9", "?order="] {
        api.get(&format!("/client/@me/extension/{query}")).await.refused(400);
    }
    let all = api.get("/client/@me/extension/?page=0&per_page=x&order=up").await.expect(400);
    let fields: Vec<&str> = all["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["page", "per_page", "order"]);
    let far = format!("/client/@me/extension/?page={0}&per_page={0}", u64::MAX);
    assert_eq!(api.get(&far).await.expect(200), json!([]));
}

#[tokio::test]
async fn a_body_that_is_no_json_is_placed_by_line_and_column() {
    let api = Api::new().await;
    let menu = api.menu("071").await;
    let path = format!("{menu}/context/1/options/");
    let post = |body: &'static str| api.raw(Method::POST, &path, "application/x-www-form-urlencoded", body);
    let message = post("{digits\": \"1\"}").await.refused(400);
    assert!(message.contains("line 1 column 2"), "{message}");
    let message = post("{\n  \"digits\": \"1\",\n}").await.refused(400);
    assert!(message.contains("line 3"), "{message}");
    post("").await.refused(400);
    post("[\"digits\"]").await.refused(400);
    post("{\"digits\": \"1\"}").await.expect(201);
    let message = post("{\"digits\": \"2\", \"digits\": \"3\"}").await.refused(400);
    assert!(message.contains("\"digits\" is there twice"), "{message}");
    let deep = "[".repeat(100_000);
    api.raw(Method::POST, &path, "application/json", deep).await.refused(400);
    let large = format!("{{\"digits\": \"{}\"}}", "1".repeat(300_000));
    let answer = api.raw(Method::POST, &path, "application/json", large).await;
    assert_eq!(answer.expect(413)["status"], "payload_too_large");
    api.sound("hello").await;
    api.put("/client/@me/sound/1", json!({"title": "x".repeat(300_000)})).await.refused(413);
}

#[tokio::test]
async fn a_supervisor_sees_life_readiness_and_metrics() {
    let api = Api::new().await;
    api.plain("/healthz").await.expect(200);
    api.plain("/readyz").await.expect(200);
    api.readiness.send(Readiness::Draining).unwrap();
    assert_eq!(api.plain("/readyz").await.expect(503)["status"], "draining");
    api.plain("/healthz").await.expect(200);
    let metrics = api.plain("/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain"));
    assert_eq!(metrics.status, 200);
}
