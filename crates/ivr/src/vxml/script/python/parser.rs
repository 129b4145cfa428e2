//! Words to a tree.
//!
//! Shape: precedence climbing; each level of the tree is counted.
//! Errors: [`Refusal`] at the word that does not fit: statements, assignments, and what is higher than a tree may be.
//! Sources: Python 3.12 language reference §6.

use std::sync::Arc;

use super::{
    Refusal,
    lexer::{Token, tokens},
    ops::{Binary, Compare},
    tree::{Clause, Comprehension, Kind, Lambda, Makes, Names, Node, Sign},
};

/// How high a tree may be.
const MAX_HEIGHT: usize = 50;

/// Words that begin statements, or that Python keeps for itself.
const KEYWORDS: [&str; 29] = [
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "in", "is", "nonlocal", "not", "or", "pass", "raise", "return",
    "try", "while",
];

pub(super) struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    /// How deep the rules stand in one another.
    depth: usize,
}

/// The tree of an expression.
pub(super) fn parse(text: &str) -> Result<Node, Refusal> {
    let chars: Vec<char> = text.chars().collect();
    part(&chars, 0, 0)
}

/// The tree of a part of an expression that begins at this character.
pub(super) fn part(chars: &[char], base: usize, depth: usize) -> Result<Node, Refusal> {
    let mut parser = Parser { tokens: tokens(chars, base)?, at: 0, depth };
    let node = parser.tuple()?;
    match parser.peek() {
        Token::End => Ok(node),
        Token::Name(name) if ["with", "yield", "match"].contains(&name.as_str()) => Err(parser.statement()),
        Token::Sign("=" | ":=" | "+=" | "-=" | "*=" | "/=") => Err(parser.refuse("an expression assigns nothing")),
        _ => Err(parser.refuse("the expression has ended before this")),
    }
}

