//! The methods of values.
//!
//! Shape: none of them changes its value: an expression has no statement that would see it, so that those that would are refused when the
//! page is read.
//! Sources: Python 3.12 library reference, "Built-in Types".

use std::sync::Arc;

use super::{
    Failure,
    args::Args,
    budget::Budget,
    builtins::OrNone,
    datetimes,
    eval::{Evaluator, items},
    modules,
    nested::Elements,
    ops, strings,
    value::{Found, Value},
};

/// Methods of lists, tuples, sets and dictionaries.
pub(super) const COLLECTIONS: [&str; 14] = [
    "count",
    "index",
    "copy",
    "get",
    "keys",
    "values",
    "items",
    "union",
    "intersection",
    "difference",
    "symmetric_difference",
    "issubset",
    "issuperset",
    "isdisjoint",
];
/// Methods of what a regular expression has found.
pub(super) const MATCHES: [&str; 6] = ["group", "groups", "groupdict", "start", "end", "span"];
/// Methods that would change their value.
pub(super) const CHANGING: [&str; 12] = [
    "append",
    "extend",
    "insert",
    "remove",
    "pop",
    "popitem",
    "clear",
    "sort",
    "reverse",
    "update",
    "setdefault",
    "add",
];

pub(super) fn call(evaluator: &mut Evaluator<'_>, of: &Value, name: &str, args: Args) -> Result<Value, Failure> {
    match of {
        Value::Text(text) if strings::NAMES.contains(&name) => strings::call(evaluator, text, name, args),
        Value::List(all) | Value::Tuple(all) if COLLECTIONS[..3].contains(&name) => {
            list(evaluator, of, all, name, args)
        }
        Value::Dict(all) if COLLECTIONS[2..7].contains(&name) => dictionary(evaluator, all, name, args),
        Value::Set(all) if COLLECTIONS[7..].contains(&name) || name == "copy" => set(evaluator, all, name, args),
        Value::Pattern(pattern) => modules::on_pattern(evaluator, &pattern.clone(), name, args),
        Value::Match(found) if MATCHES.contains(&name) => {
            evaluator.budget.steps(found.groups.len())?;
            evaluator.budget.bytes(found.groups.len() * 96)?;
            found_call(of, found, name, args)
        }
        Value::DateTime(_) | Value::Date(_) | Value::Time(_) | Value::Span(_) => {
            datetimes::method(evaluator, of, name, args)
        }
        other => Err(Failure::new(format!("AttributeError: '{}' object has no attribute '{name}'", other.kind()))),
    }
}

fn list(evaluator: &mut Evaluator<'_>, of: &Value, all: &[Value], name: &str, args: Args) -> Result<Value, Failure> {
    if name == "copy" {
        args.bind::<0>([], 0)?;
        return Ok(of.clone());
    }
    let [wanted] = args.bind(["value"], 1)?.map(OrNone::unwrap_or_none);
    let mut count = 0;
    for (at, value) in (0..).zip(all) {
        if ops::equal(value, &wanted, evaluator.budget)? {
            if name == "index" {
                return Ok(Value::Int(at));
            }
            count += 1;
        }
    }
    if name == "index" { Err(Failure::new("ValueError: the value is not in the list")) } else { Ok(Value::Int(count)) }
}

fn dictionary(evaluator: &mut Evaluator<'_>, all: &[(Value, Value)], name: &str, args: Args) -> Result<Value, Failure> {
    if name == "get" {
        let [key, default] = args.bind(["key", "default"], 1)?.map(OrNone::unwrap_or_none);
        return Ok(ops::get(all, &key, evaluator.budget)?.cloned().unwrap_or(default));
    }
    args.bind::<0>([], 0)?;
    evaluator.budget.steps(all.len())?;
    evaluator.budget.bytes(all.len() * 96)?;
    Ok(match name {
        "keys" => Value::List(all.iter().map(|(key, _)| key.clone()).collect()),
        "values" => Value::List(all.iter().map(|(_, value)| value.clone()).collect()),
        "items" => {
            Value::List(all.iter().map(|(key, value)| Value::Tuple([key.clone(), value.clone()].into())).collect())
        }
        _ => Value::Dict(all.to_vec().into()),
    })
}

