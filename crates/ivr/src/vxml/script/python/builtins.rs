//! The functions that need no module.
//!
//! Sources: Python 3.12 library reference, "Built-in Functions"; `voicexml-customizers.md` 1.5.

use std::cmp::Ordering;

use super::{
    Failure,
    args::{self, Args},
    eval::{Evaluator, items},
    format::{self, truncated},
    ops, text,
    value::Value,
};

/// What there is; nothing else can be called.
pub(super) const NAMES: [&str; 25] = [
    "abs",
    "all",
    "any",
    "bool",
    "dict",
    "enumerate",
    "float",
    "int",
    "isinstance",
    "len",
    "list",
    "max",
    "min",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "sorted",
    "str",
    "sum",
    "tuple",
    "zip",
    "divmod",
    "format",
];

/// The function of this name.
pub(super) fn named(name: &str) -> Option<Value> {
    NAMES.iter().find(|known| **known == name).map(|name| Value::Builtin(name))
}

pub(super) fn call(evaluator: &mut Evaluator<'_>, name: &'static str, args: Args) -> Result<Value, Failure> {
    match name {
        "abs" | "round" | "divmod" | "int" | "float" | "bool" | "sum" => numbers(evaluator, name, args),
        "all" | "any" | "len" | "isinstance" => questions(evaluator, name, args),
        "str" | "repr" | "format" => texts(evaluator, name, args),
        "max" | "min" | "sorted" => ordered(evaluator, name, args),
        "dict" => dictionary(evaluator, args),
        "list" | "tuple" | "set" | "reversed" | "range" | "enumerate" | "zip" => lists(evaluator, name, args),
        _ => super::modules::function(evaluator, name, args),
    }
}

fn wrong(name: &str, value: &Value) -> Failure {
    Failure::new(format!("TypeError: {name} takes no '{}'", value.kind()))
}

fn numbers(evaluator: &mut Evaluator<'_>, name: &str, args: Args) -> Result<Value, Failure> {
    match name {
        "abs" => {
            let [value] = args.bind(["x"], 1)?.map(OrNone::unwrap_or_none);
            match (&value, value.int()) {
                (_, Some(int)) => int.checked_abs().map(Value::Int).ok_or_else(|| wrong(name, &value)),
                (Value::Float(float), _) => Ok(Value::Float(float.abs())),
                (Value::Span(span), _) => Ok(Value::Span(span.saturating_abs())),
                _ => Err(wrong(name, &value)),
            }
        }
        "divmod" => {
            let [left, right] = args.bind(["x", "y"], 2)?.map(OrNone::unwrap_or_none);
            let whole = ops::binary(ops::Binary::Floor, &left, &right, evaluator.budget)?;
            let rest = ops::binary(ops::Binary::Modulo, &left, &right, evaluator.budget)?;
            Ok(Value::Tuple([whole, rest].into()))
        }
        "round" => {
            let [value, digits] = args.bind(["number", "ndigits"], 1)?.map(OrNone::unwrap_or_none);
            round(&value, &digits)
        }
        "bool" => Ok(Value::Bool(args.bind(["x"], 0)?.map(OrNone::unwrap_or_none)[0].is_true())),
        "int" => {
            let [value, base] = args.bind(["x", "base"], 0)?;
            int(value, base)
        }
        "float" => match args.bind(["x"], 0)? {
            [None] => Ok(Value::Float(0.0)),
            [Some(Value::Text(text))] => text
                .trim()
                .replace('_', "")
                .parse()
                .map(Value::Float)
                .map_err(|_| Failure::new(format!("ValueError: could not convert string to float: {:?}", &*text))),
            [Some(value)] => value.float().map(Value::Float).ok_or_else(|| wrong(name, &value)),
        },
        _ => {
            let [all, start] = args.bind(["iterable", "start"], 1)?.map(OrNone::unwrap_or_none);
            let mut sum = if matches!(start, Value::None) { Value::Int(0) } else { start };
            for value in items(&all, evaluator.budget)? {
                sum = ops::binary(ops::Binary::Add, &sum, &value, evaluator.budget)?;
            }
            Ok(sum)
        }
    }
}

