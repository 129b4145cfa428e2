//! Antiphon in a scene: the real binary, with phones and a menu made over its API.
//!
//! Shape: everything at 127.x.y.1, SIP on port 5060 over UDP and TCP and, with a certificate, on 5061 over TLS; nobody is let in without credentials but trunks. The menu of
//! extension 200 speaks in tones, so that a telephone's recording tells what was said.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;

use serde_json::{Value, json};

use crate::phone::password;
use crate::process::{Running, antiphon, root};
use crate::scene::{PATIENCE, Role, Scene};
use crate::tones;

/// The number of the menu.
pub(crate) const MENU: &str = "200";
/// What the menu says, in Hz, until a key is pressed.
pub(crate) const GREETING: u32 = 1_000;
/// What it says after key 5.
pub(crate) const CHOSEN: u32 = 1_400;
/// What it says when somebody could not be reached.
pub(crate) const NOBODY: u32 = 1_800;
/// The number outside that key 9 dials.
pub(crate) const OUTSIDE: &str = "+37410000009";

/// A running Antiphon.
pub(crate) struct House {
    pub(crate) sip: SocketAddr,
    http: SocketAddr,
    token: String,
    folder: PathBuf,
    _process: Running,
}

/// The settings, with G.711 alone where they name no codecs: linphone writes the head of a recording when it ends, so that the rate of
/// what it records has to be known before.
fn with_codecs(settings: &str) -> String {
    const RTP: &str = "[rtp]\n";
    const CODECS: &str = "codecs = [\"pcma\", \"pcmu\"]\n";
    match settings.split_once(RTP) {
        _ if settings.contains("codecs = ") => settings.to_owned(),
        Some((before, after)) => format!("{before}{RTP}{CODECS}{after}"),
        None => format!("{settings}\n{RTP}{CODECS}"),
    }
}

