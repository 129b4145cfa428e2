//! Real processes, on the real clock; each wait has an end.

use std::{future::Future, sync::Arc, time::Duration};

use antiphon_ivr::{
    ExtensionId,
    op::{AboutCall, AllowFlow, CustomError, CustomErrorKind, CustomResult, Customize, Flow},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;
use tracing_subscriber::layer::SubscriberExt as _;

use super::{Customizers, Loads, NotLoaded};
use crate::{settings::CustomizerSettings, store::ClientId};

const CODE: &str = r#"
import ctypes, os, sys, time

class Shop:
    def __init__(self, ivr=None):
        self.ivr = ivr

    def find(self, params, call):
        call.set_var("customer", "Ann")
        call.extra_data["seen"] = True
        call.set_language("fr")
        call.set_priority(3)
        call.log("info", "found")
        return {"phone": params["phone"], "from": call.from_number, "lang": call.get_var("lang"), "v": self.ivr["version"]}

    def named(self, phone, call, n=3, **rest):
        return [phone, call.id, n, rest]

    def pid(self):
        return os.getpid()

    def where(self, params):
        return [os.getcwd(), sorted(os.environ), sys.stdin.read(), os.getsid(0) == os.getpid()]

    def boom(self, params):
        raise LookupError("no such table")

    def spin(self, params):
        while True:
            pass

    def stubborn(self, params):
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)

    def child(self, params):
        pid = os.fork()
        if pid == 0:
            time.sleep(600)
        return pid

    def leave(self, params):
        os._exit(1)

    def crash(self, params):
        ctypes.string_at(0)

    def wait(self, params):
        time.sleep(params["seconds"])
        return params["seconds"]

    def flood(self, params):
        for number in range(20000):
            print("line", number)
        print("x" * 2_000_000)
        return "done"

    def large(self, params):
        return "x" * (2 << 20)

    def odd(self, params):
        return object()

    def move(self, params, call):
        call.goto('#form2')
"#;

struct Room {
    customizers: Customizers,
    _data: TempDir,
}

fn room(settings: CustomizerSettings) -> Room {
    let data = tempfile::tempdir().unwrap();
    Room { customizers: Customizers::open(&settings, data.path()), _data: data }
}

fn loads(code: &str) -> Arc<Loads> {
    Arc::new(Loads {
        extension: ExtensionId(7),
        extension_name: "000*081".to_owned(),
        version: 4,
        sha256: code.len().to_string(),
        class_name: "Shop".to_owned(),
        code: code.as_bytes().into(),
        config: Arc::default(),
    })
}

fn asks(method: &str, params: Value) -> Customize {
    let params = params.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone()));
    let about = AboutCall {
        id: "abc".to_owned(),
        from_number: "+7812".to_owned(),
        vars: vec![("lang".to_owned(), "en".into())],
        ..AboutCall::default()
    };
    Customize {
        extension: ExtensionId(7),
        method: method.to_owned(),
        params: params.collect(),
        about,
        timer: Some(Duration::from_secs(20)),
    }
}

fn within(seconds: f64, customize: Customize) -> Customize {
    Customize { timer: Some(Duration::from_secs_f64(seconds)), ..customize }
}

impl Room {
    async fn call(&self, loads: &Arc<Loads>, customize: &Customize) -> Result<CustomResult, CustomError> {
        tokio::time::timeout(Duration::from_secs(60), self.customizers.call(loads, customize)).await.expect("an end")
    }

    async fn value(&self, loads: &Arc<Loads>, method: &str, params: Value) -> Value {
        self.call(loads, &asks(method, params)).await.unwrap_or_else(|error| panic!("{method}: {error}")).value
    }

    async fn fails(&self, loads: &Arc<Loads>, customize: Customize) -> CustomErrorKind {
        self.call(loads, &customize).await.expect_err(&customize.method).kind
    }
}

async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_there(pid: &Value) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie is gone; it waits for whoever adopts it.
    !stat.is_empty() && !stat.contains(") Z")
}

