//! Regular expressions.
//!
//! Shape: those of the crate `regex`, which look for one match in a time that is bounded by the text's length times the pattern's size.
//! Both are small here, and each match pays for all of the text behind it. What Python has beyond them (a look around, a reference back)
//! is an error.
//! Sources: Python 3.12 library reference, `re`.

use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};

use super::{
    Failure,
    args::{self, Args},
    budget::Budget,
    builtins::OrNone,
    eval::Evaluator,
    value::{Found, Value},
};

pub(super) const FUNCTIONS: [&str; 8] =
    ["compile", "escape", "findall", "fullmatch", "match", "search", "split", "sub"];

/// The longest text that is looked through, in bytes.
const MAX_TEXT: usize = 4 << 10;
/// How large a pattern may be as it is kept, in bytes, and the steps that it then takes for a byte of a text at worst; a class such as `\w` has
/// tens of thousands. A pattern of the largest size that repeats what may be empty takes 40 µs for a byte, and a step is less than 0.2 µs.
const SIZES: [(usize, usize); 8] = [
    (2 << 10, 2),
    (4 << 10, 3),
    (8 << 10, 5),
    (16 << 10, 9),
    (32 << 10, 17),
    (64 << 10, 66),
    (128 << 10, 120),
    (256 << 10, 256),
];
/// So many bytes of a pattern are made in a step, or found to be too many.
const BYTES_A_STEP: usize = 10;

const IGNORE_CASE: i64 = 2;
const MULTI_LINE: i64 = 8;
const DOT_ALL: i64 = 16;

/// A pattern that was read.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) source: Arc<str>,
    flags: i64,
    /// How many steps a byte of a text takes.
    weight: usize,
    regex: Regex,
}

/// A flag of the module.
pub(super) fn flag(name: &str) -> Option<i64> {
    Some(match name {
        "I" | "IGNORECASE" => IGNORE_CASE,
        "M" | "MULTILINE" => MULTI_LINE,
        "S" | "DOTALL" => DOT_ALL,
        _ => return None,
    })
}

fn read(evaluator: &mut Evaluator<'_>, source: &str, flags: i64) -> Result<Pattern, Failure> {
    let mut builder = RegexBuilder::new(&source.replace(r"\Z", r"\z"));
    builder
        .case_insensitive(flags & IGNORE_CASE != 0)
        .multi_line(flags & MULTI_LINE != 0)
        .dot_matches_new_line(flags & DOT_ALL != 0)
        .dfa_size_limit(256 << 10)
        .nest_limit(50);
    let mut failure = String::new();
    for (size, weight) in SIZES {
        evaluator.budget.steps(size / BYTES_A_STEP + source.len() * 10)?;
        match builder.size_limit(size).build() {
            Ok(regex) => {
                return Ok(Pattern { source: source.into(), flags, weight, regex });
            }
            Err(error) => failure = error.to_string(),
        }
        if !failure.contains("size limit") {
            break;
        }
    }
    Err(Failure::new(format!("re.error: {}", failure.lines().next_back().unwrap_or_default().trim())))
}

pub(super) fn call(evaluator: &mut Evaluator<'_>, name: &str, args: Args) -> Result<Value, Failure> {
    let mut args = args;
    if name == "escape" {
        let [text] = args.bind(["pattern"], 1)?.map(OrNone::unwrap_or_none);
        let text = args::text(&text)?;
        evaluator.budget.steps(text.len())?;
        evaluator.budget.bytes(text.len().saturating_mul(2))?;
        return Ok(Value::text(regex::escape(text)));
    }
    let flags = args.named.iter().position(|(known, _)| known == "flags").map(|at| args.named.remove(at).1);
    let most = if name == "compile" {
        1
    } else if name == "sub" {
        4
    } else {
        2
    };
    let flags = match flags {
        None if args.list.len() > most && name != "split" => args.list.pop(),
        flags => flags,
    };
    let flags = flags.as_ref().map_or(Ok(0), args::int)?;
    if args.list.is_empty() {
        return Err(Failure::new("TypeError: the pattern is missing"));
    }
    let pattern = match args.list.remove(0) {
        Value::Pattern(pattern) => pattern,
        other => Arc::new(read(evaluator, args::text(&other)?, flags)?),
    };
    if name == "compile" { Ok(Value::Pattern(pattern)) } else { on_pattern(evaluator, &pattern, name, args) }
}

/// A function of a pattern.
pub(super) fn on_pattern(
    evaluator: &mut Evaluator<'_>,
    pattern: &Pattern,
    name: &str,
    args: Args,
) -> Result<Value, Failure> {
    match name {
        "sub" => substitute(evaluator, pattern, args),
        "split" => {
            let [text, most] = args.bind(["string", "maxsplit"], 1)?.map(OrNone::unwrap_or_none);
            let text = paid(evaluator, pattern, &text)?;
            let most = most.int().and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0);
            if pattern.regex.captures_len() > 1 {
                return Err(Failure::new("re.error: a pattern that splits has no groups here"));
            }
            let mut made = Vec::new();
            let mut at = 0;
            for found in pattern.regex.find_iter(text).take(most.unwrap_or(usize::MAX)) {
                pay(evaluator, pattern, text.len() - found.start())?;
                made.push(Value::text(&text[at..found.start()]));
                at = found.end();
            }
            made.push(Value::text(&text[at..]));
            Ok(Value::List(made.into()))
        }
        "findall" => {
            let [text] = args.bind(["string"], 1)?.map(OrNone::unwrap_or_none);
            let text = paid(evaluator, pattern, &text)?;
            let group =
                |captures: &Captures<'_>, at: usize| Value::text(captures.get(at).map_or("", |found| found.as_str()));
            let count = pattern.regex.captures_len();
            let mut made = Vec::new();
            for captures in pattern.regex.captures_iter(text) {
                let whole = captures.get_match();
                pay(evaluator, pattern, text.len() - whole.start())?;
                evaluator.budget.bytes(whole.len().saturating_mul(count))?;
                made.push(match count {
                    1 => group(&captures, 0),
                    2 => group(&captures, 1),
                    _ => Value::Tuple((1..count).map(|at| group(&captures, at)).collect()),
                });
            }
            Ok(Value::List(made.into()))
        }
        "match" | "search" | "fullmatch" => {
            let [text] = args.bind(["string"], 1)?.map(OrNone::unwrap_or_none);
            let text = paid(evaluator, pattern, &text)?;
            found(evaluator, pattern, name, text)
        }
        _ => Err(Failure::new(format!("AttributeError: 'Pattern' object has no attribute '{name}'"))),
    }
}

