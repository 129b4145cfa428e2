//! What an upload was and how it will be heard, as the API shows it and the database keeps it.
//!
//! Shape: the figures of `antiphon_media::source::quality` in the units and with the names of the API, and its warnings as they were
//! worded then.
//! Units: each name ends with its own; decibels are rounded to a tenth.
//! Sources: `field.md`, P12.

use antiphon_media::source::file::Decoded;
use antiphon_media::source::quality;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The report of an upload.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SoundQuality {
    /// `wav`, `mp3` or `ogg`, as the content says.
    pub format: String,
    /// Samples a second in the file.
    pub rate_hz: u32,
    /// Channels in the file.
    pub channels: u16,
    /// How long it lasts.
    pub duration_ms: u64,
    /// Integrated loudness of the channels mixed into one; null where nothing is loud enough.
    pub loudness_lufs: Option<f64>,
    /// The loudest sample; null where all are 0.
    pub peak_dbfs: Option<f64>,
    /// Samples in rows at full scale.
    pub clipped_samples: usize,
    /// Before the first sound.
    pub leading_silence_ms: u64,
    /// After the last sound.
    pub trailing_silence_ms: u64,
    /// The average of all samples, of full scale.
    pub dc_offset_percent: f64,
    /// The keys whose tones are in it; null for reports of before this was asked.
    #[serde(default)]
    pub digits: Option<String>,
    /// One sentence for each thing that an author may want to mend.
    pub warnings: Vec<String>,
}

impl SoundQuality {
    pub(super) fn of(file: &Decoded) -> Self {
        let found = quality::assess_file(file);
        let milliseconds = |length: std::time::Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        Self {
            format: file.format.name().to_owned(),
            rate_hz: file.rate,
            channels: file.channels,
            duration_ms: milliseconds(found.duration),
            loudness_lufs: found.loudness.map(tenths),
            peak_dbfs: found.peak.map(tenths),
            clipped_samples: found.clipped_samples,
            leading_silence_ms: milliseconds(found.leading_silence),
            trailing_silence_ms: milliseconds(found.trailing_silence),
            dc_offset_percent: tenths(found.dc_offset * 100.0),
            digits: Some(found.digits.iter().map(|digit| digit.as_char()).collect()),
            warnings: found.warnings().iter().map(ToString::to_string).collect(),
        }
    }
}

/// Rounded to a tenth, and never the zero that has a sign.
fn tenths(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0 + 0.0
}
