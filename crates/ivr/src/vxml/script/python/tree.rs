//! An expression as a tree.
//!
//! Shape: each [`Node`] knows where it begins and how high it is, so that no tree is too high to be walked.

use std::sync::Arc;

use super::ops::{Binary, Compare};

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it begins, in characters.
    pub(super) at: usize,
    pub(super) height: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    /// A text with values in it.
    Formatted(Vec<Piece>),
    Name(String),
    /// `{NAME}`, or with a store, `{soap:ID}`.
    Reference(Option<&'static str>, String),
    Attribute(Box<Node>, String),
    Item(Box<Node>, Box<Node>),
    Slice(Box<Node>, [Option<Box<Node>>; 3]),
    Call {
        what: Box<Node>,
        args: Vec<Node>,
        named: Vec<(String, Node)>,
    },
    Not(Box<Node>),
    Sign(Sign, Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    /// `a < b <= c`.
    Compared(Box<Node>, Vec<(Compare, Node)>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    /// What is taken, the condition, what is taken else.
    Choice(Box<Node>, Box<Node>, Box<Node>),
    Lambda(Arc<Lambda>),
    List(Vec<Node>),
    Tuple(Vec<Node>),
    Set(Vec<Node>),
    Dict(Vec<(Node, Node)>),
    Comprehension(Box<Comprehension>),
}

/// An operator before its operand.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Sign {
    Minus,
    Plus,
    Invert,
}

/// A piece of a text with values in it.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Text(String),
    Value {
        value: Node,
        /// `!r`, `!s`.
        conversion: Option<char>,
        /// Behind the colon.
        format: Vec<Piece>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Lambda {
    pub(super) params: Vec<(Arc<str>, Option<Node>)>,
    pub(super) body: Node,
}

/// What a comprehension makes.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Makes {
    List,
    Set,
    Dict,
}

#[derive(Clone, Debug)]
pub(super) struct Comprehension {
    pub(super) makes: Makes,
    pub(super) element: Node,
    /// Of a dictionary.
    pub(super) value: Option<Node>,
    pub(super) clauses: Vec<Clause>,
}

/// `for names in of if conditions`.
#[derive(Clone, Debug)]
pub(super) struct Clause {
    pub(super) names: Names,
    pub(super) of: Node,
    pub(super) conditions: Vec<Node>,
}

/// What takes an element: a name, or names for its elements.
#[derive(Clone, Debug)]
pub(super) enum Names {
    One(Arc<str>),
    Many(Vec<Names>),
}

impl Names {
    /// Does something with each name.
    pub(super) fn each(&self, take: &mut dyn FnMut(&str)) {
        match self {
            Self::One(name) => take(name),
            Self::Many(names) => names.iter().for_each(|names| names.each(take)),
        }
    }
}
