//! The meeting of two calls: whoever was taken out of a queue, and whoever took it.
//!
//! Shape: each of the two calls keeps its own leg, and hears of the other by [`Step`]s in its inbox. A [`Partner`] tells the other that
//! it is over when it is dropped, however the call ends.
//! Errors: none; a partner that is gone has said so before.

use antiphon_ivr::Digit;
use antiphon_media::StreamId;
use tokio::sync::{mpsc, oneshot};

use crate::{call::CallEvent, media::worker::Worker, queue::send_now};

/// One meeting of two calls.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct MeetingId(pub u64);

/// What whoever waited learns of whoever takes it.
#[derive(Debug)]
pub struct Handover {
    /// The place that was taken: whoever has left it since has nothing to do with this.
    pub place: u64,
    /// The meeting.
    pub meeting: MeetingId,
    /// What its script is to know.
    pub message: Option<String>,
    /// Where the other listens.
    pub partner: mpsc::Sender<CallEvent>,
    /// The other waits for this.
    pub ready: oneshot::Sender<Ready>,
}

impl Handover {
    /// Whether the other waits for this still.
    pub fn is_awaited(&self) -> bool {
        !self.ready.is_closed()
    }
}

/// The leg of whoever waited, when its script has come.
#[derive(Debug)]
pub struct Ready {
    /// Its stream.
    pub stream: StreamId,
    /// The worker of the stream, which is that of both from now on.
    pub worker: Worker,
    /// Where its call listens.
    pub inbox: mpsc::Sender<CallEvent>,
    /// The Call-ID of its dialog.
    pub sip_call_id: String,
}

/// What the other side of a meeting does.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Step {
    /// The two hear each other; the stream of the other.
    Joined(StreamId),
    /// The other has this stream from now on.
    Moved(StreamId),
    /// It pressed a key.
    Key(Digit),
    /// It has gone, or talks to nobody any more.
    Parted,
}

/// Something that happened in a meeting.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Meeting {
    /// Which.
    pub id: MeetingId,
    /// What.
    pub step: Step,
}

/// The other side of a meeting, which hears of the end when this is dropped.
#[derive(Debug)]
pub struct Partner {
    id: MeetingId,
    inbox: mpsc::Sender<CallEvent>,
    /// Its stream, once that is known.
    pub stream: Option<StreamId>,
}

impl Partner {
    /// The other side of this meeting, which listens there.
    pub fn new(id: MeetingId, inbox: mpsc::Sender<CallEvent>) -> Self {
        Self { id, inbox, stream: None }
    }

    /// The meeting.
    pub fn meeting(&self) -> MeetingId {
        self.id
    }

    /// Tells it of something.
    pub fn tell(&self, step: Step) {
        send_now(&self.inbox, CallEvent::Meeting(Meeting { id: self.id, step }));
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        self.tell(Step::Parted);
    }
}
