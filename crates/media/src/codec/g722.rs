//! G.722 at 64 kbit/s: 7 kHz of sound in the bits of the telephone's 3.4 kHz.
//!
//! Shape: two filters split the band at 4 kHz; each half is ADPCM, the lower with 6 bits and the upper with 2, which share a byte.
//! Encoder and decoder adapt alike from the bits alone, so a decoder that joins late or loses a packet is soon right again.
//! Units: linear samples of 16 bits at 16 kHz, two for each byte; timestamps of RTP count at 8 kHz nevertheless (RFC 3551
//! section 4.5.2), as many as bytes.
//! Errors: none; every byte is a valid code.
//! Sources: ITU-T G.722 (09/2012) section 3 (tables 3 to 14) and section 4 (the blocks, whose names are in parentheses).

mod seam;

pub(crate) use seam::Seam;

/// Bytes which, repeated, let any decoder fade to silence. One byte alone would leave it anywhere near zero, with a whistle at 8 kHz;
/// the small steps up and down of these, found by trial, keep it from settling there.
pub const SILENCE: [u8; 8] = [0xFA, 0xF9, 0x7A, 0xFF, 0xFD, 0xFA, 0x7F, 0xDD];

/// Bytes after which silence has reached the memory of everything: 80 ms.
const REST: usize = 640;

/// Decision levels of the lower band (table 3, Q6), as parts of the step.
const LOW_LEVELS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219, 1339,
    1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
/// What each of the 64 codes of the lower band says (table 5, QM6).
const LOW_OUTPUT: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576,
    -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040,
    -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
    4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
/// What both sides adapt by: the upper four of the six bits (table 5, QM4).
const LOW_ADAPT: [i32; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];
/// How the lower band's step changes with the same four bits (table 6, WL by RL42).
const LOW_STEPS: [i32; 16] = [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];
/// The largest logarithm of the lower band's step.
const LOW_MOST: i32 = 18_432;
/// What each of the four codes of the upper band says (table 8, QM2).
const HIGH_OUTPUT: [i32; 4] = [-7408, -1616, 7408, 1616];
/// How the upper band's step changes (table 9, WH by RH2).
const HIGH_STEPS: [i32; 4] = [798, -214, 798, -214];
const HIGH_MOST: i32 = 22_528;
/// The one decision level of the upper band.
const HIGH_LEVEL: i32 = 564;
/// From a logarithm to a step (table 11, ILB).
const ANTILOG: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025,
    3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
/// Every other coefficient of the filter that splits and joins the bands (table 2); the others are the same backwards.
const SPLIT: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
/// The bounds of what a band says.
const BAND_LIMIT: (i32, i32) = (-16_384, 16_383);

const fn saturate(value: i32) -> i32 {
    if value > 32_767 {
        32_767
    } else if value < -32_768 {
        -32_768
    } else {
        value
    }
}

/// A product of two numbers of 15 binary places.
const fn scaled(one: i32, other: i32) -> i32 {
    (one * other) >> 15
}

/// What one band knows of its past: the same in an encoder and its decoder.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Band {
    /// The logarithm of the step (NB), and the step (DET).
    log_step: i32,
    step: i32,
    /// What is expected next (S), and the zeros' part of it (SZ).
    expected: i32,
    zeros: i32,
    /// What was said, newest first (R), and the same without the poles' part (P).
    said: [i32; 2],
    partial: [i32; 2],
    /// The poles (A) and zeros (B) of the predictor, and the differences that the zeros weigh (D).
    poles: [i32; 2],
    taps: [i32; 6],
    differences: [i32; 6],
}

impl Band {
    fn new(step: i32) -> Self {
        Self { step, ..Self::default() }
    }

    /// Makes the step larger or smaller (LOGSCL, SCALEL, LOGSCH, SCALEH). `shift` is 8 for the lower band and 10 for the upper.
    fn rescale(&mut self, change: i32, most: i32, shift: i32) {
        self.log_step = (((self.log_step * 127) >> 7) + change).clamp(0, most);
        let mantissa = ANTILOG[(self.log_step >> 6 & 31) as usize];
        let shift = shift - (self.log_step >> 11);
        self.step = (if shift < 0 { mantissa << -shift } else { mantissa >> shift }) << 2;
    }

    /// Learns from a difference between what came and what was expected (block 4).
    fn learn(&mut self, difference: i32) {
        let said = saturate(self.expected + difference);
        let partial = saturate(self.zeros + difference);
        self.learn_poles(partial);
        self.learn_zeros(difference);
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.said = [said, self.said[0]];
        self.partial = [partial, self.partial[0]];
        self.expect();
    }

    /// UPPOL1 and UPPOL2: by signs alone, and within the bounds in which the filter is stable.
    fn learn_poles(&mut self, partial: i32) {
        let [first, second] = self.poles;
        let same = |before: i32| (partial < 0) == (before < 0);
        let four = saturate(first << 2);
        let toward = (if same(self.partial[0]) { -four } else { four }).min(32_767);
        let nudge = if same(self.partial[1]) { 128 } else { -128 };
        let second = (nudge + (toward >> 7) + scaled(second, 32_512)).clamp(-12_288, 12_288);
        let nudge = if same(self.partial[0]) { 192 } else { -192 };
        let bound = saturate(15_360 - second);
        let first = saturate(nudge + scaled(first, 32_640)).clamp(-bound, bound);
        self.poles = [first, second];
    }

