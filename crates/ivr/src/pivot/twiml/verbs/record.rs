//! `<Record action="/done" maxLength="60" finishOnKey="#"/>`: takes a message of the caller, and asks what follows.
//!
//! Shape: `action`, `method`, `timeout` (the silence that ends it; 0 ends it never), `finishOnKey` (a set of keys, all but letters where
//! it is missing), `maxLength`, `playBeep`, `trim` (`trim-silence`, `do-not-trim`), `recordingUrl` and `recordStoreMethod` (where the
//! file is sent), `recordingStatusCallback`. `transcribe` is taken where it is `false`.
//! Units: seconds.
//! Errors: a message with nothing in it leads to the next verb. Where the caller hangs up, the action is told nevertheless.
//! Sources: `kazoo-pivot.md` 5.3, 5.4.

use std::{fmt, time::Duration};

use super::{Exit, Reading, Session, Way};
use crate::{
    Digit, DigitSet, FetchMethod, Interrupted, RecordEnd, Recorded,
    op::{Beep, Trim},
    pivot::twiml::{farewell::Farewell, reading::Listener, recording::Kept},
};

/// What tells such a recording from others.
const SOURCE: &str = "RecordVerb";
/// A shorter message is none.
const SHORTEST: Duration = Duration::from_millis(1);
/// The longest message, in seconds.
const LONGEST: u32 = 3_600;
/// The keys that end a message where the document says nothing.
const FINISHERS: &str = "1234567890*#";

/// Takes a message.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Record {
    /// Who is asked what follows.
    pub action: Way,
    /// The silence that ends it, if any does.
    pub silence: Option<Duration>,
    /// The keys that end it.
    pub finish_on: DigitSet,
    /// How long it may be.
    pub max_length: Duration,
    /// Whether a tone says when to speak.
    pub beep: Beep,
    /// Whether silence at its end is left out.
    pub trim: bool,
    /// Where the file is sent.
    pub store: Option<Store>,
    /// Who is told of it.
    pub listener: Option<Listener>,
}

/// Where the file of a recording is sent.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Store {
    /// The folder, as the document writes it.
    pub url: String,
    /// How.
    pub method: FetchMethod,
}

impl Store {
    /// `recordingUrl` and `recordStoreMethod`.
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        let methods = [("PUT", FetchMethod::Put), ("POST", FetchMethod::Post), ("PATCH", FetchMethod::Patch)];
        let method = reading.choice("recordStoreMethod", &methods, FetchMethod::Put);
        Some(Self { url: reading.word("recordingUrl")?.to_owned(), method })
    }
}

/// `recordingStatusCallback` and what belongs to it.
pub(super) fn listener(reading: &mut Reading<'_>) -> Option<Listener> {
    reading.listener("recordingStatusCallback", &["in-progress", "completed", "absent"], &["completed"])
}

/// `trim`.
pub(super) fn trim(reading: &mut Reading<'_>, otherwise: bool) -> bool {
    reading.choice("trim", &[("trim-silence", true), ("do-not-trim", false)], otherwise)
}

impl Record {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        reading.knows(&[
            "action",
            "method",
            "timeout",
            "finishOnKey",
            "maxLength",
            "playBeep",
            "trim",
            "recordingUrl",
            "recordStoreMethod",
            "recordingStatusCallback",
            "recordingStatusCallbackMethod",
            "recordingStatusCallbackEvent",
            "transcribe",
        ]);
        reading.holds(&[]);
        if !reading.element.text().is_empty() {
            reading.warn("has text in it, which means nothing");
        }
        if reading.flag("transcribe", false) {
            reading.warn("transcribe: nobody writes down what was said");
        }
        let silence = reading.seconds("timeout", 0..=LONGEST, 5);
        let all = FINISHERS.chars().filter_map(Digit::from_char).collect();
        Self {
            action: reading.action(),
            silence: (!silence.is_zero()).then_some(silence),
            finish_on: reading.keys("finishOnKey", all),
            max_length: reading.seconds("maxLength", 1..=LONGEST, LONGEST),
            beep: if reading.flag("playBeep", true) { Beep::Tone } else { Beep::Silent },
            trim: trim(reading, true),
            store: Store::read(reading),
            listener: listener(reading),
        }
    }
}

impl Record {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        session.answer().await?;
        let record = crate::Record {
            beep: self.beep,
            max_length: self.max_length,
            end_silence: self.silence,
            min_length: SHORTEST,
            terminators: self.finish_on,
            mailbox: None,
            trim: if self.trim { Trim::Silence } else { Trim::Nothing },
        };
        if let Some(listener) = self.listener.as_ref().filter(|listener| listener.wants("in-progress")) {
            listener.tell(session, &[("RecordingStatus", "in-progress"), ("RecordingSource", SOURCE)]).await?;
        }
        let Recorded { recording, length, ended_by } = session.call.record(record).await?;
        session.state.digit_pressed = match ended_by {
            RecordEnd::Terminator(key) => Some(key.to_string()),
            RecordEnd::HungUp => Some("hangup".to_owned()),
            RecordEnd::EndSilence | RecordEnd::MaxLength | RecordEnd::Failed => None,
        };
        let Some(id) = recording else { return self.nothing(ended_by, session).await };
        let kept =
            Kept { id, store: self.store.as_ref(), listener: self.listener.as_ref(), source: SOURCE, channels: 1 };
        if ended_by == RecordEnd::HungUp {
            kept.leave_behind(length, Some(&self.action), session);
            return Err(Interrupted::RemoteHangup);
        }
        kept.store(session).await?;
        kept.tell(length, session).await?;
        Ok(Some(self.action.ask(session)))
    }
}

impl Record {
    /// Nothing was said: the next verb follows. A caller who has gone is told to the action.
    async fn nothing(&self, ended_by: RecordEnd, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        let absent = [("RecordingStatus", "absent"), ("RecordingSource", SOURCE)];
        let listener = self.listener.as_ref().filter(|listener| listener.wants("absent"));
        if ended_by == RecordEnd::HungUp {
            // What was recorded before is not what came of this.
            session.state.recording = None;
            if let Some(listener) = listener {
                Farewell::of_listener(listener, &absent, session).leave(session);
            }
            Farewell::of_action(&self.action, &[], session).leave(session);
            return Ok(None);
        }
        session.state.digit_pressed = None;
        if ended_by == RecordEnd::Failed {
            session.warn("Record: nothing can be recorded").await?;
        }
        if let Some(listener) = listener {
            listener.tell(session, &absent).await?;
        }
        Ok(None)
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record up to {} s", self.max_length.as_secs())
    }
}
