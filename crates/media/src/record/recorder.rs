//! The recorder that stands in a stream.
//!
//! Shape: frames of what is heard and what was said, one of each at every due packet time; blocks, out of sight, to its [`Reel`].
//! Units: frames may be of any rate that a leg has; the recording keeps its own.
//! Time: told by the lengths of frames. Nothing here allocates, locks or waits.
//! Errors: what ends the recording is told once, by [`Recorder::hear`].

use std::time::Duration;

use super::lead::{Lead, STAYS};
use super::level::Silence;
use super::reel::{self, Block, Feed, Reel};
use super::{Channels, Gap, RecordEnd, Recorded, RecordingId, Take, Trim};
use crate::config::MAX_PTIME;
use crate::resample::Streaming;

/// The longest frame of a recording: 60 ms at 16 kHz.
const LONGEST: usize = MAX_PTIME.as_millis() as usize * 16;

/// What a recorder does with frames.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum State {
    Running,
    Paused(Gap),
    Over,
}

/// Records one leg. Dropped, it ends the recording as one whose call is over.
#[derive(Debug)]
pub struct Recorder {
    id: RecordingId,
    take: Take,
    feed: Feed,
    state: State,
    filling: Option<Block>,
    /// Samples of one channel until now.
    position: u64,
    max: u64,
    ended: Option<Recorded>,
    /// The rate of frames, and the ways from there to the recording's.
    from: u32,
    left: Streaming,
    right: Streaming,
    silence: Silence,
    /// The position at the end of the last sound.
    sounded: u64,
    /// Samples of one channel that found no block.
    lost: u64,
    /// What waits for the first sound.
    lead: Option<Lead>,
    /// Samples of one channel that were left out before it.
    skipped: u64,
}

impl Recorder {
    /// A recorder, and the reel that its blocks are taken from. This allocates all that it needs.
    pub fn new(id: RecordingId, take: Take) -> (Self, Reel) {
        Self::with(id, take, reel::FILE)
    }

    /// The same for one who wants what is heard at once: blocks of 20 ms, of which a second may wait.
    pub fn live(id: RecordingId, take: Take) -> (Self, Reel) {
        Self::with(id, take, reel::LIVE)
    }

    fn with(id: RecordingId, take: Take, blocks: reel::Blocks) -> (Self, Reel) {
        let (feed, reel) = reel::join(take, blocks);
        let recorder = Self {
            id,
            take,
            feed,
            state: State::Running,
            filling: None,
            position: 0,
            max: take.rate.samples(take.max_length.min(take.format().longest())),
            ended: None,
            from: take.rate.hertz(),
            left: Streaming::new(take.rate.hertz(), take.rate.hertz()),
            right: Streaming::new(take.rate.hertz(), take.rate.hertz()),
            silence: Silence::new(),
            sounded: 0,
            lost: 0,
            lead: (take.trim == Trim::Silence).then(|| Lead::new(take.rate)),
            skipped: 0,
        };
        (recorder, reel)
    }

    /// How much of it found no block, and is silent.
    pub fn lost(&self) -> Duration {
        self.take.rate.duration(self.lost)
    }

    /// Its name.
    pub fn id(&self) -> RecordingId {
        self.id
    }

    /// Whose sound it records.
    pub fn channels(&self) -> Channels {
        self.take.channels
    }

    /// Whether it waits for frames with what the leg is sent, also where they become silence.
    pub fn wants_said(&self) -> bool {
        self.take.channels.want_said() && matches!(self.state, State::Running | State::Paused(Gap::Silent))
    }

    /// Frames are of this rate from now on. This allocates where the rate is another one.
    pub fn follow(&mut self, rate: u32) {
        if rate != self.from {
            self.from = rate;
            let own = self.take.rate.hertz();
            (self.left, self.right) = (Streaming::new(rate, own), Streaming::new(rate, own));
        }
    }

    /// Takes the frame of one packet time: what was heard of the leg and what it was sent, both of the rate that was told with
    /// [`Recorder::follow`]; else the frame is silent. A channel that is shorter than the other is silent at its end.
    ///
    /// What is returned ends the recording; later frames do nothing.
    pub fn hear(&mut self, rate: u32, heard: &[i16], said: &[i16]) -> Option<RecordEnd> {
        let own = self.take.rate.hertz();
        let is_whole = !self.take.channels.want_said() || heard.len() == said.len();
        if rate == own && is_whole && heard.len() <= LONGEST {
            return self.frame(heard, said);
        }
        let length = heard.len().max(said.len());
        let samples = length as u64 * u64::from(own) / u64::from(rate.max(1));
        let samples = usize::try_from(samples).unwrap_or(LONGEST).min(LONGEST);
        let (mut left, mut right) = ([0; LONGEST], [0; LONGEST]);
        if rate == self.from {
            self.left.run(heard, &mut left[..samples]);
            self.right.run(said, &mut right[..samples]);
        }
        self.frame(&left[..samples], &right[..samples])
    }

