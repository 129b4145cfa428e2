//! Who drives the writer: a thread on the machine's clock, or a task on virtual time.
//!
//! Shape: the same loop for both: what has come is written, then it sleeps until there may be more.
//! Errors: a panic of the writer ends all recordings that go on, as if the disk had failed; calls go on, and it is not started again.

use std::{io, thread};

use super::Work;

/// Starts the threads of the writer, for as long as anybody holds the handle.
///
/// # Errors
/// What the operating system says when it has no thread left.
pub fn spawn(mut work: Work) -> io::Result<()> {
    work.start_flusher()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let run = move || runtime.block_on(drive(work));
    thread::Builder::new().name("recordings".to_owned()).spawn(run).map(drop)
}

/// Drives the work on tokio's clock, which tests may pause.
pub async fn drive(mut work: Work) {
    loop {
        let next = work.pass(tokio::time::Instant::now().into_std());
        let order = tokio::select! {
            order = work.orders.recv() => order,
            () = tokio::time::sleep_until(next.into()) => continue,
        };
        let Some(order) = order else { return };
        work.apply(order);
    }
}
