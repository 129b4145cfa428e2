//! The world of a simulation: its clock, the caller, the type-ahead, and each op performed.
//!
//! Time: virtual; [`World::wait`] alone moves it on.
//! Errors: [`Interrupted`], as on a real call.
//! Sources: `ringme-ivr.md` 3.4, 3.5, 3.10.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::{
    Event, Line, Scenario, Transcript, dial::Whispered, queue::Queued, recordings::OfCall, transcript::seconds,
};
use crate::{
    BargeIn, Bridged, Collect, Collected, Collector, Digit, DigitBuffer, DigitSet, EndedBy, Interrupted, Language,
    Next, Op, Outcome, Play, Played, Prompt, RecordingId, TypeAhead,
    op::{Begins, Extent},
};

pub(super) struct World<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) timeline: Vec<(Duration, Event)>,
    pub(super) start: Instant,
    pub(super) now: Duration,
    /// When the lifetime is over.
    pub(super) limit: Option<Duration>,
    /// When somebody wants the caller.
    pub(super) wanted: Option<Duration>,
    /// Keys that are kept while the caller talks to somebody.
    pub(super) kept_in_talk: DigitSet,
    /// When the conference begins for which the caller waits.
    pub(super) begins: Option<Duration>,
    /// Where the caller stands in a queue.
    pub(super) queued: Option<Queued>,
    /// Whom the script speaks to in place of the caller.
    pub(super) whispered: Option<Whispered>,
    pub(super) digits: DigitBuffer,
    /// Until when the caller speaks, or has spoken.
    pub(super) spoken_until: Duration,
    /// When the caller began to speak, since a message was begun.
    pub(super) first_word: Option<Duration>,
    /// The recordings of the call.
    pub(super) recordings: Vec<OfCall>,
    /// The names of the copies of its sound that go on.
    pub(super) streams: BTreeSet<String>,
    /// Recordings so far.
    pub(super) messages: u128,
    /// How long those are that were taken of the caller.
    pub(super) taken: BTreeMap<RecordingId, Duration>,
    /// Whether the caller has talked to somebody.
    pub(super) bridged: Bridged,
    /// Requests to web servers so far.
    pub(super) asked: usize,
    /// Gathers that were replied to so far.
    pub(super) replied: usize,
    /// When each text that was asked for is ready.
    pub(super) rendered: BTreeMap<String, Duration>,
    call: State,
    /// Whether the caller hears us without an answer.
    early: bool,
    transcript: Transcript,
}

#[derive(Copy, Clone, Eq, PartialEq)]
enum State {
    Arrived,
    Answered,
    Ended,
}

/// What a wait came to.
pub(super) enum Waited {
    Through,
    Pressed(Digit),
}

/// Whether a key at the very end of a wait belongs to it.
#[derive(Copy, Clone, Eq, PartialEq)]
pub(super) enum Edge {
    Inside,
    Outside,
}

/// Whether the end of the lifetime ends a wait.
#[derive(Copy, Clone, Eq, PartialEq)]
pub(super) enum Lifetime {
    Counts,
    Deferred,
}

impl<'a> World<'a> {
    pub(super) fn new(scenario: &'a Scenario, start: Instant) -> Self {
        let mut timeline = scenario.timeline.clone();
        timeline.extend(scenario.said.iter().map(|saying| (saying.at, Event::Spoke(saying.time))));
        // Of one moment, the first comes first.
        timeline.reverse();
        timeline.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Self {
            scenario,
            timeline,
            start,
            now: Duration::ZERO,
            limit: None,
            wanted: None,
            kept_in_talk: DigitSet::NONE,
            begins: None,
            queued: None,
            whispered: None,
            digits: DigitBuffer::default(),
            spoken_until: Duration::ZERO,
            first_word: None,
            recordings: Vec::new(),
            streams: BTreeSet::new(),
            messages: 0,
            taken: BTreeMap::new(),
            bridged: Bridged::No,
            asked: 0,
            replied: 0,
            rendered: BTreeMap::new(),
            call: State::Arrived,
            early: false,
            transcript: Transcript::default(),
        }
    }

