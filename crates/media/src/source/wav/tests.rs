use super::*;
use proptest::prelude::*;

fn chunk(name: &[u8; 4], claimed: u32, body: &[u8]) -> Vec<u8> {
    [&name[..], &claimed.to_le_bytes(), body].concat()
}

fn fmt(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let align = channels * (bits / 8);
    let rate_bytes = rate.wrapping_mul(u32::from(align));
    let body = [
        &tag.to_le_bytes()[..],
        &channels.to_le_bytes(),
        &rate.to_le_bytes(),
        &rate_bytes.to_le_bytes(),
        &align.to_le_bytes(),
        &bits.to_le_bytes(),
    ];
    chunk(b"fmt ", 16, &body.concat())
}

fn extensible(guid: &[u8; 16]) -> Vec<u8> {
    let plain = fmt(TAG_EXTENSIBLE, 1, 8_000, 16);
    let body = [&plain[8..], &[22, 0, 16, 0, 4, 0, 0, 0], guid].concat();
    chunk(b"fmt ", 40, &body)
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    [&b"RIFF"[..], &[0xFF; 4], b"WAVE", &chunks.concat()].concat()
}

fn check(name: &str, chunks: &[Vec<u8>], expect: Result<&[i16], WavError>) {
    let found = read(&riff(chunks)).map(|wav| wav.samples);
    assert_eq!(found.as_deref().map_err(|error| *error), expect, "{name}");
}

#[test]
fn each_encoding_is_read() {
    let data = |body: &[u8]| chunk(b"data", body.len() as u32, body);
    check("8 bit", &[fmt(1, 1, 8_000, 8), data(&[0x80, 0xFF, 0x00])], Ok(&[0, 0x7F00, -0x8000]));
    check("16 bit", &[fmt(1, 1, 8_000, 16), data(&[0x34, 0x12, 0, 0x80])], Ok(&[0x1234, -0x8000]));
    check("24 bit", &[fmt(1, 1, 8_000, 24), data(&[9, 0x34, 0x12])], Ok(&[0x1234]));
    check("32 bit", &[fmt(1, 1, 8_000, 32), data(&[9, 9, 0x34, 0x12])], Ok(&[0x1234]));
    check("A-law", &[fmt(6, 1, 8_000, 8), data(&[0xD5, 0x2A])], Ok(&[8, -32_256]));
    check("mu-law", &[fmt(7, 1, 8_000, 8), data(&[0xFF, 0x00])], Ok(&[0, -32_124]));
    check("stereo", &[fmt(1, 2, 8_000, 16), data(&[0, 0x10, 0, 0x30, 9])], Ok(&[0x2000]));
    check("stereo extremes", &[fmt(1, 2, 8_000, 16), data(&[0, 0x80, 0, 0x80])], Ok(&[i16::MIN]));
    let pcm = [1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
    check("extensible", &[extensible(&pcm), data(&[1, 0])], Ok(&[1]));
}

#[test]
fn lengths_that_lie_mean_what_is_there() {
    let format = fmt(1, 1, 8_000, 16);
    for claimed in [0, 5, 0x7FFF_F000, 0xFFFF_FFFF] {
        check(&format!("{claimed:#x}"), &[format.clone(), chunk(b"data", claimed, &[1, 0, 2, 0, 9])], Ok(&[1, 2]));
    }
    let huge = chunk(b"LIST", 0xFFFF_FFFF, b"x");
    check("a lying chunk hides the data", &[format.clone(), huge], Err(WavError::MissingData));
    check("short format", &[chunk(b"fmt ", 16, &[1, 0])], Err(WavError::ShortFormat { found: 2 }));
}

#[test]
fn odd_chunks_are_read_with_their_pad_and_without() {
    let format = fmt(1, 1, 8_000, 16);
    let data = chunk(b"data", 2, &[1, 0]);
    check("padded", &[chunk(b"LIST", 3, &[1, 2, 3, 0]), format.clone(), data.clone()], Ok(&[1]));
    check("not padded", &[chunk(b"LIST", 3, &[1, 2, 3]), format.clone(), data.clone()], Ok(&[1]));
    check("data first", &[data, format], Ok(&[1]));
}

#[test]
fn what_cannot_be_used_is_named() {
    let data = chunk(b"data", 4, &[0; 4]);
    let table = [
        ("float", fmt(3, 1, 8_000, 32), WavError::UnsupportedFormat { tag: 3 }),
        ("GSM", fmt(0x31, 1, 8_000, 0), WavError::UnsupportedFormat { tag: 0x31 }),
        ("12 bit", fmt(1, 1, 8_000, 12), WavError::UnsupportedBits { tag: 1, bits: 12 }),
        ("16-bit A-law", fmt(6, 1, 8_000, 16), WavError::UnsupportedBits { tag: 6, bits: 16 }),
        ("no channel", fmt(1, 0, 8_000, 16), WavError::UnsupportedChannels { found: 0 }),
        ("nine channels", fmt(1, 9, 8_000, 16), WavError::UnsupportedChannels { found: 9 }),
        ("rate 0", fmt(1, 1, 0, 16), WavError::UnsupportedRate { found: 0 }),
        ("rate 192001", fmt(1, 1, 192_001, 16), WavError::UnsupportedRate { found: 192_001 }),
        ("subformat", extensible(&[7; 16]), WavError::UnsupportedSubformat),
    ];
    for (name, format, error) in table {
        check(name, &[format, data.clone()], Err(error));
    }
    check("no fmt", std::slice::from_ref(&data), Err(WavError::MissingFormat));
    check("no data", &[fmt(1, 1, 8_000, 16)], Err(WavError::MissingData));
    check("half a sample", &[fmt(1, 1, 8_000, 16), chunk(b"data", 1, &[0])], Err(WavError::Empty));
    let hour = vec![0; 1_000 * 3_600 + 1];
    check("over an hour", &[fmt(7, 1, 1_000, 8), chunk(b"data", 0, &hour)], Err(WavError::TooLong));
    for bytes in [&b""[..], b"RIFF", b"RIFX\0\0\0\0WAVE", b"RIFF\0\0\0\0AVI "] {
        assert_eq!(read(bytes), Err(WavError::NotWav));
    }
    let message = WavError::UnsupportedFormat { tag: 3 }.to_string();
    assert_eq!(message, "format tag 0x0003 (floating point) is not PCM, A-law or mu-law");
}

#[test]
fn files_of_another_writer_are_read() {
    for (channels, bits) in [(1, 8), (2, 16), (3, 24), (8, 32)] {
        let spec = hound::WavSpec {
            channels,
            sample_rate: 44_100,
            bits_per_sample: bits,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        for frame in 0..100i32 {
            for _ in 0..channels {
                writer.write_sample(frame << (bits - 8)).unwrap();
            }
        }
        writer.finalize().unwrap();
        let wav = read(file.get_ref()).unwrap();
        assert_eq!(wav.rate, 44_100);
        let expect: Vec<i16> = (0..100).map(|frame| frame << 8).collect();
        assert_eq!(wav.samples, expect, "{bits} bits");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = read(&bytes);
        let _ = read(&riff(&[bytes]));
    }
}
