//! The engine of a call.
//!
//! Shape: scopes are maps of names to values; a result of a vendor's element is kept in one as `store:ID`. What only ECMAScript can do
//! (scripts, tags that are scripts, documents of XML) is an error that says so.
//! Errors: [`ScriptError`].

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::{
    Budget, Failure, Names, Value, World, bare, evaluate,
    nested::{Deep as _, MAX_DEPTH},
    read, text,
};
use crate::vxml::script::{ScopeId, ScriptEngine, ScriptError, TagStyle};

/// Most bytes of all scopes of a call.
const MEMORY: usize = 16 << 20;
/// Most scopes at once.
const MAX_SCOPES: usize = 10_000;

type Scope = BTreeMap<String, Value>;

/// The engine of one call.
pub(crate) struct Python {
    scopes: BTreeMap<u32, Scope>,
    next: u32,
    bytes: usize,
    world: World,
    budget: Budget,
}

/// A chain of scopes, the innermost first.
struct Chain<'a>(Vec<&'a Scope>);

impl Names for Chain<'_> {
    fn name(&self, name: &str) -> Option<Value> {
        self.0.iter().find_map(|scope| scope.get(name).cloned())
    }

    /// Of the call first, then of the page.
    fn reference(&self, store: Option<&'static str>, name: &str) -> Value {
        let of = |name: &str| self.name(name);
        let session = || self.0.last().and_then(|scope| scope.get(name).cloned());
        let found = match store {
            None => session().or_else(|| of(name)),
            Some("var") => of(name),
            Some(store) => of(&format!("{store}:{name}")).or_else(|| of(name).filter(|_| store != "soap")),
        };
        found.unwrap_or(Value::None)
    }
}

impl From<Failure> for ScriptError {
    fn from(failure: Failure) -> Self {
        Self(failure.0)
    }
}

fn unsupported<T>(what: &str) -> Result<T, ScriptError> {
    Err(ScriptError(format!("{what} is not there where expressions are Python")))
}

impl Python {
    /// An engine without scopes; chance comes from the seed, and `now` is that of the zone.
    pub(crate) fn new(seed: u32, zone: TimeZone) -> Self {
        Self { scopes: BTreeMap::new(), next: 1, bytes: 0, world: World::new(seed, zone), budget: Budget::default() }
    }

    fn chain<'a>(scopes: &'a BTreeMap<u32, Scope>, chain: &[ScopeId]) -> Chain<'a> {
        Chain(chain.iter().rev().filter_map(|scope| scopes.get(&scope.0)).collect())
    }

    /// A value of an expression; a bare word is a variable or itself.
    fn value(&mut self, chain: &[ScopeId], expr: &str) -> Result<Value, ScriptError> {
        self.weighed(chain, expr).map(|(value, _)| value)
    }

    /// A value that can be written, which is paid for.
    fn written(&mut self, chain: &[ScopeId], expr: &str) -> Result<Value, ScriptError> {
        let (value, bytes) = self.weighed(chain, expr)?;
        self.budget.bytes(bytes.saturating_mul(2))?;
        Ok(value)
    }

    /// A value, and about how many bytes it takes.
    fn weighed(&mut self, chain: &[ScopeId], expr: &str) -> Result<(Value, usize), ScriptError> {
        let names = Self::chain(&self.scopes, chain);
        self.budget.begin();
        self.budget.steps(expr.len())?;
        let value = match bare(expr) {
            Some(word) => names.name(word).unwrap_or_else(|| Value::text(word)),
            None => {
                let node = read(expr).map_err(|refusal| ScriptError(format!("{expr:?}, {refusal}")))?;
                evaluate(&node, &names, &mut self.world, &mut self.budget)?
            }
        };
        let bytes = text::weigh(&value, &mut self.budget)?;
        Ok((value, bytes))
    }

    fn scope(&mut self, scope: ScopeId) -> Result<&mut Scope, ScriptError> {
        self.scopes.get_mut(&scope.0).ok_or_else(|| ScriptError("this scope is not there any more".to_owned()))
    }

    fn keep(&mut self, scope: ScopeId, name: &str, value: Value) -> Result<(), ScriptError> {
        if value.depth() > MAX_DEPTH {
            return Err(ScriptError(format!("{name} would be more than {MAX_DEPTH} deep")));
        }
        if !value.is_plain() {
            return Err(ScriptError(format!("a {} cannot be kept in {name}", value.kind())));
        }
        let old = self.scope(scope)?.get(name).map_or(0, |old| old.size() + name.len());
        let all = self.bytes - old + value.size() + name.len();
        if all > MEMORY {
            return Err(ScriptError("the variables take too much memory".to_owned()));
        }
        self.bytes = all;
        self.scope(scope)?.insert(name.to_owned(), value);
        Ok(())
    }

    /// The nearest scope that has a name.
    fn owner(&self, chain: &[ScopeId], name: &str) -> Option<ScopeId> {
        let has = |scope: &&ScopeId| self.scopes.get(&scope.0).is_some_and(|scope| scope.contains_key(name));
        chain.iter().rev().find(has).copied()
    }
}

impl ScriptEngine for Python {
    fn tell(&mut self, milliseconds: i64) {
        self.world.tell(milliseconds);
    }

    fn rest(&mut self) {
        self.budget.rest();
    }

