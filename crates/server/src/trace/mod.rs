//! What calls did, for people who want to see it: SIP messages, legs, ops and media of the calls in progress and of the last ones.
//!
//! Shape: signalling offers every message to the [`Trace`]; those of a call are kept with its [`CallTrace`], those of an INVITE that
//! was refused in a small list apart, and all others go by. The API reads.
//! Time: told, but for the time of day at which a call begins.
//! Errors: none; memory is bounded by the number of calls, of messages a call, and of bytes in all, and what does not fit is counted.
//!
//! One lock for the table and one a call, the table's first. Both are held for a lookup or a copy of pointers.

mod book;
mod call_id;
pub mod ladder;
mod mask;
pub mod pcap;
pub mod record;
mod refused;
pub mod sound;
#[cfg(test)]
pub(crate) mod tests;
mod transcript;

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use antiphon_sip::{DialogId, Event, Flow, Invitation, Invite};
use bytes::Bytes;

use self::book::Book;
pub(crate) use self::record::Beginning;
pub use self::{
    record::{CallFlow, CallTrace, LegStream, LegTrace, NotPressed, OpTrace, Record, Remark, Role},
    refused::Refusal,
    transcript::{Direction, Message},
};
use crate::{calls::CallId, media::worker::Worker, settings::TraceSettings};

/// What calls did.
#[derive(Debug)]
pub struct Trace {
    keeps_messages: bool,
    book: Mutex<Book>,
}

impl Message {
    /// The message as it may be shown: keys, passwords and proofs of them are hidden, its length is the same.
    pub fn shown(&self) -> Vec<u8> {
        mask::masked(&self.bytes)
    }

    /// The same as text. Bytes that are not UTF-8 are taken for Latin-1.
    pub fn text(&self) -> String {
        match String::from_utf8(self.shown()) {
            Ok(text) => text,
            Err(error) => error.as_bytes().iter().copied().map(char::from).collect(),
        }
    }
}

/// Which of these messages repeat one before them: the same bytes on the same way.
pub fn repetitions(messages: &[Message]) -> Vec<bool> {
    let mut seen = std::collections::HashSet::new();
    messages.iter().map(|message| !seen.insert((message.direction, message.flow, &message.bytes))).collect()
}

impl Trace {
    /// A trace within these bounds.
    pub fn new(settings: &TraceSettings) -> Self {
        Self { keeps_messages: settings.calls > 0, book: Mutex::new(Book::new(*settings)) }
    }

    /// A message passed. It is kept when it is a call's, or an INVITE that may become one.
    pub fn offer(&self, now: Instant, direction: Direction, flow: Flow, message: &Bytes) {
        if !self.keeps_messages {
            return;
        }
        let Some(sip_call_id) = call_id::find(message) else { return };
        let message = || Message::new(now, direction, flow, message);
        self.book().offer(&sip_call_id, direction, message);
    }

    /// A call was let in: its record, with the messages that came before.
    pub(crate) fn begin(&self, beginning: Beginning, dialog: DialogId, invite: &Invite) -> Arc<CallTrace> {
        let leg = LegTrace {
            dialog,
            sip_call_id: invite.request.call_id().to_owned(),
            role: Role::Caller,
            party: beginning.from.clone(),
            flow: invite.flow,
            began: beginning.at,
            rang: None,
            answered: None,
            ended: None,
            stream: None,
        };
        self.book().begin(beginning, leg)
    }

    /// A call of ours begins, which has nobody yet.
    pub(crate) fn place(&self, beginning: Beginning, tag: Option<String>) -> Arc<CallTrace> {
        let call = self.book().place(beginning);
        call.record(|record| (record.direction, record.tag) = (CallFlow::Out, tag));
        call
    }

    /// A call called somebody, under this Call-ID.
    pub(crate) fn invited(&self, now: Instant, call: CallId, dialog: DialogId, sip_call_id: &str, party: Party) {
        let leg = LegTrace {
            dialog,
            sip_call_id: sip_call_id.to_owned(),
            role: Role::Callee,
            party: party.name,
            flow: party.flow,
            began: now,
            rang: None,
            answered: None,
            ended: None,
            stream: None,
        };
        self.book().add_leg(call, leg);
    }

    /// Somebody asks for the place of a party: a leg of that party's call.
    pub(crate) fn joins(&self, now: Instant, dialog: DialogId, invite: &Invite, replaced: DialogId) {
        let Some((call, _)) = self.leg(replaced) else { return };
        let leg = LegTrace {
            dialog,
            sip_call_id: invite.request.call_id().to_owned(),
            role: Role::Caller,
            party: record::clip(&invite.request.from().uri.user().unwrap_or_default()),
            flow: invite.flow,
            began: now,
            rang: None,
            answered: None,
            ended: None,
            stream: None,
        };
        self.book().join(call.id, leg);
    }

