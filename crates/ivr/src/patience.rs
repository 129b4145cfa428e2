//! How long a script may think, for one that cannot know: whoever runs it says when it was long enough.
//!
//! Shape: clones are the same; whoever runs the script ends it, and an engine that evaluates for the script asks.
//! Time: none here; it is told.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Whether there is any left.
#[derive(Clone, Default, Debug)]
pub struct Patience(Arc<AtomicBool>);

impl Patience {
    /// The script thinks anew.
    pub fn begin(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// It was long enough.
    pub fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was.
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
