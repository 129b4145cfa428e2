//! G.711: linear samples to mu-law and A-law, back, and from one law to the other.
//!
//! Shape: constant functions and 256-byte tables; all are total, no input is wrong.
//! Units: linear samples are 16-bit, of which mu-law keeps 14 bits and A-law 13, left-justified.
//! Sources: ITU-T G.711 (11/88) tables 1a to 2b (the laws), 3 and 4 (from one law to the other).

/// One of the two laws of G.711.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Law {
    /// Mu-law, of North America and Japan.
    Mu,
    /// A-law, of everywhere else.
    A,
}

impl Law {
    /// The byte that stands for no sound.
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xFF,
            Self::A => 0xD5,
        }
    }

    /// Encodes one linear sample.
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Mu => encode_ulaw(sample),
            Self::A => encode_alaw(sample),
        }
    }

    /// Decodes one byte.
    pub const fn decode(self, byte: u8) -> i16 {
        match self {
            Self::Mu => decode_ulaw(byte),
            Self::A => decode_alaw(byte),
        }
    }

    /// Decodes as many bytes as `pcm` holds.
    pub fn decode_all(self, payload: &[u8], pcm: &mut [i16]) {
        let table = match self {
            Self::Mu => &ULAW_DECODED,
            Self::A => &ALAW_DECODED,
        };
        for (sample, &byte) in pcm.iter_mut().zip(payload) {
            *sample = table[usize::from(byte)];
        }
    }

    /// Encodes as many samples as `payload` holds, and answers how many.
    pub fn encode_all(self, pcm: &[i16], payload: &mut [u8]) -> usize {
        // The law is asked once, not for every sample.
        match self {
            Self::Mu => encode_all(pcm, payload, encode_ulaw),
            Self::A => encode_all(pcm, payload, encode_alaw),
        }
    }
}

fn encode_all(pcm: &[i16], payload: &mut [u8], encode: impl Fn(i16) -> u8) -> usize {
    for (byte, &sample) in payload.iter_mut().zip(pcm) {
        *byte = encode(sample);
    }
    payload.len().min(pcm.len())
}

/// Added to a magnitude before mu-law segments it; 33 in the 14-bit terms of G.711.
const ULAW_BIAS: i32 = 0x84;
/// The largest magnitude that mu-law can say once biased.
const ULAW_CLIP: i32 = 32_635;
/// G.711 inverts the even bits of each A-law octet.
const ALAW_EVEN_BITS: u8 = 0x55;
const SIGN: u8 = 0x80;
const MAGNITUDE: u8 = 0x7F;

static ULAW_DECODED: [i16; 256] = decoded_ulaw_table();
static ALAW_DECODED: [i16; 256] = decoded_alaw_table();

/// Each mu-law octet as the A-law octet of G.711 table 3.
pub static ULAW_TO_ALAW: [u8; 256] = ulaw_to_alaw_table();
/// Each A-law octet as the mu-law octet of G.711 table 4.
pub static ALAW_TO_ULAW: [u8; 256] = alaw_to_ulaw_table();

/// The linear sample that a mu-law octet stands for.
pub const fn decode_ulaw(byte: u8) -> i16 {
    ULAW_DECODED[byte as usize]
}

/// The linear sample that an A-law octet stands for.
pub const fn decode_alaw(byte: u8) -> i16 {
    ALAW_DECODED[byte as usize]
}

/// The mu-law octet nearest to a linear sample.
pub const fn encode_ulaw(sample: i16) -> u8 {
    let wide = sample as i32;
    let sign = if wide < 0 { 0 } else { SIGN };
    let magnitude = if wide < 0 { -wide } else { wide };
    let clipped = if magnitude > ULAW_CLIP { ULAW_CLIP } else { magnitude };
    let biased = clipped + ULAW_BIAS;
    // The bias makes bit 7 the lowest leading bit, so this is the segment, 0 to 7.
    let segment = 24 - biased.leading_zeros() as i32;
    let step = (biased >> (segment + 3)) & 0x0F;
    let number = ((segment << 4) | step) as u8;
    sign | (!number & MAGNITUDE)
}

/// The A-law octet nearest to a linear sample.
pub const fn encode_alaw(sample: i16) -> u8 {
    let wide = sample as i32;
    let sign = if wide < 0 { 0 } else { SIGN };
    // One's complement puts -1 into the first negative interval, as the decision value 0 asks.
    let magnitude = (if wide < 0 { !wide } else { wide }) >> 4;
    let number = if magnitude < 32 {
        // The two lowest segments have the same step.
        magnitude
    } else {
        let segment = 28 - magnitude.leading_zeros() as i32;
        (segment << 4) | ((magnitude >> (segment - 1)) & 0x0F)
    };
    (sign | number as u8) ^ ALAW_EVEN_BITS
}

const fn decoded_ulaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let number = !(code as u8) & MAGNITUDE;
        let segment = (number >> 4) as i32;
        let step = (number & 0x0F) as i32;
        let magnitude = (((step << 3) + ULAW_BIAS) << segment) - ULAW_BIAS;
        table[code] = if code as u8 & SIGN == 0 { -magnitude as i16 } else { magnitude as i16 };
        code += 1;
    }
    table
}

