//! The vendors' worked example on the real binary: the script builds it, and every path through it is called.
//!
//! Sources: `ringme-ivr.md` 2.6 and section 7, vectors 1 to 4; `docs/walkthrough.sh`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use antiphon_testkit::{Heard, Pace, Received, Sound, breaks};

use crate::media::{Ears, Keys, Recording};
use crate::process::{alone, root};
use crate::registration::register;
use crate::server::Server;
use crate::sipp::{Scenario, Sipp, free_port};
use crate::sounds::{Prompt, RINGBACK, known};

/// The password of both phones.
const PASSWORD: &str = "walk-through";
/// The prompts, shorter than real ones.
const PROMPTS: [Prompt; 2] = [Prompt { name: "advertising", ms: 2_000 }, Prompt { name: "hello", ms: 3_000 }];
/// Packets until the greeting has begun: 5 s of sleep, 2 s of advertisement, half a second of the greeting.
const IN_GREETING: usize = 250 + 100 + 25;
/// Packets until the advertisement has begun.
const IN_ADVERTISEMENT: usize = 250 + 25;
/// A loaded machine with two cores and a debug build may hold a packet, a task, or the thread that hears, this long. What is exact
/// is held on virtual time (`tests/call`).
const LOADED: Duration = Duration::from_millis(400);

/// Runs the script as it lies in the tree.
fn build_menu(server: &Server) {
    let [advertising, hello] = PROMPTS.map(|prompt| prompt.write(server.folder()));
    let script = Command::new(root().join("docs/walkthrough.sh"))
        .args([advertising, hello])
        .env("BASE", format!("http://{}", server.ready.http))
        .env("DATA", server.folder().join("data"))
        .env("PHONE_PASSWORD", PASSWORD)
        .output();
    let output = script.expect("the walk-through starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the walk-through failed:\n{said}\n{}", server.log());
    assert!(said.contains("12.50 USD is said: twelve dollars and fifty cents\n"), "{said}");
}

/// Somebody who is called so many times as this number.
struct Callee {
    name: &'static str,
    port: u16,
    calls: usize,
}

impl Callee {
    fn register(&self, server: &Server) {
        let status = register(server.ready.udp(), self.name, PASSWORD, self.port);
        assert_eq!(status, 200, "{} registers: {}", self.name, server.log());
    }

    fn wait(&self, server: &Server) -> Sipp {
        let keys = [("rtp_port", free_port().to_string())];
        let scenario = Scenario {
            file: "callee.xml",
            name: self.name,
            server: server.ready.udp(),
            service: self.name,
            port: self.port,
            calls: self.calls,
            keys: &keys,
        };
        Sipp::start(server.folder(), &scenario)
    }
}

/// A caller in the midst of its call.
struct Caller {
    ears: Ears,
    sipp: Sipp,
}

impl Caller {
    fn call(server: &Server, name: &str, keys: Keys) -> Self {
        let ears = Ears::open(keys);
        let values = [("rtp_port", ears.port().to_string())];
        let scenario = Scenario {
            file: "caller.xml",
            name,
            server: server.ready.udp(),
            service: "071",
            port: free_port(),
            calls: 1,
            keys: &values,
        };
        Self { ears, sipp: Sipp::start(server.folder(), &scenario) }
    }

    /// Waits for the end of the call; what was heard in it.
    #[track_caller]
    fn recording(self) -> Recording {
        self.sipp.succeeds();
        self.ears.close()
    }
}

fn heard(packets: &[Received]) -> Heard {
    Heard::of(packets, &known(&PROMPTS, &[]))
}

/// What was heard, in order, without the frames of silence that a call's task on a loaded machine leaves between two prompts when it is
/// not woken in time.
fn order(heard: &Heard) -> Vec<String> {
    let spans = heard.spans.iter().filter(|span| span.sound != Sound::Silence || span.duration() > LOADED);
    spans.map(|span| span.sound.to_string()).collect()
}

fn length(heard: &Heard, name: &str) -> Duration {
    heard.all(name).iter().map(|span| span.duration()).sum()
}

