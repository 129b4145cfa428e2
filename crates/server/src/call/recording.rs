//! Recording a call: a message of the caller, and the whole call.
//!
//! Shape: a recorder sits on the stream of the caller, whoever that is; where somebody takes the caller's place, it moves along.
//! Time: nothing here waits for the disk. A message ends on the media thread, or where this says so.
//! Errors: what cannot be recorded is an outcome; the call goes on.
//! Sources: `ringme-ivr.md` 3.8 (start_record), row A24.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_ivr::{CallRecording, Interrupted, Record, RecordEnd, Recorded, Recording, RecordingState, op};
use antiphon_media::{
    Keys, Repeat, Segment, StreamId,
    record::{self, Channels, Gap, Rate, Recorder, RecordingId, Seat, Take},
};
use tokio::sync::oneshot;

use super::executor::{Executor, Heard, clock};
use crate::{
    media::worker::{Order, Worker},
    recording::sidecar::{Beginning, Kind, Left},
};

/// The longest recording of a call: a day.
const LONGEST: Duration = Duration::from_secs(86_400);
/// How long the end of a message may be late before it is not waited for.
const LATE: Duration = Duration::from_secs(5);

/// The recording of the whole call.
pub(super) struct OfCall {
    id: RecordingId,
    /// The extension that began it.
    by: String,
    /// Where its recorder sits: on the worker of the caller, who may be carried to another one.
    stream: StreamId,
    state: RecordingState,
}

/// What somebody outside the call asks of its recording, and where the answer goes.
#[derive(Debug)]
pub struct Control {
    /// What is asked; `None` asks how it stands.
    pub what: Option<Recording>,
    /// How it stands then, and the recording if there is one.
    pub reply: oneshot::Sender<CallRecording>,
}

impl Executor {
    /// Does what is asked about the recording of the call, and says how it stands then.
    pub(super) async fn switch_recording(&mut self, asked: Recording) -> CallRecording {
        match asked {
            Recording::Start(_) => self.start_recording().await,
            Recording::Pause(_, gap) => self.pause_recording(gap).await,
            Recording::Resume(_) => self.resume_recording().await,
            Recording::Stop(_) => self.stop_recording().await,
            Recording::Ask(_) => {}
        }
        self.recording.as_ref().map_or(CallRecording::NONE, |recording| CallRecording {
            recording: Some(antiphon_ivr::RecordingId(recording.id.0)),
            state: recording.state,
            length: Duration::ZERO,
        })
    }

    /// Answers somebody outside the call.
    pub(super) async fn control_recording(&mut self, control: Control) {
        let asked = control.what.unwrap_or(Recording::Ask(op::Which::Newest));
        let recording = self.switch_recording(asked).await;
        // Whoever asked may have gone.
        let _ = control.reply.send(recording);
    }

    async fn start_recording(&mut self) {
        let by = self.trace.record(|record| record.extension.clone());
        if self.recording.as_ref().is_some_and(|recording| recording.by == by) {
            return;
        }
        self.stop_recording().await;
        let Some(stream) = self.caller.stream() else { return };
        let take = Take {
            channels: Channels::Stereo,
            rate: Rate::of_leg(self.caller.sample_rate()),
            max_length: LONGEST,
            end_silence: None,
        };
        let Some(recorder) = self.begin(Kind::Call, None, take, Duration::ZERO) else { return };
        let (id, worker) = (recorder.id(), self.caller.worker());
        worker.order(Order::Record(stream, Seat::Call, recorder)).await;
        self.recording = Some(OfCall { id, by, stream, state: RecordingState::Running });
    }

    async fn pause_recording(&mut self, gap: op::Gap) {
        let Some(recording) = &mut self.recording else { return };
        let gap = match gap {
            op::Gap::Cut => Gap::Cut,
            op::Gap::Silent => Gap::Silent,
        };
        self.caller.worker().order(Order::PauseRecording(recording.stream, Seat::Call, gap)).await;
        recording.state = RecordingState::Paused;
    }

    async fn resume_recording(&mut self) {
        let Some(recording) = &mut self.recording else { return };
        self.caller.worker().order(Order::ResumeRecording(recording.stream, Seat::Call)).await;
        recording.state = RecordingState::Running;
    }

    async fn stop_recording(&mut self) {
        let Some(recording) = self.recording.take() else { return };
        if let Some(mut recorder) = taken(&self.caller.worker(), recording.stream, Seat::Call).await {
            recorder.finish(record::RecordEnd::Stopped);
        }
    }

    /// The recording of the call has ended by itself.
    pub(super) async fn recording_ended(&mut self, seat: Seat, why: record::RecordEnd) {
        if seat != Seat::Call {
            return;
        }
        let recorder = self.unseat_recorder().await;
        if recorder.as_ref().is_some_and(|recorder| recorder.recorded().is_none()) {
            // That was said of the one before.
            self.seat_recorder(recorder).await;
        } else if self.recording.take().is_some() {
            tracing::warn!(why = crate::recording::end_word(why), "the recording of the call ended before the call");
        }
    }

    /// Takes the recorder along while the caller's leg is exchanged: before the old leg closes, it is taken off; [`Self::seat_recorder`]
    /// puts it on the new one.
    pub(super) async fn unseat_recorder(&mut self) -> Option<Box<Recorder>> {
        let recording = self.recording.as_ref()?;
        taken(&self.caller.worker(), recording.stream, Seat::Call).await
    }

    /// Puts the recorder on the stream of whoever is the caller now.
    pub(super) async fn seat_recorder(&mut self, recorder: Option<Box<Recorder>>) {
        let Some(recorder) = recorder else { return };
        let Some(stream) = self.caller.stream() else {
            self.recording = None;
            return;
        };
        self.caller.worker().order(Order::Record(stream, Seat::Call, recorder)).await;
        if let Some(recording) = &mut self.recording {
            recording.stream = stream;
        }
    }

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
        };
        let Some(stream) = self.caller.stream() else { return Ok(silence) };
        let left = record.mailbox.as_ref().and_then(|told| self.left(told));
        let Some(recorder) = self.begin(Kind::Message, left, take, record.min_length) else { return Ok(silence) };
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

    fn begin(&self, kind: Kind, left: Option<Arc<Left>>, take: Take, least: Duration) -> Option<Box<Recorder>> {
        let (extension, from, to) =
            self.trace.record(|record| (record.extension.clone(), record.from.clone(), record.to.clone()));
        let beginning = Beginning { client: self.client, call: self.trace.id, extension, from, to, kind, left };
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

/// Takes a recorder off a stream.
async fn taken(worker: &Worker, stream: StreamId, seat: Seat) -> Option<Box<Recorder>> {
    let (reply, recorder) = oneshot::channel();
    worker.order(Order::TakeRecorder(stream, seat, reply)).await;
    recorder.await.ok().flatten()
}

/// Ends a recording that has not ended by itself; what was recorded.
fn finished(recorder: Option<Box<Recorder>>, why: record::RecordEnd) -> Option<record::Recorded> {
    let mut recorder = recorder?;
    recorder.finish(why);
    recorder.recorded()
}
