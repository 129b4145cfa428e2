//! What comes before the first sound of a recording that leaves silence out: kept for a moment, in case it belongs to the first word.
//!
//! Shape: a ring of samples of one channel, made whole at the beginning.
//! Units: samples of the recording's own rate.

use std::time::Duration;

use super::Rate;

/// How much of a silence stays at either end.
pub(super) const STAYS: Duration = Duration::from_millis(200);

/// The last samples before the first sound.
#[derive(Debug)]
pub(super) struct Lead {
    ring: Box<[i16]>,
    /// Where the next sample goes.
    at: usize,
    filled: usize,
    /// How many have gone by, those that are kept with them.
    pub(super) passed: u64,
}

impl Lead {
    pub(super) fn new(rate: Rate) -> Self {
        let samples = usize::try_from(rate.samples(STAYS)).unwrap_or_default();
        Self { ring: vec![0; samples].into_boxed_slice(), at: 0, filled: 0, passed: 0 }
    }

    /// Keeps a frame.
    pub(super) fn keep(&mut self, frame: &[i16]) {
        self.passed += frame.len() as u64;
        for &sample in frame {
            if let Some(place) = self.ring.get_mut(self.at) {
                *place = sample;
            }
            self.at = (self.at + 1) % self.ring.len().max(1);
            self.filled = (self.filled + 1).min(self.ring.len());
        }
    }

    /// What is kept, the oldest first, in two parts.
    pub(super) fn kept(&self) -> (&[i16], &[i16]) {
        if self.filled < self.ring.len() {
            return (self.ring.get(..self.filled).unwrap_or_default(), &[]);
        }
        let (newer, older) = self.ring.split_at(self.at.min(self.ring.len()));
        (older, newer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_samples_are_kept_in_their_order() {
        let mut lead = Lead::new(Rate::Narrow);
        lead.keep(&[1, 2, 3]);
        assert_eq!(lead.kept(), (&[1, 2, 3][..], &[][..]));
        let frames: Vec<i16> = (0..2_000).collect();
        frames.chunks(160).for_each(|frame| lead.keep(frame));
        let (first, second) = lead.kept();
        assert_eq!([first, second].concat(), frames[400..], "200 ms");
        assert_eq!(lead.passed, 2_003);
    }
}
