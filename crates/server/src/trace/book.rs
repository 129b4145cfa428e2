//! The table behind the [`Trace`](super::Trace): which Call-ID and which dialog belong to which call.
//!
//! Shape: a Call-ID leads to at most [`OWNERS`] owners, since a peer may use one for several calls, and a call that we make to
//! ourselves has one at both ends.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use antiphon_sip::DialogId;

use super::{
    record::{Beginning, CallTrace, LEGS, LegTrace, Record},
    refused::{Refusal, Refused},
    transcript::{Direction, Message, Room, Transcript},
};
use crate::{calls::CallId, settings::TraceSettings};

/// Messages kept of one call.
const ROOM: Room = Room { first: 32, last: 96 };
/// Whose one Call-ID may be at once; the newest ones count.
const OWNERS: usize = 4;
/// The part of the memory that refused calls may take.
const REFUSED_PART: usize = 8;

/// Whose a Call-ID is.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Owner {
    Call(CallId, usize),
    Refused(u64),
}

#[derive(Debug)]
pub(super) struct Book {
    settings: TraceSettings,
    owners: HashMap<Arc<str>, Vec<Owner>>,
    dialogs: HashMap<DialogId, (CallId, usize)>,
    calls: HashMap<CallId, Arc<CallTrace>>,
    /// The calls that are over, in the order of their end.
    over: VecDeque<CallId>,
    refused: Refused,
    /// The INVITE that was read last, for the call that it may begin under a Call-ID that is in use already.
    last_invite: Option<(Arc<str>, Message)>,
    cost: usize,
}

impl Book {
    pub(super) fn new(settings: TraceSettings) -> Self {
        Self {
            settings,
            owners: HashMap::new(),
            dialogs: HashMap::new(),
            calls: HashMap::new(),
            over: VecDeque::new(),
            refused: Refused::default(),
            last_invite: None,
            cost: 0,
        }
    }

    pub(super) fn offer(&mut self, sip_call_id: &str, direction: Direction, message: impl FnOnce() -> Message) {
        let Some((key, owners)) = self.owners.get_key_value(sip_call_id) else {
            let message = message();
            if direction == Direction::Received && is_invite(&message.bytes) {
                let id = self.refused.begin(sip_call_id, message);
                self.owners.insert(sip_call_id.into(), vec![Owner::Refused(id)]);
                self.bound_refused();
            }
            return;
        };
        let (key, owners) = (key.clone(), owners.clone());
        let message = message();
        for owner in owners {
            match owner {
                Owner::Call(call, leg) => self.keep(call, Message { leg, ..message.clone() }),
                Owner::Refused(id) => {
                    let status = final_status(&message.bytes).filter(|_| direction == Direction::Sent);
                    self.refused.push(id, message.clone(), status);
                    self.bound_refused();
                }
            }
        }
        if direction == Direction::Received && is_invite(&message.bytes) {
            self.last_invite = Some((key, message));
        }
    }

    /// Keeps a message of a call. Where memory is short, calls that are over go first, and then the message itself.
    fn keep(&mut self, call: CallId, message: Message) {
        while self.cost + message.cost() > self.settings.bytes && self.give_way() {}
        // The call itself may have gone.
        let Some(call) = self.calls.get(&call) else { return };
        let fits = self.cost + message.cost() <= self.settings.bytes;
        let (before, after) = call.record(|Record { messages, .. }| {
            let before = messages.cost();
            if fits {
                messages.push(message)
            } else {
                messages.omit()
            }
            (before, messages.cost())
        });
        self.cost = self.cost + after - before;
    }

    pub(super) fn begin(&mut self, beginning: Beginning, leg: LegTrace) -> Arc<CallTrace> {
        let call = self.place(beginning);
        self.join(call.id, leg);
        call
    }

    /// A call that has no leg yet.
    pub(super) fn place(&mut self, beginning: Beginning) -> Arc<CallTrace> {
        let call = Arc::new(CallTrace::new(beginning, Transcript::new(ROOM)));
        self.calls.insert(call.id, call.clone());
        call
    }

