//! TwiML against the package that Twilio gives to its customers: it writes a document for each element with each of its attributes, and
//! the table of `docs/surfaces/twiml.md` says which are taken.
//!
//! Shape: the package in an environment of Python of its own, below the target folder; the documents beside it.
//! Errors: a document that is taken otherwise than the table says is status 1.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::install::{self, cargo};

const TWILIO_VERSION: &str = "9.13.0";
const PAGE: &str = "docs/surfaces/twiml.md";
const SCRIPT: &str = "xtask/src/twiml_documents.py";

/// Installs, writes, checks.
pub(crate) fn check(root: &Path) -> ExitCode {
    match run(root) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("xtask twiml-sdk: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path) -> Result<bool, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let environment = target.join(format!("twilio-{TWILIO_VERSION}"));
    let python = installed(&environment)?;
    let documents = environment.join("documents.jsonl");
    let file = File::create(&documents).map_err(|cause| format!("{}: {cause}", documents.display()))?;
    if !install::succeeds(Command::new(python).arg(root.join(SCRIPT)).stdout(file)) {
        return Err("the documents could not be written".to_owned());
    }
    let mut checking = cargo(root);
    checking.args(["run", "--quiet", "--package", "antiphon-ivr", "--example", "twiml_sdk", "--"]);
    Ok(install::succeeds(checking.arg(root.join(PAGE)).arg(documents)))
}

/// The Python of an environment that has the package.
fn installed(environment: &Path) -> Result<PathBuf, String> {
    let python = environment.join("bin/python");
    if !install::answers(Command::new(&python).args(["-c", "import twilio"])) {
        println!("xtask twiml-sdk: installing twilio {TWILIO_VERSION}");
        let made = install::succeeds(Command::new("python3").args(["-m", "venv"]).arg(environment));
        let wanted = format!("twilio=={TWILIO_VERSION}");
        let pip = environment.join("bin/pip");
        if !made || !install::succeeds(Command::new(pip).args(["install", "--quiet", &wanted])) {
            return Err(format!(
                "{wanted} could not be installed; it needs python3 with its module venv, and a network"
            ));
        }
    }
    Ok(python)
}
