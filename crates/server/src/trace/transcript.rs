//! The messages of one call, as many as it may keep.
//!
//! Shape: the first ones and the last ones; what fell out between is counted.
//! Units: costs are bytes of memory, about.

use std::{collections::VecDeque, time::Instant};

use antiphon_sip::{Flow, Transport};
use bytes::Bytes;

/// Which way a message went.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Direction {
    /// From the peer to us.
    Received,
    /// From us to the peer.
    Sent,
}

/// One message on its way.
#[derive(Clone, Debug)]
pub struct Message {
    /// When it was read or written.
    pub at: Instant,
    /// Which way it went.
    pub direction: Direction,
    /// Between whom.
    pub flow: Flow,
    /// Which leg of its call it belongs to.
    pub leg: usize,
    /// The whole message, unmasked: show it through [`super::mask::masked`] only.
    pub(super) bytes: Bytes,
}

impl Message {
    pub(super) fn new(at: Instant, direction: Direction, flow: Flow, bytes: &Bytes) -> Self {
        let bytes = match (direction, flow.transport) {
            // A message cut out of a stream holds on to all that was read with it.
            (Direction::Received, Transport::Tcp | Transport::Tls) => Bytes::copy_from_slice(bytes),
            _ => bytes.clone(),
        };
        Self { at, direction, flow, leg: 0, bytes }
    }

    /// What keeping it costs.
    pub(super) fn cost(&self) -> usize {
        self.bytes.len() + size_of::<Self>() + 64
    }
}

/// How many messages are kept.
#[derive(Copy, Clone, Debug)]
pub(super) struct Room {
    /// From the beginning.
    pub(super) first: usize,
    /// Up to the end.
    pub(super) last: usize,
}

/// The messages of one call.
#[derive(Debug)]
pub(super) struct Transcript {
    room: Room,
    first: Vec<Message>,
    last: VecDeque<Message>,
    omitted: u64,
    cost: usize,
}

impl Transcript {
    pub(super) fn new(room: Room) -> Self {
        Self { room, first: Vec::new(), last: VecDeque::new(), omitted: 0, cost: 0 }
    }

    /// Keeps a message; an older one may fall out for it.
    pub(super) fn push(&mut self, message: Message) {
        if self.first.len() < self.room.first {
            self.cost += message.cost();
            self.first.push(message);
            return;
        }
        if self.last.len() >= self.room.last
            && let Some(fallen) = self.last.pop_front()
        {
            self.cost -= fallen.cost();
            self.omitted += 1;
        }
        self.cost += message.cost();
        self.last.push_back(message);
    }

    /// Counts a message for which there is no memory.
    pub(super) fn omit(&mut self) {
        self.omitted += 1;
    }

    /// The memory that it takes.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// How many messages stood between the first and the last ones.
    pub(super) fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Every message kept, in order.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.first.iter().chain(&self.last)
    }

    /// How many of the kept messages stand before the gap.
    pub(super) fn before_the_gap(&self) -> usize {
        self.first.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::tests::flow;

    #[test]
    fn the_first_and_the_last_stay_and_the_gap_is_counted() {
        let at = Instant::now();
        let mut transcript = Transcript::new(Room { first: 2, last: 3 });
        let message = |text: String| Message::new(at, Direction::Sent, flow(5060), &Bytes::from(text));
        for number in 0..10 {
            transcript.push(message(format!("{number}")));
        }
        let kept: Vec<_> = transcript.messages().map(|message| message.bytes[0]).collect();
        assert_eq!(kept, *b"01789");
        assert_eq!((transcript.omitted(), transcript.before_the_gap()), (5, 2));
        assert_eq!(transcript.cost(), 5 * message("x".to_owned()).cost());
        transcript.omit();
        assert_eq!(transcript.omitted(), 6);
    }
}
