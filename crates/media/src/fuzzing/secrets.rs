//! What a peer says of keys, and what it sends under them: nothing that is not authentic changes anything, and what is agreed on is
//! protected on both sides.

use crate::sdp::{Capabilities, LocalKeys, Profile, SdpVersion, Secrecy, accept, answer, offer};
use crate::srtp::{Keying, MAX_TAG, MasterKey, Mki, Protection, Suite};
use std::sync::Arc;

/// The longest plain packet that is protected here.
const PLAIN: usize = 1_000;

/// Datagrams on a protected stream: the first byte picks suite and length of the MKI, the second cuts the rest into datagrams.
pub fn srtp(bytes: &[u8]) {
    let [pick, cut, rest @ ..] = bytes else { return };
    let suite = Suite::ALL[usize::from(pick & 3)];
    let mki = Mki { length: (pick >> 2) % 9 };
    let mut there = Protection::new(&Keying { ours: master(suite, 1), theirs: master(suite, 2), mki });
    let mut here = Protection::new(&Keying { ours: master(suite, 2), theirs: master(suite, 1), mki: Mki::default() });
    refuse(&mut there, rest, *cut);
    there.rekey(&Keying { ours: master(suite, 1), theirs: master(suite, 3), mki: Mki::default() });
    here.rekey(&Keying { ours: master(suite, 3), theirs: master(suite, 1), mki: Mki::default() });
    refuse(&mut there, rest, *cut);
    let plain = &rest[..rest.len().min(PLAIN)];
    let mut buffer = [plain, &[0; MAX_TAG]].concat();
    if let Ok(length) = here.protect_rtp(&mut buffer, plain.len()) {
        assert_eq!(there.unprotect_rtp(&buffer[..length]), Ok(plain), "what the peer protects is taken");
    }
}

fn master(suite: Suite, seed: u8) -> MasterKey {
    MasterKey::new(suite, &vec![seed; suite.material_len()]).expect("as long as the suite wants it")
}

/// None of these datagrams is authentic.
fn refuse(protection: &mut Protection, bytes: &[u8], cut: u8) {
    for datagram in bytes.chunks(usize::from(cut).max(1)) {
        assert!(protection.unprotect_rtp(datagram).is_err() && protection.unprotect_rtcp(datagram).is_err());
    }
}

/// Lines of keys in an offer: what we agree to is protected on both sides, and our answer is one that the peer can take.
pub fn sdes(bytes: &[u8]) {
    let keys = Arc::new(LocalKeys::new(&[7; LocalKeys::RANDOM]));
    let text = String::from_utf8_lossy(bytes).replace(['\r', '\n'], "\r\na=crypto:");
    let body = |profile: &str| {
        format!("v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 4000 {profile} 8\r\na=crypto:{text}\r\n").into_bytes()
    };
    let (local, version) = (([192, 0, 2, 1], 4_000).into(), SdpVersion { session_id: 1, version: 1 });
    let with = |secrecy| Capabilities { secrecy, ..Capabilities::default() };
    for (profile, secrecy) in
        [("RTP/AVP", Secrecy::Answered(keys.clone())), ("RTP/SAVP", Secrecy::Required(keys.clone()))]
    {
        if let Ok((answered, agreed)) = answer(&body(profile), local, &with(secrecy), &version) {
            let lines = answered.windows(9).filter(|window| window == b"a=crypto:").count();
            assert_eq!(lines, usize::from(agreed.keying.is_some()), "one line for the key that is used");
            assert!(agreed.keying.is_some() || agreed.profile == Profile::Avp, "plain where that is allowed");
        }
    }
    let required = with(Secrecy::Required(keys));
    let _ = offer(local, &required, &version);
    if let Ok(agreed) = accept(&body("RTP/SAVP"), &required) {
        assert!(agreed.keying.is_some());
    }
}
