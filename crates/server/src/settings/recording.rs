//! What is kept of recordings.
//!
//! Shape: plain numbers of `[recording]`; 0 means "no limit" everywhere.
//! Units: days and megabytes, as the names in the file say; a megabyte is 1,048,576 bytes.
//! Errors: [`SettingsError`] for a number that means nothing.

use std::time::Duration;

use super::{SettingsError, file::RecordingTable};

/// The longest that recordings are kept by days: a hundred years.
const MOST_DAYS: u64 = 36_500;
/// The largest number of megabytes: a billion, which is a thousand disks.
const MOST_MEGABYTES: u64 = 1_000_000_000;

/// How many recordings are kept, and how much of the disk they leave.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct RecordingSettings {
    /// Older recordings are removed.
    pub max_age: Option<Duration>,
    /// The oldest are removed while all together have more bytes of sound.
    pub max_bytes: Option<u64>,
    /// Bytes that have to stay free: with less, recordings end and none begins.
    pub min_free: u64,
}

impl Default for RecordingSettings {
    /// Nothing is removed by itself.
    fn default() -> Self {
        Self { max_age: None, max_bytes: None, min_free: 100 << 20 }
    }
}

pub(super) fn recording(table: &RecordingTable) -> Result<RecordingSettings, SettingsError> {
    let number = |name: &str, given: Option<u64>, most: u64| match given {
        Some(number) if number > most => Err(SettingsError::Value {
            setting: format!("recording.{name}"),
            problem: format!("{number} is more than {most}; 0 means no limit"),
        }),
        given => Ok(given),
    };
    let limit = |given: Option<u64>| given.filter(|number| *number > 0);
    let days = limit(number("max_age_days", table.max_age_days, MOST_DAYS)?);
    let megabytes = limit(number("max_megabytes", table.max_megabytes, MOST_MEGABYTES)?);
    let free = number("min_free_megabytes", table.min_free_megabytes, MOST_MEGABYTES)?;
    Ok(RecordingSettings {
        max_age: days.map(|days| Duration::from_secs(days * 86_400)),
        max_bytes: megabytes.map(|megabytes| megabytes << 20),
        min_free: free.map_or(RecordingSettings::default().min_free, |megabytes| megabytes << 20),
    })
}
