//! Customizers of the real binary: a database by ODBC, a web service by SOAP.
//!
//! Shape: the examples of `deploy/examples`, uploaded as they are and called by Debian's Python.
//! Time: the machine's clock.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::process::{alone, root};
use crate::scripts::Scripts;
use crate::server::Server;

/// Debian's, which has the packages of the examples.
const PYTHON: &str = "/usr/bin/python3";

/// A page that tells the caller's side what the customizer found.
const PAGE: &str = r#"<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml"><form>
    <object name="found" classid="builtin:customstate" data="find"><param name="phone" expr="'12345'"/></object>
    <block><exit expr="found.name"/></block></form></vxml>"#;

/// An extension's customizer.
struct Customizer<'a> {
    server: &'a Server,
    token: String,
    path: String,
}

impl<'a> Customizer<'a> {
    fn of(server: &'a Server, number: &str) -> Self {
        let token = server.token();
        let body = json!({ "name": number, "type": "vxml" }).to_string();
        let (status, made) = server.send("POST", "/api/ver1.0/client/@me/extension/", &token, &body);
        assert_eq!(status, 201, "{made}");
        let made: Value = serde_json::from_str(&made).expect("JSON");
        Self { server, token, path: format!("/api/ver1.0/extension/{}/customizer", made["id"]) }
    }

    #[track_caller]
    fn send(&self, method: &str, path: &str, body: &Value, expected: u16) -> Value {
        let at = format!("{}{path}", self.path);
        let (status, answer) = self.server.send(method, &at, &self.token, &body.to_string());
        assert_eq!(status, expected, "{method} {path}: {answer}\n{}", self.server.log());
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// Adds a file, and has it active.
    #[track_caller]
    fn runs(&self, code: &str) -> Value {
        let version = self.send("POST", "", &json!({ "code": code }), 201)["version"].clone();
        self.send("POST", &format!("/{version}/activate"), &json!({}), 200)
    }

    #[track_caller]
    fn example(&self, name: &str) {
        let file = root().join("deploy/examples").join(name);
        self.runs(&std::fs::read_to_string(file).expect("an example"));
    }

    #[track_caller]
    fn call(&self, method: &str, params: Value) -> Value {
        let asked = json!({ "method": method, "params": params, "timeout_ms": 20_000 });
        self.send("POST", "/1/invoke", &asked, 200)
    }
}

fn settings(environment: &str) -> String {
    format!("[customizer]\npython = \"{PYTHON}\"\neditors = [\"*\"]\nenv = {{ {environment} }}\n")
}

/// A database with one customer and two purchases.
fn database(at: &Path) {
    let script = "import sqlite3, sys\n\
                  c = sqlite3.connect(sys.argv[1])\n\
                  c.execute('create table customer (phone text, name text, vip integer)')\n\
                  c.execute('create table purchase (phone text, number integer, total text)')\n\
                  c.execute(\"insert into customer values ('12345', 'Ann', 1)\")\n\
                  c.executemany(\"insert into purchase values ('12345', ?, ?)\", [(1, '9.90'), (2, '5')])\n\
                  c.commit()\n";
    let made = Command::new(PYTHON).args(["-c", script]).arg(at).status();
    assert!(made.is_ok_and(|status| status.success()), "no database: run `cargo xtask install`");
}

#[test]
fn a_customizer_asks_a_database_by_odbc() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("shop.db");
    database(&file);
    let dsn = format!("SHOP_DSN = \"Driver=SQLite3;Database={}\"", file.display());
    let server = Server::start(folder.path(), &settings(&dsn));
    let customizer = Customizer::of(&server, "081");
    customizer.example("customizer_odbc.py");
    let found = customizer.call("find", json!({ "phone": "12345" }));
    assert_eq!(found["result"], json!({ "name": "Ann", "vip": true }), "{found}\n{}", server.log());
    assert_eq!(found["vars"], json!({ "customer": "Ann" }));
    assert_eq!(customizer.call("find", json!({ "phone": "1" }))["result"], Value::Null);
    let orders = customizer.call("orders", json!({ "phone": "12345" }));
    assert_eq!(orders["result"], json!([[2, "5"], [1, "9.90"]]), "rows are lists");
    // And so does a page, on a call.
    let at = customizer.path.replace("/customizer", "/vxml/document");
    let (status, said) = server.send("PUT", &at, &customizer.token, PAGE);
    assert_eq!(status, 200, "{said}");
    let mut caller = crate::pivot::Caller::call(server.ready.udp(), "081");
    caller.up();
    let bye = caller.until(|message| message.start.starts_with("BYE "));
    assert_eq!(bye.body, "__reason=exit&__exit=Ann", "{}", server.log());
}

/// A page of Contact Pro whose customizer knows who calls, and moves it where it may.
const MOVED: &str = r##"<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xmlns:bcm="urn:contactpro:bcm">
    <var name="name" expr="''"/>
    <bcm:customstate id="who" method="find" timer="true" timeout="20s"><bcm:param name="phone" value="PHONE"/>
      <bcm:error><exit expr="'error ' + {ERROR}['type']"/></bcm:error></bcm:customstate>
    <block><bcm:connect/><exit expr="{name} + ' ' + {customstate:who}['kind'] + ' ' + {EXTRADATA}['survey']"/></block>
    <block name="vip"><bcm:connect/><exit expr="{name} + ' vip'"/></block>
  </vxml>"##;

const MOVER: &str = "class Finder:\n    def find(self, params, call):\n        phone = params['phone']\n        call.set_var('name', phone)\n        call.extra_data['survey'] = '900'\n\
                     \x20       if phone.endswith('7'):\n            call.goto('#vip')\n        return {'kind': 'usual'}\n";

