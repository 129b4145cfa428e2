//! A recording that verbs have made: where it can be had, where it is sent, who is told.
//!
//! Shape: [`Kept`] is one with everything that its verb says about it.
//! Units: whole seconds for web servers.
//! Sources: `kazoo-pivot.md` 2.7, 4.4, 5.3 (Record), 5.4.

use std::time::Duration;

use super::{
    farewell::{About, Farewell},
    reading::{Listener, Way},
    verbs::Store,
};
use crate::{
    Interrupted, RecordingId, Upload,
    op::SoundFormat,
    pivot::{LastRecording, Session, WaitingUpload, encode},
};

/// A recording.
pub(super) struct Kept<'a> {
    pub(super) id: RecordingId,
    pub(super) store: Option<&'a Store>,
    pub(super) listener: Option<&'a Listener>,
    /// What tells it from others.
    pub(super) source: &'static str,
    pub(super) channels: u8,
}

impl Kept<'_> {
    /// It goes where it is wanted.
    pub(super) async fn store(&self, session: &mut Session<'_>) -> Result<(), Interrupted> {
        match self.upload(session) {
            Some(upload) => session.call.upload(upload).await,
            None if self.store.is_some() => session.warn("recordingUrl cannot be asked; the file is kept here").await,
            None => Ok(()),
        }
    }

    /// It is there: later requests say where, and whoever wants to know does.
    pub(super) async fn tell(&self, length: Duration, session: &mut Session<'_>) -> Result<(), Interrupted> {
        let url = match self.upload(session) {
            Some(upload) => upload.url,
            None => session.call.link(self.id).await?.unwrap_or_default(),
        };
        self.remember(url, length, session);
        self.news(length, session).await
    }

    /// Who is told of it is told.
    async fn news(&self, length: Duration, session: &mut Session<'_>) -> Result<(), Interrupted> {
        let Some(listener) = self.listener.filter(|listener| listener.wants("completed")) else { return Ok(()) };
        let url = session.state.recording.as_ref().map(|last| last.url.clone()).unwrap_or_default();
        let facts = self.facts(length);
        let mut news: Vec<_> = facts.iter().map(|(name, value)| (*name, value.as_str())).collect();
        news.push(("RecordingUrl", &url));
        listener.tell(session, &news).await
    }

    /// The caller has gone while it was made, so all of it has to wait for the end of the call.
    pub(super) fn leave_behind(&self, length: Duration, action: Option<&Way>, session: &mut Session<'_>) {
        let upload = self.upload(session);
        let url = upload.as_ref().map(|upload| upload.url.clone());
        session.state.uploads.extend(upload.map(WaitingUpload));
        self.remember(url.clone().unwrap_or_default(), length, session);
        let facts = self.facts(length);
        let mut news: Vec<_> = facts.iter().map(|(name, value)| (*name, value.as_str())).collect();
        news.extend(url.iter().map(|url| ("RecordingUrl", url.as_str())));
        if let Some(listener) = self.listener.filter(|listener| listener.wants("completed")) {
            Farewell::of_listener(listener, &news, session).about(About::Message(self.id)).leave(session);
        }
        if let Some(action) = action {
            let mut farewell = Farewell::of_action(action, &[], session);
            if url.is_none() {
                farewell = farewell.without("RecordingUrl");
            }
            farewell.about(About::Message(self.id)).leave(session);
        }
    }

    fn remember(&self, url: String, length: Duration, session: &mut Session<'_>) {
        let id = self.id.to_string();
        session.state.recordings.push(id.clone());
        session.state.recording = Some(LastRecording { url, length, id });
    }

    fn facts(&self, length: Duration) -> Vec<(&'static str, String)> {
        vec![
            ("RecordingSid", self.id.to_string()),
            ("RecordingStatus", "completed".to_owned()),
            ("RecordingDuration", length.as_secs().to_string()),
            ("RecordingChannels", self.channels.to_string()),
            ("RecordingSource", self.source.to_owned()),
        ]
    }

    /// Its way to the web server that stores it, where there is one that may be asked.
    fn upload(&self, session: &Session<'_>) -> Option<Upload> {
        let store = self.store?;
        let mut name = String::new();
        encode::encode(session.sip_call_id(), &mut name);
        let folder = session.resolved(&store.url);
        let url = format!("{}/call_recording_{name}.mp3", folder.trim_end_matches('/'));
        session.policy.guard.check(&url).ok()?;
        Some(Upload { recording: self.id, method: store.method, url, format: SoundFormat::Mp3 })
    }
}
