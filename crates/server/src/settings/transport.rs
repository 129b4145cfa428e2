//! Settings of TLS, of name servers and of failover, all in the table `[sip]`.
//!
//! Shape: texts of the file in, [`TlsSettings`] and plain values out; files are named here and read by whoever needs them.
//! Units: `failover_after` in whole seconds.
//! Errors: [`SettingsError`] with the key.
//! Sources: `interface.md`, "Command line"; RFC 3261 §26.2 (TLS), RFC 3263 §4.3 (failover).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::file::SipTable;
use super::{SettingsError, SipListener, Transport};

/// How long a way that says nothing is waited for when there is another.
const FAILOVER_AFTER: Duration = Duration::from_secs(4);
/// 64 * T1: nothing is waited for longer (RFC 3261 §17.1.1.2).
const MAX_FAILOVER: u64 = 32;
/// Name servers at most.
const MAX_NAME_SERVERS: usize = 8;

/// The files of TLS, all PEM.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct TlsSettings {
    /// Our certificate and those between it and its root.
    pub certificate: PathBuf,
    /// The private key of our certificate.
    pub key: PathBuf,
    /// Roots that are trusted beside the system's when we connect to others.
    pub ca: Option<PathBuf>,
    /// Whether `sip/2` is offered and expected as application protocol (RFC 7301).
    pub alpn: bool,
}

/// The TLS settings, which a `tls:` listener needs.
pub(super) fn tls(table: &SipTable, listeners: &[SipListener]) -> Result<Option<TlsSettings>, SettingsError> {
    if !listeners.iter().any(|listener| listener.transport == Transport::Tls) {
        return Ok(None);
    }
    let file = |key: &str, value: &Option<String>| match value {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        _ => Err(SettingsError::Value {
            setting: format!("sip.{key}"),
            problem: "needed, because there is a tls: listener; it names a PEM file".to_owned(),
        }),
    };
    Ok(Some(TlsSettings {
        certificate: file("tls_certificate", &table.tls_certificate)?,
        key: file("tls_key", &table.tls_key)?,
        ca: table.tls_ca.as_ref().map(PathBuf::from),
        alpn: table.tls_alpn,
    }))
}

/// The name servers to ask in place of the system's; empty for the system's.
pub(super) fn name_servers(texts: &[String]) -> Result<Vec<SocketAddr>, SettingsError> {
    let wrong = |problem: String| SettingsError::Value { setting: "sip.dns".to_owned(), problem };
    if texts.len() > MAX_NAME_SERVERS {
        return Err(wrong(format!("names more than {MAX_NAME_SERVERS} servers")));
    }
    let parse = |text: &String| {
        let bare = text.parse().map(|ip| SocketAddr::new(ip, 53));
        let server = text.parse::<SocketAddr>().or(bare);
        server
            .map_err(|_| wrong(format!("\"{text}\" is not an IP address with or without a port, as in 192.0.2.53:53")))
    };
    texts.iter().map(parse).collect()
}

/// How long a silent way is waited for when there is another.
pub(super) fn failover_after(seconds: Option<u64>) -> Result<Duration, SettingsError> {
    match seconds {
        None => Ok(FAILOVER_AFTER),
        Some(seconds @ 1..=MAX_FAILOVER) => Ok(Duration::from_secs(seconds)),
        Some(seconds) => Err(SettingsError::Value {
            setting: "sip.failover_after".to_owned(),
            problem: format!("{seconds} s is not between 1 and {MAX_FAILOVER}"),
        }),
    }
}
