//! What is known of one call.
//!
//! Shape: a [`CallTrace`] is shared by the call's task, signalling and the API; each writes its part under a lock of this call alone.
//! Units: instants of the clock that the call lives on; [`CallTrace::wall`] turns them into the time of day.
//! Errors: none; what does not fit is counted.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use antiphon_ivr::SendDigits;
use antiphon_media::{StreamId, StreamSummary};
use antiphon_sip::{DialogId, EndReason, Flow, StatusCode};
use tokio::sync::{mpsc, oneshot};

use super::transcript::{Message, Transcript};
use crate::{
    call::CallEvent,
    calls::CallId,
    media::worker::{Order, Worker},
    store::ClientId,
};

/// Remarks on the sound of one call.
const REMARKS: usize = 64;
/// Ops kept of one call.
const OPS: usize = 256;
/// Legs kept of one call.
pub(super) const LEGS: usize = 256;
/// The longest name, number or URI that is kept, in bytes.
const LONGEST: usize = 256;

/// Everything known of one call.
#[derive(Debug)]
pub struct CallTrace {
    /// Our name of it.
    pub id: CallId,
    /// Whose it is.
    pub client: ClientId,
    /// When its INVITE came.
    pub began: Instant,
    began_at: SystemTime,
    record: Mutex<Record>,
}

/// The parts that grow while the call goes on.
#[derive(Debug)]
pub struct Record {
    /// Who calls, as the From header says: its user part.
    pub from: String,
    /// The display name beside it.
    pub from_name: String,
    /// What was dialled.
    pub to: String,
    /// The public number that was dialled, when it was one.
    pub did: Option<String>,
    /// The extension that serves the call now.
    pub extension: String,
    /// Who began it.
    pub direction: CallFlow,
    /// What whoever ordered a call of ours calls it.
    pub tag: Option<String>,
    /// Which of its parties is the caller.
    pub caller: usize,
    /// When we answered.
    pub answered: Option<Instant>,
    /// When the call's task ended, and with what.
    pub ended: Option<(Instant, &'static str)>,
    /// Its parties, the caller first.
    pub legs: Vec<LegTrace>,
    /// What the script asked, in order.
    pub ops: Vec<OpTrace>,
    /// Ops that are not kept.
    pub ops_omitted: u64,
    /// What its script has left for the world outside (RFC 5552 §4).
    pub conclusion: Option<Vec<(String, String)>>,
    /// What was remarkable about its sound, in order; the first ones.
    pub remarks: Vec<Remark>,
    pub(super) messages: Transcript,
    /// Where the call hears of an order to end; none when it has ended.
    inbox: Option<mpsc::Sender<CallEvent>>,
}

/// Who began a call.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum CallFlow {
    /// The caller.
    In,
    /// We: its caller is whoever answered first.
    Out,
}

/// One party.
#[derive(Clone, Debug)]
pub struct LegTrace {
    pub(super) dialog: DialogId,
    /// Its SIP Call-ID.
    pub sip_call_id: String,
    /// Whether it called us.
    pub role: Role,
    /// Who it is: the caller's number, or the URI that was called.
    pub party: String,
    /// Between whom its first message went.
    pub flow: Flow,
    /// When the leg began.
    pub began: Instant,
    /// When the party first rang.
    pub rang: Option<Instant>,
    /// When it was answered.
    pub answered: Option<Instant>,
    /// When its dialog ended, and why.
    pub ended: Option<(Instant, EndReason)>,
    /// Its sound, once a stream was opened.
    pub stream: Option<LegStream>,
}

/// Who called whom on a leg.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Role {
    /// The party called us.
    Caller,
    /// We called the party.
    Callee,
}

/// The sound of a leg.
#[derive(Clone, Debug)]
pub struct LegStream {
    /// Its name.
    pub id: StreamId,
    /// Who owns it.
    pub worker: Worker,
    /// Our address, as the SDP shows it.
    pub local: std::net::SocketAddr,
    /// What was counted, once it is closed.
    pub summary: Arc<OnceLock<StreamSummary>>,
}

