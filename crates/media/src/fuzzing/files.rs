//! Uploads under any bytes: what is taken holds sound, no more of it than its bytes can hold, and can be weighed.

use crate::source::file::{self, Decoded, MAX_SAMPLES};
use crate::source::{ogg, quality, wav};

/// The most samples of one channel that a byte can stand for: half of a packet of a block of 8,192.
const PER_BYTE: usize = 4_096;
/// Samples of a sound that are weighed: of more only decoding takes longer.
const WEIGHED: usize = 16_000;

/// A WAV file.
pub fn wav(bytes: &[u8]) {
    if let Ok(sound) = wav::read(bytes) {
        assert!(sound.samples.len() <= bytes.len(), "a sample is at least a byte");
        weigh(&mut sound.into());
    }
}

/// An MP3 or Ogg file behind one byte: where it is odd, the pages' checksums are put right first.
pub fn encoded(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let mut upload = bytes.to_vec();
    if choice % 2 == 1 {
        ogg::mend(&mut upload);
    }
    if let Ok(mut sound) = file::read(&upload) {
        assert!(sound.samples.len() <= PER_BYTE * upload.len());
        weigh(&mut sound);
    }
}

fn weigh(sound: &mut Decoded) {
    assert!(!sound.samples.is_empty() && sound.samples.len() <= MAX_SAMPLES);
    sound.samples.truncate(WEIGHED);
    assert!((1_000..=192_000).contains(&sound.rate) && (1..=8).contains(&sound.channels));
    let found = quality::assess_file(sound);
    assert!(found.cancelled <= 96 && (sound.channels > 1 || found.cancelled == 0), "{found:?}");
    assert!(found.clipped_samples <= sound.samples.len());
    assert!(found.leading_silence <= found.duration && found.trailing_silence <= found.duration);
    assert!(found.loudness.is_none_or(|loudness| (-70.0..=10.0).contains(&loudness)), "{found:?}");
    assert!(found.peak.is_none_or(|peak| (-91.0..=0.0).contains(&peak)), "{found:?}");
    assert!(found.digits.len() as u128 <= found.duration.as_millis() / 5 + 1, "{found:?}: 5 ms hold no two keys");
    assert!(found.warnings().iter().all(|warning| warning.to_string().ends_with('.')));
}
