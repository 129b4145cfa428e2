//! The tones by which a conference tells that somebody has come or gone.
//!
//! Shape: made for a rate when the room gets it; one plays at a time, a few wait, and all members hear them.
//! Units: linear samples at the room's rate.
//! Errors: when more come or go at once than may wait, the tones of the rest are left out.

use std::f64::consts::TAU;

/// What is told.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Chime {
    /// Somebody came: two tones that rise.
    Joined,
    /// Somebody went: two tones that fall.
    Left,
}

/// Tones that wait at most.
const WAITING: usize = 4;
/// A low and a high note, in Hz; no pair of them is a key of a telephone.
const NOTES: [f64; 2] = [523.25, 783.99];
/// How long each note sounds.
const NOTE_MS: u32 = 110;
/// How long it takes to rise and to sink, so that it does not click.
const EDGE_MS: u32 = 8;
/// Its amplitude: 19 dB below full scale.
const AMPLITUDE: f64 = 3_600.0;

/// The tones of a room.
#[derive(Debug)]
pub(super) struct Chimes {
    joined: Box<[i16]>,
    left: Box<[i16]>,
    queue: [Option<Chime>; WAITING],
    /// How much of the first in the queue has been heard.
    played: usize,
}

impl Chimes {
    pub(super) fn new(rate: u32) -> Self {
        let [low, high] = NOTES.map(|frequency| note(frequency, rate));
        let joined = [&low[..], &high].concat().into();
        let left = [&high[..], &low].concat().into();
        Self { joined, left, queue: [None; WAITING], played: 0 }
    }

    /// Lets a tone sound after those that wait.
    pub(super) fn ring(&mut self, chime: Chime) {
        if let Some(free) = self.queue.iter_mut().find(|place| place.is_none()) {
            *free = Some(chime);
        }
    }

    /// Whether one sounds or waits.
    pub(super) fn is_ringing(&self) -> bool {
        self.queue[0].is_some()
    }

    /// The next samples of what sounds, at most so many; nothing when nothing does.
    pub(super) fn next(&mut self, at_most: usize) -> &[i16] {
        let tone = match self.queue[0] {
            Some(Chime::Joined) => &self.joined,
            Some(Chime::Left) => &self.left,
            None => return &[],
        };
        let from = self.played;
        let to = tone.len().min(from + at_most);
        self.played = to;
        if to == tone.len() {
            self.queue.rotate_left(1);
            self.queue[WAITING - 1] = None;
            self.played = 0;
        }
        &tone[from..to]
    }
}

fn note(frequency: f64, rate: u32) -> Vec<i16> {
    let (length, edge) = (rate * NOTE_MS / 1_000, f64::from(rate * EDGE_MS / 1_000));
    let sample = |at: u32| {
        let to_edge = f64::from(at.min(length - 1 - at)) / edge;
        let angle = TAU * frequency * f64::from(at) / f64::from(rate);
        (AMPLITUDE * to_edge.min(1.0) * angle.sin()).round() as i16
    };
    (0..length).map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_sound_one_after_the_other_and_the_fifth_that_waits_is_left_out() {
        let mut chimes = Chimes::new(8_000);
        for _ in 0..6 {
            chimes.ring(Chime::Joined);
        }
        let mut heard = Vec::new();
        while chimes.is_ringing() {
            heard.extend_from_slice(chimes.next(100));
        }
        let one = &Chimes::new(8_000).joined;
        assert_eq!(heard.len(), WAITING * one.len());
        assert_eq!(&heard[one.len()..2 * one.len()], &one[..]);
        assert!(chimes.next(100).is_empty());
    }

    #[test]
    fn a_tone_begins_and_ends_in_silence_and_lasts_as_long_at_every_rate() {
        for rate in [8_000, 16_000, 48_000] {
            let chimes = Chimes::new(rate);
            assert_eq!(chimes.joined.len(), (rate * 2 * NOTE_MS / 1_000) as usize);
            assert_eq!((chimes.left[0], chimes.left[chimes.left.len() - 1]), (0, 0));
            assert_ne!(chimes.left, chimes.joined);
        }
    }
}