impl House {
    /// Starts it with these settings besides the common ones (those of `[sip]` first), and with a telephone for each of these numbers.
    #[track_caller]
    pub(crate) fn start(scene: &Scene, settings: &str, phones: &[&str]) -> Self {
        let folder = scene.folder("antiphon");
        let at = scene.address(Role::Antiphon);
        let file = folder.join("antiphon.toml");
        std::fs::write(&file, format!("[sip]\nallow = []\n\n{}", with_codecs(settings)))
            .expect("the folder takes a file");
        let (sip, http) = (SocketAddr::new(at, 5060), SocketAddr::new(at, 8080));
        let log = File::create(folder.join("antiphon.log")).expect("the folder takes a file");
        let mut command = Command::new(antiphon());
        command.args(["--sip", &format!("udp:{sip}"), "--sip", &format!("tcp:{sip}"), "--http", &http.to_string()]);
        if settings.contains("tls_certificate") {
            command.args(["--sip", &format!("tls:{at}:5061")]);
        }
        let (first, last) = scene.media_ports(Role::Antiphon);
        command.args(["--rtp-ports", &format!("{first}-{last}"), "--log", "debug", "--config"]).arg(file);
        command.arg("--data").arg(folder.join("data")).env("RUST_BACKTRACE", "0");
        let mut process = Running::start(command.stdout(Stdio::piped()).stderr(log));
        let output = process.0.stdout.take().expect("standard output is a pipe");
        let (said, line) = sync_channel(1);
        std::thread::spawn(move || {
            let mut line = String::new();
            // Nobody waits any more when the start has failed.
            let _ = said.send(BufReader::new(output).read_line(&mut line).map(|_| line));
        });
        let line = line.recv_timeout(PATIENCE).ok().and_then(Result::ok).unwrap_or_default();
        assert!(line.starts_with("antiphon ready "), "no ready line but {line:?}");
        let mut house = Self { sip, http, token: String::new(), folder, _process: process };
        house.token = house.log_in();
        phones.iter().for_each(|number| house.make_phone(number));
        house.make_menu(phones);
        house
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("antiphon.log")).unwrap_or_default()
    }

    /// The caller's sound in the call that is up, as the API tells it.
    pub(crate) fn sound_of_the_call(&self) -> Option<Value> {
        let calls = self.api("GET", "/client/@me/current_calls/", &[]);
        let id = calls[0]["call_uuid"].as_str()?;
        let detail = self.api("GET", &format!("/client/@me/current_calls/{id}"), &[]);
        detail["media"].get(0).cloned()
    }

    /// The callers' sounds of all calls that are up, as the API tells them.
    pub(crate) fn sounds(&self) -> Vec<Value> {
        let calls = self.api("GET", "/client/@me/current_calls/", &[]);
        let ids = calls.as_array().into_iter().flatten().filter_map(|call| call["call_uuid"].as_str());
        let detail = |id| self.api("GET", &format!("/client/@me/current_calls/{id}"), &[])["media"][0].clone();
        ids.map(detail).collect()
    }

    fn log_in(&self) -> String {
        let file = std::fs::read_to_string(self.folder.join("data/credentials.json"));
        let credentials: Value = serde_json::from_str(&file.expect("a first start writes credentials")).expect("JSON");
        let word = |name: &str| credentials[name].as_str().unwrap_or_default().to_owned();
        let (id, secret) = (word("client_id"), word("client_secret"));
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let answer = curl(&["-d".to_owned(), form, format!("http://{}/oauth/token", self.http)]);
        answer["access_token"].as_str().expect("a token was given").to_owned()
    }

    fn api(&self, method: &str, path: &str, words: &[String]) -> Value {
        let mut all = vec!["-X".to_owned(), method.to_owned(), format!("-HAuthorization: Bearer {}", self.token)];
        all.extend_from_slice(words);
        all.push(format!("http://{}/api/ver1.0{path}", self.http));
        curl(&all)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        self.api(method, path, &["-HContent-Type: application/json".to_owned(), "-d".to_owned(), body.to_string()])
    }

    fn make_phone(&self, number: &str) {
        let phone = self.send("POST", "/client/@me/extension/", &json!({ "name": number, "type": "phone" }));
        let path = format!("/extension/{}/phone/", phone["id"]);
        self.send("PUT", &path, &json!({ "password": password(number) }));
    }

    /// A tone as a sound of the API.
    fn make_sound(&self, hz: u32, seconds: usize) -> Value {
        self.upload(&hz.to_string(), |file| tones::write(file, hz, seconds))
    }

    /// What is written into a WAV file, as a sound of the API.
    fn upload(&self, title: &str, write: impl FnOnce(&Path)) -> Value {
        let file = self.folder.join(format!("{title}.wav"));
        write(&file);
        let words = ["-F".to_owned(), format!("title={title}"), "-F".to_owned(), format!("file=@{}", file.display())];
        self.api("POST", "/client/@me/sound/", &words)["id"].clone()
    }

    /// An empty menu, as an extension; the path of its options, and its context.
    fn make_context(&self, name: &str) -> (String, Value) {
        let menu = self.send("POST", "/client/@me/extension/", &json!({ "name": name, "type": "ivr" }));
        let path = format!("/extension/{}/ivr/", menu["id"]);
        let context = json!({ "name": "tones", "digit_len": 1, "allow_any_dial": false, "timeout": 60_000, "inter_digit_timeout": 1_000 });
        let context = self.send("POST", &format!("{path}context/"), &context)["id"].clone();
        self.send("PUT", &path, &json!({ "entry_context": context }));
        (format!("{path}context/{context}/options/"), context)
    }

    /// An extension that says, once, what is written into a WAV file, and then is silent.
    pub(crate) fn make_speaker(&self, name: &str, write: impl FnOnce(&Path)) {
        let (options, _) = self.make_context(name);
        let rule = json!({ "action": "play_sound", "sound": self.upload(name, write), "sound_type": "background" });
        self.send("POST", &format!("{options}start/rules/"), &rule);
    }

    /// The menu: key 5 is answered, 0 hangs up, 9 dials outside, and the last digit of a telephone's number rings it.
    fn make_menu(&self, phones: &[&str]) {
        let (options, context) = self.make_context(MENU);
        let say = |hz, seconds, kind: &str| json!({ "action": "play_sound", "sound": self.make_sound(hz, seconds), "sound_type": kind });
        let add = |digits: &str, rules: &[Value]| {
            if digits != "start" {
                self.send("POST", &options, &json!({ "digits": digits }));
            }
            rules.iter().for_each(|rule| drop(self.send("POST", &format!("{options}{digits}/rules/"), rule)));
        };
        add("start", &[say(GREETING, 60, "background")]);
        let back = json!({ "action": "jump_to_context", "context": context });
        add("5", &[say(CHOSEN, 2, "foreground"), back.clone()]);
        add("0", &[json!({ "action": "hangup" })]);
        let nobody = say(NOBODY, 2, "foreground");
        let targets = phones.iter().map(|number| (number.get(2..).unwrap_or_default(), *number));
        for (key, target) in targets.chain([("9", OUTSIDE)]) {
            let call = json!({ "action": "transfer", "transfer_dst": target, "final": false, "transfer_timeout": 30 });
            add(key, &[call, nobody.clone(), back.clone()]);
        }
    }
}

/// What the API answers to a request that it takes.
#[track_caller]
fn curl(words: &[String]) -> Value {
    let output = Command::new("curl").args(["-sS", "--fail-with-body"]).args(words).current_dir(root()).output();
    let output = output.unwrap_or_else(|error| panic!("curl: {error}: run `cargo xtask install`"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {said}");
    serde_json::from_str(&said).unwrap_or_default()
}

/// A trunk of the settings that leads to this address.
pub(crate) fn trunk(name: &str, at: SocketAddr, credentials: Option<(&str, &str)>, from: IpAddr) -> String {
    let credentials = credentials.map(|(user, password)| format!("username = \"{user}\"\npassword = \"{password}\"\n"));
    let credentials = credentials.unwrap_or_default();
    format!(
        "[[trunk]]\nname = \"{name}\"\nuri = \"sip:{at}\"\n{credentials}match = [\"{from}/32\"]\ndial = ['^\\+']\n\n"
    )
}
