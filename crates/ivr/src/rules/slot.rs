//! The slot of rendered speech: what `play_sound_from_variable` plays in place of a sound.
//!
//! Shape: a web script fills the slot of the call; a rule that asks for it plays it, and the slot stays.
//! Time: a text that is not rendered yet is waited for, up to [`SPEECH_PATIENCE`].
//! Errors: an empty slot, or a text that is not rendered in time: the rule's own sound is played.
//! Sources: `ringme-ivr.md` 5.3, row A20.

use super::{model::Check, run::Run};
use crate::{Interrupted, Prompt, Rendered, SPEECH_PATIENCE, SoundId};

/// What a rule says: the slot where it asks for that, or its own sound.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Greeting {
    /// Whether the slot comes first.
    pub slot: Slot,
    /// The sound, which a rule need not have that plays the slot.
    pub sound: Option<SoundId>,
}

/// Whether a rule plays the slot.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Slot {
    /// Where there is something in it.
    Played,
    /// Never.
    Ignored,
}

impl Greeting {
    /// Checks the sound of a rule, which has to exist where there is one.
    pub(super) fn check(check: &mut Check<'_>) -> Self {
        let sound = check.rule.sound;
        if sound.is_some_and(|sound| !check.references.has_sound(sound)) {
            check.refuse("sound", "no such sound");
        }
        let slot = if check.rule.play_sound_from_variable { Slot::Played } else { Slot::Ignored };
        Self { slot, sound }
    }

    /// Checks the sound of a rule that has to play something.
    pub(super) fn required(check: &mut Check<'_>) -> Option<Self> {
        if !check.rule.play_sound_from_variable {
            check.required("sound", |rule| &rule.sound)?;
        }
        Some(Self::check(check))
    }

    /// What is to be played now, if anything.
    pub(super) async fn prompt(&self, run: &mut Run<'_>) -> Result<Option<Prompt>, Interrupted> {
        let slot = run.call.tts_slot.clone().filter(|_| self.slot == Slot::Played);
        if let Some(speech) = slot
            && let Rendered::Ready { .. } = run.call.render(speech.clone(), SPEECH_PATIENCE).await?
        {
            return Ok(Some(Prompt::Text(speech)));
        }
        Ok(self.sound.map(Prompt::Sound))
    }
}
