//! Numbers: what a dialled string means to the client that dials it.
//!
//! Shape: a dialled string in, a [`Target`] out, from a snapshot and the trunks of the settings; the only place that knows numbering.
//! Errors: [`NoRoute`] where nothing may be dialled: a trunk's `dial` patterns are an allow-list, and without one nothing leaves.
//! Sources: `ringme-ivr.md` 1.8 (address forms), 3.8 (target parsing).

use std::sync::Arc;

use antiphon_ivr::{ExtensionId, script::Numbering};

use crate::{
    settings::Trunk,
    store::{ClientId, Config, Extension, ExtensionKind, ExtensionStatus},
};

/// Where a dialled string leads.
#[derive(Clone, Debug)]
pub enum Target {
    /// Another IVR, or a conference: the call goes on there.
    Ivr(ExtensionId),
    /// A phone, by its registered or fixed contacts.
    Phone(Arc<Extension>),
    /// A number outside.
    Trunks {
        /// The trunks whose patterns allow the number, in the order of the settings; never none.
        trunks: Vec<Arc<Trunk>>,
        /// The number as dialled.
        number: String,
    },
}

/// The string leads nowhere.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NoRoute {
    /// Neither an internal number nor allowed by a trunk.
    #[error("no extension and no trunk has this number")]
    Unknown,
    /// The extension is blocked.
    #[error("the extension is blocked")]
    Blocked,
}

/// What a client's dialled string means.
///
/// # Errors
/// [`NoRoute`] when it leads nowhere.
pub fn resolve(config: &Config, trunks: &[Arc<Trunk>], client: ClientId, dialled: &str) -> Result<Target, NoRoute> {
    if let Some(extension) = config.find_extension(dialled, Some(client)) {
        return match (extension.status, &extension.kind) {
            (ExtensionStatus::Blocked, _) => Err(NoRoute::Blocked),
            (ExtensionStatus::Active, ExtensionKind::Ivr(_) | ExtensionKind::Conference(_)) => {
                Ok(Target::Ivr(extension.id))
            }
            (ExtensionStatus::Active, ExtensionKind::Phone(_)) => Ok(Target::Phone(extension.clone())),
        };
    }
    let allows = |trunk: &&Arc<Trunk>| trunk.dial.iter().any(|pattern| pattern.is_match(dialled));
    let trunks: Vec<Arc<Trunk>> = trunks.iter().filter(allows).cloned().collect();
    match trunks.is_empty() {
        true => Err(NoRoute::Unknown),
        false => Ok(Target::Trunks { trunks, number: dialled.to_owned() }),
    }
}

/// The internal numbers of one client, for a script's direct dialling.
pub struct InternalNumbers {
    /// The snapshot that the call began with.
    pub config: Arc<Config>,
    /// Whose numbers.
    pub client: ClientId,
}

impl Numbering for InternalNumbers {
    fn is_internal(&self, digits: &str) -> bool {
        let extension = self.config.find_extension(digits, Some(self.client));
        extension.is_some_and(|extension| extension.status == ExtensionStatus::Active)
    }
}
