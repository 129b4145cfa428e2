//! `cargo xtask cases DIR`: runs data of others, which is no part of the tree, against the surfaces.
//!
//! Shape: the tests of `tests/cases.rs`, and those of `tests/call.rs` that make calls with the data, with the folder in the environment
//! variable `ANTIPHON_CASES`. A word behind the folder names the tests that are run, such as `pivot`.
//! Errors: a folder that is not there is status 2; a failed test is its own.

use std::{path::Path, process::ExitCode};

use crate::{install, steps::exit_code};

/// What of the tests of calls belongs to which kind of data.
const CALLS: [(&str, &str); 2] = [("pivot", "others::"), ("vxml", "vxml_cases")];

/// Runs the tests.
pub(crate) fn cases(root: &Path, folder: &str, filter: Option<&str>) -> ExitCode {
    let Ok(folder) = Path::new(folder).canonicalize().map_err(|error| eprintln!("xtask cases: {folder}: {error}"))
    else {
        return ExitCode::from(2);
    };
    let surfaces = run(root, &folder, "cases", filter);
    // Each kind of data has tests that read it, and some has calls that are made with it.
    let calls = CALLS.iter().filter(|(kind, _)| filter.is_none_or(|filter| filter.starts_with(kind)));
    calls.fold(surfaces, |so_far, (_, tests)| match so_far {
        ExitCode::SUCCESS => run(root, &folder, "call", Some(tests)),
        failed => failed,
    })
}

/// Runs those tests of a file that a filter names.
fn run(root: &Path, folder: &Path, test: &str, filter: Option<&str>) -> ExitCode {
    let words = ["test", "--package", "antiphon-tests", "--features", "cases", "--test", test, "--"];
    let mut command = install::cargo(root);
    command.args(words).args(filter).arg("--nocapture").env("ANTIPHON_CASES", folder);
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => exit_code(status.code()),
        Err(error) => {
            eprintln!("xtask cases: cargo could not start: {error}");
            ExitCode::FAILURE
        }
    }
}
