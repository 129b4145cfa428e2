//! The answer of a web server to Call Interactive.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_ivr::fuzzing::interactive(bytes));
