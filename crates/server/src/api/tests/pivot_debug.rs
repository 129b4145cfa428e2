//! Live debug of Pivot in the form of KAZOO.

use std::time::Duration;

use antiphon_ivr::{Fetch, FetchError, FetchMethod, Meanwhile, Note, NoteKind, Page};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::{Answer, Api};
use crate::calls::CallId;
use crate::settings::DebugSettings;
use crate::store::ClientId;
use crate::web::Exchange;
use crate::web::debug::{Asker, HttpDebug};

const SIP_CALL_ID: &str = "829597750@10.26.0.158";

/// A status, a media type and a body, or why there is none.
type Answered<'a> = Result<(u16, &'a str, &'a str), FetchError>;

/// A ring in which one call asked these, each by this step, and was answered so.
fn asked(steps: &[(&str, Answered<'_>)]) -> HttpDebug {
    let debug = HttpDebug::new(DebugSettings::default());
    let call = CallId::new();
    for (step, answer) in steps {
        let fetch = Fetch {
            method: FetchMethod::Get,
            url: "http://u:p@a/voice?Call-ID=829597750%4010.26.0.158".to_owned(),
            headers: Vec::new(),
            body: None,
            patience: Duration::from_secs(5),
            max_bytes: 1_000,
            redirects: 3,
            step: (*step).to_owned(),
            files: Vec::new(),
            meanwhile: Meanwhile::default(),
            cookies: None,
        };
        let asker = Asker {
            client: ClientId(1),
            call,
            sip_call_id: SIP_CALL_ID.to_owned(),
            extension: "000*081".to_owned(),
            from: "+374".to_owned(),
            to: "081".to_owned(),
        };
        let outcome = answer.clone().map(|(status, kind, body)| Page {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.into(),
            url: "http://a/voice".to_owned(),
            cookies: None,
        });
        let exchange = Exchange { outcome, hops: Vec::new(), took: Duration::from_millis(42) };
        debug.begin(asker, &fetch, &[("user-agent".to_owned(), "Antiphon".to_owned())]).finish(&exchange);
        debug.note(ClientId(1), call, &Note { kind: NoteKind::Next, text: "flow".to_owned() });
    }
    debug
}

async fn get(api: &Api, path: &str) -> Answer {
    let request = Request::get(path).header("X-Auth-Token", &api.token);
    api.send(request.body(Body::empty()).expect("a request")).await
}

fn data(body: &Value) -> Vec<Value> {
    body["data"].as_array().cloned().expect("the envelope holds data")
}

#[tokio::test]
async fn a_call_is_listed_and_shown_as_kazoo_shows_it() {
    let flow = r#"{"module":"pivot","data":{}}"#;
    let debug = asked(&[
        ("pivot 1 debug", Ok((200, "text/xml", "<Response/>"))),
        ("pivot 2 debug", Ok((200, "application/json", flow))),
        ("pivot 3 debug", Ok((200, "application/json; charset=utf-8", "{\"module\": tts}"))),
        ("pivot 4 debug", Err(FetchError::TimedOut)),
        ("rule 7 call_interactive", Ok((200, "text/xml", "<Response/>"))),
    ]);
    let mut api = Api::with(|state| state.with_http_debug(debug)).await;
    let list = get(&api, "/v2/accounts/1/pivot/debug").await.expect(200);
    assert_eq!(
        (&list["status"], &list["page_size"], &list["auth_token"]),
        (&json!("success"), &json!(1), &json!(api.token))
    );
    let row = &data(&list)[0];
    let debug_id = row["debug_id"].as_str().expect("a text").to_owned();
    assert!(debug_id.ends_with(&format!("-{SIP_CALL_ID}")) && debug_id.len() == SIP_CALL_ID.len() + 7, "{debug_id}");
    assert!(row["created"].as_u64().expect("seconds") > 63_900_000_000, "{row}");
    for (field, value) in [
        ("call_id", json!(SIP_CALL_ID)),
        ("iteration", json!(1)),
        ("status_code", json!("200")),
        ("uri", json!("http://***@a/voice?Call-ID=829597750%4010.26.0.158")),
        ("has_schema_errors", json!(false)),
        ("has_json_errors", json!(false)),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    is_shown_whole(&api, &debug_id).await;
    get(&api, "/v2/accounts/2/pivot/debug").await.refused(404);
    get(&api, "/v2/accounts/1/pivot/debug/other").await.refused(404);
    api.become_other().await;
    assert_eq!(data(&get(&api, "/v2/accounts/@me/pivot/debug").await.expect(200)), Vec::<Value>::new());
    api.token = String::new();
    get(&api, "/v2/accounts/@me/pivot/debug").await.refused(401);
}

/// Every record of the call, by its Call-ID and by its name in the list.
async fn is_shown_whole(api: &Api, debug_id: &str) {
    let escaped = SIP_CALL_ID.replace('@', "%40");
    let shown = get(api, &format!("/v2/accounts/@me/pivot/debug/{escaped}")).await.expect(200);
    let records = data(&shown);
    let kinds: Vec<(u64, &str)> =
        records.iter().map(|record| (record["iteration"].as_u64().unwrap(), kind(record))).collect();
    let expected = [
        (1, "request"),
        (1, "response"),
        (2, "request"),
        (2, "response"),
        (2, "schema"),
        (3, "request"),
        (3, "response"),
        (3, "json"),
        (4, "request"),
        (4, "error"),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(
        (&records[0]["method"], &records[0]["req_headers"]),
        (&json!("get"), &json!({"user-agent": "Antiphon"}))
    );
    let response = ["resp_status_code", "resp_body", "duration_ms", "next"].map(|field| records[1][field].clone());
    assert_eq!(response, [json!("200"), json!("<Response/>"), json!(42), json!("flow")]);
    assert_eq!(records[4]["schema_errors"], json!({"data.voice_url": {"required": {"message": "is missing"}}}));
    let wrong = &records[7]["json_errors"];
    assert_eq!(wrong["message"], json!("invalid JSON"));
    assert_eq!((&wrong["before"], &wrong["after"]), (&json!("{\"module\": "), &json!("tts}")), "{wrong}");
    assert_eq!(records[9]["error"], json!("no answer in time"));
    let by_id = get(api, &format!("/v2/accounts/1/pivot/debug/{}", debug_id.replace('@', "%40"))).await.expect(200);
    assert_eq!(data(&by_id), records);
}

fn kind(record: &Value) -> &'static str {
    let kinds =
        [("uri", "request"), ("resp_status_code", "response"), ("schema_errors", "schema"), ("json_errors", "json")];
    kinds.into_iter().find(|(field, _)| !record[*field].is_null()).map_or("error", |(_, kind)| kind)
}

#[tokio::test]
async fn without_debug_only_failures_are_shown() {
    let debug = asked(&[
        ("pivot 1", Ok((200, "application/json", r#"{"module":"hangup"}"#))),
        ("pivot 2", Ok((200, "text/html", r#"{"module":"hangup"} and more"#))),
        ("pivot 3", Ok((404, "text/html", "no"))),
    ]);
    let api = Api::with(|state| state.with_http_debug(debug)).await;
    let list = data(&get(&api, "/v2/accounts/1/pivot/debug?page_size=5&ascending=true").await.expect(200));
    assert_eq!((list.len(), &list[0]["iteration"], &list[0]["has_json_errors"]), (1, &json!(2), &json!(true)));
    let shown = data(&get(&api, &format!("/v2/accounts/1/pivot/debug/{SIP_CALL_ID}")).await.expect(200));
    let kinds: Vec<_> = shown.iter().map(|record| (record["iteration"].clone(), kind(record))).collect();
    assert_eq!(kinds, [(json!(2), "json"), (json!(3), "response")]);
    assert_eq!(shown[0]["json_errors"]["message"], json!("trailing data"));
    let created = list[0]["created"].as_u64().expect("seconds");
    for (query, rows) in [
        (format!("created_from={created}&created_to={created}"), 1),
        (format!("created_from={}", created + 1), 0),
        (format!("created_to={}", created - 1), 0),
        ("page_size=0".to_owned(), 0),
    ] {
        assert_eq!(
            data(&get(&api, &format!("/v2/accounts/1/pivot/debug?{query}")).await.expect(200)).len(),
            rows,
            "{query}"
        );
    }
    let message = get(&api, "/v2/accounts/1/pivot/debug?created_from=today&ascending=maybe").await.refused(400);
    assert!(message.contains("created_from"), "{message}");
}
