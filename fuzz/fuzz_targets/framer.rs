//! A byte stream, cut at once and in pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_sip::fuzzing::framer(bytes));
