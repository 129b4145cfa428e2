//! A server with a menu, phones around it, and the network between them.
//!
//! Shape: every host has its own address: the server 127.0.0.1, callers and callees 127.0.0.x, the trunk 127.0.0.90.
//! Time: the store is filled on the real clock; then the clock is paused and the server starts.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use antiphon_ivr::pivot::UrlGuard;
use antiphon_ivr::{ContextId, ExtensionId, SoundId};
use antiphon_media::{Audio, Codec};
use antiphon_server::app::{self, MediaDrive, Server};
use antiphon_server::first_start;
use antiphon_server::locate::Record;
use antiphon_server::settings::Settings;
use antiphon_server::sounds::SystemSounds;
use antiphon_server::store::changes::{
    CreateClient, CreateContext, CreateDid, CreateEvent, CreateExtension, CreateInterval, CreateOption, CreateRule,
    CreateScript, CreateSound, OptionPath, PutVxmlDocument, UpdateConference, UpdateExtension, UpdateIvr, UpdatePhone,
    UpdatePivot, UpdateVxml,
};
use antiphon_server::store::{Change, ClientId, Count, Store};
use antiphon_testkit::{Answering, Keys, KnownSounds, PhoneSetup, SimPhone, VirtualNet, ladder, noise};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::adapter::OnVirtualNet;
pub(crate) use crate::moments::{on_its_own, pass, until};
use crate::web::ToldWeb;

/// Where the server's SIP is.
pub(crate) const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5060);
/// The host of the trunk.
pub(crate) const TRUNK: u8 = 90;
/// The host that no phone is on.
const NOBODY: u8 = 99;
/// How long the last messages of a call may take: 64 * T1 and what is around it.
const AFTERMATH: Duration = Duration::from_secs(45);

/// A prompt of the menu: its name, the seed of its noise and its length.
const SOUNDS: [(&str, u64, u64); 6] = [
    ("ad", 11, 2_000),
    ("hello", 12, 3_000),
    ("busy", 13, 1_000),
    ("nobody", 14, 1_000),
    ("thanks", 15, 1_010),
    ("bye", 16, 1_000),
];

/// What a test's world differs in.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) seed: u64,
    /// Even ports, each one stream.
    pub(crate) rtp_ports: &'static str,
    /// Tables of the settings file: the trunks, unless a test has others.
    pub(crate) trunks: String,
    /// What names have for records.
    pub(crate) names: Vec<(&'static str, Record)>,
    /// Lines of the settings' table `[sip]`.
    pub(crate) sip: &'static str,
    /// Lines of the settings' table `[rtp]`.
    pub(crate) rtp: &'static str,
    /// Extensions with the events that a subscriber is told of, by a form at `http://subscriber.test/EXTENSION`.
    pub(crate) events: Vec<(&'static str, &'static str)>,
}

impl Default for Shape {
    fn default() -> Self {
        let (names, events) = (Vec::new(), Vec::new());
        Self { seed: 1, rtp_ports: "20000-20399", trunks: usual_trunks(""), names, sip: "", rtp: "", events }
    }
}

/// The trunks of most tests: one that leads back to us, and a carrier with these keys more.
pub(crate) fn usual_trunks(carrier: &str) -> String {
    let quiet = if carrier.contains("options_interval") { "" } else { "options_interval = 0\n" };
    format!(
        "[[trunk]]\nname = \"mirror\"\nuri = \"sip:{SERVER}\"\ndial = ['^\\+999$']\noptions_interval = 0\n\n[[trunk]]\nname = \"carrier\"\nuri = \"sip:127.0.0.{TRUNK}:5060\"\nmatch = [\"10.1.0.0/16\"]\ndial = ['^\\+']\n{quiet}{carrier}\n"
    )
}

pub(crate) struct World {
    pub(crate) net: VirtualNet,
    pub(crate) server: Server,
    /// The web servers that scripts ask.
    pub(crate) web: ToldWeb,
    data: tempfile::TempDir,
}

/// The configuration that worlds share, with its directory.
static KEPT: OnceLock<(tempfile::TempDir, Store, SystemSounds)> = OnceLock::new();

