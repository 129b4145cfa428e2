//! One party of a call: one dialog and one stream.
//!
//! Shape: a leg opens its stream when both sides' SDP is known, follows re-INVITEs, and ends both when it is dropped, so that a
//! panicking or cancelled call leaves nothing behind.
//! Errors: [`LegError`] when no port is free or the peer's SDP cannot be used.

mod error;
mod keys;
mod offers;
mod play;

use std::sync::Arc;

use antiphon_ivr::{CallerId, ExtensionId};
use antiphon_media::{Codec, Direction, Segment, StreamId};
use antiphon_sip::{DialogId, Rejection, StatusCode};
use tokio::sync::{mpsc, oneshot};

pub use self::error::LegError;
pub(super) use self::keys::KeyWay;
use super::{
    CallEvent,
    hold::{Held, Sound},
    media_port::MediaPort,
    part::Part,
    replace::ELSEWHERE,
};
use crate::{
    agreement::Agreement,
    media::worker::{Order as MediaOrder, Worker},
    rooms::Rooms,
    settings::Trunk,
    signalling::Order,
    trunks::Claim,
};

/// Whether the dialog still has to be ended by us.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum DialogState {
    /// Incoming and unanswered.
    Ringing,
    /// Up, or on its way up by our INVITE.
    Up,
    /// Ended by either side.
    Over,
}

/// What a party may ask of us.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Party {
    /// A phone of ours: it acts with the rights of its client.
    Phone,
    /// Anybody else. Nobody outside makes us call outside.
    Outside,
}

/// One party of a call.
pub struct Leg {
    rooms: Arc<Rooms>,
    worker: Worker,
    inbox: mpsc::Sender<CallEvent>,
    dialog: DialogId,
    port: MediaPort,
    /// The stream, once it is open.
    stream: Option<StreamId>,
    state: DialogState,
    /// How an unanswered caller is refused.
    refusal: Option<Rejection>,
    playback: u64,
    /// Whether digits come as telephone-events.
    pub(super) telephone_event: bool,
    /// What the party is sent.
    codec: Codec,
    /// What was agreed last, for whoever reads it beside us.
    agreed: Agreement,
    /// What was played last.
    segments: Vec<Segment>,
    /// Which way we let sound flow: a party on hold is only sent to.
    direction: Direction,
    /// The same in an offer that is not answered yet.
    offered: Option<Direction>,
    /// Whose rights it has.
    pub(super) party: Party,
    /// Which phone it is, where it is known to be one that calls.
    pub(super) phone: Option<ExtensionId>,
    /// Its number and name, as others see them when they are called for it.
    pub(super) shown: CallerId,
    /// What it is played.
    sound: Sound,
    /// Whether the party has put us on hold.
    held: Held,
    /// Its place on the trunk that it came or was called by.
    claim: Option<Claim>,
    /// What its extension's subscribers are told, where it is a phone of ours that was called.
    pub(super) part: Option<Arc<Part>>,
}

impl std::fmt::Debug for Leg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Leg({}, {:?})", self.dialog, self.state)
    }
}

/// Where a leg's stream lives.
pub struct LegMedia {
    /// The worker of the call.
    pub worker: Worker,
    /// The leg's port.
    pub port: MediaPort,
}

impl Leg {
    /// What is agreed with the party, now and later.
    pub(crate) fn agreement(&self) -> Agreement {
        self.agreed.clone()
    }

    /// The leg of a caller who has not been answered.
    pub fn incoming(rooms: Arc<Rooms>, inbox: mpsc::Sender<CallEvent>, dialog: DialogId, media: LegMedia) -> Self {
        Self::new(rooms, inbox, dialog, media, DialogState::Ringing)
    }

    /// The leg of somebody we called.
    pub fn outgoing(rooms: Arc<Rooms>, inbox: mpsc::Sender<CallEvent>, dialog: DialogId, media: LegMedia) -> Self {
        Self::new(rooms, inbox, dialog, media, DialogState::Up)
    }

    fn new(
        rooms: Arc<Rooms>,
        inbox: mpsc::Sender<CallEvent>,
        dialog: DialogId,
        media: LegMedia,
        state: DialogState,
    ) -> Self {
        let LegMedia { worker, port } = media;
        Self {
            rooms,
            worker,
            inbox,
            dialog,
            port,
            stream: None,
            state,
            refusal: None,
            playback: 0,
            telephone_event: false,
            codec: Codec::Pcmu,
            agreed: Agreement::default(),
            segments: Vec::new(),
            claim: None,
            part: None,
            direction: Direction::SendRecv,
            offered: None,
            party: Party::Outside,
            phone: None,
            shown: CallerId::default(),
            sound: Sound::Nothing,
            held: Held::No,
        }
    }

    /// The same leg, which takes a place on a trunk.
    pub(super) fn on_trunk(mut self, claim: Option<Claim>) -> Self {
        self.claim = claim;
        self
    }

    /// The trunk that it came or was called by.
    pub(super) fn trunk(&self) -> Option<&Arc<Trunk>> {
        self.claim.as_ref().map(Claim::trunk)
    }

