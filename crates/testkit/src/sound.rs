//! Sounds that a test knows, and finding them again in what was heard.
//!
//! Shape: sounds by name, each as payload bytes of each codec; an index of short windows says which sound goes on at a
//! byte, wherever in it that is.
//! Units: one byte a sample, 8,000 a second.

use crate::dice::Dice;
use antiphon_media::codec::g711;
use antiphon_media::{Audio, Codec};
use std::collections::HashMap;
use std::time::Duration;

/// Bytes that are looked up. Noise repeats none of these, and 2 ms of it are recognised.
const WINDOW: usize = 16;
/// Places of one window that are remembered; a periodic tone has many, and they are equally good.
const PLACES: usize = 8;

/// In so many bytes a sound sinks to silence that is cut off, on a straight line.
pub(crate) const SINKING: usize = 40;

/// Noise that is never silent, so that every part of it is known from every other: white, seeded, well below full scale.
pub fn noise(seed: u64, duration: Duration) -> Vec<i16> {
    let mut dice = Dice::new(seed);
    let samples = duration.as_millis() * 8;
    let sample = |_| {
        let loudness = i16::try_from(dice.next() % 8_000).unwrap_or(0) + 400;
        if dice.next().is_multiple_of(2) { loudness } else { -loudness }
    };
    (0..samples).map(sample).collect()
}

struct Known {
    name: String,
    payload: Vec<u8>,
}

/// The sounds that a test can tell apart, as they come in one codec.
pub struct KnownSounds {
    codec: Codec,
    sounds: Vec<Known>,
    places: HashMap<[u8; WINDOW], Vec<(usize, usize)>>,
}

impl KnownSounds {
    /// No sounds yet, for a phone that hears this codec.
    pub fn new(codec: Codec) -> Self {
        Self { codec, sounds: Vec::new(), places: HashMap::new() }
    }

    /// The codec.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Adds a sound as it is when it comes from a prompt.
    #[must_use]
    pub fn with(self, name: &str, audio: &Audio) -> Self {
        let payload = audio.payload(self.codec).to_vec();
        self.add(name, payload)
    }

    /// Adds a sound that somebody else speaks in the codec `spoken`: transcoded byte by byte when that is not ours.
    #[must_use]
    pub fn with_speech(self, name: &str, audio: &Audio, spoken: Codec) -> Self {
        let table = match (spoken, self.codec) {
            (Codec::Pcmu, Codec::Pcma) => Some(&g711::ULAW_TO_ALAW),
            (Codec::Pcma, Codec::Pcmu) => Some(&g711::ALAW_TO_ULAW),
            _ => None,
        };
        let heard = |&byte: &u8| table.map_or(byte, |table| table[usize::from(byte)]);
        let payload = audio.payload(spoken).iter().map(heard).collect();
        self.add(name, payload)
    }

    fn add(mut self, name: &str, payload: Vec<u8>) -> Self {
        let number = self.sounds.len();
        for (at, window) in payload.windows(WINDOW).enumerate() {
            let window: [u8; WINDOW] = window.try_into().expect("windows have this length");
            // A stretch without change says nothing about where in the sound it is.
            if window.iter().all(|byte| *byte == window[0]) {
                continue;
            }
            let places = self.places.entry(window).or_default();
            if places.len() < PLACES {
                places.push((number, at));
            }
        }
        self.sounds.push(Known { name: name.to_owned(), payload });
        self
    }

    /// The sound that `heard` begins with, for how many bytes it goes on, and where in the sound it began.
    pub(crate) fn recognise(&self, heard: &[u8]) -> Option<(&str, usize, usize)> {
        let window: [u8; WINDOW] = heard.get(..WINDOW)?.try_into().ok()?;
        let length = |sound: usize, at: usize| {
            let rest = &self.sounds[sound].payload[at..];
            rest.iter().zip(heard).take_while(|(known, heard)| known == heard).count()
        };
        let places = self.places.get(&window)?;
        let longest = places.iter().map(|&(sound, at)| (length(sound, at), sound, at));
        let (bytes, sound, at) = longest.max_by_key(|(bytes, _, _)| *bytes)?;
        Some((&self.sounds[sound].name, bytes, at))
    }

    /// How many bytes of `heard` are a sound that sinks, as one does that is cut off, behind the byte `next` of it; 0 where it goes on
    /// or is over.
    pub(crate) fn sinking(&self, name: &str, next: usize, heard: &[u8]) -> usize {
        let Some((sound, law)) = self.sounds.iter().find(|known| known.name == name).zip(self.codec.law()) else {
            return 0;
        };
        let sunk = |at: usize| {
            // What repeats goes on at its beginning.
            let sample = law.decode(sound.payload[(next + at) % sound.payload.len()]);
            let left = i64::try_from(SINKING - 1 - at).unwrap_or(0);
            law.encode((i64::from(sample) * left / SINKING as i64) as i16)
        };
        let sinks = heard.len() >= SINKING && (0..SINKING).all(|at| heard[at] == sunk(at));
        if sinks { SINKING } else { 0 }
    }

    /// How many bytes of silence `heard` begins with.
    pub(crate) fn silence(&self, heard: &[u8]) -> usize {
        let silent = [self.codec.law().map_or(0, |law| law.silence()), self.codec.law().map_or(0, |law| law.encode(0))];
        heard.iter().take_while(|byte| silent.contains(byte)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_is_recognised_from_any_place_in_it() {
        let (hello, bye) = (noise(1, Duration::from_millis(500)), noise(2, Duration::from_millis(500)));
        let known =
            KnownSounds::new(Codec::Pcma).with("hello", &Audio::from_pcm(&hello)).with("bye", &Audio::from_pcm(&bye));
        let audio = Audio::from_pcm(&hello);
        let heard = &audio.payload(Codec::Pcma)[100..300];
        assert_eq!(known.recognise(heard), Some(("hello", 200, 100)));
        assert_eq!(known.recognise(&[Codec::Pcma.law().map_or(0, |law| law.silence()); 50]), None);
        assert_eq!(known.recognise(Audio::from_pcm(&noise(3, Duration::from_millis(20))).payload(Codec::Pcma)), None);
    }

    #[test]
    fn speech_is_recognised_after_transcoding() {
        let speech = Audio::from_pcm(&noise(4, Duration::from_millis(100)));
        let known = KnownSounds::new(Codec::Pcma).with_speech("callee", &speech, Codec::Pcmu);
        let heard: Vec<u8> =
            speech.payload(Codec::Pcmu).iter().map(|byte| g711::ULAW_TO_ALAW[usize::from(*byte)]).collect();
        assert_eq!(known.recognise(&heard), Some(("callee", 800, 0)));
    }
}
