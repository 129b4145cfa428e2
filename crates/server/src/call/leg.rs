//! One party of a call: one dialog and one stream.
//!
//! Shape: a leg opens its stream when both sides' SDP is known, follows re-INVITEs, and ends both when it is dropped, so that a
//! panicking or cancelled call leaves nothing behind.
//! Errors: [`LegError`] when no port is free or the peer's SDP cannot be used.

use std::{sync::Arc, time::Duration};

use antiphon_ivr::{CallerId, Digit, DigitStep, send_digits::GAP};
use antiphon_media::{
    Audio, Codec, Direction, KeyStep, Keys, Negotiated, PlaybackId, Repeat, Segment, StreamConfig, StreamId,
    sdp::{Agreed, Profile, SdpError},
};
use antiphon_sip::{DialogId, Rejection, SipError, StatusCode};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{
    CallEvent,
    hold::{Held, Sound},
    info::{self, Press},
    media_port::MediaPort,
    replace::ELSEWHERE,
    srtp,
};
use crate::{
    media::{
        ports::NoPort,
        worker::{Hearing, Opening, Order as MediaOrder, Worker},
    },
    net::MediaSocket,
    rooms::Rooms,
    settings::{DigitWay, Trunk},
    signalling::Order,
    trace::LegStream,
    trunks::Claim,
};

/// How many datagrams are thrown away to empty a socket; none keeps more than that.
const DISCARDED: usize = 4_096;

/// Why a leg cannot be.
#[derive(Debug, thiserror::Error)]
pub enum LegError {
    /// Every RTP port is in use.
    #[error(transparent)]
    NoPort(#[from] NoPort),
    /// The peer's SDP is unusable.
    #[error(transparent)]
    Sdp(#[from] SdpError),
    /// The dialog is gone.
    #[error(transparent)]
    Sip(#[from] SipError),
}

impl LegError {
    /// What the peer is told.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoPort(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Sdp(_) => StatusCode::NOT_ACCEPTABLE_HERE,
            Self::Sip(_) => StatusCode::SERVER_ERROR,
        }
    }

    /// What the peer is told, with the reason in words where it can do something about it (RFC 3261 §20.43).
    pub fn rejection(&self) -> Rejection {
        let mut rejection = Rejection::from(self.status());
        if let Self::Sdp(error) = self {
            rejection.headers.push(("Warning".to_owned(), format!("399 antiphon \"{error}\"")));
        }
        rejection
    }
}

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

/// How a party is told of keys.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum KeyWay {
    /// With its sound: as telephone-events, or as tones.
    Sound,
    /// In INFO.
    Info,
    /// Not at all: it does not speak telephone-events, and is to be told in no other way.
    None,
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
    /// What was played last.
    segments: Vec<Segment>,
    /// Which way we let sound flow: a party on hold is only sent to.
    direction: Direction,
    /// The same in an offer that is not answered yet.
    offered: Option<Direction>,
    /// Whose rights it has.
    pub(super) party: Party,
    /// Its number and name, as others see them when they are called for it.
    pub(super) shown: CallerId,
    /// What it is played.
    sound: Sound,
    /// Whether the party has put us on hold.
    held: Held,
    /// Its place on the trunk that it came or was called by.
    claim: Option<Claim>,
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
            segments: Vec::new(),
            claim: None,
            direction: Direction::SendRecv,
            offered: None,
            party: Party::Outside,
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

    /// Takes a key that the party pressed and signalling brought; the stream tells whether it is a new one.
    pub async fn press(&self, Press { digit, held }: Press) {
        let key = antiphon_media::Digit::from_char(digit.as_char());
        if let (Some(stream), Some(key)) = (self.stream, key) {
            self.worker.order(MediaOrder::Press(stream, key, held)).await;
        }
    }

    /// Tells the party of a key that the other side of its bridge pressed, where that has not gone over the bridge already.
    pub async fn tell(&self, digit: Digit) {
        if self.key_way() == KeyWay::Info {
            self.inform(digit, info::HELD).await;
        }
    }

    /// Sends an INFO with a key.
    pub(super) async fn inform(&self, digit: Digit, held: Duration) {
        let (content_type, body) = info::write(digit, held);
        self.rooms.signalling.order(Order::Info(self.dialog, content_type, body)).await;
    }

    /// Sends INFOs with these keys in their time, whatever the call does meanwhile.
    pub(super) fn inform_in_time(&self, steps: Vec<DigitStep>) {
        let (rooms, dialog) = (self.rooms.clone(), self.dialog);
        // Ends: there are at most so many steps, each within seconds.
        tokio::spawn(async move {
            for step in steps {
                let length = match step {
                    DigitStep::Press(digit, held) => {
                        let (content_type, body) = info::write(digit, held);
                        rooms.signalling.order(Order::Info(dialog, content_type, body)).await;
                        held + GAP
                    }
                    DigitStep::Pause(length) => length,
                };
                tokio::time::sleep(length).await;
            }
        });
    }

