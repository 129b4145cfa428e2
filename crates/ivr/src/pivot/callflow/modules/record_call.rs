//! `record_call`: records the call, both sides of it, while the flow goes on; or stops the recording that began last.
//!
//! Shape: `action` `start` or `stop`; `url`, `method` and `format` say where it is sent when it is whole; `time_limit`, `record_min_sec`,
//! `record_on_answer`, `record_on_bridge`, `media_name`, `label`. Several may go on at once. `_` follows.
//! Units: seconds.
//! Sources: `kazoo-pivot.md` 2.7, 4.1, 4.4.

use std::{sync::Arc, time::Duration};

use super::{Field, Node, Session, Step};
use crate::{
    Interrupted, Recording, RecordingState,
    op::{Begins, Sides, StartRecording, Which},
    pivot::{
        LastRecording,
        upload::{self, Destination},
    },
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::one_of("action", &["start", "stop"]).or_text("start").required(),
    Field::one_of("format", &["mp3", "wav"]),
    Field::url("url"),
    Field::one_of("method", &["put", "post"]).or_text("put"),
    Field::integer("time_limit").within(5, 10_800).or_integer(3_600),
    Field::text("media_name"),
    Field::integer("record_min_sec"),
    Field::integer("record_sample_rate"),
    Field::flag("record_on_answer").or_flag(false),
    Field::flag("record_on_bridge").or_flag(false),
    Field::flag("should_follow_transfer").or_flag(true),
    Field::text("label"),
    Field::text("origin"),
    Field::flag("skip_module"),
];

/// Most recordings of one call that this begins.
const MOST: u32 = 16;

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    match node.data.text("action") {
        Some("stop") => stop(session).await?,
        _ => start(node, session).await?,
    }
    Ok(Step::Next)
}

async fn start(node: &Node, session: &mut Session<'_>) -> Result<(), Interrupted> {
    let data = &node.data;
    if session.state.call_recordings >= MOST {
        return session.warn(format!("record_call begins at most {MOST} recordings of a call")).await;
    }
    let destination = Destination::of(data, session).await?;
    let format = upload::format(data);
    let name = match data.said("media_name") {
        Some(name) if name.contains('.') => name.to_owned(),
        Some(name) => format!("{name}.{}", upload::ending(format)),
        None => upload::name(session, format),
    };
    let recording = StartRecording {
        name: format!("pivot {}", session.state.call_recordings + 1),
        label: data.said("label").unwrap_or_default().to_owned(),
        sides: Sides::Mixed,
        max_length: Some(Duration::from_secs(data.count("time_limit", 3_600))),
        min_length: Duration::from_secs(data.count("record_min_sec", 0)),
        begins: match (data.flag("record_on_bridge"), data.flag("record_on_answer")) {
            (true, _) => Begins::OnBridge,
            (false, true) => Begins::OnAnswer,
            (false, false) => Begins::Now,
        },
    };
    let started = session.call.recording(Recording::Start(Arc::new(recording))).await?;
    let Some(recording) = started.recording.filter(|_| started.state != RecordingState::Off) else {
        return session.warn("the call cannot be recorded").await;
    };
    session.state.call_recordings += 1;
    session.state.recordings.push(name.clone());
    let url = match destination.map(|destination| destination.upload(recording, &name, session)) {
        Some(upload) => {
            let url = upload::told(&upload, Duration::ZERO).url;
            session.call.upload(upload).await?;
            url
        }
        None => session.call.link(recording).await?.unwrap_or_default(),
    };
    session.state.running.push((recording, url));
    Ok(())
}

async fn stop(session: &mut Session<'_>) -> Result<(), Interrupted> {
    let Some((recording, url)) = session.state.running.pop() else {
        return session.warn("there is no recording that goes on").await;
    };
    let stopped = session.call.recording(Recording::Stop(Which::Id(recording))).await?;
    if stopped.recording.is_some() {
        session.state.recording = Some(LastRecording { url, length: stopped.length, id: recording.to_string() });
    }
    Ok(())
}