const fn decoded_alaw_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let plain = code as u8 ^ ALAW_EVEN_BITS;
        let segment = ((plain & MAGNITUDE) >> 4) as i32;
        let step = (plain & 0x0F) as i32;
        let magnitude = match segment {
            0 => (step << 4) + 8,
            _ => ((step << 4) + 0x108) << (segment - 1),
        };
        table[code] = if plain & SIGN == 0 { -magnitude as i16 } else { magnitude as i16 };
        code += 1;
    }
    table
}

/// The A-law output number, from 1, that G.711 table 3 gives to a mu-law output number, from 0.
const fn alaw_number(ulaw: u8) -> u8 {
    match ulaw {
        0..=15 => ulaw / 2 + 1,
        16..=31 => ulaw - 7,
        // Mu-law steps are twice as wide as A-law steps here.
        32..=35 => 25 + 2 * (ulaw - 32),
        36..=47 => ulaw - 3,
        48 => 46,
        49..=63 => ulaw - 1,
        64..=79 => ulaw,
        _ => ulaw + 1,
    }
}

/// The mu-law output number of G.711 table 4: the largest whose A-law number is not above `alaw`.
const fn ulaw_number(alaw: u8) -> u8 {
    let mut ulaw = MAGNITUDE;
    while ulaw > 0 && alaw_number(ulaw) > alaw {
        ulaw -= 1;
    }
    ulaw
}

const fn ulaw_to_alaw_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let byte = code as u8;
        let number = alaw_number(!byte & MAGNITUDE) - 1;
        table[code] = ((byte & SIGN) | number) ^ ALAW_EVEN_BITS;
        code += 1;
    }
    table
}

const fn alaw_to_ulaw_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let plain = code as u8 ^ ALAW_EVEN_BITS;
        let number = ulaw_number((plain & MAGNITUDE) + 1);
        table[code] = (plain & SIGN) | (!number & MAGNITUDE);
        code += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_decoding_and_encoding() {
        for code in 0..=255u8 {
            assert_eq!(encode_alaw(decode_alaw(code)), code, "A-law {code:#04x}");
            // Negative zero decodes to zero, which has one code.
            let expect = if code == 0x7F { 0xFF } else { code };
            assert_eq!(encode_ulaw(decode_ulaw(code)), expect, "mu-law {code:#04x}");
        }
    }

    #[test]
    fn known_values_of_the_recommendation() {
        let ulaw = [(0xFF, 0), (0x7F, 0), (0x80, 32_124), (0x00, -32_124), (0xFE, 8), (0xEF, 132), (0x8F, 16_764)];
        for (code, expect) in ulaw {
            assert_eq!(decode_ulaw(code), expect, "mu-law {code:#04x}");
        }
        let alaw = [(0xD5, 8), (0x55, -8), (0xAA, 32_256), (0x2A, -32_256), (0xC5, 264), (0xD4, 24)];
        for (code, expect) in alaw {
            assert_eq!(decode_alaw(code), expect, "A-law {code:#04x}");
        }
    }

    #[test]
    fn every_sample_goes_to_the_nearest_code() {
        for sample in i16::MIN..=i16::MAX {
            let wide = i32::from(sample);
            for (name, decoded, top) in
                [("mu", decode_ulaw(encode_ulaw(sample)), 32_124), ("A", decode_alaw(encode_alaw(sample)), 32_256)]
            {
                let error = (i32::from(decoded) - wide.clamp(-top, top)).abs();
                // Half a step: the step is 1/16 of the segment, whose width is at most the magnitude.
                let half_step = (wide.abs() + 132) / 32 + 8;
                assert!(error <= half_step, "{name} {sample}: {decoded}");
            }
        }
    }

    /// G.711 section 3: what a passage through the other law and back changes.
    #[test]
    fn a_passage_through_the_other_law_changes_only_the_codes_that_g711_names() {
        for code in 0..=255u8 {
            let ulaw = !code & MAGNITUDE;
            let back = !ALAW_TO_ULAW[usize::from(ULAW_TO_ALAW[usize::from(code)])] & MAGNITUDE;
            let expect = if ulaw <= 14 && ulaw.is_multiple_of(2) { ulaw + 1 } else { ulaw };
            assert_eq!(back, expect, "mu-law number {ulaw}");

            let alaw = ((code ^ ALAW_EVEN_BITS) & MAGNITUDE) + 1;
            let octet = ULAW_TO_ALAW[usize::from(ALAW_TO_ULAW[usize::from(code)])];
            let back = ((octet ^ ALAW_EVEN_BITS) & MAGNITUDE) + 1;
            let expect = if [26, 28, 30, 32, 45, 47, 63, 80].contains(&alaw) { alaw - 1 } else { alaw };
            assert_eq!(back, expect, "A-law number {alaw}");
        }
    }

    #[test]
    fn the_other_law_says_nearly_the_same_and_never_changes_sign() {
        for code in 0..=255u8 {
            let there = i32::from(decode_alaw(ULAW_TO_ALAW[usize::from(code)]));
            let here = i32::from(decode_ulaw(code));
            assert!((there - here).abs() <= here.abs() / 16 + 16, "{code:#04x}: {here} {there}");
            assert_eq!(ULAW_TO_ALAW[usize::from(code)] & SIGN, code & SIGN);
            assert_eq!(ALAW_TO_ULAW[usize::from(code)] & SIGN, code & SIGN);
        }
        assert_eq!(ULAW_TO_ALAW[0xFF], 0xD5);
        assert_eq!(ALAW_TO_ULAW[0x2A], 0x00);
    }
}
