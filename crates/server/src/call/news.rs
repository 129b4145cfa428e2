//! Telling the web servers of a script what happens while one of its ops runs.
//!
//! Shape: a [`News`] and who watches in; what the surface makes of it goes out, and nobody waits.
//! Time: as long as a request and its retries take, whatever the call does meanwhile.
//! Errors: what cannot be told is an entry in the log.
//! Sources: `kazoo-pivot.md` 5.4 (status callbacks).

use std::sync::Arc;

use antiphon_ivr::op::{News, Tell, Watcher};

use crate::{rooms::Rooms, store::ClientId};

/// Tells whoever watches.
pub(super) fn tell(rooms: &Arc<Rooms>, client: ClientId, watcher: &Watcher, news: &News) {
    if let Some(tell) = watcher.0.news(news) {
        let rooms = rooms.clone();
        // Ends: there are few tries, each with its patience.
        tokio::spawn(send(rooms, client, tell));
    }
}

async fn send(rooms: Arc<Rooms>, client: ClientId, tell: Tell) {
    let Tell { fetch, retries, pause } = tell;
    for left in (0..=retries).rev() {
        match rooms.web.fetch(client, &fetch).await.outcome {
            Ok(page) if (200..300).contains(&page.status) => return,
            _ if left > 0 => tokio::time::sleep(pause).await,
            _ => tracing::info!("a web server could not be told of a call"),
        }
    }
}
