//! Scripts that may think hard, on threads of their own.
//!
//! Shape: the script's future is polled step by step, each on a thread for work that blocks; between two steps it lies with the call's task,
//! which answers its ops as it does for any other script.
//! Time: a step lasts as long as its script thinks, which the script's own bounds end; the task does not wait for it, nor does another call.
//! Errors: a panic of the script is a panic of the call's task.
//! Sources: `voicexml-customizers.md` 4 (timing).

use std::{
    num::NonZero,
    panic::resume_unwind,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::available_parallelism,
};

use antiphon_ivr::{Call, Interrupted, Next, Request, Script};
use tokio::sync::{Notify, mpsc};

use super::executor::Executor;
use crate::{directory::Around, turns::Turns};

/// What a script comes to, with its call.
type Ended = (Call, Result<Next, Interrupted>);
type Run = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// The turns of all scripts that think: one more than there are cores, of which one client has no more than there are cores.
pub(crate) fn turns() -> Turns {
    let cores = available_parallelism().map_or(2, NonZero::get);
    Turns::new(cores + 1, cores)
}

/// Whether the script of a call is to go on.
#[derive(Default)]
struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// Runs a script beside the executor.
pub(super) async fn run(
    executor: &mut Executor,
    script: Script,
    mut call: Call,
    requests: &mut mpsc::Receiver<Request>,
    surroundings: Around,
) -> Ended {
    let client = surroundings.client.to_string();
    let turns = executor.rooms.thinking.clone();
    let mut script: Run = Box::pin(async move {
        let next = script.run(&mut call, &surroundings).await;
        (call, next)
    });
    let woken = Arc::new(Woken::default());
    loop {
        let thinks = step(turns.clone(), client.clone(), script, woken.clone().into());
        match beside(executor, requests, thinks).await {
            Ok(ended) => return ended,
            Err(waits) => script = waits,
        }
        beside(executor, requests, woken.0.notified()).await;
    }
}

/// Has a script think until it waits for something.
async fn step(turns: Turns, client: String, mut script: Run, waker: Waker) -> Result<Ended, Run> {
    let turn = turns.take(client).await;
    let span = tracing::Span::current();
    let thought = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let _entered = span.enter();
        match script.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(ended) => Ok(ended),
            Poll::Pending => Err(script),
        }
    });
    match thought.await {
        Ok(thought) => thought,
        // A thread that has begun is never cancelled, and one that has not belongs to a runtime that ends.
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => std::future::pending().await,
        },
    }
}

/// Answers the ops of a script, and hears what reaches its call, until this is done.
async fn beside<T>(
    executor: &mut Executor,
    requests: &mut mpsc::Receiver<Request>,
    done: impl Future<Output = T>,
) -> T {
    let mut done = pin!(done);
    loop {
        tokio::select! {
            biased;
            done = &mut done => return done,
            Some(request) = requests.recv() => {
                let outcome = executor.perform(request.op).await;
                // A script that no longer waits has decided otherwise.
                let _ = request.reply.send(outcome);
            }
            event = executor.next_event() => executor.keep(event).await,
        }
    }
}
