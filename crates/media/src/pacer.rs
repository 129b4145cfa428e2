//! When frames are due: at `start + n x ptime`, never at `now + ptime`.
//!
//! Shape: one schedule a stream; [`Pacer::take`] answers the frames that are due, one a call.
//! Time: told. A late service sends the frame due now and up to [`CATCH_UP`] late ones; older frames are skipped.

use std::time::{Duration, Instant};

/// Late frames that are still sent, beside the one that is due.
pub(crate) const CATCH_UP: u32 = 3;

/// The schedule of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Pacer {
    next_due: Instant,
    ptime: Duration,
}

/// A frame to send now.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Due {
    /// Frames before this one that nobody will send.
    pub(crate) skipped: u32,
    /// Whether this frame should have gone before the one due now.
    pub(crate) punctuality: Punctuality,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Punctuality {
    OnTime,
    CaughtUp,
}

impl Pacer {
    pub(crate) fn new(first: Instant, ptime: Duration) -> Self {
        Self { next_due: first, ptime }
    }

    pub(crate) fn next_due(&self) -> Instant {
        self.next_due
    }

    /// Goes on with another packet length from the next frame on, which stays due when it was.
    pub(crate) fn change_ptime(&mut self, ptime: Duration) {
        self.ptime = ptime;
    }

    /// The next frame due at `now`, if one is.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Due> {
        let late = now.checked_duration_since(self.next_due)?;
        let late_frames = late.as_nanos() / self.ptime.as_nanos();
        let skipped = u32::try_from(late_frames.saturating_sub(u128::from(CATCH_UP))).unwrap_or(u32::MAX);
        self.next_due += self.ptime * skipped + self.ptime;
        let punctuality = if late_frames == 0 { Punctuality::OnTime } else { Punctuality::CaughtUp };
        Some(Due { skipped, punctuality })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PTIME: Duration = Duration::from_millis(20);

    /// Services at these offsets give these frames: (offset, frames sent, caught up, skipped).
    #[test]
    fn late_services_catch_up_three_frames_and_skip_the_rest() {
        let start = crate::test_start();
        let table =
            [(0, 1, 0, 0), (19, 0, 0, 0), (20, 1, 0, 0), (60, 2, 1, 0), (140, 4, 3, 0), (260, 4, 3, 2), (280, 1, 0, 0)];
        let mut pacer = Pacer::new(start, PTIME);
        for (offset, sent, caught_up, skipped) in table {
            let now = start + Duration::from_millis(offset);
            let frames: Vec<Due> = std::iter::from_fn(|| pacer.take(now)).collect();
            let late = frames.iter().filter(|due| due.punctuality == Punctuality::CaughtUp).count();
            let lost: u32 = frames.iter().map(|due| due.skipped).sum();
            assert_eq!((frames.len(), late, lost), (sent, caught_up, skipped), "at {offset} ms");
        }
    }

    #[test]
    fn ten_thousand_frames_are_due_at_exact_instants_whatever_the_service() {
        let start = crate::test_start();
        let mut pacer = Pacer::new(start, PTIME);
        for frame in 0..10_000u32 {
            let due = start + PTIME * frame;
            assert_eq!(pacer.next_due(), due);
            let jitter = Duration::from_micros(u64::from(frame.wrapping_mul(2_654_435_761) % 19_999));
            assert!(pacer.take(due - Duration::from_nanos(1)).is_none());
            assert_eq!(pacer.take(due + jitter), Some(Due { skipped: 0, punctuality: Punctuality::OnTime }));
        }
    }
}
