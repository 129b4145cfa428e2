//! The gate: every check of the tree, one after the other.
//!
//! Shape: each step is one cargo command; its name goes before it and its time after it, and one line sums up at the end.
//! Time: wall clock, for people only.
//! Errors: the first step that fails ends the run with its exit status.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use crate::install;

struct Step {
    name: &'static str,
    words: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
}

/// A plain build is without it, because a bare machine has no libopus; whatever is shipped has it.
const OPUS: &str = "antiphon-server/opus";

/// Tests that run data from outside the tree; the gate has none of it, and keeps them in order all the same.
const CASES: &str = "antiphon-tests/cases";

const STEPS: &[Step] = &[
    Step { name: "formatting", words: &["fmt", "--all", "--check"], env: &[] },
    Step {
        name: "clippy",
        words: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--features",
            CASES,
            "--features",
            OPUS,
            "--",
            "--deny",
            "warnings",
        ],
        env: &[],
    },
    // What `cargo run` builds on a bare machine.
    Step { name: "the server without Opus", words: &["check", "--package", "antiphon-server"], env: &[] },
    // `cargo test` builds a binary only for its own package's tests; the wire tests live in another and start this one.
    Step {
        name: "build the server",
        words: &["build", "--package", "antiphon-server", "--features", "opus"],
        env: &[],
    },
    // Without a target selection this runs the doc tests too.
    Step { name: "tests", words: &["test", "--workspace", "--features", OPUS], env: &[] },
    Step {
        name: "documentation",
        words: &["doc", "--workspace", "--no-deps"],
        env: &[("RUSTDOCFLAGS", "--deny warnings")],
    },
    Step { name: "dependencies", words: &["deny", "check", "bans", "licenses", "sources"], env: &[] },
];

/// Installs what is missing and runs every step.
pub(crate) fn test(root: &Path) -> ExitCode {
    let start = Instant::now();
    if let Err(missing) = install::install(root) {
        eprintln!("xtask test: {missing}");
        return ExitCode::FAILURE;
    }
    for (index, step) in STEPS.iter().enumerate() {
        println!("[{}/{}] {}: cargo {}", index + 1, STEPS.len(), step.name, step.words.join(" "));
        let begun = Instant::now();
        let status = install::cargo(root).args(step.words).envs(step.env.iter().copied()).status();
        let took = begun.elapsed().as_secs_f32();
        match status {
            Ok(status) if status.success() => println!("[{}/{}] ok in {took:.1} s", index + 1, STEPS.len()),
            Ok(status) => {
                eprintln!("xtask test: {} failed after {took:.1} s ({status})", step.name);
                return exit_code(status.code());
            }
            Err(error) => {
                eprintln!("xtask test: {} could not start: {error}", step.name);
                return ExitCode::FAILURE;
            }
        }
    }
    println!("xtask test: {} steps passed in {:.1} s", STEPS.len(), start.elapsed().as_secs_f32());
    ExitCode::SUCCESS
}

/// A step's status as ours; one that a signal ended has none, and must not look like success.
pub(crate) fn exit_code(code: Option<i32>) -> ExitCode {
    code.and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_never_ends_as_success() {
        let debug = |code| format!("{:?}", exit_code(code));
        assert_eq!(debug(Some(101)), format!("{:?}", ExitCode::from(101)));
        for code in [None, Some(0), Some(256), Some(-1)] {
            assert_eq!(debug(code), format!("{:?}", ExitCode::FAILURE));
        }
    }
}
