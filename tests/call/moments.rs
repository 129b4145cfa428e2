//! Waiting in a test: on virtual time, or on the machine's clock for what is worked on apart.

use std::future::Future;
use std::time::Duration;

/// Waits on virtual time.
pub(crate) async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Waits on the machine's clock for what the store and files, which are worked on apart, have to do with.
#[track_caller]
pub(crate) fn until(is_so: impl Fn() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        for _ in 0..500 {
            if is_so() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
            pass(1).await;
        }
        panic!("it did not come to that at {place}");
    }
}

/// Runs one case of a table: each has a world and a clock of its own.
pub(crate) fn on_its_own(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime without threads").block_on(case);
}
