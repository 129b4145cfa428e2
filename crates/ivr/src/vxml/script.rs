//! The expressions and scripts of pages.
//!
//! Shape: a [`ScriptEngine`] keeps scopes, and runs code inside a chain of them, the outermost first. Values stay in the engine; what
//! comes out is a text, a truth or JSON.
//! Time: told. An evaluation that takes too many steps ends with an error.
//! Errors: [`ScriptError`], whatever went wrong; the interpreter makes `error.semantic` of it.
//! Sources: VoiceXML 2.0 §5.1 (variables, scopes); `voicexml-customizers.md` 3.3.

mod names;
pub(crate) mod python;
mod quickjs;

pub(crate) use python::Python;
pub(crate) use quickjs::QuickJs;

/// The property of a locked object that says which text it is where one is wanted; scripts do not see it.
pub(crate) const SHOWN: &str = "\u{1}text";

/// A scope: an object whose properties are its variables.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) struct ScopeId(pub(crate) u32);

/// Why code did not run to its end.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ScriptError(pub(crate) String);

/// How the tags of a grammar are meant.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(crate) enum TagStyle {
    /// `semantics/1.0`.
    Script,
    /// `semantics/1.0-literals`.
    Literal,
    /// The grammar does not say.
    Guess,
}

/// Whoever runs the code of pages. A name is an identifier, a chain is never empty.
pub(crate) trait ScriptEngine: Send {
    /// Tells the time, in milliseconds since 1970.
    fn tell(&mut self, milliseconds: i64);
    /// Time has passed, or the caller did something: what was used up of the steps of many evaluations is given anew.
    fn rest(&mut self);
    /// A new scope, that knows itself under these names.
    fn open(&mut self, names: &[&str]) -> Result<ScopeId, ScriptError>;
    /// The scope is not used any more.
    fn close(&mut self, scope: ScopeId);
    /// Whether an expression is true.
    fn truth(&mut self, chain: &[ScopeId], expr: &str) -> Result<bool, ScriptError>;
    /// An expression as text; `None` where it is undefined or null.
    fn text(&mut self, chain: &[ScopeId], expr: &str) -> Result<Option<String>, ScriptError>;
    /// An expression as JSON; `None` where it is undefined.
    fn json(&mut self, chain: &[ScopeId], expr: &str) -> Result<Option<serde_json::Value>, ScriptError>;
    /// Makes a variable in the innermost scope.
    fn declare(&mut self, chain: &[ScopeId], name: &str, expr: Option<&str>) -> Result<(), ScriptError>;
    /// Changes a variable that is declared, or a property of one; none of the session's.
    fn assign(&mut self, chain: &[ScopeId], name: &str, expr: &str, session: ScopeId) -> Result<(), ScriptError>;
    /// Makes a variable of any scope hold what an expression is worth.
    fn bind(&mut self, chain: &[ScopeId], expr: &str, scope: ScopeId, name: &str) -> Result<(), ScriptError>;
    /// Makes a variable hold a value.
    fn put(&mut self, scope: ScopeId, name: &str, value: &serde_json::Value) -> Result<(), ScriptError>;
    /// The same, and nothing in it can be changed.
    fn put_locked(&mut self, scope: ScopeId, name: &str, value: &serde_json::Value) -> Result<(), ScriptError>;
    /// Makes a variable undefined.
    fn unset(&mut self, scope: ScopeId, name: &str) -> Result<(), ScriptError>;
    /// Whether a variable is there and not undefined.
    fn is_set(&mut self, scope: ScopeId, name: &str) -> Result<bool, ScriptError>;
    /// Whether a variable is declared.
    fn is_declared(&mut self, chain: &[ScopeId], name: &str) -> Result<bool, ScriptError>;
    /// Makes the nearest variable of this name undefined.
    fn reset(&mut self, chain: &[ScopeId], name: &str) -> Result<(), ScriptError>;
    /// Runs a script: what it declares belongs to the innermost scope.
    fn run(&mut self, chain: &[ScopeId], source: &str) -> Result<(), ScriptError>;
    /// Makes a variable hold what the tags of a parse mean.
    fn interpret(
        &mut self,
        parse: &serde_json::Value,
        style: TagStyle,
        scope: ScopeId,
        name: &str,
    ) -> Result<(), ScriptError>;
    /// Makes a variable hold a document of XML.
    fn document(&mut self, root: &serde_json::Value, scope: ScopeId, name: &str) -> Result<(), ScriptError>;
    /// Makes a variable hold a copy of an array, and tells its length; `None` where the expression is no array.
    fn array(
        &mut self,
        chain: &[ScopeId],
        expr: &str,
        scope: ScopeId,
        name: &str,
    ) -> Result<Option<usize>, ScriptError>;
}

#[cfg(test)]
mod tests;
