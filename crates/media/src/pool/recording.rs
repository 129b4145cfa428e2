//! Recording the streams of a pool, and what they hear from outside.

use super::{StreamId, StreamPool};
use crate::live::{Live, LiveSource};
use crate::record::{Gap, Recorder, Seat};

impl StreamPool {
    /// Records a stream from its next frame on, in place of what this seat recorded; a stream that is not open ends the recording.
    ///
    /// An end that nobody ordered is [`EventKind::RecordingEnded`](crate::EventKind::RecordingEnded); the recorder stays until it is taken.
    pub fn record(&mut self, id: StreamId, seat: Seat, recorder: Box<Recorder>) {
        if let Some(entry) = self.entry(id) {
            let rate = entry.stream.negotiated().codec.sample_rate();
            entry.stream.listen(|listeners| listeners.recorders.seat(seat, recorder, rate));
        }
    }

    /// Takes a stream's recorder away, to end it or to give it to another stream.
    pub fn take_recorder(&mut self, id: StreamId, seat: Seat) -> Option<Box<Recorder>> {
        let mut taken = None;
        self.entry(id)?.stream.listen(|listeners| taken = listeners.recorders.take(seat));
        taken
    }

    /// Has a stream hear somebody outside from its next frame on, in place of its bridge or conference.
    pub fn hear_live(&mut self, id: StreamId, source: LiveSource) {
        if let Some(entry) = self.entry(id) {
            let codec = entry.stream.negotiated().codec;
            entry.stream.listen(|listeners| listeners.live = Some(Box::new(Live::new(source, codec))));
        }
    }

    /// Takes whom a stream hears from outside away, to end it or to give it to another stream.
    pub fn take_live(&mut self, id: StreamId) -> Option<LiveSource> {
        let mut taken = None;
        self.entry(id)?.stream.listen(|listeners| taken = listeners.live.take());
        taken.map(|live| live.source)
    }

    /// Pauses a recording.
    pub fn pause_recording(&mut self, id: StreamId, seat: Seat, gap: Gap) {
        self.with_recorder(id, seat, |recorder| recorder.pause(gap));
    }

    /// Goes on with a recording.
    pub fn resume_recording(&mut self, id: StreamId, seat: Seat) {
        self.with_recorder(id, seat, Recorder::resume);
    }

    fn with_recorder(&mut self, id: StreamId, seat: Seat, change: impl FnOnce(&mut Recorder)) {
        if let Some(entry) = self.entry(id) {
            entry.stream.listen(|listeners| {
                if let Some(recorder) = listeners.recorders.at(seat) {
                    change(recorder);
                }
            });
        }
    }
}
