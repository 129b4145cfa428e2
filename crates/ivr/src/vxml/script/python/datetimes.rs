//! Dates and times of day, without zones: `now` is that of where the client lives.
//!
//! Sources: Python 3.12 library reference, `datetime`.

use jiff::{SignedDuration, civil};

use super::{
    Failure,
    args::{self, Args},
    budget::Budget,
    builtins::OrNone,
    eval::Evaluator,
    ops::Binary,
    value::Value,
};

/// The classes by their names in the module.
const CLASSES: [(&str, &str); 4] = [
    ("datetime", "datetime.datetime"),
    ("date", "datetime.date"),
    ("time", "datetime.time"),
    ("timedelta", "datetime.timedelta"),
];

/// Methods and functions of classes.
pub(super) const METHODS: [&str; 15] = [
    "now",
    "today",
    "utcnow",
    "fromisoformat",
    "strptime",
    "combine",
    "isoformat",
    "strftime",
    "weekday",
    "isoweekday",
    "date",
    "time",
    "replace",
    "total_seconds",
    "timestamp",
];
/// What is not called.
pub(super) const ATTRIBUTES: [&str; 9] =
    ["year", "month", "day", "hour", "minute", "second", "microsecond", "days", "seconds"];

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

pub(super) fn class(name: &str) -> Option<&'static str> {
    CLASSES.iter().find(|(known, _)| *known == name).map(|(_, full)| *full)
}

fn out_of_range(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("ValueError: {error}"))
}

fn small<T: TryFrom<i64>>(value: Option<&Value>, usual: i64) -> Result<T, Failure> {
    let number = match value {
        None | Some(Value::None) => usual,
        Some(value) => args::int(value)?,
    };
    T::try_from(number).map_err(|_| Failure::new("ValueError: no part of a date or time is that large"))
}

/// `datetime.date(2026, 11, 27)`.
pub(super) fn make(class: &str, args: Args) -> Result<Value, Failure> {
    let nanoseconds = |value: Option<&Value>| Ok::<i32, Failure>(small::<i32>(value, 0)?.clamp(0, 999_999) * 1_000);
    match class {
        "datetime.datetime" => {
            let names = ["year", "month", "day", "hour", "minute", "second", "microsecond"];
            let part = args.bind(names, 3)?;
            let part = part.each_ref().map(Option::as_ref);
            let made = civil::DateTime::new(
                small(part[0], 1)?,
                small(part[1], 1)?,
                small(part[2], 1)?,
                small(part[3], 0)?,
                small(part[4], 0)?,
                small(part[5], 0)?,
                nanoseconds(part[6])?,
            );
            made.map(Value::DateTime).map_err(out_of_range)
        }
        "datetime.date" => {
            let part = args.bind(["year", "month", "day"], 3)?;
            let part = part.each_ref().map(Option::as_ref);
            civil::Date::new(small(part[0], 1)?, small(part[1], 1)?, small(part[2], 1)?)
                .map(Value::Date)
                .map_err(out_of_range)
        }
        "datetime.time" => {
            let part = args.bind(["hour", "minute", "second", "microsecond"], 0)?;
            let part = part.each_ref().map(Option::as_ref);
            let made =
                civil::Time::new(small(part[0], 0)?, small(part[1], 0)?, small(part[2], 0)?, nanoseconds(part[3])?);
            made.map(Value::Time).map_err(out_of_range)
        }
        "datetime.timedelta" => {
            let units = [DAY, SECOND, 1, 1_000, 60 * SECOND, 3_600 * SECOND, 7 * DAY];
            let part =
                args.bind(["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"], 0)?;
            let mut span = 0_i64;
            for (value, unit) in part.iter().zip(units).filter_map(|(value, unit)| Some((value.as_ref()?, unit))) {
                span = span.checked_add(scaled(value, unit)?).ok_or_else(|| out_of_range("too long a time"))?;
            }
            Ok(Value::Span(span))
        }
        other => Err(Failure::new(format!("TypeError: '{other}' is not callable"))),
    }
}

fn scaled(value: &Value, unit: i64) -> Result<i64, Failure> {
    match value.int() {
        Some(int) => int.checked_mul(unit).ok_or_else(|| out_of_range("too long a time")),
        #[allow(clippy::cast_precision_loss)]
        None => super::format::truncated((args::float(value)? * unit as f64).round_ties_even()),
    }
}

