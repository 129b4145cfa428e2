//! Calls that customizers answer, with real processes of Python beside the sound of the calls.
//!
//! Shape: the server runs in this process, with scripts of the test's own that call methods; what they note is read afterwards.
//! Time: the machine's clock; each wait has an end.
//! Sources: `voicexml-customizers.md` 2.3, 2.4, 2.6.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use antiphon_ivr::op::{AboutCall, Customize};
use antiphon_ivr::{BargeIn, Call, Custom, ExtensionId, Interrupted, Next, Play, Prompt, Running};
use antiphon_server::app::{self, MediaDrive, Server};
use antiphon_server::settings::Settings;
use antiphon_server::sounds::SystemSounds;
use antiphon_server::store::changes::{
    ActivateCustomizer, AddCustomizer, CreateExtension, CustomizerEditor, DeleteCustomizer,
};
use antiphon_server::store::{ClientId, CustomizerCode, FoundInCode, Store};
use antiphon_server::{first_start, net::Machine};
use antiphon_testkit::{Pace, breaks};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::calls::{Caller, Calls};
use crate::process::alone;
use crate::server::free_media_ports;
use crate::written::Written;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How late a packet may be, at most, on a loaded machine with two cores, of which a process takes all of one.
const LOADED: Duration = Duration::from_millis(400);

/// What scripts note, and when.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<(Instant, String)>>>);

impl Notes {
    fn add(&self, note: impl Into<String>) {
        self.0.lock().expect("nobody panics here").push((Instant::now(), note.into()));
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics here").iter().map(|(_, note)| note.clone()).collect()
    }

    /// How long it took from the first note to the second.
    fn took(&self) -> Duration {
        let notes = self.0.lock().expect("nobody panics here");
        notes[1].0 - notes[0].0
    }

    #[track_caller]
    fn wait_for(&self, count: usize) {
        until("nothing more was noted", || self.all().len() >= count);
    }
}

#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A server in this process.
struct House {
    runtime: Runtime,
    server: Server,
    _folder: tempfile::TempDir,
}

impl House {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let data = folder.path().join("data");
        let words = ["antiphon", "--sip", "udp:127.0.0.1:0", "--rtp-ports", &free_media_ports(), "--data"];
        let words = words.iter().map(Into::into).chain([data.clone().into_os_string()]);
        let settings = Settings::load(words.collect::<Vec<std::ffi::OsString>>(), &|_| None).expect("settings");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let server = runtime.block_on(async {
            let store = Store::open(&data).expect("a store");
            first_start::prepare(&store, &data).await.expect("a first start");
            let sounds = SystemSounds::load();
            app::start(&settings, store, sounds, Arc::new(Machine), MediaDrive::Threads).await.expect("a server")
        });
        Self { runtime, server, _folder: folder }
    }

    fn at(&self) -> SocketAddr {
        self.server.rooms.listeners[0].local
    }

    /// An extension at which this script runs; what it notes.
    fn runs<F>(&self, number: &str, script: F) -> (ExtensionId, Notes)
    where
        F: for<'a> Fn(&'a mut Call, Notes) -> Running<'a> + Send + Sync + 'static,
    {
        let notes = Notes::default();
        let script: Arc<dyn Custom> = Arc::new(Written(script, notes.clone()));
        self.server.rooms.scripts.install(&format!("000*{number}"), &script);
        let body = json!({ "name": number, "type": "vxml" });
        let change = CreateExtension { client: ClientId(1), body };
        let made = self.runtime.block_on(self.server.rooms.store.commit(change)).expect("an extension");
        (made.id, notes)
    }

    fn editor(extension: ExtensionId) -> CustomizerEditor {
        CustomizerEditor { client: ClientId(1), extension, application: "a test".into(), now: SystemTime::now() }
    }

    /// Has new calls run this code; its version.
    fn activate(&self, extension: ExtensionId, code: &str) -> u32 {
        let store = &self.server.rooms.store;
        let add = AddCustomizer {
            editor: Self::editor(extension),
            code: CustomizerCode::of(code.as_bytes()),
            found: FoundInCode { classes: vec!["A".to_owned()], methods: Vec::new() },
            class_name: "A".to_owned(),
            class_edited: false,
            description: String::new(),
        };
        self.runtime.block_on(async {
            let tried = store.commit(add).await.expect("a version");
            let activate = ActivateCustomizer { editor: Self::editor(extension), tried, methods: Vec::new() };
            store.commit(activate).await.expect("it is activated").version
        })
    }
}

async fn silence(call: &mut Call, time: Duration) -> Result<(), Interrupted> {
    call.play(Play { prompts: vec![Prompt::Silence(time)], barge_in: BargeIn::FOREGROUND }).await.map(drop)
}

/// What a method returns, or the kind of its failure.
async fn customized(call: &mut Call, method: &str, timer: Option<Duration>) -> Result<String, Interrupted> {
    let (extension, method) = (call.served.id, method.to_owned());
    let customize = Customize { extension, method, params: Vec::new(), about: AboutCall::default(), timer };
    Ok(match call.customize(customize).await? {
        Ok(result) => result.value.to_string(),
        Err(error) => error.kind.as_str().to_owned(),
    })
}

