//! Scripts and customizers of a program that has the server as a library.
//!
//! Shape: an extension, by its whole name, and the script that answers there in place of its own, or what its customizer's methods do in
//! place of a version of its own.
//! Errors: none; whoever is not here has its own.

use std::{collections::HashMap, fmt, sync::Arc};

use antiphon_ivr::{
    Custom, Script,
    op::{CustomError, CustomResult, Customize},
};
use arc_swap::ArcSwap;

/// A customizer in Rust. Its methods take no time.
pub trait Methods: fmt::Debug + Send + Sync {
    /// Calls a method.
    ///
    /// # Errors
    /// As a customizer in Python.
    fn call(&self, customize: &Customize) -> Result<CustomResult, CustomError>;
}

/// The scripts that a program brings along.
#[derive(Debug, Default)]
pub struct Scripts {
    by_name: ArcSwap<HashMap<String, Arc<dyn Custom>>>,
    methods: ArcSwap<HashMap<String, Arc<dyn Methods>>>,
}

impl Scripts {
    /// Calls to this extension (`000*071`) run that script from now on.
    pub fn install(&self, extension: &str, script: &Arc<dyn Custom>) {
        insert(&self.by_name, extension, script);
    }

    /// The script that was installed for an extension.
    pub fn of(&self, extension: &str) -> Option<Script> {
        self.by_name.load().get(extension).cloned().map(Script::Custom)
    }

    /// Pages of this extension call these methods from now on.
    pub fn install_customizer(&self, extension: &str, methods: &Arc<dyn Methods>) {
        insert(&self.methods, extension, methods);
    }

    /// The customizer that was installed for an extension.
    pub fn customizer_of(&self, extension: &str) -> Option<Arc<dyn Methods>> {
        self.methods.load().get(extension).cloned()
    }
}

fn insert<T: ?Sized>(into: &ArcSwap<HashMap<String, Arc<T>>>, extension: &str, installed: &Arc<T>) {
    into.rcu(|known| {
        let mut known = HashMap::clone(known);
        known.insert(extension.to_owned(), installed.clone());
        known
    });
}
