//! Tasks of the workspace: `cargo xtask install`, `cargo xtask test`, `cargo xtask fuzz`, `cargo xtask api-fuzz`, `cargo xtask cases` and
//! `cargo xtask twiml-sdk`.
//!
//! Shape: one word on the command line, the exit status of the first step that fails.
//! Errors: an unknown word is status 2 with the usage; a failed step is its own status.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks on its standard streams")]

mod api_fuzz;
mod cases;
mod fuzz;
mod install;
mod steps;
mod twiml_sdk;

use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <task>

Tasks:
  install  install what the tests need and this machine lacks: the Debian packages
           sip-tester (SIPp), curl, baresip-core, linphone-cli and kamailio (without
           its service), and cargo-deny; says what is missing where it cannot
  test     install, then formatting, clippy, build, every test, docs and cargo-deny;
           stops at the first failure
  fuzz [--seconds N] [TARGET...]
           installs cargo-fuzz, runs each fuzz target for N seconds (60), and checks
           that parsing time is linear in the input; all targets when none is named
  api-fuzz [--seconds N] [--seed N] [--release]
           installs schemathesis for Python, and lets it ask a fresh server for N
           seconds (60) whatever the description of the API allows and forbids
  cases DIR [FILTER]
           runs the data of others in a folder outside the tree (vectors, responses,
           schemas) against the surfaces; a folder for each stands in DIR
  twiml-sdk
           installs twilio for Python, which writes documents of TwiML, and checks
           that the table of docs/surfaces/twiml.md says what is taken of them
";

fn main() -> ExitCode {
    // Cargo runs a package's binary where the user stands; every step means the root of the workspace.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["install"] => match install::install(root) {
            Ok(()) => ExitCode::SUCCESS,
            Err(missing) => {
                eprintln!("xtask install: {missing}");
                ExitCode::FAILURE
            }
        },
        ["test"] => steps::test(root),
        ["fuzz", words @ ..] => match fuzz::Wanted::read(words) {
            Ok(wanted) => fuzz::fuzz(root, &wanted),
            Err(fault) => {
                eprint!("xtask fuzz: {fault}\n\n{USAGE}");
                ExitCode::from(2)
            }
        },
        ["api-fuzz", words @ ..] => match api_fuzz::Wanted::read(words) {
            Ok(wanted) => api_fuzz::fuzz(root, &wanted),
            Err(fault) => {
                eprint!("xtask api-fuzz: {fault}\n\n{USAGE}");
                ExitCode::from(2)
            }
        },
        ["cases", folder] => cases::cases(root, folder, None),
        ["cases", folder, filter] => cases::cases(root, folder, Some(filter)),
        ["twiml-sdk"] => twiml_sdk::check(root),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("xtask: unknown task `{}`\n\n{USAGE}", words.join(" "));
            ExitCode::from(2)
        }
    }
}