/// Why keys were not pressed.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NotPressed {
    /// The call has no such leg, or it is over.
    #[error("the call has no such leg")]
    NoLeg,
    /// The call is over, or does not listen.
    #[error("the call does not listen")]
    Busy,
}

impl LegStream {
    /// What the stream was when it was closed, or is now; `None` when nobody knows any more.
    pub async fn summary(&self) -> Option<StreamSummary> {
        if let Some(summary) = self.summary.get() {
            return Some(*summary);
        }
        let (reply, told) = oneshot::channel();
        self.worker.order(Order::Summary(self.id, reply)).await;
        // It may have been closed meanwhile.
        told.await.ok().flatten().or_else(|| self.summary.get().copied())
    }
}

/// Something remarkable about the sound of a leg.
#[derive(Clone, Debug)]
pub struct Remark {
    /// When it was found.
    pub at: Instant,
    /// The leg, as it is numbered in the call.
    pub leg: usize,
    /// What it is, in a word.
    pub name: &'static str,
    /// The same in a sentence.
    pub text: String,
}

/// One op, without what was said or pressed.
#[derive(Copy, Clone, Debug)]
pub struct OpTrace {
    /// When it began.
    pub at: Instant,
    /// Its name.
    pub name: &'static str,
    /// What came of it.
    pub outcome: &'static str,
    /// How long it took.
    pub took: Duration,
}

/// What a call begins with.
pub(crate) struct Beginning {
    pub(crate) id: CallId,
    pub(crate) client: ClientId,
    pub(crate) at: Instant,
    pub(crate) from: String,
    pub(crate) from_name: String,
    pub(crate) to: String,
    pub(crate) did: Option<String>,
    pub(crate) extension: String,
    pub(crate) inbox: mpsc::Sender<CallEvent>,
}

impl CallTrace {
    pub(super) fn new(beginning: Beginning, messages: Transcript) -> Self {
        let Beginning { id, client, at, from, from_name, to, did, extension, inbox } = beginning;
        let record = Record {
            from: clip(&from),
            from_name: clip(&from_name),
            to: clip(&to),
            did: did.as_deref().map(clip),
            extension,
            direction: CallFlow::In,
            tag: None,
            caller: 0,
            answered: None,
            ended: None,
            legs: Vec::new(),
            ops: Vec::new(),
            ops_omitted: 0,
            conclusion: None,
            remarks: Vec::new(),
            messages,
            inbox: Some(inbox),
        };
        Self { id, client, began: at, began_at: SystemTime::now(), record: Mutex::new(record) }
    }

