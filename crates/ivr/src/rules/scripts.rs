//! The scripts of a menu: web servers that are asked when a call reaches it, when it calls others, and when the call is over.
//!
//! Shape: at most one an event, in the words of VoipNow. The first two steer the menu with their verbs; the answer to the last is read,
//! and nothing of it is run.
//! Units: `timeout` in seconds on the wire; 5 where it is not given or 0.
//! Errors: whatever goes wrong, the menu goes on as without the script.
//! Sources: `ringme-ivr.md` 4.1, 4.5.

use std::time::Duration;

use super::{
    Ivr,
    run::{Flow, Run},
    wire::{self, FieldError, ScriptEvent},
};
use crate::{
    EndedCall, Interrupted, NoteKind,
    interactive::{self, Dialect, Names, Occasion, PATIENCE, WebScript},
};

/// The scripts of a menu.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct EventScripts {
    /// Asked when a call has reached the menu.
    pub dial_in: Option<WebScript>,
    /// Asked before the menu calls somebody.
    pub dial_out: Option<WebScript>,
    /// Told when the call is over.
    pub hangup: Option<WebScript>,
}

impl EventScripts {
    /// The scripts that are stored; one that this version cannot ask is left out.
    pub fn build<'a>(stored: impl IntoIterator<Item = &'a wire::EventScript>) -> Self {
        let mut scripts = Self::default();
        for script in stored {
            let place = match script.event_type {
                ScriptEvent::DialIn => &mut scripts.dial_in,
                ScriptEvent::DialOut => &mut scripts.dial_out,
                ScriptEvent::Hangup => &mut scripts.hangup,
            };
            *place = Self::check(script).ok();
        }
        scripts
    }

    /// Checks a script before it is stored.
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn check(script: &wire::EventScript) -> Result<WebScript, Vec<FieldError>> {
        if !interactive::is_address(&script.url) {
            let problem = "must begin with http:// or https:// and hold no space";
            return Err(vec![FieldError::new("url", problem)]);
        }
        let method = script.method.fetch();
        let patience = match script.timeout {
            None | Some(0) => PATIENCE,
            Some(seconds) => Duration::from_secs(seconds),
        };
        Ok(WebScript { url: script.url.clone(), method, patience, dialect: Dialect::Voipnow })
    }
}

impl Run<'_> {
    /// A call has reached the menu: what follows in place of its entry, where the script leads elsewhere.
    pub(super) async fn dial_in(&mut self) -> Result<Flow, Interrupted> {
        let Some(script) = &self.ivr.scripts.dial_in else { return Ok(Flow::Continue) };
        self.interact(script, &Occasion::DialIn, "script dial-in").await
    }

    /// The menu calls somebody: what follows in place of that, where the script leads elsewhere.
    pub(super) async fn dial_out(&mut self, numbers: &[String]) -> Result<Flow, Interrupted> {
        let Some(script) = &self.ivr.scripts.dial_out else { return Ok(Flow::Continue) };
        let occasion = Occasion::DialOut { numbers: numbers.join(",") };
        // A script may lead to a transfer, and a transfer asks the script.
        Box::pin(self.interact(script, &occasion, "script dial-out")).await
    }
}

/// The call is over: the script for that is told, and what it answers is read for those who debug it.
pub async fn after(ivr: &Ivr, ended: &mut EndedCall) -> Result<(), Interrupted> {
    let Some(script) = &ivr.scripts.hangup else { return Ok(()) };
    let occasion = Occasion::Hangup { status: ended.status().as_str() };
    let verbs = interactive::ask(script, &occasion, ended.call(), "script hangup", Names::AnyCase).await?;
    if !verbs.is_empty() {
        ended.call().note(NoteKind::Problem, "the call is over; no verb of the answer is run").await?;
    }
    Ok(())
}
