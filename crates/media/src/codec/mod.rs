//! The codecs a stream can carry.
//!
//! Shape: [`Codec`] is a closed list with what RTP and SDP say of each; [`Decoder`] and [`Encoder`] are the coders themselves, one of
//! each for a direction of a stream where sound is not ready-made.
//! Units: linear sound is mono, of 16 bits, at [`Codec::sample_rate`]; RTP timestamps count at [`Codec::clock_rate`].
//! Errors: [`CodecError`] of a payload that cannot be decoded.
//! Sources: RFC 3551 table 4 (static payload types) and section 4.5; RFC 7587 (Opus).

mod conceal;
mod decoder;
mod encoder;
mod fade;
pub mod g711;
pub mod g722;
#[cfg(feature = "opus")]
pub(crate) mod opus;

pub use decoder::{CodecError, Decoder};
pub use encoder::Encoder;
pub(crate) use fade::{fade, sinks_in_place};
pub use g711::Law;

use std::time::Duration;

/// Samples in a second of narrow-band sound, which every prompt has.
pub const SAMPLE_RATE: u32 = 8_000;

/// Bits a second of Opus that we send: clear speech at the full band (RFC 7587 section 3.1.1 names 28 to 40 kbit/s).
pub(crate) const OPUS_BITRATE: u32 = 32_000;
/// Samples of 8 kHz in a millisecond.
pub(crate) const SAMPLES_PER_MS: usize = 8;
/// A packet of Opus that says nothing for 20 ms.
pub(crate) const OPUS_SILENCE: [u8; 3] = [0xF8, 0xFF, 0xFE];
/// The length of every packet of Opus that we send: prompts are ready-made packets, which cannot be cut.
pub(crate) const OPUS_PTIME: Duration = Duration::from_millis(20);

/// How many samples linear sound has in a second on the wire.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Band {
    /// 8,000.
    Narrow,
    /// 16,000.
    Wide,
}

/// A codec: how sound becomes payload bytes.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Codec {
    /// G.711 mu-law, static payload type 0 (RFC 3551 section 4.5.14).
    Pcmu,
    /// G.711 A-law, static payload type 8 (RFC 3551 section 4.5.14).
    Pcma,
    /// G.722 at 64 kbit/s, static payload type 9 (RFC 3551 section 4.5.2).
    G722,
    /// Linear samples of 16 bits in network order (RFC 3551 section 4.5.11).
    L16(Band),
    /// Opus, one channel (RFC 7587). Spoken only where the crate was built with the feature `opus`.
    Opus,
}

impl Codec {
    /// Every codec, whether built in or not.
    pub const ALL: [Self; 6] =
        [Self::Pcma, Self::Pcmu, Self::G722, Self::Opus, Self::L16(Band::Wide), Self::L16(Band::Narrow)];

    /// RTP ticks in a second. Those of G.722 are 8,000 by an old mistake that was kept (RFC 3551 section 4.5.2).
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 | Self::L16(Band::Narrow) => 8_000,
            Self::L16(Band::Wide) => 16_000,
            Self::Opus => 48_000,
        }
    }

    /// Samples in a second of the linear sound that its coders take and give.
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16(Band::Narrow) => 8_000,
            Self::G722 | Self::L16(Band::Wide) => 16_000,
            Self::Opus => 48_000,
        }
    }

    /// The payload type in our offers: the static one, or a dynamic one as most others number it.
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
            Self::L16(Band::Narrow) => 96,
            Self::L16(Band::Wide) => 97,
            Self::Opus => 111,
        }
    }

    /// The codec that a static payload type stands for, without an `a=rtpmap` (RFC 3551 table 4).
    pub const fn of_static_payload_type(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            9 => Some(Self::G722),
            _ => None,
        }
    }

    /// The encoding name of `a=rtpmap` (RFC 3551 section 6).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::L16(_) => "L16",
            Self::Opus => "opus",
        }
    }

    /// The law of a G.711 codec.
    pub const fn law(self) -> Option<Law> {
        match self {
            Self::Pcmu => Some(Law::Mu),
            Self::Pcma => Some(Law::A),
            Self::G722 | Self::L16(_) | Self::Opus => None,
        }
    }

    /// Bytes of payload in a millisecond; `None` for Opus, whose packets are as long as they turn out.
    pub const fn bytes_per_ms(self) -> Option<usize> {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => Some(8),
            Self::L16(Band::Narrow) => Some(16),
            Self::L16(Band::Wide) => Some(32),
            Self::Opus => None,
        }
    }

    /// Fills payload bytes with no sound. Opus has packets for that, and its bytes mean nothing.
    pub fn fill_silence(self, payload: &mut [u8]) {
        match self {
            Self::Pcmu => payload.fill(Law::Mu.silence()),
            Self::Pcma => payload.fill(Law::A.silence()),
            Self::G722 => {
                for (byte, code) in payload.iter_mut().zip(g722::SILENCE.into_iter().cycle()) {
                    *byte = code;
                }
            }
            Self::L16(_) | Self::Opus => payload.fill(0),
        }
    }

    /// Whether this build can speak it.
    pub const fn is_built(self) -> bool {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 | Self::L16(_) => true,
            Self::Opus => cfg!(feature = "opus"),
        }
    }
}

/// Rewrites payload bytes in place from one law of G.711 to the other; does nothing to other codecs, which have no table.
pub(crate) fn transcode(payload: &mut [u8], from: Codec, to: Codec) {
    let table = match (from.law(), to.law()) {
        (Some(Law::Mu), Some(Law::A)) => &g711::ULAW_TO_ALAW,
        (Some(Law::A), Some(Law::Mu)) => &g711::ALAW_TO_ULAW,
        _ => return,
    };
    for byte in payload {
        *byte = table[usize::from(*byte)];
    }
}

/// How many samples of 8 kHz last for `duration`, rounded down.
pub(crate) fn samples_in(duration: Duration) -> u64 {
    let samples = duration.as_nanos() * u128::from(SAMPLE_RATE) / 1_000_000_000;
    u64::try_from(samples).unwrap_or(u64::MAX)
}

/// How long `samples` of 8 kHz last.
pub(crate) fn duration_of(samples: u64) -> Duration {
    let seconds = samples / u64::from(SAMPLE_RATE);
    let rest = samples % u64::from(SAMPLE_RATE);
    Duration::new(seconds, u32::try_from(rest * 125_000).unwrap_or(0))
}

#[cfg(test)]
mod tests;
