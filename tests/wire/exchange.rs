//! What the server of the pack knows: its trunks, and the numbers that lead to phones, forks and trunks.
//!
//! Shape: trunks are lines of the settings, numbers are made with the API.

use serde_json::{Value, json};

use crate::server::Server;
use crate::sounds::Prompt;

/// What every trunk of the pack is told when it challenges.
pub(crate) const PASSWORD: &str = "secret";

/// The settings of a trunk that carries one number, with these lines more; `user` is its name too.
pub(crate) fn trunk(user: &str, uri: &str, number: &str, keys: &str) -> String {
    let asked = if keys.contains("options_interval") { "" } else { "options_interval = 0\n" };
    format!(
        "[[trunk]]\nname = \"{user}\"\nuri = \"{uri}\"\nusername = \"{user}\"\npassword = \"{PASSWORD}\"\n\
         dial = ['^\\+{number}$']\n{asked}{keys}"
    )
}

/// The API of a server, with a token.
pub(crate) struct Exchange<'a> {
    server: &'a Server,
    token: String,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(server: &'a Server) -> Self {
        Self { server, token: server.token() }
    }

    /// The id in what was made or changed.
    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/api/ver1.0{path}");
        let (status, answer) = self.server.send(method, &path, &self.token, &body.to_string());
        assert_eq!(status / 100, 2, "{method} {path}: {answer}");
        serde_json::from_str::<Value>(&answer).unwrap_or_default()["id"].clone()
    }

    /// A phone that is always at this contact.
    pub(crate) fn phone(&self, number: &str, contact: &str) {
        let id = self.send("POST", "/client/@me/extension/", &json!({ "name": number, "type": "phone" }));
        self.send("PUT", &format!("/extension/{id}/phone/"), &json!({ "contact": contact }));
    }

    /// A menu that does nothing but ring these numbers at once; its number is a public one too.
    pub(crate) fn menu(&self, number: &str, rings: &str) {
        self.menu_of(number, &[json!({ "action": "transfer", "transfer_dst": rings })]);
    }

    /// A menu that answers and has the caller call this number.
    pub(crate) fn referring_menu(&self, number: &str, target: &str) {
        let answer = json!({ "action": "play_silence", "silence_time": 100 });
        let refer = json!({ "action": "transfer", "transfer_dst": target, "transfer_mode": "refer" });
        self.menu_of(number, &[answer, refer]);
    }

    /// A menu that records the call and is silent for a minute.
    pub(crate) fn recording_menu(&self, number: &str) {
        let silence = json!({ "action": "play_silence", "silence_time": 60_000 });
        self.menu_of(number, &[json!({ "action": "start_record" }), silence]);
    }

    /// A menu with these rules, from its start.
    pub(crate) fn menu_of(&self, number: &str, start: &[Value]) {
        self.menu_like(number, json!({}), json!({}), &[("start", start)]);
    }

    /// A menu with these settings, and one context with these fields and the rules of these options; its extension's id.
    pub(crate) fn menu_like(
        &self,
        number: &str,
        mut settings: Value,
        mut context: Value,
        options: &[(&str, &[Value])],
    ) -> Value {
        let id = self.send("POST", "/client/@me/extension/", &json!({ "name": number, "type": "ivr" }));
        let ivr = format!("/extension/{id}/ivr/");
        context["name"] = json!("ringing");
        let context = self.send("POST", &format!("{ivr}context/"), &context);
        settings["entry_context"] = context.clone();
        self.send("PUT", &ivr, &settings);
        for (option, rules) in options {
            let path = format!("{ivr}context/{context}/options/{option}/rules/");
            rules.iter().for_each(|rule| drop(self.send("POST", &path, rule)));
        }
        self.send("POST", "/client/@me/did/", &json!({ "did": number, "extension_id": id }));
        id
    }

    /// An interval of this zone; its id.
    pub(crate) fn interval(&self, name: &str, zone: &str, conditions: &[Value]) -> Value {
        let body = json!({ "name": name, "timezone": zone, "conditions": conditions });
        self.send("POST", "/client/@me/interval/", &body)
    }

    /// The id of a prompt that is uploaded.
    pub(crate) fn sound(&self, prompt: Prompt) -> Value {
        let file = prompt.write(self.server.folder());
        let (status, answer) = self.server.upload(prompt.name, &file, &self.token);
        assert_eq!(status, 201, "{}: {answer}", prompt.name);
        serde_json::from_str::<Value>(&answer).unwrap_or_default()["id"].clone()
    }

    /// What the API shows there.
    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, body) = self.server.get(&format!("/api/ver1.0{path}"), Some(&self.token));
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("the API speaks JSON")
    }
}
