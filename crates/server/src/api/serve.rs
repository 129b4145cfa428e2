//! The HTTP listener.
//!
//! Shape: one task a connection, a fixed number of connections; HTTP/1.1.
//! Time: a head has to be whole within [`limits::HEAD_TIME`], a request answered within [`limits::REQUEST_TIME`], and a connection
//! takes no new request after [`limits::CONNECTION_TIME`] or the order to stop, but finishes the one it has.
//! Errors: those of one connection end that connection.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::error::ApiError;
use super::limits;

/// How long to pause when no connection can be taken, as when the process has no file left.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is done, then lets the connections finish for a few seconds.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let turns = Arc::new(Semaphore::new(limits::CONNECTIONS as usize));
    let stopping = watch::Sender::new(());
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &turns) => accepted,
        };
        let (stream, turn) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (router, stopped) = (router.clone(), stopping.subscribe());
        let patience = patience(turns.available_permits());
        tokio::spawn(async move {
            converse(stream, router, stopped, patience).await;
            drop(turn);
        });
    }
    drop((listener, stopping));
    // Every turn is back when no connection is left.
    let closed = tokio::time::timeout(limits::CLOSING_TIME, turns.acquire_many(limits::CONNECTIONS)).await;
    if closed.is_err() {
        tracing::debug!("some HTTP connections were cut at the end");
    }
}

/// How long a new connection may be silent, with so many more that could be taken.
fn patience(free: usize) -> Duration {
    match free {
        0..HALF => limits::CROWDED_HEAD_TIME,
        _ => limits::HEAD_TIME,
    }
}

/// Half of all connections.
const HALF: usize = limits::CONNECTIONS as usize / 2;

/// Serves one connection. When its time is over or the server stops, the request that is on its way is still answered: whoever
/// asked for a change must learn what became of it.
async fn converse<S>(stream: S, router: Router, mut stopped: watch::Receiver<()>, patience: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Ok(ended),
        () = tokio::time::sleep(limits::CONNECTION_TIME) => Err(()),
        // Nothing is ever sent: this is the end of the sender.
        _ = stopped.changed() => Err(()),
    };
    let ended = match ended {
        Ok(ended) => Ok(ended),
        Err(()) => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(limits::REQUEST_TIME, connection).await
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "an HTTP connection failed"),
        Err(_) => tracing::debug!("an HTTP connection lasted too long"),
    }
}

async fn accept(
    listener: &TcpListener,
    turns: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let turn = Arc::clone(turns).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // A peer that has gone already is found out when it is read from.
    let _ = stream.set_nodelay(true);
    Ok((stream, turn))
}

/// Gives every request its time, its name, and a line in the log at DEBUG.
pub(super) async fn within_time(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let id = request_id(&request);
    let began = Instant::now();
    let answered = tokio::time::timeout(limits::REQUEST_TIME, next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| ApiError::TooSlow.into_response());
    let (status, ms) = (response.status().as_u16(), began.elapsed().as_millis());
    tracing::debug!(%method, path, status, ms, request_id = id.to_str().unwrap_or_default(), "request");
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest name of a request that is taken over from it.
const LONGEST_ID: usize = 64;

/// The name that a request came with, where it is a plain one, else a fresh one.
fn request_id(request: &Request) -> HeaderValue {
    let plain = |id: &&HeaderValue| {
        let id = id.as_bytes();
        (1..=LONGEST_ID).contains(&id.len())
            && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    let given = request.headers().get(REQUEST_ID).filter(plain).cloned();
    given.unwrap_or_else(|| {
        let fresh = format!("{:032x}", rand::random::<u128>());
        HeaderValue::from_str(&fresh).expect("hexadecimal digits make a header")
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Asks for something that takes 10 s, shortly before `end` says that the connection is over; the answer, whole.
    async fn asked_late(end: impl AsyncFnOnce(watch::Sender<()>)) -> String {
        let slow = || async { tokio::time::sleep(Duration::from_secs(10)).await };
        let router = Router::new().route("/slow", get(slow)).route("/", get(|| async {}));
        let (mut client, server) = tokio::io::duplex(4096);
        let stopping = watch::Sender::new(());
        tokio::spawn(converse(server, router, stopping.subscribe(), limits::HEAD_TIME));
        let mut buffer = [0; 1024];
        let began = tokio::time::Instant::now();
        while began.elapsed() + Duration::from_secs(5) < limits::CONNECTION_TIME {
            client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            assert!(client.read(&mut buffer).await.unwrap() > 0, "a busy connection stays");
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        client.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        tokio::task::yield_now().await;
        end(stopping).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_on_its_way_is_answered_at_the_end_of_the_connection() {
        // The first waits for the connection's own end, the second is the server's.
        let answer = asked_late(async |stopping| {
            tokio::time::sleep(Duration::from_secs(9)).await;
            drop(stopping);
        });
        assert!(answer.await.starts_with("HTTP/1.1 200"));
        let answer = asked_late(async |stopping| drop(stopping)).await;
        assert!(answer.starts_with("HTTP/1.1 200"));
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    }
    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_ends_the_connection() {
        let (mut client, server) = tokio::io::duplex(4096);
        let stopping = watch::Sender::new(());
        tokio::spawn(converse(server, Router::new(), stopping.subscribe(), limits::HEAD_TIME));
        let began = tokio::time::Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
        client.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(began.elapsed().as_secs(), limits::HEAD_TIME.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_in_a_crowd_makes_room_soon() {
        let all = limits::CONNECTIONS as usize;
        for (taken, expect) in [(0, limits::HEAD_TIME), (all / 2, limits::HEAD_TIME), (all, limits::CROWDED_HEAD_TIME)]
        {
            let (mut client, server) = tokio::io::duplex(4096);
            let stopping = watch::Sender::new(());
            tokio::spawn(converse(server, Router::new(), stopping.subscribe(), patience(all - taken)));
            let began = tokio::time::Instant::now();
            client.read_to_end(&mut Vec::new()).await.unwrap();
            assert_eq!(began.elapsed().as_secs(), expect.as_secs(), "{taken} taken");
        }
    }
}
