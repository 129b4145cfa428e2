//! Who wants to be woken when.
//!
//! Shape: one deadline a key; the earliest is found and taken in logarithmic time.
//! Time: told; nothing here knows what time it is.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

/// One deadline for each key.
#[derive(Debug)]
pub(crate) struct Timetable<K> {
    by_key: HashMap<K, Instant>,
    by_time: BTreeSet<(Instant, K)>,
}

impl<K> Default for Timetable<K> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), by_time: BTreeSet::new() }
    }
}

impl<K: Clone + Eq + Hash + Ord> Timetable<K> {
    /// Replaces the deadline of `key`; `None` removes it.
    pub(crate) fn set(&mut self, key: &K, deadline: Option<Instant>) {
        if self.by_key.get(key) == deadline.as_ref() {
            return;
        }
        if let Some(old) = self.by_key.remove(key) {
            self.by_time.remove(&(old, key.clone()));
        }
        if let Some(deadline) = deadline {
            self.by_key.insert(key.clone(), deadline);
            self.by_time.insert((deadline, key.clone()));
        }
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(deadline, _)| *deadline)
    }

    /// Takes the earliest key whose deadline has come.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<K> {
        let (deadline, _) = self.by_time.first()?;
        if *deadline > now {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }
}
