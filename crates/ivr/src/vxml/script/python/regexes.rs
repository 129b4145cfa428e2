//! Regular expressions.
//!
//! Shape: those of the crate `regex`, which take time by their length and the text's alone. What Python has beyond them (a look around, a
//! reference back) is an error.
//! Sources: Python 3.12 library reference, `re`.

use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};

use super::{
    Failure,
    args::{self, Args},
    builtins::OrNone,
    eval::Evaluator,
    value::{Found, Value},
};

pub(super) const FUNCTIONS: [&str; 8] =
    ["compile", "escape", "findall", "fullmatch", "match", "search", "split", "sub"];

const IGNORE_CASE: i64 = 2;
const MULTI_LINE: i64 = 8;
const DOT_ALL: i64 = 16;

/// A pattern that was read.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) source: String,
    flags: i64,
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
    evaluator.budget.steps(5_000 + source.len() * 10)?;
    let regex = RegexBuilder::new(&source.replace(r"\Z", r"\z"))
        .case_insensitive(flags & IGNORE_CASE != 0)
        .multi_line(flags & MULTI_LINE != 0)
        .dot_matches_new_line(flags & DOT_ALL != 0)
        .size_limit(256 << 10)
        .dfa_size_limit(256 << 10)
        .nest_limit(50)
        .build();
    let regex = regex.map_err(|error| {
        let text = error.to_string();
        Failure::new(format!("re.error: {}", text.lines().next_back().unwrap_or_default().trim()))
    })?;
    Ok(Pattern { source: source.to_owned(), flags, regex })
}

pub(super) fn call(evaluator: &mut Evaluator<'_>, name: &str, args: Args) -> Result<Value, Failure> {
    let mut args = args;
    if name == "escape" {
        let [text] = args.bind(["pattern"], 1)?.map(OrNone::unwrap_or_none);
        return Ok(Value::text(regex::escape(args::text(&text)?)));
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
            let text = paid(evaluator, &text)?;
            let most = most.int().and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0);
            let parts = pattern.regex.splitn(text, most.map_or(usize::MAX, |most| most.saturating_add(1)));
            if pattern.regex.captures_len() > 1 {
                return Err(Failure::new("re.error: a pattern that splits has no groups here"));
            }
            Ok(Value::List(parts.map(Value::text).collect()))
        }
        "findall" => {
            let [text] = args.bind(["string"], 1)?.map(OrNone::unwrap_or_none);
            let text = paid(evaluator, &text)?;
            let group =
                |captures: &Captures<'_>, at: usize| Value::text(captures.get(at).map_or("", |found| found.as_str()));
            let count = pattern.regex.captures_len();
            let found = pattern.regex.captures_iter(text).map(|captures| match count {
                1 => group(&captures, 0),
                2 => group(&captures, 1),
                _ => Value::Tuple((1..count).map(|at| group(&captures, at)).collect()),
            });
            Ok(Value::List(found.collect()))
        }
        "match" | "search" | "fullmatch" => {
            let [text] = args.bind(["string"], 1)?.map(OrNone::unwrap_or_none);
            let text = paid(evaluator, &text)?;
            found(evaluator, pattern, name, text)
        }
        _ => Err(Failure::new(format!("AttributeError: 'Pattern' object has no attribute '{name}'"))),
    }
}

fn paid<'t>(evaluator: &mut Evaluator<'_>, text: &'t Value) -> Result<&'t str, Failure> {
    let text = args::text(text)?;
    evaluator.budget.steps(100 + text.len())?;
    evaluator.budget.bytes(text.len().saturating_mul(32))?;
    Ok(text)
}

/// The first match; at the beginning only, or of all of the text.
fn found(evaluator: &mut Evaluator<'_>, pattern: &Pattern, name: &str, text: &str) -> Result<Value, Failure> {
    let anchored = match name {
        "search" => None,
        "match" => Some(read(evaluator, &format!("\\A(?:{})", pattern.source), pattern.flags)?),
        _ => Some(read(evaluator, &format!("\\A(?:{})\\z", pattern.source), pattern.flags)?),
    };
    let regex = anchored.as_ref().map_or(&pattern.regex, |anchored| &anchored.regex);
    let Some(captures) = regex.captures(text) else { return Ok(Value::None) };
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
    let (by, text) = (args::text(&by)?, paid(evaluator, &text)?);
    let count =
        count.int().and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0).unwrap_or(usize::MAX);
    let mut made = String::new();
    let mut at = 0;
    for captures in pattern.regex.captures_iter(text).take(count) {
        let Some(whole) = captures.get(0) else { continue };
        made += &text[at..whole.start()];
        expand(by, &captures, &mut made)?;
        evaluator.budget.bytes(by.len() + whole.len())?;
        evaluator.budget.steps(1)?;
        at = whole.end();
    }
    made += &text[at..];
    Ok(Value::text(made))
}

/// `\1` and `\g<name>` of a replacement.
fn expand(by: &str, captures: &Captures<'_>, made: &mut String) -> Result<(), Failure> {
    let wrong = || Failure::new("re.error: the replacement has a group that is not there");
    let mut chars = by.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            made.push(c);
            continue;
        }
        let rest = chars.as_str();
        if let Some((name, behind)) = rest.strip_prefix("g<").and_then(|rest| rest.split_once('>')) {
            let group = name.parse().map_or_else(|_| captures.name(name), |at: usize| captures.get(at));
            *made += group.map_or("", |group| group.as_str());
            chars = behind.chars();
            continue;
        }
        match chars.next() {
            Some(digit @ '0'..='9') => {
                let at = usize::try_from(digit.to_digit(10).unwrap_or_default()).unwrap_or_default();
                if at >= captures.len() {
                    return Err(wrong());
                }
                *made += captures.get(at).map_or("", |group| group.as_str());
            }
            Some('n') => made.push('\n'),
            Some('\\') => made.push('\\'),
            _ => return Err(wrong()),
        }
    }
    Ok(())
}
