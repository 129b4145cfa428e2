//! Gathering keys for a grammar, for the server and for the simulator alike.
//!
//! Shape: [`Gatherer`] is one [`Gather`], fed with keys and with deadlines that passed.
//! Units: [`Instant`]; waits longer than [`LONGEST_WAIT`] are that long.
//! Time: told. At any time there is one deadline.
//! Errors: none. Keys that nothing matches are taken on until a terminator or a timeout, so that they do not reach the next gather.
//! Sources: VoiceXML 2.0 Appendix D; `voicexml-customizers.md` 3.6.
//!
//! | keys so far | a key                        | the terminator | the deadline  |
//! |-------------|------------------------------|----------------|---------------|
//! | none        | judged                       | no match       | no input      |
//! | partial     | judged                       | no match       | no match      |
//! | can end     | judged                       | match          | match         |
//! | must end    | one too many: dead           | match          | match         |
//! | dead        | dead                         | no match       | no match      |
//!
//! The grammar has the first say: a terminator that it can use is a key. Keys that must end do so at once, unless there is a terminator
//! and time to press it.

use std::time::{Duration, Instant};

use crate::{
    Digit, DigitBuffer, TypeAhead,
    collector::LONGEST_WAIT,
    op::{Gather, GatherEnd, Gathered, KeyState, MAX_KEYS},
};

/// One wait for keys.
#[derive(Clone, Debug)]
pub struct Gatherer {
    wanted: Gather,
    keys: String,
    state: KeyState,
    deadline: Instant,
}

impl Gatherer {
    /// Begins to wait. What was pressed before is taken with [`Self::take`].
    pub fn new(wanted: &Gather, now: Instant) -> Self {
        Self {
            state: wanted.matcher.judge(""),
            deadline: now + wanted.first_key.min(LONGEST_WAIT),
            keys: String::new(),
            wanted: wanted.clone(),
        }
    }

    /// Takes keys from the type-ahead until the wait is over or the type-ahead empty; those behind stay there.
    /// With [`TypeAhead::Drop`] the type-ahead is emptied instead.
    pub fn take(&mut self, now: Instant, buffer: &mut DigitBuffer) -> Option<Gathered> {
        if self.wanted.type_ahead == TypeAhead::Drop {
            buffer.clear();
        }
        while let Some(key) = buffer.pop() {
            if let Some(gathered) = self.key(now, key) {
                return Some(gathered);
            }
        }
        None
    }

    /// A key was pressed. What is returned ends the wait.
    pub fn key(&mut self, now: Instant, key: Digit) -> Option<Gathered> {
        let is_terminator = self.wanted.terminator == Some(key);
        if self.state == KeyState::Dead {
            if is_terminator {
                return Some(self.ended(GatherEnd::NoMatch, Some(key)));
            }
            self.wait(now, self.wanted.inter_key);
            return None;
        }
        let next = match self.keys.len() < MAX_KEYS {
            true => self.wanted.matcher.judge(&format!("{}{key}", self.keys)),
            false => KeyState::Dead,
        };
        if is_terminator && next == KeyState::Dead {
            return Some(self.ended(self.outcome(), Some(key)));
        }
        self.keys.push(key.as_char());
        self.state = next;
        match next {
            KeyState::MustEnd if self.wanted.terminator.is_none() || self.wanted.last_key.is_zero() => {
                return Some(self.ended(GatherEnd::Match, None));
            }
            KeyState::MustEnd => self.wait(now, self.wanted.last_key),
            KeyState::Dead | KeyState::Partial | KeyState::CanEnd => self.wait(now, self.wanted.inter_key),
        }
        None
    }

    /// When [`Self::timeout`] is due.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Time has passed. What is returned ends the wait; `None` when the deadline is still ahead.
    pub fn timeout(&mut self, now: Instant) -> Option<Gathered> {
        if now < self.deadline {
            return None;
        }
        let end = if self.keys.is_empty() { GatherEnd::NoInput } else { self.outcome() };
        Some(self.ended(end, None))
    }

    fn outcome(&self) -> GatherEnd {
        match self.state {
            KeyState::CanEnd | KeyState::MustEnd => GatherEnd::Match,
            KeyState::Dead | KeyState::Partial => GatherEnd::NoMatch,
        }
    }

    fn wait(&mut self, now: Instant, time: Duration) {
        self.deadline = now + time.min(LONGEST_WAIT);
    }

    fn ended(&mut self, end: GatherEnd, terminator: Option<Digit>) -> Gathered {
        let keys = std::mem::take(&mut self.keys).chars().take(MAX_KEYS).collect();
        Gathered { keys, end, terminator }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::op::{KeyJudge, KeyMatcher};

    /// Any of these, each whole.
    struct Words(&'static [&'static str]);

