//! What each op means on a real call.
//!
//! Shape: an [`Op`] in, orders to signalling and media out, and what the call hears until there is an outcome.
//! The one place where ops are logged and counted.
//! Time: an op's waits are instants on the task's clock; [`Op::Limit`] is one more, which every op but Dial, Conference, Refer and Hangup heeds.
//! Errors: what a far end does wrong is an outcome; [`Interrupted`] is for what ends the script.

use std::time::Duration;

use antiphon_ivr::{
    Collect, Collected, Digit, DigitSet, Gather, Gathered, Gatherer, Interrupted, Op, Outcome, Play, Played, Prompt,
    Rating, TypeAhead,
    collector::Collector,
    op::{Cause, Conclusion, Extent, Respond},
};
use antiphon_media::{Keys, Repeat, Segment, record};
use antiphon_sip::{ReasonProtocol, Rejection, StatusCode, printable, reason_value};

use super::{
    confer, dial, echo,
    executor::{Executor, Heard, Sounds, clock},
    fetch, queueing, refer, send_digits, whisper,
    words::{name, outcome_name},
};
use crate::{store::NewRating, trace::OpTrace};

/// How long the caller's ACK is waited for before anything is said, so that a phone that is still connecting misses no word.
const ACK_PATIENCE: Duration = Duration::from_millis(400);
/// How long the caller's answer to our own offer is waited for: RFC 3261's 64*T1, after which the endpoint ends the dialog anyway.
const LATE_ANSWER_PATIENCE: Duration = Duration::from_secs(33);

/// Refusals that say as much to a caller as they do to us, and that a caller who is not answered hears as they are.
const PASSED_ON: [u16; 11] = [403, 404, 410, 480, 484, 600, 603, 604, 606, 607, 608];

/// How long the sound that was sent last may still be on its way to the caller's ear when we hang up.
const TAIL: Duration = Duration::from_millis(100);

impl Executor {
    /// Performs one op.
    pub async fn perform(&mut self, op: Op) -> Result<Outcome, Interrupted> {
        let over = self.over;
        if let Some(over) = over.filter(|over| !self.may_still(*over, &op)) {
            return Err(over);
        }
        if let Some(pending) = self.pending_for(&op) {
            return Err(pending);
        }
        let began = clock();
        let name = name(&op);
        let outcome = match op {
            // They take no time, and what comes of them is told by what follows.
            Op::Limit(lifetime) => {
                self.limit = lifetime.map(|lifetime| clock() + lifetime);
                return Ok(Outcome::Done);
            }
            Op::Note(note) => {
                self.problems.tell(&note);
                self.rooms.http_debug.note(self.client, self.trace.id, &note);
                return Ok(Outcome::Done);
            }
            Op::TypedAhead => return self.typed_ahead().await.map(Outcome::TypedAhead),
            op => match over {
                Some(over) => self.say_last(over, op).await,
                None => self.outcome_of(op).await,
            },
        };
        // The script has heard of it now.
        if outcome.as_ref().err().copied() == self.pending {
            self.pending = None;
        }
        let outcome_name = outcome_name(&outcome);
        metrics::counter!("antiphon_ops_total", "op" => name, "outcome" => outcome_name).increment(1);
        let took = clock().saturating_duration_since(began);
        self.trace.op(OpTrace { at: began, name, outcome: outcome_name, took });
        let ms = took.as_millis() as u64;
        tracing::info!(op = name, outcome = outcome_name, ms, "op");
        outcome
    }

