//! The elements of lists, tuples, sets and dictionaries.
//!
//! Shape: an [`Elements`] is shared and never changes; how deep it is, is known from when it was made. The evaluator ends an expression
//! that makes one of more than [`MAX_DEPTH`] levels, so that whatever walks over a value, and drops it, has a bound.

use std::{ops::Deref, sync::Arc};

use super::{Failure, value::Value};

/// How deep a value may be.
pub(super) const MAX_DEPTH: usize = 64;

/// What knows how many levels it has.
pub(super) trait Deep {
    fn depth(&self) -> usize;
}

impl Deep for Value {
    fn depth(&self) -> usize {
        match self {
            Self::List(all) | Self::Tuple(all) | Self::Set(all) => all.depth(),
            Self::Dict(all) => all.depth(),
            Self::Function(closure) => closure.depth,
            _ => 1,
        }
    }
}

impl Deep for (Value, Value) {
    fn depth(&self) -> usize {
        self.0.depth().max(self.1.depth())
    }
}

/// One level more than the deepest of these.
pub(super) fn over<'v>(values: impl Iterator<Item = &'v Value>) -> usize {
    values.map(Deep::depth).max().unwrap_or_default() + 1
}

/// A value that is not too deep.
pub(super) fn bounded(value: Value) -> Result<Value, Failure> {
    if value.depth() > MAX_DEPTH {
        return Err(Failure::new(format!("a value of more than {MAX_DEPTH} levels")));
    }
    Ok(value)
}

/// Elements, or pairs of keys and values.
#[derive(Debug)]
pub(super) struct Elements<T>(Arc<Held<T>>);

#[derive(Debug)]
struct Held<T> {
    depth: usize,
    all: Box<[T]>,
}

impl<T> Elements<T> {
    pub(super) fn depth(&self) -> usize {
        self.0.depth
    }
}

impl<T> Clone for Elements<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Elements<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0.all
    }
}

impl<T: Deep> From<Vec<T>> for Elements<T> {
    fn from(all: Vec<T>) -> Self {
        let depth = all.iter().map(Deep::depth).max().unwrap_or_default() + 1;
        Self(Arc::new(Held { depth, all: all.into() }))
    }
}

impl<T: Deep, const N: usize> From<[T; N]> for Elements<T> {
    fn from(all: [T; N]) -> Self {
        Vec::from(all).into()
    }
}

impl<T: Deep> FromIterator<T> for Elements<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        all.into_iter().collect::<Vec<T>>().into()
    }
}