    /// A leg goes on in another call, with its stream at this worker. Its first call remembers it as well.
    pub(crate) fn moved(&self, dialog: DialogId, to: CallId, worker: &Worker) {
        let Some((call, number)) = self.leg(dialog) else { return };
        let Some(mut leg) = call.record(|record| record.legs.get(number).cloned()) else { return };
        if let Some(stream) = &mut leg.stream {
            stream.worker = worker.clone();
        }
        self.book().add_leg(to, leg);
    }

    /// A leg's stream goes on at this worker.
    pub(crate) fn carried(&self, dialog: DialogId, worker: &Worker) {
        self.at_leg(dialog, |leg| {
            if let Some(stream) = &mut leg.stream {
                stream.worker = worker.clone();
            }
        });
    }

    /// Between whom a leg's first message went.
    pub(crate) fn flow(&self, dialog: DialogId) -> Option<Flow> {
        let (call, leg) = self.leg(dialog)?;
        call.record(|record| record.legs.get(leg).map(|leg| leg.flow))
    }

    /// The Call-ID of a dialog.
    pub(crate) fn sip_call_id(&self, dialog: DialogId) -> Option<String> {
        let (call, leg) = self.leg(dialog)?;
        call.record(|record| record.legs.get(leg).map(|leg| leg.sip_call_id.clone()))
    }

    /// Something happened in a dialog.
    pub(crate) fn note(&self, now: Instant, event: &Event) {
        match event {
            Event::Progress { dialog, .. } => self.at_leg(*dialog, |leg| leg.rang = leg.rang.or(Some(now))),
            Event::Answered { dialog, .. } => self.at_leg(*dialog, |leg| leg.answered = leg.answered.or(Some(now))),
            Event::Ended { dialog, why } => self.at_leg(*dialog, |leg| leg.ended = leg.ended.or(Some((now, *why)))),
            _ => {}
        }
    }

    fn at_leg(&self, dialog: DialogId, change: impl FnOnce(&mut LegTrace)) {
        let found = self.book().leg(dialog);
        if let Some((call, leg)) = found {
            call.record(|record| record.legs.get_mut(leg).map(change));
        }
    }

    /// The call of a dialog, and which of its legs it is.
    pub(crate) fn leg(&self, dialog: DialogId) -> Option<(Arc<CallTrace>, usize)> {
        self.book().leg(dialog)
    }

    /// A call's task has ended, with this outcome.
    pub(crate) fn end(&self, now: Instant, call: CallId, outcome: &'static str) {
        self.book().end(now, call, outcome);
    }

    /// A call that is remembered.
    pub fn call(&self, id: CallId) -> Option<Arc<CallTrace>> {
        self.book().call(id)
    }

    /// Every call that is remembered, in the order of their beginning.
    pub fn calls(&self) -> Vec<Arc<CallTrace>> {
        let mut calls = self.book().calls();
        calls.sort_unstable_by_key(|call| call.id);
        calls
    }

    /// The last calls that were refused, oldest first.
    pub fn refused(&self) -> Vec<Refusal> {
        self.book().refusals()
    }

    /// One of them.
    pub fn refusal(&self, id: u64) -> Option<Refusal> {
        self.book().refusal(id)
    }

    /// The book is whole after every call to it, so a panic elsewhere while it was locked harms nothing.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom a call calls.
pub(crate) struct Party {
    name: String,
    flow: Flow,
}

impl Party {
    pub(crate) fn of(invitation: &Invitation) -> Self {
        Self { name: record::clip(&invitation.target.to_string()), flow: invitation.flow }
    }
}

/// The value of a header for people: folded lines are not joined. `compact` is the other spelling, if there is one.
pub fn header<'a>(text: &'a str, name: &str, compact: &str) -> Option<&'a str> {
    let lines = text.trim_start_matches(['\r', '\n']).lines().skip(1).take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_once(':')).find_map(|(found, value)| {
        let found = found.trim();
        let named = found.eq_ignore_ascii_case(name) || (!compact.is_empty() && found.eq_ignore_ascii_case(compact));
        named.then(|| value.trim())
    })
}

/// The first line of a message as text that can stand in a line.
pub fn first_line(text: &str) -> Cow<'_, str> {
    let line = text.trim_start_matches(['\r', '\n']).lines().next().unwrap_or_default();
    if line.chars().any(char::is_control) {
        line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>().into()
    } else {
        line.into()
    }
}
