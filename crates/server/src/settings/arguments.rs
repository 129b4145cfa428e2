//! The command line, joined with the environment, the file and the defaults.
//!
//! Shape: every flag has the environment variable `ANTIPHON_` and its name in capitals; several listeners in one variable are
//! parted by commas.
//! Errors: the flag is named as `--flag`, the variable and the file's key as themselves.
//! Sources: `interface.md`, "Command line".

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use antiphon_ivr::Language;
use antiphon_media::tones::Country;
use clap::Parser;
use clap::error::ErrorKind;
use tracing::level_filters::LevelFilter;

use super::file::{File, SipTable, TraceTable};
use super::{
    AccessSettings, Cidr, Command, LiveSettings, LogFormat, SessionTimers, Settings, SettingsError, SipListener,
    StoreLocation, TraceSettings,
};
use super::{codecs, rtp, transport, trunk};

const DEFAULT_CONFIG: &str = "antiphon.toml";
const DEFAULT_DRAIN: Duration = Duration::from_secs(30);
/// The shortest session interval there is (RFC 4028 §5).
const MIN_SE: u64 = 90;
/// A call that is refreshed once a day is not watched.
const MAX_SE: u64 = 86_400;
/// A drain of a day is a drain that never ends.
const MAX_DRAIN: u64 = 86_400;
/// Calls that may be remembered.
const MAX_TRACED_CALLS: u64 = 1_000_000;
/// What a client of the API may ask in an hour (`ringme-ivr.md` 2.1).
const REQUESTS_PER_HOUR: u64 = 36_000;
/// How many of a hundred calls that fit may be callbacks of one client, where nothing is said.
const CALLBACKS_PERCENT: u8 = 25;
/// Memory that their messages may take: 64 GiB.
const MAX_TRACE_MEGABYTES: u64 = 65_536;

/// A SIP/RTP media server that answers calls with menus.
///
/// Every flag has an environment variable, ANTIPHON_ and its name in capitals (ANTIPHON_RTP_PORTS), and a key in the
/// settings file (rtp_ports). A flag beats the environment, which beats the file, which beats the default.
#[derive(Debug, Parser)]
#[command(name = "antiphon", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Run the server; this is what happens without a word, too
    Serve,
    /// Print the version
    Version,
}

#[derive(Debug, Default, clap::Args)]
struct Flags {
    /// Static settings [default: ./antiphon.toml if it exists]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<String>,
    /// Database, sounds and credentials [default: ./antiphon-data]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<String>,
    /// A listener, repeatable: udp:, tcp: or tls:, then IPv4 or [IPv6], then the port, 0 for any free one
    /// [default: udp:127.0.0.1:5060 and tcp:127.0.0.1:5060]
    #[arg(long, value_name = "URI", global = true)]
    sip: Vec<String>,
    /// REST API, health and metrics [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", global = true)]
    http: Option<String>,
    /// Media ports [default: 16384-32767]
    #[arg(long, value_name = "LOW-HIGH", global = true)]
    rtp_ports: Option<String>,
    /// The address in Contact, Via and SDP [default: the listener's]
    #[arg(long, value_name = "IP", global = true)]
    advertise: Option<String>,
    /// Where the configuration is kept [default: sqlite:<data>/antiphon.db]
    #[arg(long, value_name = "URL", global = true)]
    store: Option<String>,
    /// en, ru or hy: the language of extensions that have none of their own [default: en]
    #[arg(long, value_name = "LANGUAGE", global = true)]
    language: Option<String>,
    /// off, error, warn, info, debug or trace, on standard error [default: info]
    #[arg(long, value_name = "LEVEL", global = true)]
    log: Option<String>,
    /// text or json [default: text]
    #[arg(long, value_name = "FORMAT", global = true)]
    log_format: Option<String>,
}

/// A value together with how its place is called in a message.
struct Given {
    setting: String,
    text: String,
}

/// Looks a setting up in the three places, in their order.
struct Places<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
}

