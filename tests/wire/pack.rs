//! The pack of SIPp scenarios: each row of [`INWARD`] and [`OUTWARD`] is played over each transport against one server.
//!
//! Shape: a new scenario is a file in `tests/sipp`, a line of its README and a row of the table; a new transport is a line of
//! [`WAYS`]. SIPp of Debian has no TLS: over a tunnel it says that it has.
//! Time: real; every scenario ends within twenty seconds, most of them sooner, and several are played at once.
//! Errors: the test plays all and then names those that failed, with the messages that passed.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::authority::Authority;
use crate::exchange::{Exchange, trunk};
use crate::process::{Running, alone, antiphon, root};
use crate::scenarios::{
    INWARD, Leads, NOBODY, NOWHERE, OUTSIDE, OUTWARD, OVER_DATAGRAMS, OVER_IPV6, Outward, SEES_REPETITIONS, TWICE,
};
use crate::server::Server;
use crate::tls;
use crate::tunnel::Tunnels;

/// How long a scenario may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Plays at once: they wait more than they work.
const AT_ONCE: usize = 8;
/// The scenarios assert these intervals.
const TIMERS: &str = "session_expires = 600\nmin_se = 120\nfailover_after = 2\n";

/// A way to the server: its name, SIPp's word for it, how its listeners begin in the ready line, and our own address.
#[derive(Debug)]
struct Way {
    name: &'static str,
    word: &'static str,
    listener: &'static str,
    host: &'static str,
}

const TLS: &str = "tls";

/// The ways that every scenario takes.
const WAYS: &[Way] = &[
    Way { name: "udp", word: "u1", listener: "udp:127.0.0.1", host: "127.0.0.1" },
    Way { name: "tcp", word: "t1", listener: "tcp:127.0.0.1", host: "127.0.0.1" },
    Way { name: TLS, word: "t1", listener: "tls:127.0.0.1", host: "127.0.0.1" },
];

const IPV6: Way = Way { name: "udp6", word: "u1", listener: "udp:[::1]", host: "::1" };

/// One SIPp.
struct Party {
    scenario: &'static str,
    port: u16,
    /// The port that it says it has: that of its tunnel where there is one.
    shown: u16,
    /// What it is known as where it is a trunk.
    user: String,
}

/// One scenario over one way: a caller, and whom its call leads to.
struct Play {
    caller: Option<Party>,
    number: String,
    leads: Leads,
    /// More lines of the settings of its trunks.
    keys: &'static str,
    callees: Vec<Party>,
    way: &'static Way,
}

impl Play {
    fn name(&self) -> String {
        let parties = self.caller.iter().chain(&self.callees);
        parties.map(|party| party.scenario).chain([self.way.name]).collect::<Vec<_>>().join("-")
    }

    /// Where a callee says that it is.
    fn contact(&self, callee: &Party) -> String {
        format!("sip:127.0.0.1:{};transport={}", callee.shown, self.way.name)
    }

    /// The trunks that it needs.
    fn trunks(&self) -> String {
        let needed = self.callees.iter().filter(|_| matches!(self.leads, Leads::Trunks | Leads::Kept));
        needed.map(|callee| trunk(&callee.user, &self.contact(callee), &self.number, self.keys)).collect()
    }

    /// Makes the numbers that it needs.
    fn make_numbers(&self, exchange: &Exchange<'_>) {
        let number = &self.number;
        let reach = |number: &str, callee: &Party| {
            exchange.phone(number, &self.contact(callee).replace("sip:", &format!("sip:{number}@")));
        };
        match (self.leads, self.callees.as_slice()) {
            (Leads::Phone, [callee]) => reach(number, callee),
            (Leads::Phone | Leads::Kept, _) => {}
            (Leads::Transfer, callees) => {
                let others = (1..callees.len()).map(|place| format!("{number}{place}"));
                std::iter::once(number.clone())
                    .chain(others)
                    .zip(callees)
                    .for_each(|(number, callee)| reach(&number, callee));
            }
            (Leads::Refer, callees) => {
                let target = format!("{number}1");
                callees.iter().for_each(|callee| reach(&target, callee));
                exchange.referring_menu(number, &target);
            }
            (Leads::Trunks, _) => exchange.menu(number, &format!("+{number}")),
            (Leads::Fork, callees) => {
                let each: Vec<_> = (1..=callees.len()).map(|place| format!("{number}{place}")).collect();
                each.iter().zip(callees).for_each(|(number, callee)| reach(number, callee));
                exchange.menu(number, &each.join(" "));
            }
        }
    }

