//! Lines to web servers that stay open: WebSocket (RFC 6455).
//!
//! Shape: an URL in, a [`Socket`] out. Where it may lead is judged as for any request: the address that was judged is the one that is
//! connected to. The [`WebWire`](super::WebWire) brings bytes there and back, the handshake is ours. No redirect is followed.
//! Time: all of it may take [`PATIENCE`].
//! Errors: [`StreamError`].

use std::{future::Future, pin::Pin, time::Duration};

use antiphon_ivr::{FetchError, op::StreamError};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error,
        client::IntoClientRequest,
        http::{HeaderName, HeaderValue},
        protocol::WebSocketConfig,
    },
};
use url::Url;

use super::{
    USER_AGENT, Web,
    place::Place,
    signature::{SIGNATURE, TIMESTAMP},
};
use crate::store::ClientId;

/// How long it may take until messages flow.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest message that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// Bytes to a web server and back.
pub trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

/// A line on its way.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Line>, FetchError>> + Send + 'a>>;

/// An open WebSocket.
pub type Socket = WebSocketStream<Box<dyn Line>>;

impl Web {
    /// Opens a WebSocket in a client's name.
    ///
    /// # Errors
    /// [`StreamError`].
    pub async fn open(&self, client: ClientId, url: &str) -> Result<Socket, StreamError> {
        let opened = timeout(PATIENCE, self.try_open(client, url)).await;
        opened.unwrap_or_else(|_| Err(StreamError::Unreachable("it takes too long".to_owned())))
    }

    async fn try_open(&self, client: ClientId, url: &str) -> Result<Socket, StreamError> {
        let place = place(url)?;
        place.check(&self.policy).map_err(failed)?;
        let line = self.wire.open(place.url().clone()).await.map_err(failed)?;
        let mut shown = place.url().to_string();
        // The same place in the words of WebSocket.
        shown.replace_range(..4, "ws");
        let bad = |error: Error| StreamError::BadUrl(error.to_string());
        let mut request = shown.as_str().into_client_request().map_err(bad)?;
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                request.headers_mut().insert(HeaderName::from_static(name), value);
            }
        };
        put("user-agent", USER_AGENT);
        if let Some(basic) = place.basic() {
            put("authorization", basic);
        }
        if let Some(key) = self.signing_key(client) {
            let now = super::seconds();
            put(TIMESTAMP, &now.to_string());
            put(SIGNATURE, &key.sign("GET", &shown, now, b""));
        }
        let config = WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
        match client_async_with_config(request, line, Some(config)).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(answer)) => Err(StreamError::Status(answer.status().as_u16())),
            Err(Error::Io(error)) => Err(StreamError::Unreachable(error.to_string())),
            Err(error) => Err(StreamError::Broken(error.to_string())),
        }
    }
}

/// Whether a text is a URL that a WebSocket could be opened at, whatever its name leads to.
///
/// # Errors
/// [`StreamError::BadUrl`] when it could not.
pub fn check_socket_url(url: &str) -> Result<(), StreamError> {
    place(url).map(drop)
}

/// Where a URL leads, read as one of http or https is.
fn place(text: &str) -> Result<Place, StreamError> {
    let bad = |problem: &str| StreamError::BadUrl(problem.to_owned());
    let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
    let rest = match url.scheme() {
        "ws" => url.as_str().strip_prefix("ws").map(|rest| format!("http{rest}")),
        "wss" => url.as_str().strip_prefix("wss").map(|rest| format!("https{rest}")),
        _ => None,
    };
    Place::read(&rest.ok_or_else(|| bad("it begins with neither ws:// nor wss://"))?).map_err(failed)
}

fn failed(error: FetchError) -> StreamError {
    match error {
        FetchError::BadUrl(problem) => StreamError::BadUrl(problem),
        FetchError::Denied(place) => StreamError::Denied(place),
        error => StreamError::Unreachable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_websocket_are_read_and_lead_to_the_ports_of_the_web() {
        for (url, expected) in [
            ("ws://example.com/a?b=c#d", "http://example.com/a?b=c"),
            ("wss://user:pass@example.com", "https://example.com/"),
            ("wss://example.com:8443/x", "https://example.com:8443/x"),
            ("WSS://2130706433/", "https://127.0.0.1/"),
        ] {
            assert_eq!(place(url).map(|place| place.url().to_string()), Ok(expected.to_owned()), "{url}");
        }
        for url in ["http://example.com/", "wssx://example.com/", "", "ws://"] {
            assert!(matches!(check_socket_url(url), Err(StreamError::BadUrl(_))), "{url}");
        }
        let loopback = place("ws://127.0.0.1/").unwrap();
        assert!(loopback.check(&crate::web::policy::Policy::default()).is_err(), "as for any request");
    }
}
