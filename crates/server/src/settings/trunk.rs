//! `[[trunk]]`: one carrier or other telephone system.
//!
//! Shape: the file's table in, a [`Trunk`] out; whatever is wrong is said with the trunk's name and the key.
//! Units: `expires` and `options_interval` are written in whole seconds.
//! Errors: [`SettingsError`].
//! Sources: `interface.md`, "Where a call goes"; RFC 3261 §10 (registration), RFC 3325 and RFC 5806 (identity, Diversion).

use std::{sync::Arc, time::Duration};

use antiphon_media::{Codec, Inband};
use regex::Regex;

use super::{Cidr, SettingsError, SrtpPolicy, codecs, file, srtp};
use crate::peer_uri;

/// How long a registration is asked for where nothing else is written. Short enough that a carrier which forgot us is
/// found out within minutes.
const DEFAULT_EXPIRES: u64 = 600;
/// How often a trunk is asked whether it is there, where nothing else is written.
const DEFAULT_OPTIONS_INTERVAL: u64 = 60;
/// A day; what is longer is a mistake.
const LONGEST: u64 = 86_400;
/// A user, host or realm that is longer is a mistake.
const LONGEST_TEXT: usize = 255;

/// A peer that takes calls to the outside and brings calls from there.
#[derive(Clone)]
pub struct Trunk {
    /// The name in logs; no two trunks have the same.
    pub name: String,
    /// The SIP URI that calls are sent to, as written.
    pub uri: String,
    /// The digest user for the trunk's challenges.
    pub username: Option<String>,
    /// The digest password for the trunk's challenges.
    pub password: Option<String>,
    /// The only realm whose challenges are answered; `None` takes the first that asks.
    pub realm: Option<String>,
    /// How we register there, if we do.
    pub registration: Option<TrunkRegistration>,
    /// How often it is asked whether it is there; zero for never.
    pub options_interval: Duration,
    /// Sources whose calls are this trunk's.
    pub networks: Vec<Cidr>,
    /// The numbers that may be dialled through it; nothing when empty.
    pub dial: Vec<Regex>,
    /// How keys go there.
    pub dtmf: DigitWay,
    /// What is spoken with it, where that is not what is spoken with everybody.
    pub codecs: Option<Arc<[Codec]>>,
    /// What is done about SRTP with it, where that is not what is done with everybody.
    pub srtp: Option<SrtpPolicy>,
    /// The user of From in calls over it, in place of the caller's number.
    pub from_user: Option<String>,
    /// The host of From in calls over it, in place of our address.
    pub from_host: Option<String>,
    /// How it is told who calls.
    pub identity: IdentityHeader,
    /// Whether it is told which of our numbers a call was diverted from.
    pub diversion: bool,
    /// Calls over it at once, in both directions, at most.
    pub max_calls: Option<usize>,
    /// Who calls the targets of transfers of calls that came by it, where the rule does not say.
    pub transfer: TransferWay,
}

/// Who calls the target of a transfer.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum TransferWay {
    /// We do, and stay between the two.
    #[default]
    Bridge,
    /// The trunk is asked to (RFC 3515).
    Refer,
    /// The trunk is asked to, where the target is on the same trunk.
    Auto,
}

/// A registration at a trunk.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct TrunkRegistration {
    /// Where REGISTER is sent to and whose domain the address of record is in, as written.
    pub registrar: String,
    /// The user of the address of record.
    pub user: String,
    /// The user of Contact, which the trunk calls.
    pub contact_user: String,
    /// How long it is asked for.
    pub expires: Duration,
}

/// How keys reach a party.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum DigitWay {
    /// As telephone-events where both sides know them, and not at all elsewhere (RFC 4733).
    Rfc4733,
    /// As SIP INFO with `application/dtmf-relay`; telephone-events are neither offered nor taken.
    Info,
    /// As tones in the sound; telephone-events are neither offered nor taken.
    Inband,
    /// As telephone-events where both sides know them, else as INFO, and from there as tones in the sound as well.
    #[default]
    Auto,
}

