//! Digits of a call: collections by name, and what was typed ahead.
//!
//! Shape: prompts keep the keys that are pressed; [`Session::typed_ahead`] takes them out, for whichever store they belong to.
//! Errors: what is beyond a cap is dropped.
//! Sources: `kazoo-pivot.md` 2.5.

use super::Session;
use crate::Interrupted;

/// Most digits of one collection.
pub const MAX_DIGITS: usize = 256;
/// Most collections of a call.
pub const MAX_COLLECTIONS: usize = 64;

/// The collection of whoever names none.
pub(crate) const DEFAULT: &str = "default";

impl Session<'_> {
    /// Takes what was pressed and not asked for yet. It takes no time.
    ///
    /// # Errors
    /// [`Interrupted`], as any op.
    pub async fn typed_ahead(&mut self) -> Result<String, Interrupted> {
        self.call.typed_ahead().await
    }

    /// Adds digits to the end of a collection.
    pub fn add_digits(&mut self, collection: &str, digits: &str) {
        if digits.is_empty() {
            return;
        }
        let before = self.state.collections.get(collection).cloned().unwrap_or_default();
        self.keep_digits(collection, &(before + digits));
    }

    /// Makes digits a collection, in place of what it was.
    pub fn keep_digits(&mut self, collection: &str, digits: &str) {
        let collections = &mut self.state.collections;
        if collections.len() < MAX_COLLECTIONS || collections.contains_key(collection) {
            let digits = digits.chars().take(MAX_DIGITS).collect();
            collections.insert(collection.to_owned(), digits);
        }
    }

    /// Adds digits to what TwiML has gathered.
    pub fn gather_digits(&mut self, digits: &str) {
        let room = MAX_DIGITS.saturating_sub(self.state.digits_collected.len());
        self.state.digits_collected.extend(digits.chars().take(room));
    }
}