    /// Puts a newcomer in this leg's place, on its trunk too where the newcomer comes by that.
    pub(super) fn yield_to(&mut self, newcomer: Self, by_trunk: bool) {
        let mut old = std::mem::replace(self, newcomer);
        if by_trunk {
            self.claim = old.claim.take();
        }
        old.hang_up(Some(ELSEWHERE));
    }

    /// The leg's dialog.
    pub fn dialog(&self) -> DialogId {
        self.dialog
    }

    /// The leg's stream, once it is open.
    pub fn stream(&self) -> Option<StreamId> {
        self.stream
    }

    /// Samples a second of the sound that was agreed on.
    pub fn sample_rate(&self) -> u32 {
        self.codec.sample_rate()
    }

    /// The codec that was agreed on, once there is a stream.
    pub fn codec(&self) -> Option<Codec> {
        self.stream.map(|_| self.codec)
    }

    /// The worker of the leg's stream.
    pub fn worker(&self) -> Worker {
        self.worker.clone()
    }

    /// Whether the caller's leg has been answered.
    pub fn is_answered(&self) -> bool {
        self.state != DialogState::Ringing
    }

    /// Whether its dialog has ended, or we have ended it.
    pub fn is_over(&self) -> bool {
        self.state == DialogState::Over
    }

    /// Moves the leg to another call: its events go to that inbox, its stream to that worker. Its peer notices nothing.
    pub async fn move_to(&mut self, inbox: &mpsc::Sender<CallEvent>, worker: Worker) {
        self.inbox = inbox.clone();
        let (reply, adopted) = oneshot::channel();
        self.rooms.signalling.order(Order::Adopt(self.dialog, inbox.clone(), reply)).await;
        // It fails only when the process is ending.
        let _ = adopted.await;
        self.carry_to(worker).await;
    }

    /// Moves the leg's stream to this worker, out of its bridge; its events go on to the same call.
    pub(super) async fn carry_to(&mut self, worker: Worker) {
        let old = std::mem::replace(&mut self.worker, worker);
        let Some(stream) = self.stream else { return };
        let (reply, departed) = oneshot::channel();
        old.order(MediaOrder::Depart(stream, reply)).await;
        if let Ok(Some(moving)) = departed.await {
            self.worker.order(MediaOrder::Arrive(moving, self.inbox.clone())).await;
        }
    }

    /// Joins the sound of two legs.
    pub async fn bridge(&self, other: &Leg) {
        if let (Some(one), Some(other)) = (self.stream, other.stream) {
            self.worker.order(MediaOrder::Bridge(one, other)).await;
        }
    }

    /// Parts the leg's sound from whoever it is joined to.
    pub(super) async fn unjoin(&self) {
        if let Some(stream) = self.stream {
            self.worker.order(MediaOrder::Part(stream)).await;
        }
    }

    /// Tells an unanswered caller that somebody is being called.
    pub async fn ring(&self) {
        self.rooms.signalling.order(Order::Ring(self.dialog)).await;
    }

    /// How an unanswered caller is refused when the leg is dropped.
    pub fn refuse_with(&mut self, refusal: impl Into<Rejection>) {
        self.refusal = Some(refusal.into());
    }

    /// Ends the leg in order; an unanswered caller for whom nobody said otherwise hears that nobody is available.
    pub fn finish(&mut self) {
        self.refusal.get_or_insert(StatusCode::TEMPORARILY_UNAVAILABLE.into());
        self.hang_up(None);
    }

    /// Ends the leg's sound, of which nobody hears anything any more.
    pub(super) fn close_stream(&mut self) {
        if let Some(stream) = self.stream.take() {
            self.worker.order_now(MediaOrder::Close(stream));
        }
    }

    /// Ends the leg's sound, and gives back what another call may use, though the dialog's last messages may still be on their way.
    pub(super) fn give_back(&mut self) {
        self.close_stream();
        self.claim = None;
        self.port.close();
    }

    /// Says what the BYE carries, if it is ours (RFC 5552 §4).
    pub(super) async fn farewell(&self, form: String) {
        let order = Order::Farewell(self.dialog, "application/x-www-form-urlencoded", form.into());
        self.rooms.signalling.order(order).await;
    }

    /// The dialog has ended; nothing is left to hang up.
    pub fn ended(&mut self) {
        self.state = DialogState::Over;
    }

    /// Ends the leg, with the value of a Reason header.
    pub fn hang_up(&mut self, reason: Option<&str>) {
        let order = match self.state {
            // Without a word of how, the call's task has failed.
            DialogState::Ringing => {
                Order::Reject(self.dialog, self.refusal.take().unwrap_or(StatusCode::SERVER_ERROR.into()))
            }
            DialogState::Up => Order::HangUp(self.dialog, reason.map(str::to_owned)),
            DialogState::Over => return,
        };
        self.rooms.signalling.order_now(order);
        self.state = DialogState::Over;
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        self.hang_up(None);
        self.close_stream();
    }
}