    /// How the party is told of keys.
    pub(super) fn key_way(&self) -> KeyWay {
        match (self.telephone_event, self.port.digits) {
            (true, _) | (false, DigitWay::Inband) => KeyWay::Sound,
            (false, DigitWay::Info | DigitWay::Auto) => KeyWay::Info,
            (false, DigitWay::Rfc4733) => KeyWay::None,
        }
    }

    /// Presses keys towards the party, with the sound; none to give up those that are being pressed.
    pub(super) async fn send_keys(&self, steps: Vec<KeyStep>) {
        if let Some(stream) = self.stream {
            self.worker.order(MediaOrder::SendKeys(stream, steps)).await;
        }
    }

    /// Whether the caller's leg has been answered.
    pub fn is_answered(&self) -> bool {
        self.state != DialogState::Ringing
    }

    /// Whether its dialog has ended, or we have ended it.
    pub fn is_over(&self) -> bool {
        self.state == DialogState::Over
    }

    /// Answers the caller: with the answer to their offer, or with our offer where they made none.
    pub async fn answer(&mut self, offer: Option<&[u8]>) -> Result<(), LegError> {
        let (sdp, agreed) = match offer {
            Some(offer) => self.port.answer(offer, self.direction)?,
            None => {
                let offer = self.port.offer(self.direction);
                (offer, Agreed { keying: self.port.srtp.unanswered(), ..unanswered() })
            }
        };
        // Open first: the caller may send, and must hear, from the moment of the 200.
        self.agree(agreed).await;
        self.rooms.signalling.answer(self.dialog, sdp).await?;
        self.state = DialogState::Up;
        Ok(())
    }

    /// Takes the peer's answer to our offer: opens the stream, or agrees the one opened with our late offer.
    pub async fn accept(&mut self, answer: &[u8]) -> Result<(), LegError> {
        let direction = self.offered.take().unwrap_or(self.direction);
        let agreed = self.port.accept(answer, direction)?;
        self.direction = direction;
        self.agree(agreed).await;
        Ok(())
    }

    /// Offers anew, inside the call, which way sound may flow: `SendOnly` puts the party on hold, `SendRecv` takes it back.
    ///
    /// What comes of it is an event: an answer for [`reanswered`](Self::reanswered), or a refusal for
    /// [`reoffer_refused`](Self::reoffer_refused).
    pub async fn reoffer(&mut self, direction: Direction) -> Result<(), LegError> {
        let offer = self.port.offer(direction);
        self.rooms.signalling.reoffer(self.dialog, offer).await?;
        self.offered = Some(direction);
        Ok(())
    }

    /// Follows the answer to our new offer, or to one that only refreshed the call; an unusable one changes nothing.
    pub async fn reanswered(&mut self, answer: &[u8]) {
        if let Err(error) = self.accept(answer).await {
            tracing::info!(%error, "an answer to our new offer is unusable; what was agreed before goes on");
        }
    }

    /// Our new offer was refused: what was agreed before goes on.
    pub fn reoffer_refused(&mut self, status: StatusCode) {
        tracing::info!(status = status.code(), "our new offer was refused; what was agreed before goes on");
        self.offered = None;
    }

    /// Follows a re-INVITE or an UPDATE: the stream goes on with what was agreed. Before the answer of a callee there is none, and
    /// what is agreed then is told again by the answer.
    pub async fn reoffered(&mut self, offer: Option<Bytes>) {
        let order = match offer {
            None => Order::AcceptReoffer(self.dialog, self.port.offer(self.direction)),
            Some(offer) => match self.port.answer(&offer, self.direction) {
                Ok((sdp, agreed)) => {
                    if self.stream.is_some() {
                        self.agree(agreed).await;
                    }
                    Order::AcceptReoffer(self.dialog, sdp)
                }
                Err(error) => {
                    tracing::debug!(%error, "a new offer is unusable; what was agreed before goes on");
                    Order::RejectReoffer(self.dialog, StatusCode::NOT_ACCEPTABLE_HERE)
                }
            },
        };
        self.rooms.signalling.order(order).await;
    }

