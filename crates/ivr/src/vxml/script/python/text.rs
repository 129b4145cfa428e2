//! Values as text, as `str` and `repr` write them.
//!
//! Shape: whoever calls has paid for the value ([`pay`]), so that what is written has a bound.

use std::fmt::Write as _;

use super::{Failure, budget::Budget, value::Value};

/// Pays for looking through all of a value; about how many bytes it takes.
pub(super) fn weigh(value: &Value, budget: &mut Budget) -> Result<usize, Failure> {
    budget.steps(1)?;
    let mut bytes = 24;
    match value {
        Value::Text(text) => bytes += text.len(),
        Value::List(all) | Value::Tuple(all) | Value::Set(all) => {
            for value in all.iter() {
                bytes += weigh(value, budget)?;
            }
        }
        Value::Dict(all) => {
            for (key, value) in all.iter() {
                bytes += weigh(key, budget)? + weigh(value, budget)?;
            }
        }
        _ => {}
    }
    Ok(bytes)
}

/// Pays for writing all of a value.
pub(super) fn pay(value: &Value, budget: &mut Budget) -> Result<(), Failure> {
    let bytes = weigh(value, budget)?;
    budget.bytes(bytes.saturating_mul(2))
}

/// A value as text, paid for.
pub(super) fn paid(value: &Value, budget: &mut Budget) -> Result<String, Failure> {
    pay(value, budget)?;
    Ok(str(value))
}

/// The same as Python would read it.
pub(super) fn paid_repr(value: &Value, budget: &mut Budget) -> Result<String, Failure> {
    pay(value, budget)?;
    Ok(repr(value))
}

pub(super) fn str(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        other => {
            let mut text = String::new();
            write(&mut text, other);
            text
        }
    }
}

fn repr(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value);
    text
}

fn write(to: &mut String, value: &Value) {
    match value {
        Value::None => *to += "None",
        Value::Bool(true) => *to += "True",
        Value::Bool(false) => *to += "False",
        Value::Int(value) => drop(write!(to, "{value}")),
        Value::Float(value) => *to += &float(*value),
        Value::Text(text) => quoted(to, text),
        Value::List(all) => between(to, "[", all, "]"),
        Value::Tuple(all) if all.len() == 1 => between(to, "(", all, ",)"),
        Value::Tuple(all) => between(to, "(", all, ")"),
        Value::Set(all) if all.is_empty() => *to += "set()",
        Value::Set(all) => between(to, "{", all, "}"),
        Value::Dict(all) => {
            to.push('{');
            for (index, (key, value)) in all.iter().enumerate() {
                *to += if index > 0 { ", " } else { "" };
                write(to, key);
                *to += ": ";
                write(to, value);
            }
            to.push('}');
        }
        Value::DateTime(value) => drop(write!(to, "{} {}", value.date(), clock(value.time()))),
        Value::Date(value) => drop(write!(to, "{value}")),
        Value::Time(value) => *to += &clock(*value),
        Value::Span(value) => *to += &span(*value),
        Value::Builtin(name) => drop(write!(to, "<built-in {name}>")),
        Value::Module(name) => drop(write!(to, "<module '{name}'>")),
        other => drop(write!(to, "<{}>", other.kind())),
    }
}

fn between(to: &mut String, begin: &str, all: &[Value], end: &str) {
    *to += begin;
    for (index, value) in all.iter().enumerate() {
        *to += if index > 0 { ", " } else { "" };
        write(to, value);
    }
    *to += end;
}

fn quoted(to: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    to.push(quote);
    for c in text.chars() {
        match c {
            '\\' => *to += "\\\\",
            '\n' => *to += "\\n",
            '\r' => *to += "\\r",
            '\t' => *to += "\\t",
            c if c == quote => {
                to.push('\\');
                to.push(c);
            }
            c if c.is_control() => drop(write!(to, "\\x{:02x}", u32::from(c))),
            c => to.push(c),
        }
    }
    to.push(quote);
}

/// The shortest text that is this number.
pub(super) fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// `08:30:00`, and six digits of a fraction if there is one.
pub(super) fn clock(time: jiff::civil::Time) -> String {
    let mut text = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    let microseconds = time.subsec_nanosecond() / 1_000;
    if microseconds != 0 {
        let _ = write!(text, ".{microseconds:06}");
    }
    text
}

/// `1 day, 2:03:04`.
fn span(microseconds: i64) -> String {
    const DAY: i64 = 86_400_000_000;
    let (days, rest) = (microseconds.div_euclid(DAY), microseconds.rem_euclid(DAY));
    let seconds = rest / 1_000_000;
    let mut text = match days {
        0 => String::new(),
        1 | -1 => format!("{days} day, "),
        _ => format!("{days} days, "),
    };
    let _ = write!(text, "{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if rest % 1_000_000 != 0 {
        let _ = write!(text, ".{:06}", rest % 1_000_000);
    }
    text
}
