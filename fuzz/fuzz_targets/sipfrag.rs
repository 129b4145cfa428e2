//! The status in a NOTIFY of a transfer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_sip::fuzzing::sipfrag(bytes));
