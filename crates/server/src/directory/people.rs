//! Whom a callflow names, and what is known of them.
//!
//! Shape: an id in, the names of extensions or a document out, both of one client. A person here is the extension that they have.
//! Sources: `kazoo-pivot.md` 4.1 (branch_variable, user, device, ring_group).

use std::sync::Arc;

use antiphon_ivr::{DocumentKind, EndpointKind, ExtensionId};
use serde_json::{Value, json};

use crate::store::{ClientId, Config, Extension, ExtensionKind, ExtensionStatus};

/// The names of the extensions by which somebody is reached.
pub(super) fn endpoints(config: &Config, client: ClientId, kind: EndpointKind, id: &str) -> Vec<String> {
    let is_active = |extension: &&Arc<Extension>| extension.status == ExtensionStatus::Active;
    let is_phone = |extension: &&Arc<Extension>| matches!(extension.kind, ExtensionKind::Phone(_));
    match kind {
        EndpointKind::Device => {
            named(config, client, id).filter(is_active).filter(is_phone).map(|it| it.name.clone()).into_iter().collect()
        }
        EndpointKind::User => {
            named(config, client, id).filter(is_active).map(|it| it.name.clone()).into_iter().collect()
        }
        EndpointKind::Group => {
            let Ok(group) = id.parse() else { return Vec::new() };
            let own = config.extensions().filter(|extension| extension.client == client);
            let members = own.filter(|extension| extension.profile.extension_group_id == Some(group));
            members.filter(is_active).filter(is_phone).map(|extension| extension.name.clone()).collect()
        }
    }
}

/// What is known of somebody, without anything that is secret.
pub(super) fn document(config: &Config, client: ClientId, kind: DocumentKind, id: &str) -> Option<Value> {
    if kind == DocumentKind::Account {
        let client = config.client(client)?;
        return Some(json!({ "id": client.id.to_string(), "prefix": client.prefix }));
    }
    let extension = named(config, client, id)?;
    let profile = &extension.profile;
    Some(json!({
        "id": extension.id.to_string(),
        "name": profile.label.as_deref().unwrap_or(extension.number()),
        "number": extension.number(),
        "type": extension.kind.as_str(),
        "enabled": extension.status == ExtensionStatus::Active,
        "caller_id": { "internal": { "name": extension.caller_id_name, "number": extension.number() } },
        "extension_group_id": profile.extension_group_id,
        "extra_params": profile.extra_params,
        "language": profile.language.map(|language| language.tag()),
    }))
}

/// The extension of an id, or of a number.
fn named<'a>(config: &'a Config, client: ClientId, id: &str) -> Option<&'a Arc<Extension>> {
    let by_id = id.parse().ok().and_then(|id| config.extension(ExtensionId(id)));
    let own = by_id.filter(|extension| extension.client == client);
    own.or_else(|| config.find_extension(id, Some(client)).filter(|extension| extension.client == client))
}
