//! `[mail]`: the server that e-mail is sent by.
//!
//! Shape: the table in, a [`MailSettings`] out; a table without `host` sends nothing.
//! Units: `timeout` is written in whole seconds.
//! Errors: [`SettingsError`] names the key. Files are read here, so that a reload reads them again.
//! Sources: RFC 6409 (submission), RFC 3207 (STARTTLS), RFC 8314 (TLS from the beginning), RFC 4954 (authentication).

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use antiphon_ivr::rules::mailto::{self, Recipient};

use super::{SettingsError, file::MailTable};

/// How long an answer is waited for where nothing else is written.
const DEFAULT_TIMEOUT: u64 = 30;
/// The longest that is worth waiting for one answer (RFC 5321 §4.5.3.2 asks for 5 minutes).
const LONGEST_TIMEOUT: u64 = 600;

/// The server that mail is sent by.
#[derive(Clone, Eq, PartialEq)]
pub struct MailSettings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What the connection is protected by.
    pub security: MailSecurity,
    /// Who we are there, where it wants to know.
    pub login: Option<MailLogin>,
    /// The sender of all mail.
    pub from: Recipient,
    /// Roots that are trusted beside the system's, as PEM.
    pub roots: Option<Arc<[u8]>>,
    /// How long one answer is waited for.
    pub timeout: Duration,
}

/// A name and a password.
#[derive(Clone, Eq, PartialEq)]
pub struct MailLogin {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// What a connection to the server is protected by.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum MailSecurity {
    /// Nothing.
    None,
    /// TLS that is asked for, and without which nothing is sent (RFC 3207).
    StartTls,
    /// TLS from the beginning (RFC 8314).
    Tls,
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The password stays out of logs.
        let Self { host, port, security, from, .. } = self;
        f.debug_struct("MailSettings")
            .field("host", host)
            .field("port", port)
            .field("security", security)
            .field("from", from)
            .finish_non_exhaustive()
    }
}

fn wrong(key: &str, problem: impl fmt::Display) -> SettingsError {
    SettingsError::Value { setting: format!("mail.{key}"), problem: problem.to_string() }
}

pub(super) fn mail(table: &MailTable) -> Result<Option<MailSettings>, SettingsError> {
    let Some(host) = table.host.as_deref().map(str::trim).filter(|host| !host.is_empty()) else {
        // What says how, and not by whom, may stand alone.
        let usual = MailTable { security: table.security.clone(), timeout: table.timeout, ..MailTable::default() };
        return if *table == usual { Ok(None) } else { Err(wrong("host", "is needed to send e-mail")) };
    };
    if host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '@') {
        return Err(wrong("host", format_args!("\"{host}\" is no host name and no address")));
    }
    let security = match table.security.as_deref() {
        None | Some("starttls") => MailSecurity::StartTls,
        Some("tls") => MailSecurity::Tls,
        Some("none") => MailSecurity::None,
        Some(other) => return Err(wrong("security", format_args!("\"{other}\" is none of none, starttls, tls"))),
    };
    let usual = match security {
        MailSecurity::None => 25,
        MailSecurity::StartTls => 587,
        MailSecurity::Tls => 465,
    };
    let timeout = table.timeout.unwrap_or(DEFAULT_TIMEOUT);
    if !(1..=LONGEST_TIMEOUT).contains(&timeout) {
        return Err(wrong("timeout", format_args!("{timeout} s is not between 1 and {LONGEST_TIMEOUT} s")));
    }
    Ok(Some(MailSettings {
        host: host.to_owned(),
        port: table.port.filter(|port| *port > 0).unwrap_or(usual),
        security,
        login: login(table, host, security)?,
        from: from(table)?,
        roots: table.ca.as_deref().map(|path| read("ca", path)).transpose()?.map(Into::into),
        timeout: Duration::from_secs(timeout),
    }))
}

/// The sender, one address.
fn from(table: &MailTable) -> Result<Recipient, SettingsError> {
    let text = table.from.as_deref().ok_or_else(|| wrong("from", "is needed: the address that mail comes from"))?;
    let mut addresses = mailto::parse(text).map_err(|problem| wrong("from", problem))?;
    match (addresses.pop(), addresses.is_empty()) {
        (Some(address), true) => Ok(address),
        _ => Err(wrong("from", "must be one e-mail address")),
    }
}

