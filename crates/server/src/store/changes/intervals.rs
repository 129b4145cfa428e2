//! Time intervals.
//!
//! Errors: an interval that a rule asks for stays.
//! Sources: `ringme-ivr.md` 1.8, 2.7.

use std::sync::Arc;

use antiphon_ivr::IntervalId;
use antiphon_ivr::rules::{self, wire};
use serde_json::Value;

use super::super::model::{ClientId, Interval};
use super::super::writer::{Change, Edit, signed, unsigned};
use super::super::{Missing, Rejected, Taken, limits};
use super::json;

/// Makes a time interval.
#[derive(Debug)]
pub struct CreateInterval {
    /// Whose it will be.
    pub client: ClientId,
    /// The request: `name`, `timezone` and `conditions`, and `type` where they are shift cycles.
    pub body: Value,
}

/// Changes a time interval.
#[derive(Debug)]
pub struct UpdateInterval {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub id: IntervalId,
    /// The request: any subset of the fields.
    pub body: Value,
}

/// Removes a time interval.
#[derive(Debug)]
pub struct DeleteInterval {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub id: IntervalId,
}

impl Change for CreateInterval {
    type Answer = Arc<Interval>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Interval>, Rejected> {
        edit.config().client(self.client).ok_or(Missing::Client)?;
        let mut written = wire::Interval::default().patch(&self.body)?;
        let active = rules::Interval::check(&written)?;
        let most = limits::INTERVALS_OF_A_CLIENT;
        if edit.config().intervals().filter(|interval| interval.client == self.client).count() >= most {
            return Err(Rejected::Full { table: "intervals", most });
        }
        let query = "INSERT INTO time_interval (client, body) VALUES (?1, ?2)";
        edit.transaction.prepare_cached(query)?.execute((signed(self.client.0), json(&written)))?;
        written.id = IntervalId(unsigned(edit.transaction.last_insert_rowid()));
        Ok(edit.draft().put_interval(Interval { client: self.client, written, active }))
    }
}

impl Change for UpdateInterval {
    type Answer = Arc<Interval>;

    fn apply(self, edit: &mut Edit<'_>) -> Result<Arc<Interval>, Rejected> {
        let old = edit.config().interval(self.id).filter(|interval| interval.client == self.client);
        let written = old.ok_or(Missing::Interval)?.written.patch(&self.body)?;
        let active = rules::Interval::check(&written)?;
        let query = "UPDATE time_interval SET body = ?2 WHERE id = ?1";
        edit.transaction.prepare_cached(query)?.execute((signed(self.id.0), json(&written)))?;
        Ok(edit.draft().put_interval(Interval { client: self.client, written, active }))
    }
}

impl Change for DeleteInterval {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        let config = edit.config();
        config.interval(self.id).filter(|interval| interval.client == self.client).ok_or(Missing::Interval)?;
        for extension in config.extensions().filter(|extension| extension.client == self.client) {
            let rules = extension.document.iter().flat_map(|menu| menu.rules());
            if let Some(rule) = rules.into_iter().find(|rule| rule.guard.interval == Some(self.id)) {
                return Err(Taken::IntervalInUse(extension.name.clone(), rule.id.0).into());
            }
        }
        edit.transaction.prepare_cached("DELETE FROM time_interval WHERE id = ?1")?.execute([signed(self.id.0)])?;
        edit.draft().remove_interval(self.id);
        Ok(())
    }
}
