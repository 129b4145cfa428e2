//! The signature by which a web server knows that a request is ours.
//!
//! Shape: two headers. `X-Antiphon-Timestamp` holds the seconds since 1970, `X-Antiphon-Signature` `v1=` and, in hexadecimal, the
//! HMAC-SHA256 over the lines `v1`, method, URL and timestamp, each ended by a line feed, and behind them the body. The URL is the one
//! asked, with its query and without user, password and fragment.
//! The key is one for each client, so that what a client's web server learns proves nothing to another's: the HMAC-SHA256 of
//! `antiphon client <id>` under the secret of the settings, in hexadecimal; those 64 characters are the key.
//! Sources: RFC 2104.

use std::io;

use ring::hmac;

use super::file::SentFile;
use crate::store::ClientId;

/// The header with the moment of the request.
pub const TIMESTAMP: &str = "x-antiphon-timestamp";
/// The header with the signature.
pub const SIGNATURE: &str = "x-antiphon-signature";

/// What the keys of clients are made of.
#[derive(Clone)]
pub struct SigningSecret(hmac::Key);

/// The key of one client.
#[derive(Clone, Eq, PartialEq)]
pub struct SigningKey(String);

impl SigningSecret {
    /// The secret of the settings.
    pub fn new(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The key of a client.
    pub fn key_of(&self, client: ClientId) -> SigningKey {
        SigningKey(hex(hmac::sign(&self.0, format!("antiphon client {client}").as_bytes()).as_ref()))
    }
}

impl SigningKey {
    /// The key, as the client's web server has to have it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of [`SIGNATURE`].
    pub fn sign(&self, method: &str, url: &str, timestamp: u64, body: &[u8]) -> String {
        let mut context = self.begin(method, url, timestamp);
        context.update(body);
        written(context)
    }

    /// The same where the body is a file. It reads the disk: not for a thread that serves others.
    pub(super) fn sign_file(&self, method: &str, url: &str, timestamp: u64, file: &SentFile) -> io::Result<String> {
        let mut context = self.begin(method, url, timestamp);
        file.sign(&mut context)?;
        Ok(written(context))
    }

    fn begin(&self, method: &str, url: &str, timestamp: u64) -> hmac::Context {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        let mut context = hmac::Context::with_key(&key);
        context.update(format!("v1\n{method}\n{url}\n{timestamp}\n").as_bytes());
        context
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret")
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey")
    }
}

fn written(context: hmac::Context) -> String {
    format!("v1={}", hex(context.sign().as_ref()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out with the `hmac` of another language.
    #[test]
    fn a_signature_is_what_others_work_out() {
        let key = SigningSecret::new("a secret of the settings").key_of(ClientId(7));
        assert_eq!(key.as_str(), "35207cf1c834217f4455fda97d2c8be71eb6995f4a32b74cfff51c18e050bc31");
        let signature = key.sign("POST", "https://example.com/menu?x=1", 1_800_000_000, b"CallID=1&Digits=%2A");
        assert_eq!(signature, "v1=1c8090dcb9829c0f8780767e4809df448a019113df97f1c9615a5d1f722ff3a1");
    }

    #[test]
    fn each_part_counts_and_each_client_has_a_key_of_its_own() {
        let secret = SigningSecret::new("secret");
        let key = secret.key_of(ClientId(1));
        let one = key.sign("GET", "http://a/", 1, b"");
        for other in [
            key.sign("POST", "http://a/", 1, b""),
            key.sign("GET", "http://b/", 1, b""),
            key.sign("GET", "http://a/", 2, b""),
            key.sign("GET", "http://a/", 1, b"x"),
            secret.key_of(ClientId(2)).sign("GET", "http://a/", 1, b""),
            SigningSecret::new("other").key_of(ClientId(1)).sign("GET", "http://a/", 1, b""),
        ] {
            assert_ne!(other, one);
        }
    }

    #[test]
    fn neither_secret_nor_key_is_shown_by_debugging() {
        let secret = SigningSecret::new("geheim");
        assert_eq!(format!("{secret:?} {:?}", secret.key_of(ClientId(1))), "SigningSecret SigningKey");
    }
}
