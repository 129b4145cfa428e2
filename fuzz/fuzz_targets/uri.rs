//! A URI, and what is made from parts of it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_sip::fuzzing::uri(bytes));
