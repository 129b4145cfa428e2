//! QuickJS, with limits of memory, stack and steps.
//!
//! Shape: one runtime a call. A prelude in its own language keeps the scopes; this file calls its functions.
//! Units: bytes; a step is one call of the engine's interrupt handler, which it makes every ten thousand branches and calls.
//! Time: told. Its `Date` and `Math.random` are replaced by ones that are told, too.
//! Errors: [`ScriptError`] with the first line of what was thrown.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rquickjs::{
    CatchResultExt, Context, Ctx, FromJs, Function, Object, Runtime, context::intrinsic, function::IntoArgs,
};

use super::{ScopeId, ScriptEngine, ScriptError, TagStyle, names};

/// Most memory of all scopes of a call.
const MEMORY: usize = 16 << 20;
/// Most stack of an evaluation.
const STACK: usize = 512 << 10;
/// Most steps of one evaluation.
const STEPS: u64 = 1_000;
/// Most steps of all evaluations between two waits.
const STEPS_BETWEEN_WAITS: u64 = 10 * STEPS;
/// The longest piece of code.
const MAX_SOURCE: usize = 256 << 10;

const PRELUDE: &str = include_str!("prelude.js");
const HOST: &str = "\u{1}host";

type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
);

/// The engine of one call.
pub(crate) struct QuickJs {
    context: Context,
    steps: Arc<Steps>,
    rested_at: u64,
}

/// How many steps were taken, and how many may be.
#[derive(Default)]
struct Steps {
    taken: AtomicU64,
    most: AtomicU64,
}

impl QuickJs {
    /// An engine without scopes; chance comes from the seed.
    pub(crate) fn new(seed: u32) -> Result<Self, ScriptError> {
        let failed = |error: rquickjs::Error| ScriptError(format!("the script engine does not start: {error}"));
        let runtime = Runtime::new().map_err(failed)?;
        runtime.set_memory_limit(MEMORY);
        runtime.set_max_stack_size(STACK);
        let steps = Arc::new(Steps::default());
        let told = Arc::clone(&steps);
        runtime.set_interrupt_handler(Some(Box::new(move || {
            told.taken.fetch_add(1, Ordering::Relaxed) >= told.most.load(Ordering::Relaxed)
        })));
        let context = Context::custom::<Intrinsics>(&runtime).map_err(failed)?;
        let mut engine = Self { context, steps, rested_at: 0 };
        engine.allow();
        engine
            .context
            .with(|ctx| {
                let make: Function = ctx.eval(PRELUDE)?;
                let host: Object = make.call((ctx.globals(), seed))?;
                ctx.globals().prop(HOST, rquickjs::object::Property::from(host))
            })
            .map_err(failed)?;
        Ok(engine)
    }

    fn allow(&mut self) {
        let taken = self.steps.taken.load(Ordering::Relaxed);
        let most = (taken + STEPS).min(self.rested_at + STEPS_BETWEEN_WAITS);
        self.steps.most.store(most, Ordering::Relaxed);
    }

    fn host<A, R>(&mut self, name: &str, args: A) -> Result<R, ScriptError>
    where
        A: for<'js> IntoArgs<'js>,
        R: for<'js> FromJs<'js>,
    {
        self.allow();
        self.context.with(|ctx: Ctx<'_>| {
            let call = || {
                let host: Object = ctx.globals().get(HOST)?;
                let function: Function = host.get(name)?;
                function.call(args)
            };
            call().catch(&ctx).map_err(|caught| ScriptError(first_line(&caught.to_string())))
        })
    }
}

/// What was thrown, without where. The engine throws null where there is no memory for an error.
fn first_line(text: &str) -> String {
    if text.contains("Null\"null\"") {
        return "out of memory".to_owned();
    }
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("Error:").unwrap_or(line).trim().chars().take(300).collect()
}

fn ids(chain: &[ScopeId]) -> Vec<u32> {
    chain.iter().map(|scope| scope.0).collect()
}

fn short(source: &str) -> Result<&str, ScriptError> {
    if source.len() > MAX_SOURCE {
        return Err(ScriptError(format!("a script has at most {MAX_SOURCE} bytes")));
    }
    Ok(source)
}

