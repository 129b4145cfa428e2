//! Digits heard in the sound itself.
//!
//! Shape: frames of any length in; each press's beginning and end out, with the sample at which it was.
//! Units: samples since the detector was made; levels are mean squares of 16-bit samples.
//! Time: the sound's own. A beginning is told some 40 ms after it, an end some 30 ms after it.
//! Errors: none; what is no key is silence to it.
//! Sources: ITU-T Q.24 (what a receiver takes and what it must not), Q.23 (frequencies), G.711 table 2 (0 dBm0).
//!
//! Every 5 ms the last 25 ms are weighed, by half a cosine, and looked at. They are a key when all of this holds:
//!
//! | of the look    | limit                                                  | Q.24 wants taken | refused   |
//! |----------------|--------------------------------------------------------|------------------|-----------|
//! | frequency      | within 2.2 %, by how the phase turns from look to look | 1.5 %            | 3.5 %     |
//! | level          | each tone at least -30 dBm0                            | 0 to -25 dBm0    | -55 dBm0  |
//! | twist          | high group over low group -10 to +6 dB                 | -8 to +4 dB      |           |
//! | purity         | 80 % of the power is in the two tones                  | 15 dB over noise | speech    |
//! | harmonics      | the second one of each is 14 dB softer                 |                  | voices, instruments |
//! | evenness       | no hop of it is 3 dB louder or softer                  |                  | speech    |
//! | length         | 32 ms, by hops of 5 ms and parts of them               | 40 ms            | 24 ms     |
//! | pause          | 24 ms; a shorter one is a hole in the press             | 30 to 40 ms      | 10 ms     |
//!
//! Sound that was lost is neither tone nor pause: a pause is longer by what of it, up to 40 ms, was made up in place of packets that
//! did not come. So a key is one key through two lost packets, and a pause of 60 ms parts two presses also where a packet of it is lost.
//!
//! The second harmonic of a low tone that is near the high tone of its key is not looked for.

use super::Digit;
use super::bank::{Bank, Complex, FREQUENCIES, HOPS, Hop, key};
use std::array;
use std::f32::consts::TAU;
use std::sync::Arc;

/// Hops of one look.
const LOOK: usize = 5;
/// Hops that are remembered: a look, and what length is measured by.
const KEPT: usize = 12;
/// The most samples of a hop, at 48 kHz.
const LONGEST_HOP: usize = 240;

/// The mean square of a tone of 0 dBm0: a full sine of A-law is +3.14 dBm0.
const ZERO_DBM0: f32 = 2.6e8;
/// -30 dBm0.
const SOFTEST: f32 = ZERO_DBM0 * 1e-3;
/// The high group over the low group, as a ratio of powers: -10 and +6 dB.
const TWIST: (f32, f32) = (0.1, 4.0);
const PURITY: f32 = 0.8;
/// A second harmonic's part of its tone's power: -14 dB.
const HARMONIC: f32 = 0.04;
/// A harmonic this near another tone, in hertz, cannot be told from it in one look.
const NEAR: f32 = 120.0;
/// The first sight of a look, before its frequencies are known.
const GLANCE: f32 = 0.35;
/// How far a frequency may be off, as a part of it.
const OFF: f32 = 0.022;
/// How even a press is: the amplitude of a hop against the whole.
const EVEN: (f32, f32) = (0.7, 1.4);
/// A hop with less of the amplitude is a pause.
const HELD: f32 = 0.5;
/// In hops.
const SHORTEST_PRESS: f32 = 6.4;
const SHORTEST_PAUSE: f32 = 4.8;
/// For so many hops the softer tone may be away.
const LONGEST_LOSS: u32 = 8;
/// So much of a pause may be lost sound, and for so long behind that it counts.
const MOST_EXCUSED: f32 = 8.0;
const EXCUSED_FOR: u32 = 16;

/// Squares of the sines of 18, 54, 90 degrees and back: half a cosine over a look.
const WEIGHTS: [f32; LOOK] = [0.095_491_5, 0.654_508_5, 1.0, 0.654_508_5, 0.095_491_5];
const WEIGHT: f32 = 2.5;

/// Whether a press begins or ends.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Edge {
    /// It has lasted long enough to be one.
    Began,
    /// It is over.
    Ended,
}

/// A beginning or an end of a press.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct ToneEdge {
    /// The key.
    pub digit: Digit,
    /// Which of the two.
    pub edge: Edge,
    /// The sample at which it was, since the detector was made; within a hop of 5 ms.
    pub at: u64,
}

/// What a look found.
#[derive(Copy, Clone, Debug)]
struct Sight {
    row: usize,
    column: usize,
    /// Mean squares of the two tones.
    powers: (f32, f32),
}

impl Sight {
    /// The louder tone and its amplitude.
    fn louder(&self) -> (usize, f32) {
        let (low, high) = self.powers;
        if low >= high { (self.row, (2.0 * low).sqrt()) } else { (self.column, (2.0 * high).sqrt()) }
    }

