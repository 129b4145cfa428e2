//! Static settings: what a process is told once, before it opens anything.
//!
//! Shape: arguments, environment and a TOML file in, one [`Command`] out; a flag beats the environment, which beats the file,
//! which beats the default.
//! Units: `drain_timeout`, `session_expires` and `min_se` are written in whole seconds.
//! Time: none; [`Settings::live`] is the part that a SIGHUP may exchange while calls are up.
//! Errors: [`SettingsError`]; its one line names the setting.
//! Sources: `interface.md`, "Command line" and "Where a call goes".

mod arguments;
mod cidr;
mod codecs;
mod customizer;
mod file;
mod filler;
mod guard;
mod hosts;
mod listener;
mod mail;
mod pivot;
mod recording;
mod rtp;
mod rules;
mod speech;
mod srtp;
#[cfg(test)]
mod tests;
mod transport;
mod trunk;
mod vxml;
mod web;

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use antiphon_ivr::Language;
use antiphon_media::{Codec, tones::Country};
use tracing::level_filters::LevelFilter;

pub use cidr::Cidr;
pub use customizer::{CustomizerEditors, CustomizerSettings};
pub use filler::{FillerSettings, FillerSound};
pub use guard::GuardSettings;
pub use hosts::HostPattern;
pub use listener::{SipListener, Transport};
pub use mail::{MailLogin, MailSecurity, MailSettings};
pub use pivot::PivotSettings;
pub use recording::{RecordingSettings, UploadSettings};
pub use rtp::RtpSettings;
pub use rules::RulesSettings;
pub use speech::{RecogniserEngine, SpeechServer, SpeechSettings, VoiceEngine};
pub use srtp::SrtpPolicy;
pub use transport::TlsSettings;
pub use trunk::{DigitWay, IdentityHeader, TransferWay, Trunk, TrunkRegistration};
pub use vxml::VxmlSettings;
pub use web::{DebugSettings, WebSettings};

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Run the server.
    Serve(Box<Settings>),
    /// Write this text on standard output and end with status 0: help or the version.
    Print(String),
}

/// Everything told at start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory of database, sounds and credentials.
    pub data: PathBuf,
    /// Where SIP is listened for; never empty.
    pub sip: Vec<SipListener>,
    /// The files of TLS; there are some when a listener is for TLS.
    pub tls: Option<TlsSettings>,
    /// Name servers in place of the system's; empty for the system's.
    pub dns: Vec<SocketAddr>,
    /// Where HTTP is listened for.
    pub http: SocketAddr,
    /// The media ports, both ends included.
    pub rtp_ports: RangeInclusive<u16>,
    /// The address written into Contact, Via and SDP towards peers of its family, when it is not the listener's.
    pub advertise: Option<IpAddr>,
    /// Where the configuration is kept.
    pub store: StoreLocation,
    /// The form of log lines.
    pub log_format: LogFormat,
    /// How long calls in progress may go on after SIGTERM.
    pub drain_timeout: Duration,
    /// What is remembered of calls.
    pub trace: TraceSettings,
    /// What is kept of recordings.
    pub recording: RecordingSettings,
    /// What becomes of recordings outside.
    pub uploads: UploadSettings,
    /// The language of extensions that have none of their own.
    pub language: Language,
    /// Requests of one client of the API in an hour; none for any number.
    pub requests_per_hour: Option<u64>,
    /// The country whose tones callers hear.
    pub tones: Country,
    /// How often calls are refreshed.
    pub session_timers: SessionTimers,
    /// What callers hear while something takes long.
    pub filler: FillerSettings,
    /// How web servers are asked.
    pub web: WebSettings,
    /// The processes of customizers.
    pub customizer: CustomizerSettings,
    /// What is expected of the sound of peers.
    pub rtp: RtpSettings,
    /// What is spoken, in the order in which it is offered.
    pub codecs: Arc<[Codec]>,
    /// What a SIGHUP may change.
    pub live: LiveSettings,
}