fn int(value: Option<Value>, base: Option<Value>) -> Result<Value, Failure> {
    match (value, base) {
        (None, _) => Ok(Value::Int(0)),
        (Some(Value::Text(text)), base) => {
            let base = base.as_ref().map_or(Ok(10), args::int)?;
            let base = u32::try_from(base).ok().filter(|base| (2..=36).contains(base));
            let digits = text.trim().replace('_', "");
            let base = base.ok_or_else(|| Failure::new("ValueError: a base is from 2 to 36"))?;
            i64::from_str_radix(&digits, base)
                .map(Value::Int)
                .map_err(|_| Failure::new(format!("ValueError: invalid literal for int(): {:?}", &*text)))
        }
        (Some(Value::Float(float)), None) if float.is_nan() => Err(Failure::new("ValueError: NaN is no integer")),
        (Some(Value::Float(float)), None) => truncated(float).map(Value::Int),
        (Some(value), _) => value.int().map(Value::Int).ok_or_else(|| wrong("int", &value)),
    }
}

/// To the nearest, and from the middle to the even one.
fn round(value: &Value, digits: &Value) -> Result<Value, Failure> {
    let count = if matches!(digits, Value::None) { None } else { Some(args::int(digits)?) };
    if let (Some(int), 0..) = (value.int(), count.unwrap_or_default()) {
        return Ok(Value::Int(int));
    }
    let float = args::float(value)?;
    match count {
        None => truncated(float.round_ties_even()).map(Value::Int),
        Some(count @ 0..=300) => {
            let places = usize::try_from(count).unwrap_or_default();
            Ok(Value::Float(format!("{float:.places$}").parse().unwrap_or(float)))
        }
        Some(..0) => {
            let unit = 10_f64.powi(i32::try_from(count.unwrap_or_default().max(-400)).unwrap_or_default().abs());
            let rounded = (float / unit).round_ties_even() * unit;
            if value.int().is_some() { truncated(rounded).map(Value::Int) } else { Ok(Value::Float(rounded)) }
        }
        Some(_) => Ok(Value::Float(float)),
    }
}

fn questions(evaluator: &mut Evaluator<'_>, name: &str, args: Args) -> Result<Value, Failure> {
    if name == "isinstance" {
        let [value, classes] = args.bind(["object", "classinfo"], 2)?.map(OrNone::unwrap_or_none);
        let one = |class: &Value| match class {
            Value::Builtin(class) => {
                let class = class.rsplit('.').next().unwrap_or_default();
                Ok(value.kind() == class
                    || (class == "int" && value.kind() == "bool")
                    || (class == "date" && value.kind() == "datetime"))
            }
            other => Err(wrong(name, other)),
        };
        let found = match &classes {
            Value::Tuple(all) => {
                let mut found = false;
                for class in all.iter() {
                    found |= one(class)?;
                }
                found
            }
            class => one(class)?,
        };
        return Ok(Value::Bool(found));
    }
    let [value] = args.bind(["x"], 1)?.map(OrNone::unwrap_or_none);
    if name == "len" {
        let length = match &value {
            Value::Text(text) => text.chars().count(),
            Value::Dict(all) => all.len(),
            other => other.elements().ok_or_else(|| wrong(name, other))?.len(),
        };
        evaluator.budget.steps(1 + length / 16)?;
        return Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)));
    }
    let all = items(&value, evaluator.budget)?;
    Ok(Value::Bool(if name == "all" { all.iter().all(Value::is_true) } else { all.iter().any(Value::is_true) }))
}

