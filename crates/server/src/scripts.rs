//! Scripts of a program that has the server as a library.
//!
//! Shape: an extension, by its whole name, and the script that answers there in place of its own.
//! Errors: none; whoever is not here has its own script.

use std::{collections::HashMap, sync::Arc};

use antiphon_ivr::{Custom, Script};
use arc_swap::ArcSwap;

/// The scripts that a program brings along.
#[derive(Debug, Default)]
pub struct Scripts {
    by_name: ArcSwap<HashMap<String, Arc<dyn Custom>>>,
}

impl Scripts {
    /// Calls to this extension (`000*071`) run that script from now on.
    pub fn install(&self, extension: &str, script: &Arc<dyn Custom>) {
        self.by_name.rcu(|scripts| {
            let mut scripts = HashMap::clone(scripts);
            scripts.insert(extension.to_owned(), script.clone());
            scripts
        });
    }

    /// The script that was installed for an extension.
    pub fn of(&self, extension: &str) -> Option<Script> {
        self.by_name.load().get(extension).cloned().map(Script::Custom)
    }
}
