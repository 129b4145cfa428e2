//! The executor of a call: what it holds, and what it hears.
//!
//! Shape: everything that reaches a call comes through one inbox; `Executor::hear` turns it into what an op may wait for, and sees
//! to what no op waits for: re-INVITEs, the caller's ACK, the end.
//! Time: told by tokio's clock, which tests may pause.
//! Errors: [`Interrupted`] once the call is over, now and at every later op.

use std::{sync::Arc, time::Instant};

use antiphon_ivr::{
    CallerId, Conferred, Digit, ExtensionId, Interrupted, SendDigits, WebSound, collector::DigitBuffer,
};
use antiphon_media::{
    Event as MediaEvent, EventKind, PlaybackId, StreamId,
    record::{RecordEnd, Seat},
    utterances::Turn,
};
use antiphon_sip::{DialogId, EndReason, Event, Invite, MAX_FORWARDS, StatusCode};
use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    CallEvent, INBOX, Understood,
    attended::Yield,
    hearing,
    identity::Outward,
    info,
    last_words::LastWords,
    leg::Leg,
    messages::Hearing,
    part::{Facts, Part},
    problems::Problems,
    recording::OfCall,
    replace::{self, Replacement},
    ringback::Ringback,
    send_digits, stream,
    transfer::Joined,
    whisper::{self, Whispering},
};
use crate::{
    conferences::{Membership, SeatId, Wish},
    queues::{Meeting, Place},
    rooms::Rooms,
    signalling::Order,
    store::{ClientId, Config, Extension, ExtensionKind},
    trace::CallTrace,
    web::sounds::Ahead,
};

/// Reasons of a caller who gives up that others are told, at most.
const REASONS: usize = 4;

/// Something an op waits for.
#[derive(Debug)]
pub(super) enum Heard {
    /// The caller pressed a key.
    Digit(Digit),
    /// The caller's playback was sent to its end.
    PlaybackEnded(PlaybackId),
    /// The recording of a message has ended by itself.
    MessageEnded(RecordEnd),
    /// The keys that were sent to the caller have gone out.
    KeysSent,
    /// The caller began to speak, or has ended.
    Spoke(Turn),
    /// A text is rendered, or will not be.
    Rendered,
    /// What came of having an utterance understood.
    Understood(u64, Understood),
    /// Somebody has keys pressed towards another party than the caller.
    SendDigits(DialogId, SendDigits),
    /// The party of another stream than the caller's pressed a key.
    KeyOf(StreamId, Digit),
    /// Something about another dialog than the caller's.
    Other(Event),
    /// The caller confirmed our answer.
    Confirmed,
    /// A stream to a web server has ended, by its number within the call.
    StreamEnded(u64),
    /// Something is asked of a member of a conference, who has or had this seat.
    Conference(SeatId, Wish),
    /// Somebody has taken the caller out of its queue, or there is somebody to talk to in its conference.
    Wanted,
    /// The other side of a meeting does something.
    Meeting(Meeting),
    /// The far end of a bridge sends the caller to another IVR.
    HandOver(ExtensionId),
    /// Somebody else is the caller now; what was played to the old one is over.
    Replaced,
    /// Somebody asks for the place of a party of the bridge.
    Replacement(Box<Replacement>),
    /// Another call asks for the party of the bridge.
    Yield(Box<Yield>),
    /// The instant waited for has come.
    Timeout,
}

