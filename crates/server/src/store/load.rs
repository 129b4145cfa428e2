//! Reading the whole configuration from the database, once, at the start.
//!
//! Shape: rows in, one [`Config`] out.
//! Errors: [`StoreError::Row`] names the row that this version cannot read.

use std::str::FromStr;

use antiphon_ivr::rules::OptionKey;
use antiphon_ivr::{ContextId, ExtensionId, FetchMethod, SoundId};
use rusqlite::{Connection, Row};
use serde::de::{DeserializeOwned, Error as _};

use super::credentials::SecretHash;
use super::document::{ContextDocument, IvrDocument, OptionDocument};
use super::model::{
    Application, Client, ClientId, Did, DidId, Extension, ExtensionKind, ExtensionProfile, ExtensionStatus, Phone,
    Sound,
};
use super::sound_files::SoundFiles;
use super::subscription::{EventId, EventType, Subscription};
use super::writer::{signed, unsigned};
use super::{Config, StoreError, changes};

pub(super) fn config(connection: &mut Connection, sounds: &SoundFiles) -> Result<Config, StoreError> {
    // One transaction, though nobody else writes: it reads one state and is faster.
    let transaction = connection.transaction()?;
    let mut config = Config::default();
    config.revision = unsigned(transaction.query_row("SELECT number FROM revision", [], |row| row.get(0))?);
    each(&transaction, "SELECT id, prefix FROM client", |row| {
        config.put_client(Client { id: ClientId(id(row, 0)?), prefix: row.get(1)? });
        Ok(())
    })?;
    each(&transaction, "SELECT id, client, secret_hash FROM application", |row| {
        let secret = SecretHash::stored(&row.get::<_, String>(2)?);
        config.put_application(Application { id: row.get(0)?, client: ClientId(id(row, 1)?), secret });
        Ok(())
    })?;
    each(&transaction, "SELECT id, client, title, filename, uploaded_name, quality FROM sound", |row| {
        let filename: String = row.get(3)?;
        config.put_sound(Sound {
            id: SoundId(id(row, 0)?),
            client: ClientId(id(row, 1)?),
            title: row.get(2)?,
            uploaded_name: row.get(4)?,
            quality: match row.get::<_, Option<String>>(5)? {
                Some(_) => Some(body(row, 5, "sound", id(row, 0)?)?),
                None => None,
            },
            audio: sounds.load(&filename),
            filename,
        });
        Ok(())
    })?;
    extensions(&transaction, &mut config)?;
    each(&transaction, "SELECT id, client, number, extension FROM did", |row| {
        config.put_did(Did {
            id: DidId(id(row, 0)?),
            client: ClientId(id(row, 1)?),
            number: row.get(2)?,
            extension: ExtensionId(id(row, 3)?),
        });
        Ok(())
    })?;
    each(&transaction, "SELECT id, extension, url, event_type, method FROM event", |row| {
        let event = id(row, 0)?;
        let is_get = row.get::<_, String>(4)? == "GET";
        config.put_subscription(Subscription {
            id: EventId(event),
            extension: ExtensionId(id(row, 1)?),
            url: row.get(2)?,
            event_type: word::<EventType>(&row.get::<_, String>(3)?, "event", event)?,
            method: if is_get { FetchMethod::Get } else { FetchMethod::Post },
        });
        Ok(())
    })?;
    Ok(config)
}

fn each(
    connection: &Connection,
    query: &str,
    mut take: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}

fn id(row: &Row<'_>, column: usize) -> Result<u64, StoreError> {
    Ok(unsigned(row.get(column)?))
}

fn body<T: DeserializeOwned>(row: &Row<'_>, column: usize, table: &'static str, id: u64) -> Result<T, StoreError> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|cause| StoreError::Row { table, id, cause })
}

fn word<T: FromStr>(text: &str, table: &'static str, id: u64) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Row { table, id, cause: serde_json::Error::custom("unknown word") })
}

