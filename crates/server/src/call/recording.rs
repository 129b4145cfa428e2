//! The recordings of a call: begun, paused, stopped, and those that wait for their moment.
//!
//! Shape: up to [`Seat::CALLS`] recorders sit on the stream of the caller, whoever that is; where somebody takes the caller's place, they
//! move along. A recording that waits for an answer or a bridge has its name already, and what is to be sent of it waits with it.
//! Time: nothing here waits for the disk.
//! Errors: what cannot be recorded is an outcome; the call goes on.
//! Sources: `ringme-ivr.md` 3.8 (start_record), row A24; `kazoo-pivot.md` 4.1 (record_call).

use std::{sync::Arc, time::Duration};

use antiphon_ivr::{
    CallRecording, Recording, RecordingState,
    op::{self, Begins, Sides, StartRecording, Upload, Which},
};
use antiphon_media::{
    StreamId,
    live::LiveSource,
    record::{self, Channels, Gap, Rate, Recorder, RecordingId, Seat, Take, Trim},
};
use tokio::sync::oneshot;

use super::{executor::Executor, transfer::Joined};
use crate::{
    media::worker::{Order, Worker},
    recording::sidecar::{Beginning, Kind, Left},
};

/// The longest recording of a call: a day.
const LONGEST: Duration = Duration::from_secs(86_400);
/// Recordings that a call remembers, those that are over with them.
const REMEMBERED: usize = 64;
/// What may wait to be sent of one that has not begun.
const UPLOADS: usize = 8;

/// A recording of the whole call.
pub(super) struct OfCall {
    id: RecordingId,
    asked: Arc<StartRecording>,
    /// The extension that began it.
    by: String,
    state: RecordingState,
    /// Its place, on which stream: on the worker of the caller, who may be carried to another one.
    seat: Option<(Seat, StreamId)>,
    /// How long it is, once it is over and kept.
    length: Option<Duration>,
    /// What is to be sent of it once it has begun.
    uploads: Vec<Upload>,
}

impl OfCall {
    fn is_over(&self) -> bool {
        self.state == RecordingState::Off
    }

    fn is(&self, which: &Which) -> bool {
        match which {
            Which::Newest => !self.is_over(),
            Which::Named(name) => self.asked.name == *name,
            Which::Id(id) => self.id.0 == id.0,
        }
    }

    fn stands(&self) -> CallRecording {
        let recording = (!self.is_over() || self.length.is_some()).then_some(antiphon_ivr::RecordingId(self.id.0));
        CallRecording { recording, state: self.state, length: self.length.unwrap_or_default() }
    }

    /// Its recorder has ended so; nothing where there was none.
    fn end(&mut self, recorded: Option<record::Recorded>) {
        (self.state, self.seat) = (RecordingState::Off, None);
        self.length =
            recorded.filter(|recorded| recorded.reaches(self.asked.min_length)).map(|recorded| recorded.length);
    }
}

/// Whoever listened to a leg that is exchanged, and whom it heard.
#[derive(Default)]
pub(super) struct Unseated {
    recordings: Vec<(usize, Box<Recorder>)>,
    streams: Vec<(usize, Box<Recorder>)>,
    live: Option<LiveSource>,
}

/// What somebody outside the call asks of its recording, and where the answer goes.
#[derive(Debug)]
pub struct Control {
    /// What is asked; `None` asks how it stands.
    pub what: Option<Recording>,
    /// How it stands then.
    pub reply: oneshot::Sender<CallRecording>,
}

impl Executor {
    /// Does what is asked about a recording of the call, and says how it stands then.
    pub(super) async fn switch_recording(&mut self, asked: Recording) -> CallRecording {
        let which = match &asked {
            Recording::Start(asked) => return self.start_recording(asked.clone()).await,
            Recording::Pause(which, _) | Recording::Resume(which) | Recording::Stop(which) | Recording::Ask(which) => {
                which
            }
        };
        let Some(index) = self.recordings.iter().rposition(|of| of.is(which)) else { return CallRecording::NONE };
        match asked {
            Recording::Pause(_, gap) => self.pause_recording(index, gap).await,
            Recording::Resume(_) => self.resume_recording(index).await,
            Recording::Stop(_) => self.stop_recording(index).await,
            Recording::Start(_) | Recording::Ask(_) => {}
        }
        self.recordings[index].stands()
    }

    /// Answers somebody outside the call.
    pub(super) async fn control_recording(&mut self, control: Control) {
        let asked = control.what.unwrap_or(Recording::Ask(Which::Newest));
        let recording = self.switch_recording(asked).await;
        // Whoever asked may have gone.
        let _ = control.reply.send(recording);
    }