impl ScriptEngine for QuickJs {
    fn tell(&mut self, milliseconds: i64) {
        // Less than 2^53 for many thousand years.
        let _ = self.host::<_, ()>("tell", (milliseconds as f64,));
    }

    fn rest(&mut self) {
        self.rested_at = self.steps.taken.load(Ordering::Relaxed);
    }

    fn open(&mut self, names: &[&str]) -> Result<ScopeId, ScriptError> {
        self.host("open", (names.to_vec(),)).map(ScopeId)
    }

    fn close(&mut self, scope: ScopeId) {
        // A scope that cannot be closed goes with the call.
        let _ = self.host::<_, ()>("close", (scope.0,));
    }

    fn truth(&mut self, chain: &[ScopeId], expr: &str) -> Result<bool, ScriptError> {
        self.host("truth", (ids(chain), short(expr)?))
    }

    fn text(&mut self, chain: &[ScopeId], expr: &str) -> Result<Option<String>, ScriptError> {
        self.host("text", (ids(chain), short(expr)?))
    }

    fn json(&mut self, chain: &[ScopeId], expr: &str) -> Result<Option<serde_json::Value>, ScriptError> {
        let text: Option<String> = self.host("json", (ids(chain), short(expr)?))?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| ScriptError(error.to_string()))).transpose()
    }

    fn declare(&mut self, chain: &[ScopeId], name: &str, expr: Option<&str>) -> Result<(), ScriptError> {
        let null = rquickjs::Null;
        match expr {
            Some(expr) => self.host("declare", (ids(chain), name, short(expr)?)),
            None => self.host("declare", (ids(chain), name, null)),
        }
    }

    fn assign(&mut self, chain: &[ScopeId], name: &str, expr: &str, session: ScopeId) -> Result<(), ScriptError> {
        self.host("assign", (ids(chain), name, short(expr)?, session.0))
    }

    fn bind(&mut self, chain: &[ScopeId], expr: &str, scope: ScopeId, name: &str) -> Result<(), ScriptError> {
        self.host("bind", (ids(chain), short(expr)?, scope.0, name))
    }

    fn put(&mut self, scope: ScopeId, name: &str, value: &serde_json::Value) -> Result<(), ScriptError> {
        self.host("put", (scope.0, name, value.to_string(), false))
    }

    fn put_locked(&mut self, scope: ScopeId, name: &str, value: &serde_json::Value) -> Result<(), ScriptError> {
        self.host("put", (scope.0, name, value.to_string(), true))
    }

    fn unset(&mut self, scope: ScopeId, name: &str) -> Result<(), ScriptError> {
        self.host("unset", (scope.0, name))
    }

    fn is_set(&mut self, scope: ScopeId, name: &str) -> Result<bool, ScriptError> {
        self.host("isSet", (scope.0, name))
    }

    fn is_declared(&mut self, chain: &[ScopeId], name: &str) -> Result<bool, ScriptError> {
        self.host("isDeclared", (ids(chain), name))
    }

    fn reset(&mut self, chain: &[ScopeId], name: &str) -> Result<(), ScriptError> {
        self.host("reset", (ids(chain), name))
    }

    fn run(&mut self, chain: &[ScopeId], source: &str) -> Result<(), ScriptError> {
        let names = names::declared(short(source)?);
        self.host("run", (ids(chain), source, names.vars, names.functions))
    }

    fn interpret(
        &mut self,
        parse: &serde_json::Value,
        style: TagStyle,
        scope: ScopeId,
        name: &str,
    ) -> Result<(), ScriptError> {
        let style = match style {
            TagStyle::Script => "script",
            TagStyle::Literal => "literal",
            TagStyle::Guess => "guess",
        };
        self.host("interpret", (parse.to_string(), style, scope.0, name))
    }

    fn document(&mut self, root: &serde_json::Value, scope: ScopeId, name: &str) -> Result<(), ScriptError> {
        self.host("document", (root.to_string(), scope.0, name))
    }

    fn array(
        &mut self,
        chain: &[ScopeId],
        expr: &str,
        scope: ScopeId,
        name: &str,
    ) -> Result<Option<usize>, ScriptError> {
        let length: i64 = self.host("isArray", (ids(chain), short(expr)?, scope.0, name))?;
        Ok(usize::try_from(length).ok())
    }
}
