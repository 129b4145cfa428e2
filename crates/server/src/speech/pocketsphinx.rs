//! pocketsphinx as a recogniser.
//!
//! Shape: one Python process an utterance, with a script of ours that is part of this program; `pip install pocketsphinx` brings the
//! engine and its model of American English. Where phrases are expected, nothing but one of them is understood.
//! Sources: a model of 16 kHz hears sound of a telephone well only with a little noise over the bands that are empty there, which the
//! script adds (`docs/speech.md` has the measurements).

use super::command::CommandRecogniser;
use crate::settings::SpeechSettings;

/// What Python runs.
const SCRIPT: &str = include_str!("recognise.py");

/// pocketsphinx under this Python.
pub(super) fn recogniser(python: &str, settings: &SpeechSettings) -> CommandRecogniser {
    CommandRecogniser::new(&[python.to_owned(), "-c".to_owned(), SCRIPT.to_owned()], settings)
}
