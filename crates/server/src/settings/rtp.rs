//! `[rtp]`: what is expected of the sound of peers, and how RTCP goes.
//!
//! Units: whole seconds; 0 switches off.
//! Errors: a time beyond a day.

use std::time::Duration;

use antiphon_media::{Patience, sdp::RtcpMux};

use super::{SettingsError, file::RtpTable};

/// A silence of a day is no silence that anybody waits for.
const MAX_SILENCE: u64 = 86_400;

/// What is expected of the sound of peers.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct RtpSettings {
    /// Whether our offers ask for RTP and RTCP on one port.
    pub rtcp_mux: RtcpMux,
    /// How long a peer may be silent before that is told; `None` for ever.
    pub silence_warning: Option<Duration>,
    /// How long a caller may be silent, without reports of RTCP, before its call is ended; `None` for ever.
    pub hangup_after_silence: Option<Duration>,
}

impl Default for RtpSettings {
    fn default() -> Self {
        Self {
            rtcp_mux: RtcpMux::Unoffered,
            silence_warning: Some(Duration::from_secs(10)),
            hangup_after_silence: Some(Duration::from_secs(300)),
        }
    }
}

impl RtpSettings {
    /// The same for the streams.
    pub fn patience(&self) -> Patience {
        let default = Patience::default();
        let silence = self.silence_warning.unwrap_or(Duration::MAX);
        Patience { first: default.first.min(silence), silence, vanished: self.hangup_after_silence }
    }
}

pub(super) fn read(table: &RtpTable) -> Result<RtpSettings, SettingsError> {
    let default = RtpSettings::default();
    let seconds = |key: &str, value: Option<u64>, default: Option<Duration>| match value {
        None => Ok(default),
        Some(0) => Ok(None),
        Some(value) if value <= MAX_SILENCE => Ok(Some(Duration::from_secs(value))),
        Some(value) => Err(SettingsError::Value {
            setting: format!("rtp.{key}"),
            problem: format!("{value} s is more than a day"),
        }),
    };
    let silence_warning = seconds("silence_warning", table.silence_warning, default.silence_warning)?;
    let hangup_after_silence =
        seconds("hangup_after_silence", table.hangup_after_silence, default.hangup_after_silence)?;
    let rtcp_mux = if table.rtcp_mux { RtcpMux::Offered } else { RtcpMux::Unoffered };
    Ok(RtpSettings { rtcp_mux, silence_warning, hangup_after_silence })
}
