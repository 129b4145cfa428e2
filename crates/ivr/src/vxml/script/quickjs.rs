//! QuickJS, with limits of memory, stack and steps.
//!
//! Shape: one runtime a call. A prelude in its own language keeps the scopes; this file calls its functions.
//! Units: bytes; a step is one call of the engine's interrupt handler, which it makes every ten thousand branches and calls. What does much
//! in one branch is paid for in letters, of which there are [`LETTERS_A_STEP`] in a step.
//! Time: told. Its `Date` and `Math.random` are replaced by ones that are told, too.
//! Errors: [`ScriptError`] with the first line of what was thrown.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use rquickjs::{
    CatchResultExt, Context, Ctx, FromJs, Function, Object, Runtime, context::intrinsic, function::IntoArgs,
};

use super::{ScopeId, ScriptEngine, ScriptError, TagStyle, names};
use crate::Patience;

/// Most memory of all scopes of a call.
const MEMORY: usize = 16 << 20;
/// Most stack of an evaluation.
const STACK: usize = 512 << 10;
/// Most steps of one evaluation.
const STEPS: u64 = 1_000;
/// Most steps of all evaluations between two waits.
const STEPS_BETWEEN_WAITS: u64 = 10 * STEPS;
/// How many letters of texts are looked at or copied in a step.
const LETTERS_A_STEP: u64 = 40_000;
/// What any question to the engine costs, in letters, and what a letter of code does, which is read before it is run.
const QUESTION: u64 = LETTERS_A_STEP / 64;
const CODE: u64 = 8;
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
    letters: AtomicU64,
    /// Whoever runs the script may have had enough.
    patience: OnceLock<Patience>,
}

impl Steps {
    fn is_over(&self) -> bool {
        self.patience.get().is_some_and(Patience::is_over)
    }

