//! The digest itself, and the parameter lists that carry it.
//!
//! Shape: names and values in, hexadecimal digits out.
//! Errors: a list that does not parse has no fields.
//! Sources: RFC 7616 §3.4.1 to §3.4.3, RFC 8760 §2.

use crate::message::text::{find_outside_quotes, split_outside_quotes, unquote};
use crate::token::hex;
use md5::Md5;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// At most this many fields are read from one header.
const MAX_FIELDS: usize = 32;

/// The hash of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// SHA-256 (RFC 8760).
    Sha256,
    /// MD5 (RFC 2617), the one that every phone has.
    Md5,
}

impl Algorithm {
    /// The algorithm a challenge or an answer names; MD5 when it names none (RFC 7616 §3.3).
    pub(super) fn named(name: Option<&str>) -> Option<Self> {
        match name.map(str::to_ascii_uppercase).as_deref() {
            None | Some("MD5") => Some(Self::Md5),
            Some("SHA-256") => Some(Self::Sha256),
            Some(_) => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    /// The hash of the parts with colons between.
    fn hash(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self {
            Self::Sha256 => hex(&Sha256::digest(text)),
            Self::Md5 => hex(&Md5::digest(text)),
        }
    }
}

/// All that goes into a response.
pub(super) struct Exchange<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) username: &'a str,
    pub(super) realm: &'a str,
    pub(super) password: &'a str,
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    pub(super) nonce: &'a str,
    /// Count and client nonce with `qop=auth`; `None` for peers of RFC 2069.
    pub(super) count: Option<(&'a str, &'a str)>,
}

impl Exchange<'_> {
    /// The `response` field.
    pub(super) fn response(&self) -> String {
        let a1 = self.algorithm.hash(&[self.username, self.realm, self.password]);
        let a2 = self.algorithm.hash(&[self.method, self.uri]);
        match self.count {
            Some((nc, cnonce)) => self.algorithm.hash(&[&a1, self.nonce, nc, cnonce, "auth", &a2]),
            None => self.algorithm.hash(&[&a1, self.nonce, &a2]),
        }
    }
}

/// The fields of a `Digest` challenge or answer, names in lower case, values without quotes.
pub(super) fn fields(value: &str) -> HashMap<String, String> {
    let Some((scheme, list)) = value.trim().split_once([' ', '\t']) else { return HashMap::new() };
    if !scheme.eq_ignore_ascii_case("Digest") {
        return HashMap::new();
    }
    let cut = |field: &str| {
        let at = find_outside_quotes(field, b'=')?;
        Some((field[..at].trim().to_ascii_lowercase(), unquote(field[at + 1..].trim()).into_owned()))
    };
    split_outside_quotes(list, b',').into_iter().take(MAX_FIELDS).filter_map(cut).collect()
}
