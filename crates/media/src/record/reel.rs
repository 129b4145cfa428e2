//! What joins a recorder with the writer of its file: blocks that go round.
//!
//! Shape: two bounded queues. Filled blocks go one way, empty ones the other; there are so few blocks that neither queue is ever full.
//! Neither side waits, so neither side holds the other up: a queue of the standard library takes a lock only to wake somebody who waits.
//! Errors: an end of the recorder without a word, as by a panic, is the end of the call.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::Duration;

use super::{RecordEnd, Recorded, Take};

/// How much of a recording one block holds. As much is lost at most when the process is killed, and what the writer had in hand.
pub(super) const BLOCK: Duration = Duration::from_millis(200);
/// Blocks of one recording. A writer may lag by as much, but for the one that is filled.
pub(super) const BLOCKS: usize = 8;

/// How long the blocks of a recording are, and how many go round.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) struct Blocks {
    length: Duration,
    count: usize,
}

/// Those of a recording that becomes a file.
pub(super) const FILE: Blocks = Blocks { length: BLOCK, count: BLOCKS };
/// Those of one that is heard elsewhere at once.
pub(super) const LIVE: Blocks = Blocks { length: Duration::from_millis(20), count: 50 };

/// A piece of a recording.
#[derive(Debug)]
pub struct Block {
    /// Where it belongs: samples of one channel before its first.
    pub at: u64,
    samples: Box<[i16]>,
    filled: usize,
}

impl Block {
    fn empty(samples: usize) -> Self {
        Self { at: 0, samples: vec![0; samples].into_boxed_slice(), filled: 0 }
    }

    /// Its samples; those of both channels in turn, left first.
    pub fn samples(&self) -> &[i16] {
        self.samples.get(..self.filled).unwrap_or_default()
    }

    pub(super) fn is_full(&self) -> bool {
        self.filled == self.samples.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.filled == 0
    }

    pub(super) fn begin(&mut self, at: u64) {
        self.at = at;
        self.filled = 0;
    }

    /// Room for more, to be filled from its beginning.
    pub(super) fn room(&mut self) -> &mut [i16] {
        self.samples.get_mut(self.filled..).unwrap_or_default()
    }

    pub(super) fn grow(&mut self, samples: usize) {
        self.filled = (self.filled + samples).min(self.samples.len());
    }
}

/// What a reel gives.
#[derive(Debug)]
pub enum Reading {
    /// A filled block.
    Block(Block),
    /// Nothing yet.
    Nothing,
    /// Nothing more.
    Ended(Recorded),
}

/// The writer's end of a recording. Dropping it ends the recording with [`RecordEnd::Storage`].
#[derive(Debug)]
pub struct Reel {
    filled: Receiver<Turn>,
    empty: SyncSender<Block>,
    take: Take,
    /// Until where blocks were given.
    until: u64,
}

impl Reel {
    /// What comes next, without waiting.
    pub fn read(&mut self) -> Reading {
        match self.filled.try_recv() {
            Ok(Turn::Block(block)) => {
                self.until = block.at + (block.samples().len() / self.take.channels.count()) as u64;
                Reading::Block(block)
            }
            Ok(Turn::Ended(recorded)) => Reading::Ended(recorded),
            Err(TryRecvError::Empty) => Reading::Nothing,
            Err(TryRecvError::Disconnected) => {
                let length = self.take.rate.duration(self.until);
                let why = RecordEnd::CallOver;
                Reading::Ended(Recorded { why, length, sounded: length, lost: Duration::ZERO })
            }
        }
    }

    /// Gives a block back, to be filled again.
    pub fn give_back(&mut self, block: Block) {
        // A recorder that is gone needs none.
        let _ = self.empty.try_send(block);
    }

    /// What is recorded.
    pub fn take(&self) -> Take {
        self.take
    }
}

/// The recorder's end.
#[derive(Debug)]
pub(super) struct Feed {
    filled: SyncSender<Turn>,
    empty: Receiver<Block>,
}

/// What goes to the writer.
#[derive(Debug)]
enum Turn {
    Block(Block),
    Ended(Recorded),
}

/// The writer is gone.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) struct WriterGone;

impl Feed {
    /// An empty block, if one is back.
    pub(super) fn empty(&self) -> Option<Block> {
        self.empty.try_recv().ok()
    }

    /// Passes a filled block on.
    pub(super) fn pass_on(&self, block: Block) -> Result<(), WriterGone> {
        self.send(Turn::Block(block))
    }

    /// The last word.
    pub(super) fn end(&self, recorded: Recorded) -> Result<(), WriterGone> {
        self.send(Turn::Ended(recorded))
    }

    fn send(&self, turn: Turn) -> Result<(), WriterGone> {
        match self.filled.try_send(turn) {
            Ok(()) => Ok(()),
            // There is room for every block and the last word, so that it is never full.
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(WriterGone),
        }
    }
}

/// Both ends, with all blocks empty.
pub(super) fn join(take: Take, Blocks { length, count }: Blocks) -> (Feed, Reel) {
    let samples = take.rate.samples(length) as usize * take.channels.count();
    let (filled, fills) = sync_channel(count + 1);
    let (empty, empties) = sync_channel(count);
    for _ in 0..count {
        // There is room for all of them.
        let _ = empty.try_send(Block::empty(samples));
    }
    (Feed { filled, empty: empties }, Reel { filled: fills, empty, take, until: 0 })
}
