//! Secrets of applications.
//!
//! Shape: a secret is 32 bytes of the operating system's generator in hexadecimal; the store keeps its argon2id hash.
//! Time: hashing and checking are slow on purpose, tens of milliseconds: not for a thread that serves others.
//! Sources: RFC 9106 (argon2id), RFC 6749 §2.3.1.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::TryRngCore;
use rand::rngs::OsRng;

/// Memory of one check in KiB, passes and lanes: the first recommendation of OWASP for argon2id.
const COST: (u32, u32, u32) = (19_456, 2, 1);

/// A random secret in clear.
pub struct Secret(String);

/// What is kept of a secret, in PHC form.
#[derive(Clone)]
pub struct SecretHash(Arc<str>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Bytes that nobody can guess.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).expect("a system without random numbers can keep no secret and must not run");
    bytes
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes whatever is written");
        text
    })
}

fn argon2() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).expect("the cost is within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

impl Secret {
    /// A new secret.
    pub fn random() -> Self {
        Self(hexadecimal(&random::<32>()))
    }

    /// The secret in clear, for the one who is to have it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What to keep of it.
    pub fn hash(&self) -> SecretHash {
        let salt = SaltString::encode_b64(&random::<16>()).expect("sixteen bytes are a good salt");
        let hash = argon2().hash_password(self.0.as_bytes(), &salt).expect("argon2 takes 64 characters");
        SecretHash(hash.to_string().into())
    }
}

impl SecretHash {
    /// A hash as the database has it.
    pub(super) fn stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The PHC form.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the secret.
    pub fn verify(&self, secret: &str) -> bool {
        PasswordHash::new(&self.0).is_ok_and(|hash| argon2().verify_password(secret.as_bytes(), &hash).is_ok())
    }
}

/// A new OAuth2 `client_id`.
pub(crate) fn random_id() -> String {
    hexadecimal(&random::<16>())
}
