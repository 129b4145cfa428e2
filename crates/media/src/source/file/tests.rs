use super::*;
use crate::source::quality::{assess, assess_file};
use proptest::prelude::*;
use std::time::Duration;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/", $name)).as_slice()
    };
}
pub(in crate::source) use fixture;

const ENCODED: [(&[u8], Format, u32, u16); 7] = [
    (fixture!("mono-8k.mp3"), Format::Mp3, 8_000, 1),
    (fixture!("mono-16k.mp3"), Format::Mp3, 16_000, 1),
    (fixture!("mono-44k.mp3"), Format::Mp3, 44_100, 1),
    (fixture!("stereo-44k.mp3"), Format::Mp3, 44_100, 2),
    (fixture!("mono-16k.ogg"), Format::Vorbis, 16_000, 1),
    (fixture!("stereo-44k.ogg"), Format::Vorbis, 44_100, 2),
    (fixture!("six-96k.ogg"), Format::Vorbis, 96_000, 6),
];

/// How often a sound goes up through zero, in a second of its middle.
fn pitch(sound: &Decoded) -> f64 {
    let middle = &sound.samples[sound.samples.len() / 4..sound.samples.len() * 3 / 4];
    let up = middle.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    up as f64 * f64::from(sound.rate) / middle.len() as f64
}

#[test]
fn what_programs_of_others_encoded_is_the_tone_that_they_were_given() {
    for (file, format, rate, channels) in ENCODED {
        let sound = read(file).unwrap();
        let name = format!("{format:?} {rate} {channels}");
        assert_eq!((sound.format, sound.rate, sound.channels), (format, rate, channels));
        let pitch = pitch(&sound);
        assert!((pitch - 1_000.0).abs() < 10.0, "{name}: {pitch} Hz");
        let middle = &sound.samples[sound.samples.len() / 4..sound.samples.len() * 3 / 4];
        let quality = assess(middle, rate);
        assert!((quality.loudness.unwrap() + 23.0).abs() < 0.5, "{name}: {quality:?}");
        assert!((quality.peak.unwrap() + 20.0).abs() < 2.0, "{name}: {quality:?}");
    }
}

#[test]
fn a_wav_file_is_read_as_before() {
    let mut file = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    [100i16, 300, -7, -9].iter().for_each(|&sample| writer.write_sample(sample).unwrap());
    writer.finalize().unwrap();
    let sound = read(&file.into_inner()).unwrap();
    assert_eq!(sound, Decoded { format: Format::Wav, rate: 16_000, channels: 2, samples: vec![200, -8], cancelled: 0 });
}

/// A telephone has one channel, and what is opposite in two is silent there.
#[test]
fn channels_that_cancel_each_other_are_told() {
    let stereo = |right: fn(i16, i16) -> i16| {
        let mut file = std::io::Cursor::new(Vec::new());
        let (bits_per_sample, sample_format) = (16, hound::SampleFormat::Int);
        let spec = hound::WavSpec { channels: 2, sample_rate: 8_000, bits_per_sample, sample_format };
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        let tone =
            |at: u32, hertz: f64| (8_000.0 * (std::f64::consts::TAU * hertz * f64::from(at) / 8_000.0).sin()) as i16;
        for (left, other) in (0..8_000).map(|at| (tone(at, 440.0), tone(at, 1_000.0))) {
            writer.write_sample(left).unwrap();
            writer.write_sample(right(left, other)).unwrap();
        }
        writer.finalize().unwrap();
        let sound = read(&file.into_inner()).unwrap();
        (sound.cancelled, assess_file(&sound).warnings().iter().map(ToString::to_string).collect::<String>())
    };
    assert_eq!(stereo(|left, _| left), (0, String::new()), "the same in both");
    assert_eq!(stereo(|_, other| other), (0, String::new()), "each its own");
    assert_eq!(stereo(|_, _| 0), (0, String::new()), "one alone");
    let (lost, said) = stereo(|left, _| -left);
    assert_eq!(lost, 96);
    assert!(said.contains("cancel each other") && said.contains("Nothing can be heard"), "{said}");
    let (lost, said) = stereo(|left, _| -left / 4 * 3);
    assert!((10..16).contains(&lost) && said.contains("cancel each other"), "{lost} {said}");
}

