//! A process of each active version, before anybody calls.
//!
//! Shape: one task looks at the configuration as the server starts and after each change of it, and says of which versions a process is
//! [kept](super::Customizers::keep).
//! Errors: none; a version that does not load says so in the log, and is loaded again when a call wants it.

use std::sync::Arc;

use super::{Customizers, Loads};
use crate::store::{Config, Store};

/// Keeps a process of each active version, for as long as there is a store.
pub(crate) async fn run(customizers: Customizers, store: Store) {
    let mut changes = store.changes();
    loop {
        customizers.keep(active(&store.snapshot()));
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// The versions that new calls run, by their extensions.
fn active(config: &Config) -> impl Iterator<Item = Arc<Loads>> {
    let active = config.extensions().filter_map(|extension| Some((config.active_customizer(extension.id)?, extension)));
    active.map(|(active, extension)| Arc::new(Loads::of(active, extension)))
}
