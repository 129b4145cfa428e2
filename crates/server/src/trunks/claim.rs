//! How many calls a trunk carries.
//!
//! Shape: a [`Claim`] is one call's place, given back when it is dropped.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// One call's place on a trunk.
#[derive(Debug)]
pub struct Claim {
    carried: Arc<AtomicUsize>,
}

impl Claim {
    /// Takes a place, unless as many are taken as there may be.
    pub(super) fn take(carried: Arc<AtomicUsize>, most: Option<usize>) -> Option<Self> {
        let most = most.unwrap_or(usize::MAX);
        let place = |taken: usize| (taken < most).then(|| taken + 1);
        carried.fetch_update(Ordering::AcqRel, Ordering::Acquire, place).ok()?;
        Some(Self { carried })
    }
}

impl Drop for Claim {
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
        let take = || Claim::take(carried.clone(), Some(2));
        let (first, second) = (take(), take());
        assert!(first.is_some() && second.is_some() && take().is_none());
        drop(first);
        assert!(take().is_some());
        assert!(Claim::take(carried.clone(), None).is_some(), "without a limit there is room");
        drop(second);
        assert_eq!(carried.load(Ordering::Acquire), 0);
    }
}
