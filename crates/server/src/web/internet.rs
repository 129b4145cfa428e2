//! Web servers over the network.
//!
//! Shape: HTTP/1.1 over TCP and TLS. Names are looked up when a connection is made, and only addresses that the policy lets through are
//! connected to, so that a name that changes its address in between gains nothing.
//! Time: a connection is waited for `CONNECT`, a free one is kept for `IDLE`.
//! Errors: [`FetchError`]; what stands in it is the cause, and never the URL.
//! No proxy of the environment, no cookies, no redirects and no second try; an answer in gzip is unpacked while it comes, up to as many bytes
//! as any other may have.

use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_ivr::{FetchError, FetchMethod};
use reqwest::{
    Client, Method,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderName, HeaderValue},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{
        CertificateDer, ServerName,
        pem::{self, PemObject},
    },
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::{
    policy::{Closed, Policy},
    redirect::is_redirect,
    socket::{Line, Opening},
    wire::{Answer, Answering, Errand, WebWire},
};
use crate::{
    locate::{Names, Question, Record},
    roots,
    settings::WebSettings,
};

/// How long a connection may take, the handshake of TLS with it.
const CONNECT: Duration = Duration::from_secs(4);
/// How long a connection that nobody uses is kept: less than the 5 s after which common servers close it, so that no request runs into
/// that.
const IDLE: Duration = Duration::from_secs(4);
/// Header fields of an answer at most.
const FIELDS: usize = 100;
/// Bytes of an answer's header fields at most. The reader itself stops at some 400 kB.
const HEADER_BYTES: usize = 65_536;
/// Addresses of a name that are tried.
const ADDRESSES: usize = 8;
/// Headers that belong to the connection, and that no script sets.
const OURS: [&str; 8] =
    ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "proxy-authorization"];

/// Why web servers cannot be asked at all. The message is one line and names the setting.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The file of further roots cannot be read, or has nothing of use in it.
    #[error("http_client.tls_ca: {path}: {cause}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: pem::Error,
    },
    /// A certificate in it cannot be trusted as a root.
    #[error("http_client.tls_ca: {path}: {cause}", path = path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: rustls::Error,
    },
    /// The cryptography that was built in is not enough for TLS.
    #[error("http_client: TLS cannot be used: {0}")]
    Tls(rustls::Error),
    /// The client cannot be made.
    #[error("http_client: {0}")]
    Client(reqwest::Error),
}

/// Web servers over the network.
pub struct Internet {
    client: Client,
    /// For lines that stay open.
    tls: Arc<ClientConfig>,
    lookup: Arc<Lookup>,
}

impl Internet {
    /// A client that trusts the system's roots and those of the settings. It opens nothing until it is asked to.
    ///
    /// # Errors
    /// [`WebError`].
    pub fn new(settings: &WebSettings, names: Arc<dyn Names>) -> Result<Self, WebError> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let tls = tls.with_safe_default_protocol_versions().map_err(WebError::Tls)?;
        let tls = tls.with_root_certificates(roots(settings.tls_ca.as_deref())?).with_no_client_auth();
        let lookup = Arc::new(Lookup { names, policy: Arc::new(settings.policy.clone()) });
        let lines = Arc::new(tls.clone());
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .gzip(true)
            .http1_only()
            .http1_max_headers(FIELDS)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(settings.max_per_host)
            .dns_resolver(lookup.clone())
            .build();
        Ok(Self { client: client.map_err(WebError::Client)?, tls: lines, lookup })
    }

    async fn ask(&self, errand: Errand) -> Result<Answer, FetchError> {
        let method = match errand.method {
            FetchMethod::Get => Method::GET,
            FetchMethod::Post => Method::POST,
            FetchMethod::Put => Method::PUT,
            FetchMethod::Patch => Method::PATCH,
        };
        let mut request = self.client.request(method, errand.url);
        for (name, value) in errand.headers {
            let (name, value) = header(&name, &value).ok_or(FetchError::BadHeader(name))?;
            request = request.header(name, value);
        }
        let has_file = errand.file.is_some();
        if let Some(file) = errand.file {
            request = request.body(reqwest::Body::wrap(file.body()));
        } else if let Some(body) = errand.body {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(failed)?;
        let fields = response.headers().iter();
        let fields =
            fields.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let mut answer = Answer { status: response.status().as_u16(), headers: fields.collect(), body: Vec::new() };
        if answer.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > HEADER_BYTES {
            return Err(FetchError::NotHttp("its header is too long".to_owned()));
        }
        if is_redirect(answer.status) && answer.header("location").is_some() {
            return Ok(answer);
        }
        if has_file {
            return Ok(answer);
        }
        let room = errand.max_bytes;
        if response.content_length().is_some_and(|length| length > room as u64) {
            return Err(FetchError::TooLarge);
        }
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if answer.body.len() + chunk.len() > room {
                return Err(FetchError::TooLarge);
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

impl Internet {
    /// A connection to the first of the place's addresses that takes one.
    async fn connect(&self, url: Url) -> Result<Box<dyn Line>, FetchError> {
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0));
        let addresses = match url.host() {
            Some(Host::Ipv4(address)) => open(&self.lookup.policy, std::iter::once(address.into())),
            Some(Host::Ipv6(address)) => open(&self.lookup.policy, std::iter::once(address.into())),
            _ => self.lookup.addresses(host).await,
        };
        let addresses = addresses.map_err(|nowhere| match nowhere {
            Nowhere::Closed(closed) => FetchError::Denied(closed.to_string()),
            Nowhere::Nameless => FetchError::Unreachable(nowhere.to_string()),
        })?;
        let mut why = "it takes too long".to_owned();
        for address in addresses {
            match timeout(CONNECT, TcpStream::connect((address, port))).await {
                Ok(Ok(stream)) => return self.protect(&url, stream).await,
                Ok(Err(error)) => why = error.to_string(),
                Err(_) => {}
            }
        }
        Err(FetchError::Unreachable(why))
    }

    async fn protect(&self, url: &Url, stream: TcpStream) -> Result<Box<dyn Line>, FetchError> {
        // Small messages are not to wait for each other.
        let _ = stream.set_nodelay(true);
        if url.scheme() != "https" {
            return Ok(Box::new(stream));
        }
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|error| FetchError::BadUrl(error.to_string()))?;
        let connector = TlsConnector::from(self.tls.clone());
        match timeout(CONNECT, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(FetchError::Unreachable(error.to_string())),
            Err(_) => Err(FetchError::Unreachable("it takes too long".to_owned())),
        }
    }
}

