//! Prompts and silence, one after another without a gap.
//!
//! Shape: a list of [`Segment`]s that fills frames; the next segment begins in the frame in which the last one stops.
//! Units: samples of 8 kHz, whatever the codec; a segment of silence is rounded down to whole samples.

use crate::audio::{Audio, Packets};
use crate::codec::g722::Seam;
use crate::codec::{Codec, OPUS_SILENCE, SAMPLES_PER_MS, duration_of, samples_in};
use std::sync::Arc;
use std::time::Duration;

/// Samples of 8 kHz in a packet of Opus.
const PACKET: u64 = 160;

/// A part of what is played.
#[derive(Clone, Debug)]
pub enum Segment {
    /// A prompt, whole.
    Audio(Arc<Audio>),
    /// Nothing, for a time.
    Silence(Duration),
}

impl Segment {
    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        match self {
            Self::Audio(audio) => audio.duration(),
            Self::Silence(duration) => *duration,
        }
    }

    fn samples(&self) -> u64 {
        match self {
            Self::Audio(audio) => audio.samples(),
            Self::Silence(duration) => samples_in(*duration),
        }
    }
}

/// How often a playlist is played.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Repeat {
    /// To its end.
    Once,
    /// From the beginning again, until it is stopped or replaced.
    Forever,
}

/// Whether a playlist has more to give.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Remains {
    More,
    Nothing,
}

/// The current segment as a frame needs it. Each of the places that it is gathered from costs a miss of the cache, which is more
/// than the copy of a frame.
#[derive(Debug)]
struct AtHand {
    codec: Codec,
    samples: u64,
    /// Payload bytes in a sample of 8 kHz; Opus has none.
    width: usize,
    sound: Sound,
    progress: Progress,
}

/// Whether anything of what is at hand was given.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Progress {
    Untouched,
    UnderWay,
}

#[derive(Clone, Debug)]
enum Sound {
    Silence,
    Bytes(Arc<[u8]>),
    Packets(Arc<Packets>),
    /// A prompt that is being prepared for this codec: silent until it is.
    Awaited,
}

#[derive(Debug)]
pub(crate) struct Playlist {
    segments: Vec<Segment>,
    repeat: Repeat,
    current: usize,
    /// Samples of the current segment already given.
    given: u64,
    at_hand: AtHand,
}

impl Playlist {
    /// A playlist without a single sample ends in its first frame, also one that repeats.
    pub(crate) fn new(segments: Vec<Segment>, repeat: Repeat) -> Self {
        let is_empty = segments.iter().all(|segment| segment.samples() == 0);
        let repeat = if is_empty { Repeat::Once } else { repeat };
        let (sound, progress) = (Sound::Silence, Progress::Untouched);
        let at_hand = AtHand { codec: Codec::Pcmu, samples: 0, width: 1, sound, progress };
        let mut playlist = Self { segments, repeat, current: 0, given: 0, at_hand };
        playlist.take_up(Codec::Pcmu);
        playlist
    }

    /// How long of it was given, in the round that goes on.
    pub(crate) fn position(&self) -> Duration {
        let before = self.segments.iter().take(self.current);
        let samples = before.fold(self.given, |sum, segment| sum.saturating_add(segment.samples()));
        duration_of(samples)
    }

    /// Whether any of it was given.
    pub(crate) fn has_begun(&self) -> bool {
        self.current > 0 || self.given > 0
    }

    /// Fills a frame that holds silence, and says whether this was the last one. Opus has packets in place of frames. With a `seam`
    /// each prompt begins as the receiver has to have it behind what went before.
    pub(crate) fn fill(&mut self, frame: &mut [u8], codec: Codec, mut seam: Option<&mut Seam>) -> Remains {
        if self.at_hand.codec != codec || matches!(self.at_hand.sound, Sound::Awaited) {
            self.take_up(codec);
        }
        let width = self.at_hand.width;
        let mut rest = frame;
        while rest.len() >= width {
            if self.current >= self.segments.len() {
                if let Some(seam) = seam {
                    seam.note(rest);
                }
                return Remains::Nothing;
            }
            let left = self.at_hand.samples - self.given;
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len() / width);
            let (now, later) = rest.split_at_mut(count * width);
            self.at_hand.give(self.given as usize * width, now, seam.as_deref_mut());
            self.given += count as u64;
            rest = later;
            self.step_over_finished();
        }
        if self.current < self.segments.len() { Remains::More } else { Remains::Nothing }
    }

    /// Writes the next packet of Opus, and says how long it is and whether this was the last one. A segment begins with a packet, so the
    /// last packet of the one before it is filled up with silence.
    pub(crate) fn fill_packet(&mut self, frame: &mut [u8]) -> (usize, Remains) {
        if self.at_hand.codec != Codec::Opus || matches!(self.at_hand.sound, Sound::Awaited) {
            self.take_up(Codec::Opus);
        }
        self.step_over_finished();
        let packet = match &self.at_hand.sound {
            Sound::Packets(packets) => packets.get((self.given / PACKET) as usize),
            Sound::Silence | Sound::Bytes(_) | Sound::Awaited => None,
        };
        let length = write_packet(frame, packet.unwrap_or(&OPUS_SILENCE));
        if self.current < self.segments.len() {
            self.given = (self.given / PACKET * PACKET).saturating_add(PACKET).min(self.at_hand.samples);
            self.step_over_finished();
        }
        (length, if self.current < self.segments.len() { Remains::More } else { Remains::Nothing })
    }

    /// Has the current segment at hand in this codec.
    fn take_up(&mut self, codec: Codec) {
        let segment = self.segments.get(self.current);
        let sound = match segment {
            Some(Segment::Audio(audio)) if codec == Codec::Opus => audio.packets().cloned().map(Sound::Packets),
            Some(Segment::Audio(audio)) => audio.bytes(codec).cloned().map(Sound::Bytes),
            Some(Segment::Silence(_)) | None => Some(Sound::Silence),
        };
        let width = codec.bytes_per_ms().map_or(1, |bytes| bytes / SAMPLES_PER_MS);
        let samples = segment.map_or(0, Segment::samples);
        let sound = sound.unwrap_or(Sound::Awaited);
        self.at_hand = AtHand { codec, samples, width, sound, progress: Progress::Untouched };
    }

    fn step_over_finished(&mut self) {
        while self.current < self.segments.len() && self.given == self.at_hand.samples {
            self.given = 0;
            self.current += 1;
            if self.current == self.segments.len() && self.repeat == Repeat::Forever {
                self.current = 0;
            }
            self.take_up(self.at_hand.codec);
        }
    }
}

