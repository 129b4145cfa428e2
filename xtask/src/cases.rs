//! `cargo xtask cases DIR`: runs data of others, which is no part of the tree, against the surfaces.
//!
//! Shape: the tests of `tests/cases.rs`, and the calls of `tests/call/others.rs`, with the folder in the environment variable
//! `ANTIPHON_CASES`. A word behind the folder names the tests that are run, such as `pivot`; the calls are those of `pivot` alone.
//! Errors: a folder that is not there is status 2; a failed test is its own.

use std::{path::Path, process::ExitCode};

use crate::{install, steps::exit_code};

/// Runs the tests.
pub(crate) fn cases(root: &Path, folder: &str, filter: Option<&str>) -> ExitCode {
    let Ok(folder) = Path::new(folder).canonicalize().map_err(|error| eprintln!("xtask cases: {folder}: {error}"))
    else {
        return ExitCode::from(2);
    };
    // Each kind of data has tests that read it, and some has calls that are made with it.
    let calls = filter.is_none_or(|filter| filter == "pivot").then_some(("call", Some("others::")));
    for (tests, among) in [("cases", None)].into_iter().chain(calls) {
        let words = ["test", "--package", "antiphon-tests", "--features", "cases", "--test", tests, "--"];
        let mut command = install::cargo(root);
        command.args(words).args(among.or(filter)).env("ANTIPHON_CASES", &folder);
        match command.status() {
            Ok(status) if status.success() => {}
            Ok(status) => return exit_code(status.code()),
            Err(error) => {
                eprintln!("xtask cases: cargo could not start: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
