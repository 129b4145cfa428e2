//! `<record>`: the caller's voice (VoiceXML 2.0 §2.3.6).

use std::time::Duration;

use crate::vxml::wire::{Attributes, Fault};

/// How long a recording is where the page does not say.
const LONGEST: Duration = Duration::from_secs(60);
/// The silence that ends it.
const SILENCE: Duration = Duration::from_secs(4);

/// A recording of the caller.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) beep: bool,
    pub(crate) longest: Duration,
    pub(crate) silence: Duration,
    /// Whether any key ends it.
    pub(crate) by_key: bool,
}

impl Record {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        Ok(Self {
            beep: from.boolean("beep")?.unwrap_or_default(),
            longest: from.time("maxtime")?.unwrap_or(LONGEST),
            silence: from.time("finalsilence")?.unwrap_or(SILENCE),
            by_key: from.boolean("dtmfterm")?.unwrap_or(true),
        })
    }
}
