//! How much of something each client may have at once, and all together.
//!
//! Shape: whoever wants one takes a [`Place`], and gives it back by dropping it. Nobody waits here.
//! Errors: none; no place is what its taker makes of it. The table has an entry for each client that has a place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::store::ClientId;

/// The places of one kind. Clones are the same places.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    all: usize,
    taken: Arc<Mutex<HashMap<ClientId, usize>>>,
}

/// A client's place.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    client: ClientId,
}

impl Places {
    /// So many places in all.
    pub(crate) fn new(all: usize) -> Self {
        Self { all, taken: Arc::default() }
    }

    /// A place, unless the client has as many as it may, or all have.
    pub(crate) fn take(&self, client: ClientId, of_a_client: usize) -> Option<Place> {
        let mut taken = self.lock();
        let own = taken.get(&client).copied().unwrap_or_default();
        if own >= of_a_client || taken.values().sum::<usize>() >= self.all {
            return None;
        }
        taken.insert(client, own + 1);
        Some(Place { places: self.clone(), client })
    }

    /// The map is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, HashMap<ClientId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(count) = taken.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_share_and_all_have_no_more_than_there_is() {
        let (places, one, other) = (Places::new(3), ClientId(1), ClientId(2));
        let taken = [places.take(one, 2).unwrap(), places.take(one, 2).unwrap()];
        assert!(places.take(one, 2).is_none());
        let last = places.take(other, 2);
        assert!(last.is_some() && places.take(ClientId(3), 2).is_none());
        drop(taken);
        assert!(places.take(one, 2).is_some());
        drop(last);
        assert!(places.lock().is_empty());
    }
}
