//! espeak-ng as a voice.
//!
//! Shape: one process a text, which comes on its standard input; a WAV file on its standard output.
//! Errors: a voice or language that it does not have is left for the next best: the voice, the language, the language without its
//! country, the usual language.

use std::{path::PathBuf, sync::Arc};

use antiphon_ivr::{RenderError, Speech, op::Form};

use super::{Task, Voice, program};
use crate::settings::SpeechSettings;

/// Most bytes of a sound: five thousand characters said slowly.
const SOUND: usize = 64 << 20;
/// Words a minute at the usual speed.
const WORDS: u32 = 165;
/// The slowest and the fastest that it can.
const SPEEDS: (u32, u32) = (80, 450);

/// espeak-ng.
pub(super) struct Espeak {
    program: PathBuf,
    language: String,
}

/// The program of this name, on the PATH where it is no path of its own.
pub(super) fn find(name: &str, settings: &SpeechSettings) -> Option<Espeak> {
    let found = if name.contains('/') {
        Some(PathBuf::from(name)).filter(|path| path.is_file())
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
    };
    match found {
        Some(program) => Some(Espeak { program, language: settings.language.clone() }),
        None => {
            tracing::info!(program = name, "there is no espeak-ng here: texts are not rendered");
            None
        }
    }
}

impl Voice for Espeak {
    fn identity(&self) -> String {
        format!("espeak-ng {}", self.language)
    }

    fn render(&self, speech: Arc<Speech>) -> Task<Result<Vec<u8>, RenderError>> {
        let program = self.program.to_string_lossy().into_owned();
        let voices = voices(&speech, &self.language);
        Box::pin(async move {
            for voice in voices {
                let mut words = vec![program.clone(), "--stdin".into(), "--stdout".into(), "-b".into(), "1".into()];
                words.extend(["-v".into(), voice, "-s".into(), speed(&speech).to_string()]);
                if speech.form() == Form::Ssml {
                    words.push("-m".into());
                }
                match program::run(&words, &[], speech.text().as_bytes().to_vec(), SOUND).await {
                    Ok(sound) if !sound.is_empty() => return Ok(sound),
                    Ok(_) => tracing::debug!("espeak-ng does not have the voice"),
                    Err(error) => tracing::debug!(%error, "espeak-ng does not have the voice, or failed"),
                }
            }
            tracing::warn!("espeak-ng made no sound of a text");
            Err(RenderError::Failed)
        })
    }
}

/// The voices to try, best first.
fn voices(speech: &Speech, usual: &str) -> Vec<String> {
    let language = speech.language.as_deref().map(str::to_lowercase);
    let primary = language.as_deref().and_then(|tag| tag.split(['-', '_']).next()).map(str::to_owned);
    let wanted = [speech.voice.clone(), language, primary, Some(usual.to_owned())];
    // What names a voice may name a file as well, so it is a plain word.
    let is_word = |voice: &String| {
        voice.len() <= 40
            && voice.starts_with(|c: char| c.is_ascii_alphanumeric())
            && voice.chars().all(|c| c.is_ascii_alphanumeric() || "+-_".contains(c))
    };
    let mut voices: Vec<String> = wanted.into_iter().flatten().filter(is_word).collect();
    voices.dedup();
    voices
}

fn speed(speech: &Speech) -> u32 {
    (WORDS * u32::from(speech.speed) / u32::from(Speech::USUAL)).clamp(SPEEDS.0, SPEEDS.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_is_tried_before_its_language_and_never_names_a_file() {
        let check = |voice: Option<&str>, language: Option<&str>, expect: &[&str]| {
            let speech = Speech {
                voice: voice.map(str::to_owned),
                language: language.map(str::to_owned),
                ..Speech::new("a").unwrap()
            };
            assert_eq!(voices(&speech, "en"), expect);
        };
        check(None, None, &["en"]);
        check(None, Some("ru-RU"), &["ru-ru", "ru", "en"]);
        check(Some("mb-de5"), Some("de"), &["mb-de5", "de", "en"]);
        check(Some("../../etc/passwd"), Some("-h"), &["en"]);
        check(Some("--help"), Some("a/b"), &["en"]);
    }

    #[test]
    fn speed_has_bounds() {
        for (percent, words) in [(100, 165), (200, 330), (1, 80), (u16::MAX, 450)] {
            assert_eq!(speed(&Speech { speed: percent, ..Speech::new("a").unwrap() }), words);
        }
    }
}
