//! Applications in VoiceXML, and their pages.

use antiphon_ivr::ExtensionId;
use antiphon_ivr::op::AllowFlow;
use antiphon_ivr::vxml::Answering;
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use super::Api;
use crate::store::{ExtensionKind, limits};

const PAGE: &str = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\r\n<vxml version=\"2.1\">\n  <form><block><log>hi</log></block></form>\n</vxml>\n";

fn fresh() -> Value {
    json!({
        "url": null, "source": "url", "base_url": null, "dialect": "w3c", "transfer": "blind", "defaults": {},
        "early_queuing": false, "allow_flow": false, "document_bytes": null,
    })
}

fn expecting(changes: &[(&str, Value)]) -> Value {
    let mut expected = fresh();
    changes.iter().for_each(|(field, value)| expected[*field] = value.clone());
    expected
}

#[tokio::test]
async fn an_application_has_a_page_on_a_web_server_or_one_of_its_own() {
    let api = Api::new().await;
    let id = api.extension("082", "vxml").await;
    let path = format!("/extension/{id}/vxml/");
    assert_eq!(api.get(&path).await.expect(200), fresh());
    let body = json!({
        "url": "http://example.com/start.vxml#main", "transfer": "bridge", "defaults": {"timeout": "3s", "bargein": "false"},
    });
    let properties = ("defaults", body["defaults"].clone());
    let url = ("url", body["url"].clone());
    let bridge = ("transfer", json!("bridge"));
    let changed = api.put(&path, body).await.expect(200);
    assert_eq!(changed, expecting(&[url.clone(), bridge.clone(), properties.clone()]));
    let base = ("base_url", json!("https://example.com/ivr/"));
    api.put(&path, json!({"base_url": base.1})).await.expect(200);
    let document = format!("{path}document");
    api.get(&document).await.refused(404);
    let checked = api.raw(Method::PUT, &document, "text/xml", PAGE).await.expect(200);
    assert_eq!((&checked["errors"], &checked["warnings"]), (&json!([]), &json!([])));
    let got = api.get(&document).await;
    assert_eq!(got.header("content-type"), "text/xml");
    assert_eq!(got.body, json!(PAGE), "byte by byte");
    let whole =
        [url.clone(), base, bridge, properties, ("source", json!("document")), ("document_bytes", json!(PAGE.len()))];
    assert_eq!(api.get(&path).await.expect(200), expecting(&whole));
    // A change of something else leaves the page alone, a new URL takes its place and keeps it.
    assert_eq!(api.put(&path, json!({"transfer": "bridge"})).await.expect(200)["source"], json!("document"));
    let other = api.put(&path, json!({"url": "http://example.com/other.vxml", "defaults": null})).await.expect(200);
    assert_eq!((&other["source"], &other["document_bytes"]), (&json!("url"), &json!(PAGE.len())));
    assert_eq!(other["defaults"], json!({}));
    let back = api.put(&path, json!({"source": "document"})).await.expect(200);
    assert_eq!(back["source"], json!("document"));
    api.delete(&document).await.expect(204);
    api.delete(&document).await.refused(404);
    let left = api.get(&path).await.expect(200);
    assert_eq!((&left["source"], &left["document_bytes"]), (&json!("url"), &json!(null)));
    let listed = api.get("/client/@me/extension/?type=vxml").await.expect(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let phone = api.extension("201", "phone").await;
    assert!(api.get(&format!("/extension/{phone}/vxml/")).await.refused(404).contains("VoiceXML"));
    assert!(api.get(&format!("/extension/{id}/pivot/")).await.refused(404).contains("not a pivot"));
}

#[tokio::test]
async fn what_is_wrong_with_an_application_is_told_at_once() {
    let api = Api::new().await;
    let id = api.extension("082", "vxml").await;
    let path = format!("/extension/{id}/vxml/");
    let wrong = json!({
        "url": "start.vxml", "base_url": "ftp://example.com/", "source": "document", "dialect": "cisco", "transfer": "warm",
        "defaults": {"timeout": 5}, "early_queuing": "yes", "allow_flow": 1,
    });
    let message = api.put(&path, wrong).await.refused(400);
    for field in
        ["url:", "base_url:", "source:", "dialect:", "transfer:", "defaults.timeout:", "early_queuing:", "allow_flow:"]
    {
        assert!(message.contains(field), "{field} in {message}");
    }
    assert_eq!(api.get(&path).await.expect(200), fresh(), "nothing was changed");
}

#[tokio::test]
async fn a_property_that_no_call_could_read_is_refused_by_its_name() {
    let api = Api::new().await;
    let path = format!("/extension/{}/vxml/", api.extension("082", "vxml").await);
    let wrong = json!({"defaults": {
        "timeout": "3 parsecs", "bargein": "no", "confidencelevel": "2", "fetchtimeout": "", "sensitivity": "0.5",
        "bargeintype": "hotword",
    }});
    let message = api.put(&path, wrong).await.refused(400);
    for told in [
        "defaults.timeout: must be a time, such as 3s or 500ms",
        "defaults.bargein: must be true or false",
        "defaults.confidencelevel: must be a number from 0.0 to 1.0",
        "defaults.fetchtimeout: must be a time",
        "defaults.sensitivity: changes nothing here",
        "defaults.bargeintype: is not run",
    ] {
        assert!(message.contains(told), "{told} in {message}");
    }
    assert_eq!(api.get(&path).await.expect(200), fresh(), "nothing was changed");
    let right = json!({"timeout": "500ms", "termchar": "", "inputmodes": "dtmf", "fetchaudio": "wait.wav"});
    assert_eq!(api.put(&path, json!({"defaults": right})).await.expect(200)["defaults"], right);
}

#[tokio::test]
async fn an_application_whose_url_is_taken_away_runs_the_page_that_was_uploaded() {
    let api = Api::new().await;
    let path = format!("/extension/{}/vxml/", api.extension("082", "vxml").await);
    let url = json!({"url": "http://example.com/start.vxml"});
    api.put(&path, url.clone()).await.expect(200);
    assert_eq!(api.put(&path, json!({"url": null})).await.expect(200), fresh(), "without a page it is as it was made");
    api.raw(Method::PUT, &format!("{path}document"), "text/xml", PAGE).await.expect(200);
    assert_eq!(api.put(&path, url).await.expect(200)["source"], json!("url"));
    let told = api.put(&path, json!({"url": null, "source": "url"})).await.refused(400);
    assert!(told.contains("source: is url, and there is no url"), "{told}");
    let left = api.put(&path, json!({"url": null})).await.expect(200);
    assert_eq!((&left["url"], &left["source"]), (&json!(null), &json!("document")));
    api.put(&path, json!({"source": "url"})).await.refused(400);
    assert_eq!(api.put(&path, json!({"transfer": "bridge"})).await.expect(200)["source"], json!("document"));
}

#[tokio::test]
async fn an_application_may_wait_for_connect_and_let_its_customizer_say_where_it_goes_on() {
    let api = Api::new().await;
    let id = api.extension("082", "vxml").await;
    let path = format!("/extension/{id}/vxml/");
    let both = [("early_queuing", json!(true)), ("allow_flow", json!(true))];
    let changed = api.put(&path, json!({"early_queuing": true, "allow_flow": true})).await.expect(200);
    assert_eq!(changed, expecting(&both));
    assert_eq!(api.get(&path).await.expect(200), expecting(&both));
    let runs = api.store.snapshot().extension(ExtensionId(id)).map(|extension| match &extension.kind {
        ExtensionKind::Vxml(vxml) => (vxml.application.flow, vxml.application.answer),
        other => panic!("{other:?}"),
    });
    assert_eq!(runs, Some((AllowFlow::Yes, Answering::ByConnect)));
    let kept = api.put(&path, json!({"transfer": "blind", "allow_flow": null})).await.expect(200);
    assert_eq!(kept, expecting(&both[..1]));
}

#[tokio::test]
async fn what_the_dialect_removes_of_an_upload_is_told_in_a_field_of_its_own() {
    let api = Api::new().await;
    let id = api.extension("082", "vxml").await;
    let document = format!("/extension/{id}/vxml/document");
    let page = "<vxml version=\"2.1\" xmlns:bcm=\"urn:contactpro:bcm\">\n<script>var a = 1;</script>\n\
                <block><noinput><exit/></noinput><prompt hue=\"red\"/></block></vxml>";
    for answer in [
        api.raw(Method::PUT, &document, "text/xml", page).await,
        api.raw(Method::POST, "/client/@me/vxml/check", "text/xml", page).await,
    ] {
        let found = answer.expect(200);
        let removed = json!([
            {"line": 2, "column": 1, "element": "script", "attribute": null,
             "message": "there is no such element in this dialect"},
            {"line": 3, "column": 8, "element": "noinput", "attribute": null,
             "message": "does not stand in <block> in this dialect"},
        ]);
        assert_eq!(found["removed_elements"], removed, "{found}");
        let warnings = found["warnings"].as_array().expect("a list");
        assert_eq!((warnings.len(), &warnings[2]["attribute"]), (3, &json!("hue")), "{found}");
    }
    let plain = page.replace(" xmlns:bcm=\"urn:contactpro:bcm\"", "").replace("<script>var a = 1;</script>", "");
    let found = api.raw(Method::POST, "/client/@me/vxml/check", "text/xml", plain).await;
    assert_eq!(found.body["removed_elements"], json!([]), "{}", found.body);
}

#[tokio::test]
async fn a_page_that_cannot_be_loaded_is_refused_by_line_and_column() {
    let mut api = Api::new().await;
    let id = api.extension("082", "vxml").await;
    let document = format!("/extension/{id}/vxml/document");
    for (page, line, element) in [
        ("<vxml version=\"2.1\">\n  <form><block><goto/></block></form></vxml>", 2, json!("goto")),
        ("<vxml version=\"2.1\">\n<form>\n</vxml>", 3, json!(null)),
        ("no XML", 1, json!(null)),
        ("", 1, json!(null)),
    ] {
        for answer in [
            api.raw(Method::PUT, &document, "text/xml", page).await,
            api.raw(Method::POST, "/client/@me/vxml/check", "text/xml", page).await,
        ] {
            let found = answer.expect(422);
            let error = &found["errors"][0];
            assert_eq!((&error["line"], &error["element"]), (&json!(line), &element), "{page}: {found}");
            assert!(error["column"].as_u64().is_some_and(|column| column > 0), "{found}");
            assert!(found["message"].as_str().is_some_and(|text| text.contains(&format!("line {line}"))), "{found}");
        }
    }
    api.get(&document).await.refused(404);
    let used = "<vxml version=\"2.1\">\n<form>\n<object classid=\"a\"/></form></vxml>";
    let found = api.raw(Method::POST, "/client/@me/vxml/check", "application/xml", used).await.expect(200);
    assert_eq!((&found["warnings"][0]["line"], &found["warnings"][0]["element"]), (&json!(3), &json!("object")));
    api.get(&document).await.refused(404);
    let large = format!("{PAGE}{}", " ".repeat(limits::VXML_BYTES));
    api.raw(Method::PUT, &document, "text/xml", large).await.refused(413);
    api.become_other().await;
    api.raw(Method::PUT, &document, "text/xml", PAGE).await.refused(404);
}

#[tokio::test]
async fn pages_are_there_again_after_a_restart_and_gone_with_their_extension() {
    let data = tempfile::tempdir().unwrap();
    let (store, client, made) = {
        use crate::store::{Store, changes};
        let store = Store::open(data.path()).unwrap();
        let client = store.commit(changes::CreateClient { prefix: "000".to_owned() }).await.unwrap();
        let body = json!({"name": "082", "type": "vxml"});
        let made = store.commit(changes::CreateExtension { client, body }).await.unwrap();
        let document = Some(PAGE.as_bytes().into());
        store.commit(changes::PutVxmlDocument { client, extension: made.id, document }).await.unwrap();
        (store, client, made)
    };
    drop(store);
    let store = crate::store::Store::open(data.path()).unwrap();
    let config = store.snapshot();
    let crate::store::ExtensionKind::Vxml(vxml) = &config.extension(made.id).unwrap().kind else { panic!("it is one") };
    assert_eq!(vxml.document.as_deref(), Some(PAGE.as_bytes()));
    assert_eq!(vxml.application.url, antiphon_ivr::vxml::UPLOADED);
    store.commit(crate::store::changes::DeleteExtension { client, id: made.id }).await.unwrap();
    let rows = rusqlite::Connection::open_with_flags(
        data.path().join("antiphon.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    );
    let rows: i64 = rows.unwrap().query_row("SELECT count(*) FROM vxml_document", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn a_client_has_no_more_bytes_of_pages_than_there_can_be() {
    let api = Api::new().await;
    let client = crate::store::ClientId(1);
    let put = async |extension: u64, bytes: usize| {
        let (extension, document) = (antiphon_ivr::ExtensionId(extension), Some(vec![b' '; bytes].into()));
        api.store.commit(crate::store::changes::PutVxmlDocument { client, extension, document }).await
    };
    let (one, other) = (api.extension("082", "vxml").await, api.extension("083", "vxml").await);
    put(one, limits::VXML_BYTES_OF_A_CLIENT).await.unwrap();
    let full = api.raw(Method::PUT, &format!("/extension/{other}/vxml/document"), "text/xml", PAGE).await.refused(409);
    assert!(full.contains("bytes of VoiceXML"), "{full}");
    // One that takes the place of another needs only what it is longer by.
    put(one, limits::VXML_BYTES_OF_A_CLIENT - PAGE.len()).await.unwrap();
    put(other, PAGE.len()).await.unwrap();
}

#[tokio::test]
async fn a_page_is_written_only_over_the_one_that_its_editor_has_seen() {
    let api = Api::new().await;
    let document = format!("/extension/{}/vxml/document", api.extension("082", "vxml").await);
    let put = async |tag: &str, page: &str| {
        let request = Request::put(format!("/api/ver1.0{document}"))
            .header("authorization", format!("Bearer {}", api.token))
            .header("content-type", "text/xml")
            .header("if-match", tag);
        api.send(request.body(Body::from(page.to_owned())).unwrap()).await
    };
    let other = PAGE.replace("hi", "ho");
    put("*", PAGE).await.expect(412);
    api.raw(Method::PUT, &document, "text/xml", PAGE).await.expect(200);
    let tag = api.get(&document).await.header("etag").to_owned();
    put(&tag, &other).await.expect(200);
    put(&tag, PAGE).await.expect(412);
    assert_eq!(api.get(&document).await.body, json!(other));
}

#[tokio::test]
async fn a_page_in_a_form_is_told_how_it_is_taken() {
    let api = Api::new().await;
    let document = format!("/extension/{}/vxml/document", api.extension("082", "vxml").await);
    let form = format!("--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n{PAGE}\r\n--x--\r\n");
    let refused = api.raw(Method::PUT, &document, "multipart/form-data; boundary=x", form).await.refused(400);
    assert!(refused.contains("must be the page itself"), "{refused}");
}
