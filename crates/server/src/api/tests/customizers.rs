//! Versions of customizers. Code is looked at by real processes of Python.

use std::time::SystemTime;

use antiphon_ivr::op::{AboutCall, CustomErrorKind, Customize};
use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, Api};
use crate::customizers::{Customizers, Loads};
use crate::settings::{CustomizerEditors, CustomizerSettings};
use crate::store::limits::{CUSTOMIZER_BYTES, CUSTOMIZER_BYTES_OF_A_CLIENT};
use crate::store::{ClientId, CustomizerCode, FoundInCode, Rejected, Taken, changes};

const SHOP: &str = "# -*- coding: utf-8 -*-\r\nclass Shop:\r\n    \"\"\"Käse\"\"\"\r\n    def find(self, params, call):\r\n        call.set_var('n', 1)\r\n        call.log('info', 'here')\r\n        return {'phone': params['phone'], 'from': call.from_number}\r\n    def _own(self): pass\r\nclass Other:\r\n    def lose(self): raise KeyError('x')\r\n";

fn these(editors: &[&str]) -> CustomizerEditors {
    CustomizerEditors::of(&editors.iter().map(|editor| (*editor).to_owned()).collect::<Vec<_>>())
}

async fn api(editors: &[&str]) -> (Api, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let customizers = Customizers::open(&CustomizerSettings::default(), data.path());
    (Api::with(|state| state.with_customizers(customizers, these(editors))).await, data)
}

impl Api {
    async fn code(&self, method: Method, path: &str, code: impl Into<Body>) -> Answer {
        self.raw(method, path, "text/x-python", code).await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.raw(Method::PATCH, path, "application/json", body.to_string()).await
    }
}

