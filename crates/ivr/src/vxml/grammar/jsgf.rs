//! Grammars of JSGF, which pages of before SRGS have.
//!
//! Shape: a whole document, or nothing but what may be said or pressed, as in `1 {one} | 2 {two}`, becomes the signs of ABNF, of which
//! [`super::abnf`] makes a [`Grammar`]. Every public rule may be matched. Tags are taken as they look.
//! Errors: [`GrammarError::Bad`] with the line.
//! Sources: JSGF 1.0; VoiceXML 1.0 Appendix D, E.

use super::{
    Expansion, Grammar, GrammarError, Mode,
    abnf::{Reader, Token, keep},
};

/// What a whole document begins with.
const HEADER: &str = "#JSGF";
/// The types that say so.
const TYPES: [&str; 6] = [
    "application/x-jsgf",
    "application/jsgf",
    "text/x-jsgf",
    "text/jsgf",
    "text/x-grammar-choice",
    "text/x-grammar-choice-dtmf",
];
/// The rule that stands for all that are public.
const PUBLIC: &str = "public rules";

/// Whether a text is such a document.
pub(crate) fn is_document(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(HEADER)
}

/// Whether an address says so, for those that lack their first line.
pub(crate) fn is_named(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('.').next().is_some_and(|ending| ending.eq_ignore_ascii_case("jsgf"))
}

/// Whether a type means such grammars, and the mode that it says.
pub(crate) fn is_type(kind: &str) -> Option<Option<Mode>> {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    TYPES.contains(&kind.as_str()).then(|| kind.ends_with("-dtmf").then_some(Mode::Dtmf))
}

/// Whether a text of which nothing is said can only be words or keys, one of which is chosen.
pub(crate) fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "|'-".contains(c))
}

/// Reads a grammar.
pub(crate) fn read(text: &str, mode: Mode) -> Result<Grammar, GrammarError> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let body = match text.strip_prefix(HEADER) {
        Some(rest) => rest.split_once(';').map(|(_, body)| body).unwrap_or_default(),
        None => text,
    };
    let mut tokens = scan(body, mode)?;
    let public: Vec<String> = tokens
        .windows(2)
        .filter_map(|two| match (&two[0].0, &two[1].0) {
            (Token::Word(word), Token::Rule(name)) if word == "public" => Some(name.clone()),
            _ => None,
        })
        .collect();
    let has_rules = tokens.iter().any(|(token, _)| *token == Token::Sign('='));
    if !has_rules {
        // A last alternative of nothing is one that somebody forgot to take away.
        while tokens.last().is_some_and(|(token, _)| *token == Token::Sign('|')) {
            tokens.pop();
        }
        if tokens.is_empty() {
            return Err(GrammarError::Bad("there is nothing in it".to_owned()));
        }
        let whole = [Token::Rule(PUBLIC.to_owned()), Token::Sign('=')];
        let line = tokens.last().map_or(1, |(_, line)| *line);
        tokens = whole.into_iter().map(|token| (token, 1)).chain(tokens).chain([(Token::Sign(';'), line)]).collect();
    }
    let mut grammar = Reader::new(tokens, mode).grammar()?;
    grammar.mode = mode;
    grammar.root = Some(match public.as_slice() {
        [] if has_rules => return Err(GrammarError::Bad("no rule is public".to_owned())),
        [] => PUBLIC.to_owned(),
        [one] => one.clone(),
        many => {
            let choices = many.iter().cloned().map(Expansion::Rule).collect();
            grammar.rules.insert(PUBLIC.to_owned(), Expansion::OneOf(choices));
            PUBLIC.to_owned()
        }
    });
    grammar.check()?;
    Ok(grammar)
}

fn scan(text: &str, mode: Mode) -> Result<Vec<(Token, usize)>, GrammarError> {
    let (mut tokens, mut rest, mut line): (Vec<(Token, usize)>, _, _) = (Vec::new(), text, 1);
    let mut is_behind = false;
    while let Some(c) = rest.chars().next() {
        let bad = |why: String| GrammarError::Bad(format!("line {line}: {why}"));
        let until = |from: usize, end: &str, what: &str| {
            rest[from..].find(end).map(|at| from + at).ok_or_else(|| bad(format!("{what} does not end")))
        };
        let (token, length) = match c {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '/' if rest.starts_with("//") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (None, until(2, "*/", "a comment")? + 2),
            '/' => (Some(Token::Weight), until(1, "/", "a weight")? + 1),
            '{' => {
                let end = until(1, "}", "a tag")?;
                (Some(Token::Tag(rest[1..end].trim().to_owned())), end + 1)
            }
            '<' => {
                let end = until(1, ">", "the name of a rule")?;
                // The name of a grammar before that of its rule.
                let name = rest[1..end].trim().rsplit('.').next().unwrap_or_default();
                (Some(Token::Rule(name.to_owned())), end + 1)
            }
            '"' => {
                let end = until(1, "\"", "a text")?;
                (Some(Token::Word(rest[1..end].to_owned())), end + 1)
            }
            // A star that stands apart in a grammar of keys is a key.
            '*' if is_behind || mode == Mode::Voice => (Some(Token::Repeat("0-".to_owned())), 1),
            '+' => (Some(Token::Repeat("1-".to_owned())), 1),
            '=' | ';' | '|' | '(' | ')' | '[' | ']' => (Some(Token::Sign(c)), 1),
            _ => {
                let end = |c: char| c.is_whitespace() || "=;|()[]{}<>\"*+/".contains(c);
                let length = rest.find(end).unwrap_or(rest.len()).max(c.len_utf8());
                (Some(Token::Word(rest[..length].to_owned())), length)
            }
        };
        is_behind = !matches!(&token, None | Some(Token::Sign('|' | '=' | ';' | '(' | '[')));
        keep(&mut tokens, token, line)?;
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    Ok(tokens)
}
