//! linphone, driven over the standard input of `linphonec`.
//!
//! Shape: one process, its configuration and all that it writes in a folder of the scene. With `soundcard use files` it needs no device.
//! Sources: `docs/interop.md`.

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};

use crate::phone::{Account, Keys, Registration, Sound, Telephone};
use crate::process::Running;
use crate::said::Said;
use crate::scene::{PATIENCE, Role, Scene, wait_for};
use crate::tones::{self, Recording};

/// How long its voice lasts; longer than any scenario.
const SECONDS: usize = 120;

/// A running linphonec.
pub(crate) struct Linphone {
    account: Account,
    folder: PathBuf,
    said: Said,
    orders: ChildStdin,
    /// Transfers that have failed so far.
    failed: usize,
    _process: Running,
}

impl Linphone {
    /// Starts one at this place, and waits until it has registered.
    #[track_caller]
    pub(crate) fn start(scene: &Scene, role: Role, account: Account) -> Self {
        let folder = scene.folder(&format!("linphone-{}", account.number));
        tones::write(&folder.join("voice.wav"), account.voice, SECONDS);
        let file = folder.join("linphonerc");
        let at = (scene.address(role), scene.media_ports(role));
        std::fs::write(&file, configuration(&folder, at, &account)).expect("the folder takes a file");
        for place in ["home/.local/share/linphone", "config", "run"] {
            std::fs::create_dir_all(folder.join(place)).expect("the folder takes a folder");
        }
        let mut command = Command::new("linphonec");
        command.arg("-c").arg(&file).args(["-d", "6", "-l"]).arg(folder.join("linphone.log"));
        command.env("HOME", folder.join("home")).env("XDG_CONFIG_HOME", folder.join("config"));
        command.env("XDG_RUNTIME_DIR", folder.join("run")).env("PULSE_RUNTIME_PATH", folder.join("run"));
        command.env_remove("XDG_DATA_HOME").env("LC_ALL", "C").current_dir(&folder);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Running::spawn(command.stdin(Stdio::piped()));
        let output = process.0.stdout.take().expect("standard output is a pipe");
        let orders = process.0.stdin.take().expect("standard input is a pipe");
        let said = Said::listen("linphone", output, &folder.join("screen.log"));
        let mut phone = Self { account, folder, said, orders, failed: 0, _process: process };
        phone.said.wait_for("linphonec> ");
        phone.order("soundcard use files");
        phone.order(&format!("play {}/voice.wav", phone.folder.display()));
        phone.order(&format!("record {}/ear.wav", phone.folder.display()));
        if phone.account.registration == Registration::Wanted {
            wait_for("linphone registers", PATIENCE, || {
                phone.order("status register");
                wait_for("linphone answers", PATIENCE, || phone.registered())
            });
        }
        phone
    }

    /// What it says of its registration, when it says anything: whether it holds.
    #[expect(clippy::option_option, reason = "it may say yes, no, or nothing yet")]
    fn registered(&mut self) -> Option<Option<()>> {
        if self.said.has_said("registered, identity=") {
            return Some(Some(()));
        }
        self.said.has_said("registered=").then_some(None)
    }

    /// All that its calls have let it hear.
    fn ear(&self) -> Recording {
        Recording(self.folder.join("ear.wav"))
    }

    /// A number of its server.
    fn target(&self, number: &str) -> String {
        let Account { server, transport, .. } = &self.account;
        format!("sip:{number}@{server};transport={}", transport.name())
    }

    /// Joins the other sides of its last two calls, and leaves both.
    pub(crate) fn join_calls(&mut self) {
        let call = self.last_call();
        self.order(&format!("transfer {} --to-call {call}", call - 1));
    }

    /// The number of its newest call.
    fn last_call(&self) -> u32 {
        let screen = std::fs::read_to_string(self.folder.join("screen.log")).unwrap_or_default();
        let number =
            screen.rsplit_once("assigned id ").map(|(_, rest)| rest.split(|next: char| !next.is_ascii_digit()));
        number.and_then(|mut words| words.next()?.parse().ok()).expect("linphone numbers its calls")
    }

