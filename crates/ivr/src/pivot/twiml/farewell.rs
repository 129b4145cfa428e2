//! What web servers are told when a call is over: the action of a verb that the caller ended by hanging up, and how recordings have come
//! out.
//!
//! Shape: a [`Farewell`] is made while the session lives, and said by the epilogue; one about a recording is whole only then.
//! Errors: where a URL cannot be asked, nobody is told.
//! Sources: `kazoo-pivot.md` 2.6, 5.3 (Record, Dial), 5.4 (recording status callbacks).

use serde_json::Value;

use super::reading::{Listener, Way};
use crate::{
    Call, EndedCall, FetchMethod, Interrupted, Recording, RecordingId,
    op::Which,
    pivot::{
        CallStatus, Session,
        request::{self, Parameters, Teller},
    },
};

/// Most that is told after a call.
const MOST: usize = 64;

/// Something to be told when a call is over.
#[derive(Clone, Debug)]
pub struct Farewell {
    teller: Teller,
    url: String,
    method: FetchMethod,
    parameters: Parameters,
    about: About,
}

/// What is not known yet.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) enum About {
    /// Nothing.
    Known,
    /// Whether the caller has talked to somebody, and for how long.
    Talk {
        /// The Call-ID of whoever the caller talked to before.
        before: String,
    },
    /// Where this message of the caller can be had.
    Message(RecordingId),
    /// Where this recording of the call can be had, and how long it is.
    Recording(RecordingId),
}

impl Farewell {
    /// The action of a verb, which nobody answers any more.
    pub(super) fn of_action(action: &Way, news: &[(&str, &str)], session: &mut Session<'_>) -> Self {
        let ask = session.continuation(action.url.as_deref(), action.method);
        session.state.once.extend(news.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let parameters = request::parameters(session, ask.data.format, ask.asker);
        Self { teller: Teller::of(session), url: ask.url, method: ask.method, parameters, about: About::Known }
    }

    /// What somebody is told who is told of events.
    pub(super) fn of_listener(listener: &Listener, news: &[(&str, &str)], session: &Session<'_>) -> Self {
        let mut parameters = request::of_call(session);
        parameters.extend(news.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
        let (url, method) = (session.resolved(&listener.url), listener.method);
        Self { teller: Teller::of(session), url, method, parameters, about: About::Known }
    }

    /// The same about a recording.
    pub(super) fn about(self, about: About) -> Self {
        Self { about, ..self }
    }

    /// The same without a parameter, which is found out at the end.
    pub(super) fn without(mut self, parameter: &str) -> Self {
        self.parameters.remove(parameter);
        self
    }

    /// Keeps it for the end of the call.
    pub(super) fn leave(self, session: &mut Session<'_>) {
        if session.state.farewells.len() < MOST {
            session.state.farewells.push(self);
        }
    }

    /// Whether it is about this recording of the call.
    pub(super) fn is_about(&self, id: RecordingId) -> bool {
        self.about == About::Recording(id)
    }

    /// Takes those that are about this recording of the call.
    pub(super) fn taken_about(id: RecordingId, session: &mut Session<'_>) -> Vec<Self> {
        let all = std::mem::take(&mut session.state.farewells);
        let (about, others) = all.into_iter().partition(|farewell| farewell.is_about(id));
        session.state.farewells = others;
        about
    }

    /// The same when the call is over.
    pub(in crate::pivot) fn over(mut self, ended: &EndedCall) -> Self {
        let mut add = |name: &str, value: Value| drop(self.parameters.insert(name.to_owned(), value));
        add("CallStatus", "completed".into());
        if let About::Talk { before } = &self.about {
            let record = ended.record();
            let is_new = record.other_call_id.is_empty() || record.other_call_id != *before;
            let talked = ended.has_talked() && is_new;
            let status = if talked { CallStatus::Completed } else { CallStatus::Canceled };
            add("DialCallStatus", status.as_str().into());
            add("DialBridged", talked.to_string().into());
            add("DialCallDuration", if talked { record.talked.as_secs() } else { 0 }.into());
            if talked && !record.other_call_id.is_empty() {
                add("DialCallSid", record.other_call_id.as_str().into());
            }
        }
        self
    }

    /// Says it.
    pub(in crate::pivot) async fn say(mut self, call: &mut Call) -> Result<(), Interrupted> {
        let mut add = |name: &str, value: Value| drop(self.parameters.insert(name.to_owned(), value));
        let about = match self.about {
            About::Known | About::Talk { .. } => None,
            About::Message(id) => Some(id),
            About::Recording(id) => {
                let stands = call.recording(Recording::Ask(Which::Id(id))).await?;
                add("RecordingDuration", stands.length.as_secs().into());
                // One that has come to nothing is not told of.
                let Some(id) = stands.recording else { return Ok(()) };
                Some(id)
            }
        };
        if let Some(id) = about {
            add("RecordingSid", id.to_string().into());
            if !self.parameters.contains_key("RecordingUrl") {
                let url = call.link(id).await?.unwrap_or_default();
                self.parameters.insert("RecordingUrl".to_owned(), url.into());
            }
        }
        match self.teller.tell(&self.url, self.method, &self.parameters) {
            Ok(tell) => call.tell(tell).await,
            Err(_) => Ok(()),
        }
    }
}
