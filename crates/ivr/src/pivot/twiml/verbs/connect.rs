//! `<Connect action="/after"><Stream url="wss://…"/></Connect>`: a web server talks with the caller over a WebSocket.
//!
//! Shape: `action`, `method`; one `Stream`.
//! Errors: without a stream, or with anything else, it is skipped, which is told. Where the caller hangs up, the action is told after it.
//! Sources: `kazoo-pivot.md` 5.4.

use std::{fmt, sync::Arc};

use super::{Exit, Reading, Session, StreamFork, Way};
use crate::{
    Interrupted,
    op::{self, Connected, StreamError},
    pivot::twiml::farewell::Farewell,
};

/// Lets a web server talk with the caller.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Connect {
    /// Which.
    pub stream: StreamFork,
    /// Who is asked what follows.
    pub action: Way,
}

impl Connect {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        reading.knows(&["action", "method"]);
        reading.holds(&["Stream"]);
        let element = reading.element;
        let streams = element.elements().filter(|inner| inner.name == "Stream");
        let stream = streams.filter_map(|inner| StreamFork::read(&mut reading.inside(inner))).next();
        let Some(stream) = stream.filter(|stream| !stream.url.is_empty()) else {
            reading.warn("has no stream with an address; it is skipped");
            return None;
        };
        Some(Self { stream, action: reading.action() })
    }
}

impl Connect {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        session.answer().await?;
        session.state.silent_requests = 0;
        let ended = match self.stream.of(session) {
            Ok(stream) => match session.call.connect(op::Connect { stream: Arc::new(stream) }).await {
                Err(Interrupted::RemoteHangup) => {
                    if self.action.url.is_some() {
                        Farewell::of_action(&self.action, &[], session).leave(session);
                    }
                    return Err(Interrupted::RemoteHangup);
                }
                ended => ended?,
            },
            Err(refused) => Connected::Failed(StreamError::BadUrl(refused.to_string())),
        };
        if let Connected::Failed(error) = ended {
            session.warn(format!("Stream: {error}")).await?;
        }
        Ok(self.action.url.is_some().then(|| self.action.ask(session)))
    }
}

impl fmt::Display for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connect a stream")
    }
}
