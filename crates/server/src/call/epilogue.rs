//! What is done for a call after its end: the web servers are told that its menu names for that.
//!
//! Shape: of each surface the script that had the call last, its variables, and the queue of its ops, of which only requests and notes
//! are performed.
//! Time: [`LONGEST`] at most. The call keeps its place among the calls until then, so that there are never more of these than calls
//! fit, and a server that goes down waits for them as for calls.
//! Errors: what a web server does wrong is noted in the live debug; a script that takes too long is ended, and logged.
//! Sources: `ringme-ivr.md` 4.5 (Hangup).

use std::{pin::pin, sync::Arc, time::Duration};

use antiphon_ivr::{
    Bridged, Call, CallRecording, EndedCall, Interrupted, Op, Outcome, Recording, RecordingState, Request, Script,
    op::Which,
};
use antiphon_media::record::RecordingId;
use tokio::sync::mpsc;

use super::{
    cdr,
    fetch::{self, asker},
};
use crate::{
    rooms::Rooms,
    store::ClientId,
    trace::{CallTrace, Role},
};

/// How long all of it may take.
const LONGEST: Duration = Duration::from_secs(30);
/// How long a recording's file is waited for.
const WHOLE: Duration = Duration::from_secs(3);

/// What is left to do for a call.
pub(super) struct Epilogue {
    pub(super) rooms: Arc<Rooms>,
    pub(super) client: ClientId,
    pub(super) trace: Arc<CallTrace>,
    /// In the order in which they had the call.
    pub(super) scripts: Vec<Script>,
    pub(super) call: Call,
    pub(super) requests: mpsc::Receiver<Request>,
}

impl Epilogue {
    /// Does it.
    pub(super) async fn run(self) {
        let Self { rooms, client, trace, scripts, call, mut requests } = self;
        let mut ended = EndedCall::new(call, bridged(&trace)).with_record(cdr::of(&trace));
        let told = async {
            let mut after = pin!(async {
                for script in &scripts {
                    // That it was interrupted says only that it asked for what nobody can do any more.
                    let _ = script.after(&mut ended).await;
                }
            });
            loop {
                tokio::select! {
                    biased;
                    () = &mut after => return,
                    Some(request) = requests.recv() => {
                        let outcome = perform(&rooms, client, &trace, request.op).await;
                        let _ = request.reply.send(outcome);
                    }
                }
            }
        };
        if tokio::time::timeout(LONGEST, told).await.is_err() {
            tracing::warn!("the web server of an ended call took too long; it is given up");
        }
    }
}

/// Performs what needs no caller.
pub(super) async fn perform(
    rooms: &Rooms,
    client: ClientId,
    trace: &CallTrace,
    op: Op,
) -> Result<Outcome, Interrupted> {
    match op {
        Op::Fetch(fetch) => {
            let step = rooms.http_debug.begin(asker(client, trace), &fetch, &rooms.web.headers(client, &fetch));
            let exchange = rooms.web.fetch(client, &fetch).await;
            step.finish(&exchange);
            Ok(Outcome::Fetched(exchange.outcome))
        }
        Op::Tell(tell) => {
            fetch::tell(rooms, client, trace, *tell);
            Ok(Outcome::Done)
        }
        Op::Upload(upload) => {
            // What is not begun is logged and counted.
            let _ = rooms.uploads.begin(client, trace.id, &upload);
            Ok(Outcome::Done)
        }
        Op::Link(link) => Ok(Outcome::Linked(rooms.links.link(RecordingId(link.recording.0)))),
        Op::Recording(Recording::Ask(Which::Id(id))) => Ok(Outcome::Recording(whole(rooms, client, id).await)),
        Op::Recording(Recording::Ask(_)) => Ok(Outcome::Recording(CallRecording::NONE)),
        Op::Note(note) => {
            rooms.http_debug.note(client, trace.id, &note);
            Ok(Outcome::Done)
        }
        _ => Err(Interrupted::LocalHangup),
    }
}

/// A recording of an ended call, once its file is whole.
async fn whole(rooms: &Rooms, client: ClientId, id: antiphon_ivr::RecordingId) -> CallRecording {
    let whole = rooms.recordings.once_whole(RecordingId(id.0), WHOLE).await;
    whole.filter(|entry| entry.of.client == client).map_or(CallRecording::NONE, |entry| CallRecording {
        recording: Some(id),
        state: RecordingState::Off,
        length: entry.duration(),
    })
}

/// Whether somebody whom the call rang has answered.
fn bridged(trace: &CallTrace) -> Bridged {
    let answered =
        trace.record(|record| record.legs.iter().any(|leg| leg.role == Role::Callee && leg.answered.is_some()));
    if answered { Bridged::Yes } else { Bridged::No }
}
