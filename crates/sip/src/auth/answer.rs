//! Answering the challenges that our calls get.
//!
//! Shape: the headers of a 401 or 407 in, the header of the next attempt out.
//! Sources: RFC 3261 §22.2, §22.3; RFC 7616 §3.4; RFC 8760 §2.4 (the first challenge we can answer is the one preferred).

use super::digest::{Algorithm, Exchange, fields};
use crate::event::Credentials;
use crate::message::text::quote;
use crate::message::{Headers, StatusCode};

/// Where a status keeps its challenges, and where the answer goes.
fn header_names(status: StatusCode) -> Option<(&'static str, &'static str)> {
    match status {
        StatusCode::UNAUTHORIZED => Some(("WWW-Authenticate", "Authorization")),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Some(("Proxy-Authenticate", "Proxy-Authorization")),
        _ => None,
    }
}

/// Whether a challenge says that only the nonce was too old.
pub(crate) fn is_stale(status: StatusCode, headers: &Headers) -> bool {
    header_names(status).is_some_and(|(challenge, _)| {
        headers
            .all(challenge)
            .any(|value| fields(value).get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")))
    })
}

/// The header that answers the first challenge these credentials are for: its name and value.
pub(crate) fn answer(
    status: StatusCode,
    headers: &Headers,
    credentials: &Credentials,
    method: &str,
    uri: &str,
    cnonce: &str,
) -> Option<(&'static str, String)> {
    let (challenge_name, answer_name) = header_names(status)?;
    headers.all(challenge_name).find_map(|challenge| {
        let challenge = fields(challenge);
        let algorithm = Algorithm::named(challenge.get("algorithm").map(String::as_str))?;
        let (realm, nonce) = (challenge.get("realm")?, challenge.get("nonce")?);
        if credentials.realm.as_ref().is_some_and(|wanted| wanted != realm) {
            return None;
        }
        let with_qop = match challenge.get("qop") {
            None => false,
            Some(offered) if offered.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => true,
            Some(_) => return None,
        };
        let count = with_qop.then_some(("00000001", cnonce));
        let response = Exchange {
            algorithm,
            username: &credentials.username,
            realm,
            password: &credentials.password,
            method,
            uri,
            nonce,
            count,
        }
        .response();
        let mut value = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\", algorithm={}",
            quote(&credentials.username),
            quote(realm),
            quote(nonce),
            quote(uri),
            algorithm.name()
        );
        if let Some((nc, cnonce)) = count {
            value.push_str(&format!(", qop=auth, nc={nc}, cnonce=\"{cnonce}\""));
        }
        if let Some(opaque) = challenge.get("opaque") {
            value.push_str(&format!(", opaque={}", quote(opaque)));
        }
        Some((answer_name, value))
    })
}
