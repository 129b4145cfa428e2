//! `<TextToSpeech voice="alena" language="ru-RU" speed="1.0">…</TextToSpeech>`, also written `text_to_speech`: speech for later rules,
//! which play it where they say `play_sound_from_variable`. Ucom only.
//!
//! Shape: the text, plain or SSML; `voice`, `language`, `speed` (0.25 to 4, 1 where it is missing). It takes the place of the speech
//! before, an empty one takes that away. It is made from now on, and nothing is played.
//! Errors: what cannot be spoken takes the speech away, so that the rules play their own sound.
//! Sources: `ringme-ivr.md` 5.3, row A20.

use std::{fmt, sync::Arc, time::Duration};

use super::{Reading, Stage, Step};
use crate::{Interrupted, Rendered, Speech, op::BadSpeech};

/// Has a text spoken for later.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct TextToSpeech {
    /// What is said; nothing takes the speech before away.
    pub speech: Option<Arc<Speech>>,
}

impl TextToSpeech {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        Self { speech: speech(reading).map(Arc::new) }
    }

    pub(super) async fn run(&self, stage: &mut Stage<'_>) -> Result<Option<Step>, Interrupted> {
        stage.call.tts_slot.clone_from(&self.speech);
        if let Some(speech) = &self.speech
            && let Rendered::Failed(error) = stage.call.render(speech.clone(), Duration::ZERO).await?
        {
            stage.call.tts_slot = None;
            stage.problem(format!("TextToSpeech: {error}; later rules play their own sound")).await?;
        }
        Ok(None)
    }
}

/// What an element has spoken: its text, or what is in it as SSML.
pub(super) fn speech(reading: &mut Reading<'_>) -> Option<Speech> {
    let written = match reading.element.markup.as_deref().map(str::trim) {
        None => reading.element.text.clone(),
        Some(markup) if markup.starts_with("<speak") => markup.to_owned(),
        Some(markup) => format!("<speak>{markup}</speak>"),
    };
    let attribute = |name| reading.attribute(name).filter(|written| !written.is_empty()).map(str::to_owned);
    let (voice, language) = (attribute("voice"), attribute("language"));
    match Speech::new(&written) {
        Ok(mut speech) => {
            (speech.voice, speech.language, speech.speed) = (voice, language, speed(reading));
            Some(speech)
        }
        Err(BadSpeech::Empty) => None,
        Err(error @ (BadSpeech::TooLong | BadSpeech::Ssml)) => {
            reading.problem(error);
            None
        }
    }
}

/// A speed in percent.
fn speed(reading: &mut Reading<'_>) -> u16 {
    let Some(written) = reading.attribute("speed") else { return Speech::USUAL };
    match written.parse::<f32>() {
        // Rounded and within the bounds, so it fits.
        Ok(factor) if (0.25..=4.0).contains(&factor) => (factor * 100.0).round() as u16,
        _ => {
            reading.problem("speed must be a number from 0.25 to 4; it is taken as 1");
            Speech::USUAL
        }
    }
}

impl fmt::Display for TextToSpeech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.speech {
            Some(speech) => write!(f, "TextToSpeech, {} characters", speech.text().chars().count()),
            None => f.write_str("TextToSpeech, nothing"),
        }
    }
}
