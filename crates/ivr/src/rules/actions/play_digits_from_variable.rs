//! `play_digits_from_variable`: speak the digits that a variable holds.
//!
//! Shape: `play_digits_variable` (a bare name) and `play_digits_method` (both required), `sound_type` (the foreground where it is not
//! given). The value is said as by `play_digits`.
//! Errors: an unset variable, or one without any digit or key: nothing is said and the next rule runs.
//! Sources: `ringme-ivr.md` 1.5, 3.5, 3.8, row A26.

use super::{Check, DigitSpeech, Flow, Run};
use crate::Interrupted;

/// Speaks the digits that a variable holds.
#[derive(Clone, PartialEq, Debug)]
pub struct PlayDigitsFromVariable {
    /// The variable.
    pub variable: String,
    /// How they are said.
    pub speech: DigitSpeech,
}

impl PlayDigitsFromVariable {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let speech = DigitSpeech::check(check);
        let variable = check.filled("play_digits_variable", |rule| &rule.play_digits_variable)?;
        check.variable_name("play_digits_variable", &variable);
        Some(Self { variable, speech: speech? })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        let value = run.call.vars.get(&self.variable).unwrap_or_default().to_owned();
        self.speech.say(&value, run).await
    }
}
