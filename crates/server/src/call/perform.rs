//! The executor: what each op means on a real call.
//!
//! Shape: an [`Op`] in, orders to signalling and media out, and their events read from the call's inbox until there is an outcome.
//! The one place where ops are logged and counted.
//! Time: an op's waits are instants on the task's clock; [`Op::Limit`] is one more, which every op but Dial and Hangup heeds.
//! Errors: what a far end does wrong is an outcome; [`Interrupted`] is for what ends the script.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_ivr::{
    Collect, Digit, Interrupted, Op, Outcome, Play, Played, Prompt, TypeAhead,
    collector::{Collector, DigitBuffer},
    op::Cause,
};
use antiphon_media::{PlaybackId, Repeat, Segment};
use antiphon_sip::{DialogId, EndReason, Event, Invite, StatusCode};
use bytes::Bytes;
use tokio::sync::mpsc;

use super::{
    CallEvent, dial, info,
    leg::Leg,
    task::{Arrival, TAIL},
};
use crate::{
    rooms::Rooms,
    store::{ClientId, Config, Extension},
};

/// How long the caller's ACK is waited for before anything is said, so that a phone that is still connecting misses no word.
const ACK_PATIENCE: Duration = Duration::from_millis(400);
/// How long the caller's answer to our own offer is waited for: RFC 3261's 64*T1, after which the endpoint ends the dialog anyway.
const LATE_ANSWER_PATIENCE: Duration = Duration::from_secs(33);

/// Something an op waits for.
#[derive(Debug)]
pub(super) enum Heard {
    /// The caller pressed a key.
    Digit(Digit),
    /// The caller's playback was sent to its end.
    PlaybackEnded(PlaybackId),
    /// Something about another dialog than the caller's.
    Other(Event),
    /// The caller confirmed our answer.
    Confirmed,
    /// The instant waited for has come.
    Timeout,
}

/// The executor of one call.
pub struct Executor {
    pub(super) rooms: Arc<Rooms>,
    pub(super) config: Arc<Config>,
    pub(super) client: ClientId,
    pub(super) caller: Leg,
    pub(super) inbox: mpsc::Sender<CallEvent>,
    /// How many more hops a call made for this one may take.
    pub(super) hops_left: u8,
    /// The caller's offer, until it is answered.
    offer: Option<Bytes>,
    events: mpsc::Receiver<CallEvent>,
    digits: DigitBuffer,
    /// Why the call is over, once it is.
    over: Option<Interrupted>,
    /// When the script's lifetime ends.
    pub(super) limit: Option<Instant>,
    /// When the INVITE came, until the call is answered.
    unanswered_since: Option<Instant>,
}

impl Executor {
    /// The executor of a call that has not been answered.
    pub fn new(
        rooms: Arc<Rooms>,
        config: Arc<Config>,
        arrival: &Arrival,
        caller: Leg,
        invite: &Invite,
        (inbox, events): (mpsc::Sender<CallEvent>, mpsc::Receiver<CallEvent>),
        at: Instant,
    ) -> Self {
        let client = arrival.extension.client;
        Self {
            rooms,
            config,
            client,
            caller,
            inbox,
            hops_left: invite.request.max_forwards(),
            offer: invite.offer.clone(),
            events,
            digits: DigitBuffer::default(),
            over: None,
            limit: None,
            unanswered_since: Some(at),
        }
    }

    /// Another extension's script begins.
    pub fn serve(&mut self, extension: &Extension) {
        self.client = extension.client;
    }

    /// The script has ended by itself: what is left of the call ends in order.
    pub fn finish(mut self) {
        self.caller.finish();
    }