    async fn outcome_of(&mut self, op: Op) -> Result<Outcome, Interrupted> {
        match op {
            Op::Answer => self.answer().await.map(|()| Outcome::Done),
            Op::Play(play) => self.play(play).await.map(|(played, extent)| Outcome::Played(played, extent)),
            Op::Collect(collect) => self.collect(&collect).await.map(Outcome::Collected),
            Op::Gather(gather) => self.gather(&gather).await.map(Outcome::Gathered),
            Op::Dial(dial) => dial::dial(self, dial).await.map(Outcome::Dialed),
            Op::Conference(conference) => confer::confer(self, conference).await.map(Outcome::Conferred),
            Op::Join => whisper::join(self).await.map(Outcome::Dialed),
            Op::Enqueue(enqueue) => Ok(Outcome::Enqueued(queueing::enqueue(self, &enqueue))),
            Op::Place => Ok(Outcome::Placed(self.place.as_ref().map(|place| place.stands(clock())))),
            Op::Meet(meet) => queueing::meet(self, meet).await.map(Outcome::Met),
            Op::Take(take) => queueing::take(self, take).await.map(Outcome::Dialed),
            Op::Echo(echo) => echo::echo(self, echo).await.map(Outcome::Echoed),
            Op::Refer(refer) => refer::refer(self, refer).await.map(Outcome::Referred),
            Op::Record(record) => self.record(record).await.map(Outcome::Recorded),
            Op::Recording(asked) => Ok(Outcome::Recording(self.switch_recording(asked).await)),
            Op::SendDigits(digits) => send_digits::send(self, &digits).await.map(Outcome::Sent),
            Op::Render(render) => self.render(&render).await.map(Outcome::Rendered),
            Op::Listen(listen) => self.listen(&listen).await.map(Outcome::Listened),
            Op::Fetch(fetch) => self.fetch(*fetch).await.map(Outcome::Fetched),
            Op::Customize(customize) => self.customize(*customize).await.map(Box::new).map(Outcome::Customized),
            Op::OpenMailbox(open) => Ok(Outcome::Opened(self.open_mailbox(&open))),
            Op::MarkMessage(message) => Ok(Outcome::Marked(self.mark_message(message).await)),
            Op::Progress => self.progress().await.map(|()| Outcome::Done),
            Op::Load(load) => self.load(&load).await.map(Outcome::Loaded),
            Op::Link(link) => Ok(Outcome::Linked(self.rooms.links.link(record::RecordingId(link.recording.0)))),
            Op::Stream(stream) => Ok(Outcome::Streaming(self.stream(stream).await)),
            Op::Connect(connect) => self.connect(connect).await.map(Outcome::Connected),
            Op::Respond(respond) => self.respond(respond).await.map(|()| Outcome::Done),
            Op::Hangup(cause) => self.hang_up(cause).await.map(|()| Outcome::Done),
            Op::TypedAhead => self.typed_ahead().await.map(Outcome::TypedAhead),
            Op::Limit(_)
            | Op::Note(_)
            | Op::Part
            | Op::Leave
            | Op::Tell(_)
            | Op::Upload(_)
            | Op::Rate(_)
            | Op::Conclude(_) => {
                self.do_at_once(op).await;
                Ok(Outcome::Done)
            }
        }
    }

    /// What is handed over or noted, and not waited for.
    async fn do_at_once(&mut self, op: Op) {
        match op {
            Op::Part => whisper::part(self).await,
            Op::Leave => queueing::leave(self),
            Op::Tell(tell) => fetch::tell(&self.rooms, self.client, &self.trace, *tell),
            Op::Upload(upload) => self.upload(*upload),
            Op::Rate(rating) => self.rate(rating),
            Op::Conclude(conclusion) => self.conclude(conclusion).await,
            _ => {}
        }
    }

