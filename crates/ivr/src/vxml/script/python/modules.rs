//! The modules that an expression may name: `datetime`, `json`, `math`, `random` and `re`.
//!
//! Sources: Python 3.12 library reference; `voicexml-customizers.md` 1.5.

use super::{
    Failure,
    args::{self, Args},
    builtins::OrNone,
    datetimes,
    eval::{Evaluator, items},
    format::truncated,
    json, regexes,
    value::Value,
};

pub(super) use regexes::{Pattern, on_pattern};

const MODULES: [&str; 5] = ["datetime", "json", "math", "random", "re"];

const FUNCTIONS: [(&str, &[&str]); 4] = [
    ("json", &["dumps", "loads"]),
    (
        "math",
        &[
            "acos", "asin", "atan", "atan2", "ceil", "cos", "degrees", "exp", "fabs", "floor", "fmod", "gcd", "hypot",
            "isclose", "isfinite", "isinf", "isnan", "log", "log10", "log2", "pow", "radians", "sin", "sqrt", "tan",
            "trunc",
        ],
    ),
    ("random", &["choice", "randint", "random", "randrange", "uniform"]),
    ("re", &regexes::FUNCTIONS),
];

/// The module of this name.
pub(super) fn named(name: &str) -> Option<Value> {
    MODULES.iter().find(|known| **known == name).map(|name| Value::Module(name))
}

/// Whether a module has something of this name.
pub(super) fn has(module: &str, name: &str) -> bool {
    let is_function = FUNCTIONS.iter().any(|(known, names)| *known == module && names.contains(&name));
    is_function || constant_of(module, name).is_some()
}

/// Something of a module that is not called.
pub(super) fn constant(module: &str, name: &str) -> Option<Value> {
    constant_of(module, name)
}

fn constant_of(module: &str, name: &str) -> Option<Value> {
    Some(match (module, name) {
        ("math", "pi") => Value::Float(std::f64::consts::PI),
        ("math", "e") => Value::Float(std::f64::consts::E),
        ("math", "tau") => Value::Float(std::f64::consts::TAU),
        ("math", "inf") => Value::Float(f64::INFINITY),
        ("math", "nan") => Value::Float(f64::NAN),
        ("datetime", name) => return datetimes::class(name).map(Value::Builtin),
        ("re", name) => return regexes::flag(name).map(Value::Int),
        _ => return None,
    })
}

/// A function of a module.
pub(super) fn call(evaluator: &mut Evaluator<'_>, module: &str, name: &str, args: Args) -> Result<Value, Failure> {
    match module {
        "math" if has(module, name) => math(name, args),
        "json" => of_json(evaluator, name, args),
        "random" => random(evaluator, name, args),
        "re" => regexes::call(evaluator, name, args),
        "datetime" => match datetimes::class(name) {
            Some(class) => datetimes::make(class, args),
            None => Err(nothing(module, name)),
        },
        _ => Err(nothing(module, name)),
    }
}

/// A function that was named without being called at once.
pub(super) fn function(_: &mut Evaluator<'_>, name: &'static str, args: Args) -> Result<Value, Failure> {
    datetimes::make(name, args)
}

/// A function of a class, such as `datetime.datetime.now`.
pub(super) fn of_class(evaluator: &mut Evaluator<'_>, class: &str, name: &str, args: Args) -> Result<Value, Failure> {
    datetimes::of_class(evaluator, class, name, args)
}

fn nothing(module: &str, name: &str) -> Failure {
    Failure::new(format!("AttributeError: module '{module}' has no attribute '{name}'"))
}

