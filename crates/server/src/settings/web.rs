//! What web servers are asked in the name of scripts, and how.
//!
//! Shape: the table `[http_client]`. Without it only the public internet is asked, and nothing is signed.
//! Units: `timeout` in seconds.
//! Errors: [`SettingsError`] with the key.

use std::{path::PathBuf, time::Duration};

use super::{SettingsError, arguments::networks, file::HttpClientTable};
use crate::web::{policy::Policy, signature::SigningSecret};

/// Requests at once, calls and megabytes at most.
const MOST: usize = 100_000;
/// The longest that a request may take: a caller waits.
const LONGEST: u64 = 300;
/// A secret that can be guessed proves nothing.
const SHORTEST_SECRET: usize = 16;

/// How web servers are asked.
#[derive(Clone, Debug)]
pub struct WebSettings {
    /// Which addresses may be asked.
    pub policy: Policy,
    /// Requests at once.
    pub max_concurrent: usize,
    /// Requests at once to one host and port.
    pub max_per_host: usize,
    /// The longest that a request may take, whatever patience a script has.
    pub timeout: Duration,
    /// What the keys that sign requests are made of.
    pub signing_secret: Option<SigningSecret>,
    /// What is remembered of requests, for debugging.
    pub debug: DebugSettings,
    /// Roots that are trusted beside the system's, as a PEM file.
    pub tls_ca: Option<PathBuf>,
}

/// What is remembered of requests, in memory.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct DebugSettings {
    /// Calls of one client, at most; 0 remembers nothing.
    pub calls: usize,
    /// Memory for those of all clients, in bytes, at most.
    pub bytes: usize,
}

impl Default for DebugSettings {
    fn default() -> Self {
        Self { calls: 1_000, bytes: 64 << 20 }
    }
}

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            max_concurrent: 1_000,
            max_per_host: 256,
            timeout: Duration::from_secs(60),
            signing_secret: None,
            debug: DebugSettings::default(),
            tls_ca: None,
        }
    }
}

pub(super) fn web(table: HttpClientTable) -> Result<WebSettings, SettingsError> {
    let wrong = |key: &str, problem: String| SettingsError::Value { setting: format!("http_client.{key}"), problem };
    let usual = WebSettings::default();
    let number = |key: &str, given: Option<usize>, usual: usize| match given {
        None => Ok(usual),
        Some(number) if (1..=MOST).contains(&number) => Ok(number),
        Some(number) => Err(wrong(key, format!("{number} is not between 1 and {MOST}"))),
    };
    let up_to = |key: &str, given: Option<usize>, usual: usize| match given {
        None => Ok(usual),
        Some(number) if number <= MOST => Ok(number),
        Some(number) => Err(wrong(key, format!("{number} is more than {MOST}"))),
    };
    let timeout = match table.timeout {
        None => usual.timeout,
        Some(seconds) if (1..=LONGEST).contains(&seconds) => Duration::from_secs(seconds),
        Some(seconds) => return Err(wrong("timeout", format!("{seconds} s is not between 1 s and {LONGEST} s"))),
    };
    if table.signing_secret.as_ref().is_some_and(|secret| secret.len() < SHORTEST_SECRET) {
        return Err(wrong("signing_secret", format!("has less than {SHORTEST_SECRET} bytes")));
    }
    Ok(WebSettings {
        policy: Policy {
            allow: networks("http_client.allow", table.allow)?,
            deny: networks("http_client.deny", table.deny)?,
        },
        max_concurrent: number("max_concurrent", table.max_concurrent, usual.max_concurrent)?,
        max_per_host: number("max_per_host", table.max_per_host, usual.max_per_host)?,
        timeout,
        signing_secret: table.signing_secret.as_deref().map(SigningSecret::new),
        debug: DebugSettings {
            calls: up_to("debug_calls", table.debug_calls, usual.debug.calls)?,
            bytes: up_to("debug_megabytes", table.debug_megabytes, usual.debug.bytes >> 20)? << 20,
        },
        tls_ca: table.tls_ca.map(PathBuf::from),
    })
}
