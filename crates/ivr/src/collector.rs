//! Collecting digits, with the type-ahead before it.
//!
//! Shape: [`DigitBuffer`] keeps digits that nothing has asked for yet; [`Collector`] is one [`Collect`], fed with digits and with
//! deadlines that passed.
//! Units: [`Instant`]; waits longer than [`LONGEST_WAIT`] are that long.
//! Time: told. At any time there is one deadline: the first digit's, and then each further digit's anew, none of them later than the
//! end of the longest time that the whole collect may take.
//! Errors: none; a full buffer drops the newest digit.
//! Sources: `ringme-ivr.md` 3.3 (first digit), 3.4 (further digits, terminator).
//!
//! | digits so far | a digit                   | a terminator            | the deadline      |
//! |---------------|---------------------------|-------------------------|-------------------|
//! | none          | kept, next deadline       | ends, without it        | `NoInput`         |
//! | some          | kept, next deadline       | ends, without it        | `InterDigitTimeout` |
//! | last one      | ends, `MaxDigits`         |                         |                   |

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::{Collect, Collected, Digit, EndedBy, TypeAhead};

/// The longest wait for one digit: a day.
pub const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// Digits pressed and not yet asked for, oldest first.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct DigitBuffer(VecDeque<Digit>);

impl DigitBuffer {
    /// Most digits that wait; the newest is dropped beyond it.
    pub const CAPACITY: usize = 32;

    /// Keeps a digit, unless the buffer is full.
    pub fn push(&mut self, digit: Digit) {
        if self.0.len() < Self::CAPACITY {
            self.0.push_back(digit);
        }
    }

    /// The oldest digit, which stays.
    pub fn first(&self) -> Option<Digit> {
        self.0.front().copied()
    }

    /// Takes the oldest digit.
    pub fn pop(&mut self) -> Option<Digit> {
        self.0.pop_front()
    }

    /// Takes all digits.
    pub fn take(&mut self) -> String {
        self.0.drain(..).map(Digit::as_char).collect()
    }

    /// Throws all digits away.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether no digit waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One wait for digits.
#[derive(Clone, Debug)]
pub struct Collector {
    wanted: Collect,
    digits: String,
    deadline: Instant,
    /// When the whole collect has to end.
    end: Option<Instant>,
}

impl Collector {
    /// Begins to wait. What was pressed before is taken with [`Self::take`].
    pub fn new(wanted: &Collect, now: Instant) -> Self {
        let end = wanted.longest.map(|longest| now + longest.min(LONGEST_WAIT));
        let mut collector = Self { digits: String::new(), deadline: now, end, wanted: wanted.clone() };
        collector.wait(now, wanted.first_digit);
        collector
    }

    fn wait(&mut self, now: Instant, time: Duration) {
        let deadline = now + time.min(LONGEST_WAIT);
        self.deadline = self.end.map_or(deadline, |end| end.min(deadline));
    }

    /// Takes digits from the type-ahead until the collect is done or the type-ahead empty; those behind stay there.
    /// With [`TypeAhead::Drop`] the type-ahead is emptied instead.
    pub fn take(&mut self, now: Instant, buffer: &mut DigitBuffer) -> Option<Collected> {
        if self.wanted.type_ahead == TypeAhead::Drop {
            buffer.clear();
        }
        while let Some(digit) = buffer.pop() {
            if let Some(collected) = self.digit(now, digit) {
                return Some(collected);
            }
        }
        None
    }

    /// A digit was pressed. What is returned ends the collect.
    pub fn digit(&mut self, now: Instant, digit: Digit) -> Option<Collected> {
        if self.wanted.terminators.contains(digit) {
            return Some(self.ended(EndedBy::Terminator(digit)));
        }
        self.digits.push(digit.as_char());
        self.wait(now, self.wanted.inter_digit);
        (self.digits.len() >= self.wanted.max_digits).then(|| self.ended(EndedBy::MaxDigits))
    }

    /// When [`Self::timeout`] is due.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Time has passed. What is returned ends the collect; `None` when the deadline is still ahead.
    pub fn timeout(&mut self, now: Instant) -> Option<Collected> {
        if now < self.deadline {
            return None;
        }
        let ended_by = if self.digits.is_empty() { EndedBy::NoInput } else { EndedBy::InterDigitTimeout };
        Some(self.ended(ended_by))
    }

