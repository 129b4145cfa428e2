//! The head of a recording's WAV file.
//!
//! Shape: 44 bytes, and then the samples to the end of the file, so that the head follows from the length alone.
//! Units: lengths are in bytes.
//! Errors: what would not fit the 32 bits of a RIFF length is cut: `MOST`.
//! Sources: Microsoft, Multimedia Programming Interface and Data Specifications 1.0 (RIFF, WAVE).

use std::time::Duration;

use super::{Channels, Rate, Take};

/// The length of the head.
pub const HEAD: u64 = 44;
/// What of the head a RIFF length counts beside the samples.
const COUNTED: u32 = 36;
/// The longest that samples may be: whole frames of both channels, and some room for readers that count with a sign or two.
const MOST: u64 = (u32::MAX as u64 - 4_096) & !3;

/// What the samples of a file are.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct Format {
    /// One or two.
    pub channels: Channels,
    /// Samples a second.
    pub rate: Rate,
}

impl Take {
    /// What its file holds.
    pub fn format(&self) -> Format {
        Format { channels: self.channels, rate: self.rate }
    }
}

impl Format {
    /// The bytes of one sample of each channel.
    pub fn frame(self) -> u64 {
        2 * self.channels.count() as u64
    }

    /// The longest recording that a file can hold.
    pub fn longest(self) -> Duration {
        self.rate.duration(MOST / self.frame())
    }

    /// How much of a file of this length is whole samples; zero for one that has none.
    pub fn samples_in(self, file: u64) -> u64 {
        let samples = file.saturating_sub(HEAD).min(MOST);
        samples - samples % self.frame()
    }

    /// How long samples of so many bytes last.
    pub fn duration(self, samples: u64) -> Duration {
        self.rate.duration(samples / self.frame())
    }

    /// The head of a file with samples of so many bytes.
    pub fn head(self, samples: u64) -> [u8; HEAD as usize] {
        let length = u32::try_from(samples.min(MOST)).unwrap_or(0);
        let channels = self.channels.count() as u16;
        let frame = channels * 2;
        let mut head = [0; HEAD as usize];
        let mut rest = head.as_mut_slice();
        let mut put = |bytes: &[u8]| {
            let (now, later) = std::mem::take(&mut rest).split_at_mut(bytes.len());
            now.copy_from_slice(bytes);
            rest = later;
        };
        put(b"RIFF");
        put(&(COUNTED + length).to_le_bytes());
        put(b"WAVEfmt ");
        put(&16u32.to_le_bytes());
        put(&1u16.to_le_bytes());
        put(&channels.to_le_bytes());
        put(&self.rate.hertz().to_le_bytes());
        put(&(self.rate.hertz() * u32::from(frame)).to_le_bytes());
        put(&frame.to_le_bytes());
        put(&16u16.to_le_bytes());
        put(b"data");
        put(&length.to_le_bytes());
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_of_others_finds_the_samples() {
        for (channels, rate) in [
            (Channels::Mono, Rate::Narrow),
            (Channels::Stereo, Rate::Narrow),
            (Channels::Mono, Rate::Wide),
            (Channels::Stereo, Rate::Wide),
        ] {
            let format = Format { channels, rate };
            let samples: Vec<i16> = (0..1_000).collect();
            let mut file = format.head(2_000).to_vec();
            file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
            let reader = hound::WavReader::new(&file[..]).expect("a WAV file");
            let spec = reader.spec();
            assert_eq!((usize::from(spec.channels), spec.sample_rate), (channels.count(), rate.hertz()));
            let read: Vec<i16> = reader.into_samples().map(|sample| sample.expect("a sample")).collect();
            assert_eq!(read, samples);
            assert_eq!(format.samples_in(file.len() as u64), 2_000);
        }
    }

    #[test]
    fn only_whole_samples_of_all_channels_count_and_no_length_overflows() {
        let format = Format { channels: Channels::Stereo, rate: Rate::Narrow };
        for (file, samples) in [(0, 0), (43, 0), (44, 0), (47, 0), (48, 4), (51, 4), (u64::MAX, MOST)] {
            assert_eq!(format.samples_in(file), samples, "{file}");
        }
        assert_eq!(format.head(u64::MAX)[40..], u32::try_from(MOST).expect("it fits").to_le_bytes());
        assert_eq!(format.longest().as_secs(), MOST / 32_000);
    }
}
