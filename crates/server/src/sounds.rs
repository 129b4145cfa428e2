//! The system's own prompts, carried in the binary.
//!
//! Shape: a language (`en`, `hy`, `ru`, or `tone` for what has none) and a name such as `digits/7` or `goodbye` to a decoded prompt.
//! Time: decoded once, at the start.
//! Sources: `sounds/prompts.toml` (texts), `sounds/MANIFEST.toml` (licences).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use antiphon_media::Audio;
use serde::Deserialize;

include!(concat!(env!("OUT_DIR"), "/system_sounds.rs"));

/// Every system prompt, ready to send.
#[derive(Clone)]
pub struct SystemSounds {
    decoded: Arc<HashMap<&'static str, HashMap<&'static str, Arc<Audio>>>>,
}

impl SystemSounds {
    /// Decodes all of them.
    ///
    /// # Panics
    /// When a file in the binary is no WAV file, which a test rules out.
    pub fn load() -> Self {
        let mut decoded: HashMap<_, HashMap<_, _>> = HashMap::new();
        for &(language, name, wav) in FILES {
            let audio = Audio::from_wav(wav).expect("a test decodes every prompt that is carried");
            decoded.entry(language).or_default().insert(name, Arc::new(audio));
        }
        Self { decoded: Arc::new(decoded) }
    }

    /// A prompt of a language, or a tone under the language `tone`.
    pub fn find(&self, language: &str, name: &str) -> Option<&Arc<Audio>> {
        self.decoded.get(language)?.get(name)
    }
}

/// The WAV file of a system prompt, to be made a client's own sound.
pub(crate) fn wav(language: &str, name: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(l, n, _)| *l == language && *n == name).map(|(_, _, wav)| *wav)
}

/// What the prompts say, as the file that they were made from has it.
#[derive(Deserialize)]
struct Texts {
    prompt: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    name: String,
    language: String,
    text: String,
}

/// What a system prompt says; read when it is first asked.
pub(crate) fn text(language: &str, name: &str) -> Option<&'static str> {
    static TEXTS: LazyLock<HashMap<(String, String), String>> = LazyLock::new(|| {
        let file = include_str!("../../../sounds/prompts.toml");
        let texts: Texts = toml::from_str(file).expect("a test reads the texts that are carried");
        texts.prompt.into_iter().map(|text| ((text.language, text.name), text.text)).collect()
    });
    TEXTS.get(&(language.to_owned(), name.to_owned())).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use antiphon_ivr::{Language, say};

    use super::*;

    #[test]
    fn every_prompt_decodes_and_has_a_text_and_every_language_has_what_a_menu_says() {
        let sounds = SystemSounds::load();
        assert_eq!(sounds.decoded.values().map(HashMap::len).sum::<usize>(), FILES.len());
        for (language, name, _) in FILES {
            assert!(text(language, name).is_some_and(|text| !text.is_empty()), "{language}/{name}");
        }
        for language in Language::ALL {
            for name in say::every_name(language).into_iter().chain(["invalid-choice", "goodbye", "vm-greeting"]) {
                let audio = sounds.find(language.tag(), name);
                assert!(audio.is_some_and(|audio| !audio.duration().is_zero()), "{language}/{name}");
            }
        }
        assert!(sounds.find("tone", "beep").is_some());
        assert!(sounds.find("xx", "goodbye").is_none());
    }
}
