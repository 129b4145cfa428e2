//! SRGS in ABNF.
//!
//! Shape: a text that begins with `#ABNF` becomes a [`Grammar`].
//! Errors: [`GrammarError::Bad`] with the line.
//! Sources: SRGS 1.0 §2, §3, §4.1, Appendix D; `voicexml-customizers.md` 3.7.

use std::collections::BTreeMap;

use super::{
    Expansion, Grammar, GrammarError, MAX_DEPTH, MAX_NODES, Mode, TagStyle, Value, srgs::repeats, tokens, written,
};

/// A sign or word of a grammar.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    Word(String),
    /// `$name`, or `$<uri>`.
    Rule(String),
    Outside(String),
    Tag(String),
    /// `<0-3>`.
    Repeat(String),
    /// `/0.5/`.
    Weight,
    Sign(char),
}

/// Makes a grammar of what was scanned.
pub(super) struct Reader {
    tokens: Vec<(Token, usize)>,
    at: usize,
    mode: Mode,
}

/// Reads a grammar.
pub(crate) fn read(text: &str) -> Result<Grammar, GrammarError> {
    let header = text.trim_start_matches('\u{feff}');
    let body = header.strip_prefix("#ABNF").and_then(|rest| rest.split_once(';')).map(|(_, body)| body);
    let body =
        body.ok_or_else(|| GrammarError::Bad("line 1: it does not begin with #ABNF and a version".to_owned()))?;
    let tokens = scan(body)?;
    let grammar = Reader::new(tokens, Mode::Voice).grammar()?;
    grammar.check()?;
    Ok(grammar)
}

impl Reader {
    pub(super) fn new(tokens: Vec<(Token, usize)>, mode: Mode) -> Self {
        Self { tokens, at: 0, mode }
    }

    pub(super) fn grammar(&mut self) -> Result<Grammar, GrammarError> {
        let mut grammar = Grammar {
            mode: Mode::Voice,
            root: None,
            rules: BTreeMap::new(),
            tags: TagStyle::Guess,
            value: Value::Keys,
        };
        while let Some(token) = self.next() {
            match token {
                Token::Word(word) => self.declaration(&word, &mut grammar)?,
                Token::Rule(name) => {
                    self.expect('=')?;
                    let expansion = self.alternatives(0)?;
                    self.expect(';')?;
                    if grammar.rules.contains_key(&name) {
                        return Err(self.bad(format!("a second rule {name}")));
                    }
                    grammar.rules.insert(name, expansion);
                }
                other => return Err(self.bad(format!("{other:?} begins no rule"))),
            }
        }
        Ok(grammar)
    }

    fn declaration(&mut self, word: &str, grammar: &mut Grammar) -> Result<(), GrammarError> {
        match word {
            "public" | "private" => return Ok(()),
            "mode" => {
                self.mode = match self.next() {
                    Some(Token::Word(mode)) if mode == "dtmf" => Mode::Dtmf,
                    Some(Token::Word(mode)) if mode == "voice" => Mode::Voice,
                    _ => return Err(self.bad("the mode is neither dtmf nor voice")),
                };
                grammar.mode = self.mode;
            }
            "root" => match self.next() {
                Some(Token::Rule(name)) => grammar.root = Some(name),
                _ => return Err(self.bad("the root is no rule")),
            },
            "tag-format" => {
                let mut format = String::new();
                while let Some(token) = self.peek().filter(|token| **token != Token::Sign(';')) {
                    match token {
                        Token::Word(word) | Token::Outside(word) | Token::Repeat(word) => format += word,
                        _ => {}
                    }
                    self.at += 1;
                }
                grammar.tags = match format.trim() {
                    "semantics/1.0" | "semantics/1.0.2006" => TagStyle::Script,
                    "semantics/1.0-literals" => TagStyle::Literal,
                    _ => TagStyle::Guess,
                };
            }
            // language, base, lexicon, meta, http-equiv, and global tags.
            _ => {
                while self.peek().is_some_and(|token| *token != Token::Sign(';')) {
                    self.at += 1;
                }
            }
        }
        self.expect(';')
    }

    fn alternatives(&mut self, depth: usize) -> Result<Expansion, GrammarError> {
        if depth > MAX_DEPTH {
            return Err(self.bad(format!("groups more than {MAX_DEPTH} deep")));
        }
        let mut choices = vec![self.sequence(depth)?];
        while self.peek() == Some(&Token::Sign('|')) {
            self.at += 1;
            choices.push(self.sequence(depth)?);
        }
        Ok(if choices.len() == 1 { choices.remove(0) } else { Expansion::OneOf(choices) })
    }