impl Places<'_> {
    /// A variable that is set to nothing is as good as not set, as container files have it.
    fn variable(&self, name: &str) -> Option<Given> {
        let setting = format!("ANTIPHON_{}", name.replace('-', "_").to_ascii_uppercase());
        let text = (self.environment)(&setting).filter(|text| !text.is_empty())?;
        Some(Given { setting, text })
    }

    fn find(&self, name: &str, flag: Option<String>, file: Option<String>) -> Option<Given> {
        flag.map(|text| Given { setting: format!("--{name}"), text })
            .or_else(|| self.variable(name))
            .or_else(|| file.map(|text| Given { setting: name.replace('-', "_"), text }))
    }
}

impl Given {
    fn wrong(self, problem: impl std::fmt::Display) -> SettingsError {
        SettingsError::Value { setting: self.setting, problem: format!("\"{}\" {problem}", self.text) }
    }

    fn not_built(self, feature: &str) -> SettingsError {
        SettingsError::NotBuilt { setting: self.setting, feature: feature.to_owned() }
    }

    fn parsed<T: FromStr>(self, problem: &str) -> Result<T, SettingsError> {
        match self.text.trim().parse() {
            Ok(value) => Ok(value),
            Err(_) => Err(self.wrong(problem)),
        }
    }
}

pub(super) fn parse<A>(args: A, environment: &dyn Fn(&str) -> Option<String>) -> Result<Command, SettingsError>
where
    A: IntoIterator,
    A::Item: Into<OsString> + Clone,
{
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return Ok(Command::Print(error.to_string()));
        }
        Err(error) => return Err(SettingsError::Arguments(first_line(&error.to_string()))),
    };
    match arguments.verb {
        Some(Verb::Version) => Ok(Command::Print(format!("antiphon {}\n", env!("CARGO_PKG_VERSION")))),
        None | Some(Verb::Serve) => Ok(Command::Serve(Box::new(settings(arguments.flags, environment)?))),
    }
}

/// The language of extensions that have none of their own.
fn language(given: Option<Given>) -> Result<Language, SettingsError> {
    let Some(given) = given else { return Ok(Language::default()) };
    given.text.parse::<Language>().map_err(|unknown| given.wrong(unknown))
}

