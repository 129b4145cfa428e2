//! Whose certificates are believed: the system's roots.
//!
//! Errors: what is unusable among them is left out and logged.

use rustls::RootCertStore;

/// The roots of the system, so that its administrator and its updates decide.
pub(crate) fn of_the_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        tracing::warn!(%error, "some of the system's root certificates are unusable");
    }
    roots.add_parsable_certificates(found.certs);
    roots
}
