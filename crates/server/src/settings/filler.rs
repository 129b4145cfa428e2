//! What callers hear while something takes long.
//!
//! Shape: the table `[filler]`.
//! Units: `after_ms` in milliseconds, as its name says.
//! Errors: [`SettingsError`] with the key.

use std::time::Duration;

use super::{SettingsError, file::FillerTable};

/// The longest silence that a caller is left in: beyond it one hangs up.
const LONGEST: u64 = 60_000;

/// The filler.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct FillerSettings {
    /// What it is.
    pub sound: FillerSound,
    /// How long nothing is heard before it begins.
    pub after: Duration,
}

/// What fills a silence.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum FillerSound {
    /// A soft tone, now and then.
    Tone,
    /// The music on hold.
    Music,
    /// Nothing.
    Silence,
}

impl Default for FillerSettings {
    fn default() -> Self {
        Self { sound: FillerSound::Tone, after: Duration::from_millis(700) }
    }
}

pub(super) fn filler(table: &FillerTable) -> Result<FillerSettings, SettingsError> {
    let wrong = |key: &str, problem: String| SettingsError::Value { setting: format!("filler.{key}"), problem };
    let usual = FillerSettings::default();
    let sound = match table.sound.as_deref() {
        None => usual.sound,
        Some("tone") => FillerSound::Tone,
        Some("music") => FillerSound::Music,
        Some("none") => FillerSound::Silence,
        Some(other) => return Err(wrong("sound", format!("\"{other}\" is none of tone, music, none"))),
    };
    let after = match table.after_ms {
        None => usual.after,
        Some(after) if after <= LONGEST => Duration::from_millis(after),
        Some(after) => return Err(wrong("after_ms", format!("{after} ms is more than {LONGEST}"))),
    };
    Ok(FillerSettings { sound, after })
}
