//! What stands in brackets, braces and quotes: lists, tuples, sets, dictionaries, texts with values in them.
//!
//! Sources: Python 3.12 language reference §6.2, §2.4.3.

use super::{
    Refusal,
    lexer::Token,
    parser::{Parser, part},
    tree::{Kind, Makes, Node, Piece},
};

impl Parser {
    pub(super) fn displayed(&mut self, at: usize) -> Result<Node, Refusal> {
        if self.takes("(") {
            return self.parenthesised(at);
        }
        if self.takes("[") {
            return self.listed(at, "]", Makes::List);
        }
        self.want("{")?;
        if self.takes("}") {
            return self.node(at, Kind::Dict(Vec::new()), &[]);
        }
        let begin = self.here();
        let first = self.expression()?;
        if self.takes(":") {
            return self.dictionary(at, first);
        }
        self.rest_of(at, begin, first, "}", Makes::Set)
    }

    fn parenthesised(&mut self, at: usize) -> Result<Node, Refusal> {
        if self.takes(")") {
            return self.node(at, Kind::Tuple(Vec::new()), &[]);
        }
        let inner = self.tuple()?;
        let inner = if matches!(self.peek(), Token::Name(name) if name == "for") {
            self.comprehension(at, Makes::List, inner, None)?
        } else {
            inner
        };
        self.want(")")?;
        Ok(inner)
    }

    fn listed(&mut self, at: usize, end: &str, makes: Makes) -> Result<Node, Refusal> {
        if self.takes(end) {
            return self.node(at, Kind::List(Vec::new()), &[]);
        }
        let begin = self.here();
        let first = self.expression()?;
        self.rest_of(at, begin, first, end, makes)
    }

    /// The rest of a list or set whose first element was read.
    fn rest_of(&mut self, at: usize, begin: usize, first: Node, end: &str, makes: Makes) -> Result<Node, Refusal> {
        if matches!(self.peek(), Token::Name(name) if name == "for") {
            let made = self.comprehension(begin, makes, first, None)?;
            self.want(end)?;
            return Ok(made);
        }
        let mut all = vec![first];
        while self.takes(",") {
            if matches!(self.peek(), Token::Sign(sign) if *sign == end) {
                break;
            }
            all.push(self.expression()?);
        }
        self.want(end)?;
        let heights: Vec<_> = all.iter().map(|node| node.height).collect();
        let kind = if makes == Makes::Set { Kind::Set(all) } else { Kind::List(all) };
        self.node(at, kind, &heights)
    }

    /// The rest of a dictionary whose first key was read.
    fn dictionary(&mut self, at: usize, key: Node) -> Result<Node, Refusal> {
        let value = self.expression()?;
        if matches!(self.peek(), Token::Name(name) if name == "for") {
            let made = self.comprehension(at, Makes::Dict, key, Some(value))?;
            self.want("}")?;
            return Ok(made);
        }
        let mut all = vec![(key, value)];
        while self.takes(",") {
            if matches!(self.peek(), Token::Sign("}")) {
                break;
            }
            let key = self.expression()?;
            self.want(":")?;
            all.push((key, self.expression()?));
        }
        self.want("}")?;
        let heights: Vec<_> = all.iter().flat_map(|(key, value)| [key.height, value.height]).collect();
        self.node(at, Kind::Dict(all), &heights)
    }

    /// Texts that stand side by side are one.
    pub(super) fn texts(&mut self, at: usize) -> Result<Node, Refusal> {
        let mut pieces: Vec<Piece> = Vec::new();
        while let Token::Text { text, is_formatted } = self.peek().clone() {
            if is_formatted {
                let chars: Vec<char> = text.chars().collect();
                let mut reader = Formatted { chars: &chars, at: 0, base: self.here(), depth: self.depth() };
                pieces.extend(reader.pieces(false)?);
            } else {
                pieces.push(Piece::Text(text));
            }
            self.takes_token();
        }
        let mut whole = String::new();
        for piece in &pieces {
            let Piece::Text(text) = piece else {
                let height = pieces.iter().map(height).max().unwrap_or_default();
                return self.node(at, Kind::Formatted(pieces), &[height]);
            };
            whole += text;
        }
        self.node(at, Kind::Text(whole.into()), &[])
    }
}

fn height(piece: &Piece) -> usize {
    match piece {
        Piece::Text(_) => 0,
        Piece::Value { value, format, .. } => value.height.max(1 + format.iter().map(height).max().unwrap_or_default()),
    }
}

/// The inside of a text with values.
struct Formatted<'a> {
    chars: &'a [char],
    at: usize,
    base: usize,
    depth: usize,
}

impl Formatted<'_> {
    fn refuse(&self, text: &str) -> Refusal {
        Refusal { at: self.base, text: text.to_owned() }
    }

    /// Up to the end, or to the brace that ends a format.
    fn pieces(&mut self, is_format: bool) -> Result<Vec<Piece>, Refusal> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        while let Some(c) = self.chars.get(self.at).copied() {
            let doubled = self.chars.get(self.at + 1) == Some(&c) && !is_format;
            match c {
                '{' | '}' if doubled => {
                    text.push(c);
                    self.at += 2;
                }
                '}' if is_format => break,
                '}' => return Err(self.refuse("a brace without its beginning in a text")),
                '{' => {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    self.at += 1;
                    pieces.push(self.value(is_format)?);
                }
                c => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
        pieces.push(Piece::Text(text));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        Ok(pieces)
    }

    fn value(&mut self, is_format: bool) -> Result<Piece, Refusal> {
        let begin = self.at;
        let end = self.end_of_value().ok_or_else(|| self.refuse("a brace without its end in a text"))?;
        let value = part(&self.chars[begin..end], self.base, self.depth + 1)?;
        self.at = end;
        let mut conversion = None;
        if self.chars[self.at] == '!' {
            conversion = self.chars.get(self.at + 1).copied().filter(|c| matches!(c, 's' | 'r'));
            if conversion.is_none() {
                return Err(self.refuse("a conversion is !s or !r"));
            }
            self.at += 2;
        }
        let mut format = Vec::new();
        if self.chars.get(self.at) == Some(&':') {
            if is_format {
                return Err(self.refuse("a format has no format"));
            }
            self.at += 1;
            format = self.pieces(true)?;
        }
        if self.chars.get(self.at) != Some(&'}') {
            return Err(self.refuse("a brace without its end in a text"));
        }
        self.at += 1;
        Ok(Piece::Value { value, conversion, format })
    }

    /// Where the expression of a value ends: at `}`, `!` or `:` outside of brackets and quotes.
    fn end_of_value(&self) -> Option<usize> {
        let mut open = 0_usize;
        let mut quote: Option<char> = None;
        for (at, c) in self.chars.iter().copied().enumerate().skip(self.at) {
            match (quote, c) {
                (Some(begun), c) if c == begun => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, '(' | '[' | '{') => open += 1,
                (None, '}' | ':') if open == 0 => return Some(at),
                (None, '!') if open == 0 && self.chars.get(at + 1) != Some(&'=') => return Some(at),
                (None, ')' | ']' | '}') => open = open.checked_sub(1)?,
                _ => {}
            }
        }
        None
    }
}