    async fn start_recording(&mut self, asked: Arc<StartRecording>) -> CallRecording {
        let by = self.trace.record(|record| record.extension.clone());
        let same = |of: &OfCall| !of.is_over() && of.asked.name == asked.name;
        if let Some(index) = self.recordings.iter().position(same) {
            if self.recordings[index].by == by {
                return self.recordings[index].stands();
            }
            self.stop_recording(index).await;
        }
        self.forget_old_recordings();
        let going_on = self.recordings.iter().filter(|of| !of.is_over()).count();
        if going_on >= usize::from(Seat::CALLS) {
            tracing::warn!(going_on, "as many recordings of the call go on as may; no other begins");
            return CallRecording::NONE;
        }
        let (id, state) = (self.rooms.recordings.reserve(), RecordingState::Armed);
        let of = OfCall { id, asked, by, state, seat: None, length: None, uploads: Vec::new() };
        let is_time = self.is_time_for(of.asked.begins);
        self.recordings.push(of);
        if is_time {
            self.begin_recording(self.recordings.len() - 1).await;
        }
        let stands = self.recordings.last().map_or(CallRecording::NONE, OfCall::stands);
        if stands.state == RecordingState::Off { CallRecording::NONE } else { stands }
    }

    /// A call remembers as many as it may; the oldest that are over go.
    fn forget_old_recordings(&mut self) {
        while self.recordings.len() >= REMEMBERED {
            let Some(index) = self.recordings.iter().position(OfCall::is_over) else { return };
            self.recordings.remove(index);
        }
    }

    fn is_time_for(&self, begins: Begins) -> bool {
        match begins {
            Begins::Now => true,
            Begins::OnAnswer => self.caller.is_answered(),
            Begins::OnBridge => self.joined != Joined::Nobody,
        }
    }

    /// What waited for this moment begins.
    pub(super) async fn begin_armed_recordings(&mut self) {
        for index in 0..self.recordings.len() {
            let of = &self.recordings[index];
            if of.state == RecordingState::Armed && self.is_time_for(of.asked.begins) {
                self.begin_recording(index).await;
            }
        }
    }

    async fn begin_recording(&mut self, index: usize) {
        let taken: Vec<Seat> = self.recordings.iter().filter_map(|of| of.seat.map(|(seat, _)| seat)).collect();
        let free = (0..Seat::CALLS).map(Seat::Call).find(|seat| !taken.contains(seat));
        let (id, asked) = (self.recordings[index].id, self.recordings[index].asked.clone());
        let begun = free.zip(self.caller.stream()).and_then(|(seat, stream)| {
            let take = Take {
                channels: match asked.sides {
                    Sides::Apart => Channels::Stereo,
                    Sides::Mixed => Channels::Mixed,
                    Sides::Caller => Channels::Mono,
                    Sides::Heard => Channels::Said,
                },
                rate: Rate::of_leg(self.caller.sample_rate()),
                max_length: asked.max_length.unwrap_or(LONGEST).min(LONGEST),
                end_silence: None,
                trim: Trim::Nothing,
            };
            let beginning = self.beginning(Kind::Call, asked.label.clone(), None);
            let recorder = self.rooms.recordings.begin_as(id, beginning, take, asked.min_length).ok()?;
            Some((seat, stream, recorder))
        });
        let Some((seat, stream, recorder)) = begun else {
            self.recordings[index].end(None);
            return;
        };
        self.caller.worker().order(Order::Record(stream, seat, recorder)).await;
        let of = &mut self.recordings[index];
        (of.seat, of.state) = (Some((seat, stream)), RecordingState::Running);
        for upload in std::mem::take(&mut of.uploads) {
            self.hand_over(&upload);
        }
    }

    async fn pause_recording(&mut self, index: usize, gap: op::Gap) {
        let of = &mut self.recordings[index];
        let Some((seat, stream)) = of.seat else { return };
        let gap = match gap {
            op::Gap::Cut => Gap::Cut,
            op::Gap::Silent => Gap::Silent,
        };
        of.state = RecordingState::Paused;
        self.caller.worker().order(Order::PauseRecording(stream, seat, gap)).await;
    }

    async fn resume_recording(&mut self, index: usize) {
        let of = &mut self.recordings[index];
        let Some((seat, stream)) = of.seat else { return };
        of.state = RecordingState::Running;
        self.caller.worker().order(Order::ResumeRecording(stream, seat)).await;
    }

