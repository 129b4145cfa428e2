//! `play_digits`: speak digits, as one number or one by one.
//!
//! Shape: `digits` and `play_digits_method` (both required), `sound_type` (the foreground where it is not given). `*` and `#` are said
//! by name, a plus is not said.
//! Errors: `digits` without any digit or key is refused; what is no number is said digit by digit.
//! Sources: `ringme-ivr.md` 1.5, 3.5, 3.8.

use super::{Check, DigitSpeech, Flow, Run};
use crate::{
    Interrupted,
    say::{Kind, Spoken},
};

/// Speaks digits.
#[derive(Clone, PartialEq, Debug)]
pub struct PlayDigits {
    /// What is said.
    pub digits: String,
    /// How.
    pub speech: DigitSpeech,
}

impl PlayDigits {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let speech = DigitSpeech::check(check);
        let digits = check.filled("digits", |rule| &rule.digits)?;
        if let Err(problem) = Spoken::read(Kind::Digits, &digits) {
            check.refuse("digits", problem.to_string());
        }
        Some(Self { digits, speech: speech? })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        self.speech.say(&self.digits, run).await
    }
}
