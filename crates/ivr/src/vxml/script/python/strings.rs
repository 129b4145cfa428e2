//! The methods of texts.
//!
//! Sources: Python 3.12 library reference, "String Methods".

use super::{
    Failure,
    args::{self, Args},
    builtins::OrNone,
    eval::{Evaluator, items},
    format,
    value::Value,
};

pub(super) const NAMES: [&str; 38] = [
    "upper",
    "lower",
    "capitalize",
    "title",
    "swapcase",
    "casefold",
    "strip",
    "lstrip",
    "rstrip",
    "split",
    "rsplit",
    "splitlines",
    "join",
    "replace",
    "startswith",
    "endswith",
    "find",
    "rfind",
    "index",
    "rindex",
    "count",
    "isdigit",
    "isdecimal",
    "isnumeric",
    "isalpha",
    "isalnum",
    "isspace",
    "isupper",
    "islower",
    "zfill",
    "center",
    "ljust",
    "rjust",
    "format",
    "removeprefix",
    "removesuffix",
    "partition",
    "rpartition",
];

/// The zeros of all scripts; nine more digits are behind each (Unicode 14).
const ZEROS: [u32; 66] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50,
    0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950,
    0x1FBF0,
];

/// Whether a character is a digit of decimal numbers.
fn is_decimal(c: char) -> bool {
    let c = u32::from(c);
    let behind = ZEROS.partition_point(|zero| *zero <= c);
    behind > 0 && c - ZEROS[behind - 1] < 10
}

pub(super) fn call(evaluator: &mut Evaluator<'_>, of: &str, name: &str, args: Args) -> Result<Value, Failure> {
    evaluator.budget.steps(of.len() / 16)?;
    evaluator.budget.bytes(of.len().saturating_mul(2))?;
    match name {
        "upper" | "lower" | "capitalize" | "title" | "swapcase" | "casefold" => {
            args.bind::<0>([], 0)?;
            Ok(Value::text(cased(of, name)))
        }
        "isdigit" | "isdecimal" | "isnumeric" | "isalpha" | "isalnum" | "isspace" | "isupper" | "islower" => {
            args.bind::<0>([], 0)?;
            Ok(Value::Bool(is(of, name)))
        }
        "strip" | "lstrip" | "rstrip" => stripped(evaluator, of, name, args),
        "split" | "rsplit" | "splitlines" | "partition" | "rpartition" => split(evaluator, of, name, args),
        "join" => join(evaluator, of, args),
        "replace" => replace(evaluator, of, args),
        "startswith" | "endswith" | "removeprefix" | "removesuffix" => ends(evaluator, of, name, args),
        "find" | "rfind" | "index" | "rindex" | "count" => find(of, name, args),
        "format" => format::braces(of, &args, evaluator.budget),
        _ => padded(evaluator, of, name, args),
    }
}

fn cased(of: &str, name: &str) -> String {
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars
            .next()
            .map_or(String::new(), |first| first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect())
    };
    match name {
        "upper" => of.to_uppercase(),
        "lower" | "casefold" => of.to_lowercase(),
        "capitalize" => capital(of),
        "swapcase" => of
            .chars()
            .flat_map(
                |c| if c.is_uppercase() { c.to_lowercase().collect::<Vec<_>>() } else { c.to_uppercase().collect() },
            )
            .collect(),
        _ => {
            let mut before = ' ';
            let mut made = String::new();
            for c in of.chars() {
                if before.is_alphabetic() {
                    made.extend(c.to_lowercase())
                } else {
                    made.extend(c.to_uppercase())
                }
                before = c;
            }
            made
        }
    }
}

