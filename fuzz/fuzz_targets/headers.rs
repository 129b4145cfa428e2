//! Header lines and what stands in them: addresses, parameters, Via, bodies.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_sip::fuzzing::headers(bytes));
