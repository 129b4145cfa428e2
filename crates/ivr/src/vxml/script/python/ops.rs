//! Operators.
//!
//! Shape: two values and an operator to a value. Integers are exact within 64 bits; what goes beyond is an error and never rounded.
//! Errors: [`Failure`], in the words of Python where it has some.
//! Sources: Python 3.12 language reference §6.7-6.10.

use std::cmp::Ordering;

use super::{Failure, budget::Budget, datetimes, format, nested::Elements, tree::Sign, value::Value};

/// An operator of two values.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Floor,
    Modulo,
    Power,
    Left,
    Right,
    And,
    Or,
    Xor,
}

/// A comparison.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Compare {
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    Is,
    IsNot,
}

impl Binary {
    pub(super) fn of(sign: &str) -> Option<Self> {
        Some(match sign {
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "//" => Self::Floor,
            "%" => Self::Modulo,
            "**" => Self::Power,
            "<<" => Self::Left,
            ">>" => Self::Right,
            "&" => Self::And,
            "|" => Self::Or,
            "^" => Self::Xor,
            _ => return None,
        })
    }

    /// How tight it binds.
    pub(super) fn level(self) -> u8 {
        match self {
            Self::Or => 4,
            Self::Xor => 5,
            Self::And => 6,
            Self::Left | Self::Right => 7,
            Self::Add | Self::Subtract => 8,
            Self::Multiply | Self::Divide | Self::Floor | Self::Modulo => 9,
            Self::Power => 11,
        }
    }
}

/// What an operator makes of two values.
pub(super) fn binary(operator: Binary, left: &Value, right: &Value, budget: &mut Budget) -> Result<Value, Failure> {
    // Bits of two truths are a truth.
    if let (Value::Bool(left), Value::Bool(right)) = (left, right) {
        match operator {
            Binary::And => return Ok(Value::Bool(left & right)),
            Binary::Or => return Ok(Value::Bool(left | right)),
            Binary::Xor => return Ok(Value::Bool(left ^ right)),
            _ => {}
        }
    }
    if let (Some(left), Some(right)) = (left.int(), right.int()) {
        return ints(operator, left, right);
    }
    if let (Some(left), Some(right)) = (left.float(), right.float()) {
        return floats(operator, left, right);
    }
    let wrong = || {
        let kinds = (left.kind(), right.kind());
        Failure::new(format!("TypeError: {operator:?} is not there for {} and {}", kinds.0, kinds.1))
    };
    match (operator, left, right) {
        (Binary::Add, Value::Text(one), Value::Text(other)) => {
            budget.bytes(one.len() + other.len())?;
            Ok(Value::text(format!("{one}{other}")))
        }
        (Binary::Add, Value::List(one), Value::List(other)) => Ok(Value::List(joined(one, other, budget)?)),
        (Binary::Add, Value::Tuple(one), Value::Tuple(other)) => Ok(Value::Tuple(joined(one, other, budget)?)),
        (Binary::Multiply, some @ (Value::Text(_) | Value::List(_) | Value::Tuple(_)), count)
        | (Binary::Multiply, count, some @ (Value::Text(_) | Value::List(_) | Value::Tuple(_)))
            if count.int().is_some() =>
        {
            repeated(some, count.int().unwrap_or_default(), budget)?.ok_or_else(wrong)
        }
        (Binary::Modulo, Value::Text(template), value) => format::percent(template, value, budget),
        (Binary::Or, Value::Dict(one), Value::Dict(other)) => {
            budget.steps(one.len())?;
            budget.bytes(one.len() * 48)?;
            let mut all = one.to_vec();
            for (key, value) in other.iter() {
                put(&mut all, key.clone(), value.clone(), budget)?;
            }
            Ok(Value::Dict(all.into()))
        }
        (_, Value::Set(one), Value::Set(other)) => sets(operator, one, other, budget)?.ok_or_else(wrong),
        _ => datetimes::binary(operator, left, right)?.ok_or_else(wrong),
    }
}

fn beyond() -> Failure {
    Failure::new("OverflowError: the number has more than 63 bits")
}

