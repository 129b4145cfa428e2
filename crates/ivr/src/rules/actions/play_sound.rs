//! `play_sound`: play an uploaded sound once.
//!
//! Shape: `sound` and `sound_type` (both required). In the background any digit stops the sound and begins an input, and what is
//! left of the option is dropped; in the foreground digits are thrown away.
//! Errors: a sound that is gone takes no time. `play_sound_from_variable` is not built yet.
//! Sources: `ringme-ivr.md` 3.5, 3.8.

use super::{Check, Flow, Run};
use crate::{BargeIn, Interrupted, Prompt, SoundId, rules::wire::SoundType};

/// Plays a sound.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct PlaySound {
    /// Which.
    pub sound: SoundId,
    /// What digits do meanwhile.
    pub barge_in: BargeIn,
}

impl PlaySound {
    pub(super) fn check(check: &mut Check<'_>) -> Option<Self> {
        if check.rule.play_sound_from_variable {
            check.refuse("play_sound_from_variable", "play_sound_from_variable is not built yet");
        }
        let sound_type = check.required("sound_type", |rule| &rule.sound_type);
        let sound = check.required("sound", |rule| &rule.sound)?;
        if !check.references.has_sound(sound) {
            check.refuse("sound", "no such sound");
        }
        let barge_in = match sound_type? {
            SoundType::Background => BargeIn::BACKGROUND,
            SoundType::Foreground => BargeIn::FOREGROUND,
        };
        Some(Self { sound, barge_in })
    }

    pub(super) async fn run(&self, run: &mut Run<'_>) -> Result<Flow, Interrupted> {
        run.say(Prompt::Sound(self.sound), self.barge_in).await
    }
}