#[test]
fn a_page_of_contact_pro_is_moved_by_its_customizer_where_the_application_allows_it() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(folder.path(), &settings(""));
    let customizer = Customizer::of(&server, "081");
    customizer.runs(MOVER);
    let put = |path: &str, body: &str| {
        let at = customizer.path.replace("/customizer", path);
        let (status, said) = server.send("PUT", &at, &customizer.token, body);
        assert_eq!(status, 200, "{said}");
    };
    let exit = |phone: &str| {
        put("/vxml/document", &MOVED.replace("PHONE", phone));
        let mut caller = crate::pivot::Caller::call(server.ready.udp(), "081");
        caller.up();
        let early = caller.saw(183);
        let bye = caller.until(|message| message.start.starts_with("BYE "));
        (early, bye.body)
    };
    let said = |early, text: &str| (early, format!("__reason=exit&__exit={text}"));
    assert_eq!(exit("116"), said(false, "116+usual+900"), "{}", server.log());
    assert_eq!(exit("117"), said(false, "error+exception"), "{}", server.log());
    put("/vxml", &json!({ "allow_flow": true, "early_queuing": true }).to_string());
    assert_eq!(exit("116"), said(true, "116+usual+900"), "{}", server.log());
    assert_eq!(exit("117"), said(true, "117+vip"), "{}", server.log());
}

#[test]
fn a_customizer_asks_a_web_service_by_soap_with_the_callers_credentials() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let service = Scripts::start("tests/wire/soap_server.py", &[]);
    let wsdl = format!("BALANCE_WSDL = \"{}\"", service.url("/balance?wsdl"));
    let server = Server::start(folder.path(), &settings(&wsdl));
    let customizer = Customizer::of(&server, "081");
    customizer.example("customizer_soap.py");
    let params = json!({ "user": "teller", "password": "geheim", "account": "4711" });
    let told = customizer.call("balance", params);
    assert_eq!(told["result"], json!({ "amount": "12.50", "day": "2026-11-27" }), "{told}\n{}", server.log());
    assert_eq!(service.wait_for("asked"), "asked 4711 \"balance\"");
    let denied = customizer.call("balance", json!({ "user": "teller", "password": "wrong", "account": "4711" }));
    assert_eq!((&denied["result"], &denied["error"]["type"]), (&Value::Null, &json!("exception")), "{denied}");
    assert_eq!(service.wait_for("denied"), "denied 4711");
    assert!(!server.log().contains("geheim"), "a password is no part of the log");
    // The third example needs nothing but Python.
    let list = Customizer::of(&server, "082");
    list.example("customizer_list.py");
    let days = list.call("slots", json!({ "from": "2026-11-27", "count": 2, "taken": ["2026-11-30"] }));
    let expected =
        json!([{ "date": "2026-12-01", "weekday": "Tuesday" }, { "date": "2026-12-02", "weekday": "Wednesday" }]);
    assert_eq!(days["result"], expected);
}

#[test]
fn whoever_may_write_code_is_read_again_with_the_settings() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let written = |editors: &str| format!("[customizer]\neditors = [{editors}]\n");
    let server = Server::start(folder.path(), &written(""));
    let customizer = Customizer::of(&server, "081");
    let code = json!({ "code": "class A:\n  def one(self): return 1\n" });
    customizer.send("POST", "", &code, 403);
    for (times, (editors, status)) in [("\"*\"", 201), ("\"somebody-else\"", 403)].into_iter().enumerate() {
        std::fs::write(folder.path().join("antiphon.toml"), written(editors)).expect("the folder takes a file");
        server.signal("HUP");
        let again = || server.log().matches("settings read again").count() > times;
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !again() {
            assert!(std::time::Instant::now() < end, "{}", server.log());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        customizer.send("POST", "", &code, status);
    }
}

/// A page whose customizer takes its time, and which then wants two keys.
const WAITING: &str = r#"<?xml version="1.0"?><vxml version="2.1" xmlns="http://www.w3.org/2001/vxml"><form>
    <object name="found" classid="builtin:customstate" data="slow"/>
    <field name="pin" type="digits?length=2"><property name="timeout" value="500ms"/><noinput><exit expr="'nothing'"/></noinput>
      <prompt><audio src="builtin:hello"/></prompt></field>
    <block><exit expr="pin + ' ' + found"/></block></form></vxml>"#;

/// What the caller presses while a method runs counts for what comes next.
#[test]
fn keys_that_are_pressed_while_a_method_runs_count_for_what_comes_next() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let began = folder.path().join("began");
    let server = Server::start(folder.path(), &settings(&format!("BEGAN = \"{}\"", began.display())));
    let customizer = Customizer::of(&server, "081");
    customizer.runs(
        "import os, time\nclass A:\n  def slow(self):\n    open(os.environ['BEGAN'], 'w').close()\n    time.sleep(1.5)\n    return 'Ann'\n",
    );
    let at = customizer.path.replace("/customizer", "/vxml/document");
    let (status, said) = server.send("PUT", &at, &customizer.token, WAITING);
    assert_eq!(status, 200, "{said}");
    let mut caller = crate::pivot::Caller::call(server.ready.udp(), "081");
    caller.up();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !began.exists() {
        assert!(std::time::Instant::now() < until, "{}", server.log());
        caller.listen(5);
    }
    for key in ['4', '2'] {
        caller.press(key);
        caller.listen(10);
    }
    let bye = caller.until(|message| message.start.starts_with("BYE "));
    assert_eq!(bye.body, "__reason=exit&__exit=42+Ann", "{}", server.log());
}
