//! `record_caller`: records what the caller says, until a key, a silence, the longest time or the end of the call. It answers first.
//!
//! Shape: `url`, `method` and `format` say where the recording is sent; `time_limit`. `_` follows.
//! Units: seconds.
//! Sources: `kazoo-pivot.md` 2.7, 4.1, 4.4, 8 (A19).

use std::time::Duration;

use super::{Field, Node, Session, Step};
use crate::{
    DigitSet, Interrupted, Record, RecordEnd, Upload,
    op::{Beep, Trim},
    pivot::{
        LastRecording, WaitingUpload,
        upload::{self, Destination},
    },
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::url("url"),
    Field::one_of("format", &["mp3", "wav"]),
    Field::one_of("method", &["put", "post"]).or_text("put"),
    Field::integer("time_limit").within(5, 10_800).or_integer(3_600),
    Field::flag("skip_module"),
];

/// So long a silence ends it.
const SILENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    session.answer().await?;
    let record = Record {
        beep: Beep::Silent,
        max_length: Duration::from_secs(node.data.count("time_limit", 3_600)),
        end_silence: Some(SILENCE),
        min_length: Duration::ZERO,
        terminators: DigitSet::ALL,
        mailbox: None,
        trim: Trim::Nothing,
    };
    take(record, node, session).await?;
    Ok(Step::Next)
}

/// Takes a message and sends it where the node says.
pub(super) async fn take(record: Record, node: &Node, session: &mut Session<'_>) -> Result<(), Interrupted> {
    let destination = Destination::of(&node.data, session).await?;
    let recorded = session.call.record(record).await?;
    session.state.silent_requests = 0;
    let Some(recording) = recorded.recording else {
        if recorded.ended_by == RecordEnd::Failed {
            session.warn("nothing could be recorded").await?;
        }
        return Ok(());
    };
    let format = destination.as_ref().map_or_else(|| upload::format(&node.data), |destination| destination.format);
    let name = upload::name(session, format);
    session.state.recordings.push(name.clone());
    let upload = destination.map(|destination| destination.upload(recording, &name, session));
    match upload {
        Some(upload) => {
            session.state.recording = Some(upload::told(&upload, recorded.length));
            send(upload, recorded.ended_by, session).await
        }
        None if recorded.ended_by == RecordEnd::HungUp => Ok(()),
        None => {
            let url = session.call.link(recording).await?.unwrap_or_default();
            session.state.recording = Some(LastRecording { url, length: recorded.length, id: recording.to_string() });
            Ok(())
        }
    }
}

/// A recording of a caller who has gone is sent when the call is over: nothing else can be asked of it.
async fn send(upload: Upload, ended_by: RecordEnd, session: &mut Session<'_>) -> Result<(), Interrupted> {
    if ended_by == RecordEnd::HungUp {
        session.state.uploads.push_back(WaitingUpload(upload));
        return Ok(());
    }
    session.call.upload(upload).await
}
