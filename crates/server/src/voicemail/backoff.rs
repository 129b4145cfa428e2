//! When a mail that failed is tried again.
//!
//! Shape: half a minute after the first attempt, then twice as long each time, up to an hour; up to a quarter more by chance, so that
//! many do not come at once. After three days no more.
//! Time: told; milliseconds since 1970.
//! Sources: RFC 5321 §4.5.4.1.

/// After the first attempt.
const FIRST_MS: u64 = 30_000;
/// The longest wait.
const LONGEST_MS: u64 = 3_600_000;
/// How long a mail is tried.
pub(super) const PATIENCE_MS: u64 = 3 * 24 * 3_600_000;

/// When to try again after so many attempts; `None` when it was tried for long enough. `chance` is from 0 to 1.
pub(super) fn next(written_ms: u64, now_ms: u64, attempts: u32, chance: f64) -> Option<u64> {
    if now_ms.saturating_sub(written_ms) >= PATIENCE_MS {
        return None;
    }
    let doublings = attempts.saturating_sub(1).min(16);
    let wait = (FIRST_MS << doublings).min(LONGEST_MS);
    let more = (wait as f64 / 4.0 * chance.clamp(0.0, 1.0)) as u64;
    // The last attempt is at the end of the days, not an hour after it.
    Some((now_ms + wait + more).min(written_ms + PATIENCE_MS).max(now_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour_and_end_after_three_days() {
        let wait = |attempts, chance| next(0, 1_000_000, attempts, chance).map(|due| (due - 1_000_000) / 1_000);
        for (attempts, seconds) in
            [(0, 30), (1, 30), (2, 60), (3, 120), (7, 1_920), (8, 3_600), (9, 3_600), (900, 3_600)]
        {
            assert_eq!(wait(attempts, 0.0), Some(seconds), "{attempts}");
            assert_eq!(wait(attempts, 1.0), Some(seconds + seconds / 4), "{attempts}");
        }
        assert_eq!(next(0, PATIENCE_MS - 1_000, 90, 0.5), Some(PATIENCE_MS));
        assert_eq!(next(0, PATIENCE_MS, 90, 0.5), None);
        // A clock that was set back makes nobody wait for longer.
        assert_eq!(next(5_000_000, 1_000, 1, 0.0), Some(31_000));
    }

    #[test]
    fn a_mail_is_tried_some_seventy_times() {
        let (mut now, mut attempts) = (0, 1);
        while let Some(due) = next(0, now, attempts, 0.5) {
            (now, attempts) = (due, attempts + 1);
        }
        assert_eq!((now, attempts), (PATIENCE_MS, 71));
    }
}
