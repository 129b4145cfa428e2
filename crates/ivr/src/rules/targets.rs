//! The numbers of a transfer, as its author wrote them.
//!
//! Shape: dialled strings separated by spaces, rung all at once; `${}` is expanded when they are dialled, which may add numbers.
//! Errors: no number, or too many, is refused; numbers that an expansion adds beyond the cap are not rung.
//! Sources: `ringme-ivr.md` 1.5 (`transfer_dst`), 3.8, 3.9.

use std::time::Duration;

use super::model::Check;
use crate::vars::Vars;

/// Most characters of one written number.
const MAX_NUMBER: usize = 128;

/// Numbers to ring.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Targets {
    text: String,
    cap: usize,
}

impl Targets {
    /// Most numbers of a `transfer` (`ringme-ivr.md` 1.5).
    pub const TRANSFER: usize = 10;
    /// Most numbers of a `simple_transfer`; its vendor names no limit, a server needs one.
    pub const SIMPLE_TRANSFER: usize = 100;

    /// Numbers separated by spaces, at least one and at most `cap`; the error says what is wrong.
    pub fn parse(text: &str, cap: usize) -> Result<Self, String> {
        let count = text.split_whitespace().count();
        if !(1..=cap).contains(&count) {
            return Err(format!("must be 1 to {cap} numbers separated by spaces, and holds {count}"));
        }
        if text.split_whitespace().any(|number| number.chars().count() > MAX_NUMBER) {
            return Err(format!("a number has at most {MAX_NUMBER} characters"));
        }
        Ok(Self { text: text.to_owned(), cap })
    }

    /// The numbers to ring now; none where the variables they are made of are unset.
    pub fn dialled(&self, vars: &Vars) -> Vec<String> {
        Self::split(&vars.expand(&self.text), self.cap)
    }

    /// The first `cap` numbers of a text; what cannot be a number is no target.
    pub(super) fn split(text: &str, cap: usize) -> Vec<String> {
        let fits = |number: &&str| number.len() <= MAX_NUMBER && !number.contains(char::is_control);
        text.split_whitespace().filter(fits).take(cap).map(str::to_owned).collect()
    }

    pub(super) fn check(check: &mut Check<'_>, cap: usize) -> Option<Self> {
        let text = check.filled("transfer_dst", |rule| &rule.transfer_dst)?;
        Self::parse(&text, cap).map_err(|problem| check.refuse("transfer_dst", problem)).ok()
    }

    /// How long the targets of this rule ring, where it says so: seconds on the wire.
    pub(super) fn ring_time(check: &Check<'_>) -> Option<Duration> {
        check.rule.transfer_timeout.filter(|seconds| *seconds > 0).map(Duration::from_secs)
    }
}
