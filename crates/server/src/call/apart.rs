//! Scripts that may think hard, on threads of their own.
//!
//! Shape: the script's future is polled step by step, each on a thread for work that blocks; between two steps it lies with the call's task,
//! which answers its ops as it does for any other script.
//! Time: a step lasts as long as its script thinks, which the script's own bounds end; the task does not wait for it, nor does another call.
//! After [`ENOUGH`] the script is told that it has thought for long enough, which ends whatever it evaluates. Should all of that fail, the
//! call is ended after [`LONGEST`] and the step is left to its thread, which then goes behind all others.
//! Errors: a panic of the script is a panic of the call's task; a step that is left is a warning, and the call is hung up.
//! Sources: `voicexml-customizers.md` 4 (timing).

use std::{
    num::NonZero,
    panic::resume_unwind,
    pin::{Pin, pin},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll, Wake, Waker},
    thread::available_parallelism,
    time::{Duration, Instant},
};

use antiphon_ivr::{Call, Interrupted, Next, Patience, Request, Script};
use rustix::{
    process::{Pid, setpriority_process},
    thread::gettid,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use super::executor::Executor;
use crate::{
    directory::Around,
    turns::{Turn, Turns},
};

/// How long a step may take before the script is told that it was enough, by the machine's clock.
const ENOUGH: Duration = Duration::from_secs(2);
/// How long it may take then and before together.
const LONGEST: Duration = Duration::from_secs(5);
/// Steps that go on although their calls were ended, at most, before they keep their turns. A thread cannot be ended from outside, and each of
/// them takes time of the machine's.
const LEFT: usize = 4;
/// The niceness of a thread that was left with such a step.
const BEHIND: i32 = 19;

/// What a script comes to, with its call.
type Ended = (Call, Result<Next, Interrupted>);
type Run = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// The turns of all scripts that think: one more than there are cores, of which one client has no more than there are cores.
#[derive(Clone, Debug)]
pub(crate) struct Thinking {
    turns: Turns,
    /// Places for steps that were left.
    left: Arc<Semaphore>,
}

impl Thinking {
    /// As many turns as this machine has room for.
    pub(crate) fn new() -> Self {
        let cores = available_parallelism().map_or(2, NonZero::get);
        Self { turns: Turns::new(cores + 1, cores), left: Arc::new(Semaphore::new(LEFT)) }
    }
}

/// What a step holds until it has ended, whoever waits for it.
enum Held {
    Turn { _turn: Turn },
    Left { _place: OwnedSemaphorePermit },
}

/// What came of a step.
enum Step {
    Ended(Box<Ended>),
    Waits(Run),
    /// It went on for too long, and was left.
    Left,
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
    let thinking = executor.rooms.thinking.clone();
    let patience = surroundings.patience.clone();
    let (caller, served, language) = (call.caller.clone(), call.served.clone(), call.language);
    let mut script: Run = Box::pin(async move {
        let next = script.run(&mut call, &surroundings).await;
        (call, next)
    });
    let woken = Arc::new(Woken::default());
    loop {
        let thinks = step(&thinking, client.clone(), (script, &patience), woken.clone().into(), LONGEST);
        match beside(executor, requests, thinks).await {
            Step::Ended(ended) => return *ended,
            Step::Waits(waits) => script = waits,
            Step::Left => {
                tracing::warn!(seconds = LONGEST.as_secs(), "a script thinks without end; its call is ended");
                metrics::counter!("antiphon_scripts_left_total").increment(1);
                // The step has its call, and may have it for ever; what it asks from now on reaches nobody.
                let (mut call, queue) = Call::new(caller);
                (call.served, call.language, *requests) = (served, language, queue);
                return (call, Err(Interrupted::LocalHangup));
            }
        }
        beside(executor, requests, woken.0.notified()).await;
    }
}

/// Has a script think until it waits for something, or for too long.
async fn step(
    thinking: &Thinking,
    client: String,
    (mut script, patience): (Run, &Patience),
    waker: Waker,
    longest: Duration,
) -> Step {
    let turn = thinking.turns.take(client).await;
    let held = Arc::new(Mutex::new(Some(Held::Turn { _turn: turn })));
    let began: Arc<OnceLock<(Instant, Thread)>> = Arc::new(OnceLock::new());
    patience.begin();
    let span = tracing::Span::current();
    let (of_step, begins) = (held.clone(), began.clone());
    let thought = tokio::task::spawn_blocking(move || {
        let _held = Dropped(of_step);
        begins.get_or_init(|| (Instant::now(), Thread::own()));
        let _entered = span.enter();
        match script.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(ended) => Step::Ended(Box::new(ended)),
            Poll::Pending => Step::Waits(script),
        }
    });
    tokio::select! {
        biased;
        thought = thought => match thought {
            Ok(thought) => thought,
            // A thread that has begun is never cancelled, and one that has not belongs to a runtime that ends.
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => std::future::pending().await,
            },
        },
        () = is_too_long(&began, longest, patience) => {
            // Others of the client have its turn, for as long as there are not too many of these.
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.is_some() && let Ok(place) = thinking.left.clone().try_acquire_owned() {
                *held = Some(Held::Left { _place: place });
                if let Some((_, thread)) = began.get() {
                    thread.goes_behind();
                }
            }
            Step::Left
        }
    }
}

