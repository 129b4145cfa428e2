//! Certificates that a test makes.
//!
//! Shape: one authority, which both sides know; its certificates are for [`NAME`] or whatever a test asks for.
//! Sources: RFC 3261 §26.3.1; RFC 5922 §7.

use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// The name in the certificates.
pub(crate) const NAME: &str = "sip.antiphon.test";

/// An authority, whose certificates the server shows.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are good names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// A new certificate for this name, and its key.
    fn certificate(&self, name: &str) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a good name");
        (params.signed_by(&key, &self.0).expect("a certificate"), key)
    }

    /// Writes a new certificate and its key into the folder, in place of those before.
    pub(crate) fn issue(&self, folder: &Path) {
        self.issue_for(folder, NAME);
    }

    /// The same for another name, or an address.
    pub(crate) fn issue_for(&self, folder: &Path, name: &str) {
        let (certificate, key) = self.certificate(name);
        std::fs::write(folder.join("ca.pem"), self.0.pem()).expect("the folder takes a file");
        std::fs::write(folder.join("certificate.pem"), certificate.pem()).expect("the folder takes a file");
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).expect("the folder takes a file");
    }

    /// Who shows a certificate for this name.
    pub(crate) fn server(&self, name: &str) -> Arc<ServerConfig> {
        let (certificate, key) = self.certificate(name);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.expect("ring does TLS").with_no_client_auth();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        Arc::new(builder.with_single_cert(vec![certificate.der().clone()], key).expect("a pair"))
    }

    /// Who trusts this authority.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Arc::new(builder.expect("ring does TLS").with_root_certificates(roots).with_no_client_auth())
    }
}
