//! Which names a script declares at its top.
//!
//! Shape: a text in, the names of its `var` and `function` out, without those inside functions. A text that is no script gives some names
//! or none: a name too many is a variable that is undefined.
//! Sources: ECMA-262 §12 (lexical grammar), as far as strings, comments, regular expressions and braces go.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::CharIndices;

/// Most names of a script.
const MOST: usize = 1_000;
/// How deep in brackets the names behind a `var` are sought: each bracket may hold another `var`, whose names are sought in it again.
const DEEPEST: usize = 50;

/// The names that a script declares.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub(crate) struct Names {
    pub(crate) vars: Vec<String>,
    pub(crate) functions: Vec<String>,
}

/// Names in their order, each once.
#[derive(Default)]
struct Found<'a> {
    list: Vec<&'a str>,
    known: BTreeSet<&'a str>,
}

impl<'a> Found<'a> {
    fn add(&mut self, name: &'a str) {
        if self.list.len() < MOST && self.known.insert(name) {
            self.list.push(name);
        }
    }

    fn names(self) -> Vec<String> {
        self.list.into_iter().map(str::to_owned).collect()
    }
}

/// What a script is made of, as far as it matters here.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Token<'a> {
    Word(&'a str),
    /// A literal of any kind.
    Value,
    Sign(char),
    NewLine,
}

/// Reads a script.
pub(crate) fn declared(source: &str) -> Names {
    let tokens = tokens(source);
    let (mut vars, mut functions) = (Found::default(), Found::default());
    let mut braces: Vec<bool> = Vec::new();
    let mut in_function = 0_usize;
    let mut function_begins = false;
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at] {
            Token::Word("function") if in_function == 0 => {
                let named = tokens[at + 1..].iter().find(|token| !matches!(token, Token::NewLine | Token::Sign('*')));
                if let Some(Token::Word(name)) = named.filter(|_| begins_statement(&tokens, at)) {
                    functions.add(name);
                }
                function_begins = true;
            }
            Token::Word("function") => function_begins = true,
            // An arrow with a body.
            Token::Sign('>') if at > 0 && tokens[at - 1] == Token::Sign('=') => {
                function_begins = tokens.get(at + 1) == Some(&Token::Sign('{'));
            }
            Token::Sign('{') => {
                braces.push(function_begins);
                in_function += usize::from(function_begins);
                function_begins = false;
            }
            Token::Sign('}') => in_function -= usize::from(braces.pop().unwrap_or_default()),
            Token::Word("var") if in_function == 0 => variables(&tokens[at + 1..], &mut vars),
            _ => {}
        }
        at += 1;
    }
    Names { vars: vars.names(), functions: functions.names() }
}

/// Whether a word begins a statement.
fn begins_statement(tokens: &[Token<'_>], at: usize) -> bool {
    let before = tokens[..at].iter().rev().find(|token| **token != Token::NewLine);
    matches!(before, None | Some(Token::Sign(';' | '{' | '}')))
        || (at > 0
            && tokens[at - 1] == Token::NewLine
            && !matches!(before, Some(Token::Sign('=' | '(' | ',' | ':' | '?'))))
}

/// The names behind a `var`.
fn variables<'a>(tokens: &[Token<'a>], vars: &mut Found<'a>) {
    let mut depth = 0_usize;
    let mut expects_name = true;
    for token in tokens {
        match token {
            Token::Word("in" | "of") if depth == 0 && !expects_name => return,
            Token::Word(name) if expects_name && depth == 0 => {
                vars.add(name);
                expects_name = false;
            }
            Token::Sign('(' | '[' | '{') if depth == DEEPEST => return,
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') if depth == 0 => return,
            Token::Sign(')' | ']' | '}') => depth -= 1,
            Token::Sign(',') if depth == 0 => expects_name = true,
            Token::Sign(';') if depth == 0 => return,
            Token::Word("var" | "function") if depth == 0 => return,
            _ => {}
        }
    }
}

fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut chars = source.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\n' | '\r' => tokens.push(Token::NewLine),
            c if c.is_whitespace() => {}
            '/' if next_is(&mut chars, '/') => skip_line(&mut chars),
            '/' if next_is(&mut chars, '*') => skip_comment(&mut chars),
            '/' if may_be_expression(&tokens) => {
                skip_regex(&mut chars);
                tokens.push(Token::Value);
            }
            '"' | '\'' | '`' => {
                skip_string(&mut chars, c);
                tokens.push(Token::Value);
            }
            c if c.is_alphabetic() || c == '_' || c == '$' => {
                let mut end = at + c.len_utf8();
                while let Some((next, c)) = chars.next_if(|(_, c)| c.is_alphanumeric() || *c == '_' || *c == '$') {
                    end = next + c.len_utf8();
                }
                tokens.push(Token::Word(&source[at..end]));
            }
            c if c.is_ascii_digit() => {
                while chars.next_if(|(_, c)| c.is_alphanumeric() || *c == '.').is_some() {}
                tokens.push(Token::Value);
            }
            c => tokens.push(Token::Sign(c)),
        }
    }
    tokens
}

fn next_is(chars: &mut Peekable<CharIndices<'_>>, wanted: char) -> bool {
    chars.next_if(|(_, c)| *c == wanted).is_some()
}

fn skip_line(chars: &mut Peekable<CharIndices<'_>>) {
    while chars.next_if(|(_, c)| *c != '\n').is_some() {}
}

fn skip_comment(chars: &mut Peekable<CharIndices<'_>>) {
    while let Some((_, c)) = chars.next() {
        if c == '*' && next_is(chars, '/') {
            return;
        }
    }
}

fn skip_string(chars: &mut Peekable<CharIndices<'_>>, quote: char) {
    while let Some((_, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            c if c == quote => return,
            '\n' if quote != '`' => return,
            _ => {}
        }
    }
}

fn skip_regex(chars: &mut Peekable<CharIndices<'_>>) {
    let mut in_class = false;
    while let Some((_, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => break,
            '\n' => return,
            _ => {}
        }
    }
    while chars.next_if(|(_, c)| c.is_alphabetic()).is_some() {}
}

/// Whether a slash here begins a regular expression, and is no division.
fn may_be_expression(tokens: &[Token<'_>]) -> bool {
    match tokens.iter().rev().find(|token| **token != Token::NewLine) {
        None => true,
        Some(Token::Sign(')' | ']' | '}') | Token::Value) => false,
        Some(Token::Word(word)) => matches!(*word, "return" | "typeof" | "case" | "in" | "of" | "delete" | "void"),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_at_the_top_are_found_and_those_in_functions_are_not() {
        for (source, vars, functions) in [
            ("var a = 1; var b, c = f(x, y), d;", "a b c d", ""),
            ("function f(n) { var inner = 1; function g() {} }\nfunction h() {}", "", "f h"),
            ("application.x = function sum(n) { return n; }\nfunction sum2() {}", "", "sum2"),
            ("for (var i = 0; i < 3; i++) { var j = i; }", "i j", ""),
            ("// var no\n/* var neither */ var s = 'var no', r = /var no[/]/g, t = `var ${no}`;", "s r t", ""),
            ("if (x) { var y = { z: 1, w: 2 }, v }", "y v", ""),
            ("var f = () => { var inner; }; var g = a / b / c; var h", "f g h", ""),
            ("for (var k in o) { } var n", "k n", ""),
            ("}}}} var a", "a", ""),
        ] {
            let names = declared(source);
            assert_eq!(
                (names.vars.join(" "), names.functions.join(" ")),
                (vars.to_owned(), functions.to_owned()),
                "{source}"
            );
        }
    }
}
