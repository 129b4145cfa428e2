//! What the HTTP side allows.
//!
//! Shape: constants.
//! Units: bytes, requests, and [`Duration`].

use std::time::Duration;

use crate::store::limits::{CUSTOMIZER_BYTES, SOUND_BYTES};

/// Bytes of a JSON body.
pub(super) const BODY_BYTES: usize = 256 * 1024;
/// Levels of objects and lists in a JSON body.
pub(super) const BODY_LEVELS: usize = 32;
/// Bytes of a request for a token.
pub(super) const TOKEN_BODY_BYTES: usize = 8 * 1024;
/// Bytes of an upload, with room for the parts around the sound.
pub(super) const UPLOAD_BYTES: usize = SOUND_BYTES + 64 * 1024;
/// Bytes of a request with code, which may be written as JSON, with room for what is around it.
pub(super) const CODE_BODY_BYTES: usize = 2 * CUSTOMIZER_BYTES + 64 * 1024;
/// Uploads in memory at once; others wait.
pub(super) const UPLOADS: usize = 16;
/// Those of one client, so that one that sends slowly does not keep others waiting.
pub(super) const UPLOADS_OF_A_CLIENT: usize = 4;
/// Uploads that are decoded at once, on however many cores: each may take some hundred megabytes.
pub(super) const DECODED_UPLOADS: usize = 4;
/// Secrets checked at once; others wait.
pub(super) const SECRET_CHECKS: usize = 2;
/// How long a request may take, from its head to its answer.
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(60);
/// How long a request for a token may wait for its turn.
pub(super) const SECRET_WAIT: Duration = Duration::from_secs(5);
/// Requests of one client in an hour.
pub(super) const REQUESTS_PER_HOUR: u64 = 36_000;
/// Connections at once; others wait in the kernel's queue.
pub(super) const CONNECTIONS: u32 = 512;
/// How long a connection may be silent before a request's head is whole.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(15);
/// The same while more than half of the connections are taken: silent ones then make room for those that ask something.
pub(super) const CROWDED_HEAD_TIME: Duration = Duration::from_secs(1);
/// How long a connection takes new requests, however busy it is.
pub(super) const CONNECTION_TIME: Duration = Duration::from_secs(600);
/// How long connections may finish after the server was told to stop.
pub(super) const CLOSING_TIME: Duration = Duration::from_secs(5);
