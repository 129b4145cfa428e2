//! How much an expression may do.
//!
//! Shape: whoever looks at elements or makes a value pays; what is made for a moment only, while something else is made that was paid for,
//! is not counted. Nothing is given back before the next evaluation.
//! Units: a step is a byte that was read, a node that was visited, an element that was looked at, some sixteen bytes of a text that were
//! compared, or one of a text behind the begin of a match; memory is about the bytes of all values that were made.

use super::Failure;

/// Most steps of one evaluation: a fraction of a second.
const STEPS: u64 = 500_000;
/// Most steps of all evaluations between two waits.
const STEPS_BETWEEN_WAITS: u64 = 10 * STEPS;
/// Most bytes that one evaluation makes.
const BYTES: usize = 4 << 20;
/// How deep calls and nodes may stand in one another.
const DEPTH: usize = 80;

/// What is left.
#[derive(Debug)]
pub(super) struct Budget {
    steps: u64,
    bytes: usize,
    depth: usize,
    /// Of all evaluations, until the caller is waited for.
    left: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: STEPS, bytes: BYTES, depth: DEPTH, left: STEPS_BETWEEN_WAITS }
    }
}

impl Budget {
    /// Another evaluation begins.
    pub(super) fn begin(&mut self) {
        *self = Self { left: self.left, ..Self::default() };
        self.steps = self.steps.min(self.left);
    }

    /// The caller was waited for.
    pub(super) fn rest(&mut self) {
        self.left = STEPS_BETWEEN_WAITS;
    }

    pub(super) fn steps(&mut self, count: usize) -> Result<(), Failure> {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(count);
        self.steps = self.steps.checked_sub(count).ok_or_else(|| Failure::new("it takes too many steps"))?;
        Ok(())
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<(), Failure> {
        self.bytes = self.bytes.checked_sub(count).ok_or_else(|| Failure::new("it takes too much memory"))?;
        Ok(())
    }

    /// One level deeper, up to [`Self::up`].
    pub(super) fn down(&mut self) -> Result<(), Failure> {
        self.depth = self.depth.checked_sub(1).ok_or_else(|| Failure::new("calls stand too deep in one another"))?;
        Ok(())
    }

    pub(super) fn up(&mut self) {
        self.depth += 1;
    }
}
