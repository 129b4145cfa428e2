//! Sound of calls on its way to web servers, and from there.
//!
//! Shape: [`Streams`] counts how many go on; `pump` is one of them, from its connection to its end; `protocol` has its messages.
//! Errors: with [`MOST`] streams, or [`OF_CLIENT`] of a client, a further one does not begin.
//! Sources: Twilio, "Media Streams"; `kazoo-pivot.md` 5.4.

mod protocol;
mod pump;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use self::pump::{Ears, News, Pump, Word};
use crate::store::ClientId;

/// Streams that go on at once.
pub const MOST: usize = 4_096;
/// Those of one client.
pub const OF_CLIENT: usize = 512;

/// How many streams go on. Clones count together.
#[derive(Clone, Default, Debug)]
pub struct Streams(Arc<Mutex<Counts>>);

#[derive(Default, Debug)]
struct Counts {
    all: usize,
    of_client: HashMap<ClientId, usize>,
}

/// The right to have one, given back when it is dropped.
#[derive(Debug)]
pub struct Permit(Streams, ClientId);

impl Streams {
    /// One more of this client; `None` where there are as many as may be.
    pub fn enter(&self, client: ClientId) -> Option<Permit> {
        let mut counts = self.lock();
        let own = counts.of_client.get(&client).copied().unwrap_or_default();
        if counts.all >= MOST || own >= OF_CLIENT {
            return None;
        }
        counts.all += 1;
        counts.of_client.insert(client, own + 1);
        metrics::gauge!("antiphon_streams_active").set(counts.all as f64);
        Some(Permit(self.clone(), client))
    }

    /// The counts are whole after every statement, so a panic elsewhere while they were locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.0.lock();
        counts.all -= 1;
        let own = counts.of_client.get(&self.1).copied().unwrap_or(1) - 1;
        if own == 0 {
            counts.of_client.remove(&self.1);
        } else {
            counts.of_client.insert(self.1, own);
        }
        metrics::gauge!("antiphon_streams_active").set(counts.all as f64);
    }
}
