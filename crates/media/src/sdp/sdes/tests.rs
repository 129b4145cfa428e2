use super::super::tests::{VERSION, head, local};
use super::super::{Agreed, Capabilities, Profile, accept, answer, offer};
use super::*;
use proptest::prelude::*;

const CM_KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
const GCM_128_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw==";
const GCM_256_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis=";

fn keys(seed: u8) -> Arc<LocalKeys> {
    let mut random = [seed; LocalKeys::RANDOM];
    random.iter_mut().enumerate().for_each(|(at, byte)| *byte = byte.wrapping_add(at as u8));
    Arc::new(LocalKeys::new(&random))
}

fn with(secrecy: Secrecy) -> Capabilities {
    Capabilities { secrecy, ..Capabilities::default() }
}

fn answered(rest: &str, secrecy: Secrecy) -> Result<(String, Agreed), SdpError> {
    let (body, agreed) = answer(head(rest).as_bytes(), local(), &with(secrecy), &VERSION)?;
    Ok((String::from_utf8(body.to_vec()).unwrap(), agreed))
}

#[test]
fn lines_of_phones_are_read() {
    let check = |line: &str, expect: Option<(u32, Suite, u8)>| {
        let read = Line::read(line).map(|line| (line.tag, line.key.suite(), line.mki.length));
        assert_eq!(read, expect, "{line}");
    };
    let cm = Suite::AesCm128HmacSha1_80;
    check(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{CM_KEY}"), Some((1, cm, 0)));
    check(&format!("  7  aes_cm_128_hmac_sha1_80 INLINE:{CM_KEY}|2^20 "), Some((7, cm, 0)));
    check(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{CM_KEY}|2^20|1:4"), Some((1, cm, 4)));
    check(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{CM_KEY}|1:1"), Some((1, cm, 1)));
    check(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{CM_KEY}|2147483648 WSH=128 KDR=0 -X"), Some((1, cm, 0)));
    check(&format!("2 AES_CM_128_HMAC_SHA1_32 inline:{CM_KEY}"), Some((2, Suite::AesCm128HmacSha1_32, 0)));
    check(&format!("3 AEAD_AES_128_GCM inline:{GCM_128_KEY}|2^31"), Some((3, Suite::AeadAes128Gcm, 0)));
    check(
        &format!("3 AEAD_AES_128_GCM inline:{}", GCM_128_KEY.trim_end_matches('=')),
        Some((3, Suite::AeadAes128Gcm, 0)),
    );
    check(&format!("999999999 AEAD_AES_256_GCM inline:{GCM_256_KEY}"), Some((999_999_999, Suite::AeadAes256Gcm, 0)));
}

#[test]
fn lines_that_ask_for_more_are_passed_over() {
    let suite = "AES_CM_128_HMAC_SHA1_80";
    for line in [
        String::new(),
        "1".to_owned(),
        format!("1 {suite}"),
        format!("x {suite} inline:{CM_KEY}"),
        format!("1000000000 {suite} inline:{CM_KEY}"),
        format!("1 F8_128_HMAC_SHA1_80 inline:{CM_KEY}"),
        format!("1 {suite} uri:{CM_KEY}"),
        format!("1 {suite} inline:"),
        format!("1 {suite} inline:{}", &CM_KEY[..39]),
        format!("1 {suite} inline:{CM_KEY}AAAA"),
        format!("1 {suite} inline:{GCM_256_KEY}{GCM_256_KEY}"),
        format!("1 AEAD_AES_128_GCM inline:{CM_KEY}"),
        format!("1 {suite} inline:{}!", &CM_KEY[..39]),
        format!("1 {suite} inline:{CM_KEY}|0"),
        format!("1 {suite} inline:{CM_KEY}|2^49"),
        format!("1 {suite} inline:{CM_KEY}|2^99999"),
        format!("1 {suite} inline:{CM_KEY}|2^20|1:0"),
        format!("1 {suite} inline:{CM_KEY}|2^20|1:9"),
        format!("1 {suite} inline:{CM_KEY}|2^20|1:1|x"),
        format!("1 {suite} inline:{CM_KEY}|2^20|1:1;inline:{CM_KEY}|2^20|2:1"),
        format!("1 {suite} inline:{CM_KEY} KDR=1"),
        format!("1 {suite} inline:{CM_KEY} UNENCRYPTED_SRTP"),
        format!("1 {suite} inline:{CM_KEY} UNENCRYPTED_SRTCP"),
        format!("1 {suite} inline:{CM_KEY} UNAUTHENTICATED_SRTP"),
        format!("1 {suite} inline:{CM_KEY} FEC_ORDER=FEC_SRTP"),
        format!("1 {suite} inline:{CM_KEY} anything"),
        "1 é inline:é".to_owned(),
        format!("1 {suite} inliné:{CM_KEY}"),
    ] {
        assert_eq!(Line::read(&line), None, "{line}");
    }
}

#[test]
fn the_first_line_that_we_can_use_is_answered_under_its_tag() {
    let offered = format!(
        "m=audio 6000 RTP/SAVP 8\r\na=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:xyz\r\n\
         a=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:{CM_KEY} UNENCRYPTED_SRTCP\r\n\
         a=crypto:7 AEAD_AES_128_GCM inline:{GCM_128_KEY}|2^31\r\na=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:{CM_KEY}\r\n"
    );
    let (body, agreed) = answered(&offered, Secrecy::Answered(keys(1))).unwrap();
    let keying = agreed.keying.unwrap();
    assert_eq!(keying.suite(), Suite::AeadAes128Gcm);
    assert_eq!(keying.theirs.material(), (0..28).collect::<Vec<u8>>());
    assert_eq!(keying.ours, *keys(1).of(Suite::AeadAes128Gcm));
    let ours = write(7, &keying.ours);
    assert!(body.contains(&format!("m=audio 40000 RTP/SAVP 8\r\na=crypto:{}\r\n", *ours)), "{body}");
    assert_eq!(body.matches("a=crypto:").count(), 1);
    assert_eq!(Line::read(&ours).unwrap().key, keying.ours);
}

/// What each policy answers to each kind of offer: profile and whether it is protected, or why not.
#[test]
fn policies_decide_what_an_offer_becomes() {
    let line = format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{CM_KEY}\r\n");
    let foreign = "a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:x\r\n";
    let offers = [
        "m=audio 6000 RTP/AVP 8\r\n".to_owned(),
        format!("m=audio 6000 RTP/AVP 8\r\n{line}"),
        format!("m=audio 6000 RTP/AVP 8\r\n{foreign}"),
        format!("m=audio 6000 RTP/SAVP 8\r\n{line}"),
        format!("m=audio 6000 RTP/SAVP 8\r\n{foreign}"),
        format!("m=audio 6000 RTP/SAVPF 8\r\n{line}"),
        "m=audio 6000 RTP/AVPF 8\r\n".to_owned(),
        format!("m=audio 6000 RTP/SAVP 18\r\n{line}m=audio 6002 RTP/AVP 8\r\n"),
        "m=audio 6000 UDP/TLS/RTP/SAVPF 8\r\na=fingerprint:sha-256 00\r\n".to_owned(),
    ];
    let told = |result: Result<(String, Agreed), SdpError>| match result {
        Ok((_, agreed)) => format!("{} {}", agreed.profile.name(), agreed.keying.is_some()),
        Err(why) => format!("{why:?}"),
    };
    let table = [
        ["RTP/AVP false", "RTP/AVP false", "PlainRefused"],
        ["RTP/AVP false", "RTP/AVP true", "RTP/AVP true"],
        ["RTP/AVP false", "RTP/AVP false", "PlainRefused"],
        ["NoCommonSuite", "RTP/SAVP true", "RTP/SAVP true"],
        ["NoCommonSuite", "NoCommonSuite", "NoCommonSuite"],
        ["NoCommonSuite", "RTP/SAVPF true", "RTP/SAVPF true"],
        ["RTP/AVPF false", "RTP/AVPF false", "PlainRefused"],
        ["RTP/AVP false", "RTP/AVP false", "PlainRefused"],
        ["NoCommonSuite", "NoCommonSuite", "NoCommonSuite"],
    ];
    for (offer, expect) in offers.iter().zip(table) {
        let policies = [Secrecy::Plain, Secrecy::Offered(keys(1)), Secrecy::Required(keys(1))];
        let got = policies.map(|policy| told(answered(offer, policy)));
        assert_eq!(got, expect, "{offer}");
        assert_eq!(told(answered(offer, Secrecy::Answered(keys(1)))), expect[1], "{offer}");
    }
}

#[test]
fn an_offer_of_ours_names_a_key_for_each_suite() {
    let text = |secrecy| String::from_utf8(offer(local(), &with(secrecy), &VERSION).to_vec()).unwrap();
    for plain in [Secrecy::Plain, Secrecy::Answered(keys(1))] {
        let offer = text(plain);
        assert!(offer.contains("m=audio 40000 RTP/AVP ") && !offer.contains("crypto"), "{offer}");
    }
    for (secrecy, profile) in [(Secrecy::Offered(keys(1)), "RTP/AVP"), (Secrecy::Required(keys(1)), "RTP/SAVP")] {
        let offer = text(secrecy);
        assert!(offer.contains(&format!("m=audio 40000 {profile} ")), "{offer}");
        let lines: Vec<_> = offer.lines().filter_map(|line| line.strip_prefix("a=crypto:")).collect();
        let read = |line: &&str| Line::read(line).map(|line| (line.tag, line.key.suite()));
        let read: Vec<_> = lines.iter().filter_map(read).collect();
        assert_eq!(read, (1..).zip(Suite::ALL).collect::<Vec<_>>());
        let mut distinct = lines.clone();
        distinct.sort_unstable_by_key(|line| line.split("inline:").nth(1).map(|key| &key[..8]));
        distinct.dedup_by_key(|line| line.split("inline:").nth(1).map(|key| &key[..8]));
        assert_eq!(distinct.len(), 4, "no two suites share a key");
    }
}

#[test]
fn an_answer_of_ours_to_an_offer_of_ours_agrees_on_both_keys() {
    for secrecy in [Secrecy::Offered as fn(_) -> _, Secrecy::Required] {
        let offered = offer(local(), &with(secrecy(keys(1))), &VERSION);
        let (theirs, here) = answer(&offered, local(), &with(Secrecy::Answered(keys(2))), &VERSION).unwrap();
        let there = accept(&theirs, &with(secrecy(keys(1)))).unwrap();
        let (here, there) = (here.keying.unwrap(), there.keying.unwrap());
        assert_eq!((&here.ours, &here.theirs), (&there.theirs, &there.ours));
        assert_eq!(here.suite(), Suite::ALL[0]);
    }
}

#[test]
fn an_answer_must_choose_from_our_offer() {
    let check = |profile: &str, line: &str, secrecy: Secrecy, expect: Result<(Profile, bool), SdpError>| {
        let body = head(&format!("m=audio 6000 {profile} 8\r\n{line}"));
        let got = accept(body.as_bytes(), &with(secrecy)).map(|agreed| (agreed.profile, agreed.keying.is_some()));
        assert_eq!(got, expect, "{profile} {line}");
    };
    let line = |tag| format!("a=crypto:{tag} AES_CM_128_HMAC_SHA1_80 inline:{CM_KEY}\r\n");
    check("RTP/SAVP", &line(3), Secrecy::Required(keys(1)), Ok((Profile::Savp, true)));
    check("RTP/SAVP", &line(1), Secrecy::Required(keys(1)), Err(SdpError::NoCommonSuite));
    check("RTP/SAVP", "", Secrecy::Required(keys(1)), Err(SdpError::NoCommonSuite));
    check("RTP/AVP", "", Secrecy::Required(keys(1)), Err(SdpError::PlainRefused));
    check("RTP/AVP", "", Secrecy::Offered(keys(1)), Ok((Profile::Avp, false)));
    check("RTP/AVP", &line(3), Secrecy::Offered(keys(1)), Ok((Profile::Avp, true)));
    check("RTP/AVP", &line(3), Secrecy::Answered(keys(1)), Ok((Profile::Avp, false)));
    check("RTP/SAVP", &line(3), Secrecy::Answered(keys(1)), Err(SdpError::NoCommonSuite));
}

proptest! {
    #[test]
    fn any_line_is_read_or_passed_over(line in "[0-9]{0,3} ?(AES_CM_128_HMAC_SHA1_80|AEAD_AES_128_GCM|[A-Z]{0,4}) ?(inline:)?[ -~]{0,60}") {
        let _ = Line::read(&line);
    }

    #[test]
    fn what_we_write_is_read(random in prop::collection::vec(any::<u8>(), RANDOM), tag in 0..1_000_000_000u32) {
        let keys = LocalKeys::new(&random.try_into().unwrap());
        for (_, key) in keys.offered() {
            let line = Line::read(&write(tag, key)).unwrap();
            prop_assert_eq!((line.tag, &line.key), (tag, key));
        }
    }
}