/// The samples of a prompt of the menu, or of what a phone says.
pub(crate) fn prompt(name: &str) -> Audio {
    let (seed, ms) = SOUNDS.iter().find(|(known, ..)| *known == name).map_or_else(
        || (name.bytes().fold(1_000, |sum: u64, byte| sum * 31 + u64::from(byte)), 700),
        |(_, seed, ms)| (*seed, *ms),
    );
    Audio::from_pcm(&noise(seed, Duration::from_millis(ms)))
}

pub(crate) fn wav(samples: &[i16]) -> Vec<u8> {
    let length = u32::try_from(samples.len() * 2).expect("a test's sound is short");
    let mut file = Vec::new();
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&8_000u32.to_le_bytes());
    file.extend_from_slice(&16_000u32.to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&length.to_le_bytes());
    samples.iter().for_each(|sample| file.extend_from_slice(&sample.to_le_bytes()));
    file
}

/// The store while it is filled.
pub(crate) struct Author {
    store: Store,
    client: ClientId,
}

impl Author {
    async fn commit<C: Change>(&self, change: C) -> C::Answer {
        match self.store.commit(change).await {
            Ok(answer) => answer,
            Err(rejected) => panic!("the configuration was refused: {rejected:?}"),
        }
    }

    pub(crate) async fn sound(&self, name: &str, seed: u64, ms: u64) -> SoundId {
        let file = wav(&noise(seed, Duration::from_millis(ms)));
        let content = self.store.stage_sound(&file).expect("a WAV file");
        let (body, uploaded_name) = (json!({"title": name}), format!("{}.wav", name.replace('/', "-")));
        self.commit(CreateSound { client: self.client, body, uploaded_name, content }).await.id
    }

    async fn extension(&self, body: Value) -> ExtensionId {
        self.commit(CreateExtension { client: self.client, body }).await.id
    }

    async fn phone(&self, name: &str, settings: Value) {
        let extension = self.extension(json!({"name": name, "type": "phone"})).await;
        self.commit(UpdatePhone { client: self.client, extension, body: settings }).await;
    }

    /// An application for Pivot.
    pub(crate) async fn pivot(&self, name: &str, body: Value) -> ExtensionId {
        let extension = self.extension(json!({"name": name, "type": "pivot"})).await;
        let guard = UrlGuard::default();
        self.commit(UpdatePivot { client: self.client, extension, body, guard }).await;
        extension
    }

    /// An application in VoiceXML, with its page where it has one.
    pub(crate) async fn vxml(&self, name: &str, body: Value, document: Option<Vec<u8>>) -> ExtensionId {
        let extension = self.extension(json!({"name": name, "type": "vxml"})).await;
        self.commit(UpdateVxml { client: self.client, extension, body }).await;
        if let Some(document) = document {
            self.commit(PutVxmlDocument { client: self.client, extension, document: Some(document.into()) }).await;
        }
        extension
    }

    /// A public number.
    pub(crate) async fn did(&self, number: &str, extension: ExtensionId) {
        let body = json!({"did": number, "extension_id": extension.0});
        self.commit(CreateDid { client: self.client, body }).await;
    }

    /// A context of a menu, with its rules by option.
    async fn context(&self, extension: ExtensionId, settings: Value, options: Value) -> ContextId {
        let client = self.client;
        let made = self.commit(CreateContext { client, extension, body: settings }).await;
        let made = serde_json::to_value(&made).expect("a context is JSON");
        let context = ContextId(made["id"].as_u64().expect("a context has an id"));
        for (option, rules) in options.as_object().expect("options by their digits") {
            if option.starts_with(|c: char| c.is_ascii_digit()) {
                self.commit(CreateOption { client, extension, context, body: json!({"digits": option}) }).await;
            }
            for rule in rules.as_array().expect("rules are a list") {
                let key = option.parse().expect("an option's key");
                let path = OptionPath { client, extension, context, key };
                self.commit(CreateRule { path, body: rule.clone() }).await;
            }
        }
        context
    }

    pub(crate) async fn menu(&self, name: &str, settings: Value, options: Value) -> ExtensionId {
        let extension = self.extension(json!({"name": name, "type": "ivr"})).await;
        let entry = self.context(extension, settings, options).await;
        let body = json!({"sleep_time": 500, "entry_context": entry.0});
        self.commit(UpdateIvr { client: self.client, extension, body }).await;
        extension
    }