    fn sequence(&mut self, depth: usize) -> Result<Expansion, GrammarError> {
        let mut parts: Vec<Expansion> = Vec::new();
        let mut was_repeat = false;
        while let Some(token) = self.peek().cloned() {
            let is_repeat = matches!(token, Token::Repeat(_));
            if is_repeat && std::mem::replace(&mut was_repeat, is_repeat) {
                return Err(self.bad("a repeat of a repeat"));
            }
            was_repeat = is_repeat;
            let part = match token {
                Token::Sign('|' | ')' | ']' | ';') => break,
                Token::Weight => {
                    self.at += 1;
                    continue;
                }
                Token::Repeat(times) => {
                    let last = parts.pop().ok_or_else(|| self.bad("a repeat of nothing"))?;
                    let times = times.split_whitespace().next().unwrap_or_default();
                    let (least, most) = repeats(times).ok_or_else(|| self.bad(format!("<{times}> is no repeat")))?;
                    Expansion::Repeat(Box::new(last), least, most)
                }
                Token::Word(word) if self.mode == Mode::Dtmf => {
                    let mut keys = tokens(&word).ok_or_else(|| self.bad(format!("{word:?} are no keys")))?;
                    if keys.len() == 1 { keys.remove(0) } else { Expansion::Sequence(keys) }
                }
                Token::Word(word) => Expansion::Sequence(written(&word).into_iter().map(Expansion::Word).collect()),
                Token::Rule(name) if name == "NULL" => Expansion::Null,
                Token::Rule(name) if name == "VOID" || name == "GARBAGE" => Expansion::Void,
                Token::Rule(name) => Expansion::Rule(name),
                Token::Outside(uri) => Expansion::Outside(uri),
                Token::Tag(tag) => Expansion::Tag(tag),
                Token::Sign(open @ ('(' | '[')) => {
                    self.at += 1;
                    let inner = self.alternatives(depth + 1)?;
                    let closing = if open == '(' { ')' } else { ']' };
                    if self.peek() != Some(&Token::Sign(closing)) {
                        return Err(self.bad(format!("{closing} is missing")));
                    }
                    if open == '(' { inner } else { Expansion::Repeat(Box::new(inner), 0, 1) }
                }
                Token::Sign(sign) => return Err(self.bad(format!("{sign} is not understood"))),
            };
            self.at += 1;
            parts.push(part);
        }
        Ok(Expansion::Sequence(parts))
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn expect(&mut self, sign: char) -> Result<(), GrammarError> {
        if self.next() == Some(Token::Sign(sign)) { Ok(()) } else { Err(self.bad(format!("{sign} is missing"))) }
    }

    fn bad(&self, text: impl std::fmt::Display) -> GrammarError {
        let line = self.tokens.get(self.at.saturating_sub(1)).or(self.tokens.last()).map_or(1, |(_, line)| *line);
        GrammarError::Bad(format!("line {line}: {text}"))
    }
}

/// Keeps what was scanned in a line, where neither it nor all of it is too long.
pub(super) fn keep(tokens: &mut Vec<(Token, usize)>, token: Option<Token>, line: usize) -> Result<(), GrammarError> {
    if matches!(&token, Some(Token::Word(word)) if word.len() > MAX_NODES) {
        return Err(GrammarError::Bad(format!("line {line}: a text of more than {MAX_NODES} bytes")));
    }
    tokens.extend(token.map(|token| (token, line)));
    if tokens.len() > MAX_NODES {
        return Err(GrammarError::Bad(format!("more than {MAX_NODES} parts")));
    }
    Ok(())
}

fn scan(text: &str) -> Result<Vec<(Token, usize)>, GrammarError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(c) = rest.chars().next() {
        let open = |what: &str| GrammarError::Bad(format!("line {line}: {what} does not end"));
        let until =
            |from: usize, end: &str, what: &str| rest[from..].find(end).map(|at| from + at).ok_or_else(|| open(what));
        let (token, length) = match c {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '/' if rest.starts_with("//") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (None, until(2, "*/", "a comment")? + 2),
            '/' => (Some(Token::Weight), until(1, "/", "a weight")? + 1),
            '{' if rest.starts_with("{!{") => {
                let end = until(3, "}!}", "a tag")?;
                (Some(Token::Tag(rest[3..end].trim().to_owned())), end + 3)
            }
            '{' => {
                let end = until(1, "}", "a tag")?;
                (Some(Token::Tag(rest[1..end].trim().to_owned())), end + 1)
            }
            '$' if rest.starts_with("$<") => {
                let end = until(2, ">", "an address")?;
                (Some(Token::Outside(rest[2..end].trim().to_owned())), end + 1)
            }
            '<' => {
                let end = until(1, ">", "a repeat")?;
                let inner = rest[1..end].trim();
                let is_repeat = inner.starts_with(|c: char| c.is_ascii_digit());
                (
                    Some(if is_repeat { Token::Repeat(inner.to_owned()) } else { Token::Outside(inner.to_owned()) }),
                    end + 1,
                )
            }
            '"' => {
                let end = until(1, "\"", "a text")?;
                (Some(Token::Word(rest[1..end].to_owned())), end + 1)
            }
            '$' => {
                let length = word(&rest[1..]);
                (Some(Token::Rule(rest[1..=length].to_owned())), length + 1)
            }
            '=' | ';' | '|' | '(' | ')' | '[' | ']' => (Some(Token::Sign(c)), 1),
            _ => {
                let length = word(rest).max(c.len_utf8());
                (Some(Token::Word(rest[..length].to_owned())), length)
            }
        };
        keep(&mut tokens, token, line)?;
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// How long a word is.
fn word(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || "=;|()[]{}<>\"$".contains(c)).unwrap_or(text.len())
}