    /// Looks at the parts that grow, or changes them. They are locked for as long as this takes, so `look` is handed all it needs and
    /// asks the same call for nothing but the time of day.
    pub fn record<T>(&self, look: impl FnOnce(&mut Record) -> T) -> T {
        // The record is whole after every statement, so a panic elsewhere while it was locked harms nothing.
        look(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The time of day of an instant of this call.
    pub fn wall(&self, at: Instant) -> SystemTime {
        self.began_at + at.saturating_duration_since(self.began)
    }

    /// Another extension serves the call from now on.
    pub(crate) fn serve(&self, extension: &str) {
        self.record(|record| extension.clone_into(&mut record.extension));
    }

    /// The caller was answered.
    pub(crate) fn answered(&self, now: Instant) {
        self.record(|record| {
            record.answered.get_or_insert(now);
            if let Some(caller) = record.legs.get_mut(record.caller) {
                caller.answered.get_or_insert(now);
            }
        });
    }

    /// The party of this dialog is the call's caller from now on.
    pub(crate) fn called_by(&self, dialog: DialogId) {
        self.record(|record| {
            if let Some(caller) = record.legs.iter().position(|leg| leg.dialog == dialog) {
                record.caller = caller;
            }
        });
    }

    /// An op is done.
    pub(crate) fn op(&self, op: OpTrace) {
        self.record(|record| if record.ops.len() < OPS { record.ops.push(op) } else { record.ops_omitted += 1 });
    }

    /// Its script leaves something for the world outside.
    pub(crate) fn concluded(&self, fields: Vec<(String, String)>) {
        self.record(|record| record.conclusion = Some(fields));
    }

    /// Something remarkable was found about the sound of a leg.
    pub(crate) fn remark(&self, remark: Remark) {
        self.record(|record| {
            if record.remarks.len() < REMARKS {
                record.remarks.push(remark);
            }
        });
    }

    /// The leg of a stream, by its number.
    pub(crate) fn leg_of_stream(&self, stream: StreamId) -> Option<(usize, LegStream)> {
        self.record(|record| {
            let mut legs = record.legs.iter().enumerate();
            legs.find_map(|(number, leg)| Some((number, leg.stream.clone().filter(|known| known.id == stream)?)))
        })
    }

    /// A leg's stream was opened.
    pub(crate) fn stream_opened(&self, leg: usize, stream: LegStream) {
        self.record(|record| {
            if let Some(leg) = record.legs.get_mut(leg) {
                leg.stream = Some(stream);
            }
        });
    }

    /// Ends the call, as far as it still goes on: `false` when it is over or does not listen.
    pub fn hang_up(&self) -> bool {
        self.tell(CallEvent::HangUp)
    }

    /// Tells the call something, as far as it still goes on: `false` when it is over or does not listen.
    pub fn tell(&self, event: CallEvent) -> bool {
        let inbox = self.record(|record| record.inbox.clone());
        inbox.is_some_and(|inbox| inbox.try_send(event).is_ok())
    }

    /// Has keys pressed towards one of the legs.
    ///
    /// # Errors
    /// [`NotPressed`] when there is no such leg, or the call is over or does not listen.
    pub fn send_digits(&self, leg: usize, digits: SendDigits) -> Result<(), NotPressed> {
        let (inbox, dialog) = self.record(|record| {
            let leg = record.legs.get(leg).filter(|leg| leg.ended.is_none());
            (record.inbox.clone(), leg.map(|leg| leg.dialog))
        });
        let dialog = dialog.ok_or(NotPressed::NoLeg)?;
        let event = CallEvent::SendDigits(dialog, digits);
        inbox.and_then(|inbox| inbox.try_send(event).ok()).ok_or(NotPressed::Busy)
    }

    pub(super) fn end(&self, now: Instant, outcome: &'static str) {
        self.record(|record| {
            record.ended.get_or_insert((now, outcome));
            record.inbox = None;
        });
    }
}

impl Record {
    /// Every message kept, in order.
    pub fn messages(&self) -> Vec<Message> {
        self.messages.messages().cloned().collect()
    }

    /// How many messages were not kept, and how many of the kept ones stand before them.
    pub fn gap(&self) -> (u64, usize) {
        (self.messages.omitted(), self.messages.before_the_gap())
    }

    /// Whether the call is over.
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// Who ended the call, as far as the caller's dialog says.
    pub fn ended_by(&self) -> Option<&'static str> {
        self.ended?;
        let why = self.legs.get(self.caller).and_then(|caller| caller.ended).map(|(_, why)| why);
        Some(match why {
            Some(EndReason::RemoteBye | EndReason::Cancelled) => "caller",
            Some(EndReason::LocalBye | EndReason::Rejected(_)) | None => "antiphon",
            Some(
                EndReason::NoAck
                | EndReason::TransactionTimeout
                | EndReason::TransportFailed
                | EndReason::DialogLost
                | EndReason::SessionExpired,
            ) => "network",
        })
    }
}

/// How a dialog ended, in a word, and the status where there was one.
pub fn end_word(why: EndReason) -> (&'static str, Option<StatusCode>) {
    match why {
        EndReason::RemoteBye => ("remote_bye", None),
        EndReason::LocalBye => ("local_bye", None),
        EndReason::Cancelled => ("cancelled", None),
        EndReason::Rejected(status) => ("rejected", Some(status)),
        EndReason::NoAck => ("no_ack", None),
        EndReason::TransactionTimeout => ("timeout", None),
        EndReason::TransportFailed => ("transport_failed", None),
        EndReason::DialogLost => ("dialog_lost", None),
        EndReason::SessionExpired => ("session_expired", None),
    }
}

/// As much of a text as is kept.
pub(super) fn clip(text: &str) -> String {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
