//! Sound that is made elsewhere while it is heard: pieces that come when they come, played in one line without a click.
//!
//! Shape: a [`LiveFeed`] with whoever has the sound, a [`LiveSource`] in a stream; pieces go round between the two, filled one way and empty the
//! other, so that nothing is allocated and neither side waits for the other.
//! Units: linear samples at [`LIVE_RATE`]; a piece is at most [`PIECE`] of them.
//! Time: a line begins when `AHEAD` of it is there, or has been waited for as long. Where nothing is there the last sample sinks to
//! silence within `RAMP`, and what comes then rises from it.
//! Errors: who has more than finds an empty piece keeps it; a feed that is gone leaves silence.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::codec::{Codec, Encoder};
use crate::config::MAX_PTIME;
use crate::resample::Streaming;

/// Samples in a second of live sound.
pub const LIVE_RATE: u32 = 8_000;
/// Samples of a piece: 20 ms.
pub const PIECE: usize = 160;
/// Pieces that go round: 320 ms.
const PIECES: usize = 16;
/// What is waited for before a line begins, in samples: 60 ms.
const AHEAD: usize = 3 * PIECE;
/// How long a line rises and sinks, in samples: 5 ms.
const RAMP: u16 = 40;
/// The longest frame at the rate of live sound, and at that of any stream.
const LONGEST: usize = MAX_PTIME.as_millis() as usize * 8;
const LONGEST_OUT: usize = MAX_PTIME.as_millis() as usize * 48;

/// A piece of sound.
#[derive(Debug)]
struct Piece {
    samples: Box<[i16]>,
    filled: usize,
    number: u64,
    /// Which line it belongs to; it is not played once another one has begun.
    line: u32,
}

/// The end of whoever has the sound.
#[derive(Debug)]
pub struct LiveFeed {
    filled: SyncSender<Piece>,
    empty: Receiver<Piece>,
    free: Vec<Piece>,
    line: Arc<AtomicU32>,
    /// Pieces given so far, and the last that came back.
    given: u64,
    returned: u64,
}

/// The end that stands in a stream.
#[derive(Debug)]
pub struct LiveSource {
    filled: Receiver<Piece>,
    empty: SyncSender<Piece>,
    line: Arc<AtomicU32>,
    waiting: VecDeque<Piece>,
    playing: Option<(Piece, usize)>,
    /// How long the first piece of a line has waited, in samples.
    waited: usize,
    /// Whether a line plays.
    flows: bool,
    /// How far it has risen, of [`RAMP`].
    risen: u16,
    /// The last sample that was heard, that of the line before, and how much of the latter is left, in steps of the ramp.
    last: i16,
    tail: i16,
    sinks: u16,
}

/// Both ends.
pub fn live() -> (LiveFeed, LiveSource) {
    let (filled, fills) = sync_channel(PIECES);
    let (empty, empties) = sync_channel(PIECES);
    let piece = || Piece { samples: vec![0; PIECE].into(), filled: 0, number: 0, line: 0 };
    let line = Arc::new(AtomicU32::new(0));
    let free = std::iter::repeat_with(piece).take(PIECES).collect();
    let feed = LiveFeed { filled, empty: empties, free, line: line.clone(), given: 0, returned: 0 };
    let source = LiveSource {
        filled: fills,
        empty,
        line,
        waiting: VecDeque::with_capacity(PIECES),
        playing: None,
        waited: 0,
        flows: false,
        risen: 0,
        last: 0,
        tail: 0,
        sinks: 0,
    };
    (feed, source)
}

impl LiveFeed {
    /// Gives a piece to be played, at most [`PIECE`] samples; its number, counted from 1, or `None` where none is empty.
    pub fn say(&mut self, samples: &[i16]) -> Option<u64> {
        self.collect();
        let mut piece = self.free.pop()?;
        let filled = samples.len().min(PIECE);
        piece.samples[..filled].copy_from_slice(&samples[..filled]);
        self.given += 1;
        (piece.filled, piece.number, piece.line) = (filled, self.given, self.line.load(Ordering::Relaxed));
        // There is room for every piece; a source that is gone plays nothing.
        self.filled.try_send(piece).ok().map(|()| self.given)
    }

