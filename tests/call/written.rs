//! A script that a test writes as a closure, for calls of the whole server.
//!
//! Shape: [`Written`] runs the closure with the call and with whatever it notes things in.

use std::fmt;

use antiphon_ivr::{Call, Custom, Running, Surroundings};

/// A closure, and what it notes things in.
pub(crate) struct Written<F, N>(pub(crate) F, pub(crate) N);

impl<F, N> fmt::Debug for Written<F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a script of a test")
    }
}

impl<F, N> Custom for Written<F, N>
where
    F: for<'a> Fn(&'a mut Call, N) -> Running<'a> + Send + Sync,
    N: Clone + Send + Sync,
{
    fn run<'a>(&'a self, call: &'a mut Call, _: &'a dyn Surroundings) -> Running<'a> {
        (self.0)(call, self.1.clone())
    }
}
