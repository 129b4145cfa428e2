//! Properties: what a page says once for all below.
//!
//! Shape: the nearest of item, dialog, document, root; else the application's, else the platform's own.
//! Errors: a value that is none is as if it were missing.
//! Sources: VoiceXML 2.0 §6.3; `voicexml-customizers.md` 3.5.

use std::time::Duration;

use super::Interpreter;
use crate::{Digit, vxml::wire::time};

impl Interpreter<'_> {
    /// The nearest value of a property.
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        let visit = self.frame.visit.as_ref();
        let item = visit.and_then(|visit| visit.item()).map(|item| &item.properties);
        let dialog = visit.map(|visit| &visit.dialog.properties);
        let root = self.frame.root.as_ref().map(|root| &root.properties);
        let levels = [item, dialog, Some(&self.frame.document.properties), root];
        levels
            .into_iter()
            .flatten()
            .chain([&self.application.properties])
            .find_map(|level| level.get(name))
            .map(String::as_str)
    }

    /// A time, in seconds where nobody says.
    pub(super) fn time_property(&self, name: &str, usual: u64) -> Duration {
        self.property(name).and_then(time).unwrap_or(Duration::from_secs(usual))
    }

    /// The key that ends what is pressed.
    pub(super) fn termination(&self) -> Option<Digit> {
        match self.property("termchar") {
            None => Digit::from_char('#'),
            Some(text) => text.trim().chars().next().and_then(Digit::from_char),
        }
    }

    /// Whether input may come so: `dtmf` or `voice`.
    pub(super) fn takes(&self, mode: &str) -> bool {
        self.property("inputmodes").is_none_or(|modes| modes.split_whitespace().any(|own| own == mode))
    }

    /// A number, this one where nobody says another.
    pub(super) fn number_property(&self, name: &str, usual: f64) -> f64 {
        self.property(name).and_then(|text| text.trim().parse().ok()).unwrap_or(usual)
    }
}