/// What is remembered of calls, in memory.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct TraceSettings {
    /// Calls that are over, at most; with 0 neither those nor any message are kept.
    pub calls: usize,
    /// Memory for messages, in bytes, at most.
    pub bytes: usize,
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self { calls: 1000, bytes: 64 << 20 }
    }
}

/// The session timers of calls (RFC 4028).
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct SessionTimers {
    /// The interval that is asked for, and the longest that is agreed to.
    pub session_expires: Duration,
    /// The shortest interval that is agreed to.
    pub min_se: Duration,
}

impl Default for SessionTimers {
    fn default() -> Self {
        Self { session_expires: Duration::from_secs(1800), min_se: Duration::from_secs(90) }
    }
}

/// The settings that may change without touching a call.
#[derive(Clone, Debug)]
pub struct LiveSettings {
    /// The most talkative level that is logged.
    pub log: LevelFilter,
    /// Who may call without credentials.
    pub access: AccessSettings,
    /// How much one source may send.
    pub guard: GuardSettings,
    /// The ways out, in the order of the file.
    pub trunks: Vec<Arc<Trunk>>,
    /// What is done about SRTP with phones, and with trunks that say nothing else.
    pub srtp: SrtpPolicy,
    /// How long a way out that says nothing is waited for when there is another.
    pub failover_after: Duration,
    /// The server that mail is sent by, where there is one.
    pub mail: Option<Arc<MailSettings>>,
    /// Menus of rules, where there is a choice.
    pub rules: RulesSettings,
    /// Applications for Pivot, where there is a choice.
    pub pivot: PivotSettings,
    /// Pages of VoiceXML that callers name themselves.
    pub vxml: VxmlSettings,
    /// Who may write customizers.
    pub editors: CustomizerEditors,
    /// Who renders texts, and who understands callers.
    pub speech: SpeechSettings,
    /// How many of a hundred calls that fit may be callbacks of one client.
    pub callbacks_percent: u8,
}

/// Who may call without credentials, and the realm of those who need some.
#[derive(Clone, Debug)]
pub struct AccessSettings {
    /// Sources that need no credentials.
    pub allow: Vec<Cidr>,
    /// The digest realm.
    pub realm: String,
    /// Hosts outside that scripts may call by a SIP URI.
    pub dial_hosts: Vec<HostPattern>,
}

/// Where the configuration is kept.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum StoreLocation {
    /// One SQLite file.
    Sqlite(PathBuf),
}

/// The form of log lines.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Why the settings are unusable. The message is one line and names the setting.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The command line does not parse.
    #[error("{0}")]
    Arguments(String),
    /// The settings file cannot be read.
    #[error("config: {path}: {cause}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The settings file is not TOML, or has an unknown key.
    #[error("config: {path}: {problem}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Line, key and problem on one line.
        problem: String,
    },
    /// A value is wrong.
    #[error("{setting}: {problem}")]
    Value {
        /// The setting, as it is spelt where it was given.
        setting: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A value asks for something that this version does not have.
    #[error("{setting}: {feature} is not built yet")]
    NotBuilt {
        /// The setting.
        setting: String,
        /// What was asked for.
        feature: String,
    },
}

impl Command {
    /// Reads the command line (with the program's name first), the environment and the settings file.
    ///
    /// The environment is told as a function, so that a test needs no process of its own.
    ///
    /// # Errors
    /// [`SettingsError`] where a setting is unusable; the caller ends with status 2.
    pub fn parse<A>(args: A, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError>
    where
        A: IntoIterator,
        A::Item: Into<OsString> + Clone,
    {
        arguments::parse(args, environment)
    }
}

impl Settings {
    /// Reads the settings of a server, as [`Command::parse`] does; used again on SIGHUP for [`Settings::live`].
    ///
    /// # Errors
    /// [`SettingsError`], also where the arguments ask for help or the version and not for a server.
    pub fn load<A>(args: A, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError>
    where
        A: IntoIterator,
        A::Item: Into<OsString> + Clone,
    {
        match Command::parse(args, environment)? {
            Command::Serve(settings) => Ok(*settings),
            Command::Print(_) => Err(SettingsError::Arguments("these arguments start no server".to_owned())),
        }
    }
}