    /// Pays for letters; whether there are steps left.
    fn spend(&self, letters: u64) -> bool {
        let before = self.letters.fetch_add(letters, Ordering::Relaxed);
        let steps = before.saturating_add(letters) / LETTERS_A_STEP - before / LETTERS_A_STEP;
        let taken = self.taken.fetch_add(steps, Ordering::Relaxed) + steps;
        taken < self.most.load(Ordering::Relaxed) && !self.is_over()
    }
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
            told.taken.fetch_add(1, Ordering::Relaxed) >= told.most.load(Ordering::Relaxed) || told.is_over()
        })));
        let context = Context::custom::<Intrinsics>(&runtime).map_err(failed)?;
        let told = Arc::clone(&steps);
        let spend = move |letters: f64| told.spend(letters as u64);
        let mut engine = Self { context, steps, rested_at: 0 };
        engine.allow();
        engine
            .context
            .with(|ctx| {
                let make: Function = ctx.eval(PRELUDE)?;
                let spend = Function::new(ctx.clone(), spend)?;
                let host: Object = make.call((ctx.globals(), seed, spend))?;
                ctx.globals().prop(HOST, rquickjs::object::Property::from(host))
            })
            .map_err(failed)?;
        Ok(engine)
    }

    /// Ends evaluations once this is over.
    pub(crate) fn heeding(self, patience: Patience) -> Self {
        let _ = self.steps.patience.set(patience);
        self
    }

    /// Reads an expression as it is read before it is evaluated, and evaluates nothing.
    pub(crate) fn read_expression(&mut self, expr: &str) -> Result<(), ScriptError> {
        self.host("read", (format!("({}\n)", short(expr)?),), code(expr))
    }

    /// The same with a script.
    pub(crate) fn read_script(&mut self, source: &str) -> Result<(), ScriptError> {
        self.host("read", (short(source)?,), code(source))
    }

    fn allow(&mut self) {
        let taken = self.steps.taken.load(Ordering::Relaxed);
        let most = (taken + STEPS).min(self.rested_at + STEPS_BETWEEN_WAITS);
        self.steps.most.store(most, Ordering::Relaxed);
    }

    /// Asks the engine something, in so many letters.
    fn host<A, R>(&mut self, name: &str, args: A, letters: usize) -> Result<R, ScriptError>
    where
        A: for<'js> IntoArgs<'js>,
        R: for<'js> FromJs<'js>,
    {
        self.allow();
        self.paid(letters)?;
        self.told(name, args)
    }

    fn paid(&self, letters: usize) -> Result<(), ScriptError> {
        let letters = u64::try_from(letters).unwrap_or(u64::MAX / 2);
        match self.steps.spend(letters.saturating_add(QUESTION)) {
            true => Ok(()),
            false if self.steps.is_over() => Err(ScriptError("it thinks for too long".to_owned())),
            false => Err(ScriptError("too many steps without the caller being heard".to_owned())),
        }
    }

    /// The same, whatever was used up.
    fn told<A, R>(&mut self, name: &str, args: A) -> Result<R, ScriptError>
    where
        A: for<'js> IntoArgs<'js>,
        R: for<'js> FromJs<'js>,
    {
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

/// How many letters a piece of code counts as.
fn code(source: &str) -> usize {
    source.len().saturating_mul(CODE as usize)
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
        self.allow();
        let _ = self.told::<_, ()>("tell", (milliseconds as f64,));
    }

    fn rest(&mut self) {
        self.rested_at = self.steps.taken.load(Ordering::Relaxed);
    }

    fn open(&mut self, names: &[&str]) -> Result<ScopeId, ScriptError> {
        self.host("open", (names.to_vec(),), 0).map(ScopeId)
    }

    fn close(&mut self, scope: ScopeId) {
        // A scope that cannot be closed goes with the call.
        self.allow();
        let _ = self.told::<_, ()>("close", (scope.0,));
    }

    fn truth(&mut self, chain: &[ScopeId], expr: &str) -> Result<bool, ScriptError> {
        self.host("truth", (ids(chain), short(expr)?), code(expr))
    }

    fn text(&mut self, chain: &[ScopeId], expr: &str) -> Result<Option<String>, ScriptError> {
        let text: Option<String> = self.host("text", (ids(chain), short(expr)?), code(expr))?;
        self.paid(text.as_ref().map_or(0, String::len))?;
        Ok(text)
    }

    fn json(&mut self, chain: &[ScopeId], expr: &str) -> Result<Option<serde_json::Value>, ScriptError> {
        let text: Option<String> = self.host("json", (ids(chain), short(expr)?), code(expr))?;
        self.paid(text.as_ref().map_or(0, String::len))?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| ScriptError(error.to_string()))).transpose()
    }

    fn declare(&mut self, chain: &[ScopeId], name: &str, expr: Option<&str>) -> Result<(), ScriptError> {
        let null = rquickjs::Null;
        match expr {
            Some(expr) => self.host("declare", (ids(chain), name, short(expr)?), code(expr)),
            None => self.host("declare", (ids(chain), name, null), 0),
        }
    }

    fn assign(&mut self, chain: &[ScopeId], name: &str, expr: &str, session: ScopeId) -> Result<(), ScriptError> {
        self.host("assign", (ids(chain), name, short(expr)?, session.0), code(expr))
    }

    fn bind(&mut self, chain: &[ScopeId], expr: &str, scope: ScopeId, name: &str) -> Result<(), ScriptError> {
        self.host("bind", (ids(chain), short(expr)?, scope.0, name), code(expr))
    }

    fn put(&mut self, scope: ScopeId, name: &str, value: &serde_json::Value) -> Result<(), ScriptError> {
        let text = value.to_string();
        let letters = text.len();
        self.host("put", (scope.0, name, text, false), letters)
    }

    fn put_locked(&mut self, scope: ScopeId, name: &str, value: &serde_json::Value) -> Result<(), ScriptError> {
        let text = value.to_string();
        let letters = text.len();
        self.host("put", (scope.0, name, text, true), letters)
    }

    fn unset(&mut self, scope: ScopeId, name: &str) -> Result<(), ScriptError> {
        self.host("unset", (scope.0, name), 0)
    }

    fn is_set(&mut self, scope: ScopeId, name: &str) -> Result<bool, ScriptError> {
        self.host("isSet", (scope.0, name), 0)
    }

    fn is_declared(&mut self, chain: &[ScopeId], name: &str) -> Result<bool, ScriptError> {
        self.host("isDeclared", (ids(chain), name), 0)
    }

    fn reset(&mut self, chain: &[ScopeId], name: &str) -> Result<(), ScriptError> {
        self.host("reset", (ids(chain), name), 0)
    }

    fn run(&mut self, chain: &[ScopeId], source: &str) -> Result<(), ScriptError> {
        let names = names::declared(short(source)?);
        self.host("run", (ids(chain), source, names.vars, names.functions), code(source))
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
        let text = parse.to_string();
        let letters = text.len();
        self.host("interpret", (text, style, scope.0, name), letters)
    }

    fn document(&mut self, root: &serde_json::Value, scope: ScopeId, name: &str) -> Result<(), ScriptError> {
        let text = root.to_string();
        let letters = text.len();
        self.host("document", (text, scope.0, name), letters)
    }

    fn array(
        &mut self,
        chain: &[ScopeId],
        expr: &str,
        scope: ScopeId,
        name: &str,
    ) -> Result<Option<usize>, ScriptError> {
        let length: i64 = self.host("isArray", (ids(chain), short(expr)?, scope.0, name), code(expr))?;
        Ok(usize::try_from(length).ok())
    }
}