fn texts(evaluator: &mut Evaluator<'_>, name: &str, args: Args) -> Result<Value, Failure> {
    let [value, spec] = args.bind(["object", "format_spec"], 0)?;
    let value = value.unwrap_or_else(|| Value::text(""));
    Ok(Value::text(match (name, spec) {
        ("format", Some(spec)) => format::format(&value, args::text(&spec)?, evaluator.budget)?,
        (_, Some(_)) => return Err(Failure::new("TypeError: one argument, not two")),
        ("repr", None) => text::paid_repr(&value, evaluator.budget)?,
        _ => text::paid(&value, evaluator.budget)?,
    }))
}

/// Elements in their order, by a key where one is given.
fn sorted(
    evaluator: &mut Evaluator<'_>,
    all: Vec<Value>,
    key: &Value,
    is_reverse: bool,
) -> Result<Vec<Value>, Failure> {
    let mut keyed = Vec::with_capacity(all.len());
    for value in all {
        let by = match key {
            Value::None => value.clone(),
            function => evaluator.call(function, Args::of(vec![value.clone()]))?,
        };
        keyed.push((by, value));
    }
    evaluator.budget.bytes(keyed.len() * 48)?;
    let first = if is_reverse { Ordering::Greater } else { Ordering::Less };
    let sorted =
        merged(keyed, &mut |(one, _), (other, _)| Ok(ops::order(one, other, evaluator.budget)? == Some(first)))?;
    Ok(sorted.into_iter().map(|(_, value)| value).collect())
}

/// Sorts by halves, and ends with the first failure. Numbers that are none have no order, which must not matter here; what is equal stays
/// as it was.
fn merged<T>(mut all: Vec<T>, is_first: &mut dyn FnMut(&T, &T) -> Result<bool, Failure>) -> Result<Vec<T>, Failure> {
    if all.len() < 2 {
        return Ok(all);
    }
    let behind = all.split_off(all.len() / 2);
    let mut made = Vec::with_capacity(all.len() + behind.len());
    let mut left = merged(all, is_first)?.into_iter().peekable();
    let mut right = merged(behind, is_first)?.into_iter().peekable();
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        let next = if is_first(other, one)? { right.next() } else { left.next() };
        made.extend(next);
    }
    made.extend(left.chain(right));
    Ok(made)
}

fn ordered(evaluator: &mut Evaluator<'_>, name: &str, args: Args) -> Result<Value, Failure> {
    let mut args = args;
    let mut named = |wanted: &str| {
        let at = args.named.iter().position(|(known, _)| known == wanted);
        at.map(|at| args.named.remove(at).1).unwrap_or_none()
    };
    let (key, reverse, default) = (named("key"), named("reverse"), named("default"));
    let list = args.plain()?;
    let all = match list.as_slice() {
        [one] => items(one, evaluator.budget)?,
        [] => return Err(Failure::new("TypeError: an argument is missing")),
        _ if name == "sorted" => return Err(Failure::new("TypeError: one argument, not several")),
        many => many.to_vec(),
    };
    if name == "sorted" {
        return Ok(Value::List(sorted(evaluator, all, &key, reverse.is_true())?.into()));
    }
    let mut best: Option<(Value, Value)> = None;
    for value in all {
        let by = match &key {
            Value::None => value.clone(),
            function => evaluator.call(function, Args::of(vec![value.clone()]))?,
        };
        let is_better = match &best {
            None => true,
            Some((known, _)) => {
                let order = ops::order(&by, known, evaluator.budget)?;
                order == Some(if name == "max" { Ordering::Greater } else { Ordering::Less })
            }
        };
        if is_better {
            best = Some((by, value));
        }
    }
    match (best, default) {
        (Some((_, value)), _) => Ok(value),
        (None, Value::None) => Err(Failure::new(format!("ValueError: {name} of nothing"))),
        (None, default) => Ok(default),
    }
}

