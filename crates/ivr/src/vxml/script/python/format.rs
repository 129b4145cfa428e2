//! Formats: `format(x, '05.2f')`, f-strings, `'{}'.format(x)` and `'%s' % x`.
//!
//! Sources: Python 3.12 library reference, "Format Specification Mini-Language", "printf-style String Formatting".

use super::{Failure, args::Args, budget::Budget, text, value::Value};

/// A format as it is written.
#[derive(Clone, Copy, Default, Debug)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    plus: Option<char>,
    is_alternate: bool,
    width: usize,
    group: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

fn read(spec: &str) -> Result<Spec, Failure> {
    let wrong = || Failure::new(format!("ValueError: the format {spec:?} is not known"));
    let chars: Vec<char> = spec.chars().collect();
    let is_align = |c: Option<&char>| c.is_some_and(|c| "<>=^".contains(*c));
    let mut found = Spec::default();
    let mut at = 0;
    if is_align(chars.get(1)) {
        (found.fill, found.align) = (Some(chars[0]), Some(chars[1]));
        at = 2;
    } else if is_align(chars.first()) {
        found.align = Some(chars[0]);
        at = 1;
    }
    found.plus = chars.get(at).copied().filter(|c| "+- ".contains(*c));
    at += usize::from(found.plus.is_some());
    found.is_alternate = chars.get(at) == Some(&'#');
    at += usize::from(found.is_alternate);
    if chars.get(at) == Some(&'0') {
        found.fill = found.fill.or(Some('0'));
        found.align = found.align.or(Some('='));
        at += 1;
    }
    let number = |at: &mut usize| -> Result<Option<usize>, Failure> {
        let digits: String = chars[(*at).min(chars.len())..].iter().take_while(|c| c.is_ascii_digit()).collect();
        *at += digits.len();
        if digits.is_empty() { Ok(None) } else { digits.parse().map(Some).map_err(|_| wrong()) }
    };
    found.width = number(&mut at)?.unwrap_or_default();
    found.group = chars.get(at).copied().filter(|c| ",_".contains(*c));
    at += usize::from(found.group.is_some());
    if chars.get(at) == Some(&'.') {
        at += 1;
        found.precision = Some(number(&mut at)?.ok_or_else(wrong)?);
    }
    found.kind = chars.get(at).copied();
    at += usize::from(found.kind.is_some());
    if at < chars.len() || found.precision.is_some_and(|digits| digits > 300) {
        return Err(wrong());
    }
    Ok(found)
}

/// A value in a format.
pub(super) fn format(value: &Value, spec: &str, budget: &mut Budget) -> Result<String, Failure> {
    if spec.is_empty() {
        return text::paid(value, budget);
    }
    if matches!(value, Value::DateTime(_) | Value::Date(_) | Value::Time(_)) {
        return super::datetimes::strftime(value, spec, budget);
    }
    let spec = read(spec)?;
    let length = value.as_text().map_or(0, str::len);
    budget.bytes(spec.width.saturating_mul(4).saturating_add(2 * length))?;
    let wrong = || {
        let kind = spec.kind.unwrap_or('s');
        Failure::new(format!("ValueError: the format {kind:?} is not there for {}", value.kind()))
    };
    let is_whole = value.int().is_some();
    match (spec.kind, value) {
        (None | Some('s'), Value::Text(text)) => Ok(padded(&cut(text, spec.precision), "", &spec, '<')),
        (None, Value::Bool(_)) => Ok(padded(&text::str(value), "", &spec, '<')),
        (None | Some('d'), _) if is_whole && spec.precision.is_none() => {
            let int = value.int().unwrap_or_default();
            let digits = grouped(&int.unsigned_abs().to_string(), spec.group, 3);
            Ok(padded(&digits, sign(int < 0, &spec), &spec, '>'))
        }
        (Some(kind @ ('x' | 'X' | 'o' | 'b')), _) if is_whole => {
            let int = value.int().unwrap_or_default();
            let (digits, prefix) = based(int.unsigned_abs(), kind);
            let prefix = if spec.is_alternate { prefix } else { "" };
            Ok(padded(&digits, &format!("{}{prefix}", sign(int < 0, &spec)), &spec, '>'))
        }
        (Some('c'), _) if is_whole => {
            let c = value.int().and_then(|int| u32::try_from(int).ok()).and_then(char::from_u32).ok_or_else(wrong)?;
            Ok(padded(&c.to_string(), "", &spec, '<'))
        }
        (kind, _) => {
            let float = value.float().ok_or_else(wrong)?;
            let digits = floating(float.abs(), kind, &spec).ok_or_else(wrong)?;
            let (whole, rest) = digits.split_at(digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()));
            let digits = grouped(whole, spec.group, 3) + rest;
            Ok(padded(&digits, sign(float.is_sign_negative(), &spec), &spec, '>'))
        }
    }
}

fn floating(value: f64, kind: Option<char>, spec: &Spec) -> Option<String> {
    let digits = spec.precision.unwrap_or(6);
    if !value.is_finite() {
        return Some(text::float(value));
    }
    Some(match kind {
        None if spec.precision.is_none() => text::float(value),
        None | Some('g' | 'G') => general(value, digits.max(1)),
        Some('f' | 'F') => format!("{value:.digits$}"),
        Some('%') => format!("{:.digits$}%", value * 100.0),
        Some('e' | 'E') => {
            let scientific = scientific(value, digits);
            if kind == Some('E') { scientific.to_uppercase() } else { scientific }
        }
        _ => return None,
    })
}

fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// So many digits that count, without zeros behind them.
fn general(value: f64, digits: usize) -> String {
    let text = scientific(value, digits - 1);
    let exponent: i32 = text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or_default();
    let most = i32::try_from(digits).unwrap_or(i32::MAX);
    if (-4..most).contains(&exponent) {
        let places = usize::try_from(most - 1 - exponent).unwrap_or_default();
        let fixed = format!("{value:.places$}");
        return if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').to_owned() } else { fixed };
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, ""));
    let short = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    format!("{short}e{exponent}")
}

fn based(value: u64, kind: char) -> (String, &'static str) {
    match kind {
        'x' => (format!("{value:x}"), "0x"),
        'X' => (format!("{value:X}"), "0X"),
        'o' => (format!("{value:o}"), "0o"),
        _ => (format!("{value:b}"), "0b"),
    }
}

fn sign(is_negative: bool, spec: &Spec) -> &'static str {
    match (is_negative, spec.plus) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        (false, _) => "",
    }
}

fn cut(text: &str, length: Option<usize>) -> String {
    text.chars().take(length.unwrap_or(usize::MAX)).collect()
}

fn grouped(digits: &str, group: Option<char>, every: usize) -> String {
    let Some(group) = group else { return digits.to_owned() };
    let mut text = String::new();
    for (index, c) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(every) {
            text.push(group);
        }
        text.push(c);
    }
    text
}

fn padded(body: &str, sign: &str, spec: &Spec, usual: char) -> String {
    let length = body.chars().count() + sign.chars().count();
    let missing = spec.width.saturating_sub(length);
    let fill = |count: usize| spec.fill.unwrap_or(' ').to_string().repeat(count);
    match spec.align.unwrap_or(usual) {
        '<' => format!("{sign}{body}{}", fill(missing)),
        '^' => format!("{}{sign}{body}{}", fill(missing / 2), fill(missing - missing / 2)),
        '=' => format!("{sign}{}{body}", fill(missing)),
        _ => format!("{}{sign}{body}", fill(missing)),
    }
}

/// `'{} {name:>5}'.format(...)`: fields by place or name, without attributes and items of them.
pub(super) fn braces(template: &str, args: &Args, budget: &mut Budget) -> Result<Value, Failure> {
    let wrong = |what: &str| Failure::new(format!("ValueError: the field {{{what}}} is not taken here"));
    let mut made = String::new();
    let mut rest = template;
    let mut next = 0_usize;
    while let Some(at) = rest.find(['{', '}']) {
        made += &rest[..at];
        let found = &rest[at..];
        if let Some(behind) = found.strip_prefix("{{").or_else(|| found.strip_prefix("}}")) {
            made.push_str(&found[..1]);
            rest = behind;
            continue;
        }
        let end = found.find('}').filter(|_| found.starts_with('{')).ok_or_else(|| wrong(found))?;
        let field = &found[1..end];
        let (name, spec) = field.split_once(':').unwrap_or((field, ""));
        let value = match name {
            "" => {
                next += 1;
                args.list.get(next - 1)
            }
            name => match name.parse::<usize>() {
                Ok(index) => args.list.get(index),
                Err(_) => args.named.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            },
        };
        made += &format(value.ok_or_else(|| wrong(field))?, spec, budget)?;
        budget.bytes(made.len())?;
        rest = &found[end + 1..];
    }
    made += rest;
    budget.bytes(made.len())?;
    Ok(Value::text(made))
}

/// `'%s of %d' % (a, b)`.
pub(super) fn percent(template: &str, value: &Value, budget: &mut Budget) -> Result<Value, Failure> {
    let wrong = || Failure::new("ValueError: this % is not known, or has no value");
    let list = match value {
        Value::Tuple(all) => all.to_vec(),
        other => vec![other.clone()],
    };
    let mut values = list.iter();
    let mut made = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        made += &rest[..at];
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('%') {
            made.push('%');
            rest = behind;
            continue;
        }
        let named = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        let of_key = match named {
            Some((name, behind)) => {
                rest = behind;
                Some(value.of_key(name).ok_or_else(wrong)?)
            }
            None => None,
        };
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
        let (flags, kind) = (&rest[..end], &rest[end..=end]);
        rest = &rest[end + 1..];
        let one = of_key.or_else(|| values.next()).ok_or_else(wrong)?;
        made += &old_style(flags, kind, one, budget)?;
        budget.bytes(made.len())?;
    }
    made += rest;
    if values.next().is_some() && !matches!(value, Value::Dict(_)) {
        return Err(Failure::new("TypeError: not all arguments converted during string formatting"));
    }
    budget.bytes(made.len())?;
    Ok(Value::text(made))
}

fn old_style(flags: &str, kind: &str, value: &Value, budget: &mut Budget) -> Result<String, Failure> {
    let spec = match flags.strip_prefix('-') {
        Some(flags) => format!("<{flags}"),
        None if kind == "s" || kind == "r" => format!(">{flags}"),
        None => flags.to_owned(),
    };
    let text = match kind {
        "s" => Value::text(text::paid(value, budget)?),
        "r" => Value::text(text::paid_repr(value, budget)?),
        "d" | "i" => Value::Int(super::args::float(value).map(truncated)??),
        _ => value.clone(),
    };
    let kind = match kind {
        "s" | "r" => "s",
        "d" | "i" => "d",
        other => other,
    };
    format(&text, &format!("{spec}{kind}"), budget)
}

/// A number without its fraction.
pub(super) fn truncated(value: f64) -> Result<i64, Failure> {
    let whole = value.trunc();
    // The bounds are powers of two, and exact.
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&whole) {
        #[allow(clippy::cast_possible_truncation)]
        return Ok(whole as i64);
    }
    Err(Failure::new("OverflowError: the number has more than 63 bits"))
}
