//! Live debug of requests to web servers.

use std::time::Duration;

use antiphon_ivr::{Fetch, FetchError, FetchMethod, Meanwhile, Note, NoteKind, Page};
use serde_json::json;

use super::Api;
use crate::calls::CallId;
use crate::settings::DebugSettings;
use crate::store::ClientId;
use crate::web::Exchange;
use crate::web::debug::{Asker, HttpDebug};

fn fetch(url: &str) -> Fetch {
    Fetch {
        method: FetchMethod::Get,
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        patience: Duration::from_secs(5),
        max_bytes: 1_000,
        redirects: 3,
        step: "rule 7 call_interactive".to_owned(),
        files: Vec::new(),
        meanwhile: Meanwhile::default(),
        cookies: None,
    }
}

fn asker(client: u64, call: CallId, extension: &str) -> Asker {
    let (extension, from, to) = (extension.to_owned(), "+374".to_owned(), "071".to_owned());
    let sip_call_id = String::new();
    Asker { client: ClientId(client), call, sip_call_id, extension, from, to }
}

#[tokio::test]
async fn a_call_is_listed_with_its_steps_and_only_to_its_client() {
    let debug = HttpDebug::new(DebugSettings::default());
    let mut api = Api::with(|state| state.with_http_debug(debug.clone())).await;
    let (call, other) = (CallId::new(), CallId::new());
    let page = Page {
        status: 200,
        headers: vec![("vary".into(), "a".into()), ("vary".into(), "b".into())],
        body: b"<Response/>".to_vec(),
        url: "http://a/".into(),
        cookies: None,
    };
    let answered = Exchange { outcome: Ok(page), hops: Vec::new(), took: Duration::from_millis(42) };
    let failed = Exchange { outcome: Err(FetchError::TimedOut), hops: Vec::new(), took: Duration::from_secs(5) };
    debug.begin(asker(1, call, "000*071"), &fetch("http://u:p@a/?token=x"), &[]).finish(&answered);
    debug.note(ClientId(1), call, &Note { kind: NoteKind::Problem, text: "what?".to_owned() });
    debug.begin(asker(1, call, "000*071"), &fetch("http://b/"), &[]).finish(&failed);
    debug.begin(asker(1, other, "000*072"), &fetch("http://c/"), &[]).finish(&failed);
    let list = api.get("/client/@me/http_debug/").await.expect(200);
    let ids: Vec<_> = list.as_array().unwrap().iter().map(|call| call["call_uuid"].clone()).collect();
    assert_eq!(ids, [json!(other.to_string()), json!(call.to_string())], "the newest first");
    let listed = api.get("/client/@me/http_debug/?extension=000*071").await.expect(200);
    let [listed] = &listed.as_array().unwrap()[..] else { panic!("one call of this extension: {listed}") };
    assert_eq!(listed["url"], "http://***@a/?token=***");
    let figures = ["status_code", "steps_count", "failures", "problems"].map(|name| listed[name].as_u64().unwrap());
    assert_eq!(figures, [200, 2, 1, 1]);
    let shown = api.get(&format!("/client/@me/http_debug/{call}")).await.expect(200);
    let steps = shown["steps"].as_array().unwrap();
    let answer = json!({"status_code": 200, "headers": {"vary": "a, b"}, "body": "<Response/>", "length": 11});
    assert_eq!(
        (&steps[0]["answer"], &steps[0]["error"], &steps[0]["duration_ms"]),
        (&answer, &json!(null), &json!(42))
    );
    assert_eq!((&steps[0]["by"], &steps[0]["problems"]), (&json!("rule 7 call_interactive"), &json!(["what?"])));
    assert_eq!((&steps[1]["answer"], &steps[1]["error"]), (&json!(null), &json!("no answer in time")));
    api.get(&format!("/client/@me/http_debug/{}", CallId::new())).await.refused(404);
    api.become_other().await;
    assert_eq!(api.get("/client/@me/http_debug/").await.expect(200), json!([]));
    api.get(&format!("/client/@me/http_debug/{call}")).await.refused(404);
}

#[tokio::test]
async fn without_a_secret_there_is_no_signing_key() {
    let api = Api::new().await;
    let message = api.get("/client/@me/http_signing_key").await.refused(404);
    assert!(message.contains("http_client.signing_secret"), "{message}");
}