/// `datetime.datetime.now()`.
pub(super) fn of_class(evaluator: &mut Evaluator<'_>, class: &str, name: &str, args: Args) -> Result<Value, Failure> {
    let now = evaluator.world.now();
    let list = args.plain()?;
    evaluator.budget.steps(list.iter().filter_map(Value::as_text).map(str::len).sum())?;
    match (class, name, list.as_slice()) {
        ("datetime.datetime", "now" | "today", []) => now.map(Value::DateTime),
        ("datetime.datetime", "utcnow", []) => evaluator.world.utc().map(Value::DateTime),
        ("datetime.date", "today", []) => now.map(|now| Value::Date(now.date())),
        ("datetime.datetime", "fromisoformat", [text]) => {
            args::text(text)?.parse().map(Value::DateTime).map_err(out_of_range)
        }
        ("datetime.date", "fromisoformat", [text]) => args::text(text)?.parse().map(Value::Date).map_err(out_of_range),
        ("datetime.time", "fromisoformat", [text]) => args::text(text)?.parse().map(Value::Time).map_err(out_of_range),
        ("datetime.datetime", "strptime", [text, format]) => {
            let (text, format) = (args::text(text)?, args::text(format)?);
            let parsed = jiff::fmt::strtime::parse(format, text).map_err(out_of_range)?;
            let date = parsed.to_date().map_err(out_of_range)?;
            let time = parsed.to_time().unwrap_or(civil::Time::midnight());
            Ok(Value::DateTime(date.to_datetime(time)))
        }
        ("datetime.datetime", "combine", [Value::Date(date), Value::Time(time)]) => {
            Ok(Value::DateTime(date.to_datetime(*time)))
        }
        _ => Err(Failure::new(format!("AttributeError: '{class}' has no '{name}' with these arguments"))),
    }
}

/// `d.weekday()`.
pub(super) fn method(evaluator: &mut Evaluator<'_>, of: &Value, name: &str, args: Args) -> Result<Value, Failure> {
    if name == "replace" {
        return replaced(of, args);
    }
    let list = args.plain()?;
    let date = match of {
        Value::DateTime(value) => Some(value.date()),
        Value::Date(date) => Some(*date),
        _ => None,
    };
    let weekday = date.map(|date| i64::from(date.weekday().to_monday_zero_offset()));
    match (of, name, list.as_slice()) {
        (Value::Span(span), "total_seconds", []) =>
        {
            #[allow(clippy::cast_precision_loss)]
            Ok(Value::Float(*span as f64 / SECOND as f64))
        }
        (_, "strftime", [format]) => strftime(of, args::text(format)?, evaluator.budget).map(Value::text),
        (Value::DateTime(value), "isoformat", []) => {
            Ok(Value::text(format!("{}T{}", value.date(), super::text::clock(value.time()))))
        }
        (Value::Date(_) | Value::Time(_), "isoformat", []) => Ok(Value::text(super::text::str(of))),
        (_, "weekday", []) if weekday.is_some() => Ok(weekday.map(Value::Int).unwrap_or_none()),
        (_, "isoweekday", []) if weekday.is_some() => Ok(weekday.map(|day| Value::Int(day + 1)).unwrap_or_none()),
        (Value::DateTime(value), "date", []) => Ok(Value::Date(value.date())),
        (Value::DateTime(value), "time", []) => Ok(Value::Time(value.time())),
        (Value::DateTime(value), "timestamp", []) => evaluator.world.timestamp(*value).map(Value::Float),
        _ => Err(Failure::new(format!("AttributeError: '{}' has no '{name}' with these arguments", of.kind()))),
    }
}

/// Some parts are others.
fn replaced(of: &Value, args: Args) -> Result<Value, Failure> {
    let class = match of {
        Value::DateTime(_) => "datetime.datetime",
        Value::Date(_) => "datetime.date",
        Value::Time(_) => "datetime.time",
        other => {
            return Err(Failure::new(format!("AttributeError: '{}' object has no attribute 'replace'", other.kind())));
        }
    };
    if !args.list.is_empty() {
        return Err(Failure::new("TypeError: the parts to replace are named here"));
    }
    let mut named = args.named;
    for part in &ATTRIBUTES[..7] {
        if let Some(value) = attribute(of, part).filter(|_| named.iter().all(|(known, _)| known != part)) {
            named.push(((*part).to_owned(), value));
        }
    }
    make(class, Args { list: Vec::new(), named })
}

pub(super) fn attribute(of: &Value, name: &str) -> Option<Value> {
    let (date, time) = match of {
        Value::DateTime(value) => (Some(value.date()), Some(value.time())),
        Value::Date(date) => (Some(*date), None),
        Value::Time(time) => (None, Some(*time)),
        Value::Span(span) => {
            return Some(Value::Int(match name {
                "days" => span.div_euclid(DAY),
                "seconds" => span.rem_euclid(DAY) / SECOND,
                "microseconds" => span.rem_euclid(SECOND),
                _ => return None,
            }));
        }
        _ => return None,
    };
    Some(Value::Int(match name {
        "year" => date?.year().into(),
        "month" => date?.month().into(),
        "day" => date?.day().into(),
        "hour" => time?.hour().into(),
        "minute" => time?.minute().into(),
        "second" => time?.second().into(),
        "microsecond" => i64::from(time?.subsec_nanosecond()) / 1_000,
        _ => return None,
    }))
}