#[tokio::test]
async fn a_method_is_told_of_the_call_and_says_what_it_wants_changed() {
    let (room, loads) = (room(CustomizerSettings::default()), loads(CODE));
    let result = room.call(&loads, &asks("find", json!({"phone": "12345"}))).await.unwrap();
    assert_eq!(result.value, json!({"phone": "12345", "from": "+7812", "lang": "en", "v": 4}));
    let changes = result.changes;
    assert_eq!(changes.vars, [("customer".to_owned(), "Ann".into())]);
    assert_eq!(changes.extra_data, Some(vec![("seen".to_owned(), true.into())]));
    assert_eq!((changes.language.as_deref(), changes.priority), (Some("fr"), Some(json!(3))));
    assert_eq!(result.log[0].text, "found");
    let named = room.value(&loads, "named", json!({"phone": "1", "m": null})).await;
    assert_eq!(named, json!(["1", "abc", 3, {"m": null}]));
    let mut moves = asks("move", json!({}));
    assert_eq!(room.fails(&loads, moves.clone()).await, CustomErrorKind::Exception);
    moves.about.flow = AllowFlow::Yes;
    let moved = room.call(&loads, &moves).await.unwrap().changes.flow;
    assert_eq!(moved, Some(Flow::Goto("#form2".to_owned())));
}

#[tokio::test]
async fn a_process_is_alone_in_an_empty_folder_with_nothing_of_the_servers_environment() {
    let environment = vec![("SHOP_DSN".to_owned(), "secret".to_owned())];
    let (room, loads) = (room(CustomizerSettings { environment, ..CustomizerSettings::default() }), loads(CODE));
    let told = room.value(&loads, "where", json!({})).await;
    let names: Vec<&str> = told[1].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(names.contains(&"SHOP_DSN") && names.contains(&"PATH") && names.contains(&"TMPDIR"), "{names:?}");
    assert!(
        names.contains(&"CUSTOMIZER_FOLDER")
            && !names.contains(&"CUSTOMIZER_LIMITS")
            && !names.iter().any(|name| name.starts_with("CARGO")),
        "{names:?}"
    );
    assert_eq!((&told[2], &told[3]), (&json!(""), &json!(true)));
    let folder = std::path::PathBuf::from(told[0].as_str().unwrap());
    assert!(folder.is_dir() && folder.starts_with(room._data.path().join("customizers")), "{}", folder.display());
    let pid = room.value(&loads, "pid", json!({})).await;
    drop(room.customizers.clone());
    let Room { customizers, _data } = room;
    drop(customizers);
    until("the process ends with the room, and its folder with it", || async { !is_there(&pid) && !folder.exists() })
        .await;
}

#[tokio::test]
async fn what_a_method_does_wrong_is_told_by_its_kind_and_the_next_call_works() {
    let (room, loads) = (room(CustomizerSettings::default()), loads(CODE));
    let error = room.call(&loads, &asks("boom", json!({}))).await.unwrap_err();
    assert_eq!(error.to_string(), "exception: LookupError: no such table");
    for (method, kind) in [
        ("none", CustomErrorKind::BadMethod),
        ("_db", CustomErrorKind::BadMethod),
        ("named", CustomErrorKind::BadMethod),
        ("large", CustomErrorKind::BadResult),
        ("odd", CustomErrorKind::BadResult),
        ("leave", CustomErrorKind::Crash),
        ("crash", CustomErrorKind::Crash),
    ] {
        assert_eq!(room.fails(&loads, asks(method, json!({}))).await, kind, "{method}");
        assert!(room.value(&loads, "pid", json!({})).await.is_u64(), "after {method}");
    }
    assert_eq!(room.value(&loads, "flood", json!({})).await, "done");
    let standing = room.customizers.standing(&loads);
    assert_eq!((standing.crashes, standing.restarts, standing.resting), (2, 2, false));
}

#[tokio::test]
async fn an_endless_loop_ends_at_its_deadline_and_so_does_whatever_it_started() {
    let (room, loads) = (room(CustomizerSettings::default()), loads(CODE));
    let child = room.value(&loads, "child", json!({})).await;
    for method in ["spin", "stubborn"] {
        // A process is there, so that none of the time is its start.
        room.value(&loads, "pid", json!({})).await;
        let began = Instant::now();
        assert_eq!(room.fails(&loads, within(1.0, asks(method, json!({})))).await, CustomErrorKind::Timeout);
        let took = began.elapsed().as_secs_f64();
        // A loaded machine wakes the test late.
        assert!((0.95..3.0).contains(&took), "{method} took {took} s");
    }
    assert!(room.value(&loads, "pid", json!({})).await.is_u64());
    until("a child of the process ends with it", || async { !is_there(&child) }).await;
}

#[tokio::test]
async fn sixty_four_calls_at_once_are_all_done_and_more_are_refused() {
    let (room, loads) = (room(CustomizerSettings { workers: 8, ..CustomizerSettings::default() }), loads(CODE));
    let waits = asks("wait", json!({"seconds": 0.02}));
    let calls = (0..64).map(|_| room.call(&loads, &waits)).collect::<Vec<_>>();
    for outcome in all(calls).await {
        assert_eq!(outcome.map(|result| result.value), Ok(json!(0.02)));
    }
    let calls = (0..100).map(|_| room.call(&loads, &waits)).collect::<Vec<_>>();
    let refused = all(calls).await.into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert!(!refused.is_empty() && refused.iter().all(|error| error.kind == CustomErrorKind::Busy), "{refused:?}");
    assert!(room.customizers.standing(&loads).processes <= 8);
}