fn set(evaluator: &mut Evaluator<'_>, all: &Elements<Value>, name: &str, args: Args) -> Result<Value, Failure> {
    if name == "copy" {
        args.bind::<0>([], 0)?;
        return Ok(Value::Set(all.clone()));
    }
    let [other] = args.bind(["other"], 1)?.map(OrNone::unwrap_or_none);
    let other = items(&other, evaluator.budget)?;
    let budget = &mut *evaluator.budget;
    let operator = match name {
        "union" => ops::Binary::Or,
        "intersection" => ops::Binary::And,
        "difference" => ops::Binary::Subtract,
        "symmetric_difference" => ops::Binary::Xor,
        _ => {
            let (these, those): (&[Value], &[Value]) = if name == "issuperset" { (&other, all) } else { (all, &other) };
            for value in these {
                if ops::contains(those, value, budget)? == (name == "isdisjoint") {
                    return Ok(Value::Bool(false));
                }
            }
            return Ok(Value::Bool(true));
        }
    };
    Ok(ops::sets(operator, all, &other, budget)?.unwrap_or_none())
}

fn found_call(of: &Value, found: &Found, name: &str, args: Args) -> Result<Value, Failure> {
    let text_of = |group: &Option<(usize, usize, Arc<str>)>| match group {
        Some((_, _, text)) => Value::Text(text.clone()),
        None => Value::None,
    };
    match name {
        "groups" => Ok(Value::Tuple(found.groups.iter().skip(1).map(text_of).collect())),
        "groupdict" => {
            let pairs = found.names.iter().map(|(name, at)| (Value::text(name.as_str()), text_of(&found.groups[*at])));
            Ok(Value::Dict(pairs.collect()))
        }
        "group" => {
            let list = args.plain()?;
            match list.as_slice() {
                [] => group(of, &Value::Int(0)),
                [one] => group(of, one),
                many => Ok(Value::Tuple(many.iter().map(|key| group(of, key)).collect::<Result<_, _>>()?)),
            }
        }
        _ => {
            let [key] = args.bind(["group"], 0)?;
            let at = place(found, &key.unwrap_or(Value::Int(0)))?;
            let (start, end) = match &found.groups[at] {
                Some((start, end, _)) => (i64::try_from(*start).unwrap_or(-1), i64::try_from(*end).unwrap_or(-1)),
                None => (-1, -1),
            };
            Ok(match name {
                "start" => Value::Int(start),
                "end" => Value::Int(end),
                _ => Value::Tuple([Value::Int(start), Value::Int(end)].into()),
            })
        }
    }
}

fn place(found: &Found, key: &Value) -> Result<usize, Failure> {
    let at = match key {
        Value::Text(name) => found.names.iter().find(|(known, _)| **known == **name).map(|(_, at)| *at),
        other => other.int().and_then(|at| usize::try_from(at).ok()).filter(|at| *at < found.groups.len()),
    };
    at.ok_or_else(|| Failure::new("IndexError: no such group"))
}

/// A group of what was found.
pub(super) fn group(of: &Value, key: &Value) -> Result<Value, Failure> {
    let Value::Match(found) = of else { return Ok(Value::None) };
    Ok(match &found.groups[place(found, key)?] {
        Some((_, _, text)) => Value::Text(text.clone()),
        None => Value::None,
    })
}

/// `of[start:end:step]`.
pub(super) fn slice(of: &Value, bounds: [Option<i64>; 3], budget: &mut Budget) -> Result<Value, Failure> {
    let chars: Vec<char>;
    let length = match of {
        Value::Text(text) => {
            budget.bytes(text.len() * 4)?;
            chars = text.chars().collect();
            chars.len()
        }
        Value::List(all) | Value::Tuple(all) => {
            chars = Vec::new();
            all.len()
        }
        other => return Err(Failure::new(format!("TypeError: '{}' has no slices", other.kind()))),
    };
    budget.steps(length)?;
    let picked = places(bounds, length)?;
    budget.bytes(picked.len() * 24)?;
    let of_list = |all: &[Value]| -> Elements<Value> { picked.iter().map(|at| all[*at].clone()).collect() };
    Ok(match of {
        Value::List(all) => Value::List(of_list(all)),
        Value::Tuple(all) => Value::Tuple(of_list(all)),
        _ => Value::text(picked.iter().map(|at| chars[*at]).collect::<String>()),
    })
}

fn places(bounds: [Option<i64>; 3], length: usize) -> Result<Vec<usize>, Failure> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let step = bounds[2].unwrap_or(1);
    if step == 0 {
        return Err(Failure::new("ValueError: slice step cannot be zero"));
    }
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |given: Option<i64>, usual: i64| match given {
        None => usual,
        Some(at) if at < 0 => at.saturating_add(length).clamp(low, high),
        Some(at) => at.clamp(low, high),
    };
    let (start, end) = if step > 0 {
        (bound(bounds[0], 0), bound(bounds[1], length))
    } else {
        (bound(bounds[0], high), bound(bounds[1], low))
    };
    let mut picked = Vec::new();
    let mut at = start;
    while (step > 0 && at < end) || (step < 0 && at > end) {
        picked.extend(usize::try_from(at));
        at = at.saturating_add(step);
    }
    Ok(picked)
}
