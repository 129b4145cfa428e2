//! A whole endpoint between a peer and an owner who do anything: everything ends, and nothing floods.
#![no_main]

use antiphon_sip::Transport;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let [first, steps @ ..] = bytes {
        let transport = if first % 2 == 0 { Transport::Udp } else { Transport::Tcp };
        antiphon_sip::fuzzing::converse(transport, steps);
    }
});