#[test]
fn what_is_not_read_is_named() {
    let check = |file: &[u8], said: &str| {
        let message = read(file).unwrap_err().to_string();
        assert!(message.contains(said), "{message}");
    };
    check(b"", "neither a WAV file nor MP3 nor Ogg");
    check(b"hello", "neither a WAV file nor MP3 nor Ogg");
    check(b"RIFF\0\0\0\0AVI ", "not a WAV file");
    check(b"fLaC\0\0\0\x22", "FLAC is not read");
    check(b"\0\0\0\x20ftypM4A ", "MPEG-4 (M4A, AAC)");
    check(b"\xFF\xF1\x50\x80\0", "AAC");
    check(b"#!AMR\n", "AMR");
    check(b"ID3\x04 and so on", "no frame of MPEG layer III");
    check(b"\xFF\xFB\x90\x00", "no frame of MPEG layer III");
    check(b"\xFF\xFD\x90\x00", "MPEG layer 2");
    check(b"\xFF\xFB\x00\x00", "free bit rate");
    check(fixture!("mono-16k.opus"), "Opus in Ogg is not read");
    check(b"OggS", "no Vorbis sound");
}

#[test]
fn no_more_is_kept_than_an_hour() {
    let mut sound = Mono::at(1);
    assert_eq!(sound.silence(3_599), Ok(()));
    assert_eq!(sound.mix(&[&[0.0]]), Ok(()));
    assert_eq!(sound.mix(&[&[0.0]]), Err(TooLong));
    assert_eq!(sound.silence(1), Err(TooLong));
    assert_eq!(sound.len(), 3_600);
    let mut wide = Mono::at(192_000);
    assert_eq!(wide.silence(MAX_SAMPLES + 1), Err(TooLong));
    assert!(MAX_SAMPLES as u64 >= MAX_DURATION.as_secs() * 16_000, "a whole hour of the widest band that is kept");
}

#[test]
fn channels_are_averaged_and_what_is_louder_than_full_scale_is_cut() {
    let mut sound = Mono::at(8_000);
    sound.mix(&[&[0.5, 1.5, -1.5, f32::NAN], &[0.25, 1.0, -1.0, 0.0]]).unwrap();
    assert_eq!(sound.trimmed(0, 0), [12_288, i16::MAX, i16::MIN, 0]);
    let mut sound = Mono::at(8_000);
    sound.mix(&[&[0.0, 0.5, 0.0]]).unwrap();
    assert_eq!(sound.trimmed(1, 1), [16_384]);
    let mut sound = Mono::at(8_000);
    sound.silence(3).unwrap();
    assert_eq!(sound.trimmed(9, 1), []);
}

/// A file that ends anywhere, or of which a byte is wrong, is a sound or an error.
#[test]
fn a_file_cut_off_anywhere_is_a_shorter_sound_or_an_error() {
    for (file, _, rate, _) in ENCODED {
        let whole = read(file).unwrap();
        for end in (0..file.len()).step_by(file.len() / 25) {
            if let Ok(part) = read(&file[..end]) {
                // What is cut is at the end, where the encoder's own silence would have been trimmed as well.
                assert!(part.samples.len() <= whole.samples.len() + 2_304, "{rate} cut at {end}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_is_a_sound_or_an_error(
        which in 0..ENCODED.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut file = ENCODED[which].0.to_vec();
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Ok(sound) = read(&file) {
            prop_assert!(!sound.samples.is_empty());
            let quality = assess(&sound.samples, sound.rate);
            prop_assert!(quality.duration < Duration::from_secs(60));
        }
    }

    #[test]
    fn any_bytes_are_a_sound_or_an_error(start in 0..4_usize, bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let begin: [&[u8]; 4] = [b"", b"\xFF\xFB\x90\x00", b"OggS\0\x02", b"ID3\x04\0\0\0\0\0\0\xFF\xF3\x48\xC4"];
        let _ = read(&[begin[start], &bytes].concat());
    }
}