/// What comes of all of them, which go on at once.
async fn all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut pinned: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |context| {
        for (future, done) in &mut pinned {
            if done.is_none()
                && let std::task::Poll::Ready(outcome) = future.as_mut().poll(context)
            {
                *done = Some(outcome);
            }
        }
        if pinned.iter().any(|(_, done)| done.is_none()) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(pinned.iter_mut().filter_map(|(_, done)| done.take()).collect())
    })
    .await
}

#[tokio::test]
async fn whoever_fails_five_times_rests_and_a_call_that_waits_too_long_is_told_that_all_are_busy() {
    let (room, loads) = (room(CustomizerSettings { workers: 1, ..CustomizerSettings::default() }), loads(CODE));
    room.value(&loads, "pid", json!({})).await;
    let long = asks("wait", json!({"seconds": 1.0}));
    let short = within(0.3, asks("pid", json!({})));
    let both = vec![Box::pin(room.call(&loads, &long)), Box::pin(room.call(&loads, &short))];
    let outcomes = all(both).await;
    assert_eq!(outcomes[0].as_ref().map(|result| &result.value), Ok(&json!(1.0)));
    assert_eq!(outcomes[1].as_ref().map_err(|error| error.kind), Err(CustomErrorKind::Busy));
    for _ in 0..5 {
        assert_eq!(room.fails(&loads, asks("leave", json!({}))).await, CustomErrorKind::Crash);
    }
    assert_eq!(room.fails(&loads, asks("pid", json!({}))).await, CustomErrorKind::Busy);
    assert!(room.customizers.standing(&loads).resting);
}

#[tokio::test]
async fn a_caller_who_goes_ends_what_runs_for_it() {
    let (room, loads) = (room(CustomizerSettings { workers: 1, ..CustomizerSettings::default() }), loads(CODE));
    let pid = room.value(&loads, "pid", json!({})).await;
    let spin = asks("spin", json!({}));
    let gone = tokio::time::timeout(Duration::from_millis(200), room.customizers.call(&loads, &spin)).await;
    assert!(gone.is_err(), "it goes on");
    until("the process is killed after its grace", || async { !is_there(&pid) }).await;
    assert_ne!(room.value(&loads, "pid", json!({})).await, pid);
}

#[tokio::test]
async fn code_is_looked_at_without_being_run() {
    let room = room(CustomizerSettings::default());
    let code =
        "raise SystemExit\nclass A:\n  def a(self): pass\n  def _b(self): pass\nclass B:\n  async def c(self): pass\n";
    let found = room.customizers.inspect(ClientId(1), code.as_bytes(), None).await.unwrap();
    assert_eq!((found.classes, found.methods), (vec!["A".to_owned(), "B".to_owned()], vec!["a".to_owned()]));
    assert_eq!(room.customizers.inspect(ClientId(1), code.as_bytes(), Some("B")).await.unwrap().methods, ["c"]);
    let wrong = room.customizers.inspect(ClientId(1), b"class A:\n  def f(self)\n    pass\n", None).await.unwrap_err();
    assert!(matches!(wrong, NotLoaded::Syntax { line: 2, col: 14, .. }), "{wrong:?}");
    assert!(matches!(room.customizers.inspect(ClientId(1), b"a = '\0'", None).await, Err(NotLoaded::Syntax { .. })));
    // It compiles, and does not load.
    let fails = loads("class Shop:\n  pass\nraise ImportError('no pyodbc here')\n");
    let refused = room.customizers.probe(ClientId(1), &fails).await.unwrap_err();
    assert_eq!(refused, NotLoaded::Refused("ImportError: no pyodbc here".to_owned()));
    let error = room.call(&fails, &asks("pid", json!({}))).await.unwrap_err();
    assert_eq!(error.to_string(), "exception: it does not load: ImportError: no pyodbc here");
    assert_eq!(
        room.customizers.probe(ClientId(1), &loads("x = 1")).await.unwrap_err().to_string(),
        "there is no class Shop in the code"
    );
}

#[tokio::test]
async fn without_an_interpreter_nothing_is_active_and_nothing_breaks() {
    for python in [None, Some("/nowhere/python3".to_owned())] {
        let (room, loads) = (room(CustomizerSettings { python, ..CustomizerSettings::default() }), loads(CODE));
        for _ in 0..8 {
            assert_eq!(room.fails(&loads, asks("pid", json!({}))).await, CustomErrorKind::Inactive);
        }
        assert_eq!(room.customizers.inspect(ClientId(1), b"", None).await.unwrap_err(), NotLoaded::NoPython);
    }
}

