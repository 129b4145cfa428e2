//! INVITEs that became no call: those about which nothing is decided yet, and the last ones that were refused.
//!
//! Shape: a few messages each, by a number of our own; both lists give the oldest up when they are full, so that a flood of refused
//! calls takes a fixed amount of memory and pushes out nothing but its like.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Instant, SystemTime},
};

use super::transcript::{Message, Room, Transcript};

/// Messages kept of one refused INVITE.
const ROOM: Room = Room { first: 4, last: 8 };
/// INVITEs about which nothing is decided at most. A decision comes with the same waking of signalling, or not at all.
const UNDECIDED: usize = 64;
/// Refused ones at most.
const REFUSED: usize = 100;

/// A call that was refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Its number, counted from the start of the server.
    pub id: u64,
    /// Its SIP Call-ID.
    pub sip_call_id: Arc<str>,
    /// When its INVITE came.
    pub at: Instant,
    /// The same by the time of day.
    pub wall: SystemTime,
    /// The last status that it was answered with.
    pub status: u16,
    /// What was said.
    pub messages: Vec<Message>,
}

#[derive(Debug)]
struct Entry {
    sip_call_id: Arc<str>,
    at: Instant,
    wall: SystemTime,
    status: Option<u16>,
    messages: Transcript,
}

/// The INVITEs that became no call.
#[derive(Debug, Default)]
pub(super) struct Refused {
    entries: HashMap<u64, Entry>,
    undecided: VecDeque<u64>,
    refused: VecDeque<u64>,
    count: u64,
    cost: usize,
}

impl Refused {
    /// An INVITE came of which nothing is known: its number.
    pub(super) fn begin(&mut self, sip_call_id: &str, message: Message) -> u64 {
        self.count += 1;
        let mut messages = Transcript::new(ROOM);
        let at = message.at;
        messages.push(message);
        self.cost += messages.cost();
        let entry = Entry { sip_call_id: sip_call_id.into(), at, wall: SystemTime::now(), status: None, messages };
        self.entries.insert(self.count, entry);
        self.undecided.push_back(self.count);
        self.count
    }

    /// Keeps one more message of it. A final response to it, when one of ours has this status, is its refusal.
    pub(super) fn push(&mut self, id: u64, message: Message, refused_with: Option<u16>) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        self.cost -= entry.messages.cost();
        entry.messages.push(message);
        self.cost += entry.messages.cost();
        let Some(status) = refused_with else { return };
        if entry.status.replace(status).is_none() {
            self.undecided.retain(|undecided| *undecided != id);
            self.refused.push_back(id);
        }
    }

    /// It became a call after all: takes its messages out.
    pub(super) fn take(&mut self, id: u64) -> Vec<Message> {
        self.undecided.retain(|undecided| *undecided != id);
        self.refused.retain(|refused| *refused != id);
        let Some(entry) = self.entries.remove(&id) else { return Vec::new() };
        self.cost -= entry.messages.cost();
        entry.messages.messages().cloned().collect()
    }

    /// Gives up what is too much, in number or in memory: the number and Call-ID of the one that went.
    pub(super) fn give_way(&mut self, most: usize) -> Option<(u64, Arc<str>)> {
        let oldest = if self.undecided.len() > UNDECIDED {
            self.undecided.pop_front()
        } else if self.refused.len() > REFUSED || self.cost > most {
            self.refused.pop_front().or_else(|| self.undecided.pop_front())
        } else {
            None
        };
        let entry = self.entries.remove(&oldest?)?;
        self.cost -= entry.messages.cost();
        oldest.map(|id| (id, entry.sip_call_id))
    }

    /// The refused ones, oldest first.
    pub(super) fn list(&self) -> Vec<Refusal> {
        self.refused.iter().filter_map(|id| self.find(*id)).collect()
    }

    /// One of them.
    pub(super) fn find(&self, id: u64) -> Option<Refusal> {
        let entry = self.entries.get(&id)?;
        let status = entry.status?;
        let messages = entry.messages.messages().cloned().collect();
        let Entry { sip_call_id, at, wall, .. } = entry;
        Some(Refusal { id, sip_call_id: sip_call_id.clone(), at: *at, wall: *wall, status, messages })
    }
}