impl Parser {
    pub(super) fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(_, token)| token)
    }

    pub(super) fn here(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |(at, _)| *at)
    }

    pub(super) fn refuse(&self, text: impl Into<String>) -> Refusal {
        Refusal { at: self.here(), text: text.into() }
    }

    fn statement(&self) -> Refusal {
        self.refuse("this is a statement, and only expressions are taken")
    }

    pub(super) fn takes_token(&mut self) {
        self.at += 1;
    }

    pub(super) fn takes(&mut self, sign: &str) -> bool {
        let is_it = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.at += usize::from(is_it);
        is_it
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_it = matches!(self.peek(), Token::Name(found) if found == word);
        self.at += usize::from(is_it);
        is_it
    }

    pub(super) fn want(&mut self, sign: &str) -> Result<(), Refusal> {
        if self.takes(sign) { Ok(()) } else { Err(self.refuse(format!("{sign:?} is missing"))) }
    }

    fn name(&mut self) -> Result<String, Refusal> {
        match self.peek() {
            Token::Name(name)
                if !KEYWORDS.contains(&name.as_str()) && !matches!(name.as_str(), "True" | "False" | "None") =>
            {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.refuse("a name is missing")),
        }
    }

    /// A node over others.
    pub(super) fn node(&self, at: usize, kind: Kind, below: &[usize]) -> Result<Node, Refusal> {
        let height = 1 + below.iter().max().copied().unwrap_or_default();
        if height > MAX_HEIGHT {
            return Err(Refusal { at, text: format!("more than {MAX_HEIGHT} levels") });
        }
        Ok(Node { at, height, kind })
    }

    /// Runs a rule one level deeper.
    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        if self.depth >= MAX_HEIGHT {
            return Err(self.refuse(format!("more than {MAX_HEIGHT} levels")));
        }
        self.depth += 1;
        let done = rule(self);
        self.depth -= 1;
        done
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Expressions with commas between them.
    pub(super) fn tuple(&mut self) -> Result<Node, Refusal> {
        let at = self.here();
        let first = self.expression()?;
        if !matches!(self.peek(), Token::Sign(",")) {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.takes(",") {
            if matches!(self.peek(), Token::End | Token::Sign(")" | "]" | "}" | "=")) {
                break;
            }
            all.push(self.expression()?);
        }
        let heights: Vec<_> = all.iter().map(|node| node.height).collect();
        self.node(at, Kind::Tuple(all), &heights)
    }

    /// One expression.
    pub(super) fn expression(&mut self) -> Result<Node, Refusal> {
        self.deeper(|parser| {
            let at = parser.here();
            if parser.takes_word("lambda") {
                return parser.lambda(at);
            }
            let value = parser.binary(0)?;
            if !parser.takes_word("if") {
                return Ok(value);
            }
            let condition = parser.binary(0)?;
            if !parser.takes_word("else") {
                return Err(parser.refuse("\"else\" is missing"));
            }
            let other = parser.expression()?;
            let heights = [value.height, condition.height, other.height];
            parser.node(at, Kind::Choice(Box::new(value), Box::new(condition), Box::new(other)), &heights)
        })
    }

    fn lambda(&mut self, at: usize) -> Result<Node, Refusal> {
        let mut params: Vec<(Arc<str>, Option<Node>)> = Vec::new();
        let mut heights = Vec::new();
        while !self.takes(":") {
            let name = self.name()?;
            let default = if self.takes("=") { Some(self.expression()?) } else { None };
            if params.iter().any(|(known, other)| **known == *name || (other.is_some() && default.is_none())) {
                return Err(self.refuse("this parameter cannot stand here"));
            }
            heights.extend(default.as_ref().map(|node| node.height));
            params.push((name.into(), default));
            if !self.takes(",") {
                self.want(":")?;
                break;
            }
        }
        let body = self.expression()?;
        heights.push(body.height);
        self.node(at, Kind::Lambda(Lambda { params, body }.into()), &heights)
    }

    /// Operators of this precedence and above.
    fn binary(&mut self, least: u8) -> Result<Node, Refusal> {
        let at = self.here();
        let mut left = self.prefixed()?;
        loop {
            let Some((operator, level)) = self.operator() else { return Ok(left) };
            if level < least {
                return Ok(left);
            }
            left = match operator {
                Operator::Compare => self.compared(at, left)?,
                Operator::Binary(binary) => {
                    self.at += 1;
                    // The power binds from the right.
                    let next = if binary == Binary::Power { level } else { level + 1 };
                    let right = self.deeper(|parser| parser.binary(next))?;
                    let heights = [left.height, right.height];
                    self.node(at, Kind::Binary(binary, Box::new(left), Box::new(right)), &heights)?
                }
                Operator::And | Operator::Or => {
                    self.at += 1;
                    let right = self.deeper(|parser| parser.binary(level + 1))?;
                    let heights = [left.height, right.height];
                    let (left, right) = (Box::new(left), Box::new(right));
                    let kind = if operator == Operator::And { Kind::And(left, right) } else { Kind::Or(left, right) };
                    self.node(at, kind, &heights)?
                }
            };
        }
    }

    fn operator(&self) -> Option<(Operator, u8)> {
        let binary = |binary: Binary| Some((Operator::Binary(binary), binary.level()));
        match self.peek() {
            Token::Name(name) => match name.as_str() {
                "or" => Some((Operator::Or, 0)),
                "and" => Some((Operator::And, 1)),
                "in" | "is" | "not" => Some((Operator::Compare, COMPARE)),
                _ => None,
            },
            Token::Sign("==" | "!=" | "<" | "<=" | ">" | ">=") => Some((Operator::Compare, COMPARE)),
            Token::Sign(sign) => Binary::of(sign).and_then(binary),
            _ => None,
        }
    }

    fn compared(&mut self, at: usize, first: Node) -> Result<Node, Refusal> {
        let mut heights = vec![first.height];
        let mut rest = Vec::new();
        while let Some(compare) = self.comparison()? {
            let right = self.deeper(|parser| parser.binary(COMPARE + 1))?;
            heights.push(right.height);
            rest.push((compare, right));
        }
        self.node(at, Kind::Compared(Box::new(first), rest), &heights)
    }

    fn comparison(&mut self) -> Result<Option<Compare>, Refusal> {
        let compare = match self.peek() {
            Token::Sign("==") => Compare::Equal,
            Token::Sign("!=") => Compare::Unequal,
            Token::Sign("<") => Compare::Less,
            Token::Sign("<=") => Compare::LessEqual,
            Token::Sign(">") => Compare::Greater,
            Token::Sign(">=") => Compare::GreaterEqual,
            Token::Name(name) if name == "in" => Compare::In,
            Token::Name(name) if name == "is" => {
                self.at += 1;
                return Ok(Some(if self.takes_word("not") { Compare::IsNot } else { Compare::Is }));
            }
            Token::Name(name) if name == "not" => {
                self.at += 1;
                return if self.takes_word("in") {
                    Ok(Some(Compare::NotIn))
                } else {
                    Err(self.refuse("\"in\" is missing"))
                };
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(compare))
    }

    /// What stands before an operand, and the operand.
    fn prefixed(&mut self) -> Result<Node, Refusal> {
        let at = self.here();
        if self.takes_word("not") {
            let inner = self.deeper(|parser| parser.binary(2))?;
            let height = inner.height;
            return self.node(at, Kind::Not(Box::new(inner)), &[height]);
        }
        let sign = match self.peek() {
            Token::Sign("-") => Sign::Minus,
            Token::Sign("+") => Sign::Plus,
            Token::Sign("~") => Sign::Invert,
            _ => return self.trailers(),
        };
        self.at += 1;
        // The power binds tighter than a sign before it.
        let inner = self.deeper(|parser| parser.binary(Binary::Power.level()))?;
        let height = inner.height;
        self.node(at, Kind::Sign(sign, Box::new(inner)), &[height])
    }

    /// An atom with its attributes, items and calls.
    fn trailers(&mut self) -> Result<Node, Refusal> {
        let at = self.here();
        let mut node = self.atom()?;
        loop {
            let height = node.height;
            if self.takes(".") {
                let name = self.name()?;
                node = self.node(at, Kind::Attribute(Box::new(node), name), &[height])?;
            } else if self.takes("[") {
                node = self.subscript(at, node)?;
            } else if self.takes("(") {
                node = self.call(at, node)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn subscript(&mut self, at: usize, of: Node) -> Result<Node, Refusal> {
        let mut parts: [Option<Box<Node>>; 3] = [None, None, None];
        let mut heights = vec![of.height];
        let mut colons = 0;
        while !self.takes("]") {
            if self.takes(":") {
                colons += 1;
                if colons > 2 {
                    return Err(self.refuse("a slice has at most three parts"));
                }
                continue;
            }
            if parts[colons].is_some() {
                return Err(self.refuse("\"]\" is missing"));
            }
            let inner = if colons == 0 { self.tuple()? } else { self.expression()? };
            heights.push(inner.height);
            parts[colons] = Some(Box::new(inner));
        }
        let of = Box::new(of);
        if colons > 0 {
            return self.node(at, Kind::Slice(of, parts), &heights);
        }
        let [Some(key), _, _] = parts else { return Err(self.refuse("there is nothing between the brackets")) };
        self.node(at, Kind::Item(of, key), &heights)
    }

    fn call(&mut self, at: usize, what: Node) -> Result<Node, Refusal> {
        let (mut args, mut named): (Vec<Node>, Vec<(String, Node)>) = (Vec::new(), Vec::new());
        let mut heights = vec![what.height];
        while !self.takes(")") {
            let is_named = matches!(self.tokens.get(self.at + 1), Some((_, Token::Sign("="))));
            if is_named {
                let name = self.name()?;
                self.want("=")?;
                let value = self.expression()?;
                heights.push(value.height);
                named.push((name, value));
            } else if matches!(self.peek(), Token::Sign("*" | "**")) {
                return Err(self.refuse("arguments are written one by one here"));
            } else {
                let begin = self.here();
                let value = self.expression()?;
                let value = if matches!(self.peek(), Token::Name(name) if name == "for") {
                    self.comprehension(begin, Makes::List, value, None)?
                } else {
                    value
                };
                heights.push(value.height);
                args.push(value);
            }
            if !self.takes(",") {
                self.want(")")?;
                break;
            }
        }
        self.node(at, Kind::Call { what: Box::new(what), args, named }, &heights)
    }

    pub(super) fn comprehension(
        &mut self,
        at: usize,
        makes: Makes,
        element: Node,
        value: Option<Node>,
    ) -> Result<Node, Refusal> {
        let mut heights = vec![element.height, value.as_ref().map_or(0, |value| value.height)];
        let mut clauses = Vec::new();
        while self.takes_word("for") {
            let names = self.targets()?;
            if !self.takes_word("in") {
                return Err(self.refuse("\"in\" is missing"));
            }
            let of = self.binary(0)?;
            heights.push(of.height);
            let mut conditions = Vec::new();
            while self.takes_word("if") {
                let condition = self.binary(0)?;
                heights.push(condition.height);
                conditions.push(condition);
            }
            clauses.push(Clause { names, of, conditions });
        }
        if clauses.len() > 4 {
            return Err(self.refuse("more than four loops in one another"));
        }
        self.node(at, Kind::Comprehension(Box::new(Comprehension { makes, element, value, clauses })), &heights)
    }

    fn targets(&mut self) -> Result<Names, Refusal> {
        let mut all = Vec::new();
        loop {
            if self.takes("(") {
                let inner = self.deeper(Self::targets)?;
                self.want(")")?;
                all.push(inner);
            } else {
                all.push(Names::One(self.name()?.into()));
            }
            if !self.takes(",") {
                break;
            }
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Names::Many(all) })
    }

    /// Whatever is no operator.
    fn atom(&mut self) -> Result<Node, Refusal> {
        let at = self.here();
        let kind = match self.peek().clone() {
            Token::Int(number) => Kind::Int(number),
            Token::Float(number) => Kind::Float(number),
            Token::Reference(store, name) => Kind::Reference(store, name),
            Token::Text { .. } => return self.deeper(|parser| parser.texts(at)),
            Token::Sign("(" | "[" | "{") => return self.deeper(|parser| parser.displayed(at)),
            Token::Name(name) => match name.as_str() {
                "None" => Kind::None,
                "True" => Kind::Bool(true),
                "False" => Kind::Bool(false),
                name if KEYWORDS.contains(&name) => return Err(self.statement()),
                name => Kind::Name(name.to_owned()),
            },
            Token::End => return Err(self.refuse("the expression ends too early")),
            Token::Sign(sign) => return Err(self.refuse(format!("{sign:?} means nothing here"))),
        };
        self.takes_token();
        self.node(at, kind, &[])
    }
}

/// How tight comparisons bind.
const COMPARE: u8 = 3;

#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Operator {
    Or,
    And,
    Compare,
    Binary(Binary),
}