fn is(of: &str, name: &str) -> bool {
    let all = |test: fn(char) -> bool| !of.is_empty() && of.chars().all(test);
    match name {
        "isdecimal" => all(is_decimal),
        "isdigit" => all(|c| is_decimal(c) || "²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉".contains(c)),
        "isnumeric" => all(char::is_numeric),
        "isalpha" => all(char::is_alphabetic),
        "isalnum" => all(char::is_alphanumeric),
        "isspace" => all(char::is_whitespace),
        "isupper" => of.chars().any(char::is_uppercase) && !of.chars().any(char::is_lowercase),
        _ => of.chars().any(char::is_lowercase) && !of.chars().any(char::is_uppercase),
    }
}

fn stripped(evaluator: &mut Evaluator<'_>, of: &str, name: &str, args: Args) -> Result<Value, Failure> {
    let [chars] = args.bind(["chars"], 0)?.map(OrNone::unwrap_or_none);
    let chars = if matches!(chars, Value::None) { None } else { Some(args::text(&chars)?.to_owned()) };
    let looks = 1 + chars.as_ref().map_or(0, String::len) / 16;
    evaluator.budget.steps(of.len().saturating_mul(looks) / if chars.is_some() { 1 } else { 16 })?;
    let is_out = |c: char| chars.as_ref().map_or_else(|| c.is_whitespace(), |chars| chars.contains(c));
    let text = if name == "rstrip" { of } else { of.trim_start_matches(is_out) };
    Ok(Value::text(if name == "lstrip" { text } else { text.trim_end_matches(is_out) }))
}

fn split(evaluator: &mut Evaluator<'_>, of: &str, name: &str, args: Args) -> Result<Value, Failure> {
    evaluator.budget.bytes(of.len().saturating_mul(32))?;
    let list = |parts: &mut dyn Iterator<Item = &str>| Value::List(parts.map(Value::text).collect());
    if name == "splitlines" {
        args.bind::<0>([], 0)?;
        return Ok(list(&mut of.lines()));
    }
    let [by, most] = args.bind(["sep", "maxsplit"], 0)?.map(OrNone::unwrap_or_none);
    let most = if matches!(most, Value::None) { -1 } else { args::int(&most)? };
    let most = usize::try_from(most).map_or(usize::MAX, |most| most.saturating_add(1));
    if name.ends_with("partition") {
        let by = args::text(&by)?;
        let found = if name == "partition" { of.split_once(by) } else { of.rsplit_once(by) };
        let parts = match (found, name) {
            (Some((before, behind)), _) => [before, by, behind],
            (None, "partition") => [of, "", ""],
            (None, _) => ["", "", of],
        };
        return Ok(Value::Tuple(parts.map(Value::text).into()));
    }
    if matches!(by, Value::None) {
        return Ok(words(of, name, most));
    }
    let by = args::text(&by)?;
    if by.is_empty() {
        return Err(Failure::new("ValueError: empty separator"));
    }
    if name == "split" {
        return Ok(list(&mut of.splitn(most, by)));
    }
    let mut parts: Vec<&str> = of.rsplitn(most, by).collect();
    parts.reverse();
    Ok(list(&mut parts.into_iter()))
}

/// Between white space.
fn words(of: &str, name: &str, most: usize) -> Value {
    let mut parts = Vec::new();
    let mut rest = of.trim();
    while !rest.is_empty() {
        let found = if name == "split" { rest.find(char::is_whitespace) } else { rest.rfind(char::is_whitespace) };
        let Some(at) = found.filter(|_| parts.len() + 1 < most) else {
            parts.push(rest);
            break;
        };
        if name == "split" {
            parts.push(&rest[..at]);
            rest = rest[at..].trim_start();
        } else {
            parts.push(rest[at..].trim_start());
            rest = rest[..at].trim_end();
        }
    }
    if name == "rsplit" {
        parts.reverse();
    }
    Value::List(parts.into_iter().map(Value::text).collect())
}