    /// Takes a frame of the recording's own rate, at most [`LONGEST`].
    fn frame(&mut self, left: &[i16], right: &[i16]) -> Option<RecordEnd> {
        let mut silent = Duration::ZERO;
        match self.state {
            State::Over | State::Paused(Gap::Cut) => return None,
            State::Paused(Gap::Silent) => {
                let nothing = &[0; LONGEST][..left.len().min(LONGEST)];
                self.put(nothing, nothing);
            }
            State::Running => {
                let listened = if self.take.channels == Channels::Said { right } else { left };
                silent = self.silence.hear(listened, self.take.rate.duration(listened.len() as u64));
                if self.begin_or_wait(listened, silent) {
                    self.put(left, right);
                    if silent.is_zero() {
                        self.sounded = self.position;
                    }
                }
            }
        }
        if self.state == State::Over {
            self.finish(RecordEnd::Storage)
        } else if self.position + self.waited() >= self.max {
            self.finish(RecordEnd::MaxLength)
        } else if self.take.end_silence.is_some_and(|limit| silent >= limit) {
            self.finish(RecordEnd::EndSilence)
        } else {
            None
        }
    }

    /// Whether the recording has begun, or does with this frame; else it waits for a sound.
    fn begin_or_wait(&mut self, frame: &[i16], silent: Duration) -> bool {
        let Some(mut lead) = self.lead.take() else { return true };
        if !silent.is_zero() {
            lead.keep(frame);
            self.lead = Some(lead);
            return false;
        }
        let (older, newer) = lead.kept();
        self.skipped = lead.passed - (older.len() + newer.len()) as u64;
        for kept in [older, newer] {
            self.put(kept, kept);
        }
        true
    }

    /// Samples that were left out so far.
    fn waited(&self) -> u64 {
        self.skipped + self.lead.as_ref().map_or(0, |lead| lead.passed)
    }

    /// Writes samples of both channels, at most until the end of the longest recording.
    fn put(&mut self, left: &[i16], right: &[i16]) {
        let wanted = usize::try_from(self.max - self.position.min(self.max)).unwrap_or(usize::MAX).min(left.len());
        let (sides, channels) = (self.take.channels, self.take.channels.count());
        let mut done = 0;
        while done < wanted {
            let Some(block) = self.block() else {
                self.lost += (wanted - done) as u64;
                self.position += (wanted - done) as u64;
                return;
            };
            let room = block.room();
            let samples = (room.len() / channels).min(wanted - done);
            let (left, right) = (&left[done..done + samples], right.get(done..done + samples).unwrap_or_default());
            match sides {
                Channels::Mono => room[..samples].copy_from_slice(left),
                Channels::Said => {
                    let said = right.len().min(samples);
                    room[..said].copy_from_slice(&right[..said]);
                    room[said..samples].fill(0);
                }
                Channels::Mixed => {
                    room[..samples].copy_from_slice(left);
                    for (sample, right) in room[..samples].iter_mut().zip(right) {
                        *sample = sample.saturating_add(*right);
                    }
                }
                Channels::Stereo => {
                    for ((pair, left), right) in room.chunks_exact_mut(2).zip(left).zip(right) {
                        pair.copy_from_slice(&[*left, *right]);
                    }
                }
            }
            block.grow(samples * channels);
            let full = block.is_full();
            done += samples;
            self.position += samples as u64;
            if full {
                self.pass_on();
            }
        }
    }

    /// The block that is being filled, or an empty one.
    fn block(&mut self) -> Option<&mut Block> {
        if self.filling.is_none() {
            let mut block = self.feed.empty()?;
            block.begin(self.position);
            self.filling = Some(block);
        }
        self.filling.as_mut()
    }

    fn pass_on(&mut self) {
        if let Some(block) = self.filling.take()
            && !block.is_empty()
            && self.feed.pass_on(block).is_err()
        {
            self.state = State::Over;
        }
    }

    /// Records nothing until [`Recorder::resume`]; the block that is being filled is passed on, so that what was said is on its way.
    pub fn pause(&mut self, gap: Gap) {
        if self.state != State::Over {
            self.pass_on();
            self.silence.restart();
            if self.state != State::Over {
                self.state = State::Paused(gap);
            }
        }
    }

    /// Records again.
    pub fn resume(&mut self) {
        if self.state != State::Over {
            self.state = State::Running;
        }
    }

    /// Ends the recording, once; what is returned is why.
    pub fn finish(&mut self, why: RecordEnd) -> Option<RecordEnd> {
        if self.ended.is_some() {
            return None;
        }
        self.pass_on();
        self.state = State::Over;
        let rate = self.take.rate;
        let listens = self.take.end_silence.is_some() || self.take.trim == Trim::Silence;
        let sounded = if listens { self.sounded } else { self.position };
        let length = match self.take.trim {
            Trim::Nothing => self.position,
            Trim::Silence => self.position.min(self.sounded + rate.samples(STAYS)),
        };
        let recorded = Recorded {
            why,
            length: rate.duration(length),
            sounded: rate.duration(sounded),
            lost: rate.duration(self.lost),
        };
        let recorded = match self.feed.end(recorded) {
            Ok(()) => recorded,
            Err(reel::WriterGone) => Recorded { why: RecordEnd::Storage, ..recorded },
        };
        self.ended = Some(recorded);
        Some(recorded.why)
    }

    /// What was recorded, once it has ended.
    pub fn recorded(&self) -> Option<Recorded> {
        self.ended
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.finish(RecordEnd::CallOver);
    }
}

#[cfg(test)]
mod tests;