fn math(name: &str, args: Args) -> Result<Value, Failure> {
    let list = args.plain()?;
    let domain = || Failure::new("ValueError: math domain error");
    let float = |at: usize| {
        let value = list.get(at).ok_or_else(|| Failure::new("TypeError: an argument is missing"))?;
        args::float(value)
    };
    let whole = |value: f64| if value.is_finite() { truncated(value).map(Value::Int) } else { Err(domain()) };
    let x = float(0)?;
    match name {
        "ceil" | "floor" | "trunc" if list[0].int().is_some() => {
            return Ok(Value::Int(list[0].int().unwrap_or_default()));
        }
        "ceil" => return whole(x.ceil()),
        "floor" => return whole(x.floor()),
        "trunc" => return whole(x.trunc()),
        "isnan" => return Ok(Value::Bool(x.is_nan())),
        "isinf" => return Ok(Value::Bool(x.is_infinite())),
        "isfinite" => return Ok(Value::Bool(x.is_finite())),
        "isclose" => {
            let y = float(1)?;
            return Ok(Value::Bool((x - y).abs() <= 1e-9 * x.abs().max(y.abs())));
        }
        "gcd" => {
            let (mut one, mut other) = (args::int(&list[0])?, list.get(1).map_or(Ok(0), args::int)?);
            while other != 0 {
                (one, other) = (other, one.wrapping_rem(other));
            }
            return one.checked_abs().map(Value::Int).ok_or_else(domain);
        }
        _ => {}
    }
    let made = match name {
        "acos" => x.acos(),
        "asin" => x.asin(),
        "atan" => x.atan(),
        "atan2" => x.atan2(float(1)?),
        "cos" => x.cos(),
        "degrees" => x.to_degrees(),
        "exp" => x.exp(),
        "fabs" => x.abs(),
        "fmod" => x % float(1)?,
        "hypot" => x.hypot(float(1)?),
        "log" if x <= 0.0 => return Err(domain()),
        "log" if list.len() > 1 => x.ln() / float(1)?.ln(),
        "log" => x.ln(),
        "log10" | "log2" if x <= 0.0 => return Err(domain()),
        "log10" => x.log10(),
        "log2" => x.log2(),
        "pow" => x.powf(float(1)?),
        "radians" => x.to_radians(),
        "sin" => x.sin(),
        "sqrt" => x.sqrt(),
        _ => x.tan(),
    };
    if made.is_nan() && !x.is_nan() {
        return Err(domain());
    }
    Ok(Value::Float(made))
}

fn of_json(evaluator: &mut Evaluator<'_>, name: &str, args: Args) -> Result<Value, Failure> {
    match name {
        "dumps" => json::dumps(args, evaluator.budget),
        "loads" => {
            let [value] = args.bind(["s"], 1)?.map(OrNone::unwrap_or_none);
            let text = args::text(&value)?;
            evaluator.budget.steps(text.len() / 4)?;
            evaluator.budget.bytes(text.len().saturating_mul(24))?;
            let json = serde_json::from_str(text).map_err(|error| Failure::new(format!("JSONDecodeError: {error}")))?;
            Ok(Value::of_json(&json))
        }
        _ => Err(nothing("json", name)),
    }
}

fn random(evaluator: &mut Evaluator<'_>, name: &str, args: Args) -> Result<Value, Failure> {
    let list = args.plain()?;
    let (low, high) = match (name, list.as_slice()) {
        ("random", []) => return Ok(Value::Float(evaluator.world.chance())),
        ("uniform", [low, high]) => {
            let (low, high) = (args::float(low)?, args::float(high)?);
            return Ok(Value::Float(low + (high - low) * evaluator.world.chance()));
        }
        ("choice", [all]) => {
            let all = items(all, evaluator.budget)?;
            let at = evaluator.world.below(u64::try_from(all.len()).unwrap_or_default());
            let at = usize::try_from(at).unwrap_or_default();
            return all.get(at).cloned().ok_or_else(|| Failure::new("IndexError: choice of nothing"));
        }
        ("randint", [low, high]) => (args::int(low)?, args::int(high)?.saturating_add(1)),
        ("randrange", [high]) => (0, args::int(high)?),
        ("randrange", [low, high]) => (args::int(low)?, args::int(high)?),
        _ => return Err(nothing("random", name)),
    };
    let width = high.checked_sub(low).and_then(|width| u64::try_from(width).ok()).filter(|width| *width > 0);
    let width = width.ok_or_else(|| Failure::new("ValueError: there is no number between these"))?;
    let offset = i64::try_from(evaluator.world.below(width)).unwrap_or_default();
    Ok(Value::Int(low.saturating_add(offset)))
}
