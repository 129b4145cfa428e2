//! Challenging a request, and judging the answer.
//!
//! Shape: [`Authenticator::challenge`] gives the headers of a 401; [`Authenticator::verify`] judges the request that follows.
//! A nonce says when it was made and proves that we made it, so nothing is remembered until it is used. What is remembered
//! then are the last counts used with it: each serves once, and one may come late by up to 63 (requests overtake each other
//! over UDP). A nonce whose counts were forgotten is no longer taken.
//! A nonce also says to which address it was sent, which proves that whoever uses it from there hears us there: a sender of
//! datagrams may write any address. It is taken from others too, since a phone may move and a farm of proxies has many addresses.
//! Time: told, counted from the moment the authenticator was made; a nonce of an earlier run is stale.
//! Errors: [`Verdict`].
//! Sources: RFC 3261 §22, RFC 7616 §3.3 to §3.6 and §5.4 (nonces), §5.5 (replay); RFC 8760.
//!
//! The `uri` field is hashed as it stands and not compared with the Request-URI, which proxies rewrite (RFC 7616 §3.4.6
//! leaves that to the server); the count keeps an answer from being used twice.

use super::digest::{Algorithm, Exchange, fields};
use crate::message::Request;
use crate::message::text::quote;
use crate::token::hex;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// What an [`Authenticator`] is told once.
#[derive(Clone)]
pub struct AuthConfig {
    /// The protection domain, as phones show it.
    pub realm: String,
    /// What nonces are proved with: drawn anew for each authenticator, and known to nobody else.
    pub secret: [u8; 32],
    /// How long a nonce may be used.
    pub nonce_lifetime: Duration,
    /// How many used nonces are remembered.
    pub max_nonces: usize,
    /// What is asked for, one header each, in this order. Answers are taken in either.
    pub algorithms: Vec<Algorithm>,
}

impl AuthConfig {
    /// Five minutes, 10,000 nonces and MD5 alone: RFC 8760 would have SHA-256 stand first, but phones of the field (the
    /// library `re` before 2022, for one) give up at any challenge that names it, also beside one that they know.
    pub fn new(realm: &str, secret: [u8; 32]) -> Self {
        let algorithms = vec![Algorithm::Md5];
        Self {
            realm: realm.to_owned(),
            secret,
            nonce_lifetime: Duration::from_secs(300),
            max_nonces: 10_000,
            algorithms,
        }
    }
}

/// What we know of a user.
#[derive(Clone)]
pub enum Secret {
    /// The password itself.
    Password(String),
}

/// What a request's credentials are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The request is from whoever knows the password.
    Verified,
    /// There are none for our realm: challenge.
    Missing,
    /// The password is right, but the nonce is too old, not ours or used: challenge again.
    Stale,
    /// The password or the user is wrong.
    Wrong,
}

/// Which counts a nonce was used with (RFC 7616 §5.5).
#[derive(Debug, Clone, Copy)]
struct Counts {
    highest: u32,
    /// Bit n is set when `highest - n` was used.
    seen: u64,
}

impl Counts {
    /// Takes a count, if it was not taken before and is not too old to know.
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            self.seen = self.seen.checked_shl(count - self.highest).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let bit = 1_u64.checked_shl(self.highest - count).unwrap_or(0);
        let new = bit != 0 && self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}

/// Challenges requests and verifies their answers.
pub struct Authenticator {
    config: AuthConfig,
    started: Instant,
    /// The number of the next nonce.
    next: u64,
    /// The counts used with each nonce, by its number.
    counts: HashMap<u64, Counts>,
    /// The numbers in `counts`, oldest use first.
    used: VecDeque<u64>,
    /// Nonces below this number may have been forgotten.
    forgotten: u64,
}

impl Authenticator {
    /// An authenticator whose time starts now.
    pub fn new(config: AuthConfig, started: Instant) -> Self {
        Self { config, started, next: 0, counts: HashMap::new(), used: VecDeque::new(), forgotten: 0 }
    }

    /// The `WWW-Authenticate` headers of a 401 to this address, one an algorithm. `after` is the verdict that led here.
    pub fn challenge(&mut self, now: Instant, after: Verdict, to: IpAddr) -> Vec<(String, String)> {
        let nonce = self.nonce(now, self.next);
        let nonce = format!("{nonce}.{}", self.mark(&nonce, to));
        self.next += 1;
        let stale = if after == Verdict::Stale { ", stale=true" } else { "" };
        let header = |algorithm: &Algorithm| {
            let realm = quote(&self.config.realm);
            let name = algorithm.name();
            let value = format!("Digest realm={realm}, nonce=\"{nonce}\", algorithm={name}, qop=\"auth\"{stale}");
            ("WWW-Authenticate".to_owned(), value)
        };
        self.config.algorithms.iter().map(header).collect()
    }

    /// The user that the credentials for our realm name, so that the secret can be looked up.
    pub fn username(&self, request: &Request) -> Option<String> {
        self.credentials(request).and_then(|mut fields| fields.remove("username"))
    }

