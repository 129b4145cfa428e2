//! Applications for Pivot, where their sources leave a choice.
//!
//! Shape: the table `[pivot]`; without it all is as the surface's ledger says.
//! Units: `longest_timeout_ms` in milliseconds, as its name says.
//! Errors: [`SettingsError`] with the key.
//! Sources: `kazoo-pivot.md` 1.1, 3.3, 8.

use std::{sync::Arc, time::Duration};

use antiphon_ivr::{
    FetchMethod,
    pivot::{Policy, UriResolution, UrlGuard},
};

use super::{SettingsError, arguments::networks, file::PivotTable};

/// The longest that a web server may be given: a caller waits.
const LONGEST: u64 = 60_000;
/// Requests of one call at most, whatever the file says.
const MOST_REQUESTS: u32 = 10_000;

/// How applications for Pivot are run.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct PivotSettings {
    /// The choices.
    pub policy: Arc<Policy>,
}

impl PivotSettings {
    /// Whether scripts are told of a header field of an INVITE.
    pub fn is_told(&self, name: &str) -> bool {
        !self.policy.hidden_headers.iter().any(|hidden| hidden.eq_ignore_ascii_case(name))
    }
}

fn wrong(key: &str, problem: String) -> SettingsError {
    SettingsError::Value { setting: format!("pivot.{key}"), problem }
}

pub(super) fn pivot(table: &PivotTable) -> Result<PivotSettings, SettingsError> {
    let usual = Policy::default();
    let within = |key: &str, given: Option<u32>, usual: u32| match given {
        None => Ok(usual),
        Some(number) if (1..=MOST_REQUESTS).contains(&number) => Ok(number),
        Some(number) => Err(wrong(key, format!("{number} is not between 1 and {MOST_REQUESTS}"))),
    };
    let policy = Policy {
        strict_validation: table.strict_validation,
        twiml_default_method: match table.twiml_default_method.as_deref() {
            None | Some("post") => FetchMethod::Post,
            Some("get") => FetchMethod::Get,
            Some(other) => return Err(wrong("twiml_default_method", format!("\"{other}\" is none of post, get"))),
        },
        uri_resolution: match table.uri_resolution.as_deref() {
            None | Some("rfc3986") => UriResolution::Rfc3986,
            Some("kazoo") => UriResolution::Kazoo,
            Some(other) => return Err(wrong("uri_resolution", format!("\"{other}\" is none of rfc3986, kazoo"))),
        },
        answer_on_first_verb: table.answer_on_first_verb,
        status_in_first_request: table.status_in_first_request.unwrap_or(usual.status_in_first_request),
        reject_status: match table.reject_status {
            None => usual.reject_status,
            Some(status) if (400..700).contains(&status) => status,
            Some(status) => return Err(wrong("reject_status", format!("{status} is not between 400 and 699"))),
        },
        longest_patience: match table.longest_timeout_ms {
            None => usual.longest_patience,
            Some(ms) if (1..=LONGEST).contains(&ms) => Duration::from_millis(ms),
            Some(ms) => return Err(wrong("longest_timeout_ms", format!("{ms} ms is not between 1 and {LONGEST}"))),
        },
        max_requests: within("max_requests", table.max_requests, usual.max_requests)?,
        max_aside_requests: within("max_aside_requests", table.max_aside_requests, usual.max_aside_requests)?,
        max_silent_requests: within("max_silent_requests", table.max_silent_requests, usual.max_silent_requests)?,
        hidden_headers: hidden(&table.hidden_headers)?,
        unknown_caller: table.unknown_caller.clone().unwrap_or_default(),
        variables_in_headers: table.variables_in_headers,
        guard: guard(table)?,
        ..usual
    };
    Ok(PivotSettings { policy: Arc::new(policy) })
}

fn hidden(names: &[String]) -> Result<Vec<String>, SettingsError> {
    let hidden: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    match hidden.iter().find(|name| !name.starts_with("x-")) {
        Some(other) => {
            Err(wrong("hidden_headers", format!("\"{other}\" does not begin with X-, and is told to nobody")))
        }
        None => Ok(hidden),
    }
}

fn guard(table: &PivotTable) -> Result<UrlGuard, SettingsError> {
    let blocks = networks("pivot.deny", table.deny.clone())?;
    let hosts = table.deny_hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    Ok(UrlGuard { hosts, blocks: blocks.iter().map(|block| block.parts()).collect() })
}
