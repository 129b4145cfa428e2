//! Telling the web servers of a script what happens while one of its ops runs.
//!
//! Shape: a [`News`] and who watches in; what the surface makes of it goes out as a [`antiphon_ivr::op::Tell`] does, and nobody waits.
//! Errors: none; what cannot be told is dropped and counted.
//! Sources: `kazoo-pivot.md` 5.4 (status callbacks).

use antiphon_ivr::op::{News, Watcher};

use super::fetch;
use crate::{calls::CallId, rooms::Rooms, store::ClientId};

/// Tells whoever watches this call.
pub(super) fn tell(rooms: &Rooms, (client, call): (ClientId, CallId), watcher: &Watcher, news: &News) {
    let Some(tell) = watcher.0.news(news) else { return };
    if let Some(trace) = rooms.trace.call(call) {
        fetch::tell(rooms, client, &trace, tell);
    }
}
