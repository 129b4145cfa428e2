//! The words of an expression.
//!
//! Shape: a text in, a list of [`Token`]s out, each with the character at which it begins. References `{NAME}` and `{store:ID}` are one
//! token each; all else in braces stays Python.
//! Errors: [`Refusal`] with the character.
//! Sources: Python 3.12 language reference §2; `voicexml-customizers.md` 1.5.

use super::{Refusal, STORES};

/// A word.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    Name(String),
    Int(i64),
    Float(f64),
    /// A text; whether values stand in it, and where its characters begin.
    Text {
        text: String,
        is_formatted: bool,
    },
    Reference(Option<&'static str>, String),
    Sign(&'static str),
    End,
}

/// Signs, the longest first.
const SIGNS: [&str; 41] = [
    "**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<", "<=", ">=", "==", "!=", "->", ":=", "+=", "-=", "*=",
    "/=", "%=", "|=", "&=", "^=", "@=", "+", "-", "*", "/", "%", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".",
    "=",
];
const MORE_SIGNS: [&str; 5] = ["|", "&", "^", "~", "@"];

pub(super) struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
}

/// The words of a text that begins at this character of the expression.
pub(super) fn tokens(chars: &[char], base: usize) -> Result<Vec<(usize, Token)>, Refusal> {
    let mut lexer = Lexer { chars, at: 0 };
    let mut tokens: Vec<(usize, Token)> = Vec::new();
    loop {
        while lexer.peek(0).is_some_and(char::is_whitespace) {
            lexer.at += 1;
        }
        let at = lexer.at;
        let is_param = matches!(tokens.last(), Some((_, Token::Name(name))) if name == "lambda");
        let token = lexer.token(is_param).map_err(|text| Refusal { at: base + at, text })?;
        let is_end = token == Token::End;
        tokens.push((base + at, token));
        if is_end {
            return Ok(tokens);
        }
    }
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn token(&mut self, is_param: bool) -> Result<Token, String> {
        let Some(first) = self.peek(0) else { return Ok(Token::End) };
        if first == '#' {
            return Err("a comment stands in no expression".to_owned());
        }
        if first.is_ascii_digit() || (first == '.' && self.peek(1).is_some_and(|c| c.is_ascii_digit())) {
            return self.number();
        }
        if let Some(reference) = self.braced() {
            return Ok(reference);
        }
        if let Some((prefix, quote)) = self.quote() {
            return self.text(&prefix, quote);
        }
        if first.is_alphabetic() || first == '_' {
            let name = self.word();
            return Ok(self.labelled(&name, is_param).unwrap_or(Token::Name(name)));
        }
        for sign in SIGNS.iter().chain(&MORE_SIGNS) {
            if sign.chars().enumerate().all(|(ahead, c)| self.peek(ahead) == Some(c)) {
                self.at += sign.len();
                return Ok(Token::Sign(sign));
            }
        }
        Err(format!("{first:?} means nothing here"))
    }

    fn word(&mut self) -> String {
        let begin = self.at;
        while self.peek(0).is_some_and(|c| c.is_alphanumeric() || c == '_') {
            self.at += 1;
        }
        self.chars[begin..self.at].iter().collect()
    }

    /// `{NAME}` or `{store:ID}`, without blanks.
    fn braced(&mut self) -> Option<Token> {
        let begin = self.at;
        let found = self.in_braces();
        if found.is_none() {
            self.at = begin;
        }
        found
    }

    fn in_braces(&mut self) -> Option<Token> {
        if self.peek(0) != Some('{') || !self.peek(1).is_some_and(|c| c.is_ascii_alphabetic() || c == '_') {
            return None;
        }
        self.at += 1;
        let name = self.word();
        match self.peek(0)? {
            '}' => {
                self.at += 1;
                Some(Token::Reference(None, name))
            }
            ':' => {
                let store = STORES.iter().find(|store| **store == name)?;
                self.at += 1;
                let id = self.word();
                let ends = !id.is_empty() && self.peek(0) == Some('}');
                self.at += 1;
                ends.then_some(Token::Reference(Some(store), id))
            }
            _ => None,
        }
    }

    /// `var:NAME` and the like without braces.
    fn labelled(&mut self, name: &str, is_param: bool) -> Option<Token> {
        let store = STORES[..4].iter().find(|store| **store == name && !is_param)?;
        if self.peek(0) != Some(':') || !self.peek(1).is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        self.at += 1;
        let id = self.word();
        Some(Token::Reference(Some(store), id))
    }

    fn number(&mut self) -> Result<Token, String> {
        let begin = self.at;
        if self.peek(0) == Some('0') && self.peek(1).is_some_and(|c| "xXoObB".contains(c)) {
            let radix = match self.peek(1) {
                Some('x' | 'X') => 16,
                Some('o' | 'O') => 8,
                _ => 2,
            };
            self.at += 2;
            let digits = self.word().replace('_', "");
            return i64::from_str_radix(&digits, radix).map(Token::Int).map_err(|_| "this is no number".to_owned());
        }
        let mut is_float = false;
        while let Some(c) = self.peek(0) {
            match c {
                '0'..='9' | '_' => {}
                '.' if !is_float => is_float = true,
                'e' | 'E' if self.peek(1).is_some_and(|c| c.is_ascii_digit() || c == '-' || c == '+') => {
                    is_float = true;
                    self.at += 1;
                }
                c if c.is_alphanumeric() => return Err("this is no number".to_owned()),
                _ => break,
            }
            self.at += 1;
        }
        let text: String = self.chars[begin..self.at].iter().filter(|c| **c != '_').collect();
        if is_float {
            return text.parse().map(Token::Float).map_err(|_| "this is no number".to_owned());
        }
        if text.len() > 1 && text.starts_with('0') && text.bytes().any(|byte| byte != b'0') {
            return Err("a number does not begin with 0; a text stands in quotes".to_owned());
        }
        text.parse().map(Token::Int).map_err(|_| "numbers have at most 63 bits here".to_owned())
    }

    /// The letters before a text, and its quote.
    fn quote(&self) -> Option<(String, char)> {
        let prefix: String =
            self.chars[self.at..].iter().take_while(|c| c.is_ascii_alphabetic()).take(3).collect::<String>();
        let quote = self.peek(prefix.len()).filter(|c| matches!(c, '"' | '\''))?;
        let known =
            matches!(prefix.to_ascii_lowercase().as_str(), "" | "r" | "u" | "f" | "fr" | "rf" | "b" | "br" | "rb");
        known.then(|| (prefix.to_ascii_lowercase(), quote))
    }

    fn text(&mut self, prefix: &str, quote: char) -> Result<Token, String> {
        if prefix.contains('b') {
            return Err("there are no bytes here".to_owned());
        }
        self.at += prefix.len();
        let triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        let width = if triple { 3 } else { 1 };
        self.at += width;
        let mut text = String::new();
        loop {
            let c = self.peek(0).ok_or("a text without its end")?;
            if (0..width).all(|ahead| self.peek(ahead) == Some(quote)) {
                self.at += width;
                return Ok(Token::Text { text, is_formatted: prefix.contains('f') });
            }
            self.at += 1;
            if c == '\\' && !prefix.contains('r') {
                self.escape(&mut text)?;
            } else {
                text.push(c);
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), String> {
        let c = self.peek(0).ok_or("a text without its end")?;
        self.at += 1;
        let hex = |lexer: &mut Self, width: usize| {
            let digits: String = lexer.chars[lexer.at..].iter().take(width).collect();
            lexer.at += digits.chars().count();
            let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == width);
            code.and_then(char::from_u32).ok_or_else(|| "this is no character".to_owned())
        };
        let found = match c {
            '\n' => return Ok(()),
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            'x' => hex(self, 2)?,
            'u' => hex(self, 4)?,
            'U' => hex(self, 8)?,
            '\\' | '\'' | '"' => c,
            other => {
                text.push('\\');
                other
            }
        };
        text.push(found);
        Ok(())
    }
}
