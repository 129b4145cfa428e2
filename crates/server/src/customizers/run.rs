//! What is done with a process: it is loaded, it is asked, and what becomes of it then.

use std::{sync::Weak, time::Duration};

use antiphon_ivr::op::{CustomError, CustomErrorKind, CustomResult};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    Loads, Shared,
    frames::{self, Answer, Fault},
    pool::Job,
    process::{Place, Process},
    said::Speaker,
    status::{Counted, Status},
};

/// How long a customizer may take to load.
const LOAD: Duration = Duration::from_secs(10);
/// How long a method may go on for a caller who has hung up, so that its process need not be started anew.
const GRACE: Duration = Duration::from_secs(1);
/// A process ends after so many requests,
const REQUESTS: u64 = 1000;
/// or when it has so much memory in use.
const MEMORY: u64 = 256 << 20;

/// What is said of a process that died,
const DIED: &str = "its process died";
/// and of one that took too long.
const LATE: &str = "its time ran out";

/// What becomes of a process.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Fate {
    /// It has more to do.
    Keep,
    /// It has done enough, or nobody waits for what it does.
    Ends,
    /// It died, or took too long: which of both.
    Failed(&'static str),
}

/// Starts a process with its customizer.
pub(super) async fn start(shared: &Shared, loads: &Loads, place: Place) -> Result<Process, CustomError> {
    let speaker = Speaker { extension: loads.extension.0, version: loads.version };
    let started = Process::start(shared, place, speaker).await;
    let mut process = started.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => CustomError {
            kind: CustomErrorKind::Inactive,
            message: "there is no Python interpreter (customizer.python)".to_owned(),
        },
        _ => {
            tracing::error!(%error, "the process of a customizer cannot be started");
            crash("its process cannot be started")
        }
    })?;
    let loaded = timeout(LOAD, process.ask(frames::load(loads))).await;
    match loaded {
        Ok(Ok(answer)) => match answer.checked() {
            Ok(_) => Ok(process),
            Err(fault) => {
                let (extension, version) = (loads.extension.0, loads.version);
                // No caller is told of at loading, so that no text can have their digits in it.
                let problem = shared.without_secrets(&fault.message, loads);
                tracing::warn!(extension, version, problem, at = fault.traceback, "a customizer does not load");
                process.end().await;
                let fault = CustomError { message: problem, ..fault.told() };
                Err(CustomError { message: format!("it does not load: {}", fault.message), ..fault })
            }
        },
        Ok(Err(error)) => {
            let status = process.died().await.map(|status| status.to_string()).unwrap_or_default();
            tracing::warn!(extension = loads.extension.0, version = loads.version, %error, status, "a customizer died as it was loaded");
            Err(crash("its process died as it was loaded"))
        }
        Err(_) => {
            process.end().await;
            Err(crash("it took too long to load"))
        }
    }
}

/// Has a process do a job, and tells whoever waits what came of it.
pub(super) async fn run(
    mut process: Process,
    job: Job,
    shared: &Weak<Shared>,
    loads: &Loads,
    status: &Status,
) -> (Process, Fate) {
    let began = Instant::now();
    let (extension, version) = (loads.extension.0, loads.version);
    let method = job.request["method"].as_str().unwrap_or_default().to_owned();
    let Job { request, asked, deadline, mut reply, place, span: _ } = job;
    drop(place);
    let queued = began.saturating_duration_since(asked);
    metrics::histogram!("antiphon_customizer_queue_seconds").record(queued.as_secs_f64());
    let answer = {
        let mut answer = std::pin::pin!(process.ask(request));
        tokio::select! {
            biased;
            answer = &mut answer => Waited::Answer(Box::new(answer)),
            () = sleep_until(deadline) => Waited::Deadline,
            () = reply.closed() => Waited::Nobody(timeout(GRACE, answer).await.ok().and_then(Result::ok).map(Box::new)),
        }
    };
    let mut memory = 0;
    let asked = process.asked;
    let enough = |memory: u64| asked >= REQUESTS || memory > MEMORY;
    let (outcome, counted) = match answer {
        Waited::Answer(answer) => match *answer {
            Ok(answer) => {
                memory = answer.memory;
                of_answer(answer, shared, loads)
            }
            Err(error) => {
                tracing::warn!(extension, version, method, %error, "the process of a customizer died");
                (Err(crash(DIED)), Counted::Crashed)
            }
        },
        Waited::Deadline => {
            // Where it was is printed by the process, as it is asked to end.
            tracing::warn!(extension, version, method, "a customizer took too long");
            (Err(CustomError { kind: CustomErrorKind::Timeout, message: LATE.to_owned() }), Counted::TimedOut)
        }
        Waited::Nobody(answer) => {
            status.count(Counted::Cancelled, began.elapsed());
            let kept = answer.is_some_and(|answer| !enough(answer.memory));
            return (process, if kept { Fate::Keep } else { Fate::Ends });
        }
    };
    status.count(counted, began.elapsed());
    let _ = reply.send(outcome);
    let fate = match counted {
        Counted::Crashed => Fate::Failed(DIED),
        Counted::TimedOut => Fate::Failed(LATE),
        _ if enough(memory) => Fate::Ends,
        _ => Fate::Keep,
    };
    (process, fate)
}

/// What a wait came to.
enum Waited {
    Answer(Box<std::io::Result<Answer>>),
    Deadline,
    /// Nobody waits any more; what the process answered, where it was done soon.
    Nobody(Option<Box<Answer>>),
}

fn of_answer(answer: Answer, shared: &Weak<Shared>, loads: &Loads) -> (Result<CustomResult, CustomError>, Counted) {
    for line in answer.log() {
        tracing::info!(level = line.level, line = line.text, "a customizer says");
    }
    match answer.returned() {
        Ok(result) => (Ok(result), Counted::Returned),
        Err(fault) => {
            tracing::warn!(kind = fault.kind, class = fault.class(), at = fault.traceback, "a customizer failed");
            // A page may show or log it, and live debug does.
            let message =
                shared.upgrade().map(|shared| shared.without_secrets(&fault.message, loads)).unwrap_or_default();
            (Err(CustomError { message, ..fault.told() }), Counted::Failed)
        }
    }
}

/// The log of a fault in a test call.
pub(super) fn tell(loads: &Loads, fault: &Fault) {
    let (extension, version) = (loads.extension.0, loads.version);
    tracing::warn!(
        extension,
        version,
        class = fault.class(),
        at = fault.traceback,
        "a customizer failed in a test call"
    );
}

fn crash(message: &str) -> CustomError {
    CustomError { kind: CustomErrorKind::Crash, message: message.to_owned() }
}
