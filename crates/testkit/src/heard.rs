//! What somebody heard.
//!
//! Shape: packets in, [`Span`]s of known sounds, silence and anything else out, in order and without gaps between bytes.
//! Time: a span begins when its first sample could be played: at the arrival of its packet, and its place within it.
//! Units: 8,000 bytes a second.
//!
//! Packets are taken in the order of their arrival; telephone-events and other payload types are left out.

use crate::sound::KnownSounds;
use crate::stream::Received;
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of silence below which a silence belongs to what is around it.
const SHORTEST_SILENCE: usize = 40;

/// How many bytes of a sound that sinks may still be as they were.
const SAME: usize = 4;

/// A kind of sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sound {
    /// A sound that the test knows.
    Known(String),
    /// Silence.
    Silence,
    /// Something that the test does not know.
    Other,
}

impl fmt::Display for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(name) => f.write_str(name),
            Self::Silence => f.write_str("(silence)"),
            Self::Other => f.write_str("(unknown)"),
        }
    }
}

/// A stretch of one sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What.
    pub sound: Sound,
    /// When its first sample came.
    pub from: Instant,
    /// When its last sample was over.
    pub to: Instant,
    /// How many samples.
    pub samples: usize,
    /// Where in a known sound it began, in samples.
    pub offset: usize,
}

impl Span {
    /// How long it lasted, by its samples.
    pub fn duration(&self) -> Duration {
        of_samples(self.samples)
    }
}

/// Everything that was heard, in order.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The stretches.
    pub spans: Vec<Span>,
}

fn of_samples(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 125)
}

/// Payload bytes in a row, with the instant of each.
struct Tape {
    bytes: Vec<u8>,
    /// The first byte of each packet and its arrival.
    arrivals: Vec<(usize, Instant)>,
}

impl Tape {
    fn of(packets: &[Received], payload_type: u8) -> Self {
        let mut tape = Self { bytes: Vec::new(), arrivals: Vec::new() };
        for packet in packets.iter().filter(|packet| packet.payload_type == payload_type) {
            tape.arrivals.push((tape.bytes.len(), packet.at));
            tape.bytes.extend_from_slice(&packet.payload);
        }
        tape
    }

    /// When a byte could be played.
    fn instant(&self, byte: usize) -> Instant {
        let packet = self.arrivals.partition_point(|(first, _)| *first <= byte) - 1;
        let (first, at) = self.arrivals[packet];
        at + of_samples(byte - first)
    }
}

/// How many more samples a sound has, of which so many were recognised, because it sinks. Its first samples sink so little that they may
/// be recognised as well.
fn sunk(known: &KnownSounds, name: &str, next: usize, heard: &[u8], samples: usize) -> usize {
    let ways = (0..=SAME.min(samples)).map(|same| (same, known.sinking(name, next - same, &heard[samples - same..])));
    ways.filter(|(_, sinking)| *sinking > 0).map(|(same, sinking)| sinking - same).next().unwrap_or_default()
}

impl Heard {
    /// What these packets are to somebody who knows these sounds.
    pub fn of(packets: &[Received], known: &KnownSounds) -> Self {
        let tape = Tape::of(packets, known.codec().payload_type());
        let mut spans: Vec<Span> = Vec::new();
        let mut at = 0;
        while at < tape.bytes.len() {
            let rest = &tape.bytes[at..];
            let (sound, samples, offset) = match (known.silence(rest), known.recognise(rest)) {
                (silent, None) if silent >= SHORTEST_SILENCE || silent == rest.len() => (Sound::Silence, silent, 0),
                (silent, Some(_)) if silent >= SHORTEST_SILENCE => (Sound::Silence, silent, 0),
                (_, Some((name, samples, offset))) => (Sound::Known(name.to_owned()), samples, offset),
                (_, None) => (Sound::Other, 1, 0),
            };
            let samples = match &sound {
                Sound::Known(name) => samples + sunk(known, name, offset + samples, rest, samples),
                Sound::Silence | Sound::Other => samples,
            };
            let (from, to) = (tape.instant(at), tape.instant(at + samples - 1) + of_samples(1));
            match spans.last_mut() {
                Some(last) if sound == last.sound && !matches!(sound, Sound::Known(_)) => {
                    last.samples += samples;
                    last.to = to;
                }
                _ => spans.push(Span { sound, from, to, samples, offset }),
            }
            at += samples;
        }
        Self { spans }
    }

    /// The stretches of one known sound.
    pub fn all(&self, name: &str) -> Vec<&Span> {
        self.spans.iter().filter(|span| matches!(&span.sound, Sound::Known(known) if known == name)).collect()
    }

