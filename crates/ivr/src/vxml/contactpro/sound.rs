//! A prompt by its name: the client's sound in the language, else the client's or the system's of that name.
//!
//! Shape: the client keeps `ru/welcome` beside `welcome`, which is heard where there is none for the language.
//! Sources: `voicexml-customizers.md` 1.1, 1.3 (audio).

use crate::{Prompt, SoundName, SoundView, vxml::elements::audio::Audio, vxml::run::Interpreter};

impl Interpreter<'_> {
    /// The client's sound of a prompt in its language, if there is one.
    pub(crate) fn sound_in_language(&self, audio: &Audio) -> Option<Prompt> {
        let prompt = audio.prompt.as_deref()?;
        let of_call = || self.attached.language.clone().unwrap_or_else(|| self.call.language.to_string());
        let language = audio.language.clone().unwrap_or_else(of_call);
        let name = format!("{language}/{prompt}");
        self.named_sound(&SoundName { name, view: SoundView::Client, ..SoundName::default() })
    }
}
