//! Web servers over the network.
//!
//! Shape: HTTP/1.1 over TCP and TLS. Names are looked up when a connection is made, and only addresses that the policy lets through are
//! connected to, so that a name that changes its address in between gains nothing.
//! Time: a connection is waited for `CONNECT`, a free one is kept for `IDLE`.
//! Errors: [`FetchError`]; what stands in it is the cause, and never the URL.
//! No proxy of the environment, no cookies, no decompression, no redirects and no second try.

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
        CertificateDer,
        pem::{self, PemObject},
    },
};

use super::{
    policy::{Closed, Policy},
    redirect::is_redirect,
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
#[derive(Debug)]
pub struct Internet {
    client: Client,
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
        let lookup = Lookup { names, policy: Arc::new(settings.policy.clone()) };
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .http1_max_headers(FIELDS)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(settings.max_per_host)
            .dns_resolver(Arc::new(lookup))
            .build();
        Ok(Self { client: client.map_err(WebError::Client)? })
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

impl WebWire for Internet {
    fn carry(&self, errand: Errand) -> Answering<'_> {
        Box::pin(self.ask(errand))
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

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, policy) = (self.names.clone(), self.policy.clone());
        Box::pin(async move {
            let records = names.ask(name.as_str(), Question::Address).await;
            let addresses = records.into_iter().filter_map(|record| match record {
                Record::Address(address) => Some(address),
                Record::Naptr(_) | Record::Srv(_) => None,
            });
            let open = open(&policy, addresses)?.into_iter();
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
