//! INFOs of ours inside a dialog: one at a time, so that they arrive in their order.
//!
//! A later one that overtakes a lost one makes the peer refuse that with 500 when it comes again (RFC 3261 §12.2.2): the key would be
//! lost, or come behind its follower.

use bytes::Bytes;
use std::collections::VecDeque;

/// INFOs that wait at most.
const WAITING: usize = 16;

/// A `Content-Type` and a body.
pub(crate) type Message = (String, Bytes);

/// The INFOs of one dialog.
#[derive(Debug, Default)]
pub(crate) struct Infos {
    /// Whether one is on its way.
    pub(crate) asking: bool,
    waiting: VecDeque<Message>,
}

impl Infos {
    /// Puts one behind those that wait; whether there was room.
    pub(crate) fn wait(&mut self, message: Message) -> bool {
        let room = self.waiting.len() < WAITING;
        if room {
            self.waiting.push_back(message);
        }
        room
    }

    /// The one to be sent next.
    pub(crate) fn next(&mut self) -> Option<Message> {
        self.waiting.pop_front()
    }

    /// Gives up those that wait; how many they were.
    pub(crate) fn give_up(&mut self) -> usize {
        self.waiting.drain(..).count()
    }
}
