use super::super::file::tests::fixture;
use super::*;

const SOUND: &[u8] = fixture!("mono-16k.ogg");

/// A page, with its checksum.
fn page(flags: u8, serial: u32, sequence: u32, granule: u64, pieces: &[&[u8]]) -> Vec<u8> {
    let lacing: Vec<u8> = pieces.iter().map(|piece| u8::try_from(piece.len()).unwrap()).collect();
    let mut page = [b"OggS\0", &[flags][..], &granule.to_le_bytes(), &serial.to_le_bytes()].concat();
    page.extend([&sequence.to_le_bytes()[..], &[0; 4], &[lacing.len() as u8], &lacing, &pieces.concat()].concat());
    let sum = checksum(&page);
    page[22..26].copy_from_slice(&sum.to_le_bytes());
    page
}

fn read(file: &[u8]) -> Result<(Vec<Vec<u8>>, Option<u64>), OggError> {
    let mut found = Vec::new();
    let end = packets(file, |packet| {
        found.push(packet.to_vec());
        Ok(())
    })?;
    Ok((found, end))
}

const BEGIN: &[u8] = b"\x01vorbis and so on";

#[test]
fn packets_are_put_together_from_pieces_and_pages() {
    let long = [7; 255];
    let file = [
        page(FIRST, 5, 9, 0, &[BEGIN]),
        page(0, 5, 10, NO_GRANULE, &[b"two", &long, &long]),
        page(CONTINUED, 5, 11, 80, &[b"", &long, b"xy", b"three"]),
    ]
    .concat();
    let (found, end) = read(&file).unwrap();
    let expect: [&[u8]; 5] = [BEGIN, b"two", &[7; 510], &[&long[..], b"xy"].concat(), b"three"];
    assert_eq!(found, expect);
    assert_eq!(end, Some(80));
}

#[test]
fn other_streams_and_what_is_between_pages_are_passed_over() {
    let file = [
        page(FIRST, 1, 0, 0, &[b"fishead\0"]),
        page(FIRST, 2, 0, 0, &[b"\x80theora"]),
        page(FIRST, 5, 0, 0, &[BEGIN]),
        page(0, 2, 7, 99, &[b"a picture"]),
        b"junk OggOggS".to_vec()[..8].to_vec(),
        page(0, 5, 1, 3, &[b"sound"]),
    ]
    .concat();
    let (found, end) = read(&file).unwrap();
    assert_eq!(found, [BEGIN, b"sound"]);
    assert_eq!(end, Some(3));
}

#[test]
fn a_file_that_is_cut_off_ends_there() {
    let file = [page(FIRST, 5, 0, 0, &[BEGIN]), page(0, 5, 1, 3, &[b"sound"])].concat();
    let whole = page(FIRST, 5, 0, 0, &[BEGIN]).len();
    for end in whole..file.len() {
        assert_eq!(read(&file[..end]).unwrap().0, [BEGIN], "{end}");
    }
    assert_eq!(read(&file[..whole - 1]), Err(OggError::NoVorbis));
}

#[test]
fn what_is_wrong_is_named() {
    let begin = page(FIRST, 5, 0, 0, &[BEGIN]);
    let mut damaged = page(0, 5, 1, 3, &[b"sound"]);
    *damaged.last_mut().unwrap() ^= 1;
    let check = |rest: &[u8], expect| assert_eq!(read(&[&begin[..], rest].concat()).unwrap_err(), expect);
    check(&damaged, OggError::Damaged(1));
    check(&page(0, 5, 3, 3, &[b"sound"]), OggError::MissingPage(1));
    check(&page(CONTINUED, 5, 1, 3, &[b"sound"]), OggError::Damaged(1));
    check(&page(FIRST, 6, 0, 0, &[BEGIN]), OggError::Chained);
    check(&page(FIRST, 5, 1, 0, &[BEGIN]), OggError::Chained);
    let only = |packet: &[u8]| read(&page(FIRST, 5, 0, 0, &[packet])).unwrap_err();
    assert_eq!(only(b"OpusHead"), OggError::Codec("Opus"));
    assert_eq!(only(b"Speex   1.2"), OggError::Codec("Speex"));
    assert_eq!(only(b"\x7fFLAC"), OggError::Codec("FLAC"));
    assert_eq!(only(b"what is it"), OggError::NoVorbis);
}

/// Pages that others have written carry the checksum that we calculate.
#[test]
fn the_checksum_is_that_of_other_programs() {
    let (found, end) = read(SOUND).unwrap();
    assert!(found.len() > 5 && found[1].starts_with(b"\x03vorbis") && found[2].starts_with(b"\x05vorbis"));
    assert_eq!(end, Some(9_600), "600 ms at 16 kHz");
}
