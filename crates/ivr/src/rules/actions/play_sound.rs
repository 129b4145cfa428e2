//! `play_sound`: play an uploaded sound once, or the speech that a web script had rendered.
//!
//! Shape: `sound` and `sound_type` (both required); with `play_sound_from_variable` the slot of the call is played, and `sound`, which
//! is then optional, where the slot is empty. In the background any digit stops the sound and begins an input, and what is left of the
//! option is dropped; in the foreground digits are thrown away.
//! Errors: a sound that is gone takes no time.
//! Sources: `ringme-ivr.md` 3.5, 3.8, 5.3.

use super::{Check, Flow, Run};
use crate::{
    BargeIn, Interrupted,
    rules::{slot::Greeting, wire::SoundType},
};

/// Plays a sound.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct PlaySound {
    /// What.
    pub greeting: Greeting,
    /// What digits do meanwhile.
    pub barge_in: BargeIn,
}

impl PlaySound {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        let sound_type = check.required("sound_type", |rule| &rule.sound_type);
        let greeting = Greeting::required(check)?;
        let barge_in = match sound_type? {
            SoundType::Background => BargeIn::BACKGROUND,
            SoundType::Foreground => BargeIn::FOREGROUND,
        };
        Some(Self { greeting, barge_in })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        match self.greeting.prompt(run).await? {
            Some(prompt) => run.say(prompt, self.barge_in).await,
            None => Ok(Flow::Continue),
        }
    }
}
