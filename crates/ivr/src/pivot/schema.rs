//! What the data of a module may be, as its author writes it: types, bounds, defaults.
//!
//! Shape: a table of [`Field`]s and a JSON object make [`Data`], in which every default is filled in and every value is what its field
//! says. What a module does not know stays as it is.
//! Errors: each [`Problem`] and [`Warning`] has the path of the value. In [`Mode::Lenient`] what can be put right is, with a warning; only
//! what is missing and has no default is a problem.
//! Sources: `kazoo-pivot.md` 3.4, 3.6, 4; JSON Schema draft 4 (the words for types and bounds).

mod data;
mod field;

use std::fmt;

pub use data::Data;
pub use field::{ALL_KEYS, Fallback, Field, Kind, ListOf};

/// Whether what can be put right is put right.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Mode {
    /// It is.
    #[default]
    Lenient,
    /// It is a problem.
    Strict,
}

/// Why a value cannot be used.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Fault {
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// It is of another type than this.
    #[error("must be {0}")]
    WrongType(&'static str),
    /// It is none of the values that it may be, or out of its bounds.
    #[error("{0}")]
    WrongValue(String),
    /// Flows stand in one another deeper than this.
    #[error("is deeper in the flow than {0} nodes")]
    TooDeep(usize),
    /// There are more nodes than this.
    #[error("has more than {0} nodes")]
    TooLarge(usize),
}

/// Something that is wrong, and where.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Problem {
    /// The path of the value from the root of what was read.
    pub path: Vec<String>,
    /// What is wrong.
    pub fault: Fault,
}

/// Something that was wrong and has been put right.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Warning {
    /// The path of the value from the root of what was read.
    pub path: Vec<String>,
    /// What was wrong, and what is done about it.
    pub text: String,
}

/// What was found while reading.
#[derive(Clone, Debug)]
pub struct Report {
    mode: Mode,
    path: Vec<String>,
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
}

/// Most warnings of one document; further ones are not told.
const MAX_WARNINGS: usize = 100;

impl Report {
    /// Nothing was found yet.
    pub fn new(mode: Mode) -> Self {
        Self { mode, path: Vec::new(), problems: Vec::new(), warnings: Vec::new() }
    }

    /// Whether what can be put right is a problem.
    pub fn is_strict(&self) -> bool {
        self.mode == Mode::Strict
    }

    /// What is read next stands under this name.
    pub fn enter(&mut self, name: impl Into<String>) {
        self.path.push(name.into());
    }

    /// It is read.
    pub fn leave(&mut self) {
        self.path.pop();
    }

    /// Something that cannot be used.
    pub fn fail(&mut self, below: &[&str], fault: Fault) {
        if self.problems.len() < MAX_WARNINGS {
            self.problems.push(Problem { path: self.path_of(below), fault });
        }
    }

    /// Something that is put right; a problem where nothing is.
    pub fn put_right(&mut self, below: &[&str], text: impl Into<String>) {
        match self.mode {
            // What would be done about it is not done.
            Mode::Strict => {
                let text: String = text.into();
                let wrong = text.split("; it is ").next().unwrap_or_default();
                self.fail(below, Fault::WrongValue(wrong.to_owned()));
            }
            Mode::Lenient => self.warn(below, text),
        }
    }

    /// Something that people should know of.
    pub fn warn(&mut self, below: &[&str], text: impl Into<String>) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(Warning { path: self.path_of(below), text: text.into() });
        }
    }

    fn path_of(&self, below: &[&str]) -> Vec<String> {
        self.path.iter().cloned().chain(below.iter().map(|name| (*name).to_owned())).collect()
    }

    /// What was read, unless something is wrong with it.
    ///
    /// # Errors
    /// Every [`Problem`].
    pub fn finish<T>(self, read: T) -> Result<(T, Vec<Warning>), Vec<Problem>> {
        if self.problems.is_empty() { Ok((read, self.warnings)) } else { Err(self.problems) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_path(f, &self.path)?;
        self.fault.fmt(f)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_path(f, &self.path)?;
        f.write_str(&self.text)
    }
}

fn write_path(f: &mut fmt::Formatter<'_>, path: &[String]) -> fmt::Result {
    match path {
        [] => Ok(()),
        path => write!(f, "{} ", path.join(".")),
    }
}
