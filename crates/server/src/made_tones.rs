//! Tones that scripts describe, each made once.
//!
//! Shape: a [`Tone`] in, the segments of all its periods out.
//! Units: bytes of samples.
//! Time: a tone that is long is made where waiting is right; what is kept is there at once.
//! Errors: none; what a tone has too much of is cut to the bounds of [`Tone`].

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_ivr::Tone;
use antiphon_media::{Audio, Segment, tones};

use crate::{shelf::Shelf, speech::bytes_of};

/// Bytes of tones that are kept.
const MEMORY: u64 = 16 << 20;
/// As much as is made of one tone.
const LONGEST: Duration = Duration::from_secs(600);
/// A shorter period is repeated within one segment, so that a list of them stays short.
const SHORTEST: Duration = Duration::from_millis(100);
/// Frequencies of one tone.
const FREQUENCIES: usize = 4;

/// The tones that were made.
#[derive(Debug)]
pub struct MadeTones(Mutex<Shelf<Tone, Arc<Audio>>>);

impl Default for MadeTones {
    fn default() -> Self {
        Self(Mutex::new(Shelf::new(MEMORY)))
    }
}

impl MadeTones {
    /// All periods of a tone.
    pub async fn segments(&self, tone: &Arc<Tone>) -> Vec<Segment> {
        let period = period(tone);
        if period.is_zero() {
            return Vec::new();
        }
        let times = (LONGEST.as_nanos() / period.as_nanos()).clamp(1, u128::from(tone.times.max(1))) as usize;
        let together = (SHORTEST.as_nanos().div_ceil(period.as_nanos()) as usize).clamp(1, times);
        // The same sound whatever its number of periods, but for very short ones.
        let key = Tone { times: together as u32, ..Tone::clone(tone) };
        let Some(audio) = self.made(key).await else { return Vec::new() };
        vec![Segment::Audio(audio); times.div_ceil(together)]
    }

    async fn made(&self, key: Tone) -> Option<Arc<Audio>> {
        if let Some(audio) = self.shelf().take(&key) {
            return Some(audio);
        }
        let wanted = key.clone();
        let making = tokio::task::spawn_blocking(move || {
            let frequencies = &wanted.frequencies[..wanted.frequencies.len().min(FREQUENCIES)];
            Arc::new(tones::made(frequencies, wanted.below, (wanted.on, wanted.off), wanted.times))
        });
        let audio = making.await.inspect_err(|error| tracing::error!(%error, "a tone could not be made")).ok()?;
        self.shelf().put(key, audio.clone(), bytes_of(&audio));
        Some(audio)
    }

    /// The shelf is whole after every call to it.
    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf<Tone, Arc<Audio>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long one period is.
fn period(tone: &Tone) -> Duration {
    tone.on.min(LONGEST) + tone.off.min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(on: u64, off: u64, times: u32) -> Arc<Tone> {
        let (on, off) = (Duration::from_millis(on), Duration::from_millis(off));
        Arc::new(Tone { frequencies: vec![440], on, off, times, below: 12 })
    }

    async fn length(tones: &MadeTones, tone: &Arc<Tone>) -> (usize, Duration) {
        let segments = tones.segments(tone).await;
        let length = |segment: &Segment| match segment {
            Segment::Audio(audio) => audio.duration(),
            Segment::Silence(silence) => *silence,
        };
        (segments.len(), segments.iter().map(length).sum())
    }

    #[tokio::test]
    async fn a_tone_is_made_once_however_often_it_sounds() {
        let tones = MadeTones::default();
        let ms = Duration::from_millis;
        assert_eq!(length(&tones, &tone(250, 250, 4)).await, (4, ms(2_000)));
        assert_eq!(length(&tones, &tone(250, 250, 7)).await, (7, ms(3_500)));
        assert_eq!(tones.shelf().total(), 2 * 4_000, "one period in both laws");
    }

    #[tokio::test]
    async fn no_tone_is_more_than_ten_minutes_and_none_is_nothing() {
        let tones = MadeTones::default();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        assert_eq!(length(&tones, &tone(30_000, 30_000, u32::MAX)).await, (10, minutes(10)));
        assert_eq!(length(&tones, &tone(1, 0, u32::MAX)).await, (6_000, minutes(10)));
        assert_eq!(length(&tones, &tone(0, 0, 9)).await, (0, minutes(0)));
        assert_eq!(length(&tones, &tone(100, 0, 0)).await, (1, Duration::from_millis(100)));
    }
}
