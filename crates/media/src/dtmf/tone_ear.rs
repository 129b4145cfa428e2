//! The tones of keys in what a leg hears: one of its listeners.
//!
//! Shape: frames in; the edges of presses wait until the stream takes them in the same packet time.
//! Errors: of more than [`WAITING`] edges that nobody has taken the newest are lost; no packet time has as many.

use super::Digit;
use super::inband::{Detector, ToneEdge};
use std::time::Duration;

/// Edges that wait at most.
const WAITING: usize = 4;

/// A key that is heard as tones.
#[derive(Copy, Clone, Debug)]
pub(crate) struct HeldTone {
    pub(crate) digit: Digit,
    /// The sample at which it began.
    pub(crate) began: u64,
    /// Whether the other leg of the bridge is being told of it.
    pub(crate) passed_on: bool,
}

/// Listens for keys.
#[derive(Debug)]
pub(crate) struct ToneEar {
    detector: Detector,
    rate: u32,
    /// Samples heard.
    heard: u64,
    edges: [Option<ToneEdge>; WAITING],
    /// The key that is held, as the stream noted it.
    pub(crate) held: Option<HeldTone>,
}

impl ToneEar {
    pub(crate) fn new(rate: u32) -> Self {
        Self { detector: Detector::new(rate), rate, heard: 0, edges: [None; WAITING], held: None }
    }

    /// Samples in a second of what it hears.
    pub(crate) fn rate(&self) -> u32 {
        self.rate
    }

    /// Samples heard.
    pub(crate) fn position(&self) -> u64 {
        self.heard
    }

    /// Hears a frame, of which so many samples are made up.
    pub(crate) fn hear(&mut self, pcm: &[i16], made_up: usize) {
        self.detector.excuse(made_up);
        let edges = &mut self.edges;
        self.detector.hear(pcm, |edge| {
            if let Some(free) = edges.iter_mut().find(|waiting| waiting.is_none()) {
                *free = Some(edge);
            }
        });
        self.heard += pcm.len() as u64;
    }

    /// What was heard since this was asked last, in its order.
    pub(crate) fn take(&mut self) -> [Option<ToneEdge>; WAITING] {
        std::mem::take(&mut self.edges)
    }

    /// How long it is from a sample to another.
    pub(crate) fn between(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(to.saturating_sub(from) * 1_000 / u64::from(self.rate.max(1)))
    }
}
