//! Why a leg cannot be, and what its peer is told.
//!
//! Shape: errors of ports, of SDP and of SIP, as one; each is a status, and words where the peer can do something about it.
//! Errors: it is one.
//! Sources: RFC 3261 §20.43.

use antiphon_media::sdp::SdpError;
use antiphon_sip::{Rejection, SipError, StatusCode};

use crate::media::ports::NoPort;

/// Why a leg cannot be.
#[derive(Debug, thiserror::Error)]
pub enum LegError {
    /// Every RTP port is in use.
    #[error(transparent)]
    NoPort(#[from] NoPort),
    /// The peer's SDP is unusable.
    #[error(transparent)]
    Sdp(#[from] SdpError),
    /// The dialog is gone.
    #[error(transparent)]
    Sip(#[from] SipError),
}

impl LegError {
    /// What the peer is told.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoPort(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Sdp(_) => StatusCode::NOT_ACCEPTABLE_HERE,
            Self::Sip(_) => StatusCode::SERVER_ERROR,
        }
    }

    /// What the peer is told, with the reason in words where it can do something about it (RFC 3261 §20.43).
    pub fn rejection(&self) -> Rejection {
        let mut rejection = Rejection::from(self.status());
        if let Self::Sdp(error) = self {
            rejection.headers.push(("Warning".to_owned(), format!("399 antiphon \"{error}\"")));
        }
        rejection
    }
}
