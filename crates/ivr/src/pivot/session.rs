//! One call in the hands of Pivot, and what is remembered of it from one answer of a web server to the next.
//!
//! Shape: [`Session`] has the call, the world around it and the [`State`]. A document that has run tells by its [`Exit`] what follows.
//! The state goes back to the call with the session, so that a later pivot of the same call has it, and who is told of its end.
//! Units: durations are durations; what web servers are told is in whole seconds.
//! Sources: `kazoo-pivot.md` 2.3 to 2.9, 3.3, 3.5.

mod digits;
mod hold;
mod legs;
mod sound;
mod state;

use std::sync::Arc;

pub(crate) use digits::DEFAULT;
pub use digits::{MAX_COLLECTIONS, MAX_DIGITS};
pub(crate) use legs::plain;
pub use sound::{Heard, Times};
pub use state::{
    AfterBridge, CallStatus, CallerIdRewrite, LastDial, LastRecording, MAX_BRANCHES, MAX_VARIABLES, MissedCall,
    Privacy, Runs, State, WaitingUpload,
};

use super::{Node, Pivot, PivotData, Policy, url};
use crate::{Call, ExtensionId, FetchMethod, Interrupted, NoteKind, Surroundings};

/// One call in the hands of Pivot.
pub struct Session<'a> {
    /// The call.
    pub call: &'a mut Call,
    /// The world around it.
    pub surroundings: &'a dyn Surroundings,
    /// The extension.
    pub pivot: Arc<Pivot>,
    /// How Pivot is run.
    pub policy: Arc<Policy>,
    /// What is remembered.
    pub state: State,
}

/// What follows a document.
#[derive(Clone, Debug)]
pub enum Exit {
    /// Nothing: the call ends, if it has not ended yet.
    Ended,
    /// Another request.
    Ask(Ask),
    /// Another extension's script takes the call over, with its variables.
    HandOver(ExtensionId),
}

/// A request to a web server.
#[derive(Clone, Debug)]
pub struct Ask {
    /// An absolute URL.
    pub url: String,
    /// How it is asked.
    pub method: FetchMethod,
    /// All else: names, body, patience, headers.
    pub data: Arc<PivotData>,
    /// What runs where it fails; nothing hangs up.
    pub otherwise: Option<Arc<Node>>,
    /// Who makes it.
    pub asker: Asker,
}

/// Who makes a request.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Asker {
    /// A pivot: the extension's own, or a node of a callflow.
    Pivot,
    /// A verb of a document of TwiML.
    Verb,
    /// A document of TwiML that runs beside another, or a verb of it.
    Aside,
}

impl Ask {
    /// The request of a pivot node.
    pub fn of_node(data: Arc<PivotData>, otherwise: Option<Arc<Node>>) -> Self {
        Self { url: data.voice_url.clone(), method: data.method, data, otherwise, asker: Asker::Pivot }
    }
}

impl<'a> Session<'a> {
    /// Takes a call up, with what an earlier pivot of the same call remembers.
    pub fn new(call: &'a mut Call, surroundings: &'a dyn Surroundings, pivot: Arc<Pivot>) -> Self {
        let policy = surroundings.pivot_policy();
        let state = match call.pivot.take() {
            Some(state) => {
                State { data: pivot.data.clone(), otherwise: pivot.otherwise.clone(), runs: Runs::Nothing, ..*state }
            }
            None => State::new(&pivot, policy.clone()),
        };
        Self { call, surroundings, pivot, policy, state }
    }

    /// Tells whoever debugs the call what was wrong, and what was done instead.
    ///
    /// # Errors
    /// [`Interrupted`], as any op.
    pub async fn warn(&mut self, text: impl Into<String>) -> Result<(), Interrupted> {
        self.call.note(NoteKind::Problem, text).await
    }

    /// Tells whoever debugs the call what is run.
    ///
    /// # Errors
    /// [`Interrupted`], as any op.
    pub async fn ran(&mut self, text: impl Into<String>) -> Result<(), Interrupted> {
        self.call.note(NoteKind::Ran, text).await
    }

    /// Answers the caller, once; says whether that was now.
    ///
    /// # Errors
    /// [`Interrupted`], as any op.
    pub async fn answer(&mut self) -> Result<bool, Interrupted> {
        let is_new = !self.call.answered;
        if is_new {
            self.call.answer().await?;
            self.state.silent_requests = 0;
        }
        Ok(is_new)
    }

    /// The request that a verb of a document makes: of this URL, which may be relative, or of the document's own, by this method or the
    /// usual one. All else is as the last pivot has it.
    pub fn continuation(&self, reference: Option<&str>, method: Option<FetchMethod>) -> Ask {
        Ask {
            url: self.resolved(reference.unwrap_or_default()),
            method: method.unwrap_or(self.policy.twiml_default_method),
            data: self.state.data.clone(),
            otherwise: self.state.otherwise.clone(),
            asker: Asker::Verb,
        }
    }

    /// A URL as the document at the current URL means it.
    pub fn resolved(&self, reference: &str) -> String {
        url::resolved(&self.state.url, reference.trim(), self.policy.uri_resolution)
    }

    /// How the call stands, as web servers are told.
    pub fn call_status(&self) -> CallStatus {
        match self.state.call_status {
            Some(status) => status,
            None if self.call.answered => CallStatus::InProgress,
            None => CallStatus::Ringing,
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let nothing = State::new(&self.pivot, self.policy.clone());
        self.call.pivot = Some(Box::new(std::mem::replace(&mut self.state, nothing)));
    }
}
