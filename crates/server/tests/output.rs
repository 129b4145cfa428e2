//! The binary writes what was asked for, also where nobody reads it.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Stdio};

/// As `antiphon --help | head -1` does it.
#[test]
fn a_reader_that_has_gone_is_no_panic() {
    for argument in ["--help", "version"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut program = Command::new(env!("CARGO_BIN_EXE_antiphon"));
        let output = program.arg(argument).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "{argument}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stderr, b"", "{argument}");
    }
}