    /// Whether a piece is empty.
    pub fn has_room(&mut self) -> bool {
        self.collect();
        !self.free.is_empty()
    }

    /// The number of the last piece that was played or thrown away; 0 before the first.
    pub fn played(&mut self) -> u64 {
        self.collect();
        self.returned
    }

    /// What was given and not played yet is not played.
    pub fn clear(&self) {
        self.line.fetch_add(1, Ordering::Relaxed);
    }

    fn collect(&mut self) {
        while let Ok(piece) = self.empty.try_recv() {
            self.returned = self.returned.max(piece.number);
            self.free.push(piece);
        }
    }
}

impl LiveSource {
    /// Fills a frame of any length, as the stream does that it stands in.
    pub fn fill(&mut self, frame: &mut [i16]) {
        self.take();
        if !self.flows && self.playing.is_none() && !self.waiting.is_empty() {
            let there: usize = self.waiting.iter().map(|piece| piece.filled).sum();
            self.flows = there >= AHEAD || self.waited >= AHEAD;
            self.waited += frame.len();
            if self.flows {
                (self.risen, self.waited) = (0, 0);
            }
        }
        for sample in frame {
            *sample = self.next();
        }
    }

    /// Takes what has come, and gives back what is not to be played any more.
    fn take(&mut self) {
        let line = self.line.load(Ordering::Relaxed);
        while self.waiting.len() < PIECES
            && let Ok(piece) = self.filled.try_recv()
        {
            self.waiting.push_back(piece);
        }
        while self.waiting.front().is_some_and(|piece| piece.line != line)
            && let Some(piece) = self.waiting.pop_front()
        {
            self.give_back(piece);
        }
        if self.playing.as_ref().is_some_and(|(piece, _)| piece.line != line)
            && let Some((piece, _)) = self.playing.take()
        {
            self.give_back(piece);
            self.stop();
        }
    }

    fn next(&mut self) -> i16 {
        if self.flows {
            if let Some(sample) = self.sound() {
                self.risen = (self.risen + 1).min(RAMP);
                let sample = scaled(sample, self.risen).saturating_add(self.sinking());
                self.last = sample;
                return sample;
            }
            self.stop();
        }
        self.sinking()
    }

    /// The next sample of what came.
    fn sound(&mut self) -> Option<i16> {
        loop {
            if self.playing.is_none() {
                self.playing = self.waiting.pop_front().map(|piece| (piece, 0));
            }
            let (piece, at) = self.playing.as_mut()?;
            if let Some(sample) = piece.samples.get(..piece.filled).and_then(|samples| samples.get(*at)) {
                *at += 1;
                return Some(*sample);
            }
            if let Some((piece, _)) = self.playing.take() {
                self.give_back(piece);
            }
        }
    }

    /// A line has ended: its last sample sinks.
    fn stop(&mut self) {
        if std::mem::take(&mut self.flows) {
            (self.sinks, self.tail) = (RAMP, self.last);
        }
    }

    fn sinking(&mut self) -> i16 {
        self.sinks = self.sinks.saturating_sub(1);
        scaled(self.tail, self.sinks)
    }

    fn give_back(&self, piece: Piece) {
        // A feed that is gone needs none.
        let _ = self.empty.try_send(piece);
    }
}

/// A sample at this height of the ramp.
fn scaled(sample: i16, height: u16) -> i16 {
    (i32::from(sample) * i32::from(height) / i32::from(RAMP)) as i16
}

/// Live sound as a stream sends it.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) source: LiveSource,
    outward: Streaming,
    encoder: Encoder,
    line: Box<[i16]>,
    said: Box<[i16]>,
}

impl Live {
    pub(crate) fn new(source: LiveSource, codec: Codec) -> Self {
        Self {
            source,
            outward: Streaming::new(LIVE_RATE, codec.sample_rate()),
            encoder: Encoder::new(codec),
            line: vec![0; LONGEST].into(),
            said: vec![0; LONGEST_OUT].into(),
        }
    }

    /// Goes on in another codec.
    pub(crate) fn follow(&mut self, codec: Codec) {
        if codec != self.encoder.codec() {
            self.outward = Streaming::new(LIVE_RATE, codec.sample_rate());
            self.encoder = Encoder::new(codec);
        }
    }

