//! SIP URIs that an administrator writes down for somebody to be called: a trunk, a phone's fixed contact.
//!
//! Shape: a text is checked where it is written, so that a mistake is answered there and not met by a caller; [`transport`] says
//! what a URI asks for, here and where the way to it is looked for.
//! Errors: [`BadPeerUri`].
//! Sources: RFC 3261 §19.1.1, §19.1.2, §26.2.2 (`sips:`); RFC 5630 §3.1 (TLS with `sips:`).

use antiphon_sip::{Scheme, Transport, Uri};

/// Why nobody can be called at a text.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum BadPeerUri {
    /// It does not read as a SIP URI.
    #[error("is not a SIP URI, as in sip:alice@192.0.2.7:5060")]
    Malformed,
    /// It names a transport that is not there, or one that `sips:` excludes.
    #[error(
        "asks for a transport that is not built yet or not for this scheme; udp, tcp and tls are, and sips: is over tls"
    )]
    Transport,
}

/// Checks that somebody can be called at this URI.
///
/// # Errors
/// [`BadPeerUri`] when it is no URI of `sip:` or `sips:` over UDP, TCP or TLS.
pub fn check(text: &str) -> Result<(), BadPeerUri> {
    let uri: Uri = text.parse().map_err(|_| BadPeerUri::Malformed)?;
    transport(&uri).map(drop)
}

/// The transport that a URI asks for; `None` leaves the choice to us (RFC 3263 §4.1).
///
/// # Errors
/// [`BadPeerUri`] when there is none to choose.
pub fn transport(uri: &Uri) -> Result<Option<Transport>, BadPeerUri> {
    let named = match uri.param("transport") {
        Some(name) => Some(Transport::from_param(&name).ok_or(BadPeerUri::Transport)?),
        None => None,
    };
    match (uri.scheme(), named) {
        (Scheme::Sip, named) => Ok(named),
        (Scheme::Sips, Some(Transport::Udp)) => Err(BadPeerUri::Transport),
        // TCP under `sips:` is TLS over TCP.
        (Scheme::Sips, Some(Transport::Tcp | Transport::Tls)) => Ok(Some(Transport::Tls)),
        (Scheme::Sips, None) => Ok(None),
        (Scheme::Tel | Scheme::Other(_), _) => Err(BadPeerUri::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_asks_for_its_transport() {
        let cases = [
            ("sip:a.example", Ok(None)),
            ("sip:a.example;transport=UDP", Ok(Some(Transport::Udp))),
            ("sip:a.example;transport=tcp", Ok(Some(Transport::Tcp))),
            ("sip:a.example;transport=tls", Ok(Some(Transport::Tls))),
            ("sips:a.example", Ok(None)),
            ("sips:a.example;transport=tcp", Ok(Some(Transport::Tls))),
            ("sips:a.example;transport=udp", Err(BadPeerUri::Transport)),
            ("sip:a.example;transport=sctp", Err(BadPeerUri::Transport)),
            ("tel:+1", Err(BadPeerUri::Malformed)),
        ];
        for (text, expected) in cases {
            assert_eq!(transport(&text.parse().unwrap()), expected, "{text}");
        }
    }
}