#[tokio::test]
async fn a_version_is_added_shown_edited_and_given_back_byte_for_byte() {
    let (api, _data) = api(&["*"]).await;
    let path = format!("/extension/{}/customizer", api.extension("081", "vxml").await);
    assert_eq!(api.get(&path).await.expect(200), json!([]));
    let made = api.code(Method::POST, &path, SHOP).await;
    assert_eq!(made.header("location"), format!("/api/ver1.0{path}/1"));
    let made = made.expect(201);
    let expected = json!({
        "version": 1, "created": made["created"], "modified": made["modified"], "class_name": "Shop", "description": "",
        "active": false, "sha256": made["sha256"], "size": SHOP.len(), "methods": ["find"], "status": "ok",
        "status_message": null,
    });
    assert_eq!(made, expected);
    let exported = api.get(&format!("{path}/1/code")).await;
    assert_eq!(exported.header("content-type"), "text/x-python; charset=utf-8");
    assert_eq!(exported.header("content-disposition"), "attachment; filename=\"Shop_v1.py\"");
    assert!(exported.header("etag").starts_with('"'));
    assert_eq!(exported.expect(200), SHOP);
    // As JSON, and as a form.
    let body = json!({"filename": "a/b.py", "code": "x = 1", "description": "none"});
    let second = api.post(&path, body).await.expect(201);
    let shown = (&second["version"], &second["class_name"], &second["status"], &second["description"]);
    assert_eq!(shown, (&json!(2), &json!("b"), &json!("invalid"), &json!("none")));
    assert_eq!(second["status_message"], "there is no class b in the code");
    let mut form = b"--X\r\nContent-Disposition: form-data; name=\"class_name\"\r\n\r\nOther\r\n".to_vec();
    form.extend(b"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"shop.py\"\r\n\r\n");
    form.extend([SHOP.as_bytes(), b"\r\n--X--\r\n"].concat());
    let third = api.raw(Method::POST, &path, "multipart/form-data; boundary=X", form).await.expect(201);
    assert_eq!((&third["class_name"], &third["methods"]), (&json!("Other"), &json!(["lose"])));
    assert_eq!(third["sha256"], made["sha256"], "the same bytes");
    let edited =
        api.patch(&format!("{path}/1"), json!({"class_name": "Other", "description": "new"})).await.expect(200);
    assert_eq!((&edited["class_name"], &edited["description"]), (&json!("Other"), &json!("new")));
    // A class that was chosen stays with other code that has it, else the first is called.
    let replaced =
        api.code(Method::PUT, &format!("{path}/1/code"), "class A: pass\nclass Other: pass\n").await.expect(200);
    assert_eq!((&replaced["class_name"], &replaced["version"]), (&json!("Other"), &json!(1)));
    let replaced = api.code(Method::PUT, &format!("{path}/1/code"), "class A: pass\n").await.expect(200);
    assert_eq!((&replaced["class_name"], &replaced["created"]), (&json!("A"), &made["created"]));
    assert_eq!(api.get(&path).await.expect(200).as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn one_version_is_active_and_no_number_is_given_twice() {
    let (api, _data) = api(&["*"]).await;
    let extension = api.extension("081", "vxml").await;
    let path = format!("/extension/{extension}/customizer");
    for _ in 0..3 {
        api.code(Method::POST, &path, SHOP).await.expect(201);
    }
    let active = |listed: &Value| -> Vec<u64> {
        let rows = listed.as_array().unwrap().iter().filter(|row| row["active"] == true);
        rows.map(|row| row["version"].as_u64().unwrap()).collect()
    };
    for version in [1, 1, 2] {
        let shown = api.post(&format!("{path}/{version}/activate"), json!({})).await.expect(200);
        assert_eq!(shown["active"], true);
        assert_eq!(active(&api.get(&path).await.expect(200)), [version]);
    }
    assert_eq!(api.delete(&format!("{path}/2")).await.refused(409), "the version is active");
    assert_eq!(api.post(&format!("{path}/1/deactivate"), json!({})).await.expect(200)["active"], false);
    assert_eq!(active(&api.get(&path).await.expect(200)), [2], "the other is as it was");
    assert_eq!(api.delete(&format!("{path}/3")).await.status, 204);
    assert_eq!(api.code(Method::POST, &path, SHOP).await.expect(201)["version"], 4);
    assert_eq!(api.post(&format!("{path}/2/deactivate"), json!({})).await.expect(200)["active"], false);
    for version in [1, 2, 4] {
        assert_eq!(api.delete(&format!("{path}/{version}")).await.status, 204);
    }
    assert_eq!(api.get(&path).await.expect(200), json!([]));
    assert_eq!(api.code(Method::POST, &path, SHOP).await.expect(201)["version"], 5);
    assert_eq!(api.get(&format!("{path}/4")).await.refused(404), "customizer not found");
    assert_eq!(audit(&api).await.len(), 3 + 1 + 2 + 1 + 1 + 1 + 3 + 1);
    assert_eq!(audit(&api).await[4..6], ["deactivate 1", "activate 2"]);
    let of = api.store.snapshot();
    assert_eq!(of.active_customizer(antiphon_ivr::ExtensionId(extension)), None);
}

/// What was written down of who changed what.
async fn audit(api: &Api) -> Vec<String> {
    let listed = api.get("/client/@me/customizer_audit/?order=asc").await.expect(200);
    let told = listed.as_array().unwrap().iter().map(|row| {
        let (digits, application) = (row["sha256"].as_str().unwrap().len(), &row["application"]);
        assert_eq!((digits, application), (64, &json!(api.client_id)));
        format!("{} {}", row["action"].as_str().unwrap(), row["version"])
    });
    told.collect()
}

#[tokio::test]
async fn who_changed_what_is_told_to_the_client_alone_page_by_page() {
    let (mut api, _data) = api(&["*"]).await;
    let (one, other) = (api.extension("081", "vxml").await, api.extension("082", "vxml").await);
    let made = api.code(Method::POST, &format!("/extension/{one}/customizer"), SHOP).await.expect(201);
    api.post(&format!("/extension/{one}/customizer/1/activate"), json!({})).await.expect(200);
    api.code(Method::POST, &format!("/extension/{other}/customizer"), "x = 1\n").await.expect(201);
    api.delete(&format!("/client/@me/extension/{one}")).await;
    let all = api.get("/client/@me/customizer_audit/").await.expect(200);
    assert_eq!(
        all[1],
        json!({"id": 2, "datetime": all[1]["datetime"], "extension_id": one, "version": 1, "action": "activate",
               "sha256": made["sha256"], "application": api.client_id}),
        "also of an extension that is gone"
    );
    assert_eq!(all[1]["datetime"].as_str().map(str::len), Some("2026-11-27 08:00:00".len()));
    for (query, ids) in [
        ("".to_owned(), json!([3, 2, 1])),
        ("?order=asc".to_owned(), json!([1, 2, 3])),
        (format!("?extension_id={one}"), json!([2, 1])),
        ("?per_page=2&page=2".to_owned(), json!([1])),
        ("?per_page=2&page=3".to_owned(), json!([])),
    ] {
        let listed = api.get(&format!("/client/@me/customizer_audit/{query}")).await.expect(200);
        let told: Vec<&Value> = listed.as_array().unwrap().iter().map(|row| &row["id"]).collect();
        assert_eq!(json!(told), ids, "{query}");
    }
    assert!(api.get("/client/@me/customizer_audit/?extension_id=x").await.refused(400).starts_with("extension_id"));
    let own = api.store.snapshot().clients().next().unwrap().id;
    api.become_other().await;
    assert_eq!(api.get("/client/@me/customizer_audit/").await.expect(200), json!([]));
    api.get(&format!("/client/{}/customizer_audit/", own.0)).await.refused(404);
}

#[tokio::test]
async fn code_that_does_not_compile_is_refused_with_its_place_and_the_old_stays() {
    let (api, _data) = api(&["*"]).await;
    let path = format!("/extension/{}/customizer", api.extension("081", "vxml").await);
    let wrong = "class A:\n    def f(self):\n        return (1,\n";
    let refused = api.code(Method::POST, &path, wrong).await.expect(422);
    assert_eq!((&refused["line"], &refused["status"]), (&json!(3), &json!("invalid_code")), "{refused}");
    assert!(refused["col"].as_u64().is_some_and(|col| col >= 1) && refused["reason"].is_string(), "{refused}");
    assert_eq!(api.get(&path).await.expect(200), json!([]));
    api.code(Method::POST, &path, SHOP).await.expect(201);
    let active = api.post(&format!("{path}/1/activate"), json!({})).await.expect(200);
    assert_eq!(active["methods"], json!(["find"]));
    api.code(Method::PUT, &format!("{path}/1/code"), wrong).await.expect(422);
    let fails = "class Shop: pass\nraise ImportError('none')\n";
    let told = api.code(Method::PUT, &format!("{path}/1/code"), fails).await.refused(409);
    assert!(told.contains("ImportError: none"), "{told}");
    let told = api.code(Method::PUT, &format!("{path}/1/code"), "x = 1\n").await.refused(409);
    assert!(told.contains("no class"), "{told}");
    assert!(api.patch(&format!("{path}/1"), json!({"class_name": "Nobody"})).await.refused(409).contains("Nobody"));
    assert_eq!(api.get(&format!("{path}/1")).await.expect(200), active, "as it was");
    assert_eq!(api.get(&format!("{path}/1/code")).await.expect(200), SHOP);
    // What cannot be loaded is not activated.
    for (code, said) in
        [(fails, "ImportError: none"), ("x = 1", "no class"), ("import os; os._exit(1)\nclass A: pass", "died")]
    {
        let made = api.code(Method::POST, &path, code).await.expect(201);
        let told = api.post(&format!("{path}/{}/activate", made["version"]), json!({})).await.refused(409);
        assert!(told.contains(said), "{told}");
    }
    assert_eq!(api.get(&format!("{path}/1")).await.expect(200)["active"], true);
}

#[tokio::test]
async fn what_no_request_may_say_is_refused() {
    let (api, _data) = api(&["*"]).await;
    let path = format!("/extension/{}/customizer", api.extension("081", "vxml").await);
    let large = "#".repeat(CUSTOMIZER_BYTES + 1);
    api.code(Method::POST, &path, large.clone()).await.refused(413);
    api.code(Method::POST, &path, "#".repeat(3 * CUSTOMIZER_BYTES)).await.refused(413);
    api.code(Method::POST, &path, "#".repeat(CUSTOMIZER_BYTES)).await.expect(201);
    assert!(api.post(&path, json!({"filename": "a.py"})).await.refused(400).starts_with("code"));
    assert!(api.post(&path, json!({"code": "x", "class_name": "a b"})).await.refused(400).starts_with("class_name"));
    assert!(
        api.post(&path, json!({"code": "x", "description": "x".repeat(1001)})).await.refused(400).starts_with("desc")
    );
    let told = api.patch(&format!("{path}/1"), json!({"version": 7, "active": true})).await.refused(400);
    assert!(told.contains("version") && told.contains("active"), "{told}");
    api.patch(&format!("{path}/1"), json!({"description": 7})).await.refused(400);
    api.raw(Method::POST, &path, "multipart/form-data; boundary=X", "--X--\r\n").await.refused(400);
    for wrong in ["0", "9", "-1", "x", "99999999999"] {
        api.get(&format!("{path}/{wrong}")).await.refused(404);
        api.post(&format!("{path}/{wrong}/activate"), json!({})).await.refused(404);
    }
    api.post(&format!("{path}/1/invoke"), json!({})).await.refused(400);
    api.post(&format!("{path}/1/invoke"), json!({"method": "a", "timeout_ms": 0})).await.refused(400);
}

#[tokio::test]
async fn a_test_call_tells_what_a_method_returns_and_how_it_fails() {
    let (api, _data) = api(&["*"]).await;
    let path = format!("/extension/{}/customizer", api.extension("081", "vxml").await);
    api.code(Method::POST, &path, SHOP).await.expect(201);
    let body =
        json!({"method": "find", "params": {"phone": "12345"}, "call": {"from_number": "+7812"}, "timeout_ms": 20_000});
    let tried = api.post(&format!("{path}/1/invoke"), body).await.expect(200);
    assert_eq!(tried["result"], json!({"phone": "12345", "from": "+7812"}));
    assert_eq!((&tried["vars"], &tried["error"]), (&json!({"n": 1}), &Value::Null));
    assert_eq!(tried["log"], json!([{"level": "info", "text": "here"}]));
    let failed = api.post(&format!("{path}/1/invoke"), json!({"method": "find"})).await.expect(200);
    assert_eq!(failed["error"], json!({"type": "exception", "message": "KeyError: 'phone'"}));
    let failed = api.post(&format!("{path}/1/invoke"), json!({"method": "none"})).await.expect(200);
    assert_eq!(failed["error"]["type"], "badmethod");
    let status = api.get(&format!("{path}/1/status")).await.expect(200);
    assert_eq!((&status["processes"], &status["breaker"]), (&json!(0), &json!("closed")));
}

#[tokio::test]
async fn only_an_editor_changes_code_and_each_sees_its_own() {
    let (api, _data) = api(&["somebody-else"]).await;
    let path = format!("/extension/{}/customizer", api.extension("081", "vxml").await);
    let told = api.code(Method::POST, &path, SHOP).await.refused(403);
    assert!(told.contains("customizer.editors"), "{told}");
    for (method, at) in [
        (Method::PUT, "1/code"),
        (Method::PATCH, "1"),
        (Method::DELETE, "1"),
        (Method::POST, "1/activate"),
        (Method::POST, "1/deactivate"),
        (Method::POST, "1/invoke"),
    ] {
        api.raw(method, &format!("{path}/{at}"), "application/json", "{}").await.refused(403);
    }
    assert_eq!(api.get(&path).await.expect(200), json!([]), "anybody may look");
    let phone = api.extension("201", "phone").await;
    assert!(api.get(&format!("/extension/{phone}/customizer")).await.refused(404).contains("VoiceXML"));
}

#[tokio::test]
async fn versions_of_others_are_not_there_and_they_go_with_their_extension() {
    let (mut api, _data) = api(&["*"]).await;
    let extension = api.extension("081", "vxml").await;
    let path = format!("/extension/{extension}/customizer");
    api.code(Method::POST, &path, SHOP).await.expect(201);
    api.delete(&format!("/client/@me/extension/{extension}")).await;
    let of = antiphon_ivr::ExtensionId(extension);
    assert_eq!(api.store.snapshot().customizers(of).count(), 0);
    let path = format!("/extension/{}/customizer", api.extension("082", "vxml").await);
    api.code(Method::POST, &path, SHOP).await.expect(201);
    api.become_other().await;
    api.get(&path).await.refused(404);
    api.get(&format!("{path}/1/code")).await.refused(404);
    api.code(Method::POST, &path, SHOP).await.refused(404);
    api.post(&format!("{path}/1/activate"), json!({})).await.refused(404);
    api.delete(&format!("{path}/1")).await.refused(404);
}

#[tokio::test]
async fn a_change_with_another_tag_is_not_made() {
    let (api, _data) = api(&["*"]).await;
    let path = format!("/extension/{}/customizer", api.extension("081", "vxml").await);
    api.code(Method::POST, &path, SHOP).await.expect(201);
    for (method, at, body) in [
        (Method::PATCH, format!("{path}/1"), "{\"description\": \"new\"}"),
        (Method::PUT, format!("{path}/1/code"), "class B: pass\n"),
        (Method::DELETE, format!("{path}/1"), ""),
    ] {
        let tag = api.get(&at).await.header("etag").to_owned();
        let kind = if method == Method::PUT { "text/x-python" } else { "application/json" };
        for (tag, status) in [("\"other\"", 412), (tag.as_str(), if method == Method::DELETE { 204 } else { 200 })] {
            let request = Request::builder()
                .method(method.clone())
                .uri(format!("/api/ver1.0{at}"))
                .header(header::AUTHORIZATION, format!("Bearer {}", api.token))
                .header(header::CONTENT_TYPE, kind)
                .header(header::IF_MATCH, tag)
                .body(body.into())
                .unwrap();
            assert_eq!(api.send(request).await.status, status, "{method} {at}");
        }
    }
}

#[tokio::test]
async fn versions_outlive_a_restart() {
    let (api, _data) = api(&["*"]).await;
    let extension = api.extension("081", "vxml").await;
    let path = format!("/extension/{extension}/customizer");
    api.code(Method::POST, &path, SHOP).await.expect(201);
    api.code(Method::POST, &path, "class B:\n  def b(self): return 1\n").await.expect(201);
    api.post(&format!("{path}/2/activate"), json!({})).await.expect(200);
    let before: Vec<_> = api.store.snapshot().customizers(antiphon_ivr::ExtensionId(extension)).cloned().collect();
    let Api { store, router, _data: folder, .. } = api;
    drop((store, router));
    let again = crate::store::Store::open(folder.path()).unwrap();
    let after: Vec<_> = again.snapshot().customizers(antiphon_ivr::ExtensionId(extension)).cloned().collect();
    assert_eq!(before, after);
    assert!(after[1].active && after[0].code.bytes[..] == *SHOP.as_bytes());
}

fn editor(extension: u64) -> changes::CustomizerEditor {
    let extension = antiphon_ivr::ExtensionId(extension);
    changes::CustomizerEditor { client: ClientId(1), extension, application: "a test".into(), now: SystemTime::now() }
}

#[tokio::test]
async fn a_change_that_was_tried_on_what_is_no_longer_there_is_refused() {
    let (api, _data) = api(&["*"]).await;
    let extension = api.extension("081", "vxml").await;
    let path = format!("/extension/{extension}/customizer");
    api.code(Method::POST, &path, SHOP).await.expect(201);
    let version = || api.store.snapshot().customizer(antiphon_ivr::ExtensionId(extension), 1).unwrap().clone();
    let found = || FoundInCode { classes: vec!["Shop".to_owned()], methods: Vec::new() };
    let replace = |tried| changes::ReplaceCustomizer {
        editor: editor(extension),
        tried,
        code: CustomizerCode::of(b"class Shop: pass\n".as_slice()),
        found: found(),
        class_name: "Shop".to_owned(),
        class_edited: false,
    };
    let edit = |tried, class_name| changes::EditCustomizer {
        editor: editor(extension),
        tried,
        class_name,
        description: Some("other".to_owned()),
    };
    let first = version();
    api.patch(&format!("{path}/1"), json!({"class_name": "Other"})).await.expect(200);
    let other_class = version();
    api.post(&format!("{path}/1/activate"), json!({})).await.expect(200);
    for old in [&first, &other_class] {
        for refused in [
            api.store.commit(replace(old.clone())).await.unwrap_err(),
            api.store.commit(edit(old.clone(), Some(("Shop".to_owned(), found())))).await.unwrap_err(),
        ] {
            assert!(matches!(refused, Rejected::Conflict(Taken::CustomizerChanged)), "{refused}");
        }
    }
    api.store.commit(edit(first, None)).await.unwrap();
    let made = api.store.commit(replace(version())).await.unwrap();
    assert_eq!((&*made.description, &*made.code.bytes), ("other", &b"class Shop: pass\n"[..]));
}

#[tokio::test]
async fn another_class_of_an_active_version_is_loaded_before_calls_have_it() {
    let (api, _data) = api(&["*"]).await;
    let path = format!("/extension/{}/customizer", api.extension("081", "vxml").await);
    let code = "class A:\n  def a(self): pass\nclass B:\n  def __init__(self): raise ImportError('none')\nclass C(A):\n  def c(self): pass\n";
    api.code(Method::POST, &path, code).await.expect(201);
    api.post(&format!("{path}/1/activate"), json!({})).await.expect(200);
    let told = api.patch(&format!("{path}/1"), json!({"class_name": "B"})).await.refused(409);
    assert!(told.contains("ImportError: none"), "{told}");
    let shown = api.patch(&format!("{path}/1"), json!({"class_name": "C"})).await.expect(200);
    assert_eq!((&shown["class_name"], &shown["methods"]), (&json!("C"), &json!(["a", "c"])));
}

#[tokio::test]
async fn a_client_has_no_more_bytes_of_code_than_there_can_be() {
    let (api, _data) = api(&["*"]).await;
    let (one, other) = (api.extension("081", "vxml").await, api.extension("082", "vxml").await);
    let code = |bytes: usize| CustomizerCode { bytes: vec![b' '; bytes].into(), ..CustomizerCode::of(b"".as_slice()) };
    let add = |extension, bytes| changes::AddCustomizer {
        editor: editor(extension),
        code: code(bytes),
        found: FoundInCode::default(),
        class_name: "A".to_owned(),
        class_edited: false,
        description: String::new(),
    };
    let tried = api.store.commit(add(one, CUSTOMIZER_BYTES_OF_A_CLIENT)).await.unwrap();
    let path = format!("/extension/{other}/customizer");
    let full = api.code(Method::POST, &path, "#").await.refused(409);
    assert!(full.contains("bytes of code"), "{full}");
    // One that takes the place of another needs only what it is longer by.
    let replace = changes::ReplaceCustomizer {
        editor: editor(one),
        tried,
        code: code(CUSTOMIZER_BYTES_OF_A_CLIENT - 1),
        found: FoundInCode::default(),
        class_name: "A".to_owned(),
        class_edited: false,
    };
    api.store.commit(replace).await.unwrap();
    api.code(Method::POST, &path, "#").await.expect(201);
}

#[tokio::test]
async fn that_no_process_can_be_started_is_told_as_a_fault_of_this_server() {
    let data = tempfile::tempdir().unwrap();
    let python = Some(data.path().to_string_lossy().into_owned());
    let settings = CustomizerSettings { python, ..CustomizerSettings::default() };
    let customizers = Customizers::open(&settings, data.path());
    let api = Api::with(|state| state.with_customizers(customizers, these(&["*"]))).await;
    let path = format!("/extension/{}/customizer", api.extension("081", "vxml").await);
    assert_eq!(api.code(Method::POST, &path, SHOP).await.expect(500)["status"], "internal_error");
}

/// What a class was told as it was made, and who it is.
const TOLD: &str = "class A:\n  def __init__(self, ivr):\n    self.config = ivr['config']\n    if self.config.get('dsn') == 'bad-geheim': raise OSError('no login for bad-geheim')\n  def told(self): return self.config\n  def fails(self): raise OSError('no login: ' + self.config['dsn'])\n";

#[tokio::test]
async fn all_versions_are_told_what_the_extension_keeps_for_them_and_nobody_else_is() {
    let (api, _data) = api(&["*"]).await;
    let path = format!("/extension/{}/customizer", api.extension("081", "vxml").await);
    let at = format!("{path}/config");
    let none = json!({"names": [], "bytes": 0, "revision": 0, "modified": null});
    assert_eq!(api.get(&at).await.expect(200), none);
    api.code(Method::POST, &path, TOLD).await.expect(201);
    api.code(Method::POST, &path, TOLD).await.expect(201);
    let told = async |version: u32| {
        let asks = json!({"method": "told", "timeout_ms": 20_000});
        api.post(&format!("{path}/{version}/invoke"), asks).await.expect(200)["result"].clone()
    };
    assert_eq!(told(1).await, json!({}));
    let given = json!({"config": {"dsn": "PWD=geheim", "limits": {"days": [1, 2.5, null, true]}}});
    let shown = api.put(&at, given.clone()).await.expect(200);
    assert_eq!((&shown["names"], &shown["revision"]), (&json!(["dsn", "limits"]), &json!(1)));
    assert_eq!((shown["bytes"].as_u64(), shown["modified"].is_string()), (Some(56), true), "{shown}");
    assert_eq!(api.get(&at).await.expect(200), shown);
    assert_eq!((told(1).await, told(2).await), (given["config"].clone(), given["config"].clone()));
    // What fails is told without it.
    let failed =
        api.post(&format!("{path}/1/invoke"), json!({"method": "fails", "timeout_ms": 20_000})).await.expect(200);
    assert_eq!(failed["error"]["message"], "OSError: no login: ***");
    let patched = api.patch(&at, json!({"config": {"limits": null, "n": 7}})).await.expect(200);
    assert_eq!((&patched["names"], &patched["revision"]), (&json!(["dsn", "n"]), &json!(2)));
    assert_eq!(told(1).await, json!({"dsn": "PWD=geheim", "n": 7}));
    for secret in [format!("{:?}", api.store.snapshot().extensions().collect::<Vec<_>>()), shown.to_string()] {
        assert!(!secret.contains("geheim"));
    }
    assert_eq!(api.put(&at, json!({"config": {}})).await.expect(200)["names"], json!([]));
    assert_eq!(api.get("/client/@me/customizer_audit/?per_page=1").await.expect(200)[0]["action"], "config");
    assert_eq!(api.get("/client/@me/customizer_audit/?per_page=1").await.expect(200)[0]["version"], Value::Null);
}

#[tokio::test]
async fn what_versions_cannot_be_told_changes_nothing() {
    let (api, _data) = api(&["*"]).await;
    let path = format!("/extension/{}/customizer", api.extension("081", "vxml").await);
    let at = format!("{path}/config");
    for wrong in [json!({}), json!({"config": null}), json!({"config": []}), json!({"config": "x"})] {
        assert!(api.put(&at, wrong).await.refused(400).starts_with("config"));
    }
    let long = "x".repeat(17_000);
    assert!(api.put(&at, json!({"config": {"a": long}})).await.refused(400).contains("16384"));
    assert!(api.put(&at, json!({"config": {"": 1}})).await.refused(400).starts_with("config."));
    // The active version is loaded with it first.
    api.code(Method::POST, &path, TOLD).await.expect(201);
    api.post(&format!("{path}/1/activate"), json!({})).await.expect(200);
    let told = api.put(&at, json!({"config": {"dsn": "bad-geheim"}})).await.refused(409);
    assert!(told.contains("OSError: no login for ***"), "{told}");
    assert_eq!(api.get(&at).await.expect(200)["revision"], 0);
    // A change of something that has changed meanwhile is none.
    let tag = api.get(&at).await.header("etag").to_owned();
    for status in [200, 412] {
        let request = Request::put(format!("/api/ver1.0{at}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", api.token))
            .header(header::IF_MATCH, &tag)
            .body(json!({"config": {"dsn": "good"}}).to_string().into())
            .unwrap();
        assert_eq!(api.send(request).await.status, status);
    }
    let phone = api.extension("201", "phone").await;
    api.get(&format!("/extension/{phone}/customizer/config")).await.refused(404);
    api.put(&format!("/extension/{phone}/customizer/config"), json!({"config": {}})).await.refused(404);
}

#[tokio::test]
async fn what_versions_are_told_outlives_a_restart_and_is_for_editors() {
    let (api, _data) = api(&["*"]).await;
    let extension = api.extension("081", "vxml").await;
    let path = format!("/extension/{extension}/customizer/config");
    api.put(&path, json!({"config": {"a": [1]}})).await.expect(200);
    let of = antiphon_ivr::ExtensionId(extension);
    let before = api.store.snapshot().extension(of).unwrap().profile.customizer.clone();
    let Api { store, router, _data: folder, .. } = api;
    drop((store, router));
    let again = crate::store::Store::open(folder.path()).unwrap();
    assert_eq!(again.snapshot().extension(of).unwrap().profile.customizer, before);
    assert_eq!(Value::Object(before.reveal().clone()), json!({"a": [1]}));
    let (api, _data) = self::api(&[]).await;
    let path = format!("/extension/{}/customizer/config", api.extension("081", "vxml").await);
    api.put(&path, json!({"config": {}})).await.refused(403);
    api.patch(&path, json!({"config": {}})).await.refused(403);
}

#[tokio::test]
async fn that_a_version_rests_is_shown_in_its_status() {
    let data = tempfile::tempdir().unwrap();
    let customizers = Customizers::open(&CustomizerSettings::default(), data.path());
    let api = Api::with(|state| state.with_customizers(customizers.clone(), these(&["*"]))).await;
    let extension = antiphon_ivr::ExtensionId(api.extension("081", "vxml").await);
    let path = format!("/extension/{}/customizer", extension.0);
    api.code(Method::POST, &path, "import os\nclass A:\n  def leave(self): os._exit(1)\n").await.expect(201);
    let config = api.store.snapshot();
    let loads = Loads::of(config.customizer(extension, 1).unwrap(), config.extension(extension).unwrap()).into();
    let leave = Customize {
        extension,
        method: "leave".to_owned(),
        params: Vec::new(),
        about: AboutCall::default(),
        timer: None,
    };
    for crashes in 0..5 {
        let status = api.get(&format!("{path}/1/status")).await.expect(200);
        assert_eq!((&status["breaker"], &status["crashes"]), (&json!("closed"), &json!(crashes)));
        assert_eq!(customizers.call(&loads, &leave).await.unwrap_err().kind, CustomErrorKind::Crash);
    }
    // The owner of the processes says so a moment after the last caller was told.
    assert_eq!(customizers.call(&loads, &leave).await.unwrap_err().kind, CustomErrorKind::Busy);
    let status = api.get(&format!("{path}/1/status")).await.expect(200);
    assert_eq!((&status["breaker"], &status["crashes"]), (&json!("open"), &json!(5)));
    assert_eq!((&status["calls"], &status["processes"]), (&json!(5), &json!(0)));
}

#[tokio::test]
async fn a_version_that_is_activated_has_a_process_before_anybody_calls_and_so_it_has_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let open = || Customizers::open(&CustomizerSettings::default(), data.path());
    let customizers = open();
    let api = Api::with(|state| state.with_customizers(customizers.clone(), these(&["*"]))).await;
    let owner = tokio::spawn(crate::customizers::ahead::run(customizers.clone(), api.store.clone()));
    let extension = antiphon_ivr::ExtensionId(api.extension("081", "vxml").await);
    let path = format!("/extension/{}/customizer", extension.0);
    api.code(Method::POST, &path, SHOP).await.expect(201);
    let loads = || {
        let config = api.store.snapshot();
        Loads::of(config.customizer(extension, 1).unwrap(), config.extension(extension).unwrap())
    };
    let begins = async |customizers: &Customizers| {
        let wait = async {
            while customizers.standing(&loads()).processes == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), wait).await.expect("a process");
    };
    assert_eq!(customizers.standing(&loads()).processes, 0, "it is not active");
    api.post(&format!("{path}/1/activate"), json!({})).await.expect(200);
    begins(&customizers).await;
    api.put(&format!("{path}/config"), json!({"config": {"a": 1}})).await.expect(200);
    begins(&customizers).await;
    owner.abort();
    drop(customizers);
    let customizers = open();
    let _owner = tokio::spawn(crate::customizers::ahead::run(customizers.clone(), api.store.clone()));
    begins(&customizers).await;
}
