//! How much one source may send, and when it is ignored.
//!
//! Shape: plain numbers of `[sip]`; 0 means "no limit" everywhere.
//! Units: messages a second, messages, seconds, milliseconds, as the names in the file say.
//! Errors: [`SettingsError`] for a number that means nothing.

use std::time::Duration;

use super::{SettingsError, file::SipTable};

/// The most that a rate or a burst may be: beyond, it is no limit.
const MOST: u32 = 1_000_000;
/// The longest that a source is ignored: a week.
const LONGEST: u64 = 7 * 24 * 3600;

/// Limits for each source address (for IPv6: for each /64), and the load at which new calls are refused.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct GuardSettings {
    /// Messages a second from a source that nobody vouches for.
    pub rate: u32,
    /// Messages that it may send at once.
    pub burst: u32,
    /// Requests a second from it that begin something: INVITE, REGISTER, OPTIONS, SUBSCRIBE, MESSAGE outside dialogs.
    pub new_rate: u32,
    /// Messages a second from an address with a registered phone, or one that we called ourselves.
    pub phone_rate: u32,
    /// Messages a second from the networks of `allow` and of trunks.
    pub trusted_rate: u32,
    /// Failures after which a source is ignored.
    pub ban_after: u32,
    /// For how long it is ignored.
    pub ban: Duration,
    /// TCP connections of one source at once.
    pub connections: u32,
    /// How late sound may be at the 99th percentile before new calls are refused; `None` refuses none for it.
    pub max_lateness: Option<Duration>,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            rate: 100,
            burst: 200,
            new_rate: 20,
            phone_rate: 1_000,
            trusted_rate: 20_000,
            ban_after: 20,
            ban: Duration::from_secs(600),
            connections: 256,
            max_lateness: Some(Duration::from_millis(10)),
        }
    }
}

pub(super) fn guard(sip: &SipTable) -> Result<GuardSettings, SettingsError> {
    let usual = GuardSettings::default();
    let number = |name: &str, given: Option<u32>, usual: u32| match given {
        None => Ok(usual),
        Some(number) if number <= MOST => Ok(number),
        Some(number) => Err(wrong(name, &format!("{number} is more than {MOST}; 0 means no limit"))),
    };
    let burst = number("rate_burst", sip.rate_burst, usual.burst)?;
    let rate = number("rate_limit", sip.rate_limit, usual.rate)?;
    if rate > 0 && burst == 0 {
        return Err(wrong("rate_burst", "0 lets nothing in, unless rate_limit is 0"));
    }
    let ban = match sip.ban_seconds {
        None => usual.ban,
        Some(seconds) if seconds <= LONGEST => Duration::from_secs(seconds),
        Some(seconds) => return Err(wrong("ban_seconds", &format!("{seconds} s is more than a week"))),
    };
    let lateness = number("max_lateness_ms", sip.max_lateness_ms, 10)?;
    Ok(GuardSettings {
        rate,
        burst,
        new_rate: number("new_rate_limit", sip.new_rate_limit, usual.new_rate)?,
        phone_rate: number("phone_rate_limit", sip.phone_rate_limit, usual.phone_rate)?,
        trusted_rate: number("trusted_rate_limit", sip.trusted_rate_limit, usual.trusted_rate)?,
        ban_after: number("ban_after", sip.ban_after, usual.ban_after)?,
        ban,
        connections: number("connections_per_source", sip.connections_per_source, usual.connections)?,
        max_lateness: (lateness > 0).then(|| Duration::from_millis(lateness.into())),
    })
}

fn wrong(name: &str, problem: &str) -> SettingsError {
    SettingsError::Value { setting: format!("sip.{name}"), problem: problem.to_owned() }
}
