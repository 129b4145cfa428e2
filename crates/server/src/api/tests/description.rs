//! The description against the router.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Answer, Api};

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

impl Api {
    async fn at(&self, method: &Method, path: &str) -> Answer {
        let token = format!("Bearer {}", self.token);
        let request = Request::builder().method(method).uri(path).header("authorization", token);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn description(&self) -> Value {
        self.at(&Method::GET, "/api/openapi.json").await.expect(200)
    }
}

/// A path that a request can be made to: the parts with a name are of something that there is not.
fn filled(path: &str) -> String {
    let mut filled = path.replace("{client}", "@me").replace("{digits}", "999");
    while let Some((head, rest)) = filled.clone().split_once('{') {
        filled = format!("{head}99999999{}", rest.split_once('}').unwrap().1);
    }
    filled
}

#[tokio::test]
async fn every_path_of_the_router_is_described() {
    let undescribed = Api::new().await.undescribed;
    assert!(undescribed.is_empty(), "not described:\n  {}", undescribed.join("\n  "));
}

/// Each path takes the methods that are described and no others, in both spellings.
#[tokio::test]
async fn each_path_takes_the_methods_that_are_described() {
    let api = Api::new().await;
    let document = api.description().await;
    for (path, item) in document["paths"].as_object().unwrap() {
        let described: BTreeSet<String> = item.as_object().unwrap().keys().map(|verb| verb.to_uppercase()).collect();
        let spellings = [filled(path), format!("{}/", filled(path))];
        for spelling in spellings.into_iter().filter(|spelling| spelling != "//") {
            let refused = api.at(&Method::TRACE, &spelling).await;
            let allowed: BTreeSet<String> = refused.header("allow").split(',').map(str::to_owned).collect();
            let allowed: BTreeSet<String> = allowed.into_iter().filter(|method| method != "HEAD").collect();
            assert_eq!(allowed, described, "{spelling}");
            assert_eq!(refused.expect(405)["status"], "method_not_allowed");
            for method in METHODS {
                let answer = api.at(&method, &spelling).await;
                let taken = answer.status != 405 && answer.body["message"] != "no such path";
                assert_eq!(taken, described.contains(method.as_str()), "{method} {spelling}");
            }
        }
    }
}

#[tokio::test]
async fn the_description_is_whole() {
    let api = Api::new().await;
    let document = api.description().await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (verb, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let plain = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            assert!(plain, "{id} is no name");
            assert_eq!(ids.insert(id, path), None, "{verb} {path}: {id} is twice there");
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{verb} {path}");
            if let Some(body) = operation["requestBody"]["content"].as_object() {
                let forms = ["multipart/form-data", "application/x-www-form-urlencoded"];
                let plain = body.keys().any(|kind| forms.contains(&kind.as_str()));
                let takes_nothing = body.values().all(|content| content["schema"]["properties"] == json!({}));
                let has_example = body.values().all(|content| content.get("example").is_some());
                assert!(plain || takes_nothing || has_example, "{verb} {path} has no example of its body");
            }
        }
    }
    let mut references = Vec::new();
    collect(&document, &mut references);
    for reference in references {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
    }
}

fn collect<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            into.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| collect(value, into));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, into)),
        _ => {}
    }
}

/// What a rule is written with, and what a request may say, come from the structure that is stored.
#[tokio::test]
async fn a_rule_is_described_with_its_39_keys() {
    let document = Api::new().await.description().await;
    let (shown, taken) = (&document["components"]["schemas"]["Rule"], &document["components"]["schemas"]["NewRule"]);
    assert_eq!(shown["required"].as_array().unwrap().len(), 39);
    for ours in ["play_sound_from_variable", "transfer_mode"] {
        assert!(
            shown["properties"].get(ours).is_some() && !shown["required"].as_array().unwrap().contains(&json!(ours))
        );
    }
    assert_eq!(shown["properties"]["final"]["type"], "boolean");
    assert_eq!(taken["required"], json!(["action"]));
    assert_eq!(taken["properties"].get("id"), None, "an id is given, not asked for");
    assert!(taken["properties"].get("order_position").is_some());
    assert_eq!(taken["properties"]["silence_time"]["type"], json!(["integer", "null", "string"]));
    let actions = taken["properties"]["action"]["enum"].as_array().unwrap();
    assert!(actions.contains(&json!("transfer")) && actions.contains(&json!("call_interactive")));
}

/// The pages stand alone: what they run is in them, and their policy names it by its hash and allows nothing else.
#[tokio::test]
async fn the_pages_for_people_bring_all_that_they_need() {
    let api = Api::new().await;
    for path in ["/", "/api/ver1.0/client_api_explorer", "/api/ver1.0/client_api_explorer/"] {
        let page = api.at(&Method::GET, path).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        let policy = page.header("content-security-policy").to_owned();
        let html = page.body.as_str().unwrap();
        for (kind, element) in [("script-src", "script"), ("style-src", "style")] {
            let open = format!("<{element}>");
            for text in html.split(&open).skip(1).filter_map(|rest| rest.split(&format!("</{element}>")).next()) {
                let hash = STANDARD.encode(Sha256::digest(text));
                assert!(policy.contains(&format!("{kind} 'sha256-{hash}'")), "{path}: {policy}");
            }
        }
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
        for elsewhere in ["http://", "https://", "src=\"", "@import", "innerHTML", "eval("] {
            assert!(!html.contains(elsewhere), "{path} has {elsewhere}");
        }
    }
}
