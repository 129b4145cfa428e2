//! The system's own prompts, carried in the binary.
//!
//! Shape: a language (`en`, `ru`, or `tone` for what has none) and a name such as `digits/7` or `goodbye` to a decoded prompt.
//! Time: decoded once, at the start.
//! Sources: `sounds/MANIFEST.toml` (texts and licences).

use std::collections::HashMap;
use std::sync::Arc;

use antiphon_media::Audio;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prompt_decodes_and_both_languages_have_what_a_menu_says() {
        let sounds = SystemSounds::load();
        assert_eq!(sounds.decoded.values().map(HashMap::len).sum::<usize>(), FILES.len());
        for language in ["en", "ru"] {
            for name in ["digits/0", "digits/9", "digits/pound", "invalid-choice", "goodbye", "demo-menu"] {
                let audio = sounds.find(language, name);
                assert!(audio.is_some_and(|audio| !audio.duration().is_zero()), "{language}/{name}");
            }
        }
        assert!(sounds.find("tone", "beep").is_some());
        assert!(sounds.find("xx", "goodbye").is_none());
    }
}
