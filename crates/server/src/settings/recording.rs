//! What is kept of recordings.
//!
//! Shape: plain numbers of `[recording]`; 0 means "no limit" everywhere.
//! Units: days and megabytes, as the names in the file say; a megabyte is 1,048,576 bytes.
//! Errors: [`SettingsError`] for a number that means nothing.

use std::time::Duration;

use url::Url;

use super::{SettingsError, file::RecordingTable};
use crate::uploads::{encoder::EncoderSetting, links::USUAL_AGE};

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

/// What becomes of recordings outside.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct UploadSettings {
    /// Who makes MP3 of them.
    pub encoder: EncoderSetting,
    /// Where the API is, as the world sees it; `None` for where it listens.
    pub public_url: Option<String>,
    /// How long a link to a recording is good for.
    pub link_age: Duration,
}

impl Default for UploadSettings {
    fn default() -> Self {
        Self { encoder: EncoderSetting::Auto, public_url: None, link_age: USUAL_AGE }
    }
}

pub(super) fn uploads(table: &RecordingTable) -> Result<UploadSettings, SettingsError> {
    let wrong = |key: &str, problem: String| SettingsError::Value { setting: format!("recording.{key}"), problem };
    let encoder = match table.mp3_encoder.as_deref() {
        None | Some("auto") => EncoderSetting::Auto,
        Some("off") => EncoderSetting::Off,
        Some("") => return Err(wrong("mp3_encoder", "is not auto, off or a program".to_owned())),
        Some(program) => EncoderSetting::Program(program.to_owned()),
    };
    let public_url = table.public_url.clone();
    if let Some(url) = &public_url {
        let is_base = Url::parse(url).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
        });
        if !is_base {
            return Err(wrong("public_url", "is no http or https URL without a query".to_owned()));
        }
    }
    let link_age = match table.link_hours {
        None => USUAL_AGE,
        Some(hours) if (1..=MOST_DAYS * 24).contains(&hours) => Duration::from_secs(hours * 3_600),
        Some(hours) => return Err(wrong("link_hours", format!("{hours} is not between 1 and {}", MOST_DAYS * 24))),
    };
    Ok(UploadSettings { encoder, public_url, link_age })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<UploadSettings, String> {
        uploads(&toml::from_str(text).expect("a table")).map_err(|error| error.to_string())
    }

    #[test]
    fn where_recordings_go_is_read() {
        assert_eq!(read("").unwrap(), UploadSettings::default());
        assert_eq!(read("mp3_encoder = \"off\"").unwrap().encoder, EncoderSetting::Off);
        let program = EncoderSetting::Program("/opt/lame".to_owned());
        assert_eq!(read("mp3_encoder = \"/opt/lame\"").unwrap().encoder, program);
        let public = read("public_url = \"https://a.example/b\"\nlink_hours = 2").unwrap();
        assert_eq!(public.public_url.as_deref(), Some("https://a.example/b"));
        assert_eq!(public.link_age, Duration::from_secs(7_200));
        for (text, problem) in [
            ("mp3_encoder = \"\"", "recording.mp3_encoder: is not auto, off or a program"),
            ("public_url = \"ftp://a\"", "recording.public_url: is no http or https URL without a query"),
            ("link_hours = 0", "recording.link_hours: 0 is not between 1 and 876000"),
        ] {
            assert_eq!(read(text), Err(problem.to_owned()));
        }
    }
}
