//! Clients and the applications that act for them.

use super::super::credentials::{SecretHash, random_id};
use super::super::model::{Application, Client, ClientId};
use super::super::writer::{Change, Edit, signed, unsigned};
use super::super::{Missing, Rejected, Taken};

/// Makes a client.
#[derive(Debug)]
pub struct CreateClient {
    /// What its extensions' names begin with; digits.
    pub prefix: String,
}

impl Change for CreateClient {
    type Answer = ClientId;

    fn apply(self, edit: &mut Edit<'_>) -> Result<ClientId, Rejected> {
        if edit.config().clients().any(|client| client.prefix == self.prefix) {
            return Err(Taken::Prefix(self.prefix).into());
        }
        edit.transaction.prepare_cached("INSERT INTO client (prefix) VALUES (?1)")?.execute([&self.prefix])?;
        let id = ClientId(unsigned(edit.transaction.last_insert_rowid()));
        edit.draft().put_client(Client { id, prefix: self.prefix, speech_to_text: true });
        Ok(id)
    }
}

/// Makes an application of a client; the answer is its OAuth2 `client_id`.
pub struct CreateApplication {
    /// Whose objects it may touch.
    pub client: ClientId,
    /// What is kept of its secret.
    pub secret: SecretHash,
}

impl Change for CreateApplication {
    type Answer = String;

    fn apply(self, edit: &mut Edit<'_>) -> Result<String, Rejected> {
        edit.config().client(self.client).ok_or(Missing::Client)?;
        let id = random_id();
        let row = (&id, signed(self.client.0), self.secret.as_str());
        let query = "INSERT INTO application (id, client, secret_hash) VALUES (?1, ?2, ?3)";
        edit.transaction.prepare_cached(query)?.execute(row)?;
        edit.draft().put_application(Application { id: id.clone(), client: self.client, secret: self.secret });
        Ok(id)
    }
}