    /// Plays it; what went wrong, with the messages that passed.
    fn play(&self, stage: &Stage<'_>) -> Result<(), String> {
        let mut callees = self.start_callees(stage.folder);
        if let Some(caller) = &self.caller {
            let to = if self.way.name == TLS { stage.to_server } else { stage.server.ready.at(self.way.listener) };
            callees.push((caller.scenario, self.start(stage.folder, caller, to)));
        }
        self.end(callees, stage.folder)
    }

    /// Starts those who are called, and waits until they listen.
    fn start_callees(&self, folder: &Path) -> Vec<(&'static str, Running)> {
        let callees = self.callees.iter().filter(|callee| callee.scenario != NOWHERE);
        // They only answer, and so go nowhere.
        let start =
            |callee: &Party| (callee.scenario, self.start(folder, callee, SocketAddr::from(([127, 0, 0, 1], 9))));
        let started = callees.clone().map(start).collect();
        callees.for_each(|callee| wait_until_it_listens(callee.port));
        started
    }

    /// Waits for the end of all parties.
    fn end(&self, parties: Vec<(&'static str, Running)>, folder: &Path) -> Result<(), String> {
        let ends = parties.into_iter().map(|(scenario, mut party)| (scenario, party.ends_within(PATIENCE * 2)));
        let failed: Vec<_> = ends.filter(|(_, status)| !status.success()).collect();
        let name = self.name();
        if failed.is_empty() { Ok(()) } else { Err(format!("{name}: {failed:?}\n{}", words(&folder.join(&name)))) }
    }

    fn start(&self, folder: &Path, party: &Party, to: SocketAddr) -> Running {
        let folder = folder.join(self.name()).join(format!("{}-{}", party.scenario, party.port));
        std::fs::create_dir_all(&folder).expect("the folder takes a folder");
        let screen = File::create(folder.join("screen")).expect("the folder takes a file");
        let mut file = root().join("tests/sipp").join(format!("{}.xml", party.scenario));
        if self.way.name == TLS {
            let text = std::fs::read_to_string(&file).expect("the scenario is a file");
            let text = text.replace("[transport]", "TLS").replace("[local_port]", &party.shown.to_string());
            file = folder.join("scenario.xml");
            std::fs::write(&file, text).expect("the folder takes a file");
        }
        let mut command = Command::new("sipp");
        command.arg("-sf").arg(file).current_dir(&folder).args(["-t", self.way.word, "-s", &self.number]);
        command.args(["-i", self.way.host, "-nostdin", "-trace_err", "-trace_msg", "-timeout_error"]);
        command.args([
            "-timeout",
            &format!("{}s", PATIENCE.as_secs()),
            "-key",
            "fold",
            " ",
            "-key",
            "user",
            &party.user,
        ]);
        command.args(["-p", &party.port.to_string()]);
        command.args(["-m", if TWICE.contains(&party.scenario) { "2" } else { "1" }]);
        if SEES_REPETITIONS.contains(&party.scenario) {
            command.arg("-nr");
        }
        Running::start(command.arg(to.to_string()).stdout(screen).stderr(Stdio::null()))
    }
}

/// Where plays take place.
struct Stage<'a> {
    folder: &'a Path,
    server: &'a Server,
    /// Where TCP goes on as TLS to the server.
    to_server: SocketAddr,
}

/// Waits until something listens at a port of loopback, as the kernel's tables say: to knock would disturb.
fn wait_until_it_listens(port: u16) {
    let until = Instant::now() + PATIENCE;
    let local = format!(" 0100007F:{port:04X} 00000000:0000 ");
    let listens = |table: &&str| std::fs::read_to_string(table).is_ok_and(|table| table.contains(&local));
    while !["/proc/net/udp", "/proc/net/tcp"].iter().any(listens) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Ports of loopback that nobody uses now, each once: SIPp's own search for one is no match for several at once.
fn free_ports() -> impl Iterator<Item = u16> {
    let first = 20_000 + std::process::id() as u16 % 200 * 50;
    (first..32_700)
        .filter(|port| UdpSocket::bind(("127.0.0.1", *port)).is_ok() && TcpListener::bind(("127.0.0.1", *port)).is_ok())
}

/// What SIPp wrote of messages and errors.
fn words(folder: &Path) -> String {
    let inner = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|folder| folder.path());
    let files = inner.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    let logs = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|kind| kind == "log"));
    let text = |path: &Path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    logs.map(|path| format!("== {}\n{}", path.display(), text(&path))).collect()
}