    async fn fill(&self) {
        let mut ids = Vec::new();
        for (name, seed, ms) in SOUNDS {
            ids.push((name, self.sound(name, seed, ms).await.0));
        }
        let id = |name: &str| ids.iter().find(|(known, _)| *known == name).expect("a known prompt").1;
        let play = |name: &str, kind: &str| json!({"action": "play_sound", "sound": id(name), "sound_type": kind});
        self.phones().await;
        let transfer = |to: &str| json!({"action": "transfer", "transfer_dst": to, "transfer_timeout": 20});
        let attempt = |to: &str| {
            let when = |status: &str, sound: &str| json!({"action": "play_sound", "sound": id(sound), "sound_type": "foreground", "call_status": status});
            let first = json!({"action": "transfer", "transfer_dst": to, "transfer_timeout": 10, "final": false});
            json!([first, when("busy", "busy"), when("no_answer", "nobody"), when("answered", "thanks"),
                   {"action": "hangup"}])
        };
        let refer = |to: &str, mode: &str| {
            let mut rules = attempt(to);
            rules[0]["transfer_mode"] = json!(mode);
            rules
        };
        let settings = json!({"name": "Main", "digit_len": 1, "allow_any_dial": false, "timeout": 5000});
        let options = json!({
            "start": [play("ad", "foreground"), play("hello", "background")],
            "1": [transfer("+7987654321")],
            "2": attempt("002"),
            "3": attempt("002 003"),
            "4": attempt("004"),
            "5": attempt("099"),
            "6": [transfer("002")],
            "7": [play("bye", "background"), {"action": "hangup"}],
            "9": refer("002", "refer"),
            "0": refer("+7987654321", "auto"),
            "8": [transfer("071")],
            "timeout": [transfer("050")],
        });
        let main = self.menu("071", settings, options).await;
        self.commit(CreateDid { client: self.client, body: json!({"did": "+37410000000", "extension_id": main.0}) })
            .await;
        let say = |sound: &str| json!([play(sound, "foreground"), {"action": "hangup"}]);
        let settings = json!({"name": "Digits", "digit_len": 3, "allow_any_dial": false, "timeout": 5000, "inter_digit_timeout": 10000});
        let options = json!({
            "start": [play("ad", "foreground"), play("hello", "background")],
            "579": say("bye"), "557": say("thanks"), "577": say("thanks"),
            "invalid": say("busy"), "timeout": say("nobody"),
        });
        self.menu("074", settings, options).await;
        // It waits for a key for ten minutes.
        let patient = json!({"name": "Patient", "digit_len": 1, "timeout": 600_000});
        self.menu("075", patient, json!({"start": [play("hello", "background")]})).await;
        let around = json!({"start": [transfer("+999")]});
        let around = self.menu("073", json!({"name": "Around", "digit_len": 1}), around).await;
        self.commit(CreateDid { client: self.client, body: json!({"did": "+999", "extension_id": around.0}) }).await;
        self.special(&transfer).await;
        self.askers(&id).await;
        self.scripted(&play).await;
        self.interactive(say("bye")).await;
        self.listener(&play).await;
        let blocked = json!({"name": "072", "type": "ivr", "status": "blocked"});
        self.extension(blocked).await;
    }
}

impl Author {
    /// Has a subscriber told of these events.
    async fn subscribe(&self, events: &[(&str, &str)]) {
        for (number, event_type) in events {
            let extension = self.store.snapshot().find_extension(number, Some(self.client)).expect("an extension").id;
            let url = format!("http://subscriber.test/{number}");
            let body = json!({"url": url, "event_type": event_type, "method": "POST"});
            self.commit(CreateEvent { client: self.client, extension, body }).await;
        }
    }

    /// What a test or two call.
    async fn special(&self, transfer: &impl Fn(&str) -> Value) {
        self.conferences(transfer).await;
        self.recorders(transfer).await;
        self.speaker().await;
        crate::pivot::fill(self).await;
        crate::vxml::fill(self).await;
        crate::contactpro::fill(self).await;
    }

