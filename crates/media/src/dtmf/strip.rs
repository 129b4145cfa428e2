//! Takes the tones of keys out of sound, for a bridge whose other leg is told of keys in another way.
//!
//! Shape: frames in; the same sound [`HELD_BACK`] later, with silence where there were keys, out.
//! Units: samples, counted as its detector counts them.
//! Time: a key is known some 40 ms after it begins, later where a packet of it is late, so the sound waits for longer than that, on
//! such bridges only. Of a key that
//! the detector finds later than [`HELD_BACK`], because somebody speaks under it, the beginning has passed already; up to 40 ms
//! of that is no key to any receiver (ITU-T Q.24).
//! Errors: of more than [`SPANS`] keys within the time that is held back, which is more than anybody can press, the oldest is let through.

use super::inband::{Detector, Edge, ToneEdge};
use std::time::Duration;

/// How long sound waits.
pub(crate) const HELD_BACK: Duration = Duration::from_millis(80);
/// Keys that are remembered at once.
const SPANS: usize = 4;
/// How much earlier a key may begin and how much later it may end than the detector says.
const DOUBT: Duration = Duration::from_millis(6);
/// Sound fades to silence and back in this time.
const FADE: Duration = Duration::from_millis(3);

/// Where a key is in the sound.
#[derive(Copy, Clone, Debug)]
struct Span {
    from: u64,
    to: u64,
}

/// Sound on its way, without its keys.
#[derive(Clone, Debug)]
pub(crate) struct Strip {
    detector: Detector,
    spans: Spans,
    line: Box<[i16]>,
    /// The sample that comes in next.
    position: u64,
}

/// Where the last keys are.
#[derive(Clone, Debug)]
struct Spans {
    spans: [Option<Span>; SPANS],
    newest: usize,
    doubt: u64,
    fade: u64,
}

impl Strip {
    /// A strip for sound at `rate`.
    pub(crate) fn new(rate: u32) -> Self {
        let samples = |time: Duration| time.as_millis() as u64 * u64::from(rate) / 1_000;
        Self {
            detector: Detector::new(rate),
            spans: Spans { spans: [None; SPANS], newest: 0, doubt: samples(DOUBT), fade: samples(FADE).max(1) },
            line: vec![0; samples(HELD_BACK) as usize].into_boxed_slice(),
            position: 0,
        }
    }

    /// Replaces a frame, of which so many samples are made up, by what was held back.
    pub(crate) fn pass(&mut self, frame: &mut [i16], made_up: usize) {
        self.detector.excuse(made_up);
        let (detector, spans) = (&mut self.detector, &mut self.spans);
        detector.hear(frame, |edge| spans.note(edge));
        let length = self.line.len().max(1) as u64;
        for sample in frame {
            let slot = (self.position % length) as usize;
            let Some(held) = self.line.get_mut(slot) else { return };
            let leaving = std::mem::replace(held, *sample);
            *sample = self.spans.fade(leaving, self.position.saturating_sub(length));
            self.position += 1;
        }
    }
}

impl Spans {
    fn note(&mut self, edge: ToneEdge) {
        match edge.edge {
            Edge::Began => {
                self.newest = (self.newest + 1) % SPANS;
                self.spans[self.newest] = Some(Span { from: edge.at.saturating_sub(self.doubt), to: u64::MAX });
            }
            Edge::Ended => {
                if let Some(span) = &mut self.spans[self.newest] {
                    span.to = edge.at + self.doubt;
                }
            }
        }
    }

    /// A sample as it is to be heard.
    fn fade(&self, sample: i16, at: u64) -> i16 {
        // How far the sample is outside of the nearest key.
        let outside = |span: &Span| span.from.saturating_sub(at).max(at.saturating_sub(span.to));
        match self.spans.iter().flatten().map(outside).min() {
            Some(far) if far < self.fade => (i64::from(sample) * far as i64 / self.fade as i64) as i16,
            Some(_) | None => sample,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Digit;
    use super::super::tone::{Hold, Tone};
    use super::*;

    /// Speech of a kind, with keys in it, before and behind a strip.
    fn stripped(rate: u32, frame: usize, keys: &str) -> (Vec<i16>, Vec<i16>) {
        let hum = |at: usize| (900.0 * (at as f32 * 0.05).sin()) as i16;
        let mut sound: Vec<i16> = (0..rate as usize).map(hum).collect();
        for (place, key) in keys.chars().enumerate() {
            let begin = rate as usize / 4 + place * rate as usize / 8;
            let mut tone = Tone::new(Digit::from_char(key).unwrap(), rate);
            let mut pressed = vec![0; rate as usize / 15];
            tone.fill(&mut pressed, Hold::On);
            sound[begin..begin + pressed.len()].copy_from_slice(&pressed);
        }
        let (mut strip, mut out) = (Strip::new(rate), sound.clone());
        out.chunks_mut(frame).for_each(|part| strip.pass(part, 0));
        (sound, out)
    }

    #[test]
    fn no_fragment_of_a_key_is_left_and_the_rest_is_as_it_was() {
        for (rate, frame) in [(8_000, 160), (8_000, 80), (16_000, 320), (48_000, 2_880)] {
            let (sound, out) = stripped(rate, frame, "159D");
            let mut detector = Detector::new(rate);
            detector.hear(&out, |edge| panic!("{rate}: {edge:?} was left"));
            let delay = rate as usize * 80 / 1_000;
            let loudest = out.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
            assert!(loudest <= 900, "{rate}: a fragment of {loudest}");
            // Before the first key and behind the last one nothing is missing.
            let (first, last) = (rate as usize * 24 / 100, rate as usize * 72 / 100);
            assert_eq!(out[delay..delay + first], sound[..first], "{rate}");
            assert_eq!(out[delay + last..], sound[last..sound.len() - delay], "{rate}");
        }
    }
}