pub(super) fn strftime(of: &Value, format: &str, budget: &mut Budget) -> Result<String, Failure> {
    budget.bytes(format.len().saturating_mul(16))?;
    budget.steps(format.len())?;
    // A width makes zeros or blanks without an end.
    let has_width = format
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0] == b'%' && (pair[1].is_ascii_digit() || b"-_^#0".contains(&pair[1])));
    if has_width {
        return Err(Failure::new("ValueError: the parts of this format have no width here"));
    }
    let made = match of {
        Value::DateTime(value) => jiff::fmt::strtime::format(format, *value),
        Value::Date(date) => jiff::fmt::strtime::format(format, *date),
        Value::Time(time) => jiff::fmt::strtime::format(format, civil::date(1900, 1, 1).to_datetime(*time)),
        other => return Err(Failure::new(format!("AttributeError: '{}' has no 'strftime'", other.kind()))),
    };
    made.map_err(out_of_range)
}

/// Sums and differences; `None` where the two have none.
pub(super) fn binary(operator: Binary, left: &Value, right: &Value) -> Result<Option<Value>, Failure> {
    let too_far = || out_of_range("too far away");
    let whole_days = |span: i64| SignedDuration::from_hours(span.div_euclid(DAY).saturating_mul(24));
    let time_of = |span: &i64| SignedDuration::from_micros(*span);
    Ok(Some(match (operator, left, right) {
        (Binary::Add, Value::DateTime(at), Value::Span(span))
        | (Binary::Add, Value::Span(span), Value::DateTime(at)) => {
            Value::DateTime(at.checked_add(time_of(span)).map_err(out_of_range)?)
        }
        (Binary::Subtract, Value::DateTime(at), Value::Span(span)) => {
            Value::DateTime(at.checked_sub(time_of(span)).map_err(out_of_range)?)
        }
        (Binary::Add, Value::Date(at), Value::Span(span)) | (Binary::Add, Value::Span(span), Value::Date(at)) => {
            Value::Date(at.checked_add(whole_days(*span)).map_err(out_of_range)?)
        }
        (Binary::Subtract, Value::Date(at), Value::Span(span)) => {
            let days = whole_days(span.checked_neg().ok_or_else(too_far)?);
            Value::Date(at.checked_add(days).map_err(out_of_range)?)
        }
        (Binary::Subtract, Value::DateTime(one), Value::DateTime(other)) => span(one.duration_since(*other))?,
        (Binary::Subtract, Value::Date(one), Value::Date(other)) => {
            span(one.to_datetime(civil::Time::midnight()).duration_since(other.to_datetime(civil::Time::midnight())))?
        }
        (Binary::Add, Value::Span(one), Value::Span(other)) => {
            Value::Span(one.checked_add(*other).ok_or_else(too_far)?)
        }
        (Binary::Subtract, Value::Span(one), Value::Span(other)) => {
            Value::Span(one.checked_sub(*other).ok_or_else(too_far)?)
        }
        (Binary::Multiply, factor, Value::Span(span)) => return with_number(operator, *span, factor),
        (Binary::Divide | Binary::Floor | Binary::Modulo, Value::Span(_), Value::Span(0)) => return Err(by_zero()),
        #[allow(clippy::cast_precision_loss)]
        (Binary::Divide, Value::Span(one), Value::Span(other)) => Value::Float(*one as f64 / *other as f64),
        (Binary::Floor, Value::Span(one), Value::Span(other)) => Value::Int(
            one.checked_div(*other)
                .map(|whole| whole - i64::from(one % other != 0 && (*one < 0) != (*other < 0)))
                .ok_or_else(too_far)?,
        ),
        (_, Value::Span(span), by) => return with_number(operator, *span, by),
        _ => return Ok(None),
    }))
}

fn by_zero() -> Failure {
    Failure::new("ZeroDivisionError: division by zero")
}

/// A difference so many times, or a part of one.
#[allow(clippy::cast_precision_loss)]
fn with_number(operator: Binary, span: i64, by: &Value) -> Result<Option<Value>, Failure> {
    let near = |value: f64| super::format::truncated(value.round_ties_even());
    let wide = |value: i128| i64::try_from(value).map_err(out_of_range);
    let made = match (operator, by.int(), by.float()) {
        (Binary::Divide | Binary::Floor, _, Some(0.0)) => return Err(by_zero()),
        (Binary::Multiply, Some(by), _) => wide(i128::from(span) * i128::from(by))?,
        (Binary::Multiply, None, Some(by)) => near(span as f64 * by)?,
        (Binary::Divide, Some(by), _) => wide(divided(span, by))?,
        (Binary::Divide, None, Some(by)) => near(span as f64 / by)?,
        (Binary::Floor, Some(by), _) => {
            wide((i128::from(span) * i128::from(by.signum())).div_euclid(i128::from(by).abs()))?
        }
        _ => return Ok(None),
    };
    Ok(Some(Value::Span(made)))
}

/// To the nearest, and from the middle to the even one.
fn divided(span: i64, by: i64) -> i128 {
    let (span, by) = (i128::from(span) * i128::from(by.signum()), i128::from(by).abs());
    let (whole, rest) = (span.div_euclid(by), span.rem_euclid(by));
    let is_up = 2 * rest > by || (2 * rest == by && whole % 2 != 0);
    whole + i128::from(is_up)
}

fn span(duration: SignedDuration) -> Result<Value, Failure> {
    i64::try_from(duration.as_micros()).map(Value::Span).map_err(out_of_range)
}
