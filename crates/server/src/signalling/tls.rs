//! TLS for SIP: who we are, and whom we trust.
//!
//! Shape: [`Tls`] holds both sides' configuration as it was last read; a handshake takes the present one, a connection keeps its
//! own. As a client we show our certificate too where we are asked for one, and the far end must prove the name of the URI's host,
//! or, where that is an address, the address.
//! Errors: [`TlsError`] names the setting whose file is unusable; what was read before then stays in force.
//! Sources: RFC 3261 §26.3; RFC 5922 §7 (names); RFC 8996 (TLS 1.2 and later); RFC 7301 (ALPN).

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, PrivateKeyDer, ServerName,
        pem::{self, PemObject},
    },
    server::ParsedCertificate,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::{roots, settings::TlsSettings};

/// The protocol's name in ALPN, as IANA has it.
const ALPN: &[u8] = b"sip/2";

/// Why the files of TLS are unusable. The message is one line and names the setting.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or has nothing of use in it.
    #[error("sip.{setting}: {path}: {cause}", path = path.display())]
    File {
        /// The key in `[sip]`.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: pem::Error,
    },
    /// A file holds no certificate.
    #[error("sip.{setting}: {path}: holds no certificate", path = path.display())]
    Empty {
        /// The key in `[sip]`.
        setting: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A certificate is none, or cannot be trusted as a root.
    #[error("sip.{setting}: {path}: {cause}", path = path.display())]
    Certificate {
        /// The key in `[sip]`.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: rustls::Error,
    },
    /// Certificate and key do not belong together, or are of a kind that is not known.
    #[error("sip.tls_key: {path}: does not fit sip.tls_certificate: {cause}", path = path.display())]
    Pair {
        /// The file of the key.
        path: PathBuf,
        /// What is wrong.
        cause: rustls::Error,
    },
    /// The cryptography that was built in is not enough for TLS.
    #[error("TLS cannot be used: {0}")]
    Unusable(rustls::Error),
}

/// Both sides' configuration.
#[derive(Debug)]
pub struct Tls {
    server: ArcSwap<ServerConfig>,
    client: ArcSwap<ClientConfig>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`] for the first that is unusable.
    pub fn load(settings: &TlsSettings) -> Result<Self, TlsError> {
        let (server, client) = read(settings)?;
        Ok(Self { server: ArcSwap::from_pointee(server), client: ArcSwap::from_pointee(client) })
    }

    /// Reads the files again. Connections that are up keep what they have; without a usable pair the old one stays.
    ///
    /// # Errors
    /// [`TlsError`] for the first that is unusable.
    pub fn reload(&self, settings: &TlsSettings) -> Result<(), TlsError> {
        let (server, client) = read(settings)?;
        self.server.store(Arc::new(server));
        self.client.store(Arc::new(client));
        Ok(())
    }

    /// The handshake of a connection that was taken.
    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<server::TlsStream<S>> {
        TlsAcceptor::from(self.server.load_full()).accept(stream).await
    }

    /// The handshake of a connection that we made, and the certificate that the far end proved this name with.
    pub(super) async fn connect(
        &self,
        name: ServerName<'static>,
        stream: TcpStream,
    ) -> io::Result<(client::TlsStream<TcpStream>, CertificateDer<'static>)> {
        let stream = TlsConnector::from(self.client.load_full()).connect(name, stream).await?;
        let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).cloned();
        let certificate = certificate.ok_or_else(|| io::Error::other("the far end has no certificate"))?;
        Ok((stream, certificate))
    }
}

/// Whether a certificate that was verified once is one for this name too.
pub(super) fn is_for(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let parsed = ParsedCertificate::try_from(certificate);
    parsed.is_ok_and(|parsed| rustls::client::verify_server_name(&parsed, name).is_ok())
}

fn read(settings: &TlsSettings) -> Result<(ServerConfig, ClientConfig), TlsError> {
    let provider = Arc::new(ring::default_provider());
    let chain = certificates("tls_certificate", &settings.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&settings.key).map_err(|cause| TlsError::File {
        setting: "tls_key",
        path: settings.key.clone(),
        cause,
    })?;
    let alpn = if settings.alpn { vec![ALPN.to_vec()] } else { Vec::new() };
    let mut server = server_config(provider.clone(), chain.clone(), key.clone_key(), &settings.key)?;
    server.alpn_protocols.clone_from(&alpn);
    let roots = roots(settings.ca.as_deref())?;
    let mut client = client_config(provider, roots, (chain, key), &settings.key)?;
    client.alpn_protocols = alpn;
    Ok((server, client))
}

fn server_config(
    provider: Arc<CryptoProvider>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    path: &Path,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(TlsError::Unusable)?.with_no_client_auth();
    builder.with_single_cert(chain, key).map_err(|cause| TlsError::Pair { path: path.to_owned(), cause })
}

fn client_config(
    provider: Arc<CryptoProvider>,
    roots: RootCertStore,
    (chain, key): (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>),
    path: &Path,
) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(TlsError::Unusable)?.with_root_certificates(roots);
    builder.with_client_auth_cert(chain, key).map_err(|cause| TlsError::Pair { path: path.to_owned(), cause })
}

/// Whom we trust when we connect: the system's roots, and those of the settings.
fn roots(ca: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = roots::of_the_system();
    let Some(path) = ca else { return Ok(roots) };
    let setting = "tls_ca";
    for certificate in certificates(setting, path)? {
        roots.add(certificate).map_err(|cause| TlsError::Certificate { setting, path: path.to_owned(), cause })?;
    }
    Ok(roots)
}

fn certificates(setting: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |cause| TlsError::File { setting, path: path.to_owned(), cause };
    let found = CertificateDer::pem_file_iter(path).map_err(failed)?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    if found.is_empty() { Err(TlsError::Empty { setting, path: path.to_owned() }) } else { Ok(found) }
}

#[cfg(test)]
mod tests;
