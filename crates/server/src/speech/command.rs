//! Any program of the administrator's as a voice or as a recogniser.
//!
//! Shape: a voice gets the text on standard input and writes a sound file (WAV, MP3, Ogg Vorbis) on standard output; a recogniser gets a
//! WAV file and writes the words. What else there is to know stands in the environment: `ANTIPHON_LANGUAGE`; for a voice
//! `ANTIPHON_VOICE`, `ANTIPHON_SPEED` (percent) and `ANTIPHON_FORM` (`text` or `ssml`); for a recogniser `ANTIPHON_PHRASES`, one a line.
//! Errors: an end with another status than 0 is a failure; no words are nothing said.

use std::sync::Arc;

use antiphon_ivr::{RenderError, Speech, Utterance, op::Form};

use super::{NotUnderstood, Recogniser, Said, Task, Voice, program};
use crate::settings::SpeechSettings;

/// Most bytes of a sound.
const SOUND: usize = 64 << 20;
/// Most bytes of words.
const WORDS: usize = 64 << 10;
/// Most bytes of phrases; an environment has no room for many more.
const PHRASES: usize = 32 << 10;

/// A program that renders texts.
pub(super) struct CommandVoice {
    words: Vec<String>,
    language: String,
}

impl CommandVoice {
    pub(super) fn new(words: &[String], settings: &SpeechSettings) -> Self {
        Self { words: words.to_vec(), language: settings.language.clone() }
    }
}

impl Voice for CommandVoice {
    fn identity(&self) -> String {
        format!("command {:?} {}", self.words, self.language)
    }

    fn render(&self, speech: Arc<Speech>) -> Task<Result<Vec<u8>, RenderError>> {
        let (words, usual) = (self.words.clone(), self.language.clone());
        Box::pin(async move {
            let form = match speech.form() {
                Form::Plain => "text",
                Form::Ssml => "ssml",
            };
            let environment = [
                ("ANTIPHON_LANGUAGE", speech.language.clone().unwrap_or(usual)),
                ("ANTIPHON_VOICE", speech.voice.clone().unwrap_or_default()),
                ("ANTIPHON_SPEED", speech.speed.to_string()),
                ("ANTIPHON_FORM", form.to_owned()),
            ]
            .map(|(name, value)| (name, value.replace('\0', "")));
            program::run(&words, &environment, speech.text().as_bytes().to_vec(), SOUND).await.map_err(|error| {
                tracing::warn!(%error, program = words.first(), "the speech engine failed");
                RenderError::Failed
            })
        })
    }
}

/// A program that understands callers.
pub(super) struct CommandRecogniser {
    words: Vec<String>,
    language: String,
}

impl CommandRecogniser {
    pub(super) fn new(words: &[String], settings: &SpeechSettings) -> Self {
        Self { words: words.to_vec(), language: settings.language.clone() }
    }
}

impl Recogniser for CommandRecogniser {
    fn understand(&self, said: Said) -> Task<Result<Option<Utterance>, NotUnderstood>> {
        let (words, usual) = (self.words.clone(), self.language.clone());
        Box::pin(async move {
            let mut phrases = said.phrases.join("\n");
            if phrases.len() > PHRASES {
                let end = (0..=PHRASES).rev().find(|end| phrases.is_char_boundary(*end)).unwrap_or(0);
                phrases.truncate(end);
            }
            let language = said.language.clone().unwrap_or(usual);
            let environment = [("ANTIPHON_LANGUAGE", language), ("ANTIPHON_PHRASES", phrases)]
                .map(|(name, value)| (name, value.replace('\0', "")));
            match program::run(&words, &environment, said.wav(), WORDS).await {
                Ok(written) => {
                    let text = String::from_utf8_lossy(&written).trim().to_owned();
                    Ok((!text.is_empty()).then_some(Utterance { text, confidence: None }))
                }
                Err(error) => {
                    tracing::warn!(%error, program = words.first(), "the recogniser failed");
                    Err(NotUnderstood::Failed)
                }
            }
        })
    }
}