#[tokio::test]
async fn a_test_call_has_a_process_of_its_own() {
    let (room, loads) = (room(CustomizerSettings::default()), loads(CODE));
    let first = room.customizers.invoke(ClientId(1), &loads, &asks("pid", json!({}))).await.unwrap().value;
    let second = room.customizers.invoke(ClientId(1), &loads, &asks("pid", json!({}))).await.unwrap().value;
    assert_ne!(first, second);
    until("the processes end with their answers", || async { !is_there(&first) && !is_there(&second) }).await;
    let spins = within(0.5, asks("spin", json!({})));
    assert_eq!(room.customizers.invoke(ClientId(1), &loads, &spins).await.unwrap_err().kind, CustomErrorKind::Timeout);
    assert_eq!(room.customizers.standing(&loads).calls, 0);
}

#[tokio::test]
async fn a_call_goes_on_with_the_version_that_it_began_with_beside_those_of_another() {
    let room = room(CustomizerSettings::default());
    let old = loads("import os\nclass Shop:\n  def which(self): return ['old', os.getpid()]\n");
    let new = loads("import os\nclass Shop:\n  def which(self): return ['new version', os.getpid()]\n");
    let new = Arc::new(Loads { version: 5, ..Loads::clone(&new) });
    let first = room.value(&old, "which", json!({})).await;
    let second = room.value(&new, "which", json!({})).await;
    assert_eq!((&first[0], &second[0]), (&json!("old"), &json!("new version")));
    assert_eq!(room.value(&old, "which", json!({})).await, first, "in the same process as before");
    assert_eq!(room.value(&new, "which", json!({})).await, second);
}

#[tokio::test]
async fn a_process_ends_after_a_thousand_calls_or_with_much_memory() {
    let room = room(CustomizerSettings { workers: 1, ..CustomizerSettings::default() });
    let code = "import os\nclass Shop:\n  def pid(self): return os.getpid()\n  def grow(self):\n    self.held = b'x' * (300 << 20)\n    return os.getpid()\n";
    let loads = loads(code);
    let first = room.value(&loads, "pid", json!({})).await;
    // Loading it was one, and so was the first call.
    for _ in 0..998 {
        assert_eq!(room.value(&loads, "pid", json!({})).await, first);
    }
    let second = room.value(&loads, "grow", json!({})).await;
    assert_ne!(second, first);
    let third = room.value(&loads, "pid", json!({})).await;
    assert_ne!(third, second);
    assert_eq!(room.customizers.standing(&loads).restarts, 2);
    until("both have ended", || async { !is_there(&first) && !is_there(&second) }).await;
}

/// One of several customizers.
fn another(version: u32) -> Arc<Loads> {
    Arc::new(Loads { version, ..Loads::clone(&loads(CODE)) })
}

#[tokio::test]
async fn where_no_place_is_free_the_process_ends_that_has_had_nothing_to_do_for_longest() {
    let room = room(CustomizerSettings { workers: 1, processes: 2, ..CustomizerSettings::default() });
    let first = room.value(&another(1), "pid", json!({})).await;
    let second = room.value(&another(2), "pid", json!({})).await;
    assert!(room.value(&another(3), "pid", json!({})).await.is_u64());
    until("the oldest has ended", || async { !is_there(&first) }).await;
    assert_eq!(room.value(&another(2), "pid", json!({})).await, second, "the younger one is left alone");
    // What the API asks needs none of those places.
    assert!(room.customizers.inspect(ClientId(1), b"", None).await.is_ok());
}

#[tokio::test]
async fn two_processes_of_the_api_are_one_clients_and_another_has_others() {
    let room = room(CustomizerSettings::default());
    let held = [room.customizers.turn(ClientId(1)).await, room.customizers.turn(ClientId(1)).await];
    assert!(held.iter().all(Option::is_some));
    assert!(room.customizers.inspect(ClientId(2), b"", None).await.is_ok());
    assert_eq!(room.customizers.inspect(ClientId(1), b"", None).await, Err(NotLoaded::Busy));
}