    pub(super) fn perform(&mut self, op: &Op) -> Result<Outcome, Interrupted> {
        if self.call == State::Ended {
            return self.perform_after(op);
        }
        match op {
            Op::Play(play) => self.play(play).map(|(played, extent)| Outcome::Played(played, extent)),
            Op::Collect(collect) => self.collect(collect).map(Outcome::Collected),
            Op::TypedAhead => self.typed_ahead().map(Outcome::TypedAhead),
            Op::Gather(gather) => self.gather(gather).map(Outcome::Gathered),
            Op::Dial(dial) => self.dial(dial).map(Outcome::Dialed),
            Op::Conference(conference) => self.conference(conference).map(Outcome::Conferred),
            Op::Join => self.join().map(Outcome::Dialed),
            Op::Enqueue(enqueue) => Ok(Outcome::Enqueued(self.enqueue(enqueue))),
            Op::Place => Ok(Outcome::Placed(self.place())),
            Op::Meet(meet) => self.meet(meet).map(Outcome::Met),
            Op::Take(take) => self.take(take).map(Outcome::Dialed),
            Op::Echo(echo) => self.echo(*echo).map(Outcome::Echoed),
            Op::Refer(refer) => self.refer(refer).map(Outcome::Referred),
            Op::Record(record) => self.record(record).map(Outcome::Recorded),
            Op::Recording(recording) => Ok(Outcome::Recording(self.recording(recording))),
            Op::SendDigits(digits) => self.send_digits(digits).map(Outcome::Sent),
            Op::Render(render) => self.render(render).map(Outcome::Rendered),
            Op::Listen(listen) => self.listen(listen).map(Outcome::Listened),
            Op::OpenMailbox(open) => Ok(Outcome::Opened(self.open_mailbox(open))),
            Op::MarkMessage(message) => Ok(Outcome::Marked(self.mark_message(*message))),
            Op::Fetch(fetch) => self.fetch(fetch).map(Outcome::Fetched),
            Op::Customize(customize) => self.customize(customize).map(Box::new).map(Outcome::Customized),
            Op::Load(load) => Ok(Outcome::Loaded(self.load(load))),
            Op::Tell(_) | Op::Upload(_) | Op::Link(_) => self.perform_told(op),
            Op::Stream(stream) => Ok(Outcome::Streaming(self.stream(stream))),
            Op::Connect(connect) => self.connect(connect).map(Outcome::Connected),
            Op::Answer
            | Op::Limit(_)
            | Op::Note(_)
            | Op::Rate(_)
            | Op::Progress
            | Op::Part
            | Op::Leave
            | Op::Respond(_)
            | Op::Conclude(_)
            | Op::Hangup(_) => {
                self.perform_at_once(op);
                Ok(Outcome::Done)
            }
        }
    }

    /// What takes no time and has no outcome.
    fn perform_at_once(&mut self, op: &Op) {
        match op {
            Op::Answer if self.call == State::Arrived => {
                self.note("answer");
                self.call = State::Answered;
                self.recordings_begin(Begins::OnAnswer);
            }
            Op::Progress if self.call == State::Arrived && !self.early => {
                self.note("early media");
                self.early = true;
            }
            Op::Limit(limit) => {
                match limit {
                    Some(limit) => self.note(format!("lifetime {}", seconds(*limit))),
                    None if self.limit.is_some() => self.note("no lifetime"),
                    None => {}
                }
                self.limit = limit.map(|limit| self.now.saturating_add(limit));
            }
            Op::Note(note) => self.note_of_surface(note),
            Op::Rate(rating) => self.note(format!("rate {} of {}", rating.rate, rating.max)),
            Op::Part => self.part(),
            Op::Leave => self.leave(),
            Op::Respond(respond) => {
                let phrase = respond.phrase.as_ref().map(|phrase| format!(" {phrase}")).unwrap_or_default();
                self.note(format!("respond {}{phrase}", respond.status));
                self.call = State::Ended;
            }
            Op::Hangup(_) => {
                self.note("hang up");
                self.call = State::Ended;
            }
            _ => {}
        }
    }