impl WebWire for Internet {
    fn carry(&self, errand: Errand) -> Answering<'_> {
        Box::pin(self.ask(errand))
    }

    fn open(&self, url: Url) -> Opening<'_> {
        Box::pin(self.connect(url))
    }
}

/// Whom we trust: the system's roots, and those of the settings.
fn roots(ca: Option<&Path>) -> Result<RootCertStore, WebError> {
    let mut roots = roots::of_the_system();
    let Some(path) = ca else { return Ok(roots) };
    let failed = |cause| WebError::File { path: path.to_owned(), cause };
    let found = CertificateDer::pem_file_iter(path).map_err(failed)?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    if found.is_empty() {
        return Err(failed(pem::Error::NoItemsFound));
    }
    for certificate in found {
        roots.add(certificate).map_err(|cause| WebError::Certificate { path: path.to_owned(), cause })?;
    }
    Ok(roots)
}

/// A header field that a script may set.
fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let is_free = !OURS.contains(&name.as_str());
    is_free.then(|| HeaderValue::from_str(value).ok().map(|value| (name, value)))?
}

/// Looks names up for connections.
#[derive(Clone)]
struct Lookup {
    names: Arc<dyn Names>,
    policy: Arc<Policy>,
}

/// Why a name leads nowhere.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
enum Nowhere {
    #[error("its name has no address")]
    Nameless,
    #[error("{0}")]
    Closed(#[from] Closed),
}

impl Lookup {
    /// The addresses of a name that may be connected to.
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Nowhere> {
        let records = self.names.ask(name, Question::Address).await;
        let addresses = records.into_iter().filter_map(|record| match record {
            Record::Address(address) => Some(address),
            Record::Naptr(_) | Record::Srv(_) => None,
        });
        open(&self.policy, addresses)
    }
}

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.clone();
        Box::pin(async move {
            let open = lookup.addresses(name.as_str()).await?.into_iter();
            // The port is that of the URL.
            Ok(Box::new(open.map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

/// Those addresses of a name that may be connected to.
fn open(policy: &Policy, addresses: impl Iterator<Item = IpAddr>) -> Result<Vec<IpAddr>, Nowhere> {
    let (mut open, mut why) = (Vec::new(), Nowhere::Nameless);
    for address in addresses {
        match policy.check(address) {
            Ok(()) => open.push(address),
            Err(closed) => why = closed.into(),
        }
    }
    open.truncate(ADDRESSES);
    if open.is_empty() { Err(why) } else { Ok(open) }
}

/// What came of a request that has no answer.
fn failed(error: reqwest::Error) -> FetchError {
    // Its own text has the URL in it.
    let error = error.without_url();
    let (mut deepest, mut nowhere, mut next) = (error.to_string(), None, error.source());
    while let Some(cause) = next {
        deepest = cause.to_string();
        nowhere = nowhere.or(cause.downcast_ref::<Nowhere>());
        next = cause.source();
    }
    match nowhere {
        Some(Nowhere::Closed(closed)) => FetchError::Denied(closed.to_string()),
        Some(Nowhere::Nameless) => FetchError::Unreachable(Nowhere::Nameless.to_string()),
        None if error.is_timeout() => FetchError::Unreachable("it takes too long".to_owned()),
        None if error.is_connect() => FetchError::Unreachable(deepest),
        None => FetchError::NotHttp(deepest),
    }
}

#[cfg(test)]
mod tests;
