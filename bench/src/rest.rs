//! The menus of the load test, made through the REST API.
//!
//! Shape: [`PROMPT`] plays one long prompt, [`RECORDED`] records the call and plays it, [`BRIDGE`] transfers at once to the phone
//! [`PHONE`], whose contact is the generator.

use std::net::SocketAddrV4;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{
    http::{self, Body},
    server::Server,
};

/// The extension that plays a long prompt.
pub const PROMPT: &str = "900";
/// The phone that the generator answers.
pub const PHONE: &str = "901";
/// The extension that transfers to the phone.
pub const BRIDGE: &str = "902";
/// The extension that records the call and plays a long prompt.
pub const RECORDED: &str = "903";

/// How long the prompt lasts, in seconds: longer than any plateau with what comes before it.
const PROMPT_SECONDS: u32 = 300;

/// A client of the API with a token.
#[derive(Debug)]
pub struct Api<'s> {
    server: &'s Server,
    token: String,
}

impl<'s> Api<'s> {
    /// Asks for a token.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn new(server: &'s Server) -> Result<Self> {
        let (id, secret) = server.credentials()?;
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let body = Body { kind: "application/x-www-form-urlencoded", bytes: form.as_bytes() };
        let answer = http::request(server.http.into(), "POST", "/oauth/token", None, Some(body))?;
        let json: Value = serde_json::from_str(&answer)?;
        let token = json["access_token"].as_str().context("no token")?.to_owned();
        Ok(Self { server, token })
    }

    /// Makes the menus and the phone.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn make_menus(&self, contact: SocketAddrV4) -> Result<()> {
        let sound = self.upload()?;
        let play = json!({"action": "play_sound", "sound": sound, "sound_type": "background"});
        self.make_menu(PROMPT, std::slice::from_ref(&play))?;
        self.make_menu(RECORDED, &[json!({"action": "start_record"}), play])?;
        let phone = self.make_extension(PHONE, "phone")?;
        let contact = format!("sip:callee@{contact}");
        self.send("PUT", &format!("/extension/{phone}/phone/"), &json!({"contact": contact}))?;
        self.make_menu(BRIDGE, &[json!({"action": "transfer", "transfer_dst": PHONE})])
    }

    /// Makes an extension of a type and answers its id.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn make_extension(&self, name: &str, kind: &str) -> Result<i64> {
        let body = json!({"name": name, "type": kind, "label": "load", "status": "active"});
        id_of(&self.send("POST", "/client/@me/extension/", &body)?)
    }

    /// Makes a phone with this password.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn make_phone(&self, name: &str, password: &str) -> Result<()> {
        let phone = self.make_extension(name, "phone")?;
        self.send("PUT", &format!("/extension/{phone}/phone/"), &json!({"password": password})).map(drop)
    }

    /// Changes something.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.send("PUT", path, body)
    }

    /// Adds or does something.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send("POST", path, body)
    }

    fn make_menu(&self, name: &str, rules: &[Value]) -> Result<()> {
        let ivr = format!("/extension/{}/ivr", self.make_extension(name, "ivr")?);
        let context = json!({"name": "Main", "digit_len": 1, "inter_digit_timeout": 2000, "timeout": 5000});
        let context = id_of(&self.send("POST", &format!("{ivr}/context/"), &context)?)?;
        self.send("PUT", &format!("{ivr}/"), &json!({"sleep_time": 0, "entry_context": context}))?;
        for rule in rules {
            self.send("POST", &format!("{ivr}/context/{context}/options/start/rules/"), rule)?;
        }
        Ok(())
    }

    fn upload(&self) -> Result<i64> {
        const BOUNDARY: &str = "load-boundary";
        let mut form = Vec::new();
        form.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nlong\r\n").bytes());
        form.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"long.wav\"\r\n").bytes(),
        );
        form.extend(b"Content-Type: audio/wav\r\n\r\n");
        form.extend(wav());
        form.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        id_of(&self.request("POST", "/client/@me/sound/", Body { kind: &kind, bytes: &form })?)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        self.request(method, path, Body { kind: "application/json", bytes: body.as_bytes() })
    }

    fn request(&self, method: &str, path: &str, body: Body) -> Result<Value> {
        let path = format!("/api/ver1.0{path}");
        let answer = http::request(self.server.http.into(), method, &path, Some(&self.token), Some(body))?;
        Ok(serde_json::from_str(&answer)?)
    }
}

fn id_of(answer: &Value) -> Result<i64> {
    answer["id"].as_i64().with_context(|| format!("no id in {answer}"))
}

/// A mu-law WAV file of a sawtooth, 8 kHz mono (format tag 7).
fn wav() -> Vec<u8> {
    let samples = PROMPT_SECONDS * 8_000;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + samples).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x07\0\x01\0");
    file.extend(8_000_u32.to_le_bytes());
    file.extend(8_000_u32.to_le_bytes());
    file.extend(b"\x01\0\x08\0data");
    file.extend(samples.to_le_bytes());
    file.extend((0..samples).map(|at| (at % 251) as u8));
    file
}
