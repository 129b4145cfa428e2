//! An extension's part in a call, as its subscribers are told of it.
//!
//! Shape: a [`Part`] begins when a call reaches an extension or leaves it, and ends when it is dropped; what happens in between is told
//! to it. Without subscriptions there is none, and nothing is built.
//! Errors: none; nothing here waits.
//! Sources: `ringme-ivr.md` 4.5, 4.6.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use antiphon_ivr::{Caller, Dialed};
use antiphon_sip::StatusCode;

use crate::{
    calls::CallId,
    events::{Event, Events},
    store::{Config, EventType, Extension, ExtensionKind},
};

/// What every part of a call knows of it.
#[derive(Debug)]
pub struct Facts {
    events: Events,
    config: Arc<Config>,
    call: CallId,
    caller: Caller,
    /// The public number that was dialled, when it was one.
    did: Option<String>,
    /// The phone of ours that calls.
    phone: Option<Arc<Extension>>,
    /// What was dialled.
    dialled: String,
    /// The word that whoever began the call gave it.
    tag: Option<String>,
    parts: Mutex<Vec<Weak<Part>>>,
}

/// Which way a call goes, as the extension sees it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Way {
    /// It is called.
    In,
    /// It calls.
    Out,
}

/// An extension's part.
#[derive(Debug)]
pub struct Part {
    facts: Arc<Facts>,
    extension: Arc<Extension>,
    way: Way,
    /// Whom it calls, where it calls.
    number: Option<String>,
    state: Mutex<State>,
}

#[derive(Copy, Clone, Debug)]
struct State {
    status: Status,
    is_bridged: bool,
    is_transferred: bool,
}

/// How it stands with a part, in the words of the interface.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Status {
    Calling,
    Answer,
    Busy,
    NoAnswer,
    Cancel,
    Congestion,
    Unavailable,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Calling => "CALLING",
            Self::Answer => "ANSWER",
            Self::Busy => "BUSY",
            Self::NoAnswer => "NOANSWER",
            Self::Cancel => "CANCEL",
            Self::Congestion => "CONGESTION",
            Self::Unavailable => "CHANUNAVAIL",
        }
    }

    fn of(status: StatusCode) -> Self {
        match status.code() {
            486 | 600 => Self::Busy,
            408 | 480 | 487 | 603 => Self::NoAnswer,
            404 | 410 | 502 | 504 | 604 => Self::Unavailable,
            _ => Self::Congestion,
        }
    }
}

/// What a call begins with.
pub struct Beginning {
    /// Our name of it.
    pub call: CallId,
    /// Who calls.
    pub caller: Caller,
    /// The public number that was dialled, when it was one.
    pub did: Option<String>,
    /// The phone of ours that calls.
    pub phone: Option<Arc<Extension>>,
    /// What was dialled.
    pub dialled: String,
    /// A word that is told with every event.
    pub tag: Option<String>,
}

impl Facts {
    /// The facts of a call that begins.
    pub fn new(events: Events, config: Arc<Config>, beginning: Beginning) -> Arc<Self> {
        let Beginning { call, caller, did, phone, dialled, tag } = beginning;
        Arc::new(Self { events, config, call, caller, did, phone, dialled, tag, parts: Mutex::default() })
    }

    /// What was dialled.
    pub fn dialled(&self) -> &str {
        &self.dialled
    }

    /// The part of an extension that the call reaches, or that it has already; `None` when nobody wants to know.
    pub fn reaches(self: &Arc<Self>, extension: &Arc<Extension>) -> Option<Arc<Part>> {
        if let Some(part) = self.live().into_iter().find(|part| part.is(extension, Way::In)) {
            return Some(part);
        }
        self.begin(extension, Way::In, None, EventType::DialIn)
    }

    /// An extension that has the call passes it on to this number.
    pub fn passed_on(&self, extension: &Extension, number: &str) {
        self.tell(extension, (Way::Out, Some(number)), EventType::DialOut, Status::Calling, Vec::new());
    }

    /// The part of a phone that calls this number.
    pub fn leaves(self: &Arc<Self>, extension: &Arc<Extension>, number: &str) -> Option<Arc<Part>> {
        self.begin(extension, Way::Out, Some(number.to_owned()), EventType::DialOut)
    }

    fn begin(
        self: &Arc<Self>,
        extension: &Arc<Extension>,
        way: Way,
        number: Option<String>,
        kind: EventType,
    ) -> Option<Arc<Part>> {
        self.config.subscriptions(extension.id).next()?;
        let state = State { status: Status::Calling, is_bridged: false, is_transferred: false };
        let (facts, extension, state) = (self.clone(), extension.clone(), Mutex::new(state));
        let part = Arc::new(Part { facts, extension, way, number, state });
        let mut parts = locked(&self.parts);
        parts.retain(|part| part.strong_count() > 0);
        parts.push(Arc::downgrade(&part));
        drop(parts);
        part.raise(kind, Vec::new());
        Some(part)
    }

