//! The surface of VoiceXML 2.0 and 2.1: pages of web servers, run on a call.
//!
//! Shape: the same rooms as in the other surfaces: *wire* (text to a tree, within bounds), *model* (a page that was checked, with a file an
//! element) and *run* (the form interpretation algorithm over [`crate::Call`]). Grammars and the script engine have rooms of their own.
//! Time: none but inside ops; scripts are bounded in steps.
//! Errors: what a page does wrong is an event that the page may handle; where it does not, the call ends in order.
//! Sources: VoiceXML 2.0 and 2.1, SRGS 1.0, SISR 1.0; `voicexml-customizers.md` 3 and 4.

pub mod check;
pub mod contactpro;
mod elements;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod grammar;
mod model;
mod run;
mod script;
mod wire;

pub use check::check;
pub use elements::transfer::TransferKind;

use std::{collections::BTreeMap, sync::Arc};

use crate::{Call, FetchBody, Interrupted, Next, Surroundings, op::AllowFlow};

/// The address of a page that lies in the application itself and on no web server.
pub const UPLOADED: &str = "document:application";

/// An application: where its first page is, and what the pages leave open.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Application {
    /// The absolute address of the first page; a fragment names the dialog.
    pub url: String,
    /// The page at [`UPLOADED`], where there is one.
    pub upload: Option<Upload>,
    /// How the first page is asked for.
    pub entry: Entry,
    /// How pages are read.
    pub dialect: Dialect,
    /// What a transfer is that does not say (`voicexml-customizers.md` 6, row 25).
    pub transfer: TransferKind,
    /// The values of properties about which pages say nothing.
    pub properties: BTreeMap<String, String>,
    /// Whether a customizer may say where the pages go on (`voicexml-customizers.md` 2.2).
    pub flow: AllowFlow,
    /// Whether the call is answered at once.
    pub answer: Answering,
}

/// When a call is answered (`voicexml-customizers.md` 1.3, Early Queuing).
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Answering {
    /// Once the first page is there.
    #[default]
    AtOnce,
    /// By `connect`; until then the caller hears what is said, for two minutes at most. A page asks for it as well, with
    /// `bcm:earlyqueuing="true"` at its root.
    ByConnect,
}

/// A page that is asked for at no web server.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Upload {
    /// Its bytes, as they were written.
    pub bytes: Arc<[u8]>,
    /// What relative addresses in it are relative to; without it they lead nowhere.
    pub base: Option<String>,
}

/// How the first page is asked for, where a caller may say so (RFC 4240 §4, RFC 5552 §2.1).
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Entry {
    /// What is sent to the web server by POST; GET where there is nothing.
    pub body: Option<FetchBody>,
    /// How old, in seconds, an answer may be that is kept.
    pub max_age: Option<i64>,
    /// How long, in seconds, it may be past its time.
    pub max_stale: Option<i64>,
    /// Whether the page has to be at its very address: a redirect could lead to where nobody may name pages.
    pub stays: bool,
}

/// How pages are read.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Dialect {
    /// As each page says: as the W3C has it, or as Contact Pro where its root binds the prefix `bcm`.
    #[default]
    W3c,
    /// As Contact Pro has it ([`contactpro`]), whatever the pages say.
    ContactPro,
}

impl Application {
    /// An application that begins at this address, as the W3C has it.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            upload: None,
            entry: Entry::default(),
            dialect: Dialect::W3c,
            transfer: TransferKind::Blind,
            properties: BTreeMap::new(),
            flow: AllowFlow::No,
            answer: Answering::AtOnce,
        }
    }

    /// An application whose first page is this one.
    pub fn of_upload(upload: Upload) -> Self {
        Self { upload: Some(upload), ..Self::new(UPLOADED) }
    }
}

/// Runs an application to its end. A first page that cannot be had is answered with 500.
pub async fn run(
    application: &Application,
    call: &mut Call,
    surroundings: &dyn Surroundings,
) -> Result<Next, Interrupted> {
    run::run(application, call, surroundings).await
}

#[cfg(test)]
mod tests;
