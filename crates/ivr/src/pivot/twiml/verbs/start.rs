//! `<Start><Stream url="wss://…"/></Start>`: something goes on beside the call, and the next verb follows at once.
//!
//! Shape: any number of `Recording` and `Stream`.
//! Errors: without any of them it is skipped, which is told.
//! Sources: `kazoo-pivot.md` 5.4.

use std::{fmt, sync::Arc};

use super::{
    Exit, Fork, Reading, Session,
    fork::{RECORDING, SOURCE},
};
use crate::{
    Interrupted,
    op::{self, StreamError},
};

/// Begins something beside the call.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Start {
    /// What.
    pub forks: Vec<Fork>,
}

impl Start {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        Fork::read_all(reading, "begins").map(|forks| Self { forks })
    }
}

impl Start {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        session.answer().await?;
        for fork in &self.forks {
            match fork {
                Fork::Recording(taping) => {
                    taping.begin(RECORDING, SOURCE, session).await?;
                }
                Fork::Stream(stream) if stream.url.is_empty() => session.warn("Stream: url is missing").await?,
                Fork::Stream(stream) => {
                    let begun = match stream.of(session) {
                        Ok(stream) => session.call.stream(op::Stream::Start(Arc::new(stream))).await?,
                        Err(refused) => Err(StreamError::BadUrl(refused.to_string())),
                    };
                    if let Err(error) = begun {
                        session.warn(format!("Stream: {error}")).await?;
                    }
                }
            }
        }
        Ok(None)
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Start")
    }
}