impl DigitWay {
    /// What keys have to do with the sound where no telephone-events are agreed on.
    pub fn inband(self) -> Inband {
        match self {
            Self::Rfc4733 => Inband::Unused,
            Self::Info => Inband::Apart,
            Self::Inband => Inband::Spoken,
            Self::Auto => Inband::Heard,
        }
    }
}

/// How a trunk is told who calls.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum IdentityHeader {
    /// By From alone.
    None,
    /// By `P-Asserted-Identity` too (RFC 3325).
    #[default]
    Asserted,
    /// By `Remote-Party-ID` too, its draft's predecessor.
    RemoteParty,
}

impl std::fmt::Debug for Trunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password stays out of logs.
        f.debug_struct("Trunk")
            .field("name", &self.name)
            .field("uri", &self.uri)
            .field("username", &self.username)
            .field("registration", &self.registration)
            .field("networks", &self.networks)
            .field("dial", &self.dial)
            .finish_non_exhaustive()
    }
}

/// Says what is wrong with one key of one trunk.
struct Keys<'a> {
    trunk: &'a str,
}

impl Keys<'_> {
    fn setting(&self, key: &str) -> String {
        format!("trunk \"{}\": {key}", self.trunk)
    }

    fn wrong(&self, key: &str, text: &str, problem: impl std::fmt::Display) -> SettingsError {
        self.problem(key, format!("\"{text}\" {problem}"))
    }

    fn problem(&self, key: &str, problem: impl Into<String>) -> SettingsError {
        SettingsError::Value { setting: self.setting(key), problem: problem.into() }
    }

    fn uri(&self, key: &str, text: String) -> Result<String, SettingsError> {
        match peer_uri::check(&text) {
            Ok(()) => Ok(text),
            Err(problem) => Err(self.wrong(key, &text, problem)),
        }
    }

    fn seconds(&self, key: &str, given: Option<u64>, default: u64, least: u64) -> Result<Duration, SettingsError> {
        let seconds = given.unwrap_or(default);
        if (least..=LONGEST).contains(&seconds) {
            return Ok(Duration::from_secs(seconds));
        }
        Err(self.problem(key, format!("{seconds} s is not between {least} and {LONGEST}")))
    }

    /// A text that goes into a header or a digest as it is.
    fn text(&self, key: &str, text: Option<String>) -> Result<Option<String>, SettingsError> {
        match text {
            Some(text) if text.is_empty() || text.len() > LONGEST_TEXT || text.chars().any(char::is_control) => {
                Err(self.problem(key, "is empty, too long, or has a control character"))
            }
            text => Ok(text),
        }
    }

    fn host(&self, key: &str, text: Option<String>) -> Result<Option<String>, SettingsError> {
        let Some(text) = self.text(key, text)? else { return Ok(None) };
        let readable: Result<antiphon_sip::Uri, _> = format!("sip:{text}").parse();
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-._[]:".contains(c));
        match readable {
            Ok(uri) if plain && uri.user().is_none() => Ok(Some(text)),
            _ => Err(self.wrong(key, &text, "is not a host, as in sip.example.net")),
        }
    }
}

