//! `<Reject reason="busy" prompt="closed"/>`: refuses a call that is not answered. One that is answered is hung up.
//!
//! Shape: `reason` (`rejected`, `busy`); `prompt`, an extension of KAZOO: a sound that is heard before, without an answer.
//! Sources: `kazoo-pivot.md` 5.3, row A25.

use std::fmt;

use super::{Exit, Reading, Session};
use crate::{
    DigitSet, Interrupted,
    op::Respond,
    pivot::{CallStatus, Times},
};

const BUSY_HERE: u16 = 486;

/// Refuses the call.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Reject {
    /// Why.
    pub reason: Reason,
    /// Heard before, as the document names it.
    pub prompt: Option<String>,
}

/// Why a call is refused.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Reason {
    /// Nobody takes it.
    Rejected,
    /// Somebody would, and talks already.
    Busy,
}

impl Reject {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        reading.knows(&["reason", "prompt"]);
        reading.holds(&[]);
        let reasons = [("rejected", Reason::Rejected), ("busy", Reason::Busy)];
        Self {
            reason: reading.choice("reason", &reasons, Reason::Rejected),
            prompt: reading.word("prompt").map(str::to_owned),
        }
    }
}

impl Reject {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        if session.call.answered {
            return Ok(Some(Exit::Ended));
        }
        if let Some(prompt) = &self.prompt
            && let Some(prompts) = session.media(prompt).await?
        {
            session.call.progress().await?;
            session.say(prompts, Times::Count(1), DigitSet::NONE).await?;
        }
        let (status, result) = match self.reason {
            Reason::Rejected => (session.policy.reject_status, CallStatus::NoAnswer),
            Reason::Busy => (BUSY_HERE, CallStatus::Busy),
        };
        session.state.call_status = Some(result);
        session.call.respond(Respond { status, phrase: None }).await?;
        Ok(Some(Exit::Ended))
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Rejected => "Reject",
            Reason::Busy => "Reject as busy",
        })
    }
}