fn ints(operator: Binary, left: i64, right: i64) -> Result<Value, Failure> {
    let by_zero = || Failure::new("ZeroDivisionError: division by zero");
    let shift = || u32::try_from(right).map_err(|_| Failure::new("ValueError: negative shift count"));
    let made = match operator {
        Binary::Add => left.checked_add(right),
        Binary::Subtract => left.checked_sub(right),
        Binary::Multiply => left.checked_mul(right),
        Binary::And => Some(left & right),
        Binary::Or => Some(left | right),
        Binary::Xor => Some(left ^ right),
        Binary::Right => Some(left >> shift()?.min(63)),
        Binary::Left => shift()?.lt(&63).then(|| left.checked_mul(1 << right)).flatten().or((left == 0).then_some(0)),
        Binary::Divide | Binary::Floor | Binary::Modulo if right == 0 => return Err(by_zero()),
        #[allow(clippy::cast_precision_loss)]
        Binary::Divide => return Ok(Value::Float(left as f64 / right as f64)),
        // Towards minus infinity, and the rest has the sign of the divisor.
        Binary::Floor => {
            left.checked_div(right).map(|whole| whole - i64::from(left % right != 0 && (left < 0) != (right < 0)))
        }
        Binary::Modulo => Some(modulo(left, right)),
        Binary::Power => {
            #[allow(clippy::cast_precision_loss)]
            let Ok(power) = u32::try_from(right) else {
                return if right < 0 { floats(operator, left as f64, right as f64) } else { Err(beyond()) };
            };
            left.checked_pow(power)
        }
    };
    made.map(Value::Int).ok_or_else(beyond)
}

fn modulo(left: i64, right: i64) -> i64 {
    let rest = left.wrapping_rem(right);
    if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest }
}

fn floats(operator: Binary, left: f64, right: f64) -> Result<Value, Failure> {
    let is_zero = right == 0.0;
    let made = match operator {
        Binary::Add => left + right,
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        Binary::Divide | Binary::Floor | Binary::Modulo if is_zero => {
            return Err(Failure::new("ZeroDivisionError: division by zero"));
        }
        Binary::Divide => left / right,
        Binary::Floor => (left / right).floor(),
        Binary::Modulo => left - right * (left / right).floor(),
        Binary::Power if left == 0.0 && right < 0.0 => {
            return Err(Failure::new("ZeroDivisionError: 0 to a negative power"));
        }
        Binary::Power => left.powf(right),
        Binary::Left | Binary::Right | Binary::And | Binary::Or | Binary::Xor => {
            return Err(Failure::new("TypeError: bits of a float"));
        }
    };
    if made.is_nan() && !left.is_nan() && !right.is_nan() {
        return Err(Failure::new("ValueError: there is no such number"));
    }
    Ok(Value::Float(made))
}

fn joined(one: &[Value], other: &[Value], budget: &mut Budget) -> Result<Elements<Value>, Failure> {
    budget.bytes((one.len() + other.len()) * 24)?;
    Ok(one.iter().chain(other).cloned().collect())
}

fn repeated(some: &Value, count: i64, budget: &mut Budget) -> Result<Option<Value>, Failure> {
    let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
    let length = match some {
        Value::Text(text) => text.len(),
        Value::List(all) | Value::Tuple(all) => all.len().saturating_mul(24),
        _ => return Ok(None),
    };
    budget.bytes(length.saturating_mul(count))?;
    let many = |all: &[Value]| -> Elements<Value> {
        let count = if all.is_empty() { 0 } else { count };
        (0..count).flat_map(|_| all.iter().cloned()).collect()
    };
    Ok(Some(match some {
        Value::Text(text) if text.is_empty() => some.clone(),
        Value::Text(text) => Value::text(text.repeat(count)),
        Value::List(all) => Value::List(many(all)),
        Value::Tuple(all) => Value::Tuple(many(all)),
        _ => return Ok(None),
    }))
}

