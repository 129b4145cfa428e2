//! The sounds of web servers that are kept in memory, so many bytes for all clients.
//!
//! Shape: a shelf for each client; where all together are too much, whoever has most gives way, so that one client's many sounds cost
//! no other client's few.

use std::{collections::BTreeMap, sync::Arc};

use antiphon_media::Audio;
use tokio::time::Instant;

use super::freshness::Freshness;
use crate::{shelf::Shelf, store::ClientId};

/// What a sound takes beside its samples, about.
const ENTRY: u64 = 1_024;

/// A sound that was fetched.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) audio: Arc<Audio>,
    /// Until then its server is not asked.
    pub(super) fresh_until: Instant,
    /// The header by which it is asked whether this is still the sound.
    pub(super) validator: Option<(String, String)>,
}

impl Kept {
    pub(super) fn new(audio: Arc<Audio>, Freshness { lasts, validator }: Freshness) -> Self {
        Self { audio, fresh_until: Instant::now() + lasts, validator }
    }

    /// It is still the same.
    pub(super) fn renewed(self, Freshness { lasts, validator }: Freshness) -> Self {
        Self { fresh_until: Instant::now() + lasts, validator: validator.or(self.validator), ..self }
    }
}

/// The sounds of all clients.
#[derive(Debug)]
pub(super) struct Shares {
    most: u64,
    clients: BTreeMap<ClientId, Shelf<String, Kept>>,
}

impl Shares {
    pub(super) fn new(most: u64) -> Self {
        Self { most, clients: BTreeMap::new() }
    }

    pub(super) fn take(&mut self, client: ClientId, url: &str) -> Option<Kept> {
        self.clients.get_mut(&client)?.take(&url.to_owned())
    }

    pub(super) fn remove(&mut self, client: ClientId, url: &str) {
        if let Some(shelf) = self.clients.get_mut(&client) {
            shelf.remove(&url.to_owned());
        }
    }

    pub(super) fn put(&mut self, client: ClientId, url: &str, kept: Kept, bytes: u64) {
        let shelf = self.clients.entry(client).or_insert_with(|| Shelf::new(self.most));
        shelf.put(url.to_owned(), kept, bytes + ENTRY);
        while self.clients.values().map(Shelf::total).sum::<u64>() > self.most {
            if !self.make_room(None, 1) {
                return;
            }
        }
    }

    /// Has as many bytes go, of this client or of the one that has most; whether any have.
    pub(super) fn make_room(&mut self, of: Option<ClientId>, bytes: u64) -> bool {
        let shelf = match of {
            Some(client) => self.clients.get_mut(&client),
            None => self.clients.values_mut().max_by_key(|shelf| shelf.total()),
        };
        let Some(shelf) = shelf else { return false };
        let before = shelf.total();
        while before - shelf.total() < bytes && shelf.remove_oldest().is_some() {}
        before > shelf.total()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_client_with_most_gives_way() {
        let mut shares = Shares::new(10 * ENTRY);
        let put = |shares: &mut Shares, client: u64, url: &str| {
            let freshness = Freshness { lasts: Duration::ZERO, validator: None };
            shares.put(ClientId(client), url, Kept::new(Arc::new(Audio::from_pcm(&[])), freshness), ENTRY);
        };
        put(&mut shares, 1, "own");
        for url in ["a", "b", "c", "d", "e"] {
            put(&mut shares, 2, url);
        }
        let is_there = |shares: &mut Shares, client: u64, url: &str| shares.take(ClientId(client), url).is_some();
        assert!(is_there(&mut shares, 1, "own") && is_there(&mut shares, 2, "e") && !is_there(&mut shares, 2, "a"));
        shares.remove(ClientId(1), "own");
        assert!(!is_there(&mut shares, 1, "own"));
    }
}
