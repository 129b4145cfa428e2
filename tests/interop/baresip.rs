//! baresip, driven over its control socket.
//!
//! Shape: one process, its configuration in a folder of the scene. The module `ctrl_tcp` takes commands and tells events as JSON in
//! netstrings (`length:json,`); `aufile` is its voice, `sndfile` writes down what is decoded, `aubridge` is an ear without a device.
//! Sources: `docs/interop.md`.

use std::fs::File;
use std::io::Write;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use antiphon_media::codec::{Band, Codec};
use serde_json::json;

use crate::phone::{Account, Keys, Registration, Sound, Telephone};
use crate::process::Running;
use crate::said::Said;
use crate::scene::{PATIENCE, Role, Scene, wait_for};
use crate::tones::{self, Recording};

/// How long its voice lasts; longer than any scenario.
const SECONDS: usize = 120;
/// Where its modules lie, by the architecture of the machine or not.
const MODULES: [&str; 2] = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];

/// A running baresip.
pub(crate) struct Baresip {
    account: Account,
    folder: PathBuf,
    control: TcpStream,
    said: Said,
    /// Whether it no longer writes down what it hears: version 1.0 forgets that at the first hold of a call.
    deaf: bool,
    /// Bridges of sound so far.
    ears: usize,
    _process: Running,
}

impl Baresip {
    /// Starts one at this place, and waits until it has registered.
    #[track_caller]
    pub(crate) fn start(scene: &Scene, role: Role, account: Account) -> Self {
        assert_eq!(account.keys, Keys::Events, "baresip 1.0 knows no other way to send keys");
        let folder = scene.folder(&format!("baresip-{}", account.number));
        tones::write(&folder.join("voice.wav"), account.voice, SECONDS);
        let at = scene.address(role);
        std::fs::write(folder.join("config"), configuration(&folder, at, scene.media_ports(role), &account))
            .expect("the folder takes a file");
        std::fs::write(folder.join("accounts"), line(&account)).expect("the folder takes a file");
        let log = File::create(folder.join("baresip.log")).expect("the folder takes a file");
        let errors = log.try_clone().expect("a file can have two writers");
        let mut command = Command::new("baresip");
        command.arg("-f").arg(&folder).args(["-4", "-s"]).env("HOME", &folder).stdout(log).stderr(errors);
        let mut process = Running::start(&mut command);
        let control = wait_for("baresip opens its control socket", PATIENCE, || {
            assert!(matches!(process.0.try_wait(), Ok(None)), "baresip has ended");
            TcpStream::connect(SocketAddr::new(at, 4_444)).ok()
        });
        let from = control.try_clone().expect("a socket can have two owners");
        let said = Said::listen("baresip", from, &folder.join("events.log"));
        let mut phone = Self { account, folder, control, said, deaf: false, ears: 0, _process: process };
        if phone.account.registration == Registration::Wanted {
            wait_for("baresip registers", PATIENCE, || phone.ask("reginfo").contains("[32mOK").then_some(()));
        }
        phone
    }

    /// Calls a number of its server, and waits until that has failed.
    pub(crate) fn is_refused(&mut self, number: &str) {
        let target = format!("sip:{number}@{}", self.account.server);
        self.order("dial", &target);
        let said = self.said.wait_for("\"type\":\"CALL_CLOSED\"");
        assert!(!said.contains("\"type\":\"CALL_ESTABLISHED\""), "baresip was let in");
    }

    /// Does this with a recording of what it hears.
    fn with_ear(&mut self, listen: impl FnOnce(&Recording)) {
        if !self.deaf {
            return listen(&self.recording("dec"));
        }
        // What it hears becomes what it says, and that is still written down. A bridge of sound works once.
        self.ears += 1;
        let bridge = format!("aubridge,ear{}", self.ears);
        self.order("auplay", &bridge);
        self.order("ausrc", &bridge);
        listen(&self.recording("enc"));
        let voice = format!("aufile,{}/voice.wav", self.folder.display());
        self.order("ausrc", &voice);
    }

    /// The recording of the present call: `dec` is what it hears, `enc` what it says.
    pub(crate) fn recording(&self, side: &str) -> Recording {
        // One file a call, named by the second it began in.
        let newest = wait_for("baresip records", PATIENCE, || {
            let files = std::fs::read_dir(&self.folder).ok()?.flatten().map(|file| file.path());
            files.filter(|file| file.to_string_lossy().ends_with(&format!("-{side}.wav"))).max()
        });
        Recording(newest)
    }

    /// How many packets of sound it has been sent in the present call.
    fn packets_heard(&mut self) -> u64 {
        let shown = self.ask("audio_debug");
        let count = shown.rsplit_once("rcvd=").map(|(_, rest)| rest.split(|next: char| !next.is_ascii_digit()));
        count.and_then(|mut words| words.next()?.parse().ok()).expect("baresip counts what it is sent")
    }

    /// Gives an order, and waits for what is answered.
    fn ask(&mut self, command: &str) -> String {
        self.order(command, "");
        self.said.wait_for(&format!("\"token\":\"{command}\""))
    }

