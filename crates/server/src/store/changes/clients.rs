//! What a client may do.
//!
//! Sources: `ringme-ivr.md` 5.1 (`speech_to_text`).

use antiphon_ivr::rules::wire::FieldError;
use serde_json::Value;

use super::super::model::{Client, ClientId};
use super::super::writer::{Change, Edit, signed};
use super::super::{Missing, Rejected};

/// Changes a client.
#[derive(Debug)]
pub struct UpdateClient {
    /// Which.
    pub client: ClientId,
    /// The request: `speech_to_text`.
    pub body: Value,
}

impl Change for UpdateClient {
    type Answer = Client;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Client, Rejected> {
        let mut client = Client::clone(edit.config().client(self.client).ok_or(Missing::Client)?);
        let body = self.body.as_object().ok_or_else(|| Rejected::field("", "the body must be a JSON object"))?;
        match body.get("speech_to_text") {
            None => {}
            Some(Value::Bool(allowed)) => client.speech_to_text = *allowed,
            Some(_) => {
                let wrong = FieldError::new("speech_to_text", "must be true or false");
                return Err(Rejected::Invalid(vec![wrong]));
            }
        }
        let query = "UPDATE client SET speech_to_text = ?2 WHERE id = ?1";
        edit.transaction.prepare_cached(query)?.execute((signed(client.id.0), client.speech_to_text))?;
        edit.draft().put_client(client.clone());
        Ok(client)
    }
}
