//! Sources by address: a table that never grows beyond its size.
//!
//! Shape: sets of [`WAYS`] places, found by a hash with a secret of its own, so that nobody chooses whom he shares a set with. In a
//! full set a new source takes the place of the one that is missed least: the one that nobody vouches for and that was silent longest.
//! Locks: one a shard of sets, held for one look-up, and never while anything else is waited for. Calls take none of them.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use super::source::{Source, Standing};

/// Places in a set.
const WAYS: usize = 8;
/// Sets behind one lock.
const SETS: usize = 256;
/// Locks. The product of the three is what is remembered at most: 65,536 sources.
const SHARDS: usize = 32;
/// Sources remembered at most: 65,536.
#[cfg(test)]
pub(super) const CAPACITY: usize = WAYS * SETS * SHARDS;

/// How a source is counted: an IPv4 address, the upper half of an IPv6 address, which is one customer's (RFC 6177), or a trusted address
/// of either kind by itself.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub(super) struct Key(u128);

impl Key {
    pub(super) fn of(address: IpAddr, standing: Standing) -> Self {
        let whole = match address.to_canonical() {
            IpAddr::V4(v4) => return Self(v4.to_ipv6_mapped().to_bits()),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        match standing {
            Standing::Trusted => Self(whole),
            // With the lower half all ones, which is no trusted address that anybody has.
            Standing::Unknown => Self(whole | u128::from(u64::MAX)),
        }
    }
}

#[derive(Debug)]
struct Place {
    key: Key,
    seen: u64,
    source: Source,
}

type Shard = Vec<Vec<Place>>;

/// The sources.
#[derive(Debug)]
pub(super) struct Table {
    secret: RandomState,
    shards: Vec<Mutex<Shard>>,
}

impl Table {
    pub(super) fn new() -> Self {
        let shard = || Mutex::new(std::iter::repeat_with(Vec::new).take(SETS).collect());
        Self { secret: RandomState::new(), shards: std::iter::repeat_with(shard).take(SHARDS).collect() }
    }

    /// Looks a source up, making room for it if it is new.
    pub(super) fn with<T>(&self, now: u64, key: Key, act: impl FnOnce(&mut Source) -> T) -> T {
        let hash = self.secret.hash_one(key) as usize;
        // A shard is whole after every statement, so a panic elsewhere while it was locked harms nothing.
        let mut shard = self.shards[hash % SHARDS].lock().unwrap_or_else(PoisonError::into_inner);
        let set = &mut shard[hash / SHARDS % SETS];
        let at = match set.iter().position(|place| place.key == key) {
            Some(at) => at,
            None if set.len() < WAYS => {
                set.push(Place { key, seen: now, source: Source::default() });
                set.len() - 1
            }
            None => {
                let least = set.iter().enumerate().min_by_key(|(_, place)| (place.source.weight(now), place.seen));
                let at = least.map_or(0, |(at, _)| at);
                set[at] = Place { key, seen: now, source: Source::default() };
                at
            }
        };
        set[at].seen = now;
        act(&mut set[at].source)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap().iter().map(Vec::len).sum::<usize>()).sum()
    }
}
