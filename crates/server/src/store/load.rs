//! Reading the whole configuration from the database, once, at the start.
//!
//! Shape: rows in, one [`Config`] out.
//! Errors: [`StoreError::Row`] names the row that this version cannot read.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use antiphon_ivr::pivot::{Mode, Node};
use antiphon_ivr::rules::{self, OptionKey, wire};
use antiphon_ivr::{ContextId, ExtensionId, FetchMethod, IntervalId, RuleId, SoundId};
use rusqlite::{Connection, Row};
use serde::de::{DeserializeOwned, Error as _};

use super::credentials::SecretHash;
use super::customizer::{Customizer, CustomizerCode, FoundInCode};
use super::document::{ContextDocument, IvrDocument, OptionDocument, StoredRule};
use super::model::{
    Application, Client, ClientId, Did, DidId, Extension, ExtensionKind, ExtensionProfile, ExtensionStatus, Interval,
    Phone, Sound,
};
use super::pivot::{Flow, FlowId};
use super::sound_files::SoundFiles;
use super::subscription::{EventId, EventType, Subscription};
use super::variables::Variables;
use super::writer::{signed, unsigned};
use super::{Config, StoreError};

pub(super) fn config(connection: &mut Connection, sounds: &SoundFiles) -> Result<Config, StoreError> {
    // One transaction, though nobody else writes: it reads one state and is faster.
    let transaction = connection.transaction()?;
    let mut config = Config::default();
    config.revision = unsigned(transaction.query_row("SELECT number FROM revision", [], |row| row.get(0))?);
    each(&transaction, "SELECT id, prefix, speech_to_text FROM client", |row| {
        config.put_client(Client { id: ClientId(id(row, 0)?), prefix: row.get(1)?, speech_to_text: row.get(2)? });
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
    intervals(&transaction, &mut config)?;
    flows(&transaction, &mut config)?;
    variables(&transaction, &mut config)?;
    customizers(&transaction, &mut config)?;
    Ok(config)
}

fn intervals(connection: &Connection, config: &mut Config) -> Result<(), StoreError> {
    each(connection, "SELECT id, client, body FROM time_interval", |row| {
        let (id, client) = (id(row, 0)?, ClientId(id(row, 1)?));
        let written = wire::Interval { id: IntervalId(id), ..body(row, 2, "time_interval", id)? };
        match rules::Interval::check(&written) {
            Ok(active) => drop(config.put_interval(Interval { client, written, active })),
            // Its zone has left the database of time zones; rules that ask for it find it inactive.
            Err(problems) => tracing::warn!(interval = id, problem = %problems[0], "a stored interval cannot be used"),
        }
        Ok(())
    })
}

fn flows(connection: &Connection, config: &mut Config) -> Result<(), StoreError> {
    each(connection, "SELECT id, client, name, body FROM flow", |row| {
        let (id, client, name) = (FlowId(id(row, 0)?), ClientId(id(row, 1)?), row.get(2)?);
        let written = body(row, 3, "flow", id.0)?;
        match Node::read(&written, Mode::Lenient) {
            Ok((runs, _)) => drop(config.put_flow(Flow { id, client, name, written, runs })),
            Err(problems) => tracing::warn!(flow = id.0, problem = %problems[0], "a stored callflow cannot be used"),
        }
        Ok(())
    })
}

fn customizers(connection: &Connection, config: &mut Config) -> Result<(), StoreError> {
    let query = "SELECT extension, version, created, modified, class_name, class_edited, description, active, classes,
                     methods, code FROM customizer";
    each(connection, query, |row| {
        let extension = id(row, 0)?;
        config.put_customizer(Customizer {
            extension: ExtensionId(extension),
            version: row.get(1)?,
            created: id(row, 2)?,
            modified: id(row, 3)?,
            class_name: row.get(4)?,
            class_edited: row.get(5)?,
            description: row.get(6)?,
            active: row.get(7)?,
            found: FoundInCode {
                classes: body(row, 8, "customizer", extension)?,
                methods: body(row, 9, "customizer", extension)?,
            },
            code: CustomizerCode::of(row.get::<_, Vec<u8>>(10)?),
        });
        Ok(())
    })
}

fn variables(connection: &Connection, config: &mut Config) -> Result<(), StoreError> {
    let mut all: BTreeMap<ClientId, Variables> = BTreeMap::new();
    each(connection, "SELECT client, name, value FROM variable", |row| {
        all.entry(ClientId(id(row, 0)?)).or_default().insert(row.get(1)?, row.get(2)?);
        Ok(())
    })?;
    all.into_iter().for_each(|(client, variables)| config.put_variables(client, variables));
    Ok(())
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
                        phone.password, phone.contact, ivr.body, ivr.next_context, ivr.next_rule, phone.mailbox,
                        vxml_document.body
                 FROM extension LEFT JOIN phone ON phone.extension = extension.id
                                LEFT JOIN ivr ON ivr.extension = extension.id
                                LEFT JOIN vxml_document ON vxml_document.extension = extension.id
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
        let document = match is_ivr {
            true => Some(ivr(row, [&mut menus, &mut options, &mut scripts], extension)?),
            false => None,
        };
        let (name, profile): (String, ExtensionProfile) = (row.get(2)?, body(row, 6, "extension", extension)?);
        let client = ClientId(id(row, 1)?);
        let kind = match (&document, &profile) {
            (Some(document), _) => ExtensionKind::Ivr(Arc::new(document.runs())),
            (None, ExtensionProfile { conference: Some(conference), .. }) => {
                ExtensionKind::Conference(conference.entrance(&name))
            }
            (None, ExtensionProfile { pivot: Some(pivot), .. }) => ExtensionKind::Pivot(pivot.runs(client, &name)),
            (None, ExtensionProfile { vxml: Some(vxml), .. }) => {
                ExtensionKind::Vxml(vxml.runs(row.get::<_, Option<Vec<u8>>>(13)?.map(Into::into)))
            }
            (None, _) => ExtensionKind::Phone(Phone {
                password: row.get(7)?,
                contact: row.get(8)?,
                mailbox: row.get::<_, Option<i64>>(12)?.map(|id| ExtensionId(unsigned(id))),
            }),
        };
        config.put_extension(Extension {
            id: ExtensionId(extension),
            client,
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

/// The menu of an extension, with what three queries say: its contexts, what lies in them, and its scripts.
fn ivr(
    row: &rusqlite::Row<'_>,
    [menus, options, scripts]: [&mut rusqlite::Statement<'_>; 3],
    extension: u64,
) -> Result<IvrDocument, StoreError> {
    let mut document = IvrDocument {
        settings: body(row, 9, "ivr", extension)?,
        next_context: id(row, 10)?,
        next_rule: id(row, 11)?,
        ..IvrDocument::default()
    };
    contexts(menus, options, extension, &mut document)?;
    let mut rows = scripts.query([signed(extension)])?;
    while let Some(row) = rows.next()? {
        document.scripts.push(body(row, 0, "ivr_script", extension)?);
    }
    Ok(document)
}

fn contexts(
    contexts: &mut rusqlite::Statement<'_>,
    options: &mut rusqlite::Statement<'_>,
    extension: u64,
    document: &mut IvrDocument,
) -> Result<(), StoreError> {
    let mut options = rules(options, extension)?;
    let mut rows = contexts.query([signed(extension)])?;
    while let Some(row) = rows.next()? {
        let id = id(row, 0)?;
        let context: wire::Context = body(row, 1, "context", id)?;
        let options = options.remove(&ContextId(id)).unwrap_or_default().into_iter();
        let options = options.map(|(key, rules)| Arc::new(OptionDocument::new(key, rules)));
        let loaded = ContextDocument::of(wire::Context { id: ContextId(id), ..context }, options.collect());
        document.contexts.insert(ContextId(id), Arc::new(loaded));
    }
    Ok(())
}

/// The options of a context with their rules, in their order.
type Options = Vec<(OptionKey, Vec<StoredRule>)>;

/// What every context of an extension holds.
fn rules(statement: &mut rusqlite::Statement<'_>, extension: u64) -> Result<BTreeMap<ContextId, Options>, StoreError> {
    let mut contexts: BTreeMap<ContextId, Options> = BTreeMap::new();
    let mut rows = statement.query([signed(extension)])?;
    while let Some(row) = rows.next()? {
        let context = id(row, 0)?;
        let key: OptionKey = word(&row.get::<_, String>(1)?, "context_option", context)?;
        let options = contexts.entry(ContextId(context)).or_default();
        if options.last().is_none_or(|(last, _)| *last != key) {
            options.push((key, Vec::new()));
        }
        if let Some(rule) = row.get::<_, Option<i64>>(2)?
            && let Some((_, rules)) = options.last_mut()
        {
            let (id, text): (u64, String) = (unsigned(rule), row.get(3)?);
            let rule = StoredRule::load(RuleId(id), &text);
            rules.push(rule.map_err(|cause| StoreError::Row { table: "rule", id, cause })?);
        }
    }
    Ok(contexts)
}
