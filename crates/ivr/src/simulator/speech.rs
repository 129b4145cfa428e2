//! Speech in a simulation: the scenario knows how long a text takes, and what the caller says when.
//!
//! Time: virtual; a text is rendered from when it is asked for first. What the caller says is understood at its end.
//! Errors: [`Interrupted`], as on a real call. What the caller began to say before a wait is not heard in it.

use std::time::Duration;

use super::{
    transcript::seconds,
    world::{Edge, Lifetime, Waited, World},
};
use crate::{
    Interrupted, Listen, ListenEnd, Listened, Listening, Prompt, Recogniser, Render, RenderError, Rendered,
    SPEECH_PATIENCE, Speech, Utterance, op::Extent,
};

/// How long a text takes of which the scenario says nothing; it is rendered at once.
const UNLISTED: Text = Text { after: Duration::ZERO, length: Some(Duration::from_secs(1)) };

/// What comes of having a text rendered.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Text {
    /// How long that takes.
    pub after: Duration,
    /// How long it takes to say it; `None` where it cannot be rendered.
    pub length: Option<Duration>,
}

/// Something that the caller says.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Saying {
    /// When it begins.
    pub at: Duration,
    /// How long it takes.
    pub time: Duration,
    /// The words.
    pub words: String,
}

/// The prompts over which the caller is listened to.
struct Over {
    lengths: Vec<Duration>,
    began: Duration,
    /// When they end by themselves, until they have ended.
    ends: Option<Duration>,
    extent: Extent,
}

impl Over {
    fn new(lengths: Vec<Duration>, began: Duration) -> Self {
        let ends = lengths.iter().fold(began, |end, length| end.saturating_add(*length));
        Self { lengths, began, ends: Some(ends), extent: Extent::default() }
    }
}

