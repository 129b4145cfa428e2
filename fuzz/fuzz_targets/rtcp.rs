//! A compound of RTCP packets.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_media::fuzzing::rtcp(bytes));