    async fn agree(&mut self, agreed: Agreed) {
        self.telephone_event = agreed.negotiated.telephone_event.is_some();
        self.held = self.held.then(agreed.negotiated.direction);
        if self.codec != agreed.negotiated.codec {
            self.codec = agreed.negotiated.codec;
            // What plays goes on in the new codec.
            prepare(&self.segments, self.codec).await;
        }
        if let Some(trunk) = self.trunk().filter(|_| self.port.srtp.is_readable()) {
            srtp::warn(&self.rooms, trunk);
        }
        match self.stream {
            Some(stream) => self.worker.order(MediaOrder::Reconfigure(stream, Box::new(agreed))).await,
            None => self.open(agreed).await,
        }
    }

    async fn open(&mut self, Agreed { negotiated, keying, .. }: Agreed) {
        let Some(socket) = self.port.socket.take() else { return };
        // What waits is from before the answer, which nobody is to hear afterwards, or of the call that had the port before.
        discard(&socket);
        let id = self.rooms.media.next_stream();
        let config = StreamConfig {
            negotiated,
            ssrc: rand::random(),
            first_sequence: rand::random(),
            first_timestamp: rand::random(),
        };
        let summary = Arc::default();
        if let Some((call, leg)) = self.rooms.trace.leg(self.dialog) {
            let (worker, local, summary) = (self.worker.clone(), self.port.local, Arc::clone(&summary));
            call.stream_opened(leg, LegStream { id, worker, local, summary });
        }
        let (lease, inbox) = (self.port.lease.clone(), self.inbox.clone());
        let opening = Opening { id, config, keying, socket, lease, inbox, summary };
        self.worker.order(MediaOrder::Open(Box::new(opening))).await;
        self.worker.order(MediaOrder::UseInband(id, self.port.digits.inband())).await;
        self.stream = Some(id);
    }

    /// Plays these segments from the next frame on, in place of what plays now, until their end or one of these keys.
    ///
    /// No end is heard of after such a key, only the key.
    pub async fn play(&mut self, segments: Vec<Segment>, repeat: Repeat, stopped_by: Keys) -> PlaybackId {
        self.sound = Sound::Prompt;
        self.playback += 1;
        let playback = PlaybackId(self.playback);
        self.segments.clone_from(&segments);
        prepare(&segments, self.codec).await;
        if let Some(stream) = self.stream {
            self.worker.order(MediaOrder::Play(stream, playback, segments, repeat, stopped_by)).await;
        }
        playback
    }

    /// Plays music over and over, because the other side of its bridge has put it on hold.
    pub(super) async fn hold_with(&mut self, music: Arc<Audio>) {
        self.play(vec![Segment::Audio(music)], Repeat::Forever, Keys::NONE).await;
        self.sound = Sound::Music;
    }

    /// What it is played.
    pub(super) fn sound(&self) -> Sound {
        self.sound
    }

    /// Whether the party has put us on hold.
    pub(super) fn held(&self) -> Held {
        self.held
    }

    /// Silences the leg from the next frame on.
    pub async fn stop_playback(&mut self) {
        self.sound = Sound::Nothing;
        if let Some(stream) = self.stream {
            self.worker.order(MediaOrder::StopPlayback(stream)).await;
        }
    }

    /// Whether the party can be heard.
    pub async fn hearing(&self) -> Hearing {
        let Some(stream) = self.stream else { return Hearing::Excused };
        let (reply, hearing) = oneshot::channel();
        self.worker.order(MediaOrder::Hearing(stream, reply)).await;
        hearing.await.unwrap_or(Hearing::Excused)
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

/// Throws away what waits in a socket.
fn discard(socket: &MediaSocket) {
    // Nothing is looked at, so nothing need be kept.
    for _ in 0..DISCARDED {
        if socket.receive(&mut []).is_none() {
            return;
        }
    }
}

/// Has prompts ready in a codec. The first call that plays one in it waits for that, on a thread where waiting is right.
async fn prepare(segments: &[Segment], codec: Codec) {
    let unready = segments.iter().filter_map(|segment| match segment {
        Segment::Audio(audio) if !audio.is_prepared(codec) => Some(audio.clone()),
        Segment::Audio(_) | Segment::Silence(_) => None,
    });
    let unready: Vec<_> = unready.collect();
    if !unready.is_empty() {
        let work = move || unready.iter().for_each(|audio| audio.prepare(codec));
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!(%error, "prompts could not be prepared, and are silent");
        }
    }
}

/// What holds of a stream whose offer the caller has yet to answer: nothing is sent, for nobody knows where to.
fn unanswered() -> Agreed {
    let negotiated = Negotiated { telephone_event: None, ..Negotiated::of(Codec::Pcmu) };
    Agreed { negotiated, profile: Profile::Avp, keying: None }
}

impl Drop for Leg {
    fn drop(&mut self) {
        self.hang_up(None);
        if let Some(stream) = self.stream {
            self.worker.order_now(MediaOrder::Close(stream));
        }
    }
}
