//! Our own credentials: whose they are, and what they were last asked with.
//!
//! Shape: [`Bound`] ties credentials to the one peer that may ask for them; [`Wallet`] remembers for each pair which realm
//! asked and with which nonce, so that the next request answers before it is asked.
//! Errors: a challenge of another realm or in an unknown algorithm has no answer, and the 401 or 407 is a refusal.
//! Sources: RFC 3261 §22.2, §22.3; RFC 7616 §3.4, §3.6 (answering ahead); RFC 8760 §2.4 (the first challenge we can
//! answer is the one preferred).
//!
//! A digest answer lets whoever gets it guess the password at leisure. So credentials are for one realm: the configured
//! one, or else the first that their peer asks with, and none other from then on. And they never leave for another address
//! than the one they were given for, whatever a `Contact` or `Route` says.

use super::answer::{Challenge, Challenger};
use crate::event::Credentials;
use crate::message::{Headers, StatusCode};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// At most this many pairs of peer and user are remembered; the oldest is forgotten first.
const MAX_PURSES: usize = 1024;

/// Credentials and the only peer that may ask for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bound {
    credentials: Credentials,
    peer: IpAddr,
}

impl Bound {
    pub(crate) fn new(credentials: Credentials, peer: IpAddr) -> Self {
        Self { credentials, peer }
    }

    /// Whether they may go to this address.
    pub(crate) fn is_for(&self, peer: IpAddr) -> bool {
        self.peer == peer
    }

    fn key(&self) -> Key {
        Key { peer: self.peer, username: self.credentials.username.clone(), realm: self.credentials.realm.clone() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    peer: IpAddr,
    username: String,
    realm: Option<String>,
}

/// What one pair of peer and user was asked with.
#[derive(Debug)]
struct Purse {
    /// The only realm that gets answers.
    realm: String,
    server: Option<Challenge>,
    proxy: Option<Challenge>,
}

impl Purse {
    fn slot(&mut self, challenger: Challenger) -> &mut Option<Challenge> {
        match challenger {
            Challenger::Server => &mut self.server,
            Challenger::Proxy => &mut self.proxy,
        }
    }
}

/// The part of a request that its digest covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Covered<'a> {
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
    /// A name nobody can guess.
    pub(crate) cnonce: &'a str,
}

/// Everything that was asked of us.
#[derive(Debug, Default)]
pub(crate) struct Wallet {
    purses: HashMap<Key, Purse>,
    /// The keys of `purses`, oldest first.
    order: VecDeque<Key>,
}

impl Wallet {
    /// The header that answers the first challenge these credentials are for: its name and value.
    pub(crate) fn answer(
        &mut self,
        status: StatusCode,
        headers: &Headers,
        bound: &Bound,
        request: Covered<'_>,
    ) -> Option<(&'static str, String)> {
        let challenger = Challenger::of(status)?;
        let key = bound.key();
        let wanted = self.purses.get(&key).map(|purse| &purse.realm).or(bound.credentials.realm.as_ref());
        let fits = |challenge: &Challenge| wanted.is_none_or(|wanted| *wanted == challenge.realm);
        let found = headers.all(challenger.challenge_header()).filter_map(Challenge::read).find(fits);
        if found.is_none() {
            // The usual cause is a carrier whose registrar and whose switch have realms of their own.
            tracing::debug!(peer = %bound.peer, ?wanted, "a challenge that these credentials are not for gets no answer");
        }
        let challenge = found?;
        let slot = self.purse(key, &challenge.realm).slot(challenger);
        let current = match slot {
            // The same nonce again goes on counting, else it would be taken for a replay.
            Some(known) if known.nonce == challenge.nonce => known,
            slot => slot.insert(challenge),
        };
        let value = current.answer(&bound.credentials, request.method, request.uri, request.cnonce)?;
        Some((challenger.answer_header(), value))
    }

    /// Whether the next request to this peer can answer before it is asked.
    pub(crate) fn is_asked(&self, bound: &Bound) -> bool {
        self.purses.get(&bound.key()).is_some_and(|purse| purse.server.is_some() || purse.proxy.is_some())
    }

    /// The headers that answer the last challenges of this peer ahead.
    pub(crate) fn ahead(&mut self, bound: &Bound, request: Covered<'_>) -> Vec<(&'static str, String)> {
        let both = [Challenger::Server, Challenger::Proxy].into_iter();
        both.filter_map(|challenger| self.proof(challenger, bound, request)).collect()
    }

    /// What a request that meets this status has proved to the other challenger, proved anew: each count serves once.
    pub(crate) fn renewed(
        &mut self,
        status: StatusCode,
        sent: &Headers,
        bound: &Bound,
        request: Covered<'_>,
    ) -> Option<(&'static str, String)> {
        let other = Challenger::of(status)?.other();
        sent.first(other.answer_header())?;
        self.proof(other, bound, request)
    }

    /// The next answer to the last challenge of one kind.
    fn proof(&mut self, challenger: Challenger, bound: &Bound, request: Covered<'_>) -> Option<(&'static str, String)> {
        let challenge = self.purses.get_mut(&bound.key())?.slot(challenger).as_mut()?;
        let value = challenge.answer(&bound.credentials, request.method, request.uri, request.cnonce)?;
        Some((challenger.answer_header(), value))
    }

    fn purse(&mut self, key: Key, realm: &str) -> &mut Purse {
        if !self.purses.contains_key(&key) {
            if self.purses.len() >= MAX_PURSES
                && let Some(oldest) = self.order.pop_front()
            {
                self.purses.remove(&oldest);
            }
            self.order.push_back(key.clone());
        }
        self.purses.entry(key).or_insert_with(|| Purse { realm: realm.to_owned(), server: None, proxy: None })
    }
}
