//! Vectors of `ringme-ivr.md` 7 on the real binary: a caller's sound, the web server's requests, and the SIP of whoever is called.
//!
//! Shape: every vector makes its menus, says who calls, and looks at what became of those calls; all of them call one server at once.
//! Vectors 1 to 4 are in `walkthrough.rs`, 5 in `transfers.rs`, 7 and 9 in `interactive.rs`, 13 in `rest.rs`.
//! Time: the machine's clock; the longest vector, a lifetime of ten seconds, is what all of them take. What is exact is held on virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use antiphon_testkit::{Heard, KnownSounds};
use serde_json::{Value, json};

use crate::calls::{Caller, Calls, Past};
use crate::exchange::Exchange;
use crate::process::alone;
use crate::scripts::Scripts;
use crate::server::Server;
use crate::sipp::{Scenario, Sipp, free_port};
use crate::sounds::{Prompt, known, order};

#[path = "vectors/asking.rs"]
mod asking;
#[path = "vectors/conditions.rs"]
mod conditions;
#[path = "vectors/lifetime.rs"]
mod lifetime;

const SETTINGS: &str = "[sip]\nrate_limit = 0\nnew_rate_limit = 0\n\n[http_client]\nallow = [\"127.0.0.0/8\"]\n";
/// Short ones by letters, one that a key can stop, and one that is longer than a lifetime.
const PROMPTS: [Prompt; 12] = [
    short("a"),
    short("b"),
    short("c"),
    short("d"),
    short("e"),
    short("f"),
    short("g"),
    short("h"),
    short("i"),
    short("j"),
    Prompt { name: "question", ms: 1_000 },
    Prompt { name: "long", ms: 12_000 },
];
/// The digits of a PIN.
const SYSTEM: [&str; 4] = ["en/digits/1", "en/digits/2", "en/digits/3", "en/digits/4"];
/// How much longer anything may take on a loaded machine.
const LATE: Duration = Duration::from_millis(900);

const fn short(name: &'static str) -> Prompt {
    Prompt { name, ms: 200 }
}

/// The server, and whoever the vectors need around it.
struct Scene<'a> {
    server: &'a Server,
    exchange: Exchange<'a>,
    scripts: Scripts,
    sounds: BTreeMap<&'static str, Value>,
    known: KnownSounds,
}

/// What has to be true of calls.
type Holds = Box<dyn FnOnce(&Scene<'_>, &Went)>;

/// Who calls, and what has to be true of their calls.
struct Vector {
    callers: Vec<Caller>,
    holds: Holds,
}

impl Vector {
    fn new(callers: Vec<Caller>, holds: impl FnOnce(&Scene<'_>, &Went) + 'static) -> Self {
        Self { callers, holds: Box::new(holds) }
    }
}

impl Scene<'_> {
    /// A rule that plays this prompt to its end.
    fn play(&self, prompt: &str) -> Value {
        json!({ "action": "play_sound", "sound": self.sounds[prompt], "sound_type": "foreground" })
    }

    /// A phone of this number, which does as the scenario says in its only call.
    fn phone(&self, number: &str, file: &str) -> Sipp {
        let (port, keys) = (free_port(), [("rtp_port", free_port().to_string())]);
        self.exchange.phone(number, &format!("sip:{number}@127.0.0.1:{port}"));
        let (name, server) = (number, self.server.ready.udp());
        let scenario = Scenario { file, name, server, service: number, port, calls: 1, keys: &keys };
        Sipp::start(self.server.folder(), &scenario)
    }
}

/// All calls, by the names of their callers, and what the web server said.
struct Went {
    calls: BTreeMap<String, Past>,
    said: Vec<String>,
}

impl Went {
    /// Everything that a caller heard, and the names of it in order, without silence.
    fn heard(&self, scene: &Scene<'_>, name: &str) -> (Heard, Vec<String>) {
        order(&self.calls[name].recording.packets, &scene.known)
    }

    /// A caller heard these, each to its end.
    #[track_caller]
    fn heard_only(&self, scene: &Scene<'_>, name: &str, expected: &[&str]) {
        let (heard, names) = self.heard(scene, name);
        assert_eq!(names, expected, "{name}: {heard}\n{}", scene.server.log());
    }

    /// The server hung up when a call had been up so long.
    #[track_caller]
    fn was_up(&self, name: &str, expected: Duration) {
        let Past { up, left, .. } = self.calls[name];
        // The answer was on its way for a while.
        let early = Duration::from_millis(50);
        assert!(!left && up + early >= expected && up < expected + LATE, "{name} was up {up:?}, not {expected:?}");
    }
}

fn span(heard: &Heard, name: &str) -> Duration {
    heard.all(name).iter().map(|span| span.duration()).sum()
}

#[test]
fn vectors_6_8_10_11_12_14_15_and_16_hold_on_the_wire() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(folder.path(), SETTINGS);
    let exchange = Exchange::new(&server);
    let sounds = PROMPTS.map(|prompt| (prompt.name, exchange.sound(prompt))).into();
    let scripts = Scripts::start("tests/wire/web_scripts.py", &[]);
    let scene = Scene { server: &server, exchange, scripts, sounds, known: known(&PROMPTS, &SYSTEM) };
    let vectors = [
        conditions::vector_6(&scene),
        asking::vector_8(&scene),
        conditions::vector_10(&scene),
        lifetime::vector_11(&scene),
        asking::vector_12(&scene),
        asking::vector_14(&scene),
        asking::vector_15(&scene),
        lifetime::vector_16(&scene),
    ];
    let callers: Vec<_> = vectors.iter().flat_map(|vector| vector.callers.clone()).collect();
    let calls = Calls::new(server.ready.udp()).place(&callers);
    let went = Went { calls, said: scene.scripts.said() };
    vectors.into_iter().for_each(|vector| (vector.holds)(&scene, &went));
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