/// Reads every trunk of the file.
pub(super) fn trunks(tables: Vec<file::Trunk>) -> Result<Vec<Arc<Trunk>>, SettingsError> {
    let trunks = tables.into_iter().map(|table| trunk(table).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    for (at, trunk) in trunks.iter().enumerate() {
        if trunks[..at].iter().any(|other| other.name == trunk.name) {
            return Err(Keys { trunk: &trunk.name }.problem("name", "another trunk has the same"));
        }
    }
    Ok(trunks)
}

fn trunk(table: file::Trunk) -> Result<Trunk, SettingsError> {
    let name = table.name.clone();
    let keys = Keys { trunk: &name };
    if name.is_empty() || name.len() > LONGEST_TEXT || name.chars().any(|c| c.is_control() || c == '/') {
        return Err(keys.problem("name", "is empty, too long, or has a slash or a control character"));
    }
    let uri = keys.uri("uri", table.uri.clone())?;
    let dial = table.dial.iter().map(|pattern| {
        Regex::new(pattern).map_err(|_| keys.wrong("dial", pattern, "is not a regular expression of the regex crate"))
    });
    let networks = table.networks.iter().map(|text| text.parse().map_err(|why| keys.wrong("match", text, why)));
    if table.max_calls == Some(0) {
        return Err(keys.problem("max_calls", "0 lets no call through; leave it out for no limit"));
    }
    Ok(Trunk {
        dial: dial.collect::<Result<_, _>>()?,
        networks: networks.collect::<Result<_, _>>()?,
        registration: registration(&keys, &table, &uri)?,
        options_interval: keys.seconds("options_interval", table.options_interval, DEFAULT_OPTIONS_INTERVAL, 0)?,
        dtmf: digit_way(&keys, table.dtmf.as_deref())?,
        codecs: table.codecs.map(|names| codecs::read(&names, &keys.setting("codecs"))).transpose()?,
        srtp: srtp::policy(table.srtp.as_deref(), &keys.setting("srtp"))?,
        identity: identity(&keys, table.identity.as_deref())?,
        username: keys.text("username", table.username)?,
        password: table.password,
        realm: keys.text("realm", table.realm)?,
        from_user: keys.text("from_user", table.from_user)?,
        from_host: keys.host("from_host", table.from_host)?,
        diversion: table.diversion.unwrap_or(true),
        max_calls: table.max_calls,
        transfer: transfer_way(&keys, table.transfer.as_deref())?,
        name: table.name,
        uri,
    })
}

fn registration(keys: &Keys<'_>, table: &file::Trunk, uri: &str) -> Result<Option<TrunkRegistration>, SettingsError> {
    let registrar = table.registrar.clone().map(|text| keys.uri("registrar", text)).transpose()?;
    let expires = keys.seconds("expires", table.expires, DEFAULT_EXPIRES, 10)?;
    let contact_user = keys.text("contact_user", table.contact_user.clone())?;
    if !table.register {
        let unused = [("registrar", registrar.is_some()), ("expires", table.expires.is_some())];
        return match unused.iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(keys.problem(key, "means nothing without register = true")),
            None => Ok(None),
        };
    }
    let user = match (&table.from_user, &table.username) {
        (Some(user), _) | (None, Some(user)) => user.clone(),
        (None, None) => return Err(keys.problem("username", "needed, because register = true")),
    };
    if table.username.is_some() != table.password.is_some() {
        return Err(keys.problem("password", "username and password go together"));
    }
    let registrar = registrar.unwrap_or_else(|| uri.to_owned());
    Ok(Some(TrunkRegistration { registrar, contact_user: contact_user.unwrap_or_else(|| user.clone()), user, expires }))
}

fn digit_way(keys: &Keys<'_>, text: Option<&str>) -> Result<DigitWay, SettingsError> {
    match text {
        None => Ok(DigitWay::default()),
        Some("rfc4733") => Ok(DigitWay::Rfc4733),
        Some("info") => Ok(DigitWay::Info),
        Some("auto") => Ok(DigitWay::Auto),
        Some("inband") => Ok(DigitWay::Inband),
        Some(other) => Err(keys.wrong("dtmf", other, "is none of rfc4733, info, inband, auto")),
    }
}

fn transfer_way(keys: &Keys<'_>, text: Option<&str>) -> Result<TransferWay, SettingsError> {
    match text {
        None => Ok(TransferWay::default()),
        Some("bridge") => Ok(TransferWay::Bridge),
        Some("refer") => Ok(TransferWay::Refer),
        Some("auto") => Ok(TransferWay::Auto),
        Some(other) => Err(keys.wrong("transfer", other, "is none of bridge, refer, auto")),
    }
}

fn identity(keys: &Keys<'_>, text: Option<&str>) -> Result<IdentityHeader, SettingsError> {
    match text {
        None => Ok(IdentityHeader::default()),
        Some("none") => Ok(IdentityHeader::None),
        Some("pai") => Ok(IdentityHeader::Asserted),
        Some("rpid") => Ok(IdentityHeader::RemoteParty),
        Some(other) => Err(keys.wrong("identity", other, "is none of none, pai, rpid")),
    }
}

#[cfg(test)]
mod tests;
