//! What a leg is played, and whether its party is heard.
//!
//! Shape: one playlist at a time; a new one takes the place of the old.
//! Errors: none; without a stream nothing is played.

use std::{sync::Arc, time::Duration};

use antiphon_media::{Audio, Codec, Keys, PlaybackId, Repeat, Segment};
use tokio::sync::oneshot;

use super::Leg;
use crate::{
    call::hold::{Held, Sound},
    media::worker::{Hearing, Order as MediaOrder},
};

impl Leg {
    /// Plays these segments from the next frame on, in place of what plays now, until their end or one of these keys.
    ///
    /// No end is heard of after such a key, only the key.
    pub async fn play(&mut self, segments: Vec<Segment>, repeat: Repeat, stopped_by: Keys) -> PlaybackId {
        self.sound = Sound::Prompt;
        self.playback += 1;
        let playback = PlaybackId(self.playback);
        self.segments.clone_from(&segments);
        prepare(&segments, self.codec).await;
        if let Some(stream) = self.stream {
            self.worker.order(MediaOrder::Play(stream, playback, segments, repeat, stopped_by)).await;
        }
        playback
    }

    /// Plays music over and over, because the other side of its bridge has put it on hold.
    pub(in crate::call) async fn hold_with(&mut self, music: Arc<Audio>) {
        self.play(vec![Segment::Audio(music)], Repeat::Forever, Keys::NONE).await;
        self.sound = Sound::Music;
    }

    /// Has a sound ready in what the party is sent.
    pub(in crate::call) async fn prepare(&self, sound: &Arc<Audio>) {
        prepare(&[Segment::Audio(sound.clone())], self.codec).await;
    }

    /// What it is played.
    pub(in crate::call) fn sound(&self) -> Sound {
        self.sound
    }

    /// Whether the party has put us on hold.
    pub(in crate::call) fn held(&self) -> Held {
        self.held
    }

    /// Silences the leg from the next frame on.
    pub async fn stop_playback(&mut self) {
        self.sound = Sound::Nothing;
        if let Some(stream) = self.stream {
            self.worker.order(MediaOrder::StopPlayback(stream)).await;
        }
    }

    /// How long was said of what was played last, also where a key has stopped it; not of what [`Self::stop_playback`] has.
    pub(in crate::call) async fn position(&self) -> Duration {
        let Some(stream) = self.stream else { return Duration::ZERO };
        let (reply, position) = oneshot::channel();
        self.worker.order(MediaOrder::Position(stream, reply)).await;
        match position.await {
            Ok(Some((playback, said))) if playback == PlaybackId(self.playback) => said,
            _ => Duration::ZERO,
        }
    }

    /// Lets what plays sink to silence within a frame, and end; its end is heard of.
    pub(in crate::call) async fn fade_playback(&mut self) -> PlaybackId {
        self.sound = Sound::Nothing;
        if let Some(stream) = self.stream {
            self.worker.order(MediaOrder::FadePlayback(stream)).await;
        }
        PlaybackId(self.playback)
    }

    /// Whether the party can be heard.
    pub async fn hearing(&self) -> Hearing {
        let Some(stream) = self.stream else { return Hearing::Excused };
        let (reply, hearing) = oneshot::channel();
        self.worker.order(MediaOrder::Hearing(stream, reply)).await;
        hearing.await.unwrap_or(Hearing::Excused)
    }
}

/// Has prompts ready in a codec. The first call that plays one in it waits for that, on a thread where waiting is right.
pub(super) async fn prepare(segments: &[Segment], codec: Codec) {
    let unready = segments.iter().filter_map(|segment| match segment {
        Segment::Audio(audio) if !audio.is_prepared(codec) => Some(audio.clone()),
        Segment::Audio(_) | Segment::Silence(_) => None,
    });
    let unready: Vec<_> = unready.collect();
    if !unready.is_empty() {
        let work = move || unready.iter().for_each(|audio| audio.prepare(codec));
        if let Err(error) = tokio::task::spawn_blocking(work).await {
            tracing::error!(%error, "prompts could not be prepared, and are silent");
        }
    }
}
