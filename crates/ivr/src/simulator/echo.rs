//! An echo in a simulation: nothing is heard, and keys or time end it.
//!
//! Time: virtual; the lifetime interrupts it.
//! Errors: [`Interrupted`], as on a real call.

use std::time::Duration;

use super::world::{Edge, Lifetime, Waited, World};
use crate::{
    Interrupted,
    op::{Echo, Echoed},
};

impl World<'_> {
    pub(super) fn echo(&mut self, echo: Echo) -> Result<Echoed, Interrupted> {
        self.note("echo");
        let end = echo.longest.map_or(Duration::MAX, |longest| self.now.saturating_add(longest));
        loop {
            // Nobody will end this echo, so the simulation does.
            if echo.longest.is_none() && self.limit.is_none() && self.caller_is_done() {
                self.note("… it goes on");
                return Err(Interrupted::Shutdown);
            }
            match self.wait(end, Edge::Outside, Lifetime::Counts)? {
                Waited::Through => {
                    self.note("… its longest");
                    return Ok(Echoed::Longest);
                }
                Waited::Pressed(digit) if echo.ends_by.contains(digit) => {
                    self.note(format!("… ended by {digit}"));
                    return Ok(Echoed::Key(digit));
                }
                Waited::Pressed(_) => {}
            }
        }
    }
}
