//! An expression or script of a page.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| antiphon_ivr::fuzzing::vxml_expression(bytes));
