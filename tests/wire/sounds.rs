//! Prompts of noise, and what is heard of them.
//!
//! Shape: no two prompts have anything in common, so that a few packets say which of them is heard, and where in it.
//! Units: 8,000 samples a second.

use std::path::{Path, PathBuf};
use std::time::Duration;

use antiphon_media::tones::{CallTone, Country};
use antiphon_media::{Audio, Codec};
use antiphon_testkit::{Heard, KnownSounds, Received, Sound, Span, noise};

use crate::process::root;

/// A prompt.
#[derive(Clone, Copy)]
pub(crate) struct Prompt {
    pub(crate) name: &'static str,
    pub(crate) ms: u64,
}

impl Prompt {
    fn samples(self) -> Vec<i16> {
        let seed = self.name.bytes().fold(17, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte));
        noise(seed, Duration::from_millis(self.ms))
    }

    /// It, as a WAV file.
    fn wav(self) -> Vec<u8> {
        let samples = self.samples();
        let length = u32::try_from(samples.len() * 2).expect("prompts are short");
        let numbers = [16, 0x0001_0001, 8_000, 16_000, 0x0010_0002];
        let mut file = [*b"RIFF", (36 + length).to_le_bytes(), *b"WAVE", *b"fmt "].concat();
        file.extend(numbers.into_iter().flat_map(u32::to_le_bytes));
        file.extend([*b"data", length.to_le_bytes()].concat());
        file.extend(samples.into_iter().flat_map(i16::to_le_bytes));
        file
    }

    /// Writes it into a folder; its path.
    pub(crate) fn write(self, folder: &Path) -> PathBuf {
        let path = folder.join(format!("{}.wav", self.name));
        std::fs::write(&path, self.wav()).expect("the folder takes a file");
        path
    }
}

/// What a caller hears while somebody is rung.
pub(crate) const RINGBACK: &str = "ringback";

/// Who knows ringback, these prompts, and these sounds of the system, as `en/goodbye`.
pub(crate) fn known(prompts: &[Prompt], system: &[&str]) -> KnownSounds {
    let known = KnownSounds::new(Codec::Pcma).with(RINGBACK, &Country::default().tone(CallTone::Ringback));
    let add = |known: KnownSounds, prompt: &Prompt| known.with(prompt.name, &Audio::from_pcm(&prompt.samples()));
    let known = prompts.iter().fold(known, add);
    system.iter().fold(known, |known, name| {
        let file = std::fs::read(root().join(format!("sounds/{name}.wav"))).expect("the system has this sound");
        known.with(name, &Audio::from_wav(&file).expect("a WAV file"))
    })
}

/// Samples of something unknown that are the seam of two sounds.
const SEAM: usize = 16;

/// What was heard, and its names in order, without silence; a sound whose pauses cut it is named once, and ringback for as long as it lasts.
pub(crate) fn order(packets: &[Received], known: &KnownSounds) -> (Heard, Vec<String>) {
    let heard = Heard::of(packets, known);
    let (mut names, mut end): (Vec<String>, usize) = (Vec::new(), 0);
    let is_heard = |span: &&Span| match span.sound {
        Sound::Known(_) => true,
        Sound::Silence => false,
        Sound::Other => span.samples > SEAM,
    };
    for span in heard.spans.iter().filter(is_heard) {
        let name = span.sound.to_string();
        // A sound that goes on where it was cut is the same; one that begins again is another.
        let begins = span.offset < end && name != RINGBACK;
        if begins || names.last() != Some(&name) {
            names.push(name);
        }
        end = span.offset + span.samples;
    }
    (heard, names)
}
