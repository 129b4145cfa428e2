//! `<SimpleTransfer final="no" timeout="20">101,102</SimpleTransfer>`: numbers are rung directly, without their own incoming rules, and
//! the first that answers has the call. Ucom only.
//!
//! Shape: numbers separated by commas, as the text or in the attribute `number` or `dst`; `timeout`, the ring time of the settings where it is
//! missing or no such number; `final`, which only `no` makes not final.
//! Units: seconds.
//! Errors: without a number it is passed over.
//! Sources: `ringme-ivr.md` 4.4, row A17.

use std::{fmt, time::Duration};

use super::Reading;

/// Most numbers of one transfer.
const MOST: usize = 100;
/// Most bytes of one number.
const MAX_NUMBER: usize = 128;
/// The longest ringing, in seconds: a day.
const LONGEST: u64 = 86_400;

/// Rings numbers directly.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct SimpleTransfer {
    /// Whom, at least one.
    pub numbers: Vec<String>,
    /// How long; as a rule rings that does not say it where there is nothing.
    pub ring_time: Option<Duration>,
    /// What follows where nobody answers.
    pub finality: Finality,
}

/// What follows a transfer that nobody answers.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Finality {
    /// The end of the menu.
    Final,
    /// The next verb.
    NotFinal,
}

impl SimpleTransfer {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        let text = reading.element.text.as_str();
        let named = ["number", "dst"].into_iter().find_map(|name| reading.attribute(name));
        let written = if text.is_empty() { named.unwrap_or_default() } else { text };
        let fits = |number: &&str| number.len() <= MAX_NUMBER && !number.contains(char::is_control);
        let all = written.split(|c: char| c == ',' || c.is_whitespace()).filter(|number| !number.is_empty());
        let count = all.clone().count();
        let numbers: Vec<_> = all.filter(fits).take(MOST).map(str::to_owned).collect();
        if numbers.is_empty() {
            reading.problem("has no number; it is passed over");
            return None;
        }
        if numbers.len() < count {
            reading.problem(format!("has {count} numbers; {} of them are rung", numbers.len()));
        }
        let ring_time = reading.number_or_none("timeout", 1..=LONGEST).map(Duration::from_secs);
        let not_final = reading.attribute("final").is_some_and(|written| written.eq_ignore_ascii_case("no"));
        let finality = if not_final { Finality::NotFinal } else { Finality::Final };
        Some(Self { numbers, ring_time, finality })
    }
}

impl fmt::Display for SimpleTransfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimpleTransfer {}", self.numbers.join(","))
    }
}