#[tokio::test]
async fn a_process_that_died_while_it_had_nothing_to_do_is_asked_nothing() {
    let (room, loads) = (room(CustomizerSettings { workers: 1, ..CustomizerSettings::default() }), loads(CODE));
    let pid = room.value(&loads, "pid", json!({})).await;
    // A child that lives on ends with it.
    let child = room.value(&loads, "child", json!({})).await;
    let raw = pid.as_i64().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(raw, rustix::process::Signal::KILL).unwrap();
    until("it has died", || async { !is_there(&pid) }).await;
    assert_ne!(room.value(&loads, "pid", json!({})).await, pid);
    until("its child ends with it", || async { !is_there(&child) }).await;
    assert_eq!(room.customizers.standing(&loads).crashes, 0);
}

#[tokio::test]
async fn that_a_process_died_is_told_at_once_though_a_child_of_it_lives_on() {
    let (room, loads) = (room(CustomizerSettings { workers: 1, ..CustomizerSettings::default() }), loads(CODE));
    let child = room.value(&loads, "child", json!({})).await;
    let began = Instant::now();
    assert_eq!(room.fails(&loads, asks("leave", json!({}))).await, CustomErrorKind::Crash);
    assert!(began.elapsed() < Duration::from_secs(10), "its time is twice that");
    until("its child ends with it", || async { !is_there(&child) }).await;
}

#[tokio::test]
async fn a_call_waits_for_a_place_that_comes_free_soon() {
    let room = room(CustomizerSettings { workers: 1, processes: 1, ..CustomizerSettings::default() });
    room.value(&another(1), "pid", json!({})).await;
    for _ in 0..2 {
        assert_eq!(room.fails(&another(1), within(0.3, asks("stubborn", json!({})))).await, CustomErrorKind::Timeout);
        assert!(room.value(&another(2), "pid", json!({})).await.is_u64());
        assert!(room.value(&another(1), "pid", json!({})).await.is_u64());
    }
}

#[tokio::test]
async fn callers_who_go_while_they_wait_give_their_places_back_at_once() {
    let (room, loads) = (room(CustomizerSettings { workers: 1, ..CustomizerSettings::default() }), loads(CODE));
    room.value(&loads, "pid", json!({})).await;
    let (long, short) = (asks("wait", json!({"seconds": 4.0})), asks("pid", json!({})));
    let go = async {
        until("it is busy", || async { room.customizers.standing(&loads).busy == 1 }).await;
        let waiting = all((0..super::pool::WAITING).map(|_| room.call(&loads, &short)).collect());
        let full = async { until("all wait", || async { room.customizers.standing(&loads).waiting == 64 }).await };
        tokio::select! { _ = waiting => panic!("a process was free"), () = full => {} }
        until("nobody waits", || async { room.customizers.standing(&loads).waiting == 0 }).await;
        assert_eq!(room.customizers.standing(&loads).busy, 1, "the long one goes on");
        assert!(room.value(&loads, "pid", json!({})).await.is_u64());
    };
    let (outcome, ()) = tokio::join!(room.call(&loads, &long), go);
    assert_eq!(outcome.map(|result| result.value), Ok(json!(4.0)));
}

#[tokio::test]
async fn a_process_with_much_memory_ends_also_when_its_caller_has_gone() {
    let room = room(CustomizerSettings { workers: 1, ..CustomizerSettings::default() });
    let code = "import os, time\nclass Shop:\n  def pid(self): return os.getpid()\n  def grow(self):\n    self.held = b'x' * (300 << 20)\n    time.sleep(0.5)\n";
    let loads = loads(code);
    let pid = room.value(&loads, "pid", json!({})).await;
    let grow = asks("grow", json!({}));
    let gone = tokio::time::timeout(Duration::from_millis(200), room.customizers.call(&loads, &grow)).await;
    assert!(gone.is_err(), "it goes on");
    until("the process ends", || async { !is_there(&pid) }).await;
}

#[tokio::test]
async fn a_member_of_an_enumeration_is_the_text_that_it_is() {
    let room = room(CustomizerSettings::default());
    let code = "import enum\nclass Color(str, enum.Enum):\n  RED = 'red'\nclass Shop:\n  def color(self): return {Color.RED: [Color.RED]}\n";
    assert_eq!(room.value(&loads(code), "color", json!({})).await, json!({"red": ["red"]}));
}

#[tokio::test]
async fn that_no_process_can_be_started_is_no_fault_of_the_code() {
    let folder = tempfile::tempdir().unwrap();
    // A folder is nothing that can be run.
    let python = Some(folder.path().to_string_lossy().into_owned());
    let room = room(CustomizerSettings { python, ..CustomizerSettings::default() });
    assert_eq!(room.customizers.inspect(ClientId(1), b"", None).await, Err(NotLoaded::NotStarted));
    assert_eq!(room.customizers.probe(ClientId(1), &loads(CODE)).await, Err(NotLoaded::NotStarted));
}

