//! Listening to what the peers of a pool say.

use super::{StreamId, StreamPool};
use crate::utterances::Utterances;

impl StreamPool {
    /// Listens to a stream from its next frame on, in place of who listened before; a stream that is not open ends the listening.
    ///
    /// What the peer does is [`EventKind::Spoke`](crate::EventKind::Spoke).
    pub fn hear_utterances(&mut self, id: StreamId, mut utterances: Box<Utterances>) {
        if let Some(entry) = self.entry(id) {
            utterances.follow(entry.stream.negotiated().codec.sample_rate());
            entry.stream.listen(|listeners| listeners.utterances = Some(utterances));
        }
    }

    /// Listens to a stream no more.
    pub fn take_utterances(&mut self, id: StreamId) -> Option<Box<Utterances>> {
        let mut taken = None;
        self.entry(id)?.stream.listen(|listeners| taken = listeners.utterances.take());
        taken
    }
}