    /// UPZERO.
    fn learn_zeros(&mut self, difference: i32) {
        let nudge = if difference == 0 { 0 } else { 128 };
        for (tap, &before) in self.taps.iter_mut().zip(&self.differences) {
            let nudge = if (difference < 0) == (before < 0) { nudge } else { -nudge };
            *tap = saturate(nudge + scaled(*tap, 32_640));
        }
    }

    /// FILTEP, FILTEZ and PREDIC.
    fn expect(&mut self) {
        let twice = |value: i32| saturate(value + value);
        let poles = saturate(scaled(self.poles[0], twice(self.said[0])) + scaled(self.poles[1], twice(self.said[1])));
        let zeros = self.taps.iter().zip(&self.differences).map(|(&tap, &before)| scaled(tap, twice(before))).sum();
        self.zeros = saturate(zeros);
        self.expected = saturate(poles + self.zeros);
    }
}

/// Both bands, as they begin.
#[derive(Clone, Debug)]
struct Bands {
    low: Band,
    high: Band,
    /// The last 24 samples of the filter that splits or joins them, oldest first.
    line: [i32; 24],
}

impl Bands {
    fn new() -> Self {
        Self { low: Band::new(32), high: Band::new(8), line: [0; 24] }
    }

    /// Puts two samples into the filter and answers its two sums.
    fn filter(&mut self, first: i32, second: i32) -> (i32, i32) {
        self.line.copy_within(2.., 0);
        self.line[22] = first;
        self.line[23] = second;
        let pairs = self.line.as_chunks::<2>().0;
        let even = pairs.iter().zip(SPLIT).map(|(pair, weight)| pair[0] * weight).sum();
        let odd = pairs.iter().zip(SPLIT.iter().rev()).map(|(pair, weight)| pair[1] * weight).sum();
        (even, odd)
    }

    /// Both bands learn from a byte, in the same way on both sides.
    fn learn(&mut self, code: u8) {
        let (low, high) = (usize::from(code & 0x3F), usize::from(code >> 6));
        let difference = scaled(self.low.step, LOW_ADAPT[low >> 2]);
        self.low.rescale(LOW_STEPS[low >> 2], LOW_MOST, 8);
        self.low.learn(difference);
        let difference = scaled(self.high.step, HIGH_OUTPUT[high]);
        self.high.rescale(HIGH_STEPS[high], HIGH_MOST, 10);
        self.high.learn(difference);
    }
}

/// Turns samples into bytes.
#[derive(Clone, Debug)]
pub struct Encoder(Bands);

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder that has heard nothing.
    pub fn new() -> Self {
        Self(Bands::new())
    }

    /// An encoder whose decoder has heard [`SILENCE`] for a while.
    pub fn rested() -> Self {
        let mut bands = Bands::new();
        SILENCE.into_iter().cycle().take(REST).for_each(|code| bands.learn(code));
        Self(bands)
    }

    /// The byte for two samples.
    pub fn encode(&mut self, first: i16, second: i16) -> u8 {
        let (even, odd) = self.0.filter(first.into(), second.into());
        let (low, high) = ((odd + even) >> 14, (odd - even) >> 14);
        let code = low_code(saturate(low - self.0.low.expected), self.0.low.step)
            | high_code(saturate(high - self.0.high.expected), self.0.high.step) << 6;
        self.0.learn(code);
        code
    }
}

/// The six bits for a difference in the lower band (QUANTL, table 4).
fn low_code(difference: i32, step: i32) -> u8 {
    let magnitude = if difference < 0 { !difference } else { difference };
    let number = 1 + LOW_LEVELS.partition_point(|level| magnitude >= (level * step) >> 12) as u8;
    match (difference < 0, number) {
        (false, number) => 62 - number,
        (true, 1) => 63,
        (true, 2) => 62,
        (true, number) => 34 - number,
    }
}

/// The two bits for a difference in the upper band (QUANTH, table 7).
fn high_code(difference: i32, step: i32) -> u8 {
    let magnitude = if difference < 0 { !difference } else { difference };
    let outer = magnitude >= (HIGH_LEVEL * step) >> 12;
    match (difference < 0, outer) {
        (false, false) => 3,
        (false, true) => 2,
        (true, false) => 1,
        (true, true) => 0,
    }
}

/// Turns bytes into samples.
#[derive(Clone, Debug)]
pub struct Decoder(Bands);

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder that has heard nothing.
    pub fn new() -> Self {
        Self(Bands::new())
    }

    /// The two samples of a byte.
    pub fn decode(&mut self, code: u8) -> [i16; 2] {
        let Bands { low, high, .. } = &self.0;
        let (least, most) = BAND_LIMIT;
        let difference = scaled(low.step, LOW_OUTPUT[usize::from(code & 0x3F)]);
        let low = (low.expected + difference).clamp(least, most);
        let difference = scaled(high.step, HIGH_OUTPUT[usize::from(code >> 6)]);
        let high = (high.expected + difference).clamp(least, most);
        self.0.learn(code);
        let (even, odd) = self.0.filter(low + high, low - high);
        [saturate(odd >> 11) as i16, saturate(even >> 11) as i16]
    }
}