/// Every row over every way that it is for.
fn plays(tunnels: &Tunnels, has_ipv6: bool) -> Vec<Play> {
    let mut ports = free_ports();
    let mut party = |scenario: &'static str, user: String| {
        let port = ports.next().expect("there are free ports");
        Party { scenario, port, shown: port, user }
    };
    let fits = |way: &Way, scenario: &str| way.word.starts_with('u') || !OVER_DATAGRAMS.contains(&scenario);
    let inward =
        WAYS.iter().flat_map(|way| INWARD.iter().filter(move |row| fits(way, row.0)).map(move |row| (row, way)));
    let over_ipv6 = INWARD.iter().filter(|row| has_ipv6 && OVER_IPV6.contains(&row.0)).map(|row| (row, &IPV6));
    let mut plays = Vec::new();
    for (&(scenario, number), way) in inward.chain(over_ipv6) {
        let (caller, number) = (party(scenario, String::new()), number.to_owned());
        plays.push(Play { caller: Some(caller), number, leads: Leads::Phone, keys: "", callees: Vec::new(), way });
    }
    for (way, row) in WAYS.iter().flat_map(|way| OUTWARD.iter().map(move |row| (way, row))) {
        let number = (3_000 + plays.len()).to_string();
        let &Outward { caller, leads, callees, keys } = row;
        let mut callees: Vec<_> =
            (0..).zip(callees).map(|(place, it)| party(it, format!("trunk-{number}-{place}"))).collect();
        if way.name == TLS {
            callees.iter_mut().for_each(|callee| callee.shown = tunnels.to_phone(callee.port));
        }
        let caller = (leads != Leads::Kept).then(|| party(caller, String::new()));
        plays.push(Play { caller, number, leads, keys, callees, way });
    }
    plays
}

#[test]
fn every_scenario_of_the_pack_passes_over_every_transport() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let has_ipv6 = UdpSocket::bind(("::1", 0)).is_ok();
    let authority = Authority::new();
    authority.issue(folder.path());
    let tunnels = Tunnels::new(&authority);
    let plays = plays(&tunnels, has_ipv6);
    let ca = folder.path().join("ca.pem").display().to_string();
    let outside = trunk("outside", "sip:127.0.0.1:9", OUTSIDE, "");
    let trunks: String = plays.iter().map(Play::trunks).chain([outside]).collect();
    let settings = format!("{}tls_ca = \"{ca}\"\n{TIMERS}{trunks}", tls::settings(folder.path()));
    let listeners = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0", "udp:[::1]:0"];
    antiphon();
    // A trunk is spoken to from the first moment.
    let (kept, plays): (Vec<_>, Vec<_>) = plays.into_iter().partition(|play| play.leads == Leads::Kept);
    let kept: Vec<_> = kept.iter().map(|play| (play, play.start_callees(folder.path()))).collect();
    let server = Server::start_on(folder.path(), &settings, &listeners[..if has_ipv6 { 4 } else { 3 }]);
    let exchange = Exchange::new(&server);
    // At this port nobody says anything.
    let silence = UdpSocket::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let at = silence.local_addr().expect("a bound socket has an address");
    exchange.phone(NOBODY, &format!("sip:{NOBODY}@{at}"));
    plays.iter().for_each(|play| play.make_numbers(&exchange));
    let to_server = tunnels.to_server(server.ready.at("tls:127.0.0.1"));
    let stage = Stage { folder: folder.path(), server: &server, to_server };
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(play) = plays.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(words) = play.play(&stage) {
                failed.lock().expect("nobody panics with it").push(words);
            }
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let mut failed = failed.into_inner().expect("nobody panics with it");
    failed.extend(kept.into_iter().filter_map(|(play, parties)| play.end(parties, folder.path()).err()));
    assert!(failed.is_empty(), "{} of {} failed\n{}\n{}", failed.len(), plays.len(), failed.join("\n"), server.log());
}

#[test]
fn every_scenario_is_played_and_stands_in_the_readme_with_its_source() {
    let folder = root().join("tests/sipp");
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("the scenarios have a README");
    let listed: Vec<_> = readme.lines().filter(|line| line.starts_with("| `")).collect();
    let outward = OUTWARD.iter().flat_map(|row| row.callees.iter().copied().chain([row.caller]));
    let played: Vec<_> = INWARD.iter().map(|row| row.0).chain(outward).collect();
    let sources = std::fs::read_dir(root().join("tests/wire")).expect("a folder").flatten();
    let elsewhere: String = sources.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect();
    let files = std::fs::read_dir(&folder).expect("a folder").flatten().map(|file| file.path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "xml")).collect();
    for file in &files {
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name");
        let rows = listed.iter().filter(|row| row.starts_with(&format!("| `{name}` | ")) && row.contains("| RFC "));
        assert_eq!(rows.count(), 1, "{name} stands in the README once");
        assert!(played.contains(&name) || elsewhere.contains(&format!("\"{name}.xml\"")), "{name} is not played");
    }
    assert_eq!(listed.len(), files.len(), "the README names files that are not there");
}