/// The executor of one call.
pub struct Executor {
    pub(super) rooms: Arc<Rooms>,
    pub(super) config: Arc<Config>,
    pub(super) client: ClientId,
    /// The extension whose script runs.
    pub(super) extension: ExtensionId,
    pub(super) caller: Leg,
    pub(super) trace: Arc<CallTrace>,
    /// What subscribers are told of the call.
    pub(super) facts: Arc<Facts>,
    /// The extension whose script runs, where that is no phone, and its part.
    pub(super) served: Option<(Arc<Extension>, Option<Arc<Part>>)>,
    /// The part of the phone of ours that calls.
    pub(super) callers_part: Option<Arc<Part>>,
    pub(super) inbox: mpsc::Sender<CallEvent>,
    /// How many more hops a call made for this one may take.
    pub(super) hops_left: u8,
    /// What trunks are told beside the caller's name and number, where they are called for the caller.
    pub(super) outward: Outward,
    /// The caller's offer, until it is answered.
    pub(super) offer: Option<Bytes>,
    events: mpsc::Receiver<CallEvent>,
    /// Who is joined to whom, and whether the caller is still the one whose script this is.
    pub(super) joined: Joined,
    /// The recordings of the whole call, those that are over with them.
    pub(super) recordings: Vec<OfCall>,
    /// The sound of the call that goes to web servers, and how much did so far.
    pub(super) streams: Vec<stream::OfCall>,
    pub(super) streamed: u64,
    /// What the caller has to do with mailboxes.
    pub(super) mailbox: Hearing,
    /// The type-ahead.
    pub(super) digits: DigitBuffer,
    /// Why the call is over, once it is.
    pub(super) over: Option<Interrupted>,
    /// What the script may still do after that.
    pub(super) last_words: LastWords,
    /// What was wrong with its documents.
    pub(super) problems: Problems,
    /// When the script's lifetime ends.
    pub(super) limit: Option<Instant>,
    /// When the INVITE came, until the call is answered.
    pub(super) unanswered_since: Option<Instant>,
    /// Why the caller has given up before the answer, where it said so.
    pub(super) gave_up_because: Option<String>,
    /// How the last dial failed, where it did.
    pub(super) failed_with: Option<u16>,
    /// What the script said in place of an answer.
    pub(super) refused_with: Option<u16>,
    /// Whether parties may be transferred to numbers outside.
    pub(super) transfers: PublicTransfers,
    /// Whether subscribers are told that a telephone has accepted the call as soon as a sound of its client is played.
    pub(super) sounds: Sounds,
    /// Where the callee of a bridge goes when the caller hangs up.
    pub(super) after_caller: Option<String>,
    /// Who plays in the next act, and with whom.
    pub(super) next_act: Option<NextAct>,
    /// The caller's place in a queue.
    pub(super) place: Option<Place>,
    /// The caller's place in a conference for which its script waits.
    pub(super) awaited: Option<Membership>,
    /// The caller, while the script speaks to somebody in its place.
    pub(super) whispering: Option<Box<Whispering>>,
    /// What the caller hears while others ring.
    pub(super) ringback: Ringback,
    /// A sound that is fetched while the script goes on.
    pub(super) ahead: Option<(Arc<WebSound>, Ahead)>,
    /// What the next op ends with, because it happened between two of them.
    pub(super) pending: Option<Interrupted>,
}

/// Whether the parties of a call may be transferred to numbers outside, as far as their own rights let them.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub(super) enum PublicTransfers {
    /// They may.
    #[default]
    Allowed,
    /// They may not.
    Refused,
}

/// What a played sound is to those who are told of the call (`ringme-ivr.md` 1.7, `answering_machine`).
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub(super) enum Sounds {
    /// A sound.
    #[default]
    Heard,
    /// As good as somebody to talk to: the sound is what the call is for.
    Accepted,
}

/// What follows when the script of a call has unwound.
pub(super) enum NextAct {
    /// The caller goes to this number.
    SendTo(String),
    /// This party, whose caller has hung up, goes to this number.
    LeftBehind(Box<Leg>, String),
}

impl Executor {
    /// The executor of a call that we placed, and that this party has answered.
    pub(super) fn placed(
        rooms: Arc<Rooms>,
        config: Arc<Config>,
        client: ClientId,
        (caller, trace, facts): (Leg, Arc<CallTrace>, Arc<Facts>),
        (inbox, events): (mpsc::Sender<CallEvent>, mpsc::Receiver<CallEvent>),
    ) -> Self {
        Self {
            rooms,
            config,
            client,
            extension: ExtensionId(0),
            caller,
            trace,
            facts,
            served: None,
            callers_part: None,
            inbox,
            outward: Outward::default(),
            hops_left: MAX_FORWARDS,
            offer: None,
            events,
            joined: Joined::Nobody,
            recordings: Vec::new(),
            streams: Vec::new(),
            streamed: 0,
            mailbox: Hearing::default(),
            digits: DigitBuffer::default(),
            over: None,
            last_words: LastWords::default(),
            problems: Problems::default(),
            limit: None,
            unanswered_since: None,
            gave_up_because: None,
            failed_with: None,
            refused_with: None,
            transfers: PublicTransfers::default(),
            sounds: Sounds::default(),
            after_caller: None,
            next_act: None,
            place: None,
            awaited: None,
            whispering: None,
            ringback: Ringback::default(),
            ahead: None,
            pending: None,
        }
    }

