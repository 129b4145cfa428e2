//! Opus, by libopus: one channel at 48 kHz.
//!
//! Shape: an [`Encoder`] that makes one packet of one frame at a time, a [`Decoder`] that takes whatever a peer sends: any bandwidth, two
//! channels mixed into one, several frames a packet, packets of no bytes while nothing is said.
//! Units: samples at 48 kHz; [`OPUS_BITRATE`] bits a second.
//! Errors: `None` where libopus has no memory left; a malformed packet is refused.
//! Sources: RFC 6716; RFC 7587 section 3.1 (bit rates).

use super::{CodecError, OPUS_BITRATE};
use audiopus::coder;
use audiopus::{Application, Bitrate, Channels, SampleRate, Signal};

/// The loss that our in-band corrections are made for, in percent.
const EXPECTED_LOSS: u8 = 5;
/// Samples of a packet of ours: 20 ms.
pub(crate) const FRAME: usize = 960;
/// Packets at the beginning of a prompt that depend on none before them.
const ALONE: usize = 2;
/// The longest packet: 120 ms.
const MOST_SAMPLES: usize = 5_760;

/// Turns sound into packets.
pub(crate) struct Encoder(coder::Encoder);

/// Turns packets into sound.
pub(crate) struct Decoder(coder::Decoder);

impl Encoder {
    /// For sound that is said just now.
    pub(crate) fn new() -> Option<Self> {
        let mut encoder = coder::Encoder::new(SampleRate::Hz48000, Channels::Mono, Application::Voip).ok()?;
        encoder.set_bitrate(Bitrate::BitsPerSecond(OPUS_BITRATE as i32)).ok()?;
        encoder.set_signal(Signal::Voice).ok()?;
        encoder.set_inband_fec(true).ok()?;
        encoder.set_packet_loss_perc(EXPECTED_LOSS).ok()?;
        // Half of the greatest effort: a third of its time, and hard to tell apart.
        encoder.set_complexity(5).ok()?;
        Some(Self(encoder))
    }

    /// For prompts, which are encoded once and follow one another anyhow: by the transform alone, where a packet depends little on those
    /// before it, and with the greatest effort.
    pub(crate) fn of_prompts() -> Option<Self> {
        let mut encoder = coder::Encoder::new(SampleRate::Hz48000, Channels::Mono, Application::LowDelay).ok()?;
        encoder.set_bitrate(Bitrate::BitsPerSecond(OPUS_BITRATE as i32)).ok()?;
        encoder.set_complexity(10).ok()?;
        Some(Self(encoder))
    }

    /// Encodes a frame of 20 ms of a prompt. The first ones are told apart, because nobody knows what the receiver heard before them: a
    /// packet that says only how it differs from a past that never was comes out at full scale.
    pub(crate) fn encode_of_prompt(&mut self, number: usize, pcm: &[i16], payload: &mut [u8]) -> usize {
        // An encoder that does not know the setting makes the packets that it makes.
        let _ = self.0.set_prediction_disabled(number < ALONE);
        self.encode(pcm, payload)
    }

    /// Encodes a frame of 10, 20, 40 or 60 ms; another makes no packet.
    pub(crate) fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> usize {
        self.0.encode(pcm, payload).unwrap_or(0)
    }
}

impl Decoder {
    pub(crate) fn new() -> Option<Self> {
        coder::Decoder::new(SampleRate::Hz48000, Channels::Mono).ok().map(Self)
    }

    /// Decodes a packet. One of no bytes says nothing, and no samples.
    pub(crate) fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        if payload.is_empty() {
            return Ok(0);
        }
        let samples = audiopus::packet::nb_samples(payload, SampleRate::Hz48000).map_err(|_| CodecError::Malformed)?;
        if samples > pcm.len() {
            return Err(CodecError::NoRoom);
        }
        self.0.decode(Some(payload), pcm, false).map_err(|_| CodecError::Malformed)
    }

    /// What libopus makes up for as many samples, in pieces of 2.5 ms; less than that is silence.
    pub(crate) fn conceal(&mut self, pcm: &mut [i16]) {
        for part in pcm.chunks_mut(MOST_SAMPLES) {
            let whole = part.len() / 120 * 120;
            let (now, rest) = part.split_at_mut(whole);
            rest.fill(0);
            if !now.is_empty() && self.0.decode(None::<&[u8]>, &mut *now, false).is_err() {
                now.fill(0);
            }
        }
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("opus::Encoder")
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("opus::Decoder")
    }
}
