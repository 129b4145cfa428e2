//! Orders from places that cannot wait, such as a destructor.

use tokio::sync::mpsc::{Sender, error::TrySendError};

/// Puts an order into a queue; when that is full, a task waits for room in its place. What is sent to a room that is gone is dropped with
/// it.
pub(crate) fn send_now<T: Send + 'static>(queue: &Sender<T>, order: T) {
    if let Err(TrySendError::Full(order)) = queue.try_send(order)
        && let Ok(runtime) = tokio::runtime::Handle::try_current()
    {
        let queue = queue.clone();
        runtime.spawn(async move { queue.send(order).await });
    }
}