    /// The executor of a call that has not been answered.
    pub fn new(
        rooms: Arc<Rooms>,
        config: Arc<Config>,
        client: ClientId,
        (caller, trace, facts): (Leg, Arc<CallTrace>, Arc<Facts>),
        invite: &Invite,
        (inbox, events): (mpsc::Sender<CallEvent>, mpsc::Receiver<CallEvent>),
        at: Instant,
    ) -> Self {
        let call = Self::placed(rooms, config, client, (caller, trace, facts), (inbox, events));
        let (hops_left, offer) = (invite.request.max_forwards(), invite.offer.clone());
        Self { hops_left, offer, unanswered_since: Some(at), ..call }
    }

    /// Another extension's script begins.
    pub fn serve(&mut self, extension: &Arc<Extension>) {
        self.client = extension.client;
        self.extension = extension.id;
        // Whoever waits does so for its own script.
        (self.place, self.awaited) = (None, None);
        self.outward.by(extension);
        self.trace.serve(&extension.name);
        if matches!(extension.kind, ExtensionKind::Phone(_)) {
            self.served = None;
            return;
        }
        let part = self.facts.reaches(extension);
        if let Some(part) = part.as_ref().filter(|_| self.caller.is_answered()) {
            part.answered();
        }
        self.served = Some((extension.clone(), part));
    }

