//! `record_digits`: take digits into a variable.
//!
//! Shape: `record_digits_variable` and `record_digits_max` (both required), `record_digits_sound` and `record_digits_timeout`. A key
//! ends the sound and is the first of the digits; the digits are over at the most of them, at `#`, or when the time is.
//! Units: `record_digits_timeout` in seconds on the wire, from the end of the sound on; 0 or unset is [`TIMEOUT`].
//! Errors: where nothing was entered the variable is unset, so that what needs it is not performed. A sound that is gone takes no time.
//! Sources: `ringme-ivr.md` 3.5, 3.8.

use std::time::Duration;

use super::{Check, Flow, Run};
use crate::{BargeIn, Collect, Digit, Interrupted, Prompt, SoundId, TypeAhead};

/// How long digits are taken where the rule does not say.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Takes digits into a variable.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct RecordDigits {
    /// The variable.
    pub variable: String,
    /// Most digits, at least 1.
    pub max: usize,
    /// What is said before.
    pub sound: Option<SoundId>,
    /// How long digits are taken.
    pub timeout: Duration,
}

impl RecordDigits {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let variable = check.filled("record_digits_variable", |rule| &rule.record_digits_variable);
        if let Some(variable) = &variable {
            check.variable_name("record_digits_variable", variable);
        }
        let max = check.required("record_digits_max", |rule| &rule.record_digits_max);
        let max = max.and_then(|max| usize::try_from(max).ok());
        if max == Some(0) {
            check.refuse("record_digits_max", "must be at least 1");
        }
        let sound = check.rule.record_digits_sound;
        if sound.is_some_and(|sound| !check.references.has_sound(sound)) {
            check.refuse("record_digits_sound", "no such sound");
        }
        let timeout = check.rule.record_digits_timeout.filter(|seconds| *seconds > 0);
        Some(Self { variable: variable?, max: max?, sound, timeout: timeout.map_or(TIMEOUT, Duration::from_secs) })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        if let Some(sound) = self.sound {
            // A key that ends the sound waits in the type-ahead for what follows here.
            run.say(Prompt::Sound(sound), BargeIn::BACKGROUND).await?;
        }
        let collect = Collect {
            type_ahead: TypeAhead::Keep,
            max_digits: self.max,
            terminators: Digit::from_char('#').into_iter().collect(),
            first_digit: self.timeout,
            inter_digit: self.timeout,
            longest: Some(self.timeout),
        };
        let digits = run.take_digits(collect).await?;
        if digits.is_empty() {
            run.call.vars.remove(&self.variable);
        } else {
            run.set_variable(&self.variable, &digits);
        }
        Ok(Flow::Continue)
    }
}
