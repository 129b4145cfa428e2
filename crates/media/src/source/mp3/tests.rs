use super::super::file::tests::fixture;
use super::*;

const MONO_16K: &[u8] = fixture!("mono-16k.mp3");
const MONO_44K: &[u8] = fixture!("mono-44k.mp3");
const TAGGED: &[u8] = fixture!("stereo-44k.mp3");

/// A tag with a picture of so many bytes, which claims to have others.
fn tag(claimed: usize, picture: usize) -> Vec<u8> {
    let seven = |shift: u32| (claimed >> shift & 0x7F) as u8;
    let head = [b'I', b'D', b'3', 4, 0, 0, seven(21), seven(14), seven(7), seven(0)];
    // A picture is full of what looks like the beginning of a frame.
    [&head[..], &[0xFF, 0xFB, 0x90, 0x00].repeat(picture / 4)].concat()
}

fn frames(file: &[u8]) -> Vec<(Header, &[u8])> {
    Frames::of(after_tags(file)).collect()
}

#[test]
fn a_picture_of_any_size_is_passed_over() {
    let plain = read(MONO_16K).unwrap();
    for picture in [0, 1_000, 2_000_000] {
        assert_eq!(read(&[&tag(picture, picture)[..], MONO_16K].concat()).unwrap(), plain, "{picture}");
    }
    assert_eq!(read(&[&tag(40, 40)[..], &tag(8, 8), MONO_16K].concat()).unwrap(), plain, "two tags");
    assert_eq!(read(&[&tag(1 << 27, 0)[..], MONO_16K].concat()), Err(Mp3Error::NoFrame), "a tag that lies");
}

#[test]
fn the_silence_that_an_encoder_adds_is_taken_off() {
    let sound = read(TAGGED).unwrap();
    assert_eq!(sound.samples.len(), 26_460, "600 ms, to the sample");
    let (first, frame) = frames(TAGGED)[0];
    assert_eq!(Tag::find(&first, frame), Some(Tag { start: 576 + 529, end: 612 - 529 }));
}

#[test]
fn how_many_frames_a_tag_claims_changes_nothing() {
    let plain = read(TAGGED).unwrap();
    let claims = TAGGED.windows(4).position(|window| window == b"Info" || window == b"Xing").unwrap() + 8;
    for claimed in [0_u32, 1, 5, u32::MAX] {
        let mut file = TAGGED.to_vec();
        file[claims..claims + 4].copy_from_slice(&claimed.to_be_bytes());
        assert_eq!(read(&file).unwrap(), plain, "{claimed}");
    }
}

#[test]
fn junk_between_frames_is_passed_over() {
    let all = frames(MONO_16K);
    let half = all[..all.len() / 2].iter().map(|(_, frame)| frame.len()).sum::<usize>();
    for junk in [&b"some text, \xFF\xFB\x90\x00, and more of it"[..], &[0xFF; 300], &[0; 5]] {
        let file = [&MONO_16K[..half], junk, &MONO_16K[half..]].concat();
        assert_eq!(frames(&file).len(), all.len(), "{junk:?}");
        assert_eq!(read(&file).unwrap().samples.len(), read(MONO_16K).unwrap().samples.len());
    }
    let tagged = [MONO_16K, b"TAG", &[b' '; 125]].concat();
    assert_eq!(frames(&tagged).len(), all.len(), "ID3v1 at the end");
    let one = all[0].1;
    assert_eq!(frames(one).len(), 1, "a single frame is followed by the end");
}

#[test]
fn mono_and_stereo_may_alternate() {
    let (mono, stereo) = (frames(MONO_44K), frames(TAGGED));
    let file: Vec<u8> = mono.iter().zip(&stereo[1..]).flat_map(|(one, two)| [one.1, two.1].concat()).collect();
    let sound = read(&file).unwrap();
    assert_eq!((sound.channels, sound.rate), (1, 44_100));
    assert_eq!(sound.samples.len() % 1_152, 0);
    assert!(sound.samples.len() >= 2 * 20 * 1_152, "{}", sound.samples.len());
}

#[test]
fn another_sample_rate_in_the_middle_is_refused() {
    let file = [MONO_16K, MONO_44K].concat();
    assert_eq!(read(&file), Err(Mp3Error::RateChanges { from: 16_000, to: 44_100 }));
}

#[test]
fn frames_without_any_sound_in_them_are_refused() {
    // Headers with nothing behind them: the side information is wrong in each.
    let header = &MONO_16K[..4];
    let frame = [header, &[0xFF; 140]].concat();
    let broken = frame.repeat(10);
    assert!(matches!(read(&broken), Err(Mp3Error::Broken | Mp3Error::NoFrame)), "{:?}", read(&broken));
    let only_tag = frames(TAGGED)[0].1;
    assert_eq!(read(only_tag), Err(Mp3Error::Empty));
}

/// Bytes of a frame and samples in it, for one header of each version.
#[test]
fn a_header_says_how_long_its_frame_is() {
    for (header, rate, channels, samples, length) in [
        ([0xFF, 0xFB, 0x90, 0x00], 44_100, 2, 1_152, 417),
        ([0xFF, 0xFB, 0x92, 0x00], 44_100, 2, 1_152, 418),
        ([0xFF, 0xFA, 0xE4, 0xC0], 48_000, 1, 1_152, 960),
        ([0xFF, 0xF3, 0x48, 0xC4], 16_000, 1, 576, 144),
        ([0xFF, 0xE3, 0x18, 0xC4], 8_000, 1, 576, 72),
    ] {
        let first = header[1] & 8 != 0 && header[1] & 16 != 0;
        let found = Sync::of(&header);
        assert_eq!(found, Some(Sync::Frame(Header { rate, channels, samples, length, first })), "{header:x?}");
    }
    for none in [[0xFF, 0xEB, 0x90, 0], [0xFF, 0xF9, 0x90, 0], [0xFF, 0xFB, 0xF0, 0], [0xFF, 0xFB, 0x9C, 0]] {
        assert_eq!(Sync::of(&none), None, "{none:x?}");
    }
}

/// Frames of 24 bytes, each of which lasts 24 ms.
#[test]
fn more_than_an_hour_is_refused() {
    let frame = [&b"\xFF\xF3\x14\xC0"[..], &[0; 20]].concat();
    let too_long = read(&frame.repeat(150_001)).unwrap_err();
    assert_eq!(too_long, Mp3Error::TooLong(TooLong));
}
