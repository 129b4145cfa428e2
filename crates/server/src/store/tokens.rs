//! Access tokens.
//!
//! Shape: a token is 32 random bytes in hexadecimal; only its SHA-256 is kept, in memory and in the database, so that tokens
//! survive a restart and a copy of the database opens nothing.
//! Units: expiry in whole seconds since 1970.
//! Time: the present is told; a token that has run out is forgotten when the next one is made.
//! Sources: RFC 6749 §5.1, RFC 6750; `ringme-ivr.md` 2.2.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::credentials::Secret;
use super::model::ClientId;
use super::writer::{Change, Edit, signed, unsigned};
use super::{Missing, Rejected, limits};

/// How long a token is good for.
const LIFETIME: Duration = Duration::from_secs(3600);

type Hash = [u8; 32];

/// What a token allows.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Grant {
    /// The client in whose name the bearer acts.
    pub client: ClientId,
    /// The application that asked for the token.
    pub application: Arc<str>,
}

/// A new token.
pub struct AccessToken {
    /// What the bearer shows; it is known nowhere else.
    pub token: String,
    /// How long it is good for.
    pub expires_in: Duration,
}

#[derive(Clone)]
struct Kept {
    grant: Grant,
    expires_at: u64,
}

/// Every live token.
#[derive(Default)]
pub(super) struct Tokens {
    kept: RwLock<HashMap<Hash, Kept>>,
}

fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Tokens {
    pub(super) fn load(connection: &Connection) -> Result<Self, rusqlite::Error> {
        let mut statement = connection.prepare(
            "SELECT token.hash, token.expires_at, application.id, application.client
             FROM token JOIN application ON application.id = token.application",
        )?;
        let rows = statement.query_map([], |row| {
            let application: String = row.get(2)?;
            let grant = Grant { client: ClientId(unsigned(row.get(3)?)), application: application.into() };
            Ok((row.get::<_, Hash>(0)?, Kept { grant, expires_at: unsigned(row.get(1)?) }))
        })?;
        Ok(Self { kept: RwLock::new(rows.collect::<Result<_, _>>()?) })
    }

    pub(super) fn grant(&self, token: &str, now: SystemTime) -> Option<Grant> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get(&hash(token))?;
        (kept.expires_at > seconds(now)).then(|| kept.grant.clone())
    }

    /// What has to go before one more of an application: all that ran out, and its oldest when it has too many.
    fn to_forget(&self, application: &str, now: u64) -> Vec<Hash> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let mut gone: Vec<Hash> = kept.iter().filter(|(_, k)| k.expires_at <= now).map(|(hash, _)| *hash).collect();
        let live = kept.iter().filter(|(_, k)| k.expires_at > now && *k.grant.application == *application);
        let mut live: Vec<(u64, Hash)> = live.map(|(hash, k)| (k.expires_at, *hash)).collect();
        if live.len() >= limits::TOKENS_OF_AN_APPLICATION {
            live.sort_unstable();
            let surplus = live.len() + 1 - limits::TOKENS_OF_AN_APPLICATION;
            gone.extend(live.into_iter().take(surplus).map(|(_, hash)| hash));
        }
        gone
    }
}

/// Makes a token for an application whose secret was shown.
#[derive(Debug)]
pub struct IssueToken {
    /// The application.
    pub application: String,
    /// The present.
    pub now: SystemTime,
}

impl Change for IssueToken {
    type Answer = AccessToken;

    fn apply(self, edit: &mut Edit<'_>) -> Result<AccessToken, Rejected> {
        let application = edit.config().application(&self.application).ok_or(Missing::Client)?;
        let grant = Grant { client: application.client, application: application.id.as_str().into() };
        let now = seconds(self.now);
        let token = Secret::random().reveal().to_owned();
        let (new, expires_at) = (hash(&token), now + LIFETIME.as_secs());
        let gone = edit.tokens.to_forget(&self.application, now);
        for old in &gone {
            edit.transaction.prepare_cached("DELETE FROM token WHERE hash = ?1")?.execute([old])?;
        }
        edit.transaction
            .prepare_cached("INSERT INTO token (hash, application, expires_at) VALUES (?1, ?2, ?3)")?
            .execute((new, &self.application, signed(expires_at)))?;
        let tokens = Arc::clone(edit.tokens);
        edit.afterwards(move |_| {
            let mut kept = tokens.kept.write().unwrap_or_else(PoisonError::into_inner);
            gone.iter().for_each(|old| drop(kept.remove(old)));
            kept.insert(new, Kept { grant, expires_at });
        });
        Ok(AccessToken { token, expires_in: LIFETIME })
    }
}