/// The country whose tones callers hear.
fn tones(country: Option<String>) -> Result<Country, SettingsError> {
    let Some(text) = country else { return Ok(Country::default()) };
    let given = Given { setting: "tones.country".to_owned(), text };
    given.text.parse::<Country>().map_err(|unknown| given.wrong(unknown))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

fn settings(flags: Flags, environment: &dyn Fn(&str) -> Option<String>) -> Result<Settings, SettingsError> {
    let places = Places { environment };
    let file = read_file(places.find("config", flags.config, None))?;
    let mut sip_table = file.sip.map(SipTable::from_value).transpose()?.unwrap_or_default();
    let sip = listeners(&places, flags.sip, sip_table.listen.take())?;
    let tls = transport::tls(&sip_table, &sip)?;

    let data = places.find("data", flags.data, file.data);
    let data = PathBuf::from(data.map_or_else(|| "antiphon-data".to_owned(), |given| given.text));
    let http = match places.find("http", flags.http, file.http) {
        Some(given) => given.parsed("is not an IP address and port, as in 127.0.0.1:8080")?,
        None => SocketAddr::from(([127, 0, 0, 1], 8080)),
    };
    let advertise: Option<IpAddr> = places
        .find("advertise", flags.advertise, file.advertise)
        .map(|g| g.parsed("is not an IP address"))
        .transpose()?;
    let log = match places.find("log", flags.log, file.log) {
        Some(given) => level(given)?,
        None => LevelFilter::INFO,
    };
    let language = language(places.find("language", flags.language, file.language))?;
    let live = LiveSettings {
        log,
        guard: super::guard::guard(&sip_table)?,
        access: access(sip_table.allow, sip_table.realm, sip_table.dial_hosts)?,
        trunks: trunk::trunks(file.trunk)?,
        srtp: super::srtp::policy(file.rtp.srtp.as_deref(), "rtp.srtp")?.unwrap_or_default(),
        failover_after: transport::failover_after(sip_table.failover_after)?,
        mail: super::mail::mail(&file.mail)?.map(Arc::new),
        rules: super::rules::rules(&file.rules, &file.recording)?,
        pivot: super::pivot::pivot(&file.pivot)?,
        vxml: super::vxml::vxml(&file.vxml)?,
        editors: super::CustomizerEditors::of(&file.customizer.editors),
        speech: super::speech::speech(&file.speech, language)?,
        callbacks_percent: percent("api.callbacks_percent", file.api.callbacks_percent, CALLBACKS_PERCENT)?,
    };
    Ok(Settings {
        sip,
        tls,
        dns: transport::name_servers(&sip_table.dns)?,
        http,
        rtp_ports: rtp_ports(places.find("rtp-ports", flags.rtp_ports, file.rtp_ports))?,
        advertise,
        store: store(places.find("store", flags.store, file.store), &data)?,
        log_format: log_format(places.find("log-format", flags.log_format, file.log_format))?,
        drain_timeout: drain(file.drain_timeout)?,
        trace: trace(&file.trace)?,
        recording: super::recording::recording(&file.recording)?,
        uploads: super::recording::uploads(&file.recording)?,
        language,
        requests_per_hour: Some(file.api.requests_per_hour.unwrap_or(REQUESTS_PER_HOUR)).filter(|number| *number > 0),
        tones: tones(file.tones.country)?,
        filler: super::filler::filler(&file.filler)?,
        web: super::web::web(file.http_client)?,
        customizer: super::customizer::customizer(&file.customizer)?,
        session_timers: session_timers(sip_table.session_expires, sip_table.min_se)?,
        rtp: rtp::read(&file.rtp)?,
        codecs: codecs::of(file.rtp.codecs.as_deref())?,
        live,
        data,
    })
}

fn read_file(named: Option<Given>) -> Result<File, SettingsError> {
    match named {
        Some(given) => File::read(Path::new(&given.text)),
        None if Path::new(DEFAULT_CONFIG).exists() => File::read(Path::new(DEFAULT_CONFIG)),
        None => Ok(File::default()),
    }
}

fn listeners(
    places: &Places<'_>,
    flags: Vec<String>,
    file: Option<Vec<String>>,
) -> Result<Vec<SipListener>, SettingsError> {
    let given = |setting: &str, texts: Vec<String>| -> Vec<Given> {
        texts.into_iter().map(|text| Given { setting: setting.to_owned(), text }).collect()
    };
    let given = if !flags.is_empty() {
        given("--sip", flags)
    } else if let Some(Given { setting, text }) = places.variable("sip") {
        given(&setting, text.split(',').map(|text| text.trim().to_owned()).collect())
    } else if let Some(file) = file {
        given("sip", file)
    } else {
        given("sip", vec!["udp:127.0.0.1:5060".to_owned(), "tcp:127.0.0.1:5060".to_owned()])
    };
    if given.is_empty() {
        return Err(SettingsError::Value { setting: "sip".to_owned(), problem: "names no listener".to_owned() });
    }
    given
        .into_iter()
        .map(|given| match given.text.parse() {
            Ok(listener) => Ok(listener),
            Err(problem) => Err(given.wrong(problem)),
        })
        .collect()
}

fn rtp_ports(given: Option<Given>) -> Result<RangeInclusive<u16>, SettingsError> {
    let Some(given) = given else { return Ok(16384..=32767) };
    let ends = given.text.split_once('-').and_then(|(low, high)| {
        let (low, high): (u16, u16) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
        let streams = (low..=high).any(|port| port % 2 == 0);
        (low >= 1024 && streams).then_some(low..=high)
    });
    ends.ok_or_else(|| given.wrong("is not LOW-HIGH with 1024 <= LOW <= HIGH <= 65535 and an even port among them"))
}

fn store(given: Option<Given>, data: &Path) -> Result<StoreLocation, SettingsError> {
    let Some(given) = given else { return Ok(StoreLocation::Sqlite(data.join("antiphon.db"))) };
    if given.text.starts_with("postgres:") || given.text.starts_with("postgresql:") {
        return Err(given.not_built("a PostgreSQL store"));
    }
    match given.text.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() => Ok(StoreLocation::Sqlite(path.into())),
        Some(_) | None => Err(given.wrong("is not sqlite: and a path")),
    }
}

fn level(given: Given) -> Result<LevelFilter, SettingsError> {
    match given.text.trim().to_ascii_lowercase().as_str() {
        "off" => Ok(LevelFilter::OFF),
        "error" => Ok(LevelFilter::ERROR),
        "warn" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "trace" => Ok(LevelFilter::TRACE),
        _ => Err(given.wrong("is none of off, error, warn, info, debug, trace")),
    }
}