    /// Judges the credentials of `request` against what we know of its user.
    pub fn verify(&mut self, now: Instant, request: &Request, secret: &Secret) -> Verdict {
        let Some(fields) = self.credentials(request) else { return Verdict::Missing };
        let Secret::Password(password) = secret;
        let Some((response, count)) = self.expected(&fields, request, password) else { return Verdict::Wrong };
        let given = fields.get("response").map(|given| given.to_ascii_lowercase()).unwrap_or_default();
        if !same(response.as_bytes(), given.as_bytes()) {
            return Verdict::Wrong;
        }
        let Some(number) = fields.get("nonce").and_then(|nonce| self.number_of(now, nonce)) else {
            return Verdict::Stale;
        };
        if self.use_count(number, count) { Verdict::Verified } else { Verdict::Stale }
    }

    /// Whether the credentials, right or wrong, answer a challenge of ours to this address that is still good.
    pub fn was_challenged_at(&self, now: Instant, request: &Request, address: IpAddr) -> bool {
        let Some(fields) = self.credentials(request) else { return false };
        let Some((nonce, mark)) = fields.get("nonce").and_then(|nonce| nonce.rsplit_once('.')) else { return false };
        self.is_good(now, nonce).is_some() && same(self.mark(nonce, address).as_bytes(), mark.as_bytes())
    }

    /// The fields of the credentials for our realm.
    fn credentials(&self, request: &Request) -> Option<HashMap<String, String>> {
        request.headers("Authorization").map(fields).find(|fields| fields.get("realm") == Some(&self.config.realm))
    }

    /// The response that the password gives, and the count it was made with.
    fn expected(&self, fields: &HashMap<String, String>, request: &Request, password: &str) -> Option<(String, u32)> {
        let field = |name: &str| fields.get(name).map(String::as_str);
        let count = match field("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => Some((field("nc")?, field("cnonce")?)),
            Some(_) => return None,
        };
        let number = match count {
            Some((nc, _)) => u32::from_str_radix(nc, 16).ok()?,
            None => 1,
        };
        let exchange = Exchange {
            algorithm: Algorithm::named(field("algorithm"))?,
            username: field("username")?,
            realm: &self.config.realm,
            password,
            method: request.method().as_str(),
            uri: field("uri")?,
            nonce: field("nonce")?,
            count,
        };
        Some((exchange.response(), number))
    }

    /// Seconds, number and proof.
    fn nonce(&self, now: Instant, number: u64) -> String {
        self.nonce_at(now.saturating_duration_since(self.started).as_secs(), number)
    }

    fn nonce_at(&self, seconds: u64, number: u64) -> String {
        let mut inner = Sha256::new();
        inner.update(self.config.secret);
        inner.update(seconds.to_be_bytes());
        inner.update(number.to_be_bytes());
        inner.update(self.config.realm.as_bytes());
        let mut outer = Sha256::new();
        outer.update(self.config.secret);
        outer.update(inner.finalize());
        format!("{seconds:x}.{number:x}.{}", hex(&outer.finalize()[..16]))
    }

    /// Says that a nonce went to this address.
    fn mark(&self, nonce: &str, address: IpAddr) -> String {
        let mut inner = Sha256::new();
        inner.update(self.config.secret);
        inner.update(b"sent to ");
        inner.update(address.to_canonical().to_string());
        inner.update(nonce);
        let mut outer = Sha256::new();
        outer.update(self.config.secret);
        outer.update(inner.finalize());
        hex(&outer.finalize()[..8])
    }

    /// The number of a nonce that is ours and young enough, wherever it went.
    fn number_of(&self, now: Instant, nonce: &str) -> Option<u64> {
        nonce.rsplit_once('.').and_then(|(nonce, _)| self.is_good(now, nonce))
    }

    /// The number of a nonce without its mark, if it is ours and young enough.
    fn is_good(&self, now: Instant, nonce: &str) -> Option<u64> {
        let mut parts = nonce.split('.');
        let seconds = u64::from_str_radix(parts.next()?, 16).ok()?;
        let number = u64::from_str_radix(parts.next()?, 16).ok()?;
        let genuine = same(self.nonce_at(seconds, number).as_bytes(), nonce.as_bytes());
        let age = now.saturating_duration_since(self.started).as_secs().checked_sub(seconds)?;
        (genuine && age <= self.config.nonce_lifetime.as_secs()).then_some(number)
    }

    /// Notes a count; answers whether it is new.
    fn use_count(&mut self, number: u64, count: u32) -> bool {
        if let Some(counts) = self.counts.get_mut(&number) {
            return counts.take(count);
        }
        if number < self.forgotten {
            return false;
        }
        if self.used.len() >= self.config.max_nonces
            && let Some(oldest) = self.used.pop_front()
        {
            self.counts.remove(&oldest);
            self.forgotten = self.forgotten.max(oldest + 1);
        }
        self.counts.insert(number, Counts { highest: count, seen: 1 });
        self.used.push_back(number);
        true
    }
}

/// Compares in a time that does not tell where the first difference is.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}