    fn play(&mut self, play: &Play) -> Result<(Played, Extent), Interrupted> {
        if play.prompts.is_empty() && play.barge_in.otherwise == TypeAhead::Drop {
            // Nothing is said: what was pressed before is thrown away.
            while let Some(digit) = self.digits.pop() {
                self.note(format!("… {digit} ignored"));
            }
            return Ok((Played::Finished { said: Duration::ZERO }, Extent::default()));
        }
        let lead = self.lead(&play.prompts);
        let lengths = self.lengths(&play.prompts);
        let said = lengths.iter().sum();
        let prompts: Vec<_> = play.prompts.iter().map(|prompt| self.name(prompt)).collect();
        self.note(format!("play {}, {}", prompts.join(", "), manner(play.barge_in)));
        if play.barge_in.otherwise == TypeAhead::Drop {
            self.digits.clear();
        }
        if let Some(early) = self.digits.first().filter(|digit| play.barge_in.by.contains(*digit)) {
            self.note(format!("… barged in by {early}"));
            return Ok((Played::BargedIn(early), Extent::default()));
        }
        let began = self.now.saturating_add(lead);
        let end = began.saturating_add(said);
        loop {
            match self.wait(end, Edge::Outside, Lifetime::Counts)? {
                Waited::Through => return Ok((Played::Finished { said }, Extent::whole(&lengths))),
                Waited::Pressed(digit) if play.barge_in.by.contains(digit) => {
                    self.digits.push(digit);
                    self.note(format!("… barged in by {digit}"));
                    return Ok((Played::BargedIn(digit), self.extent(&lengths, began)));
                }
                Waited::Pressed(digit) => match play.barge_in.otherwise {
                    TypeAhead::Keep => self.digits.push(digit),
                    TypeAhead::Drop => self.note(format!("… {digit} ignored")),
                },
            }
        }
    }

    fn collect(&mut self, collect: &Collect) -> Result<Collected, Interrupted> {
        let waits = match collect.longest {
            // Each digit has all of the time that is left.
            Some(longest) if longest <= collect.first_digit.min(collect.inter_digit) => seconds(longest),
            longest => format!(
                "{} for the first, {} for each further{}",
                seconds(collect.first_digit),
                seconds(collect.inter_digit),
                longest.map(|longest| format!(", {} in all", seconds(longest))).unwrap_or_default()
            ),
        };
        self.note(format!("collect up to {}, {waits}", collect.max_digits));
        let mut collector = Collector::new(collect, self.instant());
        let mut ended = collector.take(self.instant(), &mut self.digits);
        while ended.is_none() {
            let deadline = collector.deadline().saturating_duration_since(self.start);
            ended = match self.wait(deadline, Edge::Inside, Lifetime::Counts)? {
                Waited::Through => collector.timeout(self.instant()),
                Waited::Pressed(digit) => collector.digit(self.instant(), digit),
            };
        }
        let collected = ended.unwrap_or(Collected { digits: String::new(), ended_by: EndedBy::NoInput });
        self.note(described(&collected));
        Ok(collected)
    }

    /// What is pressed at this very moment counts as well.
    fn typed_ahead(&mut self) -> Result<String, Interrupted> {
        while let Waited::Pressed(digit) = self.wait(self.now, Edge::Inside, Lifetime::Counts)? {
            self.digits.push(digit);
        }
        let digits = self.digits.take();
        if !digits.is_empty() {
            self.note(format!("typed ahead: {digits}"));
        }
        Ok(digits)
    }