    /// The caller has given up: whoever has not answered is not called any more.
    pub fn cancelled(&self) {
        for part in self.live() {
            part.end_with(Status::Cancel);
        }
    }

    fn live(&self) -> Vec<Arc<Part>> {
        locked(&self.parts).iter().filter_map(Weak::upgrade).collect()
    }

    fn tell(
        &self,
        extension: &Extension,
        (way, number): (Way, Option<&str>),
        kind: EventType,
        status: Status,
        more: Vec<(&'static str, String)>,
    ) {
        let mut parameters = vec![
            ("CallID", self.call.to_string()),
            ("CallAPIID", self.call.to_string()),
            ("CallerIDNum", self.caller.number.clone()),
            ("CallerIDName", self.caller.name.clone()),
            ("CallStatus", status.as_str().to_owned()),
        ];
        parameters.extend(self.did.clone().map(|did| ("CalledDID", did)));
        let caller = match way {
            Way::In => {
                parameters.push(("CallFlow", "IN".to_owned()));
                parameters.push(("CalledExtension", extension.name.clone()));
                parameters.push(("CalledExtensionID", extension.id.0.to_string()));
                self.phone.as_deref().filter(|phone| phone.client == extension.client)
            }
            Way::Out => {
                parameters.push(("CallFlow", "OUT".to_owned()));
                Some(extension)
            }
        };
        parameters.push(("CalledNumber", number.unwrap_or(&self.dialled).to_owned()));
        if let Some(caller) = caller {
            parameters.push(("CallerExtension", caller.name.clone()));
            parameters.push(("CallerExtensionID", caller.id.0.to_string()));
        }
        parameters.extend(more);
        parameters.extend(self.tag.clone().map(|tag| ("Tag", tag)));
        let (id, client) = (extension.id, extension.client);
        self.events.raise(&self.config, Event { extension: id, client, call: Some(self.call), kind, parameters });
    }
}

impl Part {
    fn is(&self, extension: &Extension, way: Way) -> bool {
        self.extension.id == extension.id && self.way == way
    }

    /// It has answered, or was answered.
    pub fn answered(&self) {
        let was = std::mem::replace(&mut locked(&self.state).status, Status::Answer);
        if was != Status::Answer {
            self.raise(EventType::Answer, Vec::new());
        }
    }

    /// It was refused, or nobody could be reached. What has been answered stays so.
    pub fn failed(&self, status: StatusCode) {
        self.end_with(Status::of(status));
    }

    /// Whom it called did not answer, or has answered.
    pub fn dialed(&self, dialed: &Dialed) {
        match dialed {
            Dialed::Answered { .. } | Dialed::Whispers { .. } | Dialed::HandedOver(_) => {}
            Dialed::Busy => self.end_with(Status::Busy),
            Dialed::NoAnswer => self.end_with(Status::NoAnswer),
            Dialed::Failed { status } => {
                self.end_with(StatusCode::new(*status).map_or(Status::Congestion, Status::of));
            }
        }
    }

    /// A telephone has accepted the call.
    pub fn bridged(&self) {
        locked(&self.state).is_bridged = true;
    }

    /// Somebody has transferred the call.
    pub fn transferred(&self) {
        locked(&self.state).is_transferred = true;
    }

    /// The number at the other side: who calls, or whom the extension calls.
    fn remote(&self) -> String {
        match self.way {
            Way::In => self.facts.caller.number.clone(),
            Way::Out => self.number.clone().unwrap_or_default(),
        }
    }

    fn end_with(&self, status: Status) {
        let mut state = locked(&self.state);
        if state.status != Status::Answer {
            state.status = status;
        }
    }

    fn raise(&self, kind: EventType, more: Vec<(&'static str, String)>) {
        let status = locked(&self.state).status;
        self.facts.tell(&self.extension, (self.way, self.number.as_deref()), kind, status, more);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if locked(&self.state).status == Status::Calling {
            self.end_with(Status::NoAnswer);
        }
        let State { is_bridged, is_transferred, .. } = *locked(&self.state);
        let mut more = Vec::new();
        if !matches!(self.extension.kind, ExtensionKind::Phone(_)) {
            more.push(("Bridged", if is_bridged { "yes" } else { "no" }.to_owned()));
        }
        if is_transferred {
            more.push(("Transfered", "yes".to_owned()));
        }
        more.push(("RemoteNumber", self.remote()));
        self.raise(EventType::Hangup, more);
    }
}

/// What is locked here is whole after every use, so a panic elsewhere while it was locked harms nothing.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