    /// Phones that are rung where they are, and two that register.
    async fn phones(&self) {
        for host in [2u8, 3, 50, NOBODY] {
            self.phone(&format!("{host:03}"), json!({"contact": format!("sip:line-{host}@127.0.0.{host}:5060")})).await;
        }
        self.phone("004", json!({"password": "secret"})).await;
        self.phone("005", json!({"password": "secret"})).await;
    }

    /// Conferences: 800 as it comes, 801 with a PIN, 802 for two and quiet. The menu 088 transfers to 800, and 090 to it among others.
    async fn conferences(&self, transfer: &impl Fn(&str) -> Value) {
        for (name, settings) in [
            ("800", json!({})),
            ("801", json!({"pin": "1234"})),
            ("802", json!({"max_members": 2, "tones": false, "music": false})),
        ] {
            let extension = self.extension(json!({"name": name, "type": "conference"})).await;
            self.commit(UpdateConference { client: self.client, extension, body: settings }).await;
        }
        let lobby = json!({"name": "Lobby", "digit_len": 1});
        self.menu("088", lobby, json!({"start": [transfer("800")]})).await;
        self.several(transfer).await;
    }

    /// The menu 087 says a number in Russian, and hangs up.
    async fn speaker(&self) {
        let say = json!({"action": "play_digits", "digits": "2021", "play_digits_method": "pronounced"});
        let options = json!({"start": [say, {"action": "hangup"}]});
        let id = self.menu("087", json!({"name": "Number"}), options).await;
        let body = json!({"language": "ru"});
        self.commit(UpdateExtension { client: self.client, id, body }).await;
    }

    /// The menu 089 takes digits, thanks for `12`, asks for a rating and says `bye` in an interval that is active, `busy` in one that is
    /// over.
    async fn askers(&self, id: &impl Fn(&str) -> u64) {
        let play = |sound: &str, more: Value| {
            let mut rule = json!({"action": "play_sound", "sound": id(sound), "sound_type": "foreground"});
            if let (Some(rule), Value::Object(more)) = (rule.as_object_mut(), more) {
                rule.extend(more);
            }
            rule
        };
        let mut intervals = Vec::new();
        for (name, end) in [("over", "2001-01-01 00:00:00"), ("open", "2999-01-01 00:00:00")] {
            let body = json!({"name": name, "timezone": "Asia/Yerevan",
                              "conditions": [{"start_datetime": "2000-01-01 00:00:00", "end_datetime": end}]});
            intervals.push(self.commit(CreateInterval { client: self.client, body }).await.written.id);
        }
        let take = json!({"action": "record_digits", "record_digits_variable": "code", "record_digits_max": 4,
                          "record_digits_sound": id("hello")});
        let options = json!({"start": [
            take,
            play("thanks", json!({"match_variable_name": "code", "match_variable_value": "12"})),
            {"action": "quality_rate", "sound": id("ad"), "max_rate": 5},
            play("busy", json!({"interval": intervals[0]})),
            play("bye", json!({"interval": intervals[1]})),
            {"action": "hangup"},
        ]});
        self.menu("089", json!({"name": "Asking", "digit_len": 1}), options).await;
    }

    /// Menus that ask a web server: 091 has 8 s of patience and says goodbye after it, 092 has a lifetime of 2 s.
    async fn interactive(&self, goodbye: Value) {
        let ask = json!({"action": "call_interactive", "call_interactive_url": "http://script.test/menu",
            "call_interactive_method": "GET", "call_interactive_timeout": 8});
        let mut rules = goodbye;
        rules.as_array_mut().expect("rules are a list").insert(0, ask);
        let settings = json!({"name": "Interactive", "digit_len": 1, "allow_any_dial": false, "timeout": 5000});
        self.menu("091", settings.clone(), json!({"start": rules})).await;
        let short = self.menu("092", settings, json!({"start": rules})).await;
        self.commit(UpdateIvr { client: self.client, extension: short, body: json!({"lifetime": 2}) }).await;
    }