    /// The first stretch of a known sound.
    ///
    /// # Panics
    /// When it was never heard, with all that was.
    #[track_caller]
    pub fn first(&self, name: &str) -> &Span {
        let found = self.all(name).into_iter().next();
        found.unwrap_or_else(|| panic!("{name} was not heard, but: {self}"))
    }

    /// What was heard, in order, without the times.
    pub fn names(&self) -> Vec<String> {
        self.spans.iter().map(|span| span.sound.to_string()).collect()
    }

    /// The last stretch that is no silence.
    pub fn last_sound(&self) -> Option<&Span> {
        self.spans.iter().rev().find(|span| span.sound != Sound::Silence)
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.spans.first() else { return f.write_str("nothing") };
        for (number, span) in self.spans.iter().enumerate() {
            let separator = if number == 0 { "" } else { ", " };
            let (from, to) = ((span.from - first.from).as_secs_f64(), (span.to - first.from).as_secs_f64());
            write!(f, "{separator}{} {from:.2}-{to:.2}", span.sound)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::noise;
    use antiphon_media::{Audio, Codec};
    use bytes::Bytes;

    /// Cuts bytes into packets of 20 ms.
    fn packets(bytes: &[u8]) -> Vec<Received> {
        let began = Instant::now();
        let packet = |(number, payload): (usize, &[u8])| Received {
            at: began + Duration::from_millis(20) * u32::try_from(number).unwrap(),
            local: ([127, 0, 0, 1], 4_000).into(),
            ssrc: 1,
            sequence: 0,
            timestamp: 0,
            marker: false,
            payload_type: 0,
            payload: Bytes::copy_from_slice(payload),
        };
        bytes.chunks(160).enumerate().map(packet).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn sounds_are_told_apart_to_the_sample() {
        let hello = Audio::from_pcm(&noise(1, Duration::from_millis(250)));
        let known = KnownSounds::new(Codec::Pcmu).with("hello", &hello);
        let silence = [Codec::Pcmu.law().map_or(0, |law| law.silence()); 800];
        let strange = Audio::from_pcm(&noise(2, Duration::from_millis(20)));
        let all = [&silence, hello.payload(Codec::Pcmu), hello.payload(Codec::Pcmu), strange.payload(Codec::Pcmu)];
        let began = Instant::now();
        let heard = Heard::of(&packets(&all.concat()), &known);
        assert_eq!(heard.names(), ["(silence)", "hello", "hello", "(unknown)"]);
        assert_eq!(heard.first("hello").from - began, Duration::from_millis(100));
        assert_eq!(heard.all("hello")[1].from - began, Duration::from_millis(350));
        assert_eq!(heard.all("hello")[1].duration(), Duration::from_millis(250));
        assert_eq!(heard.to_string(), "(silence) 0.00-0.10, hello 0.10-0.35, hello 0.35-0.60, (unknown) 0.60-0.62");
    }

    #[tokio::test(start_paused = true)]
    async fn a_prompt_that_sinks_where_it_is_cut_off_is_heard_as_far_as_it_sinks() {
        let hello = Audio::from_pcm(&noise(1, Duration::from_millis(250)));
        let known = KnownSounds::new(Codec::Pcmu).with("hello", &hello);
        let (payload, law) = (hello.payload(Codec::Pcmu), Codec::Pcmu.law().unwrap());
        let sinks: Vec<u8> = (0..40)
            .map(|at| law.encode((i64::from(law.decode(payload[480 + at])) * (39 - at as i64) / 40) as i16))
            .collect();
        let all = [&payload[..480], &sinks, &[law.silence(); 320]];
        let heard = Heard::of(&packets(&all.concat()), &known);
        assert_eq!(heard.names(), ["hello", "(silence)"]);
        assert_eq!(heard.first("hello").duration(), Duration::from_millis(65));
    }

    #[tokio::test(start_paused = true)]
    async fn a_prompt_that_stops_midway_ends_where_its_last_sample_was() {
        let hello = Audio::from_pcm(&noise(1, Duration::from_millis(250)));
        let known = KnownSounds::new(Codec::Pcmu).with("hello", &hello);
        let all = [&hello.payload(Codec::Pcmu)[..480], &[Codec::Pcmu.law().map_or(0, |law| law.silence()); 320]];
        let heard = Heard::of(&packets(&all.concat()), &known);
        assert_eq!(heard.names(), ["hello", "(silence)"]);
        assert_eq!(heard.first("hello").duration(), Duration::from_millis(60));
        assert_eq!(heard.last_sound().map(|span| span.samples), Some(480));
    }
}