    /// The parts of the caller and of whoever has the call.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Arc<Part>> {
        self.callers_part.iter().chain(self.served.iter().filter_map(|(_, part)| part.as_ref()))
    }

    /// The script has ended by itself: what is left of the call ends in order.
    pub fn finish(mut self) {
        self.caller.finish();
    }

    /// Keeps a callee whose caller has hung up, where it is to go somewhere; else it is hung up.
    pub(super) async fn leave_behind(&mut self, callee: Leg) {
        if let Some(number) = self.after_caller.take() {
            callee.unjoin().await;
            self.next_act = Some(NextAct::LeftBehind(Box::new(callee), number));
        }
    }

    /// Where the call goes on after its script has unwound, if anywhere, and who the caller is from now on, where that is another.
    pub(super) async fn begin_next_act(&mut self) -> Option<(String, Option<CallerId>)> {
        let act = match self.next_act.take()? {
            NextAct::SendTo(_) if self.caller.is_over() => return None,
            NextAct::SendTo(number) => {
                self.parts().for_each(|part| part.transferred());
                (number, None)
            }
            NextAct::LeftBehind(party, number) => {
                let unseated = self.unseat_listeners().await;
                self.caller = *party;
                self.seat_listeners(unseated).await;
                let who = self.caller.shown.clone();
                self.outward = Outward { own: who.number.clone(), ..Outward::NOTHING };
                self.trace.called_by(self.caller.dialog());
                (number, Some(who))
            }
        };
        self.digits.clear();
        (self.over, self.limit, self.joined) = (None, None, Joined::Nobody);
        Some(act)
    }

    /// What comes while the script thinks; never, once the call is over, for then the script hears of it at its next op.
    pub async fn next_event(&mut self) -> CallEvent {
        let event = if self.over.is_none() { self.events.recv().await } else { None };
        match event {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    /// Takes an event while the script thinks: a digit is kept, an ending is remembered for the next op.
    pub async fn keep(&mut self, event: CallEvent) {
        if let Ok(Some(Heard::Digit(digit))) = self.understand(event).await {
            self.digits.push(digit);
        }
    }

    /// Takes the keys that nothing has asked for yet, those that have just come with them.
    pub(super) async fn typed_ahead(&mut self) -> Result<String, Interrupted> {
        for _ in 0..INBOX {
            let Ok(event) = self.events.try_recv() else { break };
            self.keep(event).await;
        }
        self.over.map_or_else(|| Ok(self.digits.take()), Err)
    }

    /// Waits for the next thing that matters to an op, at most until this instant; the script's limit interrupts the wait.
    pub(super) async fn wait(&mut self, until: Option<Instant>) -> Result<Heard, Interrupted> {
        if self.pending == Some(Interrupted::Wanted) {
            return Err(Interrupted::Wanted);
        }
        let heard = self.wait_within_limit(until).await?;
        if matches!(heard, Heard::Wanted) { Err(Interrupted::Wanted) } else { Ok(heard) }
    }

    /// The same, also where somebody wants the caller.
    pub(super) async fn wait_within_limit(&mut self, until: Option<Instant>) -> Result<Heard, Interrupted> {
        let Some(limit) = self.limit else { return self.hear(until).await };
        let limited = until.is_none_or(|until| limit <= until);
        let heard = self.hear(Some(until.map_or(limit, |until| until.min(limit)))).await?;
        if limited && matches!(heard, Heard::Timeout) {
            self.limit = None;
            return Err(Interrupted::LifetimeExpired);
        }
        Ok(heard)
    }

    /// Waits for the next thing that matters, whatever the script's limit.
    pub(super) async fn hear(&mut self, until: Option<Instant>) -> Result<Heard, Interrupted> {
        if let Some(over) = self.over {
            return Err(over);
        }
        loop {
            let event = tokio::select! {
                event = self.events.recv() => event,
                () = sleep_until(until) => return Ok(Heard::Timeout),
            };
            let Some(event) = event else { return Err(self.end(Interrupted::LocalHangup)) };
            if let Some(heard) = self.understand(event).await? {
                return Ok(heard);
            }
        }
    }

    pub(super) async fn understand(&mut self, event: CallEvent) -> Result<Option<Heard>, Interrupted> {
        match event {
            CallEvent::Shutdown => Err(self.end(Interrupted::Shutdown)),
            CallEvent::HangUp => {
                self.next_act = None;
                Err(self.end(Interrupted::LocalHangup))
            }
            CallEvent::SendTo(number) => {
                whisper::part(self).await;
                tracing::info!("the caller is sent elsewhere");
                self.next_act = Some(NextAct::SendTo(number));
                Err(self.end(Interrupted::LocalHangup))
            }
            CallEvent::Recording(control) => {
                self.control_recording(control).await;
                Ok(None)
            }
            CallEvent::SendDigits(dialog, digits) if dialog == self.caller.dialog() => {
                send_digits::begin(&self.caller, digits).await;
                Ok(None)
            }
            CallEvent::SendDigits(dialog, digits) => Ok(Some(Heard::SendDigits(dialog, digits))),
            CallEvent::StreamEnded(number) => {
                self.end_stream(number).await;
                Ok(Some(Heard::StreamEnded(number)))
            }
            CallEvent::Rendered => Ok(Some(Heard::Rendered)),
            CallEvent::Understood(number, said) => Ok(Some(Heard::Understood(number, said))),
            CallEvent::Conference(seat, wish) if self.awaited.is_some() => Ok(self.asked_while_away(seat, wish)),
            CallEvent::Conference(seat, wish) => Ok(Some(Heard::Conference(seat, wish))),
            CallEvent::Taken(handover) => {
                // Dropped, it tells whoever took the caller that it is not there any more.
                let place = self.place.as_mut().filter(|place| place.is(handover.place));
                Ok(place.map(|place| place.taken = Some(handover)).map(|()| self.wanted()))
            }
            CallEvent::Meeting(meeting) => Ok(Some(Heard::Meeting(meeting))),
            // A question that is dropped is answered so.
            CallEvent::Yield(ask) => Ok((self.joined != Joined::Nobody).then_some(Heard::Yield(ask))),
            CallEvent::Replacement(replacement) => Ok(match self.joined {
                Joined::Nobody => replace::in_menu(self, replacement).await,
                _ => Some(Heard::Replacement(replacement)),
            }),
            CallEvent::Media(event) => self.of_media(event).await,
            CallEvent::Sip(event) if dialog_of(&event) == Some(self.caller.dialog()) => self.of_caller(event).await,
            CallEvent::Sip(event)
                if self.whispering.as_ref().is_some_and(|held| dialog_of(&event) == Some(held.caller.dialog())) =>
            {
                whisper::of_caller(self, event).await
            }
            CallEvent::Sip(event) => Ok(Some(Heard::Other(event))),
        }
    }

    async fn of_media(&mut self, event: MediaEvent) -> Result<Option<Heard>, Interrupted> {
        let of_caller = Some(event.stream) == self.caller.stream();
        Ok(match event.kind {
            EventKind::RecordingEnded { seat, why } => {
                self.recording_ended(seat, why).await;
                (seat == Seat::Message).then_some(Heard::MessageEnded(why))
            }
            EventKind::Found(finding) => {
                hearing::found(self, event.stream, finding).await?;
                None
            }
            EventKind::Digit(digit) if of_caller => Digit::from_event(digit.event()).map(Heard::Digit),
            EventKind::Digit(digit) => Digit::from_event(digit.event()).map(|digit| Heard::KeyOf(event.stream, digit)),
            EventKind::PlaybackEnded { playback } if of_caller => Some(Heard::PlaybackEnded(playback)),
            EventKind::KeysSent if of_caller => Some(Heard::KeysSent),
            EventKind::Spoke(turn) if of_caller => Some(Heard::Spoke(turn)),
            EventKind::PlaybackEnded { .. } | EventKind::KeysSent | EventKind::Spoke(_) => None,
        })
    }

    /// Something is asked of a member whose script says what it hears.
    fn asked_while_away(&mut self, seat: SeatId, wish: Wish) -> Option<Heard> {
        let membership = self.awaited.as_mut().filter(|membership| membership.seat == seat)?;
        match wish {
            Wish::Come => {}
            Wish::Leave => membership.out = Some(Conferred::Kicked),
            Wish::End => membership.out = Some(Conferred::Ended),
            Wish::Voice(voice) => {
                membership.note(voice);
                return None;
            }
        }
        Some(self.wanted())
    }

    /// Somebody wants the caller; an op that may be interrupted is, now or as soon as there is one.
    fn wanted(&mut self) -> Heard {
        self.pending = Some(Interrupted::Wanted);
        Heard::Wanted
    }

    /// What happens in the caller's own dialog.
    async fn of_caller(&mut self, event: Event) -> Result<Option<Heard>, Interrupted> {
        match event {
            Event::CancelledBecause { reasons, .. } => {
                let values: Vec<String> = reasons.iter().take(REASONS).map(ToString::to_string).collect();
                self.gave_up_because = Some(values.join(", "));
                Ok(None)
            }
            Event::Ended { why, .. } => {
                tracing::debug!(?why, "the caller's dialog has ended");
                say_when_expired(why);
                self.caller.ended();
                if self.whispering.is_some() {
                    return Err(whisper::gone(self).await);
                }
                if self.joined == Joined::Turned {
                    return Ok(Some(Heard::Other(event)));
                }
                let local = matches!(why, EndReason::LocalBye | EndReason::Rejected(_));
                if !local {
                    self.facts.cancelled();
                }
                Err(self.end(if local { Interrupted::LocalHangup } else { Interrupted::RemoteHangup }))
            }
            Event::Confirmed { answer, .. } => {
                if let Some(answer) = answer
                    && let Err(error) = self.caller.accept(&answer).await
                {
                    tracing::info!(%error, "the caller's answer to our offer is unusable");
                    self.caller.hang_up(None);
                    return Err(self.end(Interrupted::LocalHangup));
                }
                Ok(Some(Heard::Confirmed))
            }
            // Only somebody who talks to somebody can be transferred.
            Event::ReferRequested { dialog, .. } if self.joined == Joined::Nobody => {
                self.rooms.signalling.order(Order::RejectRefer(dialog, StatusCode::DECLINE)).await;
                Ok(None)
            }
            Event::ReferRequested { .. } | Event::Referred { .. } => Ok(Some(Heard::Other(event))),
            Event::Reoffered { offer, .. } => {
                self.caller.reoffered(offer).await;
                Ok(None)
            }
            Event::Reanswered { answer, .. } => {
                self.caller.reanswered(&answer).await;
                Ok(None)
            }
            Event::ReofferRefused { status, .. } => {
                self.caller.reoffer_refused(status);
                Ok(None)
            }
            Event::Info { content_type, body, .. } => {
                if let Some(press) = info::read(&content_type, &body) {
                    // It comes back from the stream, as a key in RTP does.
                    self.caller.press(press).await;
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// What waits in the inbox of a call that is over.
    pub(super) fn drain(&mut self) -> Vec<CallEvent> {
        std::iter::from_fn(|| self.events.try_recv().ok()).take(INBOX).collect()
    }

    pub(super) fn end(&mut self, why: Interrupted) -> Interrupted {
        self.over = Some(why);
        why
    }
}

/// A call that ended because nobody refreshed it is worth a line: one of the two sides has vanished, or forgets its timer.
pub(super) fn say_when_expired(why: EndReason) {
    if why == EndReason::SessionExpired {
        tracing::info!("nobody refreshed the session timer; the call is ended");
    }
}

/// The dialog that an event is about.
pub(super) fn dialog_of(event: &Event) -> Option<DialogId> {
    event.dialog()
}

pub(crate) fn clock() -> Instant {
    tokio::time::Instant::now().into_std()
}

pub(super) async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}