fn dictionary(evaluator: &mut Evaluator<'_>, args: Args) -> Result<Value, Failure> {
    let mut made: Vec<(Value, Value)> = Vec::new();
    match args.list.as_slice() {
        [] => {}
        [Value::Dict(all)] => {
            evaluator.budget.steps(all.len())?;
            evaluator.budget.bytes(all.len() * 48)?;
            made = all.to_vec();
        }
        [pairs] => {
            for pair in items(pairs, evaluator.budget)? {
                let [key, value] = <[Value; 2]>::try_from(items(&pair, evaluator.budget)?)
                    .map_err(|_| Failure::new("ValueError: an element is no pair"))?;
                ops::put(&mut made, key, value, evaluator.budget)?;
            }
        }
        _ => return Err(Failure::new("TypeError: at most one argument")),
    }
    for (name, value) in args.named {
        ops::put(&mut made, Value::text(name), value, evaluator.budget)?;
    }
    Ok(Value::Dict(made.into()))
}

fn lists(evaluator: &mut Evaluator<'_>, name: &str, args: Args) -> Result<Value, Failure> {
    if name == "enumerate" {
        let [all, start] = args.bind(["iterable", "start"], 1)?.map(OrNone::unwrap_or_none);
        let start = if matches!(start, Value::None) { 0 } else { args::int(&start)? };
        let all = items(&all, evaluator.budget)?;
        evaluator.budget.bytes(all.len() * 96)?;
        let length = i64::try_from(all.len()).unwrap_or(i64::MAX);
        if start.checked_add(length).is_none() {
            return Err(Failure::new("OverflowError: the number has more than 63 bits"));
        }
        let numbered = (start..).zip(all).map(|(index, value)| Value::Tuple([Value::Int(index), value].into()));
        return Ok(Value::List(numbered.collect()));
    }
    let list = args.plain()?;
    match (name, list.as_slice()) {
        ("range", [end]) => range(evaluator, 0, args::int(end)?, 1),
        ("range", [start, end]) => range(evaluator, args::int(start)?, args::int(end)?, 1),
        ("range", [start, end, step]) => range(evaluator, args::int(start)?, args::int(end)?, args::int(step)?),
        ("zip", lists) => {
            let lists = lists.iter().map(|list| items(list, evaluator.budget)).collect::<Result<Vec<_>, _>>()?;
            let length = lists.iter().map(Vec::len).min().unwrap_or_default();
            evaluator.budget.bytes(length.saturating_mul(48 + 24 * lists.len()))?;
            let tuple = |index: usize| Value::Tuple(lists.iter().map(|list| list[index].clone()).collect());
            Ok(Value::List((0..length).map(tuple).collect()))
        }
        ("list", []) => Ok(Value::List([].into())),
        ("tuple", []) => Ok(Value::Tuple([].into())),
        ("set", []) => Ok(Value::Set([].into())),
        (_, [one]) if name != "range" => {
            let mut all = items(one, evaluator.budget)?;
            evaluator.budget.bytes(all.len() * 24)?;
            Ok(match name {
                "tuple" => Value::Tuple(all.into()),
                "set" => {
                    let mut made = Vec::new();
                    for value in all {
                        ops::add(&mut made, value, evaluator.budget)?;
                    }
                    Value::Set(made.into())
                }
                "reversed" => {
                    all.reverse();
                    Value::List(all.into())
                }
                _ => Value::List(all.into()),
            })
        }
        _ => Err(Failure::new(format!("TypeError: {name} does not take so many arguments"))),
    }
}

fn range(evaluator: &mut Evaluator<'_>, start: i64, end: i64, step: i64) -> Result<Value, Failure> {
    if step == 0 {
        return Err(Failure::new("ValueError: range() arg 3 must not be zero"));
    }
    let mut made = Vec::new();
    let mut at = start;
    while (step > 0 && at < end) || (step < 0 && at > end) {
        evaluator.budget.steps(1)?;
        evaluator.budget.bytes(24)?;
        made.push(Value::Int(at));
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    Ok(Value::List(made.into()))
}

/// An argument that may be missing.
pub(super) trait OrNone {
    fn unwrap_or_none(self) -> Value;
}

impl OrNone for Option<Value> {
    fn unwrap_or_none(self) -> Value {
        self.unwrap_or(Value::None)
    }
}
