//! A message of the caller.
//!
//! Shape: a recorder sits on the caller's stream as long as the message takes; it is kept when the caller hangs up meanwhile, too.
//! Time: nothing here waits for the disk. A message ends on the media thread, or where this says so.
//! Errors: what cannot be recorded is an outcome; the call goes on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_ivr::{Interrupted, Record, RecordEnd, Recorded, op};
use antiphon_media::{
    Keys, Repeat, Segment,
    record::{self, Channels, Rate, Recorder, Seat, Take},
};

use super::{
    executor::{Executor, Heard, clock},
    recording::{finished, taken},
};
use crate::{
    media::worker::Order,
    recording::sidecar::{Kind, Left},
};

/// How long the end of a message may be late before it is not waited for.
const LATE: Duration = Duration::from_secs(5);

impl Executor {
    /// Takes a message of the caller.
    pub(super) async fn record(&mut self, record: Record) -> Result<Recorded, Interrupted> {
        self.digits.clear();
        let silence = Recorded { recording: None, length: Duration::ZERO, ended_by: RecordEnd::Failed };
        let began = clock();
        if record.beep == op::Beep::Tone {
            match self.beep(&record).await {
                Ok(None) => {}
                Ok(Some(ended_by)) => return Ok(Recorded { ended_by, ..silence }),
                Err(Interrupted::RemoteHangup) => return Ok(Recorded { ended_by: RecordEnd::HungUp, ..silence }),
                Err(interrupted) => return Err(interrupted),
            }
        }
        let take = Take {
            channels: Channels::Mono,
            rate: Rate::of_leg(self.caller.sample_rate()),
            max_length: record.max_length,
            end_silence: record.end_silence,
            trim: match record.trim {
                op::Trim::Nothing => record::Trim::Nothing,
                op::Trim::Silence => record::Trim::Silence,
            },
        };
        let Some(stream) = self.caller.stream() else { return Ok(silence) };
        let left = record.mailbox.as_ref().and_then(|told| self.left(told));
        let Some(recorder) = self.begin_message(left, take, record.min_length) else { return Ok(silence) };
        let (id, worker) = (recorder.id(), self.caller.worker());
        worker.order(Order::Record(stream, Seat::Message, recorder)).await;
        let until = clock() + record.max_length + LATE;
        let (ended, recorder) = loop {
            let ended = self.message_ends(&record, until).await;
            // Where the caller has gone the stream is still ours until the leg is dropped.
            let recorder = taken(&worker, stream, Seat::Message).await;
            match (ended, recorder) {
                // That was said of the message before.
                (Ok(MessageEnd::Told(_)), Some(recorder)) if recorder.recorded().is_none() => {
                    worker.order(Order::Record(stream, Seat::Message, recorder)).await;
                }
                (ended, recorder) => break (ended.map(MessageEnd::why), recorder),
            }
        };
        let (ended_by, told) = match ended {
            Ok(ended_by) => (ended_by, record::RecordEnd::Stopped),
            Err(Interrupted::RemoteHangup) => (RecordEnd::HungUp, record::RecordEnd::CallOver),
            Err(interrupted) => {
                finished(recorder, record::RecordEnd::CallOver);
                return Err(interrupted);
            }
        };
        let recorded = finished(recorder, told);
        let kept = recorded.filter(|recorded| recorded.reaches(record.min_length));
        tracing::debug!(ms = clock().saturating_duration_since(began).as_millis() as u64, "a message was taken");
        if kept.is_some() {
            self.mailbox.took(id);
        }
        Ok(Recorded {
            recording: kept.map(|_| antiphon_ivr::RecordingId(id.0)),
            length: recorded.map(|recorded| recorded.length).unwrap_or_default(),
            ended_by,
        })
    }

    /// Says when to speak. A key or an end meanwhile is the end of the message.
    async fn beep(&mut self, record: &Record) -> Result<Option<RecordEnd>, Interrupted> {
        let Some(tone) = self.rooms.tone("beep") else { return Ok(None) };
        let playback = self.caller.play(vec![Segment::Audio(tone)], Repeat::Once, Keys::NONE).await;
        // A stream that is gone tells of no end.
        let until = clock() + LATE;
        loop {
            match self.wait(Some(until)).await? {
                Heard::PlaybackEnded(ended) if ended == playback => return Ok(None),
                Heard::Timeout => return Ok(None),
                Heard::Digit(digit) if record.terminators.contains(digit) => {
                    self.caller.stop_playback().await;
                    return Ok(Some(RecordEnd::Terminator(digit)));
                }
                _ => {}
            }
        }
    }

    /// Waits until a message is over.
    async fn message_ends(&mut self, record: &Record, until: Instant) -> Result<MessageEnd, Interrupted> {
        loop {
            match self.wait(Some(until)).await? {
                Heard::Digit(digit) if record.terminators.contains(digit) => {
                    return Ok(MessageEnd::Heard(RecordEnd::Terminator(digit)));
                }
                Heard::MessageEnded(why) => return Ok(MessageEnd::Told(why)),
                // Somebody else is the caller now, and the old one's stream is gone.
                Heard::Replaced => return Ok(MessageEnd::Heard(RecordEnd::HungUp)),
                Heard::Timeout => return Ok(MessageEnd::Heard(RecordEnd::MaxLength)),
                _ => {}
            }
        }
    }

    /// Where a message is left: in the mailbox of the extension that runs.
    fn left(&self, told: &Arc<op::Mailbox>) -> Option<Arc<Left>> {
        let (name, from_name) = self.trace.record(|record| (record.extension.clone(), record.from_name.clone()));
        let mailbox = self.config.find_extension(&name, Some(self.client))?.id;
        Some(Arc::new(Left { mailbox, from_name, told: told.clone() }))
    }

    fn begin_message(&self, left: Option<Arc<Left>>, take: Take, least: Duration) -> Option<Box<Recorder>> {
        let beginning = self.beginning(Kind::Message, String::new(), left);
        self.rooms.recordings.begin(beginning, take, least).ok()
    }
}

/// How the end of a message became known.
enum MessageEnd {
    /// From the call.
    Heard(RecordEnd),
    /// From its recorder.
    Told(record::RecordEnd),
}

impl MessageEnd {
    fn why(self) -> RecordEnd {
        match self {
            Self::Heard(why) => why,
            Self::Told(record::RecordEnd::MaxLength) => RecordEnd::MaxLength,
            Self::Told(record::RecordEnd::EndSilence) => RecordEnd::EndSilence,
            Self::Told(record::RecordEnd::Stopped | record::RecordEnd::CallOver | record::RecordEnd::Storage) => {
                RecordEnd::Failed
            }
        }
    }
}
