//! SIP URIs that an administrator writes down for somebody to be called: a trunk, a phone's fixed contact.
//!
//! Shape: a text is checked where it is written, so that a mistake is answered there and not met by a caller.
//! Errors: [`BadPeerUri`].
//! Sources: RFC 3261 §19.1.1.

use antiphon_sip::{Scheme, Uri};

/// Why nobody can be called at a text.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum BadPeerUri {
    /// It does not read as a SIP URI.
    #[error("is not a SIP URI, as in sip:alice@192.0.2.7:5060")]
    Malformed,
    /// It names a transport that is not there.
    #[error("asks for a transport that is not built yet; udp and tcp are")]
    Transport,
}

/// Checks that somebody can be called at this URI.
///
/// # Errors
/// [`BadPeerUri`] when it is no URI of `sip:` over UDP or TCP.
pub fn check(text: &str) -> Result<(), BadPeerUri> {
    let uri: Uri = text.parse().map_err(|_| BadPeerUri::Malformed)?;
    match uri.scheme() {
        Scheme::Sip => {}
        Scheme::Sips => return Err(BadPeerUri::Transport),
        Scheme::Tel | Scheme::Other(_) => return Err(BadPeerUri::Malformed),
    }
    match uri.param("transport") {
        Some(name) if !name.eq_ignore_ascii_case("udp") && !name.eq_ignore_ascii_case("tcp") => {
            Err(BadPeerUri::Transport)
        }
        Some(_) | None => Ok(()),
    }
}