/// One stream: no jump of sequence or timestamp, every packet 20 ms after the one before on the RTP clock, and no later
/// on the real one than a loaded machine makes it.
#[track_caller]
fn is_unbroken(who: &str, recording: &Recording) {
    let pace = Pace { ptime: Duration::from_millis(20), tolerance: LOADED };
    let found = breaks(&recording.packets, pace);
    assert_eq!(found, [], "{who}, of {} packets", recording.packets.len());
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn every_path_of_the_walkthrough_leads_where_it_says() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let trunk = Callee { name: "+7987654321", port: free_port(), calls: 1 };
    let phones =
        [Callee { name: "002", port: free_port(), calls: 1 }, Callee { name: "050", port: free_port(), calls: 3 }];
    let settings = format!(
        "[[trunk]]\nname = \"carrier\"\nuri = \"sip:127.0.0.1:{}\"\ndial = ['^\\+']\noptions_interval = 0\n",
        trunk.port
    );
    let server = Server::start(folder.path(), &settings);
    build_menu(&server);
    phones.iter().for_each(|phone| phone.register(&server));
    let callees: Vec<_> = phones.iter().chain([&trunk]).map(|callee| callee.wait(&server)).collect();
    let call = |name: &str, keys: &[(usize, char)]| Caller::call(&server, name, keys.to_vec());
    let silent = call("silent", &[]);
    let mobile = call("mobile", &[(IN_GREETING, '1')]);
    let second = call("second", &[(IN_GREETING, '2')]);
    let direct = call("direct", &[(IN_GREETING, '0'), (IN_GREETING + 1, '5'), (IN_GREETING + 2, '0')]);
    let invalid = call("invalid", &[(IN_GREETING, '9')]);
    let early = call("early", &[(IN_ADVERTISEMENT, '2')]);

    for (name, caller) in [("silent", silent), ("early", early)] {
        let recording = caller.recording();
        let heard = heard(&recording.packets);
        is_unbroken(name, &recording);
        assert_eq!(order(&heard)[..4], ["(silence)", "advertising", "hello", "(silence)"], "{name}: {heard}");
        assert_eq!(length(&heard, "hello"), 3 * SECOND, "{name}: {heard}");
        let (hello, ringback) = (heard.first("hello"), heard.first(RINGBACK));
        let waited = ringback.from - hello.to;
        assert!(waited.abs_diff(5 * SECOND) < 2 * LOADED, "{name} waited {waited:?}");
    }
    for (name, caller, wait) in
        [("mobile", mobile, 2 * SECOND), ("second", second, 2 * SECOND), ("direct", direct, Duration::ZERO)]
    {
        let recording = caller.recording();
        let heard = heard(&recording.packets);
        is_unbroken(name, &recording);
        is_silenced(name, &recording, &heard);
        let pressed = *recording.pressed.last().expect("keys were pressed");
        let waited = heard.first(RINGBACK).from.into_std() - pressed;
        assert!(waited.abs_diff(wait) < 2 * LOADED, "{name} waited {waited:?}: {heard}");
    }
    let recording = invalid.recording();
    let heard = heard(&recording.packets);
    is_unbroken("invalid", &recording);
    is_silenced("invalid", &recording, &heard);
    assert_eq!(length(&heard, RINGBACK), Duration::ZERO, "{heard}");
    for (callee, sipp) in phones.iter().chain([&trunk]).zip(callees) {
        let invites = sipp.succeeds().matches(&format!("INVITE sip:{}@", callee.name)).count();
        assert!(invites >= callee.calls, "{} was called {invites} times", callee.name);
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
    nothing_is_forgotten(server, folder.path(), &settings);
}

/// The greeting was silent 40 ms after the key, and what a loaded machine adds.
#[track_caller]
fn is_silenced(name: &str, recording: &Recording, heard: &Heard) {
    let pressed = *recording.pressed.first().expect("a key was pressed");
    let silent_after = heard.first("hello").to.into_std().saturating_duration_since(pressed);
    assert!(silent_after <= Duration::from_millis(40) + LOADED, "{name}: {silent_after:?} after the key: {heard}");
    assert_eq!(length(heard, "advertising"), 2 * SECOND, "{name}: {heard}");
}

/// What the API shows is the same after the power was cut.
fn nothing_is_forgotten(server: Server, folder: &Path, settings: &str) {
    let shown = |server: &Server| {
        let token = server.token();
        let (status, extensions) = server.get("/api/ver1.0/client/@me/extension/", Some(&token));
        assert_eq!(status, 200);
        let list: serde_json::Value = serde_json::from_str(&extensions).expect("a list");
        let menu = list.as_array().expect("a list").iter().find(|extension| extension["name"] == "000*071");
        let id = &menu.expect("the menu is there")["id"];
        let options = format!("/api/ver1.0/extension/{id}/ivr/context/1/options/");
        let paths = [format!("/api/ver1.0/extension/{id}/ivr/"), options.clone(), format!("{options}start/rules/")];
        let mut all: Vec<_> = paths.iter().map(|path| server.get(path, Some(&token))).collect();
        all.push(server.get("/api/ver1.0/client/@me/sound/", Some(&token)));
        assert!(all.iter().all(|(status, _)| *status == 200), "{all:?}");
        (extensions, all)
    };
    let before = shown(&server);
    server.kill();
    let server = Server::start(folder, settings);
    assert_eq!(shown(&server), before);
}