fn extensions(connection: &Connection, config: &mut Config) -> Result<(), StoreError> {
    let query = "SELECT extension.id, client, name, status, caller_id_name, create_date, extension.body,
                        phone.password, phone.contact, ivr.body, ivr.next_context, ivr.next_rule, phone.mailbox
                 FROM extension LEFT JOIN phone ON phone.extension = extension.id
                                LEFT JOIN ivr ON ivr.extension = extension.id
                 ORDER BY extension.id";
    let mut menus = connection.prepare("SELECT id, body FROM context WHERE extension = ?1 ORDER BY id")?;
    let mut options = connection.prepare(
        "SELECT o.context, o.digits, r.id, r.body
         FROM context_option o LEFT JOIN rule r
              ON r.extension = o.extension AND r.context = o.context AND r.digits = o.digits
         WHERE o.extension = ?1 ORDER BY o.context, o.position, o.digits, r.position",
    )?;
    let mut scripts = connection.prepare("SELECT body FROM ivr_script WHERE extension = ?1 ORDER BY event_type")?;
    each(connection, query, |row| {
        let extension = id(row, 0)?;
        let is_ivr = row.get::<_, Option<String>>(9)?.is_some();
        let document = if is_ivr {
            let mut document = IvrDocument {
                settings: body(row, 9, "ivr", extension)?,
                next_context: id(row, 10)?,
                next_rule: id(row, 11)?,
                ..IvrDocument::default()
            };
            contexts(&mut menus, extension, &mut document)?;
            rules(&mut options, extension, &mut document)?;
            let mut rows = scripts.query([signed(extension)])?;
            while let Some(row) = rows.next()? {
                document.scripts.push(body(row, 0, "ivr_script", extension)?);
            }
            Some(document)
        } else {
            None
        };
        let (name, profile): (String, ExtensionProfile) = (row.get(2)?, body(row, 6, "extension", extension)?);
        let kind = match (&document, &profile.conference) {
            (Some(document), _) => ExtensionKind::Ivr(changes::built(document, ExtensionId(extension))),
            (None, Some(conference)) => ExtensionKind::Conference(conference.entrance(&name)),
            (None, None) => ExtensionKind::Phone(Phone {
                password: row.get(7)?,
                contact: row.get(8)?,
                mailbox: row.get::<_, Option<i64>>(12)?.map(|id| ExtensionId(unsigned(id))),
            }),
        };
        config.put_extension(Extension {
            id: ExtensionId(extension),
            client: ClientId(id(row, 1)?),
            name,
            status: word::<ExtensionStatus>(&row.get::<_, String>(3)?, "extension", extension)?,
            caller_id_name: row.get(4)?,
            create_date: row.get(5)?,
            profile,
            document: document.map(Into::into),
            kind,
        });
        Ok(())
    })
}

fn contexts(
    statement: &mut rusqlite::Statement<'_>,
    extension: u64,
    document: &mut IvrDocument,
) -> Result<(), StoreError> {
    let mut rows = statement.query([signed(extension)])?;
    while let Some(row) = rows.next()? {
        let id = id(row, 0)?;
        let context = body(row, 1, "context", id)?;
        document.contexts.insert(ContextId(id), ContextDocument { context, options: Vec::new() });
    }
    Ok(())
}

fn rules(
    statement: &mut rusqlite::Statement<'_>,
    extension: u64,
    document: &mut IvrDocument,
) -> Result<(), StoreError> {
    let mut rows = statement.query([signed(extension)])?;
    while let Some(row) = rows.next()? {
        let context = id(row, 0)?;
        let key: OptionKey = word(&row.get::<_, String>(1)?, "context_option", context)?;
        // The foreign keys hold, so the context is there.
        let Some(context) = document.contexts.get_mut(&ContextId(context)) else { continue };
        if context.options.last().is_none_or(|option| option.key != key) {
            context.options.push(OptionDocument { key, rules: Vec::new() });
        }
        if let Some(rule) = row.get::<_, Option<i64>>(2)?
            && let Some(option) = context.options.last_mut()
        {
            option.rules.push(body(row, 3, "rule", unsigned(rule))?);
        }
    }
    Ok(())
}
