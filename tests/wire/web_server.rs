//! A web server on loopback that does as a test says, also what no web server should.
//!
//! Shape: for each request the test's function says what is done; connections are kept until an act closes them.
//! Time: nothing here waits but for the client.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// The longest request that is read.
const LONGEST: usize = 65_536;

/// What is done about a request, one act after the other.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Sends bytes over and over, until the client goes.
    SendForEver(Vec<u8>),
    /// Waits until the client goes.
    Wait,
    /// Waits until so many requests have come.
    WaitFor(usize),
    /// Closes the connection.
    Close,
}

/// A web server; it ends with its test.
pub(crate) struct WebServer {
    pub(crate) at: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    connections: AtomicUsize,
    gone: Notify,
    more: Notify,
}

/// A whole answer.
pub(crate) fn page(status: u16, headers: &str, body: &str) -> Vec<Act> {
    let length = body.len();
    vec![Act::Send(format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes())]
}

impl WebServer {
    /// A server at this address, at any free port.
    pub(crate) async fn start(
        ip: impl Into<IpAddr>,
        tls: Option<TlsAcceptor>,
        acts: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((ip.into(), 0)).await.expect("a free port on loopback");
        let at = listener.local_addr().expect("a bound listener has an address");
        let (seen, acts) = (Arc::new(Seen::default()), Arc::new(acts));
        let here = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                here.connections.fetch_add(1, Ordering::SeqCst);
                let (here, acts, tls) = (here.clone(), acts.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        // A client that does not trust us goes in the handshake.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &here, &*acts).await;
                            }
                        }
                        None => serve(stream, &here, &*acts).await,
                    }
                    here.gone.notify_one();
                });
            }
        });
        Self { at, seen }
    }

    /// A URL of this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    /// All requests so far, whole.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().expect("nobody panics here").clone()
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Waits until a client has gone, or was sent away.
    pub(crate) async fn client_gone(&self) {
        self.seen.gone.notified().await;
    }
}

async fn serve<S>(mut stream: S, seen: &Seen, acts: &(dyn Fn(&str) -> Vec<Act> + Send + Sync))
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(request) = request(&mut stream).await {
        let acts = acts(&request);
        seen.requests.lock().expect("nobody panics here").push(request);
        seen.more.notify_waiters();
        for act in acts {
            let done = match act {
                Act::Send(bytes) => stream.write_all(&bytes).await.is_ok(),
                Act::SendForEver(bytes) => {
                    while stream.write_all(&bytes).await.is_ok() {}
                    false
                }
                Act::Wait => {
                    while stream.read(&mut [0; 256]).await.is_ok_and(|length| length > 0) {}
                    false
                }
                Act::WaitFor(count) => {
                    loop {
                        let more = seen.more.notified();
                        if seen.requests.lock().expect("nobody panics here").len() >= count {
                            break;
                        }
                        more.await;
                    }
                    true
                }
                Act::Close => false,
            };
            if !done {
                return;
            }
        }
    }
}

/// The next request, with its body.
async fn request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let head = bytes.windows(4).position(|end| end == b"\r\n\r\n").map(|end| end + 4);
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().expect("a length"));
            if bytes.len() >= head + length {
                return Some(String::from_utf8_lossy(&bytes[..head + length]).into_owned());
            }
        }
        let mut buffer = [0; 4_096];
        let length = stream.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&buffer[..length]);
        assert!(bytes.len() <= LONGEST, "a request is longer than any test's");
    }
}
