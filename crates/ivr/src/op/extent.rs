//! How much of prompts was heard.
//!
//! Units: the time of the prompts, not of the clock: what they wait for before they begin is no part of it.

use std::time::Duration;

/// How much of prompts was heard, which a key or a voice may have stopped.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Extent {
    /// Of each prompt that was begun, how long of it was heard. Where one is over the next is begun, and behind the last an end of no length.
    begun: Vec<Duration>,
}

impl Extent {
    /// So much of prompts that are so long; nothing of them was begun in [`Self::default`].
    pub fn new(lengths: &[Duration], heard: Duration) -> Self {
        let mut begun = Vec::with_capacity(lengths.len() + 1);
        let mut rest = heard;
        for length in lengths {
            begun.push((*length).min(rest));
            match rest.checked_sub(*length) {
                Some(left) => rest = left,
                None => return Self { begun },
            }
        }
        begun.push(Duration::ZERO);
        Self { begun }
    }

    /// All of prompts that are so long.
    pub fn whole(lengths: &[Duration]) -> Self {
        Self::new(lengths, Duration::MAX)
    }

    /// How long of them was heard from the beginning of this prompt on; `None` where it was not begun. Behind the last prompt is one more
    /// place, which is reached when all of them were heard.
    pub fn since(&self, prompt: usize) -> Option<Duration> {
        let heard = self.begun.get(prompt..).filter(|heard| !heard.is_empty())?;
        Some(heard.iter().fold(Duration::ZERO, |sum, length| sum.saturating_add(*length)))
    }

    /// How long of them was heard.
    pub fn heard(&self) -> Duration {
        self.since(0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prompts of 100, 0 and 50 ms, of which so much is heard: what was heard from each place on.
    #[track_caller]
    fn check(heard: u64, expect: [Option<u64>; 4]) {
        let lengths = [100, 0, 50].map(Duration::from_millis);
        let extent = Extent::new(&lengths, Duration::from_millis(heard));
        let since = [0, 1, 2, 3].map(|prompt| extent.since(prompt).map(|since| since.as_millis() as u64));
        assert_eq!(since, expect, "{heard} ms");
        assert_eq!(extent.heard().as_millis() as u64, heard.min(150));
    }

    #[test]
    fn what_was_heard_is_known_from_each_prompt_that_was_begun() {
        check(0, [Some(0), None, None, None]);
        check(99, [Some(99), None, None, None]);
        check(100, [Some(100), Some(0), Some(0), None]);
        check(149, [Some(149), Some(49), Some(49), None]);
        check(150, [Some(150), Some(50), Some(50), Some(0)]);
        check(10_000, [Some(150), Some(50), Some(50), Some(0)]);
        assert_eq!(Extent::default().since(0), None);
        assert_eq!(Extent::whole(&[]).since(0), Some(Duration::ZERO));
        assert_eq!(Extent::whole(&[Duration::MAX, Duration::MAX]).heard(), Duration::MAX);
    }
}