    /// Fills the payload of a frame, and answers how many bytes that is.
    pub(crate) fn fill(&mut self, length: Duration, payload: &mut [u8]) -> usize {
        let samples = |rate: u32, most: usize| (rate as usize * length.as_millis() as usize / 1_000).min(most);
        let (inside, outside) = (samples(LIVE_RATE, LONGEST), samples(self.encoder.codec().sample_rate(), LONGEST_OUT));
        let (line, said) = (&mut self.line[..inside], &mut self.said[..outside]);
        self.source.fill(line);
        said.fill(0);
        self.outward.run(line, said);
        self.encoder.encode(said, payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(source: &mut LiveSource, count: usize) -> Vec<i16> {
        let mut heard = vec![0; count * PIECE];
        heard.chunks_mut(PIECE).for_each(|frame| source.fill(frame));
        heard
    }

    /// The largest step between two samples.
    fn steepest(heard: &[i16]) -> u16 {
        heard.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or(0)
    }

    #[test]
    fn a_line_rises_plays_whole_and_sinks_without_a_click() {
        let (mut feed, mut source) = live();
        assert_eq!(frames(&mut source, 2), vec![0; 2 * PIECE]);
        for number in 1..=5 {
            assert_eq!(feed.say(&[8_000; PIECE]), Some(number));
        }
        let heard = frames(&mut source, 7);
        assert!(steepest(&heard) <= 8_000 / RAMP + 1, "{}", steepest(&heard));
        let loud = heard.iter().filter(|sample| **sample == 8_000).count();
        assert_eq!(loud, 5 * PIECE - usize::from(RAMP) + 1, "all of it, but for the rise");
        assert_eq!(heard[6 * PIECE..], [0; PIECE]);
        assert_eq!(feed.played(), 5);
    }

    #[test]
    fn a_line_waits_for_60_ms_of_sound_and_no_longer() {
        let (mut feed, mut source) = live();
        feed.say(&[5_000; PIECE]);
        assert_eq!(frames(&mut source, 3), vec![0; 3 * PIECE], "more may come");
        assert!(frames(&mut source, 1).contains(&5_000), "no more came");
    }

    #[test]
    fn what_is_cleared_is_not_heard_and_sinks_where_it_was() {
        let (mut feed, mut source) = live();
        while feed.say(&[8_000; PIECE]).is_some() {}
        let mut heard = frames(&mut source, 2);
        feed.clear();
        heard.extend(frames(&mut source, 2));
        assert!(steepest(&heard) <= 8_000 / RAMP + 1);
        assert!(heard[2 * PIECE + usize::from(RAMP)..].iter().all(|sample| *sample == 0));
        assert_eq!(feed.played(), PIECES as u64, "all came back");
        for _ in 0..3 {
            feed.say(&[1_000; PIECE]);
        }
        assert!(frames(&mut source, 1).contains(&1_000), "a new line plays");
    }

    #[test]
    fn who_has_more_than_is_played_keeps_it() {
        let (mut feed, mut source) = live();
        let given = (0..100).filter(|_| feed.say(&[1; PIECE]).is_some()).count();
        assert_eq!((given, feed.has_room()), (PIECES, false));
        frames(&mut source, 4);
        assert!(feed.has_room());
        drop(feed);
        frames(&mut source, 100);
        assert_eq!(frames(&mut source, 1), vec![0; PIECE], "a feed that is gone leaves silence");
    }

    #[test]
    fn it_is_said_in_the_codec_of_the_stream() {
        for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
            let (mut feed, source) = live();
            let mut live = Live::new(source, Codec::Pcma);
            live.follow(codec);
            for _ in 0..5 {
                feed.say(&[4_000; PIECE]);
            }
            let mut payload = [0; 160];
            let lengths: Vec<_> = (0..4).map(|_| live.fill(Duration::from_millis(20), &mut payload)).collect();
            assert_eq!(lengths, [160; 4], "{codec:?}");
            let mut silence = [0; 160];
            codec.fill_silence(&mut silence);
            assert_ne!(payload, silence);
        }
    }
}
