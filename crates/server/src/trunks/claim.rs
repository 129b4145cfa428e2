//! How many calls a trunk carries.
//!
//! Shape: a [`Claim`] is one call's place, given back when it is dropped.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::settings::Trunk;

/// One call's place on a trunk. It goes with the party that it was taken for, whichever call that is in.
#[derive(Debug)]
pub struct Claim {
    trunk: Arc<Trunk>,
    _place: Place,
}

impl Claim {
    /// Takes a place on a trunk that carries this many calls, unless those are as many as it may.
    pub(super) fn take(carried: Arc<AtomicUsize>, trunk: Arc<Trunk>) -> Option<Self> {
        let place = Place::take(carried, trunk.max_calls)?;
        Some(Self { trunk, _place: place })
    }

    /// Whose place it is.
    pub fn trunk(&self) -> &Arc<Trunk> {
        &self.trunk
    }
}

/// One of the places that are counted.
#[derive(Debug)]
struct Place {
    carried: Arc<AtomicUsize>,
}

impl Place {
    /// Takes a place, unless as many are taken as there may be.
    fn take(carried: Arc<AtomicUsize>, most: Option<usize>) -> Option<Self> {
        let most = most.unwrap_or(usize::MAX);
        let place = |taken: usize| (taken < most).then(|| taken + 1);
        carried.fetch_update(Ordering::AcqRel, Ordering::Acquire, place).ok()?;
        Some(Self { carried })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.carried.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_call_is_over() {
        let carried = Arc::new(AtomicUsize::new(0));
        let take = || Place::take(carried.clone(), Some(2));
        let (first, second) = (take(), take());
        assert!(first.is_some() && second.is_some() && take().is_none());
        drop(first);
        assert!(take().is_some());
        assert!(Place::take(carried.clone(), None).is_some(), "without a limit there is room");
        drop(second);
        assert_eq!(carried.load(Ordering::Acquire), 0);
    }
}
