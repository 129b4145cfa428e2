//! Recording a leg: frames in, filled blocks of samples out.
//!
//! Shape: a [`Recorder`] stands in a stream and takes one frame of each due packet time; a [`Reel`] stands with whoever writes the file,
//! takes filled [`Block`]s and gives them back empty. The two are joined by queues that are made whole at the beginning.
//! Units: samples are linear, 16 bits; positions are samples of one channel from the beginning of the recording.
//! Time: that of the frames. A second of frames is a second of recording, whatever came of the packets: what was lost, late or never
//! sent is concealed or silent, and both channels of a stereo recording are of one frame, so that they stay side by side.
//! Errors: a writer that lags costs sound and never time: while no block is empty the sound is lost and counted, and the next block
//! says where it belongs. A writer that is gone ends the recording.
//!
//! | pause      | on the time line                                   |
//! |------------|----------------------------------------------------|
//! | [`Gap::Cut`]    | nothing: the recording goes on where it stopped |
//! | [`Gap::Silent`] | silence as long as the pause, so that times in the file are times of the call |

mod lead;
pub(crate) mod level;
mod recorder;
mod reel;
mod seats;
pub mod wav;

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::Duration;

pub use recorder::Recorder;
pub use reel::{Block, Reading, Reel};
pub(crate) use seats::Recorders;
pub use seats::Seat;

/// A recording, as its owner names it; 32 hexadecimal digits when written.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct RecordingId(pub u128);

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for RecordingId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}

/// What is recorded, and for how long.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Take {
    /// Whose sound.
    pub channels: Channels,
    /// The file's samples a second.
    pub rate: Rate,
    /// The recording ends when it is so long.
    pub max_length: Duration,
    /// The recording ends after so long a silence of the party that is heard, if any ends it.
    pub end_silence: Option<Duration>,
    /// What is left out at its ends.
    pub trim: Trim,
}

/// What is left out at the ends of a recording.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Trim {
    /// Nothing.
    #[default]
    Nothing,
    /// The silence before the first sound, but for its last 200 ms, and that behind the last sound, but for its first 200 ms. It counts for the
    /// longest that a recording may be.
    Silence,
}

/// Whose sound is recorded.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Channels {
    /// The party that is heard.
    Mono,
    /// Left the party that is heard, right what it was sent.
    Stereo,
    /// Both in one.
    Mixed,
    /// What the party that is heard was sent.
    Said,
}

impl Channels {
    /// How many there are.
    pub const fn count(self) -> usize {
        match self {
            Self::Mono | Self::Mixed | Self::Said => 1,
            Self::Stereo => 2,
        }
    }

    /// Whether what the party was sent is in it.
    pub const fn want_said(self) -> bool {
        !matches!(self, Self::Mono)
    }
}

/// The samples a second of a recording.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Rate {
    /// 8,000, for narrowband calls.
    Narrow,
    /// 16,000, for wideband calls.
    Wide,
}

impl Rate {
    /// The rate that keeps what a leg of this rate brings, as far as a recording does.
    pub const fn of_leg(rate: u32) -> Self {
        if rate > 8_000 { Self::Wide } else { Self::Narrow }
    }

    /// Samples a second.
    pub const fn hertz(self) -> u32 {
        match self {
            Self::Narrow => 8_000,
            Self::Wide => 16_000,
        }
    }

    /// How long so many samples last.
    pub fn duration(self, samples: u64) -> Duration {
        let rate = u64::from(self.hertz());
        Duration::new(samples / rate, u32::try_from(samples % rate * 1_000_000_000 / rate).unwrap_or(0))
    }

    /// How many samples last for so long, rounded down.
    pub fn samples(self, duration: Duration) -> u64 {
        u64::try_from(duration.as_nanos() * u128::from(self.hertz()) / 1_000_000_000).unwrap_or(u64::MAX)
    }
}

/// What a pause leaves in the recording.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Gap {
    /// Nothing: the pause is cut out.
    Cut,
    /// As much silence as the pause lasts.
    Silent,
}

/// Why a recording ended.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum RecordEnd {
    /// It was told to.
    Stopped,
    /// It is as long as it may be.
    MaxLength,
    /// Nobody said anything more.
    EndSilence,
    /// The call was over.
    CallOver,
    /// Its file took no more.
    Storage,
}

/// A recording that has ended.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Recorded {
    /// Why.
    pub why: RecordEnd,
    /// How long it is.
    pub length: Duration,
    /// Until when anything was heard in it; all of it where nobody listens for silence.
    pub sounded: Duration,
    /// How much of it is silent because the writer lagged.
    pub lost: Duration,
}

impl Recorded {
    /// Whether enough was heard to be worth keeping.
    pub fn reaches(&self, least: Duration) -> bool {
        !self.length.is_zero() && self.sounded >= least
    }
}