impl AtHand {
    /// Gives the bytes behind the first `given`.
    fn give(&mut self, given: usize, place: &mut [u8], seam: Option<&mut Seam>) {
        let sound = match &self.sound {
            Sound::Bytes(sound) => sound.split_at_checked(given),
            Sound::Silence | Sound::Packets(_) | Sound::Awaited => None,
        };
        let sound = sound.and_then(|(before, behind)| Some((before, behind.get(..place.len())?)));
        if let Some((_, sound)) = sound {
            place.copy_from_slice(sound);
        }
        let Some(seam) = seam else { return };
        match (sound, self.progress) {
            (Some((before, _)), Progress::Untouched) => seam.begin(before),
            (Some(_), Progress::UnderWay) => {}
            (None, _) => seam.note(&[]),
        }
        seam.pass(place);
        self.progress = Progress::UnderWay;
    }
}

/// Writes a packet of Opus into a frame and answers its length.
pub(crate) fn write_packet(frame: &mut [u8], packet: &[u8]) -> usize {
    let length = packet.len().min(frame.len());
    frame[..length].copy_from_slice(&packet[..length]);
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(first: i16, samples: i16) -> Segment {
        let samples: Vec<i16> = (0..samples).map(|at| first + at * 16).collect();
        Segment::Audio(Arc::new(Audio::from_pcm(&samples)))
    }

    fn sound(segment: &Segment) -> Vec<u8> {
        match segment {
            Segment::Audio(audio) => audio.payload(Codec::Pcma).to_vec(),
            Segment::Silence(duration) => vec![0xD5; usize::try_from(samples_in(*duration)).unwrap()],
        }
    }

    fn play(playlist: &mut Playlist, frame: usize, at_most: usize) -> Vec<u8> {
        let mut heard = Vec::new();
        for _ in 0..at_most {
            let mut bytes = vec![0xD5; frame];
            let remains = playlist.fill(&mut bytes, Codec::Pcma, None);
            heard.extend(bytes);
            if remains == Remains::Nothing {
                break;
            }
        }
        heard
    }

    #[test]
    fn odd_segments_follow_without_a_gap_and_the_last_frame_is_padded() {
        let parts = [tone(500, 333), Segment::Silence(Duration::from_millis(7)), tone(9_000, 101)];
        let mut expect: Vec<u8> = parts.iter().flat_map(sound).collect();
        expect.resize(expect.len().next_multiple_of(160), 0xD5);
        assert_eq!(play(&mut Playlist::new(parts.to_vec(), Repeat::Once), 160, 100), expect);
    }

    #[test]
    fn a_playlist_ends_in_the_frame_that_holds_its_last_sample() {
        for (samples, frames) in [(0, 1), (1, 1), (160, 1), (161, 2), (320, 2)] {
            let heard = play(&mut Playlist::new(vec![tone(0, samples)], Repeat::Once), 160, 100);
            assert_eq!(heard.len(), frames * 160, "{samples} samples");
        }
    }

    #[test]
    fn a_repeated_playlist_begins_again_in_the_middle_of_a_frame() {
        let part = tone(500, 100);
        let one = sound(&part);
        let heard = play(&mut Playlist::new(vec![part], Repeat::Forever), 160, 5);
        assert_eq!(heard, one.iter().copied().cycle().take(800).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_repeated_forever_ends_at_once() {
        let mut playlist = Playlist::new(vec![Segment::Silence(Duration::ZERO)], Repeat::Forever);
        assert_eq!(play(&mut playlist, 160, 100).len(), 160);
    }

    #[test]
    fn the_longest_silence_does_not_overflow() {
        let mut playlist = Playlist::new(vec![Segment::Silence(Duration::MAX), tone(0, 1)], Repeat::Once);
        assert_eq!(play(&mut playlist, 160, 3).len(), 480);
    }
}