fn log_format(given: Option<Given>) -> Result<LogFormat, SettingsError> {
    let Some(given) = given else { return Ok(LogFormat::default()) };
    match given.text.as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(given.wrong("is neither text nor json")),
    }
}

/// A share of something that there has to be some of.
fn percent(setting: &str, given: Option<u64>, usual: u8) -> Result<u8, SettingsError> {
    match given.map(|given| (given, u8::try_from(given))) {
        None => Ok(usual),
        Some((_, Ok(percent @ 1..=100))) => Ok(percent),
        Some((given, _)) => Err(SettingsError::Value {
            setting: setting.to_owned(),
            problem: format!("{given} is not between 1 and 100"),
        }),
    }
}

fn drain(seconds: Option<u64>) -> Result<Duration, SettingsError> {
    match seconds {
        None => Ok(DEFAULT_DRAIN),
        Some(seconds) if seconds <= MAX_DRAIN => Ok(Duration::from_secs(seconds)),
        Some(seconds) => Err(SettingsError::Value {
            setting: "drain_timeout".to_owned(),
            problem: format!("{seconds} s is more than a day"),
        }),
    }
}

fn trace(table: &TraceTable) -> Result<TraceSettings, SettingsError> {
    let default = TraceSettings::default();
    let within = |key: &str, value: Option<u64>, most: u64, default: usize| match value {
        None => Ok(default),
        Some(value) if value <= most => Ok(value as usize),
        Some(value) => Err(SettingsError::Value {
            setting: format!("trace.{key}"),
            problem: format!("{value} is more than {most}"),
        }),
    };
    let calls = within("calls", table.calls, MAX_TRACED_CALLS, default.calls)?;
    let megabytes = within("megabytes", table.megabytes, MAX_TRACE_MEGABYTES, default.bytes >> 20)?;
    Ok(TraceSettings { calls, bytes: megabytes << 20 })
}

fn session_timers(session_expires: Option<u64>, min_se: Option<u64>) -> Result<SessionTimers, SettingsError> {
    let wrong = |key: &str, problem: String| SettingsError::Value { setting: format!("sip.{key}"), problem };
    let default = SessionTimers::default();
    let min_se = min_se.unwrap_or(default.min_se.as_secs());
    if !(MIN_SE..=MAX_SE).contains(&min_se) {
        return Err(wrong("min_se", format!("{min_se} s is not between {MIN_SE} s and a day")));
    }
    let session_expires = session_expires.unwrap_or(default.session_expires.as_secs().max(min_se));
    if !(min_se..=MAX_SE).contains(&session_expires) {
        return Err(wrong(
            "session_expires",
            format!("{session_expires} s is not between min_se ({min_se} s) and a day"),
        ));
    }
    Ok(SessionTimers { session_expires: Duration::from_secs(session_expires), min_se: Duration::from_secs(min_se) })
}

pub(super) fn networks(setting: &str, texts: Vec<String>) -> Result<Vec<Cidr>, SettingsError> {
    texts
        .into_iter()
        .map(|text| {
            let given = Given { setting: setting.to_owned(), text };
            match given.text.parse() {
                Ok(network) => Ok(network),
                Err(problem) => Err(given.wrong(problem)),
            }
        })
        .collect()
}

fn access(
    allow: Option<Vec<String>>,
    realm: Option<String>,
    dial_hosts: Option<Vec<String>>,
) -> Result<AccessSettings, SettingsError> {
    let allow = allow.unwrap_or_else(|| vec!["127.0.0.0/8".to_owned(), "::1/128".to_owned()]);
    let realm = realm.unwrap_or_else(|| "antiphon".to_owned());
    if realm.is_empty() || realm.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Err(SettingsError::Value {
            setting: "sip.realm".to_owned(),
            problem: "is empty, or has a quote, a backslash or a control character".to_owned(),
        });
    }
    let host = |text: String| {
        let given = Given { setting: "sip.dial_hosts".to_owned(), text };
        given.text.parse().map_err(|problem: super::hosts::BadHost| given.wrong(problem))
    };
    let dial_hosts = dial_hosts.unwrap_or_default().into_iter().map(host).collect::<Result<_, _>>()?;
    Ok(AccessSettings { allow: networks("sip.allow", allow)?, realm, dial_hosts })
}
