//! A tone that is made, not stored.
//!
//! Units: hertz; the level is that of each frequency, in dB below full scale.
//! Sources: `kazoo-pivot.md` 4.1 (`tone_stream://`), 4.2 (audio_macro `tone`).

use std::time::Duration;

/// A cadence of frequencies that sound together.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub struct Tone {
    /// One to four of them, 50 to 3,400 Hz.
    pub frequencies: Vec<u16>,
    /// How long it sounds.
    pub on: Duration,
    /// How long it then is silent.
    pub off: Duration,
    /// How often both come, at least once; at most ten minutes of it are made.
    pub times: u32,
    /// How far below full scale.
    pub below: u8,
}