    /// Performs one op.
    pub async fn perform(&mut self, op: Op) -> Result<Outcome, Interrupted> {
        if let Some(over) = self.over {
            return Err(over);
        }
        let began = clock();
        let name = name(&op);
        let outcome = match op {
            Op::Answer => self.answer().await.map(|()| Outcome::Done),
            Op::Limit(lifetime) => {
                self.limit = lifetime.map(|lifetime| clock() + lifetime);
                return Ok(Outcome::Done);
            }
            Op::Play(play) => self.play(play).await.map(Outcome::Played),
            Op::Collect(collect) => self.collect(&collect).await.map(Outcome::Collected),
            Op::Dial(dial) => dial::dial(self, dial).await.map(Outcome::Dialed),
            Op::Hangup(cause) => self.hang_up(cause).await.map(|()| Outcome::Done),
        };
        let outcome_name = outcome_name(&outcome);
        metrics::counter!("antiphon_ops_total", "op" => name, "outcome" => outcome_name).increment(1);
        let ms = clock().saturating_duration_since(began).as_millis() as u64;
        tracing::info!(op = name, outcome = outcome_name, ms, "op");
        outcome
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

    /// Answers the caller, once, and gives the ACK a moment. Digits that come meanwhile are kept.
    async fn answer(&mut self) -> Result<(), Interrupted> {
        let Some(patience) = self.pick_up().await? else { return Ok(()) };
        let until = clock() + patience;
        loop {
            match self.hear(Some(until)).await? {
                Heard::Confirmed | Heard::Timeout => return Ok(()),
                Heard::Digit(digit) => self.digits.push(digit),
                Heard::PlaybackEnded(_) | Heard::Other(_) => {}
            }
        }
    }

    /// Sends the 200 to the caller, once. What is returned is how long the ACK is worth a wait; `None` when it went out before.
    ///
    /// Somebody who joins two legs does not wait: what the callee does meanwhile, such as hanging up, must be heard.
    pub(super) async fn pick_up(&mut self) -> Result<Option<Duration>, Interrupted> {
        let Some(since) = self.unanswered_since.take() else { return Ok(None) };
        let offer = self.offer.take();
        let patience = if offer.is_some() { ACK_PATIENCE } else { LATE_ANSWER_PATIENCE };
        if let Err(error) = self.caller.answer(offer.as_deref()).await {
            tracing::info!(%error, "the caller could not be answered");
            self.caller.refuse_with(error.status());
            return Err(self.end(Interrupted::LocalHangup));
        }
        metrics::histogram!("antiphon_setup_seconds").record(clock().saturating_duration_since(since).as_secs_f64());
        Ok(Some(patience))
    }

    async fn play(&mut self, play: Play) -> Result<Played, Interrupted> {
        let barge_in = play.barge_in;
        match (barge_in.otherwise, self.digits.first()) {
            (TypeAhead::Drop, _) => self.digits.clear(),
            // Pressed between two prompts: it counts as pressed in this one.
            (TypeAhead::Keep, Some(digit)) if barge_in.by.contains(digit) => return Ok(Played::BargedIn(digit)),
            (TypeAhead::Keep, _) => {}
        }
        let began = clock();
        let segments = self.segments(&play.prompts);
        if segments.is_empty() || self.caller.stream().is_none() {
            return Ok(Played::Finished { said: Duration::ZERO });
        }
        let playback = self.caller.play(segments, Repeat::Once).await;
        loop {
            match self.wait(None).await {
                Ok(Heard::PlaybackEnded(ended)) if ended == playback => {
                    return Ok(Played::Finished { said: clock().saturating_duration_since(began) });
                }
                Ok(Heard::Digit(digit)) if barge_in.by.contains(digit) => {
                    self.caller.stop_playback().await;
                    self.digits.push(digit);
                    return Ok(Played::BargedIn(digit));
                }
                Ok(Heard::Digit(digit)) if barge_in.otherwise == TypeAhead::Keep => self.digits.push(digit),
                Ok(_) => {}
                Err(interrupted) => {
                    self.caller.stop_playback().await;
                    return Err(interrupted);
                }
            }
        }
    }

    async fn collect(&mut self, collect: &Collect) -> Result<antiphon_ivr::Collected, Interrupted> {
        let mut collector = Collector::new(collect, clock());
        if let Some(collected) = collector.take(clock(), &mut self.digits) {
            return Ok(collected);
        }
        loop {
            let collected = match self.wait(Some(collector.deadline())).await? {
                Heard::Digit(digit) => collector.digit(clock(), digit),
                Heard::Timeout => collector.timeout(clock()),
                _ => None,
            };
            if let Some(collected) = collected {
                return Ok(collected);
            }
        }
    }

    async fn hang_up(&mut self, cause: Cause) -> Result<(), Interrupted> {
        if self.caller.is_answered() {
            let until = clock() + TAIL;
            while !matches!(self.hear(Some(until)).await?, Heard::Timeout) {}
        } else {
            self.caller.refuse_with(refusal(cause));
        }
        let reason = format!("Q.850;cause={}", cause.0);
        self.caller.hang_up(Some(&reason));
        self.over = Some(Interrupted::LocalHangup);
        Ok(())
    }

    /// The prompts that exist, as audio.
    fn segments(&self, prompts: &[Prompt]) -> Vec<Segment> {
        prompts.iter().filter_map(|prompt| self.segment(prompt)).collect()
    }

    fn segment(&self, prompt: &Prompt) -> Option<Segment> {
        let audio = match prompt {
            Prompt::Silence(duration) if duration.is_zero() => return None,
            Prompt::Silence(duration) => return Some(Segment::Silence(*duration)),
            Prompt::Sound(id) => self.config.sound(*id).map(|sound| sound.audio.clone()),
            Prompt::System(name) => self.rooms.system_sound(name),
        };
        if audio.is_none() {
            tracing::warn!(?prompt, "there is no such sound; it counts as said");
        }
        audio.map(Segment::Audio)
    }

    /// Waits for the next thing that matters to an op, at most until this instant; the script's limit interrupts the wait.
    async fn wait(&mut self, until: Option<Instant>) -> Result<Heard, Interrupted> {
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

    async fn understand(&mut self, event: CallEvent) -> Result<Option<Heard>, Interrupted> {
        match event {
            CallEvent::Shutdown => Err(self.end(Interrupted::Shutdown)),
            CallEvent::Media(event) if Some(event.stream) == self.caller.stream() => Ok(match event.kind {
                antiphon_media::EventKind::Digit(digit) => Digit::from_event(digit.event()).map(Heard::Digit),
                antiphon_media::EventKind::PlaybackEnded { playback } => Some(Heard::PlaybackEnded(playback)),
            }),
            CallEvent::Media(_) => Ok(None),
            CallEvent::Sip(event) if dialog_of(&event) == Some(self.caller.dialog()) => self.of_caller(event).await,
            CallEvent::Sip(event) => Ok(Some(Heard::Other(event))),
        }
    }

    /// What happens in the caller's own dialog.
    async fn of_caller(&mut self, event: Event) -> Result<Option<Heard>, Interrupted> {
        match event {
            Event::Ended { why, .. } => {
                tracing::debug!(?why, "the caller's dialog has ended");
                self.caller.ended();
                let local = matches!(why, EndReason::LocalBye | EndReason::Rejected(_));
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
            Event::Reoffered { offer, .. } => {
                self.caller.reoffered(offer).await;
                Ok(None)
            }
            Event::Info { content_type, body, .. } => Ok(if self.caller.has_telephone_event() {
                None
            } else {
                info::digit(&content_type, &body).map(Heard::Digit)
            }),
            _ => Ok(None),
        }
    }

    fn end(&mut self, why: Interrupted) -> Interrupted {
        self.over = Some(why);
        why
    }
}

/// The dialog that an event is about.
pub(super) fn dialog_of(event: &Event) -> Option<DialogId> {
    match event {
        Event::Incoming { dialog, .. }
        | Event::Progress { dialog, .. }
        | Event::Answered { dialog, .. }
        | Event::Confirmed { dialog, .. }
        | Event::Reoffered { dialog, .. }
        | Event::Info { dialog, .. }
        | Event::Ended { dialog, .. } => Some(*dialog),
        Event::Requested { .. } => None,
    }
}

/// How an unanswered caller hears of a release cause (RFC 3398 §8.2.6.1, read backwards).
fn refusal(cause: Cause) -> StatusCode {
    match cause.0 {
        1 | 3 => StatusCode::NOT_FOUND,
        17 => StatusCode::BUSY_HERE,
        21 => StatusCode::FORBIDDEN,
        38 | 41 | 42 => StatusCode::SERVICE_UNAVAILABLE,
        65 => StatusCode::NOT_ACCEPTABLE_HERE,
        102 => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::TEMPORARILY_UNAVAILABLE,
    }
}

fn name(op: &Op) -> &'static str {
    match op {
        Op::Answer => "answer",
        Op::Limit(_) => "limit",
        Op::Play(_) => "play",
        Op::Collect(_) => "collect",
        Op::Dial(_) => "dial",
        Op::Hangup(_) => "hangup",
    }
}

fn outcome_name(outcome: &Result<Outcome, Interrupted>) -> &'static str {
    use antiphon_ivr::{Dialed, EndedBy};
    match outcome {
        Ok(Outcome::Done) => "done",
        Ok(Outcome::Played(Played::Finished { .. })) => "finished",
        Ok(Outcome::Played(Played::BargedIn(_))) => "barged_in",
        Ok(Outcome::Collected(collected)) => match collected.ended_by {
            EndedBy::MaxDigits => "max_digits",
            EndedBy::Terminator(_) => "terminator",
            EndedBy::InterDigitTimeout => "inter_digit_timeout",
            EndedBy::NoInput => "no_input",
        },
        Ok(Outcome::Dialed(dialed)) => match dialed {
            Dialed::Answered { .. } => "answered",
            Dialed::HandedOver(_) => "handed_over",
            Dialed::Busy => "busy",
            Dialed::NoAnswer => "no_answer",
            Dialed::Failed { .. } => "failed",
        },
        Err(Interrupted::RemoteHangup) => "caller_hung_up",
        Err(Interrupted::LocalHangup) => "hung_up",
        Err(Interrupted::LifetimeExpired) => "lifetime_expired",
        Err(Interrupted::Shutdown) => "shutdown",
    }
}

pub(super) fn clock() -> Instant {
    tokio::time::Instant::now().into_std()
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}
