//! The codecs a stream can carry.
//!
//! Shape: a closed list; each codec of today is G.711, one byte a sample.
//! Units: 8,000 samples a second, so a byte is 125 microseconds.
//! Sources: RFC 3551 table 4 (static payload types), ITU-T G.711.

pub mod g711;

use std::time::Duration;

/// Samples in a second of sound on the wire and in a prompt.
pub const SAMPLE_RATE: u32 = 8_000;

/// Samples in a millisecond.
pub(crate) const SAMPLES_PER_MS: u32 = SAMPLE_RATE / 1_000;

/// A codec: how sound becomes payload bytes.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Codec {
    /// G.711 mu-law, static payload type 0 (RFC 3551 section 4.5.14).
    Pcmu,
    /// G.711 A-law, static payload type 8 (RFC 3551 section 4.5.14).
    Pcma,
}

impl Codec {
    /// The payload type that needs no `a=rtpmap` (RFC 3551 table 4).
    pub const fn static_payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// The codec that a static payload type stands for.
    pub const fn of_static_payload_type(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            _ => None,
        }
    }

    /// The encoding name of `a=rtpmap` (RFC 3551 section 6).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// RTP ticks in a second.
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
        }
    }

    /// Samples in a second of the linear sound that its coders take and give.
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
        }
    }

    /// The byte that stands for no sound.
    pub const fn silence(self) -> u8 {
        match self {
            Self::Pcmu => 0xFF,
            Self::Pcma => 0xD5,
        }
    }

    /// Encodes one linear sample.
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Pcmu => g711::encode_ulaw(sample),
            Self::Pcma => g711::encode_alaw(sample),
        }
    }

    /// Decodes one payload byte.
    pub const fn decode(self, byte: u8) -> i16 {
        match self {
            Self::Pcmu => g711::decode_ulaw(byte),
            Self::Pcma => g711::decode_alaw(byte),
        }
    }
}

/// Rewrites payload bytes in place from one codec to another; does nothing when they are the same.
pub(crate) fn transcode(payload: &mut [u8], from: Codec, to: Codec) {
    let table = match (from, to) {
        (Codec::Pcmu, Codec::Pcma) => &g711::ULAW_TO_ALAW,
        (Codec::Pcma, Codec::Pcmu) => &g711::ALAW_TO_ULAW,
        (Codec::Pcmu, Codec::Pcmu) | (Codec::Pcma, Codec::Pcma) => return,
    };
    for byte in payload {
        *byte = table[usize::from(*byte)];
    }
}

/// How many samples last for `duration`, rounded down.
pub(crate) fn samples_in(duration: Duration) -> u64 {
    let samples = duration.as_nanos() * u128::from(SAMPLE_RATE) / 1_000_000_000;
    u64::try_from(samples).unwrap_or(u64::MAX)
}

/// How long `samples` last.
pub(crate) fn duration_of(samples: u64) -> Duration {
    let seconds = samples / u64::from(SAMPLE_RATE);
    let rest = samples % u64::from(SAMPLE_RATE);
    Duration::new(seconds, u32::try_from(rest * 125_000).unwrap_or(0))
}