    fn order(&mut self, command: &str, parameters: &str) {
        let order = json!({ "command": command, "params": parameters, "token": command }).to_string();
        let sent = self.control.write_all(format!("{}:{order},", order.len()).as_bytes());
        sent.expect("baresip takes commands");
    }
}

impl Telephone for Baresip {
    fn dial(&mut self, number: &str) {
        let target = format!("sip:{number}@{}", self.account.server);
        self.deaf = false;
        self.order("dial", &target);
    }

    fn is_answered(&mut self) {
        self.said.wait_for("\"type\":\"CALL_ESTABLISHED\"");
    }

    fn is_called_by(&mut self, number: &str) {
        self.said.wait_for("\"type\":\"CALL_INCOMING\"");
        self.said.wait_for(&format!("{number}@"));
    }

    fn pick_up(&mut self) {
        self.deaf = false;
        self.order("accept", "");
        self.said.wait_for("\"type\":\"CALL_ESTABLISHED\"");
    }

    fn press(&mut self, key: char) {
        self.order("sndcode", &key.to_string());
        self.said.wait_for("\"token\":\"sndcode\"");
    }

    fn hold(&mut self) {
        self.deaf = true;
        self.order("hold", "");
        self.said.wait_for("\"type\":\"CALL_REMOTE_SDP\"");
    }

    fn resume(&mut self) {
        self.order("resume", "");
        self.said.wait_for("\"type\":\"CALL_REMOTE_SDP\"");
    }

    fn transfer(&mut self, number: &str) {
        let target = format!("sip:{number}@{}", self.account.server);
        self.order("transfer", &target);
    }

    fn transfer_fails(&mut self) {
        self.said.wait_for("\"type\":\"TRANSFER_FAILED\"");
    }

    fn hang_up(&mut self) {
        self.order("hangup", "");
        self.said.wait_for("\"type\":\"CALL_CLOSED\"");
    }

    fn is_left(&mut self) {
        self.said.wait_for("\"type\":\"CALL_CLOSED\"");
    }

    fn hears(&mut self, hz: u32) {
        self.with_ear(|ear| ear.hears(hz));
    }

    fn hears_something(&mut self) {
        self.with_ear(Recording::hears_something);
    }

    fn hears_nothing(&mut self) {
        let mut since = (Instant::now(), self.packets_heard());
        wait_for("baresip is sent nothing", PATIENCE, || {
            let packets = self.packets_heard();
            if packets != since.1 {
                since = (Instant::now(), packets);
            }
            (since.0.elapsed() > tones::QUIET).then_some(())
        });
    }
}

fn configuration(folder: &Path, at: IpAddr, (first, last): (u16, u16), account: &Account) -> String {
    let trusted = account.authority.as_ref().map(|file| format!("sip_cafile {}\n", file.display())).unwrap_or_default();
    let modules = MODULES.into_iter().find(|place| Path::new(place).is_dir()).unwrap_or(MODULES[0]);
    let folder = folder.display();
    format!(
        "sip_listen {at}:5060\nnet_interface {at}\nrtp_ports {first}-{last}\ncall_max_calls 4\n\
         audio_source aufile,{folder}/voice.wav\naudio_player aubridge,ear\naudio_alert aubridge,bell\n\
         ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\njitter_buffer_delay 1-5\n\
         module_path {modules}\nmodule g711.so\nmodule g722.so\nmodule l16.so\nmodule opus.so\nmodule srtp.so\nmodule sndfile.so\nmodule aufile.so\nmodule aubridge.so\n\
         module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen {at}:4444\n\
         snd_path {folder}\nringback_disabled yes\nmenu_bell no\nstatmode_default off\n{trusted}"
    )
}

/// The line of its file of accounts.
fn line(account: &Account) -> String {
    let Account { number, server, transport, registration, proxy, password, sound, codec, .. } = account;
    let sound = match sound {
        Sound::Plain => "",
        Sound::Srtp => ";mediaenc=srtp-mand",
        Sound::SrtpIfTaken => ";mediaenc=srtp",
    };
    let codecs = codec.map_or("pcma,pcmu", codec_name);
    let transport = transport.name();
    let expires = if *registration == Registration::Wanted { 600 } else { 0 };
    let proxy = proxy.map(|proxy| format!(";outbound=\"sip:{proxy};transport={transport}\"")).unwrap_or_default();
    format!(
        "<sip:{number}@{server};transport={transport}>;auth_user={number};auth_pass=\"{password}\";regint={expires}\
         ;answermode=manual;audio_codecs={codecs}{sound}{proxy}\n"
    )
}

/// A codec as its accounts name it; its Opus always has two channels.
fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcmu => "pcmu",
        Codec::Pcma => "pcma",
        Codec::G722 => "G722/16000/1",
        Codec::L16(Band::Narrow) => "L16/8000/1",
        Codec::L16(Band::Wide) => "L16/16000/1",
        Codec::Opus => "opus/48000/2",
    }
}