fn join(evaluator: &mut Evaluator<'_>, of: &str, args: Args) -> Result<Value, Failure> {
    let [all] = args.bind(["iterable"], 1)?.map(OrNone::unwrap_or_none);
    let mut made = String::new();
    for (index, value) in items(&all, evaluator.budget)?.iter().enumerate() {
        let piece = args::text(value)?;
        evaluator.budget.bytes(of.len() + piece.len())?;
        made += if index > 0 { of } else { "" };
        made += piece;
    }
    Ok(Value::text(made))
}

fn replace(evaluator: &mut Evaluator<'_>, of: &str, args: Args) -> Result<Value, Failure> {
    let [old, new, count] = args.bind(["old", "new", "count"], 2)?.map(OrNone::unwrap_or_none);
    let (old, new) = (args::text(&old)?, args::text(&new)?);
    let count = if matches!(count, Value::None) { -1 } else { args::int(&count)? };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let found = of.matches(old).count().min(count);
    evaluator.budget.bytes(found.saturating_mul(new.len()))?;
    Ok(Value::text(of.replacen(old, new, found)))
}

fn ends(evaluator: &mut Evaluator<'_>, of: &str, name: &str, args: Args) -> Result<Value, Failure> {
    let [wanted] = args.bind(["affix"], 1)?.map(OrNone::unwrap_or_none);
    if name.starts_with("remove") {
        let affix = args::text(&wanted)?;
        let rest = if name == "removeprefix" { of.strip_prefix(affix) } else { of.strip_suffix(affix) };
        return Ok(Value::text(rest.unwrap_or(of)));
    }
    let mut has = |affix: &Value| {
        let affix = args::text(affix)?;
        evaluator.budget.steps(1 + affix.len().min(of.len()) / 16)?;
        Ok::<_, Failure>(if name == "startswith" { of.starts_with(affix) } else { of.ends_with(affix) })
    };
    let mut found = false;
    match &wanted {
        Value::Tuple(all) => {
            for affix in all.iter() {
                found |= has(affix)?;
            }
        }
        one => found = has(one)?,
    }
    Ok(Value::Bool(found))
}

fn find(of: &str, name: &str, args: Args) -> Result<Value, Failure> {
    let [wanted] = args.bind(["sub"], 1)?.map(OrNone::unwrap_or_none);
    let wanted = args::text(&wanted)?;
    if name == "count" {
        return Ok(Value::Int(i64::try_from(of.matches(wanted).count()).unwrap_or(i64::MAX)));
    }
    let found = if name.starts_with('r') { of.rfind(wanted) } else { of.find(wanted) };
    match found {
        Some(at) => Ok(Value::Int(i64::try_from(of[..at].chars().count()).unwrap_or(i64::MAX))),
        None if name.ends_with("index") => Err(Failure::new("ValueError: substring not found")),
        None => Ok(Value::Int(-1)),
    }
}

fn padded(evaluator: &mut Evaluator<'_>, of: &str, name: &str, args: Args) -> Result<Value, Failure> {
    let [width, fill] = args.bind(["width", "fillchar"], 1)?;
    let width = usize::try_from(args::int(&width.unwrap_or_none())?).unwrap_or_default();
    let fill = fill.unwrap_or_else(|| Value::text(" "));
    let mut chars = args::text(&fill)?.chars();
    let (Some(fill), None) = (chars.next(), chars.next()) else {
        return Err(Failure::new("TypeError: the fill is one character"));
    };
    let missing = width.saturating_sub(of.chars().count());
    evaluator.budget.bytes(missing.saturating_mul(4))?;
    let fills = |count: usize| fill.to_string().repeat(count);
    Ok(Value::text(match name {
        "ljust" => format!("{of}{}", fills(missing)),
        "rjust" => format!("{}{of}", fills(missing)),
        "center" => format!("{}{of}{}", fills(missing / 2), fills(missing - missing / 2)),
        _ => {
            let (sign, digits) = of.split_at(usize::from(of.starts_with(['-', '+'])));
            format!("{sign}{}{digits}", "0".repeat(missing))
        }
    }))
}