    /// Keeps what a script leaves for the world outside, and has the BYE say it.
    async fn conclude(&self, conclusion: Conclusion) {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&conclusion.fields).finish();
        self.caller.farewell(form).await;
        self.trace.concluded(conclusion.fields);
    }

    /// What an op ends with because it happened between two of them.
    fn pending_for(&mut self, op: &Op) -> Option<Interrupted> {
        let ends = match self.pending? {
            Interrupted::Wanted => !matches!(
                op,
                Op::Limit(_)
                    | Op::Note(_)
                    | Op::Tell(_)
                    | Op::Place
                    | Op::Meet(_)
                    | Op::Leave
                    | Op::Take(_)
                    | Op::Dial(_)
                    | Op::Conference(_)
                    | Op::Refer(_)
                    | Op::Hangup(_)
                    | Op::Conclude(_)
                    | Op::Respond(_)
            ),
            _ => !matches!(
                op,
                Op::Limit(_) | Op::Note(_) | Op::Tell(_) | Op::Part | Op::Hangup(_) | Op::Conclude(_) | Op::Respond(_)
            ),
        };
        if ends { self.pending.take() } else { None }
    }

    /// Answers the caller, once, and gives the ACK a moment. Digits that come meanwhile are kept.
    async fn answer(&mut self) -> Result<(), Interrupted> {
        let Some(patience) = self.pick_up().await? else { return Ok(()) };
        let until = clock() + patience;
        loop {
            match self.hear(Some(until)).await? {
                Heard::Confirmed | Heard::Timeout => return Ok(()),
                Heard::Digit(digit) => self.digits.push(digit),
                _ => {}
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
            self.caller.refuse_with(error.rejection());
            return Err(self.end(Interrupted::LocalHangup));
        }
        self.trace.answered(clock());
        self.begin_armed_recordings().await;
        self.parts().for_each(|part| part.answered());
        metrics::histogram!("antiphon_setup_seconds").record(clock().saturating_duration_since(since).as_secs_f64());
        Ok(Some(patience))
    }

    /// Lets an unanswered caller hear us. One whose INVITE offers nothing cannot, and hears ringing.
    async fn progress(&mut self) -> Result<(), Interrupted> {
        if self.unanswered_since.is_none() || self.caller.stream().is_some() {
            return Ok(());
        }
        let Some(offer) = self.offer.clone() else {
            self.caller.ring().await;
            return Ok(());
        };
        if let Err(error) = self.caller.answer_early(&offer).await {
            tracing::info!(%error, "the caller could not be given early sound");
            self.caller.refuse_with(error.rejection());
            return Err(self.end(Interrupted::LocalHangup));
        }
        Ok(())
    }

    async fn play(&mut self, play: Play) -> Result<(Played, Extent), Interrupted> {
        let barge_in = play.barge_in;
        match (barge_in.otherwise, self.digits.first()) {
            (TypeAhead::Drop, _) => self.digits.clear(),
            // Pressed between two prompts: it counts as pressed in this one.
            (TypeAhead::Keep, Some(digit)) if barge_in.by.contains(digit) => {
                return Ok((Played::BargedIn(digit), Extent::default()));
            }
            (TypeAhead::Keep, _) => {}
        }
        if let Some(digit) = self.rendered_or_key(&play.prompts, barge_in).await? {
            return Ok((Played::BargedIn(digit), Extent::default()));
        }
        if let Some(digit) = self.loaded_or_key(&play.prompts, barge_in).await? {
            return Ok((Played::BargedIn(digit), Extent::default()));
        }
        let began = clock();
        let (segments, mut lengths) = self.measured_segments(&play.prompts).await;
        if segments.is_empty() || self.caller.stream().is_none() {
            let none = vec![Duration::ZERO; lengths.len()];
            return Ok((Played::Finished { said: Duration::ZERO }, Extent::whole(&none)));
        }
        if self.sounds == Sounds::Accepted && play.prompts.iter().any(|prompt| matches!(prompt, Prompt::Sound(_))) {
            self.parts().for_each(|part| part.bridged());
        }
        let mut playback = self.caller.play(segments, Repeat::Once, keys(barge_in.by)).await;
        loop {
            match self.wait(None).await {
                Ok(Heard::PlaybackEnded(ended)) if ended == playback => {
                    let said = clock().saturating_duration_since(began);
                    return Ok((Played::Finished { said }, Extent::whole(&lengths)));
                }
                Ok(Heard::Digit(digit)) if barge_in.by.contains(digit) => {
                    // A key in RTP has stopped it already; one in INFO, or one from before the order, has not.
                    let extent = Extent::new(&lengths, self.caller.position().await);
                    self.caller.stop_playback().await;
                    self.digits.push(digit);
                    return Ok((Played::BargedIn(digit), extent));
                }
                // Whoever is new has heard none of it.
                Ok(Heard::Replaced) => {
                    let segments;
                    (segments, lengths) = self.measured_segments(&play.prompts).await;
                    playback = self.caller.play(segments, Repeat::Once, keys(barge_in.by)).await;
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

    /// Keeps how the caller rates the call; the store sees to it, and nobody waits.
    fn rate(&self, rating: Rating) {
        let (call, at) = (self.trace.id.to_string(), self.rooms.wall.now());
        self.rooms.store.rate(NewRating { client: self.client, extension: self.extension, call, at, rating });
    }

    async fn collect(&mut self, collect: &Collect) -> Result<Collected, Interrupted> {
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

    async fn gather(&mut self, gather: &Gather) -> Result<Gathered, Interrupted> {
        let mut gatherer = Gatherer::new(gather, clock());
        if let Some(gathered) = gatherer.take(clock(), &mut self.digits) {
            return Ok(gathered);
        }
        loop {
            let gathered = match self.wait(Some(gatherer.deadline())).await? {
                Heard::Digit(key) => gatherer.key(clock(), key),
                Heard::Timeout => gatherer.timeout(clock()),
                _ => None,
            };
            if let Some(gathered) = gathered {
                return Ok(gathered);
            }
        }
    }

    /// Ends the call with an answer of SIP: a rejection, or the reason of a BYE.
    async fn respond(&mut self, Respond { status, phrase }: Respond) -> Result<(), Interrupted> {
        self.heard_out().await?;
        let status = StatusCode::new(status).filter(|status| status.code() >= 400);
        let status = status.unwrap_or(StatusCode::TEMPORARILY_UNAVAILABLE);
        let phrase = phrase.as_deref().map(printable);
        let said = phrase.as_deref().unwrap_or(status.reason());
        // What is printable is never refused.
        let reason = reason_value(ReasonProtocol::Sip, status.code(), said).ok();
        self.refused_with = Some(status.code()).filter(|_| !self.caller.is_answered());
        self.caller.refuse_with(Rejection { phrase, ..status.into() });
        self.caller.hang_up(reason.as_deref());
        self.over = Some(Interrupted::LocalHangup);
        Ok(())
    }

    /// Waits until what was sent last has reached a caller who hears us.
    async fn heard_out(&mut self) -> Result<(), Interrupted> {
        if self.caller.stream().is_some() {
            let until = clock() + TAIL;
            while !matches!(self.hear(Some(until)).await?, Heard::Timeout) {}
        }
        Ok(())
    }

    async fn hang_up(&mut self, cause: Cause) -> Result<(), Interrupted> {
        if self.caller.is_answered() {
            self.heard_out().await?;
        } else {
            let said = self.failed_with.filter(|said| PASSED_ON.contains(said) && Cause::of_status(*said) == cause);
            self.caller.refuse_with(said.and_then(StatusCode::new).unwrap_or_else(|| refusal(cause)));
        }
        let reason = format!("Q.850;cause={}", cause.0);
        self.caller.hang_up(Some(&reason));
        self.over = Some(Interrupted::LocalHangup);
        Ok(())
    }

    /// The prompts that exist, as audio.
    pub(super) fn segments(&self, prompts: &[Prompt]) -> Vec<Segment> {
        prompts.iter().filter_map(|prompt| self.segment(prompt)).collect()
    }

    /// The same, with those that have to be read or made first.
    pub(super) async fn ready_segments(&self, prompts: &[Prompt]) -> Vec<Segment> {
        self.measured_segments(prompts).await.0
    }

    /// The same, and how long each prompt is.
    pub(super) async fn measured_segments(&self, prompts: &[Prompt]) -> (Vec<Segment>, Vec<Duration>) {
        let (mut segments, mut lengths) = (Vec::with_capacity(prompts.len()), Vec::with_capacity(prompts.len()));
        for prompt in prompts {
            let before = segments.len();
            match prompt {
                Prompt::Message(message) => {
                    segments.extend(self.message_sound(*message).await.map(Segment::Audio));
                }
                Prompt::Tone(tone) => segments.extend(self.rooms.made_tones.segments(tone).await),
                prompt => segments.extend(self.segment(prompt)),
            }
            let length =
                segments[before..].iter().map(Segment::duration).fold(Duration::ZERO, Duration::saturating_add);
            lengths.push(length);
        }
        (segments, lengths)
    }

    fn segment(&self, prompt: &Prompt) -> Option<Segment> {
        let audio = match prompt {
            Prompt::Silence(duration) if duration.is_zero() => return None,
            Prompt::Silence(duration) => return Some(Segment::Silence(*duration)),
            Prompt::Sound(id) => self.config.sound(*id).map(|sound| sound.audio.clone()),
            Prompt::System { name, language } => self.rooms.system_sound(name, *language),
            // It has to be read, or made, first.
            Prompt::Message(_) | Prompt::Tone(_) => None,
            Prompt::Web(sound) => return self.rooms.web_sounds.ready(self.client, sound).map(Segment::Audio),
            Prompt::Text(speech) => return self.spoken(speech).map(Segment::Audio),
        };
        if audio.is_none() {
            tracing::warn!(?prompt, "there is no such sound; it counts as said");
        }
        audio.map(Segment::Audio)
    }
}

/// The same keys in media's terms.
fn keys(set: DigitSet) -> Keys {
    let held = |code: &u8| Digit::from_event(*code).is_some_and(|digit| set.contains(digit));
    (0..16).filter(held).filter_map(antiphon_media::Digit::from_event).collect()
}

/// How an unanswered caller hears of a release cause (RFC 3398 §8.2.6.1, read backwards).
fn refusal(cause: Cause) -> StatusCode {
    match cause.0 {
        1 | 3 => StatusCode::NOT_FOUND,
        17 => StatusCode::BUSY_HERE,
        21 => StatusCode::FORBIDDEN,
        25 => StatusCode::TOO_MANY_HOPS,
        38 | 41 | 42 => StatusCode::SERVICE_UNAVAILABLE,
        65 => StatusCode::NOT_ACCEPTABLE_HERE,
        102 => StatusCode::REQUEST_TIMEOUT,
        _ => StatusCode::TEMPORARILY_UNAVAILABLE,
    }
}
