//! A bounded memory: what was used longest ago gives way.
//!
//! Shape: things by a key, each of a size; the sizes are whatever the owner counts in.

use std::{collections::HashMap, hash::Hash};

/// Things of a size, each with when it was used last.
#[derive(Debug)]
pub(crate) struct Shelf<K, V> {
    most: u64,
    total: u64,
    uses: u64,
    things: HashMap<K, (V, u64, u64)>,
}

impl<K: Clone + Eq + Hash, V: Clone> Shelf<K, V> {
    /// A shelf for so much.
    pub(crate) fn new(most: u64) -> Self {
        Self { most, total: 0, uses: 0, things: HashMap::new() }
    }

    /// A thing, which is used now.
    pub(crate) fn take(&mut self, key: &K) -> Option<V> {
        self.uses += 1;
        let (thing, used, _) = self.things.get_mut(key)?;
        *used = self.uses;
        Some(thing.clone())
    }

    /// Puts a thing there; what has to go for it. A thing that is larger than all the room is one of those.
    pub(crate) fn put(&mut self, key: K, thing: V, size: u64) -> Vec<K> {
        self.uses += 1;
        if let Some((_, _, before)) = self.things.insert(key, (thing, self.uses, size)) {
            self.total -= before;
        }
        self.total += size;
        let mut gone = Vec::new();
        while self.total > self.most {
            let Some(oldest) = self.remove_oldest() else { break };
            gone.push(oldest);
        }
        gone
    }

    /// Removes a thing.
    pub(crate) fn remove(&mut self, key: &K) {
        if let Some((_, _, size)) = self.things.remove(key) {
            self.total -= size;
        }
    }

    /// Removes what was used longest ago.
    pub(crate) fn remove_oldest(&mut self) -> Option<K> {
        let oldest = self.things.iter().min_by_key(|(_, (_, used, _))| *used).map(|(key, _)| key.clone())?;
        self.remove(&oldest);
        Some(oldest)
    }

    /// What is there, in no order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.things.keys()
    }

    /// The size of all that is there.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The most that may be there.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }
}