    /// The softer tone and its mean square.
    fn softer(&self) -> (usize, f32) {
        let (low, high) = self.powers;
        if low >= high { (self.column, high) } else { (self.row, low) }
    }
}

/// A press under way.
#[derive(Copy, Clone, Debug)]
struct Held {
    digit: Digit,
    louder: usize,
    amplitude: f32,
    softer: usize,
    power: f32,
    /// Hops of pause behind it.
    pause: f32,
    /// Looks without the softer tone.
    loss: u32,
}

/// Hears digits in linear sound.
#[derive(Clone, Debug)]
pub struct Detector {
    bank: Arc<Bank>,
    /// The samples of the last look, hop by hop; the hop that is filled now is `filling`.
    samples: [[f32; LONGEST_HOP]; LOOK],
    filling: usize,
    filled: usize,
    /// The newest first.
    hops: [Hop; KEPT],
    /// The weighted sums of the last look and of the one before it.
    looks: [[Complex; 8]; 2],
    /// How each frequency turns in a hop.
    turns: [Complex; 8],
    /// Whole hops heard.
    count: u64,
    held: Option<Held>,
    /// Hops that were lost lately, and for how many more hops that excuses a pause.
    excused: f32,
    excused_for: u32,
}

impl Detector {
    /// A detector for sound at `rate` samples a second: 8,000, 16,000 or 48,000.
    pub fn new(rate: u32) -> Self {
        let rate = rate.clamp(HOPS, HOPS * LONGEST_HOP as u32);
        let bank = Bank::of(rate);
        let turns = FREQUENCIES.map(|frequency| Complex::turn(TAU * frequency / rate as f32 * bank.hop as f32));
        Self {
            bank,
            samples: [[0.0; LONGEST_HOP]; LOOK],
            filling: 0,
            filled: 0,
            hops: [Hop::default(); KEPT],
            looks: [[Complex::default(); 8]; 2],
            turns,
            count: 0,
            held: None,
            excused: 0.0,
            excused_for: 0,
        }
    }

    /// The key that is held now.
    pub fn held(&self) -> Option<Digit> {
        self.held.map(|held| held.digit)
    }

    /// Says that so many of the samples that come next are made up, in place of sound that was lost.
    pub fn excuse(&mut self, samples: usize) {
        if samples > 0 {
            self.excused = (self.excused + samples as f32 / self.bank.hop as f32).min(MOST_EXCUSED);
            self.excused_for = EXCUSED_FOR;
        }
    }

    /// Hears a frame of any length, and tells what it learns of presses.
    pub fn hear(&mut self, pcm: &[i16], mut tell: impl FnMut(ToneEdge)) {
        let mut rest = pcm;
        while !rest.is_empty() {
            let room = self.bank.hop - self.filled;
            let (now, later) = rest.split_at(room.min(rest.len()));
            for (slot, &sample) in self.samples[self.filling][self.filled..].iter_mut().zip(now) {
                *slot = f32::from(sample);
            }
            self.filled += now.len();
            rest = later;
            if self.filled == self.bank.hop {
                self.hop(&mut tell);
                self.filling = (self.filling + 1) % LOOK;
                self.filled = 0;
            }
        }
    }

    fn hop(&mut self, tell: &mut impl FnMut(ToneEdge)) {
        let hop = self.bank.sum(&self.samples[self.filling][..self.bank.hop]);
        self.hops.rotate_right(1);
        self.hops[0] = hop;
        self.count += 1;
        self.excused_for = self.excused_for.saturating_sub(1);
        if self.excused_for == 0 {
            self.excused = 0.0;
        }
        self.looks[1] = self.looks[0];
        self.looks[0] = array::from_fn(|tone| self.weigh(tone, self.turns[tone]));
        let sight = self.look();
        if let Some(held) = self.held {
            self.held = self.go_on(held, tell);
        }
        let Some(sight) = sight else { return };
        let Some(digit) = key(sight.row, sight.column) else { return };
        if self.held.is_some_and(|held| held.digit == digit) {
            return;
        }
        let Some(length) = self.length(&sight).filter(|&length| length >= SHORTEST_PRESS) else { return };
        if let Some(other) = self.held.take() {
            tell(ToneEdge { digit: other.digit, edge: Edge::Ended, at: self.ago(length) });
        }
        tell(ToneEdge { digit, edge: Edge::Began, at: self.ago(length) });
        let ((louder, amplitude), (softer, power)) = (sight.louder(), sight.softer());
        self.held = Some(Held { digit, louder, amplitude, softer, power, pause: 0.0, loss: 0 });
    }

    /// The sample so many hops ago.
    fn ago(&self, hops: f32) -> u64 {
        let samples = (hops * self.bank.hop as f32).round() as u64;
        (self.count * self.bank.hop as u64).saturating_sub(samples)
    }

    /// The sum over a look at a frequency that turns so in a hop.
    fn weigh(&self, tone: usize, turn: Complex) -> Complex {
        let mut turned = Complex { re: 1.0, im: 0.0 };
        let mut sum = Complex::default();
        for (hop, weight) in self.hops.iter().zip(WEIGHTS) {
            sum = sum + (hop.sums[tone] * turned).scaled(weight);
            turned = turned * turn;
        }
        sum
    }

