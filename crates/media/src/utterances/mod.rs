//! What a party says, cut into utterances, for somebody who understands speech.
//!
//! Shape: an [`Utterances`] stands in a stream and takes one frame of each packet time. All sound goes to its [`Reel`], as that of a
//! recording does; beside it, turns say when the party begins to speak and when it has ended.
//! Units: samples are linear, 8 or 16 kHz, as the leg has them; a turn's time counts from the first frame.
//! Time: that of the frames. Nothing here allocates, locks or waits.
//! Errors: a reader that lags costs sound, as with a recording, and no turn.

mod endpoint;

use std::collections::VecDeque;
use std::time::Duration;

use crate::listen::Frame;
use crate::record::{Channels, Rate, RecordEnd, Recorder, RecordingId, Reel, Take, Trim};

pub use endpoint::{Endpointer, LONGEST_UTTERANCE, ONSET, Turn};

/// Turns that wait to be told; they are told at every service of the stream.
const TURNS: usize = 8;
/// The longest time that somebody listens.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Listens to one leg. Dropped, it ends its reel.
#[derive(Debug)]
pub struct Utterances {
    recorder: Recorder,
    endpointer: Endpointer,
    turns: VecDeque<Turn>,
}

impl Utterances {
    /// A listener on a leg of this rate, for whom so long a silence ends an utterance, and the reel of its sound.
    pub fn new(rate: Rate, end_silence: Duration) -> (Self, Reel) {
        let take = Take { channels: Channels::Mono, rate, max_length: LONGEST, end_silence: None, trim: Trim::Nothing };
        let (recorder, reel) = Recorder::new(RecordingId(0), take);
        let turns = VecDeque::with_capacity(TURNS);
        (Self { recorder, endpointer: Endpointer::new(end_silence), turns }, reel)
    }

    /// Frames are of this rate from now on. This allocates where the rate is another one.
    pub(crate) fn follow(&mut self, rate: u32) {
        self.recorder.follow(rate);
    }

    /// The leg was heard.
    pub(crate) fn hear(&mut self, frame: &Frame<'_>) {
        // A reel that nobody reads any more is no concern of the leg.
        let _ = self.recorder.hear(frame.rate, frame.heard, &[]);
        let turn = self.endpointer.hear(frame.heard, frame.rate);
        if let Some(turn) = turn.filter(|_| self.turns.len() < TURNS) {
            self.turns.push_back(turn);
        }
    }

    /// What has not been told yet.
    pub(crate) fn next_turn(&mut self) -> Option<Turn> {
        self.turns.pop_front()
    }

    /// Passes on what was heard last, and ends.
    pub fn finish(mut self) {
        self.recorder.finish(RecordEnd::Stopped);
    }
}
