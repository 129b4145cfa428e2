//! `<PlayTTS voice="Alice-8KHz" volume="150">…</PlayTTS>`: speech at once, in the foreground. VoipNow only.
//!
//! Shape: the text, plain or SSML; `voice`, `language`; `volume` from 0 to 200, where 150 is as loud as the engine speaks.
//! Time: the text is waited for 5 s at most.
//! Errors: without a text it is passed over; what cannot be spoken takes no time. Both are told.
//! Sources: `ringme-ivr.md` 4.3, 5.3.

use std::{fmt, sync::Arc};

use super::{Reading, Stage, Step, text_to_speech::speech};
use crate::{BargeIn, Interrupted, Prompt, Rendered, SPEECH_PATIENCE, Speech};

/// The volume that the engine speaks with.
const USUAL: u64 = 150;
/// The highest volume.
const LOUDEST: u64 = 200;

/// Says a text.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct PlayTts {
    /// What is said.
    pub speech: Arc<Speech>,
}

impl PlayTts {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        let Some(mut speech) = speech(reading) else {
            reading.problem("has no text that can be spoken; it is passed over");
            return None;
        };
        let volume = reading.number("volume", 0..=LOUDEST, USUAL) * 100 / USUAL;
        speech.volume = u16::try_from(volume).unwrap_or(Speech::USUAL);
        Some(Self { speech: Arc::new(speech) })
    }

    pub(super) async fn run(&self, stage: &mut Stage<'_>) -> Result<Option<Step>, Interrupted> {
        match stage.call.render(self.speech.clone(), SPEECH_PATIENCE).await? {
            Rendered::Ready { .. } => {
                stage.play(vec![Prompt::Text(self.speech.clone())], BargeIn::FOREGROUND).await?;
            }
            Rendered::Pending => stage.problem("PlayTTS: the text is not spoken in time").await?,
            Rendered::Failed(error) => stage.problem(format!("PlayTTS: {error}")).await?,
        }
        Ok(None)
    }
}

impl fmt::Display for PlayTts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlayTTS, {} characters", self.speech.text().chars().count())
    }
}
