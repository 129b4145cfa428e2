//! What the API asks of code: what is in it, whether it loads, and what a test call comes to.
//!
//! Shape: each has a process that ends with the answer. These have places of their own, so that neither do calls take them, nor they those of
//! calls.
//! Time: [`PATIENCE`] for a place, [`INSPECTION`] for looking and loading, the call's own time for a test call.
//! Errors: [`NotLoaded`] says whether it is the code's fault or ours; [`CustomError`].
//! Sources: `voicexml-customizers.md` 2.4.

use std::{io, time::Duration};

use antiphon_ivr::op::{CustomError, CustomErrorKind, CustomResult, Customize};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    Customizers, Loads, failure,
    frames::{self, Answer},
    process::{Place, Process},
    run,
    said::Speaker,
};
use crate::{store::ClientId, turns::Turns};

/// Processes for the API at most,
const PROCESSES: usize = 8;
/// and for one client.
const OF_A_CLIENT: usize = 2;
/// How long a place is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long looking at code may take.
const INSPECTION: Duration = Duration::from_secs(10);

/// The places of the API's processes.
pub(super) fn turns() -> Turns {
    Turns::new(PROCESSES, OF_A_CLIENT)
}

/// What is in the code of a customizer.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Inspected {
    /// The classes of the file, in their order.
    pub classes: Vec<String>,
    /// The public methods of the class that was asked for, or of the first.
    pub methods: Vec<String>,
}

/// Why code cannot be looked at, or does not load.
#[derive(Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NotLoaded {
    /// It is no Python.
    #[error("line {line}, column {col}: {message}")]
    Syntax {
        /// The line, from 1.
        line: u64,
        /// The column, from 1.
        col: u64,
        /// What is wrong.
        message: String,
    },
    /// Loading it failed, or a class is not in it.
    #[error("{0}")]
    Refused(String),
    /// There is no Python to ask.
    #[error("there is no Python interpreter (customizer.python)")]
    NoPython,
    /// Python died of it, or took too long to load it.
    #[error("Python died of it, or took too long to load it")]
    Died,
    /// Reading it took too long, which is for this machine to answer for.
    #[error("it took too long to look at the code")]
    TooSlow,
    /// No process can be started.
    #[error("the process that looks at the code cannot be started")]
    NotStarted,
    /// Too much is going on.
    #[error("as many processes look at code as may")]
    Busy,
}

impl NotLoaded {
    /// The same, without what must not be told of the reason.
    fn without_secrets(self, masked: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Refused(reason) => Self::Refused(masked(&reason)),
            other => other,
        }
    }
}

impl Customizers {
    /// What is in code, which is read and not run.
    ///
    /// # Errors
    /// [`NotLoaded`].
    pub async fn inspect(
        &self,
        client: ClientId,
        code: &[u8],
        class_name: Option<&str>,
    ) -> Result<Inspected, NotLoaded> {
        let speaker = Speaker { extension: 0, version: 0 };
        let mut process = self.process(client, speaker).await?;
        let asked = timeout(INSPECTION, process.ask(frames::inspect(code, class_name))).await;
        process.end().await;
        let answer = understood(asked.map_err(|_| NotLoaded::TooSlow)?)?;
        Ok(Inspected { classes: answer.classes, methods: answer.methods })
    }

    /// The methods of a customizer that was loaded, in a process that ends with it.
    ///
    /// # Errors
    /// [`NotLoaded`].
    pub async fn probe(&self, client: ClientId, loads: &Loads) -> Result<Vec<String>, NotLoaded> {
        let mut process =
            self.process(client, Speaker { extension: loads.extension.0, version: loads.version }).await?;
        let asked = timeout(INSPECTION, process.ask(frames::load(loads))).await;
        process.end().await;
        let answer = understood(asked.map_err(|_| NotLoaded::Died)?);
        Ok(answer.map_err(|error| error.without_secrets(|text| self.0.without_secrets(text, loads)))?.methods)
    }

    /// Calls a method in a process of its own, whether the version is active or not.
    ///
    /// # Errors
    /// [`CustomError`].
    pub async fn invoke(
        &self,
        client: ClientId,
        loads: &Loads,
        customize: &Customize,
    ) -> Result<CustomResult, CustomError> {
        let request = frames::call(customize)?;
        let place = self.turn(client).await;
        let place = place.ok_or_else(|| failure(CustomErrorKind::Busy, "as many test calls go on as may"))?;
        let mut process = run::start(&self.0, loads, place).await?;
        let most = self.0.settings.max_time;
        let deadline = Instant::now() + customize.timer.map_or(most, |timer| timer.min(most));
        let answer = timeout_at(deadline, process.ask(request)).await;
        process.end().await;
        match answer {
            Ok(Ok(answer)) => answer.returned().map_err(|fault| {
                run::tell(loads, &fault);
                let told = fault.told();
                CustomError { message: self.0.without_secrets(&told.message, loads), ..told }
            }),
            Ok(Err(_)) => Err(failure(CustomErrorKind::Crash, "its process died")),
            Err(_) => Err(failure(CustomErrorKind::Timeout, "its time ran out")),
        }
    }

    /// A place for a process, once one is free.
    pub(super) async fn turn(&self, client: ClientId) -> Option<Place> {
        let turn = timeout(PATIENCE, self.0.trials.take(client.to_string())).await;
        turn.ok().map(|turn| Place::OfApi { _turn: turn })
    }

    /// A process without a customizer.
    async fn process(&self, client: ClientId, speaker: Speaker) -> Result<Process, NotLoaded> {
        let place = self.turn(client).await.ok_or(NotLoaded::Busy)?;
        Process::start(&self.0, place, speaker).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => NotLoaded::NoPython,
            io::ErrorKind::WouldBlock => NotLoaded::Busy,
            _ => {
                tracing::error!(%error, "the process of a customizer cannot be started");
                NotLoaded::NotStarted
            }
        })
    }
}

/// An answer about code.
fn understood(asked: io::Result<Answer>) -> Result<Answer, NotLoaded> {
    let answer = asked.map_err(|_| NotLoaded::Died)?;
    answer.checked().map_err(|fault| match fault.kind.as_str() {
        "syntax" => NotLoaded::Syntax { line: fault.line, col: fault.col, message: fault.message },
        _ => NotLoaded::Refused(fault.message),
    })
}