    /// Whether the caller is answered.
    pub(super) fn is_answered(&self) -> bool {
        self.call == State::Answered
    }

    /// Lets time pass until then, or until the caller does something.
    pub(super) fn wait(&mut self, until: Duration, edge: Edge, lifetime: Lifetime) -> Result<Waited, Interrupted> {
        let counts = |at: &Duration| lifetime == Lifetime::Counts && (*at <= self.now || *at < until);
        let (limit, wanted) = (self.limit.filter(counts), self.wanted.filter(counts));
        if let Some(interrupted) = self.due(limit, wanted) {
            return Err(interrupted);
        }
        if let Some(gone) = self.caller_gone_before(limit.or(wanted).unwrap_or(until)) {
            self.now = self.now.max(gone);
            return Err(self.caller_hangs_up());
        }
        let end = limit.into_iter().chain(wanted).min().unwrap_or(until);
        match self.timeline.last().copied() {
            Some((at, event)) if at < end || (at == end && edge == Edge::Inside) => {
                self.timeline.pop();
                self.now = self.now.max(at);
                match event {
                    Event::Spoke(time) => {
                        self.first_word = self.first_word.or(Some(self.now));
                        self.spoken_until = self.spoken_until.max(self.now.saturating_add(time));
                        self.wait(until, edge, lifetime)
                    }
                    Event::Pressed(digit) => Ok(Waited::Pressed(digit)),
                    Event::HungUp if self.whispered.is_some() => {
                        self.note("… the other hangs up");
                        self.turn_back();
                        Err(Interrupted::PartyGone)
                    }
                    Event::HungUp => Err(self.caller_hangs_up()),
                }
            }
            _ => {
                self.now = self.now.max(end);
                self.due(limit, wanted).map_or(Ok(Waited::Through), Err)
            }
        }
    }

    /// What is due now of a limit and of somebody who wants the caller.
    fn due(&mut self, limit: Option<Duration>, wanted: Option<Duration>) -> Option<Interrupted> {
        if limit.is_some_and(|limit| limit <= self.now) {
            return Some(self.expire());
        }
        wanted.filter(|wanted| *wanted <= self.now).map(|_| {
            self.wanted = None;
            self.note("… somebody wants the caller");
            Interrupted::Wanted
        })
    }

    pub(super) fn caller_hangs_up(&mut self) -> Interrupted {
        self.note("caller hangs up");
        self.call = State::Ended;
        Interrupted::RemoteHangup
    }

    /// The caller will do something.
    pub(super) fn happen(&mut self, at: Duration, event: Event) {
        let place = self.timeline.partition_point(|(known, _)| *known > at);
        self.timeline.insert(place, (at, event));
    }

    /// What was pressed before does not count.
    pub(super) fn forget_digits(&mut self) {
        self.digits.clear();
    }

    /// Keeps a key for the next collect.
    pub(super) fn keep(&mut self, digit: Digit) {
        self.digits.push(digit);
    }

    /// The lifetime is over, once.
    pub(super) fn expire(&mut self) -> Interrupted {
        self.limit = None;
        self.note("… lifetime over");
        Interrupted::LifetimeExpired
    }

    /// Whether the caller does anything more.
    pub(super) fn caller_is_done(&self) -> bool {
        self.timeline.is_empty()
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.transcript.lines.push(Line { at: self.now, text: text.into() });
    }

    /// The script has ended, and the call with it.
    pub(super) fn end(&mut self, ended: Result<Next, Interrupted>) {
        match ended {
            Ok(Next::HandOver(extension)) => self.note(format!("handed over to extension {extension}")),
            Ok(Next::Finished) if self.call != State::Ended => self.note("hang up"),
            Ok(Next::Finished) | Err(_) => {}
        }
        self.call = State::Ended;
        self.timeline.clear();
        self.limit = None;
    }