pub(super) fn sets(
    operator: Binary,
    one: &[Value],
    other: &[Value],
    budget: &mut Budget,
) -> Result<Option<Value>, Failure> {
    let mut made = Vec::new();
    match operator {
        Binary::Or => {
            for value in one.iter().chain(other) {
                add(&mut made, value.clone(), budget)?;
            }
        }
        Binary::And | Binary::Subtract => {
            for value in one {
                if contains(other, value, budget)? == (operator == Binary::And) {
                    made.push(value.clone());
                }
            }
        }
        Binary::Xor => {
            for (these, those) in [(one, other), (other, one)] {
                for value in these {
                    if !contains(those, value, budget)? {
                        made.push(value.clone());
                    }
                }
            }
        }
        _ => return Ok(None),
    }
    budget.bytes(made.len() * 24)?;
    Ok(Some(Value::Set(made.into())))
}

/// An operator before a value.
pub(super) fn sign(sign: Sign, value: &Value) -> Result<Value, Failure> {
    match (sign, value) {
        (Sign::Minus, Value::Float(value)) => Ok(Value::Float(-value)),
        (Sign::Plus, Value::Float(_)) => Ok(value.clone()),
        (Sign::Minus, Value::Span(span)) => span.checked_neg().map(Value::Span).ok_or_else(beyond),
        (sign, value) => match (sign, value.int()) {
            (Sign::Minus, Some(int)) => int.checked_neg().map(Value::Int).ok_or_else(beyond),
            (Sign::Plus, Some(int)) => Ok(Value::Int(int)),
            (Sign::Invert, Some(int)) => Ok(Value::Int(!int)),
            (_, None) => Err(Failure::new(format!("TypeError: {sign:?} before {}", value.kind()))),
        },
    }
}

/// Whether a comparison holds.
pub(super) fn compare(compare: Compare, left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Failure> {
    budget.steps(1)?;
    Ok(match compare {
        Compare::Equal => equal(left, right, budget)?,
        Compare::Unequal => !equal(left, right, budget)?,
        Compare::Is => is(left, right),
        Compare::IsNot => !is(left, right),
        Compare::In => has(right, left, budget)?,
        Compare::NotIn => !has(right, left, budget)?,
        Compare::Less | Compare::LessEqual | Compare::Greater | Compare::GreaterEqual => {
            if let (Value::Set(one), Value::Set(other)) = (left, right) {
                return subset(compare, one, other, budget);
            }
            let order = order(left, right, budget)?;
            match compare {
                Compare::Less => order == Some(Ordering::Less),
                Compare::LessEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                Compare::Greater => order == Some(Ordering::Greater),
                _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            }
        }
    })
}

fn subset(compare: Compare, one: &[Value], other: &[Value], budget: &mut Budget) -> Result<bool, Failure> {
    let (small, large) = match compare {
        Compare::Less | Compare::LessEqual => (one, other),
        _ => (other, one),
    };
    for value in small {
        if !contains(large, value, budget)? {
            return Ok(false);
        }
    }
    Ok(small.len() < large.len() || matches!(compare, Compare::LessEqual | Compare::GreaterEqual))
}

/// Identity matters only where there is one of a kind; for all else it is equality of the same kind.
fn is(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::None, Value::None) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) => left == right,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Builtin(left), Value::Builtin(right)) => left == right,
        _ => false,
    }
}