fn paid<'t>(evaluator: &mut Evaluator<'_>, pattern: &Pattern, text: &'t Value) -> Result<&'t str, Failure> {
    let text = args::text(text)?;
    if text.len() > MAX_TEXT {
        return Err(Failure::new(format!("re.error: a text of more than {MAX_TEXT} bytes is not looked through")));
    }
    evaluator.budget.steps(100 + text.len() * pattern.weight)?;
    evaluator.budget.bytes(text.len().saturating_mul(32))?;
    Ok(text)
}

/// Pays for a match: the text from where it begins, its groups, and that it is kept.
fn pay(evaluator: &mut Evaluator<'_>, pattern: &Pattern, rest: usize) -> Result<(), Failure> {
    let groups = pattern.regex.captures_len();
    evaluator.budget.steps(1 + groups + rest * (pattern.weight + groups / 16))?;
    evaluator.budget.bytes(64 * groups)
}

/// The first match; at the beginning only, or of all of the text.
fn found(evaluator: &mut Evaluator<'_>, pattern: &Pattern, name: &str, text: &str) -> Result<Value, Failure> {
    let anchored = match name {
        "search" => None,
        "match" => Some(read(evaluator, &format!("\\A(?:{})", pattern.source), pattern.flags)?),
        _ => Some(read(evaluator, &format!("\\A(?:{})\\z", pattern.source), pattern.flags)?),
    };
    let pattern = anchored.as_ref().unwrap_or(pattern);
    pay(evaluator, pattern, text.len())?;
    let regex = &pattern.regex;
    let Some(captures) = regex.captures(text) else { return Ok(Value::None) };
    evaluator.budget.steps(captures.len() * text.len() / 16)?;
    evaluator.budget.bytes(captures.iter().flatten().map(|group| group.len()).sum())?;
    let place = |at: usize| text[..at].chars().count();
    let groups = captures
        .iter()
        .map(|group| group.map(|group| (place(group.start()), place(group.end()), Arc::from(group.as_str()))))
        .collect();
    let names = regex.capture_names().enumerate().filter_map(|(at, name)| Some((name?.to_owned(), at))).collect();
    Ok(Value::Match(Arc::new(Found { groups, names })))
}

fn substitute(evaluator: &mut Evaluator<'_>, pattern: &Pattern, args: Args) -> Result<Value, Failure> {
    let [by, text, count] = args.bind(["repl", "string", "count"], 2)?.map(OrNone::unwrap_or_none);
    let (by, text) = (args::text(&by)?, paid(evaluator, pattern, &text)?);
    let count =
        count.int().and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0).unwrap_or(usize::MAX);
    let mut made = String::new();
    let mut at = 0;
    for captures in pattern.regex.captures_iter(text).take(count) {
        let Some(whole) = captures.get(0) else { continue };
        pay(evaluator, pattern, text.len() - whole.start())?;
        evaluator.budget.steps(by.len() / 4)?;
        made += &text[at..whole.start()];
        evaluator.budget.bytes(2 * by.len())?;
        expand(by, &captures, &mut made, evaluator.budget)?;
        at = whole.end();
    }
    made += &text[at..];
    Ok(Value::text(made))
}

/// `\1` and `\g<name>` of a replacement.
fn expand(by: &str, captures: &Captures<'_>, made: &mut String, budget: &mut Budget) -> Result<(), Failure> {
    let wrong = || Failure::new("re.error: the replacement has a group that is not there");
    // What is made is copied once more.
    let mut group = |at: Option<regex::Match<'_>>, made: &mut String| {
        let text = at.map_or("", |group| group.as_str());
        budget.bytes(2 * text.len())?;
        *made += text;
        Ok::<_, Failure>(())
    };
    let mut chars = by.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            made.push(c);
            continue;
        }
        let rest = chars.as_str();
        if let Some((name, behind)) = rest.strip_prefix("g<").and_then(|rest| rest.split_once('>')) {
            group(name.parse().map_or_else(|_| captures.name(name), |at: usize| captures.get(at)), made)?;
            chars = behind.chars();
            continue;
        }
        match chars.next() {
            Some(digit @ '0'..='9') => {
                let at = usize::try_from(digit.to_digit(10).unwrap_or_default()).unwrap_or_default();
                if at >= captures.len() {
                    return Err(wrong());
                }
                group(captures.get(at), made)?;
            }
            Some('n') => made.push('\n'),
            Some('\\') => made.push('\\'),
            _ => return Err(wrong()),
        }
    }
    Ok(())
}
