//! A description as offer and as answer: what we answer to an offer is an answer that we would take.
#![no_main]

use antiphon_media::sdp::{Capabilities, SdpVersion, accept, answer};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (mine, version) = (Capabilities::default(), SdpVersion { session_id: 1, version: 1 });
    let _ = accept(bytes, &mine);
    if let Ok((answer, _)) = answer(bytes, ([192, 0, 2, 1], 4000).into(), &mine, &version) {
        assert!(answer.starts_with(b"v=0\r\n") && answer.ends_with(b"\r\n"));
        // A line ends with either of CR and LF here, as lenient peers have it.
        let is_media = |window: &&[u8]| matches!(window, [b'\r' | b'\n', b'm', b'=']);
        let lines = |text: &[u8]| text.windows(3).filter(is_media).count();
        assert_eq!(lines(&answer), lines(bytes), "as many media lines as the offer has");
    }
});
