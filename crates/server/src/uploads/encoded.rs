//! MP3 of recordings for whoever has a link to one: made once, and kept for those who come after.
//!
//! Shape: a client's recording in, its MP3 out; a recording is encoded by one at a time, whoever else wants it then has the same. What was
//! asked for longest ago gives way, and what has no recording any more goes with the next that is made.
//! Units: bytes of files, which have no names and end with the process.
//! Time: the encoder's own turns, behind those of the same recording.
//! Errors: [`NotEncoded`]; `Busy` where its client has as many waiting as it may.

use std::{
    fs::File,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon_media::record::RecordingId;

use super::encoder::{Encoder, NotEncoded};
use crate::{places::Places, recording::Recordings, shelf::Shelf, store::ClientId, turns::Turns};

/// Bytes that are kept: about 18 hours of sound.
const KEPT: u64 = 256 << 20;
/// What a file counts for beside its bytes, so that no more than 256 are open.
const FILE: u64 = 1 << 20;
/// Those who wait for one to be made, in all and of one client.
const WAITING: usize = 64;
pub(super) const OF_CLIENT: usize = 8;

/// The MP3 of recordings. Clones are the same.
#[derive(Clone)]
pub struct Encoded {
    encoder: Encoder,
    recordings: Recordings,
    kept: Arc<Mutex<Shelf<RecordingId, Arc<File>>>>,
    pub(super) places: Places,
    turns: Turns,
}

impl Encoded {
    /// None yet; this one makes them.
    pub fn new(encoder: Encoder, recordings: Recordings) -> Self {
        let (places, turns) = (Places::new(WAITING), Turns::new(WAITING, 1));
        Self { encoder, recordings, kept: Arc::new(Mutex::new(Shelf::new(KEPT))), places, turns }
    }

    /// The MP3 of a recording that is whole.
    ///
    /// # Errors
    /// [`NotEncoded`].
    pub async fn mp3(&self, client: ClientId, id: RecordingId) -> Result<Arc<File>, NotEncoded> {
        if let Some(mp3) = self.kept().take(&id) {
            return Ok(mp3);
        }
        let _place = self.places.take(client, OF_CLIENT).ok_or(NotEncoded::Busy)?;
        let _turn = self.turns.take(id.to_string()).await;
        // Whoever had the turn before has made it.
        if let Some(mp3) = self.kept().take(&id) {
            return Ok(mp3);
        }
        let recordings = self.recordings.clone();
        let wav = tokio::task::spawn_blocking(move || recordings.file(id)).await;
        let wav = wav.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        let wav = wav.map_err(|error| NotEncoded::NoSound(error.to_string()))?;
        let mp3 = Arc::new(self.encoder.encode(wav).await?);
        let bytes = mp3.metadata().map_or(KEPT, |about| about.len());
        let mut kept = self.kept();
        let gone: Vec<_> = kept.keys().filter(|id| self.recordings.find(**id).is_none()).copied().collect();
        gone.iter().for_each(|id| kept.remove(id));
        kept.put(id, mp3.clone(), bytes + FILE);
        Ok(mp3)
    }

    /// A shelf is whole after every call to it.
    fn kept(&self) -> MutexGuard<'_, Shelf<RecordingId, Arc<File>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
