//! How callers rated calls.
//!
//! Shape: calls leave ratings in a waiting room of [`limits::WAITING_RATINGS`] and go on; the store's writer takes all that wait at
//! once and writes them in one transaction. Whoever reads them opens the database for it.
//! Time: a rating is in the file as soon as the writer gets to it, and then survives the process.
//! Errors: a rating that finds no room, or that the disk refuses, is lost; that is logged and counted.
//! Sources: `ringme-ivr.md` 5.2.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use antiphon_ivr::{ExtensionId, Rating};
use rusqlite::{Connection, Row, params_from_iter, types::Value};

use super::database;
use super::limits;
use super::model::ClientId;
use super::writer::{signed, unsigned};

/// Ratings of one client that are kept.
const MOST: u64 = limits::RATINGS_OF_A_CLIENT;
/// How many more there may be until the oldest go together.
const SURPLUS: u64 = 1_000;

/// A rating that is to be kept.
#[derive(Clone, Debug)]
pub struct NewRating {
    /// Whose extension asked.
    pub client: ClientId,
    /// The extension that asked.
    pub extension: ExtensionId,
    /// The call's `call_uuid`.
    pub call: String,
    /// When.
    pub at: SystemTime,
    /// What the caller said.
    pub rating: Rating,
}

/// A rating that is kept.
#[derive(Clone, Debug)]
pub struct KeptRating {
    /// Its id, which counts up.
    pub id: u64,
    /// What was said, by whom and when.
    pub rating: NewRating,
}

/// Which ratings somebody wants to see.
#[derive(Clone, Debug)]
pub struct WantedRatings {
    /// Whose.
    pub client: ClientId,
    /// Of this extension only.
    pub extension: Option<ExtensionId>,
    /// From this moment on.
    pub from: Option<SystemTime>,
    /// Up to this second.
    pub until: Option<SystemTime>,
    /// The newest first.
    pub newest_first: bool,
    /// So many are left out.
    pub skip: usize,
    /// At most so many.
    pub most: usize,
}

/// Whether somebody has to tell the writer that ratings wait.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Left {
    /// The first of them.
    First,
    /// Others wait already.
    More,
    /// There was no room.
    NoRoom,
}

/// The waiting room, and the way to read.
pub(super) struct Ratings {
    waiting: Mutex<Vec<NewRating>>,
    /// How many each client has, once that was asked. The writer's own.
    counts: Mutex<BTreeMap<ClientId, u64>>,
    database: PathBuf,
}

impl Ratings {
    pub(super) fn of(database: &Path) -> Self {
        Self { waiting: Mutex::default(), counts: Mutex::default(), database: database.to_owned() }
    }

    pub(super) fn leave(&self, rating: NewRating) -> Left {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= limits::WAITING_RATINGS {
            return Left::NoRoom;
        }
        waiting.push(rating);
        if waiting.len() == 1 { Left::First } else { Left::More }
    }

    /// Writes all that wait. Only the writer's thread calls this.
    pub(super) fn write(&self, connection: &mut Connection) {
        let all = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if all.is_empty() {
            return;
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = insert(connection, &all, &mut counts) {
            counts.clear();
            lost(all.len());
            tracing::error!(%error, ratings = all.len(), "ratings could not be stored");
        }
    }

    /// Reads from the disk: not for a thread that serves others.
    pub(super) fn read(&self, wanted: &WantedRatings) -> Result<Vec<KeptRating>, rusqlite::Error> {
        let mut query =
            "SELECT id, client, extension, call, at, rate, max_rate FROM rating WHERE client = ?1".to_owned();
        let mut values = vec![Value::from(signed(wanted.client.0))];
        let mut and = |condition: &str, value: Option<i64>| {
            if let Some(value) = value {
                values.push(value.into());
                query.push_str(&format!(" AND {condition} ?{}", values.len()));
            }
        };
        and("extension =", wanted.extension.map(|extension| signed(extension.0)));
        and("at >=", wanted.from.map(seconds));
        and("at <=", wanted.until.map(seconds));
        let order = if wanted.newest_first { "DESC" } else { "ASC" };
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        values.extend([whole(wanted.most), whole(wanted.skip)].map(Value::from));
        query.push_str(&format!(
            " ORDER BY at {order}, id {order} LIMIT ?{} OFFSET ?{}",
            values.len() - 1,
            values.len()
        ));
        let reader = database::open_to_read(&self.database)?;
        let mut statement = reader.prepare(&query)?;
        let rows = statement.query_map(params_from_iter(values), kept)?;
        rows.collect()
    }
}

pub(super) fn lost(count: usize) {
    metrics::counter!("antiphon_ratings_lost_total").increment(count as u64);
}

fn insert(
    connection: &mut Connection,
    all: &[NewRating],
    counts: &mut BTreeMap<ClientId, u64>,
) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction()?;
    {
        let query = "INSERT INTO rating (client, extension, call, at, rate, max_rate) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut statement = transaction.prepare_cached(query)?;
        for one in all {
            let (client, extension) = (signed(one.client.0), signed(one.extension.0));
            statement.execute((client, extension, &one.call, seconds(one.at), one.rating.rate, one.rating.max))?;
            let count = match counts.get(&one.client) {
                Some(count) => count + 1,
                None => {
                    let query = "SELECT COUNT(*) FROM rating WHERE client = ?1";
                    unsigned(transaction.query_row(query, [client], |row| row.get(0))?)
                }
            };
            counts.insert(one.client, count);
        }
        for (client, count) in counts.iter_mut().filter(|(_, count)| **count >= MOST + SURPLUS) {
            let query = "DELETE FROM rating WHERE id IN
                             (SELECT id FROM rating WHERE client = ?1 ORDER BY at, id LIMIT ?2)";
            transaction.execute(query, (signed(client.0), signed(*count - MOST)))?;
            *count = MOST;
        }
    }
    transaction.commit()
}

fn kept(row: &Row<'_>) -> Result<KeptRating, rusqlite::Error> {
    let at = UNIX_EPOCH + Duration::from_secs(unsigned(row.get(4)?));
    let rating = Rating { rate: row.get(5)?, max: row.get(6)? };
    let (client, extension) = (ClientId(unsigned(row.get(1)?)), ExtensionId(unsigned(row.get(2)?)));
    Ok(KeptRating { id: unsigned(row.get(0)?), rating: NewRating { client, extension, call: row.get(3)?, at, rating } })
}

fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
