//! A script: one surface's document, ready to run on a call.

use std::sync::Arc;

use crate::{Call, ExtensionId, Interrupted, conference, direct, rules};

/// How a script ended on its own.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Next {
    /// Nothing more to do: the call ends, if it has not ended yet.
    Finished,
    /// Another extension's script takes the call over, with its variables.
    HandOver(ExtensionId),
}

/// What a script asks about numbers while it runs; the answer must come from memory.
pub trait Numbering: Send + Sync {
    /// Whether these digits are an active internal number of the script's client, by its short or its prefixed form.
    fn is_internal(&self, digits: &str) -> bool;
}

/// A document of one of the surfaces.
#[derive(Clone, Debug)]
pub enum Script {
    /// Contexts, options and rules (`ringme-ivr.md`).
    Rules(Arc<rules::Ivr>),
    /// A conference that is called by its number.
    Conference(Arc<conference::Entrance>),
    /// A number that is called without a menu, such as a phone's.
    Direct(String),
}

impl Script {
    /// Runs the script to its end on this call.
    pub async fn run(&self, call: &mut Call, numbering: &dyn Numbering) -> Result<Next, Interrupted> {
        match self {
            Self::Rules(ivr) => rules::run(ivr, call, numbering).await,
            Self::Conference(entrance) => conference::run(entrance, call).await,
            Self::Direct(number) => direct::run(number, call).await,
        }
    }
}