    /// A leg that began with an INVITE to us, with the messages that came before it was a call's.
    pub(super) fn join(&mut self, id: CallId, leg: LegTrace) {
        let mut before = Vec::new();
        if let Some(owners) = self.owners.get_mut(leg.sip_call_id.as_str()) {
            let refused = owners.iter().find_map(|owner| match owner {
                Owner::Refused(id) => Some(*id),
                Owner::Call(..) => None,
            });
            match refused {
                Some(refused) => {
                    owners.retain(|owner| *owner != Owner::Refused(refused));
                    before = self.refused.take(refused);
                }
                None => {
                    let last = self.last_invite.take().filter(|(key, _)| **key == *leg.sip_call_id);
                    before.extend(last.map(|(_, invite)| invite));
                }
            }
        }
        let number = self.calls.get(&id).map_or(0, |call| call.record(|record| record.legs.len()));
        self.add_leg(id, leg);
        for message in before {
            self.keep(id, Message { leg: number, ..message });
        }
    }

    pub(super) fn add_leg(&mut self, id: CallId, leg: LegTrace) {
        let Some(call) = self.calls.get(&id) else { return };
        let number = call.record(|record| record.legs.len());
        if number >= LEGS {
            return;
        }
        // A call that found no room in the endpoint has no Call-ID.
        if self.settings.calls > 0 && !leg.sip_call_id.is_empty() {
            let owners = self.owners.entry(leg.sip_call_id.as_str().into()).or_default();
            if owners.len() >= OWNERS {
                owners.remove(0);
            }
            owners.push(Owner::Call(id, number));
        }
        self.dialogs.insert(leg.dialog, (id, number));
        call.record(|record| record.legs.push(leg));
    }

    pub(super) fn leg(&self, dialog: DialogId) -> Option<(Arc<CallTrace>, usize)> {
        let (call, leg) = self.dialogs.get(&dialog)?;
        Some((self.calls.get(call)?.clone(), *leg))
    }

    pub(super) fn end(&mut self, now: Instant, id: CallId, outcome: &'static str) {
        let Some(call) = self.calls.get(&id) else { return };
        if call.record(|record| record.is_over()) {
            return;
        }
        call.end(now, outcome);
        self.over.push_back(id);
        while self.over.len() > self.settings.calls && self.give_way() {}
    }

    /// Forgets the call that has been over for longest; `false` when none is.
    fn give_way(&mut self) -> bool {
        let Some(id) = self.over.pop_front() else { return false };
        let Some(call) = self.calls.remove(&id) else { return true };
        call.record(|record| {
            self.cost -= record.messages.cost();
            for leg in &record.legs {
                // A leg that has moved on is another call's by now.
                if self.dialogs.get(&leg.dialog).is_some_and(|(owner, _)| *owner == id) {
                    self.dialogs.remove(&leg.dialog);
                }
                self.disown(&leg.sip_call_id, |owner| matches!(owner, Owner::Call(call, _) if *call == id));
            }
        });
        true
    }

    fn disown(&mut self, sip_call_id: &str, gone: impl Fn(&Owner) -> bool) {
        if let Some(owners) = self.owners.get_mut(sip_call_id) {
            owners.retain(|owner| !gone(owner));
            if owners.is_empty() {
                self.owners.remove(sip_call_id);
            }
        }
    }

    fn bound_refused(&mut self) {
        while let Some((id, sip_call_id)) = self.refused.give_way(self.settings.bytes / REFUSED_PART) {
            self.disown(&sip_call_id, |owner| *owner == Owner::Refused(id));
        }
    }

    pub(super) fn call(&self, id: CallId) -> Option<Arc<CallTrace>> {
        self.calls.get(&id).cloned()
    }

    pub(super) fn calls(&self) -> Vec<Arc<CallTrace>> {
        self.calls.values().cloned().collect()
    }

    pub(super) fn refusals(&self) -> Vec<Refusal> {
        self.refused.list()
    }

    pub(super) fn refusal(&self, id: u64) -> Option<Refusal> {
        self.refused.find(id)
    }

    /// How much is held: messages' memory, Call-IDs, dialogs.
    #[cfg(test)]
    pub(super) fn load(&self) -> (usize, usize, usize) {
        (self.cost, self.owners.len(), self.dialogs.len())
    }
}

fn is_invite(message: &[u8]) -> bool {
    message.trim_ascii_start().starts_with(b"INVITE ")
}

/// The status of a response that refuses.
fn final_status(message: &[u8]) -> Option<u16> {
    let status = message.strip_prefix(b"SIP/2.0 ")?.get(..3)?;
    std::str::from_utf8(status).ok()?.parse().ok().filter(|status| (300..700).contains(status))
}