fn login(table: &MailTable, host: &str, security: MailSecurity) -> Result<Option<MailLogin>, SettingsError> {
    let password = match (&table.password, &table.password_file) {
        (Some(_), Some(_)) => return Err(wrong("password_file", "is given beside password; give one of the two")),
        (Some(password), None) => Some(password.clone()),
        (None, Some(path)) => {
            let bytes = read("password_file", path)?;
            let text =
                String::from_utf8(bytes).map_err(|_| wrong("password_file", format_args!("{path} is not UTF-8")))?;
            Some(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        (None, None) => None,
    };
    let (username, password) = match (&table.username, password) {
        (None, None) => return Ok(None),
        (Some(username), Some(password)) => (username.clone(), password),
        (Some(_), None) => return Err(wrong("password", "is needed beside username; it may be in password_file")),
        (None, Some(_)) => return Err(wrong("username", "is needed beside a password")),
    };
    let is_here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if security == MailSecurity::None && !is_here {
        return Err(wrong("security", "none would send the password in clear; use starttls or tls"));
    }
    Ok(Some(MailLogin { username, password }))
}

fn read(key: &str, path: &str) -> Result<Vec<u8>, SettingsError> {
    std::fs::read(path).map_err(|error| wrong(key, format_args!("{path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<MailSettings>, String> {
        mail(&toml::from_str(text).expect("a table")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_is_read_with_its_usual_port() {
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("security = \"starttls\"\ntimeout = 30"), Ok(None));
        for (more, security, port) in [
            ("", MailSecurity::StartTls, 587),
            ("security = \"tls\"", MailSecurity::Tls, 465),
            ("security = \"none\"", MailSecurity::None, 25),
            ("security = \"none\"\nport = 2525", MailSecurity::None, 2525),
        ] {
            let text = format!("host = \"mail.example\"\nfrom = \"Phones <vm@b.example>\"\n{more}");
            let settings = read(&text).expect(more).expect("a server");
            assert_eq!((settings.security, settings.port), (security, port), "{more}");
            assert_eq!((settings.from.name.as_deref(), &*settings.from.address), (Some("Phones"), "vm@b.example"));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let here = "host = \"mail.example\"\nfrom = \"vm@b.example\"\n";
        for (text, expect) in [
            ("from = \"vm@b.example\"".to_owned(), "mail.host: is needed"),
            ("host = \"mail.example\"".to_owned(), "mail.from: is needed"),
            ("host = \"a b\"\nfrom = \"vm@b.example\"".to_owned(), "mail.host: \"a b\""),
            ("host = \"mail.example\"\nfrom = \"a@b.example, c@d.example\"".to_owned(), "mail.from: must be one"),
            ("host = \"mail.example\"\nfrom = \"nobody\"".to_owned(), "mail.from: \"nobody\" is no e-mail address"),
            (format!("{here}security = \"ssl\""), "mail.security: \"ssl\" is none of"),
            (format!("{here}timeout = 0"), "mail.timeout: 0 s"),
            (format!("{here}username = \"u\""), "mail.password: is needed"),
            (format!("{here}password = \"p\""), "mail.username: is needed"),
            (format!("{here}password = \"p\"\npassword_file = \"/p\""), "mail.password_file: is given beside"),
            (format!("{here}username = \"u\"\npassword_file = \"/nowhere/p\""), "mail.password_file: /nowhere/p: "),
            (format!("{here}ca = \"/nowhere/ca\""), "mail.ca: /nowhere/ca: "),
            (format!("{here}username = \"u\"\npassword = \"p\"\nsecurity = \"none\""), "mail.security: none would"),
        ] {
            let problem = read(&text).expect_err(&text);
            assert!(problem.starts_with(expect), "{text}: {problem}");
        }
        let here =
            "host = \"127.0.0.1\"\nfrom = \"vm@b.example\"\nsecurity = \"none\"\nusername = \"u\"\npassword = \"p\"";
        assert!(read(here).is_ok(), "on the own machine nobody listens");
    }
}
