//! Digest authentication, both ways.
//!
//! Shape: [`Authenticator`] challenges and verifies requests; [`Wallet`] answers the challenges our requests get.
//! Time: told; nonces live as long as their configuration says.
//! Errors: credentials that do not parse are [`Verdict::Missing`], those that do not fit [`Verdict::Wrong`].
//! Sources: RFC 3261 §22, RFC 7616, RFC 8760 (SHA-256 in SIP).

mod answer;
mod digest;
#[cfg(test)]
mod tests;
mod verify;
mod wallet;

pub(crate) use answer::Answered;
pub use digest::Algorithm;
pub use verify::{AuthConfig, Authenticator, Secret, Verdict};
pub(crate) use wallet::{Bound, Covered, Wallet};
