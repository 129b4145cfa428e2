//! `<Stop><Stream name="a"/></Stop>`: something that a `Start` has begun ends, and the next verb follows at once.
//!
//! Shape: any number of `Recording` and `Stream`.
//! Errors: without any of them it is skipped, which is told.
//! Sources: `kazoo-pivot.md` 5.4.

use std::fmt;

use super::{
    Exit, Fork, Reading, Session,
    fork::{RECORDING, SOURCE},
};
use crate::{
    Interrupted, Recording,
    op::{self, Which},
    pivot::twiml::farewell::Farewell,
};

/// Ends something beside the call.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Stop {
    /// What.
    pub forks: Vec<Fork>,
}

impl Stop {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        Fork::read_all(reading, "ends").map(|forks| Self { forks })
    }
}

impl Stop {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        for fork in &self.forks {
            match fork {
                Fork::Recording(taping) => {
                    let asked = Recording::Ask(Which::Named(RECORDING.to_owned()));
                    if let Some(id) = session.call.recording(asked).await?.recording {
                        // Whoever wanted to know when it began is told.
                        let told = Farewell::taken_about(id, session);
                        taping.end(id, SOURCE, session).await?;
                        for farewell in told {
                            farewell.say(session.call).await?;
                        }
                    }
                }
                Fork::Stream(stream) => {
                    let name = stream.name();
                    if let Err(error) = session.call.stream(op::Stream::Stop(name)).await? {
                        session.warn(format!("Stream: {error}")).await?;
                    }
                }
            }
        }
        Ok(None)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stop")
    }
}