impl World<'_> {
    pub(super) fn render(&mut self, render: &Render) -> Result<Rendered, Interrupted> {
        let ready = self.ready_at(&render.speech);
        let until = ready.min(self.now.saturating_add(render.patience));
        while self.now < until {
            if let Waited::Pressed(digit) = self.wait(until, Edge::Outside, Lifetime::Counts)? {
                self.keep(digit);
            }
        }
        Ok(match self.text(&render.speech).length {
            _ if self.now < ready => {
                if !render.patience.is_zero() {
                    self.note("… not rendered in time");
                }
                Rendered::Pending
            }
            Some(length) => Rendered::Ready { length },
            None => {
                self.note("… cannot be rendered");
                Rendered::Failed(RenderError::Failed)
            }
        })
    }

    pub(super) fn listen(&mut self, listen: &Listen) -> Result<Listened, Interrupted> {
        self.note(self.announced_listen(listen));
        let mut listening = Listening::new(listen, self.instant());
        let mut ended = listening.take(self.instant(), &mut self.digits);
        let lead = self.lead(&listen.prompts);
        // Whoever has pressed a key before wants to hear none of them.
        let is_heard = !listen.prompts.is_empty() && !listening.has_digits();
        let mut over = Over::new(self.lengths(&listen.prompts), self.now.saturating_add(lead));
        over.ends = over.ends.filter(|_| is_heard);
        if !is_heard {
            listening.prompts_ended(self.instant());
        }
        let began = self.now;
        let sayings: Vec<_> = self.scenario.said.iter().filter(|saying| saying.at >= began).cloned().collect();
        let mut coming = sayings.iter().peekable();
        let mut saying: Option<&Saying> = None;
        while ended.is_none() {
            let due = listening.deadline().map(|deadline| deadline.saturating_duration_since(self.start));
            let word = saying.map(|saying| saying.at + saying.time);
            let next = coming.peek().map(|saying| saying.at);
            let until = [due, over.ends, word, next].into_iter().flatten().min().unwrap_or(self.now);
            if let Waited::Pressed(digit) = self.wait(until, Edge::Inside, Lifetime::Counts)? {
                if listening.counts(digit) {
                    self.silence(&mut listening, &mut over);
                } else {
                    self.note(format!("… {digit} ignored"));
                }
                ended = listening.digit(self.instant(), digit);
            } else if word == Some(until) {
                ended =
                    saying.take().and_then(|saying| self.understood(saying)).and_then(|said| listening.result(said));
            } else if next == Some(until) {
                saying = coming.next();
                listening.spoke();
                self.silence(&mut listening, &mut over);
            } else if over.ends == Some(until) {
                self.end_prompts(&mut over);
                listening.prompts_ended(self.instant());
            } else {
                ended = listening.timeout(self.instant());
            }
        }
        self.end_prompts(&mut over);
        let saying = saying.filter(|_| !listening.has_digits());
        let guess = saying.and_then(|saying| self.understood(saying)).map(|said| said.text);
        let ended_by = ended.unwrap_or(ListenEnd::Longest);
        let listened = listening.ended(ended_by, guess, self.scenario.recogniser, over.extent);
        self.note(described(&listened));
        Ok(listened)
    }

    /// How long it takes until prompts can begin, because of texts among them.
    pub(super) fn lead(&mut self, prompts: &[Prompt]) -> Duration {
        let texts =
            prompts.iter().filter_map(|prompt| if let Prompt::Text(speech) = prompt { Some(speech) } else { None });
        let ready = texts.map(|speech| self.ready_at(speech)).max().unwrap_or_default();
        ready.saturating_sub(self.now).min(SPEECH_PATIENCE)
    }

    /// How long a text takes to be said.
    pub(super) fn spoken_length(&self, speech: &Speech) -> Duration {
        let is_late =
            self.rendered.get(speech.text()).is_none_or(|ready| *ready > self.now.saturating_add(SPEECH_PATIENCE));
        self.text(speech).length.filter(|_| !is_late).unwrap_or_default()
    }

    fn text(&self, speech: &Speech) -> Text {
        self.scenario.texts.get(speech.text()).copied().unwrap_or(UNLISTED)
    }

    /// When a text is ready, or is known to fail.
    fn ready_at(&mut self, speech: &Speech) -> Duration {
        if let Some(ready) = self.rendered.get(speech.text()) {
            return *ready;
        }
        self.note(format!("render \"{}\"", speech.text()));
        let ready = self.now.saturating_add(self.text(speech).after);
        self.rendered.insert(speech.text().to_owned(), ready);
        ready
    }

    fn understood(&mut self, saying: &Saying) -> Option<Utterance> {
        let text = saying.words.clone();
        (self.scenario.recogniser == Recogniser::Worked).then(|| {
            self.note(format!("… heard \"{text}\""));
            Utterance { text, confidence: None }
        })
    }

    /// Stops the prompts, where they still play.
    fn silence(&mut self, listening: &mut Listening, over: &mut Over) {
        if self.end_prompts(over) {
            self.note("… the prompt stops");
        }
        listening.prompts_ended(self.instant());
    }

    /// The prompts are over or stopped; says whether they were playing.
    fn end_prompts(&self, over: &mut Over) -> bool {
        let ended = over.ends.take().is_some();
        if ended {
            over.extent = self.extent(&over.lengths, over.began);
        }
        ended
    }

    fn announced_listen(&self, listen: &Listen) -> String {
        let prompts: Vec<_> = listen.prompts.iter().map(|prompt| self.name(prompt)).collect();
        let over = if prompts.is_empty() { String::new() } else { format!(" over {}", prompts.join(", ")) };
        let digits = match listen.max_digits {
            _ if listen.keys.is_some() => ", or keys".to_owned(),
            0 => String::new(),
            1 => ", or 1 digit".to_owned(),
            digits => format!(", or {digits} digits"),
        };
        format!("listen{over} for {}{digits}", seconds(listen.longest))
    }
}

fn described(listened: &Listened) -> String {
    let digits = &listened.digits;
    match listened.ended_by {
        ListenEnd::Wanted => "… that is one of the words".to_owned(),
        ListenEnd::Results => "… heard enough".to_owned(),
        ListenEnd::Gathered => listened.gathered.as_ref().map(super::gather::described).unwrap_or_default(),
        ListenEnd::Digits => format!("… collected {digits}"),
        ListenEnd::Terminator(key) if digits.is_empty() => format!("… ended by {key}"),
        ListenEnd::Terminator(key) => format!("… collected {digits}, {key}"),
        ListenEnd::NoInput => "… nothing said or pressed".to_owned(),
        ListenEnd::Longest => "… listened for long enough".to_owned(),
    }
}