    /// Menus with a web server behind them: 061 asks by a rule and then calls whom the answer says, 062 has a script for each event.
    async fn scripted(&self, play: &impl Fn(&str, &str) -> Value) {
        let settings = json!({"name": "Web", "digit_len": 2, "allow_any_dial": false, "timeout": 2000});
        let ask = json!({"action": "call_interactive", "call_interactive_method": "GET",
                         "call_interactive_url": "http://crm.test/ask?tenant=7&who=$caller_id_number"});
        let transfer = json!({"action": "transfer_from_variable", "transfer_variable": "mgr", "transfer_timeout": 10, "final": false});
        let end = [play("bye", "foreground"), json!({"action": "hangup"})];
        let start = [&[ask, transfer], &end[..]].concat();
        self.menu("061", settings.clone(), json!({"start": start})).await;
        let transfer = json!({"action": "transfer", "transfer_dst": "002", "transfer_timeout": 10, "final": false});
        let start = [&[transfer], &end[..]].concat();
        let extension = self.menu("062", settings, json!({"start": start})).await;
        for event in ["dial-in", "dial-out", "hangup"] {
            let url = format!("http://crm.test/{event}");
            let body = json!({"event_type": event, "method": "POST", "url": url, "timeout": 40});
            self.commit(CreateScript { client: self.client, extension, body }).await;
        }
    }

    /// The menu 090 transfers to several: with a menu or a conference among them, and to eleven numbers of which three are there.
    async fn several(&self, transfer: &impl Fn(&str) -> Value) {
        let many = "+1 +2 +3 +4 +5 +6 +7 +8 002 003 050";
        let many = json!({"action": "simple_transfer", "transfer_dst": many, "transfer_timeout": 20});
        let settings = json!({"name": "Several", "digit_len": 1, "allow_any_dial": false, "timeout": 60_000});
        let start = json!([{"action": "play_silence", "silence_time": 100}]);
        let options = json!({"start": start, "1": [transfer("002 071")], "2": [transfer("002 800")], "3": [many]});
        self.menu("090", settings, options).await;
    }

    /// A menu that listens, 079: `support` leads to one prompt, any other word that is wanted and key 2 to another. The menu 078 asks a
    /// web server, and plays what that had rendered.
    async fn listener(&self, play: &impl Fn(&str, &str) -> Value) {
        let rules =
            json!([{"to_option": 1, "transcription": "support"}, {"to_option": 2, "transcription": "sales|billing"}]);
        let mut listen = play("hello", "background");
        listen["action"] = json!("voice_helper");
        listen["voice_helper_timeout"] = json!(8000);
        listen["voice_helper_digits_max"] = json!(1);
        listen["voice_helper_rules"] = rules;
        let say = |sound: &str| json!([play(sound, "foreground"), {"action": "hangup"}]);
        let options = json!({
            "start": [listen, play("nobody", "foreground"), {"action": "hangup"}],
            "1": say("thanks"), "2": say("bye"), "invalid": say("busy"),
        });
        self.menu("079", json!({"name": "Listening", "digit_len": 1, "allow_any_dial": false}), options).await;
        let ask = json!({"action": "call_interactive", "call_interactive_url": "http://scripts.example/say", "call_interactive_method": "GET"});
        let mut told = play("busy", "foreground");
        told["play_sound_from_variable"] = json!(true);
        self.menu("078", json!({"name": "Told"}), json!({"start": [ask, told, {"action": "hangup"}]})).await;
    }

    /// Menus that record: 084 and 086 the call, and transfer it to 002 and to one another; 085 is a mailbox.
    async fn recorders(&self, transfer: &impl Fn(&str) -> Value) {
        let record = json!({"action": "start_record"});
        let settings = json!({"name": "Recorded", "digit_len": 1, "allow_any_dial": false, "timeout": 60_000});
        let wait = json!({"action": "play_silence", "silence_time": 1000});
        let options = json!({"start": [record, wait], "2": [record, transfer("002")], "6": [transfer("086")]});
        self.menu("084", settings.clone(), options).await;
        self.menu("086", settings, json!({"start": [record, wait]})).await;
        let mailbox = self.extension(json!({"name": "085", "type": "ivr"})).await;
        let body = json!({"vm_enabled": true});
        self.commit(UpdateIvr { client: self.client, extension: mailbox, body }).await;
    }
}

impl World {
    /// The usual world.
    pub(crate) async fn new() -> Self {
        Self::shaped(Shape::default()).await
    }

