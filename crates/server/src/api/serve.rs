//! The HTTP listener.
//!
//! Shape: one task a connection, a fixed number of connections; HTTP/1.1.
//! Time: a head has to be whole within [`limits::HEAD_TIME`], a request answered within [`limits::REQUEST_TIME`], a connection over
//! within [`limits::CONNECTION_TIME`]; after the order to stop, connections finish what they do.
//! Errors: those of one connection end that connection.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::error::ApiError;
use super::limits;

/// How long to pause when no connection can be taken, as when the process has no file left.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is done, then lets the connections finish for a few seconds.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let turns = Arc::new(Semaphore::new(limits::CONNECTIONS));
    let connections = GracefulShutdown::new();
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
        let service = TowerToHyperService::new(router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::HEAD_TIME)
            .serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            match tokio::time::timeout(limits::CONNECTION_TIME, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "an HTTP connection failed"),
                Err(_) => tracing::debug!("an HTTP connection lasted too long"),
            }
            drop(turn);
        });
    }
    drop(listener);
    let closed = tokio::time::timeout(limits::CLOSING_TIME, connections.shutdown()).await;
    if closed.is_err() {
        tracing::debug!("some HTTP connections were cut at the end");
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

/// Gives every request its time, and a line in the log at DEBUG.
pub(super) async fn within_time(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let began = Instant::now();
    let answered = tokio::time::timeout(limits::REQUEST_TIME, next.run(request)).await;
    let response = answered.unwrap_or_else(|_| ApiError::TooSlow.into_response());
    tracing::debug!(%method, path, status = response.status().as_u16(), ms = began.elapsed().as_millis(), "request");
    response
}
