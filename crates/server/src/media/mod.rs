//! The media side of the server: workers that own streams, and the ports that streams use.
//!
//! Shape: [`Media`] hands each call one worker, so that all legs of a call have one owner and can be bridged.

mod control;
pub mod ports;
mod quality;
pub mod thread;
pub mod worker;

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use antiphon_media::StreamId;

use self::worker::Worker;

/// All media workers.
#[derive(Clone, Debug)]
pub struct Media {
    workers: Arc<[Worker]>,
    next_worker: Arc<AtomicUsize>,
    next_stream: Arc<AtomicU64>,
}

impl Media {
    /// Media over these workers, of which there is at least one.
    pub fn new(workers: Vec<Worker>) -> Self {
        assert!(!workers.is_empty(), "media needs a worker");
        Self { workers: workers.into(), next_worker: Arc::default(), next_stream: Arc::default() }
    }

    /// The worker for the next call, in turn.
    pub fn worker(&self) -> Worker {
        let turn = self.next_worker.fetch_add(1, Ordering::Relaxed);
        self.workers[turn % self.workers.len()].clone()
    }

    /// A stream id that no other stream of this process has.
    pub fn next_stream(&self) -> StreamId {
        StreamId(self.next_stream.fetch_add(1, Ordering::Relaxed))
    }

    /// Every worker, for their counters.
    pub fn workers(&self) -> &[Worker] {
        &self.workers
    }
}
