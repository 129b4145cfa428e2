//! The expressions of Contact Pro: a small Python, evaluated here.
//!
//! Shape: [`check`] looks through an expression when its page is read; [`Python`] is the engine of a call, with scopes of values that never
//! change. A room of its own: *lexer*, *parser* and *display* make a *tree*, *check* refuses what could never be evaluated, *eval*
//! evaluates; *ops*, *builtins*, *methods*, *strings*, *modules* are what it can do.
//! Units: steps and bytes of *budget*.
//! Time: told, and so is chance.
//! Errors: [`Refusal`] with the character, before anything runs; [`Failure`] when it does.
//! Sources: `voicexml-customizers.md` 1.4, 1.5; Python 3.12 language reference §6.

mod args;
mod budget;
mod builtins;
mod check;
mod datetimes;
mod display;
mod engine;
mod eval;
mod format;
mod json;
mod lexer;
mod methods;
mod modules;
mod nested;
mod ops;
mod parser;
mod regexes;
mod strings;
mod text;
mod tree;
mod value;
mod world;

pub(crate) use engine::Python;

use budget::Budget;
use eval::Evaluator;
use tree::{Kind, Node};
use value::Value;
use world::World;

/// Where results are kept, beside variables; the first four may be named without braces.
pub(crate) const STORES: [&str; 8] = ["var", "soap", "customstate", "callout", "field", "menu", "record", "transfer"];

/// The longest expression, in bytes.
const MAX_SOURCE: usize = 8 << 10;
/// The longest message of a failure, in characters.
const MAX_MESSAGE: usize = 200;

/// Why an expression cannot be evaluated at all.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("character {}: {text}", at + 1)]
pub(crate) struct Refusal {
    /// How many characters stand before.
    pub(crate) at: usize,
    pub(crate) text: String,
}

/// Why an evaluation has no value.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

impl Failure {
    /// What was given may stand in it, and be of any length: no more than its beginning is kept.
    fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        if let Some((end, _)) = text.char_indices().nth(MAX_MESSAGE) {
            text.truncate(end);
        }
        Self(text)
    }
}

/// What the names of an expression are worth.
trait Names {
    /// A variable.
    fn name(&self, name: &str) -> Option<Value>;
    /// `{NAME}`, or with a store, `{soap:ID}`.
    fn reference(&self, store: Option<&'static str>, name: &str) -> Value;
}

/// Refuses an expression that could not be evaluated.
pub(crate) fn check(source: &str) -> Result<(), Refusal> {
    read(source).map(drop)
}

/// A text without anything of Python is a text, unless it is a number (`voicexml-customizers.md` 1.5).
fn bare(source: &str) -> Option<&str> {
    let text = source.trim();
    let is_bare = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_+#*-".contains(c));
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
        && text.parse::<i64>().is_ok();
    let is_word = matches!(text, "None" | "True" | "False");
    (is_bare && !is_number && !is_word).then_some(text)
}

fn read(source: &str) -> Result<Node, Refusal> {
    if source.len() > MAX_SOURCE {
        return Err(Refusal { at: 0, text: format!("more than {MAX_SOURCE} bytes") });
    }
    // A text of words and signs is no expression, and any is taken.
    if let Some(text) = bare(source) {
        return Ok(Node { at: 0, height: 1, kind: Kind::Text(text.into()) });
    }
    let node = parser::parse(source)?;
    check::check(&node)?;
    Ok(node)
}

/// Evaluates a tree; whoever calls has begun a budget.
fn evaluate(node: &Node, names: &dyn Names, world: &mut World, budget: &mut Budget) -> Result<Value, Failure> {
    Evaluator::new(names, world, budget).eval(node)
}

#[cfg(test)]
mod tests;