/// Empties what a step holds when that has ended, in a panic too.
struct Dropped(Arc<Mutex<Option<Held>>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if matches!(held, Some(Held::Left { .. })) {
            Thread::own().comes_back();
        }
    }
}

/// A thread, as the kernel knows it.
#[derive(Copy, Clone, Debug)]
struct Thread(Pid);

impl Thread {
    fn own() -> Self {
        Self(gettid())
    }

    /// Gives it what of the machine's time nobody else wants.
    fn goes_behind(self) {
        // On Linux a niceness is a thread's own, and a thread is named like a process. One that has ended meanwhile has none.
        let _ = setpriority_process(Some(self.0), BEHIND);
    }

    /// Takes that back, where the process may: other work comes to this thread.
    fn comes_back(self) {
        let _ = setpriority_process(Some(self.0), 0);
    }
}

/// Waits until a step has taken too long, and says before that it has taken long enough.
async fn is_too_long(began: &OnceLock<(Instant, Thread)>, longest: Duration, patience: &Patience) {
    is_over(began, ENOUGH.min(longest)).await;
    patience.end();
    is_over(began, longest).await;
}

/// Waits until so long has passed since a step began, by the machine's clock, whatever tokio's says.
async fn is_over(began: &OnceLock<(Instant, Thread)>, longest: Duration) {
    loop {
        let left = began.get().map_or(longest, |(at, _)| longest.saturating_sub(at.elapsed()));
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left).await;
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use antiphon_ivr::Caller;

    use super::*;

    #[tokio::test]
    async fn a_step_without_end_is_left_and_others_of_its_client_have_its_turn() {
        let thinking = Thinking { turns: Turns::new(1, 1), left: Arc::new(Semaphore::new(1)) };
        let patience = Patience::default();
        let steps =
            |run: Run, longest| step(&thinking, "1".to_owned(), (run, &patience), Waker::noop().clone(), longest);
        let (release, released) = sync_channel::<()>(1);
        let endless: Run = Box::pin(async move {
            // Ends with the test at the latest.
            let _ = released.recv();
            (Call::new(Caller::default()).0, Ok(Next::Finished))
        });
        assert!(matches!(steps(endless, Duration::from_millis(20)).await, Step::Left));
        assert!(patience.is_over(), "it was told before");
        assert_eq!(thinking.left.available_permits(), 0);
        let short: Run = Box::pin(async { (Call::new(Caller::default()).0, Ok(Next::Finished)) });
        assert!(matches!(steps(short, LONGEST).await, Step::Ended(_)), "the turn is free");
        drop(release);
        let place = tokio::time::timeout(LONGEST, thinking.left.acquire()).await;
        assert!(place.is_ok_and(|place| place.is_ok()), "a step that has ended after all gives its place back");
    }

    /// All turns of a client and all places are taken by scripts that never end, and more of them wait.
    #[tokio::test]
    async fn a_client_whose_scripts_think_without_end_keeps_no_other_client_waiting() {
        let thinking = Thinking { turns: Turns::new(3, 2), left: Arc::new(Semaphore::new(1)) };
        let (release, released) = sync_channel::<()>(0);
        let released = Arc::new(Mutex::new(released));
        let hostile = (0..8).map(|_| {
            let (thinking, released) = (thinking.clone(), released.clone());
            let endless: Run = Box::pin(async move {
                // Ends with the test at the latest.
                let _ = released.lock().unwrap_or_else(PoisonError::into_inner).recv();
                (Call::new(Caller::default()).0, Ok(Next::Finished))
            });
            tokio::spawn(async move {
                let patience = Patience::default();
                step(&thinking, "1".to_owned(), (endless, &patience), Waker::noop().clone(), Duration::from_millis(20))
                    .await
            })
        });
        let hostile: Vec<_> = hostile.collect();
        while thinking.left.available_permits() > 0 || hostile.iter().filter(|step| step.is_finished()).count() < 3 {
            tokio::task::yield_now().await;
        }
        assert!(hostile.iter().any(|step| !step.is_finished()), "some wait for a turn");
        for _ in 0..100 {
            let short: Run = Box::pin(async { (Call::new(Caller::default()).0, Ok(Next::Finished)) });
            let patience = Patience::default();
            let thought = step(&thinking, "2".to_owned(), (short, &patience), Waker::noop().clone(), LONGEST).await;
            assert!(matches!(thought, Step::Ended(_)));
        }
        drop(release);
        for step in hostile {
            step.await.expect("no panic");
        }
    }
}