    fn open(&mut self, _names: &[&str]) -> Result<ScopeId, ScriptError> {
        if self.scopes.len() >= MAX_SCOPES {
            return Err(ScriptError("too many scopes".to_owned()));
        }
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.scopes.insert(id, Scope::new());
        Ok(ScopeId(id))
    }

    fn close(&mut self, scope: ScopeId) {
        for (name, value) in self.scopes.remove(&scope.0).unwrap_or_default() {
            self.bytes = self.bytes.saturating_sub(value.size() + name.len());
        }
    }

    /// A bare word is a variable here, and never a text: a condition that is always true says nothing.
    fn truth(&mut self, chain: &[ScopeId], expr: &str) -> Result<bool, ScriptError> {
        if let Some(word) = bare(expr).filter(|word| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
            let names = Self::chain(&self.scopes, chain);
            return Ok(names.name(word).is_some_and(|value| value.is_true()));
        }
        Ok(self.value(chain, expr)?.is_true())
    }

    fn text(&mut self, chain: &[ScopeId], expr: &str) -> Result<Option<String>, ScriptError> {
        Ok(match self.written(chain, expr)? {
            Value::None => None,
            value => Some(text::str(&value)),
        })
    }

    fn json(&mut self, chain: &[ScopeId], expr: &str) -> Result<Option<Json>, ScriptError> {
        Ok(match self.written(chain, expr)? {
            Value::None => None,
            value => Some(value.to_json()),
        })
    }

    fn declare(&mut self, chain: &[ScopeId], name: &str, expr: Option<&str>) -> Result<(), ScriptError> {
        let value = expr.map_or(Ok(Value::None), |expr| self.value(chain, expr))?;
        let scope = chain.last().copied().ok_or_else(|| ScriptError("there is no scope".to_owned()))?;
        self.keep(scope, name, value)
    }

    fn assign(&mut self, chain: &[ScopeId], name: &str, expr: &str, session: ScopeId) -> Result<(), ScriptError> {
        let value = self.value(chain, expr)?;
        match self.owner(chain, name) {
            Some(scope) if scope == session => Err(ScriptError(format!("{name} belongs to the call"))),
            Some(scope) => self.keep(scope, name, value),
            None => Err(ScriptError(format!("{name} is not declared"))),
        }
    }

    fn bind(&mut self, chain: &[ScopeId], expr: &str, scope: ScopeId, name: &str) -> Result<(), ScriptError> {
        let value = self.value(chain, expr)?;
        self.keep(scope, name, value)
    }

    fn put(&mut self, scope: ScopeId, name: &str, value: &Json) -> Result<(), ScriptError> {
        self.keep(scope, name, Value::of_json(value))
    }

    fn put_locked(&mut self, scope: ScopeId, name: &str, value: &Json) -> Result<(), ScriptError> {
        self.put(scope, name, value)
    }

    fn unset(&mut self, scope: ScopeId, name: &str) -> Result<(), ScriptError> {
        self.keep(scope, name, Value::None)
    }

    fn is_set(&mut self, scope: ScopeId, name: &str) -> Result<bool, ScriptError> {
        Ok(self.scope(scope)?.get(name).is_some_and(|value| !matches!(value, Value::None)))
    }

    fn is_declared(&mut self, chain: &[ScopeId], name: &str) -> Result<bool, ScriptError> {
        Ok(self.owner(chain, name).is_some())
    }

    fn reset(&mut self, chain: &[ScopeId], name: &str) -> Result<(), ScriptError> {
        match self.owner(chain, name) {
            Some(scope) => self.keep(scope, name, Value::None),
            None => Err(ScriptError(format!("{name} is not declared"))),
        }
    }

    fn run(&mut self, _: &[ScopeId], _: &str) -> Result<(), ScriptError> {
        unsupported("a script")
    }

    fn interpret(&mut self, parse: &Json, style: TagStyle, scope: ScopeId, name: &str) -> Result<(), ScriptError> {
        let tag = last_tag(parse, 0);
        match (style, tag) {
            (_, None) => self.put(scope, name, &parse["text"]),
            (TagStyle::Literal | TagStyle::Guess, Some(tag)) => self.put(scope, name, &tag.trim().into()),
            (TagStyle::Script, Some(_)) => unsupported("a tag of semantics/1.0"),
        }
    }

    fn document(&mut self, _: &Json, _: ScopeId, _: &str) -> Result<(), ScriptError> {
        unsupported("a document of XML")
    }

    fn array(
        &mut self,
        chain: &[ScopeId],
        expr: &str,
        scope: ScopeId,
        name: &str,
    ) -> Result<Option<usize>, ScriptError> {
        let value = self.value(chain, expr)?;
        let Some(all) = value.elements() else { return Ok(None) };
        let length = all.len();
        // A set has no places; its copy does.
        let copy = if matches!(value, Value::Set(_)) { Value::List(all.to_vec().into()) } else { value };
        self.keep(scope, name, copy)?;
        Ok(Some(length))
    }
}

/// The last tag of a parse, which is bounded in its depth.
fn last_tag(parse: &Json, depth: usize) -> Option<&str> {
    let parts = parse["parts"].as_array().filter(|_| depth < 100)?;
    parts.iter().rev().find_map(|part| part["tag"].as_str().or_else(|| last_tag(part, depth + 1)))
}