    fn order(&mut self, words: &str) {
        let sent = writeln!(self.orders, "{words}").and_then(|()| self.orders.flush());
        sent.expect("linphonec takes commands");
    }
}

impl Telephone for Linphone {
    fn dial(&mut self, number: &str) {
        let target = self.target(number);
        self.order(&format!("call {target}"));
    }

    fn is_answered(&mut self) {
        self.said.wait_for("Media streams established");
    }

    fn is_called_by(&mut self, number: &str) {
        self.said.wait_for("Receiving new incoming call");
        self.said.wait_for(&format!("{number}@"));
    }

    fn pick_up(&mut self) {
        self.order("answer");
        self.said.wait_for("Media streams established");
    }

    fn press(&mut self, key: char) {
        self.order(&key.to_string());
    }

    fn hold(&mut self) {
        self.order("pause");
        self.said.wait_for("is now paused");
    }

    fn resume(&mut self) {
        self.order("resume");
        self.said.wait_for("Media streams established");
    }

    fn transfer(&mut self, number: &str) {
        let (call, target) = (self.last_call(), self.target(number));
        self.order(&format!("transfer {call} {target}"));
    }

    fn transfer_fails(&mut self) {
        // linphonec itself does not say it.
        self.failed += 1;
        let log = self.folder.join("linphone.log");
        let failed = |line: &&str| line.contains("Transfer state") && line.ends_with("to [LinphoneCallError]");
        wait_for("a transfer of linphone fails", PATIENCE, || {
            let log = std::fs::read(&log).ok()?;
            (String::from_utf8_lossy(&log).lines().filter(failed).count() == self.failed).then_some(())
        });
    }

    fn hang_up(&mut self) {
        self.order("terminate");
        self.said.wait_for(" ended (");
    }

    fn is_left(&mut self) {
        self.said.wait_for(" ended (");
    }

    fn hears(&mut self, hz: u32) {
        self.ear().hears(hz);
    }

    fn hears_something(&mut self) {
        self.ear().hears_something();
    }

    fn hears_nothing(&mut self) {
        self.ear().hears_nothing();
    }
}

fn configuration(folder: &Path, (at, (first, last)): (IpAddr, (u16, u16)), account: &Account) -> String {
    let Account { number, server, transport, registration, proxy, keys, password, sound, .. } = account;
    let sound = match sound {
        Sound::Plain => "",
        Sound::Srtp => "media_encryption=srtp\nmedia_encryption_mandatory=1\n",
        Sound::SrtpIfTaken => "media_encryption=srtp\nmedia_encryption_mandatory=0\n",
    };
    let (transport, folder) = (transport.name(), folder.display());
    let (info, events) = (u8::from(*keys == Keys::Info), u8::from(*keys == Keys::Events));
    let registers = u8::from(*registration == Registration::Wanted);
    // It registers with the one, and begins the route of its calls with the other.
    let registrar = proxy.unwrap_or(*server);
    let route = proxy.map(|proxy| format!("reg_route=<sip:{proxy};transport={transport};lr>\n")).unwrap_or_default();
    format!(
        "[sip]\nsip_port=5060\nsip_tcp_port=5060\nsip_tls_port=0\nbind_address={at}\nuse_ipv6=0\nguess_hostname=0\n\
         use_info={info}\nuse_rfc2833={events}\ninc_timeout=120\nregister_only_when_network_is_up=0\n\
         default_proxy=0\n{sound}\n\
         [rtp]\naudio_rtp_port={first}-{last}\n\n\
         [proxy_0]\nreg_proxy=<sip:{registrar};transport={transport}>\n{route}reg_identity=<sip:{number}@{server}>\n\
         reg_expires=600\nreg_sendregister={registers}\npublish=0\n\n\
         [auth_info_0]\nusername={number}\npasswd={password}\nrealm=antiphon\n\n\
         [storage]\nuri={folder}/linphone.db\n"
    )
}