    fn ended(&mut self, ended_by: EndedBy) -> Collected {
        Collected { digits: std::mem::take(&mut self.digits), ended_by }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Up to 3 digits, 5 s for the first, 2 s for each further one, `#` ends.
    fn collect() -> Collect {
        Collect {
            type_ahead: TypeAhead::Keep,
            max_digits: 3,
            terminators: key('#').into_iter().collect(),
            first_digit: Duration::from_secs(5),
            inter_digit: Duration::from_secs(2),
            longest: None,
        }
    }

    fn key(key: char) -> Option<Digit> {
        Digit::from_char(key)
    }

    fn buffer(keys: &str) -> DigitBuffer {
        let mut buffer = DigitBuffer::default();
        keys.chars().filter_map(key).for_each(|digit| buffer.push(digit));
        buffer
    }

    /// Waits, with keys in the type-ahead and keys pressed at tenths of a second; tells when and how it ended.
    #[track_caller]
    fn check(collect: &Collect, early: &str, pressed: &[(u64, char)], end: u64, digits: &str, ended_by: EndedBy) {
        #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
        let start = Instant::now();
        let at = |tenths: u64| start + Duration::from_millis(tenths * 100);
        let mut collector = Collector::new(collect, start);
        let mut ended = collector.take(start, &mut buffer(early)).map(|collected| (start, collected));
        for (tenths, pressed) in pressed {
            if ended.is_none() && at(*tenths) <= collector.deadline() {
                let collected = collector.digit(at(*tenths), key(*pressed).expect("a key"));
                ended = collected.map(|collected| (at(*tenths), collected));
            }
        }
        let ended = ended.unwrap_or_else(|| {
            let deadline = collector.deadline();
            assert_eq!(collector.timeout(deadline - Duration::from_millis(1)), None, "too early");
            (deadline, collector.timeout(deadline).expect("the deadline has passed"))
        });
        assert_eq!(ended, (at(end), Collected { digits: digits.to_owned(), ended_by }));
    }

    #[test]
    fn a_collect_ends_at_count_terminator_or_timeout() {
        let hash = EndedBy::Terminator(key('#').expect("a key"));
        check(&collect(), "", &[], 50, "", EndedBy::NoInput);
        check(&collect(), "", &[(49, '1')], 69, "1", EndedBy::InterDigitTimeout);
        check(&collect(), "", &[(50, '1')], 70, "1", EndedBy::InterDigitTimeout);
        check(&collect(), "", &[(51, '1')], 50, "", EndedBy::NoInput);
        check(&collect(), "", &[(1, '1'), (21, '2'), (41, '3')], 41, "123", EndedBy::MaxDigits);
        check(&collect(), "", &[(1, '1'), (22, '2')], 21, "1", EndedBy::InterDigitTimeout);
        check(&collect(), "", &[(1, '1'), (2, '#')], 2, "1", hash);
        check(&collect(), "", &[(1, '#')], 1, "", hash);
        check(&collect(), "", &[(1, '*'), (2, 'A')], 22, "*A", EndedBy::InterDigitTimeout);
        let literal = Collect { terminators: crate::DigitSet::NONE, ..collect() };
        check(&literal, "", &[(1, '#'), (2, '#')], 22, "##", EndedBy::InterDigitTimeout);
    }

    #[test]
    fn the_whole_collect_has_an_end_of_its_own() {
        let longest = Some(Duration::from_secs(3));
        check(&Collect { longest, ..collect() }, "", &[], 30, "", EndedBy::NoInput);
        let bounded = Collect { longest, first_digit: Duration::MAX, inter_digit: Duration::MAX, ..collect() };
        check(&bounded, "", &[(29, '1')], 30, "1", EndedBy::InterDigitTimeout);
        check(&bounded, "", &[(10, '1'), (20, '2'), (30, '3')], 30, "123", EndedBy::MaxDigits);
    }

    #[test]
    fn digits_pressed_early_come_first() {
        check(&collect(), "1", &[], 20, "1", EndedBy::InterDigitTimeout);
        check(&collect(), "12", &[(3, '3')], 3, "123", EndedBy::MaxDigits);
        check(&collect(), "1234", &[], 0, "123", EndedBy::MaxDigits);
        let dropping = Collect { type_ahead: TypeAhead::Drop, ..collect() };
        check(&dropping, "12", &[], 50, "", EndedBy::NoInput);
    }

    #[test]
    fn what_a_collect_does_not_need_stays_in_the_type_ahead() {
        #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
        let now = Instant::now();
        let mut early = buffer("12345");
        Collector::new(&collect(), now).take(now, &mut early).expect("three digits are there");
        assert_eq!(early, buffer("45"));
    }

    #[test]
    fn a_full_type_ahead_drops_the_newest() {
        let mut full = buffer(&"1".repeat(DigitBuffer::CAPACITY));
        full.push(key('2').expect("a key"));
        assert_eq!(full, buffer(&"1".repeat(DigitBuffer::CAPACITY)));
    }

    #[test]
    fn endless_waits_do_not_overflow() {
        let endless = Collect { first_digit: Duration::MAX, inter_digit: Duration::MAX, ..collect() };
        check(&endless, "", &[(1, '1')], 864_001, "1", EndedBy::InterDigitTimeout);
    }
}