    /// The mean square of the tone whose sum over a look this is.
    fn power_of(&self, sum: Complex) -> f32 {
        let whole = self.bank.hop as f32 * WEIGHT;
        2.0 * sum.power() / (whole * whole)
    }

    /// The two tones of the last look, when they are those of a key.
    fn look(&self) -> Option<Sight> {
        let energy: f32 = self.hops.iter().zip(WEIGHTS).map(|(hop, weight)| hop.energy * weight).sum();
        let whole = energy / (self.bank.hop as f32 * WEIGHT);
        if whole < 2.0 * SOFTEST {
            return None;
        }
        let powers = self.looks[0].map(|sum| self.power_of(sum));
        let (row, column) = (loudest(&powers[..4]), 4 + loudest(&powers[4..]));
        if powers[row] + powers[column] < GLANCE * whole {
            return None;
        }
        let (low_frequency, low) = self.at_its_frequency(row)?;
        let (high_frequency, high) = self.at_its_frequency(column)?;
        let twist = high / low;
        let is_key = low >= SOFTEST
            && high >= SOFTEST
            && (TWIST.0..=TWIST.1).contains(&twist)
            && low + high >= PURITY * whole
            && self.power_of(self.weigh_at(2.0 * high_frequency)) <= HARMONIC * high
            && ((2.0 * low_frequency - high_frequency).abs() < NEAR
                || self.power_of(self.weigh_at(2.0 * low_frequency)) <= HARMONIC * low);
        is_key.then_some(Sight { row, column, powers: (low, high) })
    }

    /// The weighted sum over the last look at any frequency.
    fn weigh_at(&self, frequency: f32) -> Complex {
        let turn = Complex::turn(-TAU * frequency / (self.bank.hop as f32 * HOPS as f32));
        let mut turned = Complex { re: 1.0, im: 0.0 };
        let mut sum = Complex::default();
        // The oldest hop first; the weights are the same both ways.
        for (age, weight) in WEIGHTS.iter().enumerate() {
            for &sample in &self.samples[(self.filling + 1 + age) % LOOK][..self.bank.hop] {
                sum = sum + turned.scaled(weight * sample);
                turned = turned * turn;
            }
        }
        sum
    }

    /// The frequency that a tone really has and how strong it is there; `None` when that is not the tone's.
    fn at_its_frequency(&self, tone: usize) -> Option<(f32, f32)> {
        let turn = self.turns[tone];
        let off = (self.looks[0][tone] * self.looks[1][tone].conjugate() * turn.conjugate()).angle();
        let hertz = off * HOPS as f32 / TAU;
        if hertz.abs() > FREQUENCIES[tone] * OFF {
            return None;
        }
        Some((FREQUENCIES[tone] + hertz, self.power_of(self.weigh(tone, turn * Complex::turn(off)))))
    }

    /// The amplitude of a tone in one hop.
    fn amplitude(&self, hop: &Hop, tone: usize) -> f32 {
        2.0 * hop.sums[tone].power().sqrt() / self.bank.hop as f32
    }

    /// For how many hops the tones have been there, up to now; `None` when they are not even.
    fn length(&self, sight: &Sight) -> Option<f32> {
        let (tone, whole) = sight.louder();
        let mut length = 0.0;
        let mut uneven = 0;
        for hop in &self.hops {
            let part = self.amplitude(hop, tone) / whole;
            length += part.min(1.0);
            if part < HELD {
                break;
            }
            if !(EVEN.0..=EVEN.1).contains(&part) {
                uneven += 1;
            }
        }
        // The first and the last hop may be parts.
        (uneven <= 2).then_some(length)
    }

    /// What becomes of a press in this hop.
    fn go_on(&mut self, mut held: Held, tell: &mut impl FnMut(ToneEdge)) -> Option<Held> {
        let part = self.amplitude(&self.hops[0], held.louder) / held.amplitude;
        if part < HELD {
            held.pause += 1.0 - part;
        } else {
            held.pause = 0.0;
            if (EVEN.0..=EVEN.1).contains(&part) {
                held.amplitude *= 1.0 + 0.05 * (part - 1.0);
            }
        }
        let softer = self.power_of(self.looks[0][held.softer]);
        held.loss = if softer < 0.25 * held.power { held.loss + 1 } else { 0 };
        if held.pause < SHORTEST_PAUSE + self.excused && held.loss < LONGEST_LOSS + self.excused as u32 {
            return Some(held);
        }
        let since = held.pause.max(held.loss as f32 - LOOK as f32 / 2.0);
        tell(ToneEdge { digit: held.digit, edge: Edge::Ended, at: self.ago(since) });
        None
    }
}

/// The place of the greatest.
fn loudest(powers: &[f32]) -> usize {
    powers.iter().enumerate().fold(0, |best, (at, power)| if *power > powers[best] { at } else { best })
}