    impl KeyJudge for Words {
        fn judge(&self, keys: &str) -> KeyState {
            let longer = self.0.iter().any(|word| word.len() > keys.len() && word.starts_with(keys));
            match (self.0.contains(&keys), longer) {
                (true, true) => KeyState::CanEnd,
                (true, false) => KeyState::MustEnd,
                (false, true) => KeyState::Partial,
                (false, false) => KeyState::Dead,
            }
        }
    }

    /// 5 s for the first key, 3 s for each further one, 2 s for the terminator `#` where `last` says so.
    fn gather(words: &'static [&'static str], last: u64, terminator: &str) -> Gather {
        Gather {
            type_ahead: TypeAhead::Keep,
            matcher: KeyMatcher::new(Arc::new(Words(words)), "words"),
            first_key: Duration::from_secs(5),
            inter_key: Duration::from_secs(3),
            last_key: Duration::from_secs(last),
            terminator: terminator.chars().next().and_then(Digit::from_char),
        }
    }

    /// Keys pressed at tenths of a second; `12 match 40` says what came of it and when.
    #[track_caller]
    fn check(wanted: &Gather, early: &str, pressed: &[(u64, char)], expected: &str) {
        #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
        let start = Instant::now();
        let at = |tenths: u64| start + Duration::from_millis(tenths * 100);
        let mut gatherer = Gatherer::new(wanted, start);
        let mut buffer = DigitBuffer::default();
        early.chars().filter_map(Digit::from_char).for_each(|key| buffer.push(key));
        let mut ended = gatherer.take(start, &mut buffer).map(|gathered| (0, gathered));
        for (tenths, key) in pressed {
            if ended.is_none() && at(*tenths) <= gatherer.deadline() {
                let key = Digit::from_char(*key).expect("a key");
                ended = gatherer.key(at(*tenths), key).map(|gathered| (*tenths, gathered));
            }
        }
        let (tenths, gathered) = ended.unwrap_or_else(|| {
            let deadline = gatherer.deadline();
            assert_eq!(gatherer.timeout(deadline - Duration::from_millis(1)), None, "too early");
            let tenths = (deadline - start).as_millis() / 100;
            (tenths as u64, gatherer.timeout(deadline).expect("the deadline has passed"))
        });
        let end = match gathered.end {
            GatherEnd::Match => "match",
            GatherEnd::NoMatch => "no match",
            GatherEnd::NoInput => "no input",
        };
        let terminator = gathered.terminator.map(|key| format!(" {key}")).unwrap_or_default();
        assert_eq!(format!("{} {end}{terminator} {tenths}", gathered.keys), expected);
    }

    #[test]
    fn keys_end_as_the_table_says() {
        let words = &["12", "123", "9"];
        check(&gather(words, 0, "#"), "", &[], " no input 50");
        check(&gather(words, 0, "#"), "", &[(10, '1')], "1 no match 40");
        check(&gather(words, 0, "#"), "", &[(10, '1'), (20, '#')], "1 no match # 20");
        check(&gather(words, 0, "#"), "", &[(10, '#')], " no match # 10");
        check(&gather(words, 0, "#"), "", &[(10, '1'), (20, '2')], "12 match 50");
        check(&gather(words, 0, "#"), "", &[(10, '1'), (20, '2'), (30, '#')], "12 match # 30");
        check(&gather(words, 0, "#"), "", &[(10, '1'), (20, '2'), (30, '3')], "123 match 30");
        check(&gather(words, 2, "#"), "", &[(10, '9')], "9 match 30");
        check(&gather(words, 2, "#"), "", &[(10, '9'), (20, '#')], "9 match # 20");
        check(&gather(words, 2, "#"), "", &[(10, '9'), (20, '1')], "91 no match 50");
        check(&gather(words, 2, ""), "", &[(10, '9')], "9 match 10");
        check(&gather(words, 0, "#"), "", &[(10, '5'), (35, '6')], "5 no match 65");
        check(&gather(words, 0, "#"), "", &[(10, '5'), (20, '6'), (30, '#')], "5 no match # 30");
    }

    #[test]
    fn a_grammar_may_use_the_terminator_and_keys_pressed_early_count() {
        check(&gather(&["#", "1#"], 0, "#"), "", &[(10, '#')], "# match 10");
        check(&gather(&["1", "1#"], 0, "#"), "1#", &[], "1# match 0");
        let dropping = Gather { type_ahead: TypeAhead::Drop, ..gather(&["1"], 0, "#") };
        check(&dropping, "1", &[], " no input 50");
    }
}