#[tokio::test]
async fn whoever_is_told_something_else_is_another_process_and_calls_keep_what_they_began_with() {
    let room = room(CustomizerSettings::default());
    let code = "import os\nclass Shop:\n  def __init__(self, ivr): self.config = ivr['config']\n  def told(self): return [self.config, os.getpid()]\n";
    let old = loads(code);
    let values = json!({"dsn": "x", "days": [1]});
    let config = old.config.changed(values.as_object().cloned().unwrap(), 1).unwrap();
    let new = Arc::new(Loads { config: Arc::new(config), ..Loads::clone(&old) });
    let first = room.value(&old, "told", json!({})).await;
    let second = room.value(&new, "told", json!({})).await;
    assert_eq!((&first[0], &second[0]), (&json!({}), &values));
    assert_eq!(room.value(&old, "told", json!({})).await, first);
    assert_eq!(room.value(&new, "told", json!({})).await, second);
    assert!(!format!("{new:?}").contains("dsn"));
}

#[tokio::test]
async fn what_a_method_raises_has_nothing_of_what_the_extension_keeps_secret() {
    let room = room(CustomizerSettings::default());
    let old = loads(
        "class Shop:\n  def __init__(self, ivr): self.config = ivr['config']\n  def lost(self): raise ValueError('no way to ' + self.config['dsn'])\n",
    );
    let values = json!({"dsn": "https://u:geheim@db"});
    let config = old.config.changed(values.as_object().cloned().unwrap(), 1).unwrap();
    let new = Arc::new(Loads { config: Arc::new(config), ..Loads::clone(&old) });
    let error = room.call(&new, &asks("lost", json!({}))).await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (CustomErrorKind::Exception, "ValueError: no way to ***"));
}

#[tokio::test]
async fn a_process_that_has_nothing_to_do_for_ten_minutes_ends_and_another_begins_with_the_next_call() {
    let (room, loads) = (room(CustomizerSettings::default()), loads(CODE));
    let pid = room.value(&loads, "pid", json!({})).await;
    // Whatever the machine has to do is done while the clock runs; while it is told, nothing waits for the machine.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(590)).await;
    settle().await;
    assert!(is_there(&pid) && room.customizers.standing(&loads).processes == 1, "it has ten minutes");
    tokio::time::advance(Duration::from_secs(20)).await;
    settle().await;
    assert_eq!(room.customizers.standing(&loads).processes, 0);
    tokio::time::resume();
    until("the process ends", || async { !is_there(&pid) }).await;
    assert_ne!(room.value(&loads, "pid", json!({})).await, pid);
}

#[tokio::test]
async fn a_customizer_without_processes_is_forgotten_after_as_long_again() {
    let (room, loads) = (room(CustomizerSettings::default()), loads(CODE));
    let pid = room.value(&loads, "pid", json!({})).await;
    for _ in 0..3 {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(601)).await;
        settle().await;
        tokio::time::resume();
        until("the process ends", || async { !is_there(&pid) }).await;
    }
    until("nothing is left of it", || async { room.customizers.0.pools().is_empty() }).await;
    assert!(room.value(&loads, "pid", json!({})).await.is_u64(), "and a call finds it anew");
}

#[tokio::test]
async fn a_process_that_is_kept_is_there_before_the_first_of_many_calls_and_after_any_time() {
    let room = room(CustomizerSettings { workers: 1, ..CustomizerSettings::default() });
    let slow = loads(&format!("import time\ntime.sleep(3)\n{CODE}"));
    room.customizers.keep([slow.clone()].into_iter());
    let is_idle = || async {
        let pools = room.customizers.0.pools();
        pools.get(&slow.key()).is_some_and(|pool| pool.spare.oldest().is_some())
    };
    until("it has loaded", is_idle).await;
    // Less than it takes to load.
    let asks = within(2.5, asks("pid", json!({})));
    let calls = (0..60).map(|_| room.call(&slow, &asks)).collect::<Vec<_>>();
    let outcomes = all(calls).await;
    let pids = outcomes.into_iter().map(|outcome| outcome.expect("no call waits for Python to begin").value);
    let pids: Vec<Value> = pids.collect();
    assert!(pids.iter().all(|pid| *pid == pids[0]));
    let after = async |minutes: u64| {
        until("it has nothing to do", || async { room.customizers.standing(&slow).busy == 0 }).await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(60 * minutes + 1)).await;
        settle().await;
        tokio::time::resume();
        room.customizers.standing(&slow).processes
    };
    assert_eq!((after(10).await, after(30).await), (1, 1));
    assert!(is_there(&pids[0]));
    room.customizers.keep(std::iter::empty());
    assert_eq!(after(10).await, 0, "it is not kept any more");
    until("it ends", || async { !is_there(&pids[0]) }).await;
}

