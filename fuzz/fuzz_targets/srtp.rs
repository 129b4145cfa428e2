//! Datagrams on a protected stream.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_media::fuzzing::srtp(bytes));
