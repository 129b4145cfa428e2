//! Keys of a peer, of which the other leg of a bridge is told.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_media::fuzzing::telephone_event(bytes));
