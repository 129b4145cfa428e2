//! What a wait for words and keys means, for the server and for the simulator alike.
//!
//! Shape: [`Listening`] is one [`Listen`], fed with what is heard, and with deadlines that passed.
//! Units: [`Instant`]; waits longer than [`LONGEST_WAIT`] are that long.
//! Time: told. There is at most one deadline at a time.
//! Errors: none. Results beyond [`MAX_RESULTS`] end the wait.
//! Sources: `ringme-ivr.md` 5.1.
//!
//! | what comes         | digits so far | it ends by                                       |
//! |--------------------|---------------|--------------------------------------------------|
//! | a result           | any           | `Wanted`, `Results`, or goes on                  |
//! | a digit            | any           | `Digits` where there are enough of them          |
//! | a terminator       | any           | `Terminator`                                     |
//! | the deadline       | some          | `Digits`                                         |
//! | the deadline       | none          | `NoInput` where nothing was said, else `Longest` |
//!
//! Where a grammar judges keys, the first of them makes it a wait for keys ([`Gatherer`]), which ends by `Gathered`.

use std::time::{Duration, Instant};

use crate::{
    Digit, DigitBuffer, Gatherer, Listen, ListenEnd, ListenFrom, Listened, Recogniser, TypeAhead, Utterance,
    collector::LONGEST_WAIT,
    op::{Extent, Gathered},
};

/// Most results of one wait.
pub const MAX_RESULTS: usize = 100;

/// One wait for words and keys.
#[derive(Clone, Debug)]
pub struct Listening {
    wanted: Listen,
    began: Instant,
    /// When the prompts were over, once they are.
    quiet_since: Option<Instant>,
    /// Whether the caller has said anything.
    has_spoken: bool,
    digits: String,
    last_digit: Option<Instant>,
    results: Vec<Utterance>,
    /// The wait for keys, once one was pressed.
    gatherer: Option<Gatherer>,
    gathered: Option<Gathered>,
}

impl Listening {
    /// Begins to wait. What was pressed before is taken with [`Self::take`]; where there are no prompts, they are over.
    pub fn new(wanted: &Listen, now: Instant) -> Self {
        Self {
            quiet_since: wanted.prompts.is_empty().then_some(now),
            wanted: wanted.clone(),
            began: now,
            has_spoken: false,
            digits: String::new(),
            last_digit: None,
            results: Vec::new(),
            gatherer: None,
            gathered: None,
        }
    }

    /// Takes digits from the type-ahead, as [`crate::Collector::take`] does.
    pub fn take(&mut self, now: Instant, buffer: &mut DigitBuffer) -> Option<ListenEnd> {
        if self.wanted.type_ahead == TypeAhead::Drop {
            buffer.clear();
        }
        while let Some(digit) = buffer.pop() {
            if let Some(end) = self.digit(now, digit) {
                return Some(end);
            }
        }
        None
    }

    /// Whether this key counts, so that it stops the prompts.
    pub fn counts(&self, digit: Digit) -> bool {
        self.wanted.keys.is_some() || self.wanted.max_digits > 0 || self.wanted.terminators.contains(digit)
    }

    /// A key was pressed. What is returned ends the wait.
    pub fn digit(&mut self, now: Instant, digit: Digit) -> Option<ListenEnd> {
        if let Some(keys) = &self.wanted.keys {
            let gatherer = self.gatherer.get_or_insert_with(|| Gatherer::new(keys, now));
            self.gathered = gatherer.key(now, digit);
            return self.gathered.as_ref().map(|_| ListenEnd::Gathered);
        }
        if self.wanted.terminators.contains(digit) {
            return Some(ListenEnd::Terminator(digit));
        }
        if self.wanted.max_digits == 0 {
            return None;
        }
        self.digits.push(digit.as_char());
        self.last_digit = Some(now);
        (self.digits.len() >= self.wanted.max_digits).then_some(ListenEnd::Digits)
    }

    /// The prompts are over, or were stopped.
    pub fn prompts_ended(&mut self, now: Instant) {
        self.quiet_since.get_or_insert(now);
    }

    /// The caller began to speak.
    pub fn spoke(&mut self) {
        self.has_spoken = true;
    }

    /// What the caller said. What is returned ends the wait.
    pub fn result(&mut self, said: Utterance) -> Option<ListenEnd> {
        self.has_spoken = true;
        let is_wanted = self.wanted.wanted.iter().any(|pattern| pattern.is_match(&said.text));
        self.results.push(said);
        if is_wanted {
            return Some(ListenEnd::Wanted);
        }
        let most = self.wanted.max_results.unwrap_or(MAX_RESULTS).clamp(1, MAX_RESULTS);
        (self.results.len() >= most).then_some(ListenEnd::Results)
    }

    /// When [`Self::timeout`] is due; `None` while its time has not begun.
    pub fn deadline(&self) -> Option<Instant> {
        if let Some(gatherer) = &self.gatherer {
            return Some(gatherer.deadline());
        }
        let from = match self.wanted.from {
            ListenFrom::Start => Some(self.began),
            ListenFrom::PromptsEnd => self.quiet_since,
        };
        let end = from.map(|from| from + self.wanted.longest.min(LONGEST_WAIT));
        let earlier = |instant: Instant| Some(end.map_or(instant, |end| end.min(instant)));
        match (self.last_digit, from) {
            (Some(last), _) => earlier(last + self.wanted.inter_digit.min(LONGEST_WAIT)),
            (None, Some(from)) if !self.has_spoken => earlier(from + self.wanted.no_input.min(LONGEST_WAIT)),
            (None, _) => end,
        }
    }

    /// Time has passed. What is returned ends the wait; `None` when the deadline is still ahead.
    pub fn timeout(&mut self, now: Instant) -> Option<ListenEnd> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        if let Some(gatherer) = &mut self.gatherer {
            self.gathered = gatherer.timeout(now);
            return self.gathered.as_ref().map(|_| ListenEnd::Gathered);
        }
        Some(match (self.digits.is_empty(), self.has_spoken) {
            (false, _) => ListenEnd::Digits,
            (true, true) => ListenEnd::Longest,
            (true, false) => ListenEnd::NoInput,
        })
    }

    /// Whether digits were pressed.
    pub fn has_digits(&self) -> bool {
        !self.digits.is_empty() || self.gatherer.is_some()
    }

    /// How long a silence ends what is said.
    pub fn end_silence(&self) -> Duration {
        self.wanted.end_silence
    }

    /// The wait is over.
    pub fn ended(self, ended_by: ListenEnd, guess: Option<String>, recogniser: Recogniser, extent: Extent) -> Listened {
        let Self { results, digits, gathered, .. } = self;
        Listened { extent, results, guess, digits, gathered, ended_by, recogniser }
    }
}

#[cfg(test)]
mod tests;
