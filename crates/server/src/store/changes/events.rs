//! Subscriptions to what happens at an extension.
//!
//! Sources: `ringme-ivr.md` 1.8, 4.6.

use std::sync::Arc;

use antiphon_ivr::{ExtensionId, FetchMethod};
use serde_json::Value;

use super::super::model::ClientId;
use super::super::subscription::{EventId, EventType, Subscription};
use super::super::writer::{Change, Edit, signed, unsigned};
use super::super::{Missing, Rejected, limits};
use super::extension_of;
use super::fields::Fields;
use crate::web;

/// Events that the API of others has, and that have nothing to happen for here: there are no messages.
const NOT_BUILT: [&str; 2] = ["message-in", "message-out"];

/// Has somebody told of an event.
#[derive(Debug)]
pub struct CreateEvent {
    /// Whose extension it is.
    pub client: ClientId,
    /// Which.
    pub extension: ExtensionId,
    /// The request: `url`, `event_type`, `method`.
    pub body: Value,
}

/// Changes who is told, of what and how.
#[derive(Debug)]
pub struct UpdateEvent {
    /// Whose extension it is.
    pub client: ClientId,
    /// Which.
    pub extension: ExtensionId,
    /// Which subscription.
    pub id: EventId,
    /// The request: any of the fields.
    pub body: Value,
}

/// Has somebody told no longer.
#[derive(Debug)]
pub struct DeleteEvent {
    /// Whose extension it is.
    pub client: ClientId,
    /// Which.
    pub extension: ExtensionId,
    /// Which subscription.
    pub id: EventId,
}

/// The fields, as far as they are known.
#[derive(Default)]
struct Wanted {
    url: Option<String>,
    event_type: Option<EventType>,
    method: Option<FetchMethod>,
}

impl Wanted {
    fn read(mut self, body: &Value) -> Result<(String, EventType, FetchMethod), Rejected> {
        let mut fields = Fields::of(body)?;
        fields.long_text("url", web::LONGEST_URL, &mut self.url);
        match self.url.as_deref() {
            Some(url) => {
                if let Err(problem) = web::check_url(url) {
                    fields.refuse("url", problem.to_string());
                }
            }
            None => fields.refuse_missing("url"),
        }
        let mut word = self.event_type.map(|event| event.as_str().to_owned());
        fields.text("event_type", &mut word);
        match word.as_deref().map(|word| (word, word.parse::<EventType>())) {
            Some((_, Ok(event))) => self.event_type = Some(event),
            Some((word, Err(_))) if NOT_BUILT.contains(&word) => {
                fields.refuse("event_type", format!("{word} is not built yet: there are no messages"));
            }
            Some((_, Err(unknown))) => fields.refuse("event_type", unknown.to_string()),
            None => fields.refuse_missing("event_type"),
        }
        let mut word = self.method.map(|method| method.to_string());
        fields.text("method", &mut word);
        match word.as_deref() {
            Some("GET") => self.method = Some(FetchMethod::Get),
            Some("POST") => self.method = Some(FetchMethod::Post),
            Some(_) => fields.refuse("method", "must be GET or POST"),
            None => fields.refuse_missing("method"),
        }
        fields.done()?;
        let all = self.url.zip(self.event_type).zip(self.method).map(|((url, event), method)| (url, event, method));
        all.ok_or_else(|| Rejected::field("", "url, event_type and method are required"))
    }
}

impl Change for CreateEvent {
    type Answer = Arc<Subscription>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Subscription>, Rejected> {
        extension_of(edit.config(), self.client, self.extension)?;
        let (url, event_type, method) = Wanted::default().read(&self.body)?;
        let most = limits::EVENTS_OF_AN_EXTENSION;
        if edit.config().subscriptions(self.extension).count() >= most {
            return Err(Rejected::Full { table: "events of this extension", most });
        }
        let query = "INSERT INTO event (extension, url, event_type, method) VALUES (?1, ?2, ?3, ?4)";
        let row = (signed(self.extension.0), &url, event_type.as_str(), method.to_string());
        edit.transaction.prepare_cached(query)?.execute(row)?;
        let id = EventId(unsigned(edit.transaction.last_insert_rowid()));
        Ok(edit.draft().put_subscription(Subscription { id, extension: self.extension, url, event_type, method }))
    }
}

impl Change for UpdateEvent {
    type Answer = Arc<Subscription>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Subscription>, Rejected> {
        extension_of(edit.config(), self.client, self.extension)?;
        let old = edit.config().subscription(self.extension, self.id).ok_or(Missing::Event)?;
        let wanted = Wanted { url: Some(old.url.clone()), event_type: Some(old.event_type), method: Some(old.method) };
        let (url, event_type, method) = wanted.read(&self.body)?;
        let query = "UPDATE event SET url = ?2, event_type = ?3, method = ?4 WHERE id = ?1";
        let row = (signed(self.id.0), &url, event_type.as_str(), method.to_string());
        edit.transaction.prepare_cached(query)?.execute(row)?;
        let (id, extension) = (self.id, self.extension);
        Ok(edit.draft().put_subscription(Subscription { id, extension, url, event_type, method }))
    }
}

impl Change for DeleteEvent {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        extension_of(edit.config(), self.client, self.extension)?;
        edit.config().subscription(self.extension, self.id).ok_or(Missing::Event)?;
        edit.transaction.prepare_cached("DELETE FROM event WHERE id = ?1")?.execute([signed(self.id.0)])?;
        edit.draft().remove_subscription(self.extension, self.id);
        Ok(())
    }
}
