use super::super::file::tests::fixture;
use super::super::vorbis_setup::SetupError;
use super::*;

const SOUND: &[u8] = fixture!("mono-16k.ogg");

/// The packets of a file, in pages of their own.
fn paged(packets: &[Vec<u8>], end: u64) -> Vec<u8> {
    let page = |(sequence, packet): (usize, &Vec<u8>)| {
        let flags = if sequence == 0 { 2 } else { 0 };
        let mut lacing = vec![255; packet.len() / 255];
        lacing.push((packet.len() % 255) as u8);
        let (sequence, pieces) = (sequence as u32, lacing.len() as u8);
        let head = [b"OggS\0", &[flags][..], &end.to_le_bytes(), &[0; 4], &sequence.to_le_bytes()].concat();
        let mut page = [&head[..], &[0; 4], &[pieces], &lacing, packet].concat();
        let sum = ogg::checksum(&page);
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        page
    };
    packets.iter().enumerate().flat_map(page).collect()
}

fn packets() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    ogg::packets(SOUND, |packet| {
        // A comment may be long: what is in it is nobody's concern here.
        all.push(packet.to_vec());
        Ok(())
    })
    .unwrap();
    // The setup of a real file takes several pages; what is tested here does not need them.
    all
}

/// The same sound with one of its first two headers changed.
fn with(change: impl Fn(&mut Vec<Vec<u8>>)) -> Result<Decoded, OggError> {
    let mut stage = Stage::Identification;
    let mut all = packets();
    change(&mut all);
    for packet in &all {
        stage.take(packet)?;
    }
    match stage {
        Stage::Sound(sound) => sound.finish(Some(9_600)),
        _ => Err(OggError::Headers),
    }
}

#[test]
fn the_last_page_says_where_the_sound_ends() {
    assert_eq!(read(SOUND).unwrap().samples.len(), 9_600);
    let decoded = |end| {
        let mut stage = Stage::Identification;
        packets().iter().for_each(|packet| stage.take(packet).unwrap());
        let Stage::Sound(sound) = stage else { panic!("no sound") };
        sound.finish(end).map(|sound| sound.samples.len())
    };
    let whole = decoded(None).unwrap();
    assert!(whole > 9_600);
    // No more than one block can be surplus: an end that lies takes nothing away.
    assert_eq!(decoded(Some(0)), Ok(whole));
    assert_eq!(decoded(Some(u64::MAX - 1)), Ok(whole));
}

#[test]
fn headers_that_are_missing_or_wrong_are_named() {
    for gone in 0..3 {
        assert_eq!(with(|all| drop(all.remove(gone))), Err(OggError::Headers), "{gone}");
    }
    assert_eq!(with(|all| all.truncate(2)), Err(OggError::Headers));
    assert_eq!(with(|all| all.truncate(3)), Err(OggError::Broken));
    assert_eq!(with(|all| all[0].truncate(29)), Err(OggError::Headers));
    assert_eq!(with(|all| all[0][11] = 0), Err(OggError::UnsupportedChannels { found: 0 }));
    assert_eq!(with(|all| all[0][11] = 9), Err(OggError::UnsupportedChannels { found: 9 }));
    assert_eq!(with(|all| all[0][12..16].fill(0xFF)), Err(OggError::UnsupportedRate { found: u32::MAX }));
    assert_eq!(with(|all| all[2].truncate(100)), Err(OggError::Setup(SetupError::Ended)));
}

#[test]
fn packets_that_are_no_sound_are_left_out() {
    let whole = with(|_| {}).unwrap().samples.len();
    let more = with(|all| {
        all.insert(4, Vec::new());
        all.insert(6, vec![0xFF; 40]);
    });
    assert_eq!(more.unwrap().samples.len(), whole);
}

#[test]
fn a_comment_of_any_length_is_passed_over() {
    let few: Vec<Vec<u8>> = [packets()[0].clone(), [&b"\x03vorbis"[..], &[b'x'; 60_000]].concat()].into();
    assert_eq!(read(&paged(&few, 0)), Err(OggError::Headers), "nothing follows on it");
    assert!(with(|all| all[1].resize(5_000_000, 0xFF)).is_ok());
}