#[tokio::test]
async fn no_more_processes_begin_ahead_than_half_of_all_and_none_without_an_interpreter() {
    let few = room(CustomizerSettings { processes: 3, ..CustomizerSettings::default() });
    few.customizers.keep((1..=5).map(another));
    let standing = |room: &Room, version| room.customizers.standing(&another(version)).processes;
    until("two have begun", || async { standing(&few, 1) == 1 && standing(&few, 2) == 1 }).await;
    assert_eq!((3..=5).map(|version| standing(&few, version)).sum::<usize>(), 0);
    let none = room(CustomizerSettings { python: None, ..CustomizerSettings::default() });
    none.customizers.keep([another(1)].into_iter());
    assert!(none.customizers.0.pools().is_empty());
}

/// Lets every task do what it can at this moment of a told clock.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// What is logged from now on, in this test.
fn logged() -> (tracing::subscriber::DefaultGuard, Arc<std::sync::Mutex<Vec<u8>>>) {
    struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Arc::new(std::sync::Mutex::default());
    let written = lines.clone();
    let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || Lines(written.clone()));
    (tracing::subscriber::set_default(tracing_subscriber::registry().with(layer)), lines)
}

#[tokio::test]
async fn the_log_says_why_a_customizer_rests_and_where_in_the_code_it_was() {
    let (_logging, lines) = logged();
    let log = || String::from_utf8_lossy(&lines.lock().unwrap()).into_owned();
    let room = room(CustomizerSettings { workers: 1, ..CustomizerSettings::default() });
    let code = "import ctypes\nclass Shop:\n  def one(self): return 1\n  def spin(self, params):\n    pin = params['pin']\n    while True: pass\n  def crash(self): ctypes.string_at(0)\n";
    let loads = loads(code);
    for _ in 0..5 {
        // A process is there, so that none of the time is its start.
        room.value(&loads, "one", json!({})).await;
        let spins = within(0.3, asks("spin", json!({"pin": "geheim"})));
        assert_eq!(room.fails(&loads, spins).await, CustomErrorKind::Timeout);
    }
    until("it rests", || async { room.customizers.standing(&loads).resting }).await;
    until("the place is in the log", || async { log().contains("line 6 in spin") }).await;
    let said = log();
    assert!(said.contains("a customizer took too long extension=7 version=4 method=\"spin\""), "{said}");
    let rests = said.lines().find(|line| line.contains("it is not asked for a while")).unwrap();
    assert!(rests.contains("extension=7 version=4 why=\"its time ran out\""), "{rests}");
    assert!(!said.contains("geheim"), "no values");
}

#[tokio::test]
async fn the_log_says_where_a_process_died() {
    let (_logging, lines) = logged();
    let (room, loads) = (room(CustomizerSettings::default()), loads(CODE));
    assert_eq!(room.fails(&loads, asks("crash", json!({}))).await, CustomErrorKind::Crash);
    let log = || String::from_utf8_lossy(&lines.lock().unwrap()).into_owned();
    until("the place is in the log", || async { log().contains("in crash") }).await;
    assert!(log().contains("the process of a customizer died extension=7 version=4 method=\"crash\""), "{}", log());
}

/// Starts a process that has left the group of its parent, and tells its number.
const DAEMON: &str = r#"
import os, subprocess, time

class Shop:
    def daemon(self):
        command = ["sh", "-c", "trap '' TERM HUP; echo $$ > pid; sleep 600 & wait"]
        subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (os.path.exists("pid") and open("pid").read().strip()):
            time.sleep(0.01)
        return int(open("pid").read())

    def leave(self):
        os._exit(1)
"#;

#[tokio::test]
async fn what_a_process_has_started_ends_with_it_also_where_it_has_left_its_group() {
    let (room, loads) = (room(CustomizerSettings { workers: 1, ..CustomizerSettings::default() }), loads(DAEMON));
    let daemon = room.value(&loads, "daemon", json!({})).await;
    assert!(is_there(&daemon));
    assert_eq!(room.fails(&loads, asks("leave", json!({}))).await, CustomErrorKind::Crash);
    until("the daemon ends", || async { !is_there(&daemon) }).await;
    // And what is left of an earlier run ends with the next start.
    let daemon = room.value(&loads, "daemon", json!({})).await;
    drop(Customizers::open(&CustomizerSettings::default(), room._data.path()));
    until("the daemon ends", || async { !is_there(&daemon) }).await;
}

