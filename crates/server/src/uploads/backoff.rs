//! When an upload that failed is tried again.
//!
//! Shape: five times more, after a few seconds at first and half an hour at last; up to a quarter more by chance, so that many do not come
//! at once.
//! Sources: `kazoo-pivot.md` 4.4 (`storage_retry_times` 5, growing pause).

/// How long it rests before each further try, in milliseconds.
const PAUSES_MS: [u64; 5] = [5_000, 30_000, 120_000, 600_000, 1_800_000];

/// How long it rests after so many tries; `None` when there are no more. `chance` is from 0 to 1.
pub(super) fn pause_ms(tries: u32, chance: f64) -> Option<u64> {
    let pause = *PAUSES_MS.get(usize::try_from(tries.saturating_sub(1)).ok()?)?;
    Some(pause + (pause as f64 / 4.0 * chance.clamp(0.0, 1.0)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_the_sixth_try_is_the_last() {
        let pauses: Vec<_> = (1..=6).map(|tries| pause_ms(tries, 0.0)).collect();
        assert_eq!(pauses, [Some(5_000), Some(30_000), Some(120_000), Some(600_000), Some(1_800_000), None]);
        assert_eq!(pause_ms(1, 1.0), Some(6_250));
    }
}
