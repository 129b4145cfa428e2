//! SIP URIs as targets of a dial.
//!
//! Shape: what a script dials in, an [`Asked`] out: its number where the URI names us or a trunk, the URI where it names a host that the
//! settings allow.
//! Errors: 404 for what is no SIP URI, 403 for a host that scripts may not name.
//! Sources: RFC 3261 §19.1; `kazoo-pivot.md` 4.1 (device), 5.4 (Sip).
//!
//! A document of somebody else must not make us call where its client may not: a host is called only where `dial_hosts` names it, and a
//! number at the host of a trunk only where the trunk's `dial` patterns allow it.

use std::sync::Arc;

use antiphon_sip::{StatusCode, Uri};

use super::{calling::Calling, wanted};
use crate::{
    peer_uri,
    settings::{LiveSettings, Trunk},
};

/// The longest URI.
const LONGEST: usize = 512;

/// What a dialled string asks for.
pub(super) enum Asked {
    /// A number, as the directory knows it.
    Number(String),
    /// A number at this trunk, whose patterns allow it.
    AtTrunk(Arc<Trunk>, String),
    /// Whoever is at this URI.
    At(Uri),
}

/// What a dialled string asks for, with the headers that a URI wants.
pub(super) fn read(
    call: &Calling<'_>,
    settings: &LiveSettings,
    dialled: &str,
) -> Result<(Asked, Vec<(String, String)>), StatusCode> {
    let scheme = dialled.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("sip" | "sips")) {
        return Ok((Asked::Number(dialled.to_owned()), Vec::new()));
    }
    let (bare, headers) = dialled.split_once('?').unwrap_or((dialled, ""));
    let headers = wanted::of_uri(headers);
    let uri: Uri = bare.parse().map_err(|_| StatusCode::NOT_FOUND)?;
    if bare.len() > LONGEST || peer_uri::transport(&uri).is_err() || uri.param("maddr").is_some() {
        return Err(StatusCode::NOT_FOUND);
    }
    let number = uri.user().unwrap_or_default().into_owned();
    if is_ours(call, settings, &uri) {
        return Ok((Asked::Number(number), headers));
    }
    let at_host = |trunk: &&Arc<Trunk>| {
        trunk.uri.parse::<Uri>().is_ok_and(|by| by.host().eq_ignore_ascii_case(uri.host()) && by.port() == uri.port())
    };
    let allowed = |trunk: &&Arc<Trunk>| trunk.dial.iter().any(|pattern| pattern.is_match(&number));
    if let Some(trunk) = settings.trunks.iter().filter(at_host).find(allowed) {
        return Ok((Asked::AtTrunk(trunk.clone(), number), headers));
    }
    if !settings.access.dial_hosts.iter().any(|hosts| hosts.allows(&uri)) {
        tracing::info!(host = uri.host(), "a script may not call anybody there");
        return Err(StatusCode::FORBIDDEN);
    }
    Ok((Asked::At(uri), headers))
}

/// Whether a URI names this server.
fn is_ours(call: &Calling<'_>, settings: &LiveSettings, uri: &Uri) -> bool {
    let Some(ip) = uri.ip() else { return uri.host().eq_ignore_ascii_case(&settings.access.realm) };
    call.rooms.listeners.iter().any(|listener| {
        [listener.local, listener.advertised]
            .iter()
            .any(|address| address.ip() == ip && uri.port().unwrap_or(5060) == address.port())
    })
}