    /// What happened.
    pub(super) fn transcript(self) -> Transcript {
        self.transcript
    }

    /// An op of a call that is over.
    pub(super) fn perform_after(&mut self, op: &Op) -> Result<Outcome, Interrupted> {
        match op {
            Op::Fetch(fetch) => self.fetch(fetch).map(Outcome::Fetched),
            Op::Note(note) => {
                self.note_of_surface(note);
                Ok(Outcome::Done)
            }
            Op::Tell(_) | Op::Upload(_) | Op::Link(_) => self.perform_told(op),
            Op::Recording(recording @ crate::Recording::Ask(_)) => {
                self.recordings_end();
                Ok(Outcome::Recording(self.recording(recording)))
            }
            _ => Err(Interrupted::LocalHangup),
        }
    }

    pub(super) fn stopped(mut self, why: &str) -> Transcript {
        self.note(format!("stopped: {why}"));
        self.transcript
    }

    pub(super) fn instant(&self) -> Instant {
        self.start + self.now
    }

    /// How long prompts are.
    pub(super) fn lengths(&self, prompts: &[Prompt]) -> Vec<Duration> {
        prompts.iter().map(|prompt| self.length(prompt)).collect()
    }

    /// How much was heard of prompts that are so long and begin then.
    pub(super) fn extent(&self, lengths: &[Duration], began: Duration) -> Extent {
        self.now.checked_sub(began).map_or_else(Extent::default, |heard| Extent::new(lengths, heard))
    }

    fn length(&self, prompt: &Prompt) -> Duration {
        match prompt {
            Prompt::Sound(id) => self.scenario.sounds.get(id).map(|sound| sound.length).unwrap_or_default(),
            Prompt::Text(speech) => self.spoken_length(speech),
            Prompt::System { .. } => self.scenario.system_sounds,
            Prompt::Message(message) => self.message_length(*message),
            Prompt::Web(sound) => self.web_length(sound),
            Prompt::Tone(tone) => (tone.on + tone.off) * tone.times,
            Prompt::Silence(length) => *length,
        }
    }

    pub(super) fn name(&self, prompt: &Prompt) -> String {
        match prompt {
            Prompt::Sound(id) => match self.scenario.sounds.get(id) {
                Some(sound) => sound.name.clone(),
                None => format!("missing sound {id}"),
            },
            Prompt::Text(speech) => format!("\"{}\"", speech.text()),
            // English goes without saying, and a tone speaks no language.
            Prompt::System { name, language } if *language == Language::English || name.starts_with("tone/") => {
                name.to_string()
            }
            Prompt::System { name, language } => format!("{language}/{name}"),
            Prompt::Message(message) => self.message_name(*message),
            Prompt::Web(sound) => sound.url.clone(),
            Prompt::Tone(tone) => {
                let frequencies: Vec<_> = tone.frequencies.iter().map(ToString::to_string).collect();
                let (on, off) = (tone.on.as_millis(), tone.off.as_millis());
                format!("tone {} Hz, {on}/{off} ms, {} times", frequencies.join("+"), tone.times)
            }
            Prompt::Silence(length) => format!("silence {}", seconds(*length)),
        }
    }
}

fn manner(barge_in: BargeIn) -> &'static str {
    match barge_in.by {
        DigitSet::ALL => "background",
        DigitSet::NONE => "foreground",
        _ => "stopped by some keys",
    }
}

fn described(collected: &Collected) -> String {
    let Collected { digits, ended_by } = collected;
    match ended_by {
        EndedBy::NoInput => "… nothing pressed".to_owned(),
        EndedBy::MaxDigits => format!("… collected {digits}, all digits"),
        EndedBy::InterDigitTimeout => format!("… collected {digits}, inter-digit timeout"),
        EndedBy::Terminator(key) if digits.is_empty() => format!("… collected nothing, {key}"),
        EndedBy::Terminator(key) => format!("… collected {digits}, {key}"),
    }
}
