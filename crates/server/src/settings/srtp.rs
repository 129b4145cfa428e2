//! `srtp` of `[rtp]` and of a `[[trunk]]`.
//!
//! Shape: a word in, a [`SrtpPolicy`] out.
//! Errors: [`SettingsError`], with the place of the word.

use super::SettingsError;

/// What is done about SRTP with a party.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum SrtpPolicy {
    /// Sound is plain; whoever has only SRTP is refused.
    Off,
    /// SRTP with whoever offers it; offered by us where the signalling is encrypted. Plain sound with everybody else.
    #[default]
    Optional,
    /// SRTP or no call.
    Required,
}

/// Reads a policy; `None` where there is none.
pub(super) fn policy(text: Option<&str>, setting: &str) -> Result<Option<SrtpPolicy>, SettingsError> {
    match text {
        None => Ok(None),
        Some("off") => Ok(Some(SrtpPolicy::Off)),
        Some("optional") => Ok(Some(SrtpPolicy::Optional)),
        Some("required") => Ok(Some(SrtpPolicy::Required)),
        Some(other) => Err(SettingsError::Value {
            setting: setting.to_owned(),
            problem: format!("\"{other}\" is none of off, optional, required"),
        }),
    }
}
