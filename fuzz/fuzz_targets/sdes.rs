//! Lines of keys in an offer: what we agree to is protected on both sides, and our answer is one that the peer can take.
#![no_main]

use antiphon_media::sdp::{Capabilities, LocalKeys, Profile, SdpVersion, Secrecy, accept, answer, offer};
use std::sync::{Arc, LazyLock};

static KEYS: LazyLock<Arc<LocalKeys>> = LazyLock::new(|| Arc::new(LocalKeys::new(&[7; LocalKeys::RANDOM])));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).replace(['\r', '\n'], "\r\na=crypto:");
    let body = |profile: &str| {
        format!("v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 4000 {profile} 8\r\na=crypto:{text}\r\n").into_bytes()
    };
    let (local, version) = (([192, 0, 2, 1], 4000).into(), SdpVersion { session_id: 1, version: 1 });
    let with = |secrecy| Capabilities { secrecy, ..Capabilities::default() };
    for (profile, secrecy) in
        [("RTP/AVP", Secrecy::Answered(KEYS.clone())), ("RTP/SAVP", Secrecy::Required(KEYS.clone()))]
    {
        if let Ok((answered, agreed)) = answer(&body(profile), local, &with(secrecy), &version) {
            let lines = answered.windows(9).filter(|window| window == b"a=crypto:").count();
            assert_eq!(lines, usize::from(agreed.keying.is_some()), "one line for the key that is used");
            assert!(agreed.keying.is_some() || agreed.profile == Profile::Avp, "plain where that is allowed");
        }
    }
    let required = with(Secrecy::Required(KEYS.clone()));
    let _ = offer(local, &required, &version);
    if let Ok(agreed) = accept(&body("RTP/SAVP"), &required) {
        assert!(agreed.keying.is_some());
    }
});