#[test]
fn an_endless_loop_of_one_call_ends_at_its_timer_and_leaves_the_sound_of_another_alone() {
    let _alone = alone();
    let house = House::open();
    let (spins, notes) = house.runs("081", |call, notes| {
        Box::pin(async move {
            call.answer().await?;
            notes.add("asked");
            notes.add(customized(call, "spin", Some(Duration::from_secs(5))).await?);
            for method in ["leave", "crash", "one"] {
                notes.add(customized(call, method, None).await?);
            }
            Ok(Next::Finished)
        })
    });
    let code = "import ctypes, os\nclass A:\n  def spin(self):\n    while True: pass\n  def leave(self): os._exit(1)\n  \
                def crash(self): ctypes.string_at(0)\n  def one(self): return 1\n";
    house.activate(spins, code);
    house.runs("082", |call, _| {
        Box::pin(async move {
            call.answer().await?;
            silence(call, Duration::from_secs(7)).await?;
            Ok(Next::Finished)
        })
    });
    let past = Calls::new(house.at()).place(&[Caller::new("081"), Caller::new("082").hears(&[])]);
    assert_eq!(notes.all(), ["asked", "timeout", "crash", "crash", "1"]);
    let took = notes.took().as_secs_f64();
    // The loop itself takes a core from whoever notes this.
    assert!((4.9..6.0).contains(&took), "it was cut after {took} s");
    let packets = &past["082"].recording.packets;
    assert!(packets.len() > 340, "{} packets in 7 s", packets.len());
    let pace = Pace { ptime: Duration::from_millis(20), tolerance: LOADED };
    assert_eq!(breaks(packets, pace), [], "of {} packets", packets.len());
}

#[test]
fn a_call_keeps_its_version_and_the_next_call_has_the_new_one() {
    let _alone = alone();
    let house = House::open();
    let (extension, notes) = house.runs("081", |call, notes| {
        Box::pin(async move {
            call.answer().await?;
            notes.add(customized(call, "which", None).await?);
            silence(call, Duration::from_secs(2)).await?;
            notes.add(customized(call, "which", None).await?);
            Ok(Next::Finished)
        })
    });
    let calls = |name: &str| drop(Calls::new(house.at()).place(&[Caller::new("081").named(name)]));
    calls("first");
    assert_eq!(notes.all(), ["inactive", "inactive"]);
    let old = house.activate(extension, "class A:\n  def which(self): return 'old'\n");
    std::thread::scope(|scope| {
        let call = scope.spawn(|| calls("second"));
        notes.wait_for(3);
        house.activate(extension, "class A:\n  def which(self): return 'new'\n");
        let delete = DeleteCustomizer { editor: House::editor(extension), version: old };
        house.runtime.block_on(house.server.rooms.store.commit(delete)).expect("it is not active any more");
        call.join().expect("the call is made");
    });
    calls("third");
    assert_eq!(notes.all()[2..], ["\"old\"", "\"old\"", "\"new\"", "\"new\""]);
}

#[test]
fn a_caller_who_hangs_up_ends_the_method_and_its_process() {
    let _alone = alone();
    let house = House::open();
    let (extension, notes) = house.runs("081", |call, notes| {
        Box::pin(async move {
            call.answer().await?;
            notes.add(customized(call, "pid", None).await?);
            notes.add("asked");
            let ended = customized(call, "sleep", None).await;
            notes.add(format!("{ended:?}"));
            ended.map(|_| Next::Finished)
        })
    });
    house.activate(
        extension,
        "import os, time\nclass A:\n  def pid(self): return os.getpid()\n  def sleep(self): time.sleep(600)\n",
    );
    let mut caller = crate::pivot::Caller::call(house.at(), "081");
    caller.up();
    notes.wait_for(2);
    caller.send(&caller.request("BYE", 2));
    notes.wait_for(3);
    assert_eq!(notes.all()[1..], ["asked", "Err(RemoteHangup)"]);
    let process = notes.all()[0].clone();
    until("the process goes on", || !is_there(&process));
}

/// Whether a process runs.
fn is_there(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // One that waits for whoever adopts it runs no more.
    !stat.is_empty() && !stat.contains(") Z")
}

/// The folders of the processes.
fn folders(data: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(data.join("customizers")).into_iter().flatten();
    listed.filter_map(Result::ok).map(|entry| entry.path()).collect()
}

#[test]
fn a_process_ends_with_a_server_that_is_killed() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = crate::server::Server::start(folder.path(), "[customizer]\neditors = [\"*\"]\n");
    let token = server.token();
    let send = |path: &str, body: serde_json::Value| {
        let path = format!("/api/ver1.0{path}");
        let (status, answer) = server.send("POST", &path, &token, &body.to_string());
        assert_eq!(status / 100, 2, "{answer}");
        serde_json::from_str::<serde_json::Value>(&answer).expect("JSON")
    };
    let made = send("/client/@me/extension/", json!({ "name": "081", "type": "vxml" }));
    let path = format!("/extension/{}/customizer", made["id"]);
    let code = "import os, time\nclass A:\n  def stay(self):\n    open('pid', 'w').write(str(os.getpid()))\n    time.sleep(600)\n";
    send(&path, json!({ "code": code }));
    let data = folder.path().join("data");
    let pids = || -> Vec<String> {
        let written = folders(&data).into_iter().filter_map(|folder| std::fs::read_to_string(folder.join("pid")).ok());
        written.filter(|pid| !pid.is_empty()).collect()
    };
    std::thread::scope(|scope| {
        let stay = json!({ "method": "stay", "timeout_ms": 50_000 }).to_string();
        let at = format!("/api/ver1.0{path}/1/invoke");
        let (server, token) = (&server, &token);
        scope.spawn(move || server.send("POST", &at, token, &stay));
        until("no process is there", || !pids().is_empty());
        let process = pids().remove(0);
        assert!(is_there(&process));
        server.signal("KILL");
        until("the process goes on without its server", || !is_there(&process));
    });
}