    /// A world that differs in something.
    pub(crate) async fn shaped(shape: Shape) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(&data.path().join("data")).expect("an empty store");
        let mut author = Author { store: store.clone(), client: ClientId(1) };
        author.client = author.commit(CreateClient { prefix: "000".to_owned() }).await;
        author.fill().await;
        author.subscribe(&shape.events).await;
        drop(author);
        Self::begin(data, store, SystemSounds::load(), shape).await
    }

    /// A world like [`shaped`](Self::shaped), whose configuration it shares with all others made so: no call writes to it, and
    /// filling it takes longer than a call.
    pub(crate) async fn sharing(shape: Shape) -> Self {
        let (_, store, sounds) = KEPT.get().expect("the configuration is filled before the first call");
        let data = tempfile::tempdir().expect("a temporary directory");
        Self::begin(data, store.clone(), sounds.clone(), shape).await
    }

    /// Fills the configuration that worlds share. Call it outside of any runtime.
    pub(crate) fn fill_once() {
        KEPT.get_or_init(|| {
            let data = tempfile::tempdir().expect("a temporary directory");
            let store = Store::open(&data.path().join("data")).expect("an empty store");
            on_its_own(async {
                let mut author = Author { store: store.clone(), client: ClientId(1) };
                author.client = author.commit(CreateClient { prefix: "000".to_owned() }).await;
                author.fill().await;
            });
            (data, store, SystemSounds::load())
        });
    }

    /// The world of a first start: the demo menu and nothing else.
    pub(crate) async fn of_the_demo() -> Self {
        Self::of_the_demo_shaped(Shape::default()).await
    }

    /// The same, which differs in something.
    pub(crate) async fn of_the_demo_shaped(shape: Shape) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(&data.path().join("data")).expect("an empty store");
        first_start::prepare(&store, &data.path().join("data")).await.expect("a first start");
        Self::begin(data, store, SystemSounds::load(), shape).await
    }

    async fn begin(data: tempfile::TempDir, store: Store, sounds: SystemSounds, shape: Shape) -> Self {
        let file = data.path().join("antiphon.toml");
        // Nobody asks these trunks whether they are there, unless a test is about that.
        let quiet = "[[trunk]]\noptions_interval = 0";
        let asked = shape.trunks.contains("options_interval");
        let trunks = if asked { shape.trunks.clone() } else { shape.trunks.replace("[[trunk]]", quiet) };
        let sip = if shape.sip.is_empty() { String::new() } else { format!("[sip]\n{}\n", shape.sip) };
        let rtp = if shape.rtp.is_empty() { String::new() } else { format!("[rtp]\n{}\n", shape.rtp) };
        // No program of the machine is run on virtual time.
        let recording = "[recording]\nmp3_encoder = \"off\"\n";
        let vxml = "[vxml]\ndialog = true\nhosts = [\"app.test\"]\n";
        std::fs::write(&file, format!("{sip}{rtp}{recording}{vxml}{trunks}"))
            .expect("the temporary directory takes a file");
        let words = ["antiphon", "--sip", "udp:127.0.0.1:5060", "--rtp-ports", shape.rtp_ports];
        let mut words: Vec<_> = words.into_iter().map(std::ffi::OsString::from).collect();
        words.extend(["--config".into(), file.into_os_string()]);
        words.extend(["--data".into(), data.path().join("data").into_os_string()]);
        let settings = Settings::load(words, &|_| None).expect("usable settings");
        let net = VirtualNet::new(shape.seed);
        tokio::time::pause();
        let web = ToldWeb::default();
        let network = Arc::new(OnVirtualNet { net: net.clone(), names: shape.names, web: web.clone() });
        let server = app::start(&settings, store, sounds, network, MediaDrive::VirtualTime).await;
        let server = server.unwrap_or_else(|error| panic!("the server does not start: {error}"));
        Self { net, server, web, data }
    }

    /// A phone's setup: it speaks PCMA, has telephone-events, and nobody picks it up.
    pub(crate) fn setup(name: &'static str, host: u8) -> PhoneSetup {
        Self::setup_at(name, [127, 0, 0, host].into())
    }

    /// The same at any address.
    pub(crate) fn setup_at(name: &'static str, host: IpAddr) -> PhoneSetup {
        let at = |port| SocketAddr::new(host, port);
        let (codec, keys, answering) = (Codec::Pcma, Keys::Events, Answering::Never);
        PhoneSetup { name, sip: at(5060), rtp: at(4000), server: SERVER, codec, keys, answering, srtp: None }
    }

    /// Connects a phone.
    pub(crate) fn connect(&self, setup: PhoneSetup) -> SimPhone {
        SimPhone::connect(&self.net, setup).expect("every phone of a test has its own host")
    }

    /// The phone that calls in most tests.
    pub(crate) fn caller(&self) -> SimPhone {
        self.connect(Self::setup("caller", 10))
    }

    /// A phone that is called.
    pub(crate) fn callee(&self, name: &'static str, host: u8, answering: Answering) -> SimPhone {
        self.connect(PhoneSetup { answering, ..Self::setup(name, host) })
    }

    /// The prompts, the ringback, the music on hold and what these phones say, each by its name.
    pub(crate) fn known(&self, listener: &SimPhone, speakers: &[&SimPhone]) -> KnownSounds {
        let mut known = KnownSounds::new(listener.setup().codec);
        for name in ["ringback", "hold"] {
            let sound = self.server.rooms.tone(name).expect("a system sound");
            known = known.with(name, &sound);
        }
        for (name, ..) in SOUNDS {
            known = known.with(name, &prompt(name));
        }
        for speaker in speakers {
            let PhoneSetup { name, codec, .. } = *speaker.setup();
            known = known.with_speech(name, &prompt(name), codec);
        }
        known
    }

    /// What a phone has heard so far.
    pub(crate) fn heard(&self, listener: &SimPhone, speakers: &[&SimPhone]) -> antiphon_testkit::Heard {
        antiphon_testkit::Heard::of(&listener.received(), &self.known(listener, speakers))
    }

    /// Who called whom and what was said, up to now.
    pub(crate) fn ladder(&self) -> String {
        let host = |last: u8| IpAddr::from([127, 0, 0, last]);
        let names = [
            (SERVER.ip(), "antiphon"),
            (host(10), "caller"),
            (host(2), "002"),
            (host(3), "003"),
            (host(4), "004"),
            (host(50), "050"),
            (host(TRUNK), "trunk"),
        ];
        ladder(&self.net.tape(), &names)
    }

    /// The bytes of a recording's file.
    pub(crate) fn recording(&self, name: impl std::fmt::Display) -> Vec<u8> {
        let path = self.data.path().join(format!("data/recordings/{name}.wav"));
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// How many files there are of recordings.
    pub(crate) fn recording_files(&self) -> usize {
        std::fs::read_dir(self.data.path().join("data/recordings")).expect("the folder of recordings").count()
    }

    /// Waits until the store has this in the mailbox 085.
    pub(crate) async fn until_mailbox_has(&self, expect: Count) {
        let store = &self.server.rooms.store;
        let mailbox = store.snapshot().find_extension("085", Some(ClientId(1))).expect("it is there").id;
        until(|| store.mailboxes().count(mailbox) == expect).await;
    }

    /// How many calls and streams there are now.
    pub(crate) async fn load(&self) -> (usize, usize) {
        let calls = *self.server.rooms.calls.active().borrow();
        let mut streams = 0;
        for worker in self.server.rooms.media.workers() {
            streams += worker.report().await.expect("the worker lives").streams;
        }
        (calls, streams)
    }

    /// Waits for the aftermath of all calls and sees that nothing is left of them: no call, no stream, no port, and nobody
    /// who still repeats a message.
    #[track_caller]
    pub(crate) fn leaves_nothing(&self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            tokio::time::sleep(AFTERMATH).await;
            let left = self.load().await;
            assert_eq!(left, (0, 0), "calls and streams at the end of {place}\n{}", self.ladder());
            let signalling = self.server.rooms.signalling.report().await.expect("signalling lives");
            let left = (signalling.dialogs, signalling.transactions);
            assert_eq!(left, (0, 0), "dialogs and transactions at the end of {place}\n{}", self.ladder());
            assert_eq!(self.net.sockets(SERVER.ip()), 1, "sockets of the server at the end of {place}");
            let quiet_since = Instant::now();
            tokio::time::sleep(AFTERMATH).await;
            let late = self.net.tape().into_iter().find(|passed| passed.at > quiet_since);
            assert!(late.is_none(), "somebody still talks at the end of {place}\n{}", self.ladder());
        }
    }
}
