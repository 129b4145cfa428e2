//! Where a prompt in G.722 follows something that its encoder did not know of.
//!
//! Shape: told of all bytes that a leg is sent. Where a ready-made prompt begins, its bytes are said anew for a while: what its own
//! encoder meant, in the codes that mean it to a decoder that has heard what went before. Within the bands, so nothing is filtered again
//! and nothing is late. When both know the same, or nearly, the bytes pass as they are. A sound that is cut off sinks in the same way: what
//! is meant by its bytes is said less and less loudly.
//! Units: bytes, of which there are 8 in a millisecond.
//! Time: a beginning costs as much as decoding 128 ms, each byte behind it as much as encoding one, for half a second at most.
//! Sources: ITU-T G.722 sections 3.5 and 3.6: the memories of the steps are 16 ms long, those of the predictors 32 ms.

use super::{BAND_LIMIT, Band, Bands, Encoder, HIGH_OUTPUT, LOW_OUTPUT, high_code, low_code, saturate, scaled};
use crate::codec::Codec;

/// What of the past still matters: four times the longest memory.
const REMEMBERED: usize = 1_024;
/// For how long a beginning is fitted at most: half a second, after which only a pure tone is still a little rough.
const FITTED: usize = 4_096;

/// The bytes that a leg was sent, and the beginning that is fitted to them.
#[derive(Debug)]
pub(crate) struct Seam {
    sent: [u8; REMEMBERED],
    /// How many they are; a receiver that has heard nothing is not at rest, but new.
    count: usize,
    /// Where the next goes, and the oldest is if there is no room left.
    at: usize,
    rested: Bands,
    fitting: Option<Fitting>,
    sinking: Option<Sinking>,
}

/// What passes is said less and less loudly, along a straight line.
#[derive(Debug)]
struct Sinking {
    left: i32,
    of: i32,
}

/// A beginning under way.
#[derive(Debug)]
struct Fitting {
    /// What the prompt's encoder knew, and what the receiver's decoder knows.
    own: Bands,
    theirs: Bands,
    left: usize,
}

impl Seam {
    /// One for a leg of this codec, where it needs one.
    pub(crate) fn of(codec: Codec) -> Option<Box<Self>> {
        (codec == Codec::G722).then(|| {
            let Encoder(rested) = Encoder::rested();
            Box::new(Self { sent: [0; REMEMBERED], count: 0, at: 0, rested, fitting: None, sinking: None })
        })
    }

    /// What passes from now on is from a prompt, of which `before` was left out.
    pub(crate) fn begin(&mut self, before: &[u8]) {
        let mut own = self.rested.clone();
        before[before.len().saturating_sub(REMEMBERED)..].iter().for_each(|&code| own.learn(code));
        self.fitting = Some(Fitting { own, theirs: self.theirs(), left: FITTED });
    }

    /// What the receiver's decoder knows.
    fn theirs(&self) -> Bands {
        let is_new = self.count < REMEMBERED;
        let mut theirs = if is_new { Bands::new() } else { self.rested.clone() };
        let (newer, older) = self.sent.split_at(self.at);
        let older = if is_new { &[][..] } else { older };
        older.iter().chain(newer).for_each(|&code| theirs.learn(code));
        theirs
    }

    /// What passes from now on sinks to silence within so many bytes, of which there are a few hundred at most. It costs as much as a
    /// beginning.
    pub(crate) fn sink(&mut self, bytes: usize) {
        let of = i32::try_from(bytes).unwrap_or(i32::MAX);
        self.sinking = (of > 0).then_some(Sinking { left: of, of });
    }

    /// Passes bytes that go on, and changes them where that is needed.
    pub(crate) fn pass(&mut self, bytes: &mut [u8]) {
        if self.sinking.is_some() {
            // Where nothing is fitted, both know the same.
            let fitting = self.fitting.take().unwrap_or_else(|| {
                let theirs = self.theirs();
                Fitting { own: theirs.clone(), theirs, left: FITTED }
            });
            self.fitting = Some(Fitting { left: FITTED, ..fitting });
        }
        if let Some(fitting) = &mut self.fitting {
            for byte in bytes.iter_mut().take(fitting.left) {
                *byte = fitting.fit(*byte, self.sinking.as_mut());
            }
            self.sinking.take_if(|sinking| sinking.left == 0);
            fitting.left = fitting.left.saturating_sub(bytes.len());
            if fitting.left == 0 || fitting.is_done() {
                self.fitting = None;
            }
        }
        self.keep(bytes);
    }

    /// Takes bytes that are from no prompt.
    pub(crate) fn note(&mut self, bytes: &[u8]) {
        self.fitting = None;
        if !bytes.is_empty() {
            self.sinking = None;
        }
        self.keep(bytes);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let newest = &bytes[bytes.len().saturating_sub(REMEMBERED)..];
        let (one, other) = newest.split_at(newest.len().min(REMEMBERED - self.at));
        self.sent[self.at..self.at + one.len()].copy_from_slice(one);
        self.sent[..other.len()].copy_from_slice(other);
        self.at = (self.at + newest.len()) % REMEMBERED;
        self.count = (self.count + newest.len()).min(REMEMBERED);
    }
}

impl Fitting {
    /// The code that says to the receiver what this one said to the encoder.
    fn fit(&mut self, code: u8, sinking: Option<&mut Sinking>) -> u8 {
        let meant = |band: &Band, output: i32| {
            let (least, most) = BAND_LIMIT;
            (band.expected + scaled(band.step, output)).clamp(least, most)
        };
        let low = meant(&self.own.low, LOW_OUTPUT[usize::from(code & 0x3F)]);
        let high = meant(&self.own.high, HIGH_OUTPUT[usize::from(code >> 6)]);
        let (low, high) = sinking.map_or((low, high), |sinking| sinking.sunk(low, high));
        let Bands { low: their_low, high: their_high, .. } = &self.theirs;
        let fitted = low_code(saturate(low - their_low.expected), their_low.step)
            | high_code(saturate(high - their_high.expected), their_high.step) << 6;
        self.own.learn(code);
        self.theirs.learn(fitted);
        fitted
    }

    fn is_done(&self) -> bool {
        self.own.low == self.theirs.low && self.own.high == self.theirs.high
    }
}

impl Sinking {
    /// The next of both bands.
    fn sunk(&mut self, low: i32, high: i32) -> (i32, i32) {
        self.left = (self.left - 1).max(0);
        let part = |meant: i32| (i64::from(meant) * i64::from(self.left) / i64::from(self.of)) as i32;
        (part(low), part(high))
    }
}