#[tokio::test]
async fn where_memory_runs_out_the_kernel_takes_a_customizer_first() {
    let (room, code) = (
        room(CustomizerSettings::default()),
        "class Shop:\n  def score(self): return int(open('/proc/self/oom_score_adj').read())\n",
    );
    assert_eq!(room.value(&loads(code), "score", json!({})).await, 1000);
}

#[tokio::test]
async fn an_answer_that_the_code_makes_itself_is_bounded_and_what_is_none_ends_the_process() {
    let (room, loads) = (room(CustomizerSettings { workers: 1, ..CustomizerSettings::default() }), loads(FORGED));
    let forged = room.call(&loads, &asks("forge", json!({"lines": 5000, "result": 1}))).await.unwrap();
    assert_eq!((forged.value, forged.log.len()), (json!(1), 100));
    // The answer of the worker itself comes later, and is nobody's: it ends the process, and the call that it comes to instead fails.
    assert_eq!(room.fails(&loads, asks("one", json!({}))).await, CustomErrorKind::Crash);
    assert!(room.value(&loads, "one", json!({})).await.is_u64());
    let large = asks("forge", json!({"lines": 0, "result": "x".repeat(1_100_000)}));
    assert_eq!(room.fails(&loads, large).await, CustomErrorKind::BadResult);
    for method in ["shut", "noise", "endless"] {
        let kind = room.fails(&loads, within(2.0, asks(method, json!({})))).await;
        assert!(matches!(kind, CustomErrorKind::Crash | CustomErrorKind::Timeout), "{method}: {kind:?}");
        assert!(room.value(&loads, "one", json!({})).await.is_u64(), "after {method}");
    }
}

/// Writes to the socket itself.
const FORGED: &str = r#"
import json, os, socket, struct, time

def send(data):
    with socket.socket(fileno=os.dup(3)) as sock:
        sock.sendall(data)

class Shop:
    asked = 1

    def one(self):
        Shop.asked += 1
        return 1

    def forge(self, params):
        answer = {"id": Shop.asked + 1, "ok": True, "result": params["result"], "log": [["info", "x" * 500]] * params["lines"]}
        data = json.dumps(answer).encode()
        send(struct.pack(">I", len(data)) + data)
        time.sleep(0.5)

    def shut(self):
        socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)

    def noise(self):
        send(b"\xff" * 4096)

    def endless(self):
        send(struct.pack(">I", 4 << 20) + b" ")
        time.sleep(600)
"#;

#[tokio::test]
async fn a_class_is_made_as_it_wants_whatever_its_metaclass_takes() {
    let room = room(CustomizerSettings::default());
    let classes = [
        (
            "class M(type):\n  def __call__(cls, *a, **k): return super().__call__(*a, **k)\nclass Shop(metaclass=M):\n  made = 'plain'",
            "plain",
        ),
        (
            "class M(type):\n  def __call__(cls, *a, **k): return super().__call__(*a, **k)\nclass Shop(metaclass=M):\n  def __init__(self, ivr): self.made = ivr['name']",
            "000*081",
        ),
        ("import dataclasses\n@dataclasses.dataclass\nclass Shop:\n  made: str = 'usual'\n  more: int = 1", "usual"),
        ("class Shop:\n  def __init__(self, about): self.made = about['name']", "000*081"),
        ("class Shop:\n  def __init__(self, *about): self.made = about[0]['name']", "000*081"),
        (
            "class Shop:\n  def __new__(cls, ivr):\n    self = object.__new__(cls)\n    self.made = ivr['name']\n    return self",
            "000*081",
        ),
    ];
    for (number, (code, made)) in (1..).zip(classes) {
        let code = format!("{code}\n  def which(self): return self.made\n");
        let loads = Arc::new(Loads { version: number, ..Loads::clone(&loads(&code)) });
        assert_eq!(room.value(&loads, "which", json!({})).await, made, "{code}");
    }
}

#[tokio::test]
async fn a_handler_of_the_customizers_own_is_asked_to_end() {
    let (_logging, lines) = logged();
    let code = "import os, signal\nclass Shop:\n  def __init__(self): signal.signal(signal.SIGTERM, self._end)\n  def _end(self, *_):\n    print('the connection is closed')\n    os._exit(0)\n  def one(self): return 1\n";
    let room = room(CustomizerSettings::default());
    let loads = loads(code);
    assert_eq!(room.customizers.invoke(ClientId(1), &loads, &asks("one", json!({}))).await.unwrap().value, 1);
    let log = || String::from_utf8_lossy(&lines.lock().unwrap()).into_owned();
    until("it has closed its connection", || async { log().contains("the connection is closed") }).await;
    assert!(!log().contains("in read_exactly"), "{}", log());
}
