//! Whether something was heard that was encoded on its way, so that no byte of it is as it was.
//!
//! Shape: packets in, linear sound out; two linear sounds in, how alike they are out.
//! Units: samples of 8 kHz; a likeness is 1 where one sound is the other at some loudness, and about 0 where it has nothing of it. What
//! differs has then `1 - likeness * likeness` of the power.

use crate::stream::Received;
use antiphon_media::Codec;
use antiphon_media::codec::Decoder;
use antiphon_media::resample::Streaming;

/// The part of a sound by which its place is found: 100 ms.
const TELLING: usize = 800;
/// The longest packet of any codec: 120 ms of Opus.
const LONGEST: usize = 5_760;

/// The sound of packets of one codec.
pub fn linear(packets: &[Received], codec: Codec) -> Vec<i16> {
    let (mut decoder, mut conversion) = (Decoder::new(codec), Streaming::new(codec.sample_rate(), 8_000));
    let (mut own, mut narrow, mut heard) = (vec![0; LONGEST], vec![0; LONGEST], Vec::new());
    for packet in packets.iter().filter(|packet| packet.payload_type == codec.payload_type()) {
        let count = decoder.decode(&packet.payload, &mut own).unwrap_or(0);
        let count = conversion.run(&own[..count], &mut narrow);
        heard.extend_from_slice(&narrow[..count]);
    }
    heard
}

/// How alike `said` is to the part of `heard` that is most like it.
pub fn likeness(heard: &[i16], said: &[i16]) -> f64 {
    let loudest = said.chunks(TELLING).enumerate().max_by_key(|(_, part)| power(part) as u64);
    let Some((number, part)) = loudest else { return 0.0 };
    let places = heard.windows(part.len()).map(|place| alike(place, part)).enumerate();
    let Some((at, _)) = places.max_by(|(_, one), (_, other)| one.total_cmp(other)) else { return 0.0 };
    let begin = number * TELLING;
    let from = at.saturating_sub(begin);
    let said = &said[begin.saturating_sub(at)..];
    let length = said.len().min(heard.len() - from);
    alike(&heard[from..from + length], &said[..length])
}

fn power(sound: &[i16]) -> f64 {
    sound.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum()
}

/// The same for two sounds at one place.
fn alike(heard: &[i16], said: &[i16]) -> f64 {
    let product: f64 = heard.iter().zip(said).map(|(&one, &other)| f64::from(one) * f64::from(other)).sum();
    product / (power(heard) * power(said)).sqrt().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::noise;
    use std::time::Duration;

    #[test]
    fn a_sound_is_like_itself_at_any_loudness_and_place_and_like_no_other() {
        let said = noise(1, Duration::from_millis(300));
        let heard: Vec<i16> = [0; 777].into_iter().chain(said.iter().map(|sample| sample / 3)).collect();
        assert!(likeness(&heard, &said) > 0.99);
        assert!(likeness(&heard, &noise(2, Duration::from_millis(300))) < 0.3);
        assert!(likeness(&[], &said) == 0.0 && likeness(&heard, &[]) == 0.0);
    }
}
