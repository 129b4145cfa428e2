//! Whose upload is read, and whose is decoded.
//!
//! Shape: [`UploadTurns::read`] waits for a turn of the client's own, then for one of all clients'; [`UploadTurns::decode`] for a core.
//! Each turn is given back when it is dropped.
//! Time: whoever sends slowly keeps its turn for as long as a request may take, and only its own client waits for that.
//! Errors: none; whoever waits too long is answered by the limit on requests.
//!
//! An upload is in memory whole. The cores that decode are half of those there are, so that the rest is for calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limits;
use crate::store::ClientId;

/// The turns of a server.
pub(super) struct UploadTurns {
    /// One entry for each client that has uploaded: no more than there are clients.
    of_clients: Mutex<HashMap<ClientId, Arc<Semaphore>>>,
    of_all: Arc<Semaphore>,
    cores: Arc<Semaphore>,
}

/// A place in memory for an upload.
pub(super) struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_client: OwnedSemaphorePermit,
}

impl Default for UploadTurns {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            of_clients: Mutex::default(),
            of_all: Arc::new(Semaphore::new(limits::UPLOADS)),
            cores: Arc::new(Semaphore::new((cores / 2).clamp(1, limits::DECODED_UPLOADS))),
        }
    }
}

impl UploadTurns {
    /// Waits until an upload of this client may be read.
    pub(super) async fn read(&self, client: ClientId) -> Option<Place> {
        let own = {
            // The table is whole after every statement, so a panic elsewhere while it was locked harms nothing.
            let mut of_clients = self.of_clients.lock().unwrap_or_else(PoisonError::into_inner);
            of_clients.entry(client).or_insert_with(|| Arc::new(Semaphore::new(limits::UPLOADS_OF_A_CLIENT))).clone()
        };
        let of_client = own.acquire_owned().await.ok()?;
        let of_all = self.of_all.clone().acquire_owned().await.ok()?;
        Some(Place { _of_all: of_all, _of_client: of_client })
    }

    /// Waits until an upload may be decoded.
    pub(super) async fn decode(&self) -> Option<OwnedSemaphorePermit> {
        self.cores.clone().acquire_owned().await.ok()
    }
}
