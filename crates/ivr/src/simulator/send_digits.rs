//! Digits that a script sends in a simulation: they take their time, and the caller's keys are kept.
//!
//! Time: virtual.
//! Errors: [`Interrupted`], as on a real call.

use super::{
    transcript::seconds,
    world::{Edge, Lifetime, Waited, World},
};
use crate::{DigitStep, Interrupted, SendDigits, Sent};

impl World<'_> {
    pub(super) fn send_digits(&mut self, digits: &SendDigits) -> Result<Sent, Interrupted> {
        let said = digits.steps.iter().map(|step| match step {
            DigitStep::Press(digit, _) => digit.to_string(),
            DigitStep::Pause(length) => format!("({})", seconds(*length)),
        });
        self.note(format!("send digits {}", said.collect::<String>()));
        let end = self.now.saturating_add(digits.duration());
        while let Waited::Pressed(digit) = self.wait(end, Edge::Outside, Lifetime::Counts)? {
            self.keep(digit);
        }
        Ok(Sent::All)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::{Event, Scenario};
    use super::*;
    use crate::{Collect, Digit, DigitSet, Op, Outcome, TypeAhead, send_digits::HELD};

    #[test]
    #[expect(clippy::disallowed_methods, reason = "some instant to count from")]
    fn digits_take_their_time_and_keys_that_come_meanwhile_are_collected_next() {
        let seven = Digit::from_char('7').unwrap();
        let timeline = vec![(Duration::from_millis(300), Event::Pressed(seven))];
        let scenario = Scenario { timeline, ..Scenario::default() };
        let mut world = World::new(&scenario, Instant::now());
        let digits = SendDigits::parse("1w#", HELD).unwrap();
        assert_eq!(world.perform(&Op::SendDigits(digits)), Ok(Outcome::Sent(Sent::All)));
        assert_eq!(world.now, Duration::from_millis(900));
        let collect = Collect {
            type_ahead: TypeAhead::Keep,
            max_digits: 1,
            terminators: DigitSet::NONE,
            first_digit: Duration::from_secs(1),
            inter_digit: Duration::from_secs(1),
            longest: None,
        };
        let Ok(Outcome::Collected(collected)) = world.perform(&Op::Collect(collect)) else { panic!("it collects") };
        assert_eq!(collected.digits, "7");
        let transcript = world.stopped("the test is over").to_string();
        assert!(transcript.contains("0.0  send digits 1(0.5 s)#"), "{transcript}");
    }
}
