//! Connections by source address.
//!
//! Shape: a count an address, given back by dropping a [`Pass`]. There are at most as many addresses as connections.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::table::Key;

/// How many connections each source has.
#[derive(Clone, Default, Debug)]
pub(super) struct Connections {
    counts: Arc<Mutex<HashMap<Key, u32>>>,
}

/// One connection of a source; dropping it makes room for another.
#[derive(Debug)]
pub struct Pass {
    key: Key,
    counts: Connections,
}

impl Connections {
    /// One more connection of this source, if that is not more than `most`; 0 is no limit.
    pub(super) fn admit(&self, key: Key, most: u32) -> Option<Pass> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(&key).copied().unwrap_or(0);
        if most > 0 && count >= most {
            return None;
        }
        counts.insert(key, count.saturating_add(1));
        Some(Pass { key, counts: self.clone() })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut counts = self.counts.counts.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(&self.key)),
        }
    }
}
