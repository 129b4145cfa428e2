//! The vectors of the RFCs, and what hostile and honest peers do to a protected stream.

use super::cipher::{Cipher, ENCRYPTED, Kind};
use super::derive::{Label, counter, fill};
use super::layout::RtpHead;
use super::*;
use aes::Aes128Enc;
use aes::cipher::KeyInit;
use proptest::prelude::*;
use zeroize::Zeroizing;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// RFC 3711 appendix B.2.
#[test]
fn the_key_stream_is_that_of_the_rfc() {
    let aes = Aes128Enc::new_from_slice(&bytes("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
    let mut iv: [u8; 16] = bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
    let mut stream = [0; 48];
    counter(&aes, &iv, &mut stream);
    assert_eq!(
        stream.to_vec(),
        bytes("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0")
    );
    iv[14..].copy_from_slice(&[0xFE, 0xFF]);
    stream.fill(0);
    counter(&aes, &iv, &mut stream);
    assert_eq!(
        stream.to_vec(),
        bytes("EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44")
    );
}

/// RFC 3711 appendix B.3.
#[test]
fn derived_keys_are_those_of_the_rfc() {
    let material = bytes("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6");
    let master = MasterKey::new(Suite::AesCm128HmacSha1_80, &material).unwrap();
    for (label, expect) in [
        (Label::RtpEncryption, "C61E7A93744F39EE10734AFE3FF7A087"),
        (Label::RtpSalt, "30CBBC08863D8C85D49DB34A9AE1"),
        (
            Label::RtpAuthentication,
            "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA48F0A0ACF3C34E2359E6CDBCEE049646C43D9327AD175578EF72270986371C10C9A369AC2
             F94A8C5FBCDDDC256D6E919A48B610EF17C2041E474035766B68642C59BBFC2F34DB60DBDFB2",
        ),
    ] {
        let expect = bytes(expect);
        let mut key = vec![0xAA; expect.len()];
        fill(&master, label, &mut key);
        assert_eq!(key, expect, "{label:?}");
    }
}

/// RFC 7714 sections 16 and 17: keys that need no derivation, salt "Quid pro quo".
fn gcm(suite: Suite) -> Cipher {
    let key: Vec<u8> = (0..suite.key_len() as u8).collect();
    let mut salt = Zeroizing::new([0; 14]);
    salt[..12].copy_from_slice(b"Quid pro quo");
    Cipher::of_session_keys(suite, &key, &[0; 20], salt)
}

#[test]
fn aes_gcm_protects_rtp_as_the_rfc_shows() {
    let plain = bytes(
        "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
         69736120 696e2070 61727465 73207472 6573",
    );
    for (suite, expect) in [
        (
            Suite::AeadAes128Gcm,
            "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833
             899d7f27beb16a9152cf765ee4390cce",
        ),
        (
            Suite::AeadAes256Gcm,
            "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b
             7aa3db36dfffd6b0f9bb7878d7a76c13",
        ),
    ] {
        let cipher = gcm(suite);
        let (mut packet, mut tag) = (plain.clone(), [0; 16]);
        let head = RtpHead::of(&packet).unwrap();
        cipher.seal_rtp(&mut packet, &head, 0xF17B, &mut tag);
        assert_eq!([&packet[12..], &tag].concat(), bytes(expect), "{suite:?}");
        assert_eq!(cipher.open_rtp(&mut packet, &head, 0x1_F17B, &tag), Err(SrtpError::Unauthentic), "another lap");
        cipher.open_rtp(&mut packet, &head, 0xF17B, &tag).unwrap();
        assert_eq!(packet, plain);
    }
}

#[test]
fn aes_gcm_protects_rtcp_as_the_rfc_shows() {
    let plain = bytes(
        "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef
         deadbeef deadbeef",
    );
    for (suite, expect) in [
        (
            Suite::AeadAes128Gcm,
            "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b
             c84aa45896cf4d2fc5abf87245d9eade",
        ),
        (
            Suite::AeadAes256Gcm,
            "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad
             1d1eb30c4446839f57ff6f6cb26ac3be",
        ),
    ] {
        let (mut packet, mut tag) = (plain.clone(), [0; 16]);
        gcm(suite).seal_rtcp(&mut packet, 0x4d61_7273, 0x5d4, &mut tag);
        assert_eq!([&packet[8..], &tag].concat(), bytes(expect), "{suite:?}");
        packet.extend((0x5d4 | ENCRYPTED).to_be_bytes());
        gcm(suite).open_rtcp(&mut packet, 0x4d61_7273, 0x5d4 | ENCRYPTED, &tag).unwrap();
        assert_eq!(packet[..plain.len()], plain);
    }
    // Section 17.3: authenticated, and not encrypted.
    let mut packet = [&plain[..], &bytes("000005d4")].concat();
    let tag = bytes("841dd9683dd78ec92ae58790125f62b3");
    gcm(Suite::AeadAes128Gcm).open_rtcp(&mut packet, 0x4d61_7273, 0x5d4, &tag).unwrap();
    assert_eq!(packet[..plain.len()], plain);
}

fn master(suite: Suite, seed: u8) -> MasterKey {
    let material: Vec<u8> = (0..suite.material_len() as u8).map(|at| at.wrapping_mul(7) ^ seed).collect();
    MasterKey::new(suite, &material).unwrap()
}

fn keying(suite: Suite, ours: u8, theirs: u8) -> Keying {
    Keying { ours: master(suite, ours), theirs: master(suite, theirs), mki: Mki::default() }
}

fn ends(suite: Suite) -> (Protection, Protection) {
    (Protection::new(&keying(suite, 1, 2)), Protection::new(&keying(suite, 2, 1)))
}

/// A packet of sound; its payload says which.
fn rtp(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend([sequence as u8; 160]);
    packet
}

fn protected(by: &mut Protection, plain: &[u8]) -> Vec<u8> {
    let mut buffer = [plain, &[0; MAX_TAG]].concat();
    let length = by.protect_rtp(&mut buffer, plain.len()).unwrap();
    buffer.truncate(length);
    buffer
}

#[test]
fn each_suite_carries_rtp_through_wraps() {
    for suite in Suite::ALL {
        let (mut here, mut there) = ends(suite);
        // In steps, since packets are lost now and then; one by one around the first wrap.
        for count in (0..1_000).chain((1_000..140_000u32).step_by(211)) {
            let plain = rtp(7, (65_000 + count) as u16);
            let packet = protected(&mut here, &plain);
            assert_eq!(packet.len(), plain.len() + suite.tag_len());
            assert_ne!(packet[12..40], plain[12..40]);
            assert_eq!(there.unprotect_rtp(&packet), Ok(&plain[..]), "{suite:?} {count}");
            assert_eq!(there.unprotect_rtp(&packet), Err(SrtpError::Replayed));
        }
    }
}

#[test]
fn each_suite_carries_rtcp() {
    let plain = bytes("81c8000d 4d617273 4e545031 4e545032 52545020");
    for suite in Suite::ALL {
        let (mut here, mut there) = ends(suite);
        for index in 0..300u32 {
            let mut buffer = [&plain[..], &[0; MAX_RTCP_TRAILER]].concat();
            let length = here.protect_rtcp(&mut buffer, plain.len()).unwrap();
            let packet = &buffer[..length];
            assert_eq!(length, plain.len() + suite.rtcp_tag_len() + 4);
            let word = if suite.is_gcm() { length - 4 } else { plain.len() };
            assert_eq!(packet[word..word + 4], (index | ENCRYPTED).to_be_bytes());
            let mut altered = packet.to_vec();
            altered[9] ^= 1;
            assert_eq!(there.unprotect_rtcp(&altered), Err(SrtpError::Unauthentic));
            assert_eq!(there.unprotect_rtcp(packet), Ok(&plain[..]));
            assert_eq!(there.unprotect_rtcp(packet), Err(SrtpError::Replayed));
        }
    }
}

#[test]
fn contributing_sources_and_extensions_stay_readable_and_are_authenticated() {
    let mut plain = rtp(7, 9);
    plain[0] = 0x92;
    let extras = bytes("01020304 05060708 BEDE0001 10aabbcc");
    plain.splice(12..12, extras);
    for suite in Suite::ALL {
        let (mut here, mut there) = ends(suite);
        let packet = protected(&mut here, &plain);
        assert_eq!(packet[..28], plain[..28]);
        for at in [1, 13, 27, 30, packet.len() - 1] {
            let mut altered = packet.clone();
            altered[at] ^= 0x10;
            assert_eq!(there.unprotect_rtp(&altered), Err(SrtpError::Unauthentic), "{suite:?} {at}");
        }
        assert_eq!(there.unprotect_rtp(&packet), Ok(&plain[..]));
    }
}

#[test]
fn reordered_packets_are_taken_and_very_old_ones_are_not() {
    let (mut here, mut there) = ends(Suite::AesCm128HmacSha1_80);
    let packets: Vec<_> = (0..300).map(|sequence| protected(&mut here, &rtp(7, sequence))).collect();
    for at in [5, 3, 4, 200, 100, 80] {
        assert!(there.unprotect_rtp(&packets[at]).is_ok(), "{at}");
    }
    for at in [5, 3, 4, 200, 100, 72, 0] {
        assert_eq!(there.unprotect_rtp(&packets[at]), Err(SrtpError::Replayed), "{at}");
    }
}

#[test]
fn a_stranger_changes_nothing_however_many_sources_he_invents() {
    for suite in Suite::ALL {
        let (mut here, mut there) = ends(suite);
        assert!(there.unprotect_rtp(&protected(&mut here, &rtp(7, 0x7FF0))).is_ok());
        let (mut stranger, _) = (Protection::new(&keying(suite, 9, 9)), ());
        for count in 0..1_000u32 {
            let forged = protected(&mut stranger, &rtp(100 + count, (count * 61) as u16));
            assert_eq!(there.unprotect_rtp(&forged), Err(SrtpError::Unauthentic));
            let mut forged = protected(&mut stranger, &rtp(7, 0xFF00u16.wrapping_add(count as u16)));
            forged[11] = 7;
            assert!(there.unprotect_rtp(&forged).is_err(), "{count}");
        }
        assert_eq!(there.unprotect_rtp(&rtp(7, 0x7FF1)), Err(SrtpError::Unauthentic), "plain sound");
        assert!(there.unprotect_rtp(&protected(&mut here, &rtp(7, 0x7FF1))).is_ok());
    }
}

#[test]
fn another_source_of_the_peer_is_heard_at_once() {
    let (mut here, mut there) = ends(Suite::AeadAes128Gcm);
    for ssrc in 0..40 {
        let packet = protected(&mut here, &rtp(ssrc, 60_000));
        assert!(there.unprotect_rtp(&packet).is_ok(), "{ssrc}");
        assert_eq!(there.unprotect_rtp(&packet), Err(SrtpError::Replayed));
    }
}

#[test]
fn a_peer_first_heard_after_its_wrap_is_heard() {
    for suite in Suite::ALL {
        let (mut here, mut there) = ends(suite);
        let packets: Vec<_> = (0..20).map(|n| protected(&mut here, &rtp(7, 65_530u16.wrapping_add(n)))).collect();
        assert!(there.unprotect_rtp(&packets[10]).is_ok(), "the first ten were lost");
        assert!(there.unprotect_rtp(&packets[4]).is_ok(), "and one of them was only late");
    }
}

#[test]
fn another_key_takes_over_without_a_gap() {
    for (before, after) in
        [(Suite::AesCm128HmacSha1_80, Suite::AesCm128HmacSha1_80), (Suite::AesCm128HmacSha1_32, Suite::AeadAes256Gcm)]
    {
        let (mut here, mut there) = ends(before);
        for count in (0..69_900u32).step_by(300) {
            assert!(there.unprotect_rtp(&protected(&mut here, &rtp(7, count as u16))).is_ok());
        }
        let old: Vec<_> = (69_997..70_000u32).map(|n| protected(&mut here, &rtp(7, n as u16))).collect();
        assert!(there.unprotect_rtp(&old[0]).is_ok());
        here.rekey(&keying(after, 3, 4));
        there.rekey(&keying(after, 4, 3));
        let fresh: Vec<_> = (70_000..70_400u32).map(|n| protected(&mut here, &rtp(7, n as u16))).collect();
        assert!(there.unprotect_rtp(&fresh[0]).is_ok(), "the counter went on");
        assert!(there.unprotect_rtp(&old[2]).is_ok(), "under way before the change");
        assert_eq!(there.unprotect_rtp(&old[0]), Err(SrtpError::Replayed), "not again, under the old key either");
        for packet in &fresh[1..] {
            assert!(there.unprotect_rtp(packet).is_ok());
        }
        assert!(there.unprotect_rtp(&old[1]).is_err(), "the old key is forgotten");
        here.rekey(&keying(after, 3, 4));
        there.rekey(&keying(after, 4, 3));
        assert!(there.unprotect_rtp(&protected(&mut here, &rtp(7, 70_400u32 as u16))).is_ok());
        assert_eq!(there.unprotect_rtp(&fresh[399]), Err(SrtpError::Replayed), "the same key again is no new one");
    }
}

#[test]
fn a_peer_that_begins_to_count_anew_with_its_new_key_is_heard() {
    let (mut here, mut there) = ends(Suite::AesCm128HmacSha1_80);
    for count in (0..140_000u32).step_by(500) {
        assert!(there.unprotect_rtp(&protected(&mut here, &rtp(7, count as u16))).is_ok());
    }
    let mut anew = Protection::new(&keying(Suite::AesCm128HmacSha1_80, 5, 2));
    there.rekey(&keying(Suite::AesCm128HmacSha1_80, 2, 5));
    for count in 140_000..140_100u32 {
        assert!(there.unprotect_rtp(&protected(&mut anew, &rtp(7, count as u16))).is_ok(), "{count}");
    }
}

#[test]
fn no_number_is_sent_twice() {
    let (mut here, _) = ends(Suite::AeadAes256Gcm);
    let mut buffer = rtp(7, 100);
    let length = buffer.len();
    buffer.extend([0; MAX_TAG]);
    here.protect_rtp(&mut buffer.clone(), length).unwrap();
    assert_eq!(here.protect_rtp(&mut buffer.clone(), length), Err(SrtpError::Replayed));
    let mut full = rtp(7, 101);
    assert_eq!(here.protect_rtp(&mut full, length), Err(SrtpError::TooLong), "no room for the tag");
    assert_eq!(full, rtp(7, 101));
}

#[test]
fn a_peer_that_names_its_key_in_each_packet_is_heard() {
    for suite in Suite::ALL {
        let (mut here, _) = ends(suite);
        let mut there = Protection::new(&Keying { mki: Mki { length: 4 }, ..keying(suite, 2, 1) });
        let plain = rtp(7, 9);
        let mut packet = protected(&mut here, &plain);
        let at = if suite.is_gcm() { packet.len() } else { plain.len() };
        packet.splice(at..at, [0, 0, 0, 1]);
        assert_eq!(there.unprotect_rtp(&packet), Ok(&plain[..]), "{suite:?}");
    }
}

#[test]
fn keys_are_not_printed() {
    let (mut printed, key) = (format!("{:?}", ends(Suite::AesCm128HmacSha1_80).0), keying(Suite::AeadAes256Gcm, 1, 2));
    printed += &format!("{key:?}");
    assert!(printed.contains("MasterKey(AEAD_AES_256_GCM)"), "{printed}");
    assert!(!printed.contains("material"), "{printed}");
}

/// A second opinion: what one implementation protects the other opens, in either direction.
#[test]
fn another_implementation_agrees() {
    use rtc_srtp::context::Context;
    use rtc_srtp::protection_profile::ProtectionProfile;
    for (suite, profile) in [
        (Suite::AesCm128HmacSha1_80, ProtectionProfile::Aes128CmHmacSha1_80),
        (Suite::AesCm128HmacSha1_32, ProtectionProfile::Aes128CmHmacSha1_32),
        (Suite::AeadAes128Gcm, ProtectionProfile::AeadAes128Gcm),
        (Suite::AeadAes256Gcm, ProtectionProfile::AeadAes256Gcm),
    ] {
        let master = |seed| master(suite, seed);
        let context = |seed| {
            let crypto = rtc_srtp::crypto::default_provider().unwrap();
            Context::new(master(seed).key(), master(seed).salt(), profile, None, None, crypto.crypto()).unwrap()
        };
        let (mut ours, mut sends, mut hears) = (ends(suite).0, context(2), context(1));
        for count in 0..200 {
            let plain = rtp(7, 65_500u16.wrapping_add(count));
            let packet = protected(&mut ours, &plain);
            assert_eq!(hears.decrypt_rtp(&packet).unwrap()[..], plain, "{suite:?}");
            let packet = sends.encrypt_rtp(&plain).unwrap();
            assert_eq!(ours.unprotect_rtp(&packet), Ok(&plain[..]), "{suite:?}");
        }
        let plain = bytes("80c80006 00000007 4e545031 4e545032 52545020 00000001 00000002");
        for _ in 0..5 {
            let mut buffer = [&plain[..], &[0; MAX_RTCP_TRAILER]].concat();
            let length = ours.protect_rtcp(&mut buffer, plain.len()).unwrap();
            assert_eq!(hears.decrypt_rtcp(&buffer[..length]).unwrap()[..], plain, "{suite:?}");
            let packet = sends.encrypt_rtcp(&plain).unwrap();
            assert_eq!(ours.unprotect_rtcp(&packet), Ok(&plain[..]), "{suite:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), suite in 0..4usize, mki in 0..9u8) {
        let keying = Keying { mki: Mki { length: mki }, ..keying(Suite::ALL[suite], 1, 2) };
        let mut protection = Protection::new(&keying);
        prop_assert!(protection.unprotect_rtp(&bytes).is_err());
        prop_assert!(protection.unprotect_rtcp(&bytes).is_err());
        let mut headed = rtp(7, 1);
        headed.truncate(12 + bytes.len() % 30);
        prop_assert!(protection.unprotect_rtp(&headed).is_err());
        protection.rekey(&self::keying(Suite::ALL[suite], 3, 4));
        prop_assert!(protection.unprotect_rtp(&bytes).is_err());
        prop_assert!(protection.unprotect_rtcp(&bytes).is_err());
    }
}

#[test]
fn kinds_have_keys_of_their_own() {
    let master = master(Suite::AeadAes128Gcm, 1);
    let head = RtpHead::of(&rtp(7, 1)).unwrap();
    let (mut one, mut other, mut tag) = (rtp(7, 1), rtp(7, 1), [0; 16]);
    Cipher::new(&master, Kind::Rtp).seal_rtp(&mut one, &head, 1, &mut tag);
    Cipher::new(&master, Kind::Rtcp).seal_rtp(&mut other, &head, 1, &mut tag);
    assert_ne!(one, other);
}