pub(super) fn equal(left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Failure> {
    budget.steps(1)?;
    if let (Some(left), Some(right)) = (left.int(), right.int()) {
        return Ok(left == right);
    }
    #[allow(clippy::float_cmp)]
    if let (Some(left), Some(right)) = (left.float(), right.float()) {
        return Ok(left == right);
    }
    Ok(match (left, right) {
        (Value::Text(left), Value::Text(right)) => {
            budget.steps(left.len().min(right.len()) / 16)?;
            left == right
        }
        (Value::List(one), Value::List(other)) | (Value::Tuple(one), Value::Tuple(other)) => {
            if one.len() != other.len() {
                return Ok(false);
            }
            for (one, other) in one.iter().zip(other.iter()) {
                if !equal(one, other, budget)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Set(one), Value::Set(other)) => {
            one.len() == other.len() && subset(Compare::LessEqual, one, other, budget)?
        }
        (Value::Dict(one), Value::Dict(other)) => {
            if one.len() != other.len() {
                return Ok(false);
            }
            for (key, value) in one.iter() {
                match get(other, key, budget)? {
                    Some(found) if equal(value, found, budget)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Value::DateTime(one), Value::DateTime(other)) => one == other,
        (Value::Date(one), Value::Date(other)) => one == other,
        (Value::Time(one), Value::Time(other)) => one == other,
        (Value::Span(one), Value::Span(other)) => one == other,
        (left, right) => is(left, right),
    })
}

/// Which comes first; `None` where a number is none.
pub(super) fn order(left: &Value, right: &Value, budget: &mut Budget) -> Result<Option<Ordering>, Failure> {
    budget.steps(1)?;
    if let (Some(left), Some(right)) = (left.int(), right.int()) {
        return Ok(Some(left.cmp(&right)));
    }
    if let (Some(left), Some(right)) = (left.float(), right.float()) {
        return Ok(left.partial_cmp(&right));
    }
    Ok(Some(match (left, right) {
        (Value::Text(left), Value::Text(right)) => {
            budget.steps(left.len().min(right.len()) / 16)?;
            left.cmp(right)
        }
        (Value::List(one), Value::List(other)) | (Value::Tuple(one), Value::Tuple(other)) => {
            for (one, other) in one.iter().zip(other.iter()) {
                if !equal(one, other, budget)? {
                    return order(one, other, budget);
                }
            }
            one.len().cmp(&other.len())
        }
        (Value::DateTime(one), Value::DateTime(other)) => one.cmp(other),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::Time(one), Value::Time(other)) => one.cmp(other),
        (Value::Span(one), Value::Span(other)) => one.cmp(other),
        _ => {
            let kinds = (left.kind(), right.kind());
            return Err(Failure::new(format!("TypeError: {} and {} have no order", kinds.0, kinds.1)));
        }
    }))
}

/// `value in of`.
fn has(of: &Value, value: &Value, budget: &mut Budget) -> Result<bool, Failure> {
    match (of, value) {
        (Value::Text(text), Value::Text(piece)) => {
            budget.steps(text.len() / 16)?;
            Ok(text.contains(&**piece))
        }
        (Value::Dict(all), key) => Ok(get(all, key, budget)?.is_some()),
        (of, value) => match of.elements() {
            Some(all) => contains(all, value, budget),
            None => Err(Failure::new(format!("TypeError: nothing is in {}", of.kind()))),
        },
    }
}

pub(super) fn contains(all: &[Value], value: &Value, budget: &mut Budget) -> Result<bool, Failure> {
    for known in all {
        if equal(known, value, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Adds an element to a set.
pub(super) fn add(all: &mut Vec<Value>, value: Value, budget: &mut Budget) -> Result<(), Failure> {
    is_key(&value, budget)?;
    if !contains(all, &value, budget)? {
        budget.bytes(24)?;
        all.push(value);
    }
    Ok(())
}

/// The value of a key.
pub(super) fn get<'a>(
    all: &'a [(Value, Value)],
    key: &Value,
    budget: &mut Budget,
) -> Result<Option<&'a Value>, Failure> {
    is_key(key, budget)?;
    for (known, value) in all {
        if equal(known, key, budget)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Sets the value of a key.
pub(super) fn put(all: &mut Vec<(Value, Value)>, key: Value, value: Value, budget: &mut Budget) -> Result<(), Failure> {
    is_key(&key, budget)?;
    for (known, old) in all.iter_mut() {
        if equal(known, &key, budget)? {
            *old = value;
            return Ok(());
        }
    }
    budget.bytes(48)?;
    all.push((key, value));
    Ok(())
}

fn is_key(value: &Value, budget: &mut Budget) -> Result<(), Failure> {
    budget.steps(1)?;
    match value {
        Value::List(_) | Value::Dict(_) | Value::Set(_) => {
            Err(Failure::new(format!("TypeError: unhashable type: '{}'", value.kind())))
        }
        Value::Tuple(all) => all.iter().try_for_each(|value| is_key(value, budget)),
        _ => Ok(()),
    }
}