    async fn stop_recording(&mut self, index: usize) {
        let recorder = match self.recordings[index].seat {
            Some((seat, stream)) => taken(&self.caller.worker(), stream, seat).await,
            None => None,
        };
        if !self.recordings[index].is_over() {
            self.recordings[index].end(finished(recorder, record::RecordEnd::Stopped));
        }
    }

    /// A recording of the call has ended by itself.
    pub(super) async fn recording_ended(&mut self, seat: Seat, why: record::RecordEnd) {
        let index = self.recordings.iter().position(|of| of.seat.is_some_and(|(taken, _)| taken == seat));
        let Some((index, (_, stream))) = index.and_then(|index| Some((index, self.recordings[index].seat?))) else {
            return;
        };
        let worker = self.caller.worker();
        let Some(recorder) = taken(&worker, stream, seat).await else { return };
        match recorder.recorded() {
            // That was said of the one before.
            None => worker.order(Order::Record(stream, seat, recorder)).await,
            recorded => {
                self.recordings[index].end(recorded);
                tracing::info!(why = crate::recording::end_word(why), "a recording of the call ended before the call");
            }
        }
    }

    /// Takes whoever listens along while the caller's leg is exchanged: before the old leg closes, they are taken off;
    /// [`Self::seat_listeners`] puts them on the new one.
    pub(super) async fn unseat_listeners(&mut self) -> Unseated {
        let worker = self.caller.worker();
        let mut unseated = Unseated::default();
        for (index, of) in self.recordings.iter().enumerate() {
            if let Some((seat, stream)) = of.seat
                && let Some(recorder) = taken(&worker, stream, seat).await
            {
                unseated.recordings.push((index, recorder));
            }
        }
        for (index, of) in self.streams.iter().enumerate() {
            if let Some(recorder) = taken(&worker, of.at, of.seat).await {
                unseated.streams.push((index, recorder));
            }
        }
        if !self.streams.is_empty() {
            unseated.live = self.take_live().await;
        }
        unseated
    }

    /// Puts them on the stream of whoever is the caller now.
    pub(super) async fn seat_listeners(&mut self, unseated: Unseated) {
        let (worker, to) = (self.caller.worker(), self.caller.stream());
        for (index, recorder) in unseated.recordings {
            let of = &mut self.recordings[index];
            match (to, &mut of.seat) {
                (Some(to), Some((seat, stream))) => {
                    *stream = to;
                    worker.order(Order::Record(to, *seat, recorder)).await;
                }
                _ => of.end(finished(Some(recorder), record::RecordEnd::CallOver)),
            }
        }
        // Without a stream the reels end, and with them who reads them.
        let Some(to) = to else { return };
        for (index, recorder) in unseated.streams {
            if let Some(of) = self.streams.get_mut(index) {
                of.at = to;
                worker.order(Order::Record(to, of.seat, recorder)).await;
            }
        }
        if let Some(source) = unseated.live {
            worker.order(Order::HearLive(to, Box::new(source))).await;
        }
    }

    /// Sends a recording to a web server, once it is whole.
    pub(super) fn upload(&mut self, upload: Upload) {
        let waiting = self.recordings.iter_mut().find(|of| of.is(&Which::Id(upload.recording)));
        match waiting.filter(|of| of.state == RecordingState::Armed) {
            Some(of) if of.uploads.len() < UPLOADS => of.uploads.push(upload),
            Some(_) => tracing::warn!("too much is to be sent of a recording that has not begun"),
            None => self.hand_over(&upload),
        }
    }

    fn hand_over(&self, upload: &Upload) {
        // What is not begun is logged and counted.
        let _ = self.rooms.uploads.begin(self.client, self.trace.id, upload);
    }

    pub(super) fn beginning(&self, kind: Kind, label: String, left: Option<Arc<Left>>) -> Beginning {
        let (extension, from, to) =
            self.trace.record(|record| (record.extension.clone(), record.from.clone(), record.to.clone()));
        Beginning { client: self.client, call: self.trace.id, extension, from, to, kind, label, left }
    }
}

/// Takes a recorder off a stream.
pub(super) async fn taken(worker: &Worker, stream: StreamId, seat: Seat) -> Option<Box<Recorder>> {
    let (reply, recorder) = oneshot::channel();
    worker.order(Order::TakeRecorder(stream, seat, reply)).await;
    recorder.await.ok().flatten()
}

/// Ends a recording that has not ended by itself; what was recorded.
pub(super) fn finished(recorder: Option<Box<Recorder>>, why: record::RecordEnd) -> Option<record::Recorded> {
    let mut recorder = recorder?;
    recorder.finish(why);
    recorder.recorded()
}
