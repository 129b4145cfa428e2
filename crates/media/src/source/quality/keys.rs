//! The keys whose tones are in a prompt.
//!
//! Shape: what a caller's line would hear, G.711 at 8 kHz, goes through the detector that listens to callers.
//! Units: times count from the beginning of the prompt.

use super::Warning;
use crate::audio::Audio;
use crate::codec::{Codec, Law, SAMPLE_RATE};
use crate::dtmf::{Detector, Digit, Edge};
use std::time::Duration;

/// The most keys that are told of.
const MOST: usize = 32;
/// Samples that are heard at once.
const PART: usize = 160;

/// A key that sounds in a prompt.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct HeardKey {
    /// Which.
    pub digit: Digit,
    /// When it begins.
    pub at: Duration,
}

/// The keys that sound in a prompt, in order, up to 32 of them.
pub fn keys(audio: &Audio) -> Vec<HeardKey> {
    let (mut detector, mut found) = (Detector::new(SAMPLE_RATE), Vec::new());
    let mut pcm = [0; PART];
    for part in audio.payload(Codec::Pcma).chunks(PART) {
        let pcm = &mut pcm[..part.len()];
        Law::A.decode_all(part, pcm);
        detector.hear(pcm, |edge| {
            if edge.edge == Edge::Began {
                let at = Duration::from_millis(edge.at * 1_000 / u64::from(SAMPLE_RATE));
                found.push(HeardKey { digit: edge.digit, at });
            }
        });
        if found.len() >= MOST {
            break;
        }
    }
    found.truncate(MOST);
    found
}

impl Warning {
    /// What is to be said of keys that sound in a prompt, where there are any.
    pub fn of_keys(keys: &[HeardKey]) -> Option<Self> {
        keys.split_first().map(|(&first, more)| Self::Keys(first, more.len()))
    }
}
