//! One property of an object: its name, what it may be, and what it is where it is missing.
//!
//! Shape: constants, so that a module's table is its documentation: `Field::integer("timeout").within(1, 60_000).or_integer(5_000)`.
//! Sources: `kazoo-pivot.md` 4.

use serde_json::{Map, Value};

/// A property.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is where it is missing.
    pub fallback: Fallback,
    /// Whether it has to be there, unless it has a fallback.
    pub required: bool,
}

/// What a value may be.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum Kind {
    /// A text of so many characters.
    Text {
        /// At least.
        least: usize,
        /// At most.
        most: usize,
    },
    /// An absolute `http` or `https` URL.
    Url,
    /// A whole number.
    Integer {
        /// The lowest.
        low: i64,
        /// The highest.
        high: i64,
    },
    /// `true` or `false`.
    Flag,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A key of a telephone: `0-9`, `*`, `#`.
    Key,
    /// A list of keys.
    Keys,
    /// A list of texts.
    Texts,
    /// An object of any properties.
    Object,
    /// An object of these.
    Fields(&'static [Field]),
    /// A list of objects.
    List(&'static ListOf),
    /// Anything: whoever uses it looks at it.
    Any,
}

/// A list of objects.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct ListOf {
    /// Their properties.
    pub fields: &'static [Field],
    /// What a bare text in place of an object is taken for: the property that it is, and others beside it.
    pub bare: Option<(&'static str, &'static [(&'static str, &'static str)])>,
}

/// What a property is where it is missing.
#[derive(Copy, Clone, PartialEq, Debug)]
pub enum Fallback {
    /// Missing.
    None,
    /// This text.
    Text(&'static str),
    /// This number.
    Integer(i64),
    /// This.
    Flag(bool),
    /// These texts.
    Texts(&'static [&'static str]),
    /// An object without properties of its own.
    Empty,
}

/// All keys that KAZOO knows, in its order.
pub const ALL_KEYS: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

impl Field {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, fallback: Fallback::None, required: false }
    }

    /// A text.
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text { least: 0, most: usize::MAX })
    }

    /// A URL of a web server.
    pub const fn url(name: &'static str) -> Self {
        Self::new(name, Kind::Url)
    }

    /// A whole number.
    pub const fn integer(name: &'static str) -> Self {
        Self::new(name, Kind::Integer { low: i64::MIN, high: i64::MAX })
    }

    /// `true` or `false`.
    pub const fn flag(name: &'static str) -> Self {
        Self::new(name, Kind::Flag)
    }

    /// One of a few texts.
    pub const fn one_of(name: &'static str, texts: &'static [&'static str]) -> Self {
        Self::new(name, Kind::OneOf(texts))
    }

    /// A key of a telephone.
    pub const fn key(name: &'static str) -> Self {
        Self::new(name, Kind::Key)
    }

    /// A list of keys.
    pub const fn keys(name: &'static str) -> Self {
        Self::new(name, Kind::Keys)
    }

    /// A list of texts.
    pub const fn texts(name: &'static str) -> Self {
        Self::new(name, Kind::Texts)
    }

    /// An object of any properties.
    pub const fn object(name: &'static str) -> Self {
        Self::new(name, Kind::Object)
    }

    /// An object of these properties.
    pub const fn fields(name: &'static str, fields: &'static [Field]) -> Self {
        Self::new(name, Kind::Fields(fields))
    }

    /// A list of objects.
    pub const fn list(name: &'static str, of: &'static ListOf) -> Self {
        Self::new(name, Kind::List(of))
    }

    /// Anything.
    pub const fn any(name: &'static str) -> Self {
        Self::new(name, Kind::Any)
    }

    /// It has to be there.
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// A text of so many characters.
    pub const fn length(self, least: usize, most: usize) -> Self {
        Self { kind: Kind::Text { least, most }, ..self }
    }

    /// A number within these.
    pub const fn within(self, low: i64, high: i64) -> Self {
        Self { kind: Kind::Integer { low, high }, ..self }
    }

    /// A number that is at least this.
    pub const fn at_least(self, low: i64) -> Self {
        self.within(low, i64::MAX)
    }

    /// This text where it is missing.
    pub const fn or_text(self, text: &'static str) -> Self {
        Self { fallback: Fallback::Text(text), ..self }
    }

    /// This number where it is missing.
    pub const fn or_integer(self, number: i64) -> Self {
        Self { fallback: Fallback::Integer(number), ..self }
    }

    /// This where it is missing.
    pub const fn or_flag(self, flag: bool) -> Self {
        Self { fallback: Fallback::Flag(flag), ..self }
    }

    /// These texts where it is missing.
    pub const fn or_texts(self, texts: &'static [&'static str]) -> Self {
        Self { fallback: Fallback::Texts(texts), ..self }
    }

    /// An object without properties of its own where it is missing.
    pub const fn or_empty(self) -> Self {
        Self { fallback: Fallback::Empty, ..self }
    }
}

impl Fallback {
    /// It as JSON, if there is one.
    pub fn value(self) -> Option<Value> {
        Some(match self {
            Self::None => return None,
            Self::Text(text) => Value::from(text),
            Self::Integer(number) => Value::from(number),
            Self::Flag(flag) => Value::from(flag),
            Self::Texts(texts) => Value::from(texts.to_vec()),
            Self::Empty => Value::Object(Map::new()),
        })
    }
}
