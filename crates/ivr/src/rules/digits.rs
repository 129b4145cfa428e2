//! How the actions that speak digits speak them.
//!
//! Shape: `play_digits_method` (required) and `sound_type` (the foreground where it is not given).
//! Errors: a text that is no number, or has too many digits for one, is said digit by digit; one without a digit or key takes no time.
//! Sources: `ringme-ivr.md` 1.5, 3.5, 3.8.

use super::{
    model::Check,
    run::{Flow, Run},
    wire::{PlayDigitsMethod, SoundType},
};
use crate::{
    BargeIn, Interrupted,
    say::{Kind, Spoken, say},
};

/// How digits are spoken.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct DigitSpeech {
    /// As one number, or one by one.
    pub method: PlayDigitsMethod,
    /// What digits of the caller do meanwhile.
    pub barge_in: BargeIn,
}

impl DigitSpeech {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let method = check.required("play_digits_method", |rule| &rule.play_digits_method)?;
        let barge_in = match check.rule.sound_type {
            Some(SoundType::Background) => BargeIn::BACKGROUND,
            Some(SoundType::Foreground) | None => BargeIn::FOREGROUND,
        };
        Some(Self { method, barge_in })
    }

    /// What is said of a text; `None` where there is nothing to say.
    pub fn spoken(self, text: &str) -> Option<Spoken> {
        let number = match self.method {
            PlayDigitsMethod::Pronounced => Spoken::read(Kind::Cardinal, text).ok(),
            PlayDigitsMethod::Iterated => None,
        };
        number.or_else(|| Spoken::read(Kind::Digits, text).ok())
    }

    pub(super) async fn say(self, text: &str, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        let Some(spoken) = self.spoken(text) else { return Ok(Flow::Continue) };
        let names = say(&spoken, run.call.language);
        let prompts = names.into_iter().map(|name| run.call.system(name)).collect();
        run.say_all(prompts, self.barge_in).await
    }
}
