//! What happened on the streams of a pool.
//!
//! Shape: a queue that is bounded and made once; the owner drains it after each call.
//! Errors: in a full queue a finding is refused first, and found again a second later, then a digit; the end of a playback, for which somebody waits, has room of its own.

use crate::dtmf::Digit;
use crate::pool::{PlaybackId, StreamId};
use crate::record::{RecordEnd, Seat};
use crate::utterances::Turn;
use crate::watch::Finding;
use std::collections::VecDeque;

/// Something that happened on one stream.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Event {
    /// The stream.
    pub stream: StreamId,
    /// What happened.
    pub kind: EventKind,
}

/// The kinds of [`Event`].
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum EventKind {
    /// The peer pressed a key; raised at the first sight of the press.
    Digit(Digit),
    /// The last frame of a playlist was taken for sending. Not raised for one that was stopped or replaced.
    PlaybackEnded {
        /// The playback, as its order named it.
        playback: PlaybackId,
    },
    /// A recording ended that nobody told to: it is as long as it may be, nobody said anything more, or its file took no more.
    RecordingEnded {
        /// Which.
        seat: Seat,
        /// Why.
        why: RecordEnd,
    },
    /// All keys of the last order to send some were sent. Not raised for an order that was replaced.
    KeysSent,
    /// The peer began to speak, or has ended; raised where somebody listens to it.
    Spoke(Turn),
    /// Something changed in who hears whom; raised once a change.
    Found(Finding),
}

/// Room for digits, and as much again for ends of playbacks, for each stream.
const PER_STREAM: usize = 4;

#[derive(Debug)]
pub(crate) struct Events {
    queue: VecDeque<Event>,
    capacity: usize,
}

/// Whether an event found room.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Queued {
    Yes,
    Full,
}

impl Events {
    pub(crate) fn new(streams: usize) -> Self {
        let capacity = 2 * PER_STREAM * streams.max(1);
        Self { queue: VecDeque::with_capacity(capacity), capacity }
    }

    pub(crate) fn push(&mut self, stream: StreamId, kind: EventKind) -> Queued {
        let room = match kind {
            EventKind::Found(_) => self.capacity / 4,
            EventKind::Digit(_) | EventKind::Spoke(_) => self.capacity / 2,
            EventKind::PlaybackEnded { .. } | EventKind::RecordingEnded { .. } | EventKind::KeysSent => self.capacity,
        };
        if self.queue.len() >= room {
            return Queued::Full;
        }
        self.queue.push_back(Event { stream, kind });
        Queued::Yes
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.queue.pop_front()
    }
}
