//! `<Refer action="/after"><Sip>sip:alice@example.com</Sip></Refer>`: the caller's side is asked to call somebody itself.
//!
//! Shape: `action`, `method`; one `Sip` with a URI or a number.
//! Errors: without a `Sip` it is skipped, which is told.
//! Sources: `kazoo-pivot.md` 5.4; RFC 3515.

use std::{fmt, time::Duration};

use super::{Exit, Reading, Session, Way};
use crate::{Interrupted, ReferScope, Referred, pivot::twiml::farewell::Farewell};

/// How long the caller's side may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks the caller's side to call somebody.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Refer {
    /// Whom.
    pub target: String,
    /// Who is asked what follows.
    pub action: Way,
}

impl Refer {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        reading.knows(&["action", "method"]);
        reading.holds(&["Sip"]);
        let element = reading.element;
        let target = element.elements().find(|inner| inner.name == "Sip").map(|sip| {
            reading.inside(sip).knows(&[]);
            sip.text()
        });
        let Some(target) = target.filter(|target| !target.is_empty() && target.len() <= 256) else {
            reading.warn("names nobody; it is skipped");
            return None;
        };
        Some(Self { target, action: reading.action() })
    }
}

impl Refer {
    pub(super) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        session.answer().await?;
        let refer = crate::Refer { target: self.target.clone(), scope: ReferScope::Anywhere, patience: PATIENCE };
        let referred = session.call.refer(refer).await?;
        let (status, refused, notified) = match referred {
            Referred::Done => ("completed", 202, Some(200)),
            Referred::Refused { status } => ("failed", status, None),
            Referred::Failed { status } => ("failed", 202, Some(status)),
            Referred::TimedOut => ("no-answer", 202, None),
        };
        let mut told = vec![("ReferCallStatus", status.to_owned()), ("ReferSipResponseCode", refused.to_string())];
        told.extend(notified.map(|status| ("NotifySipResponseCode", status.to_string())));
        if referred == Referred::Done {
            // The call is over, so nobody waits for the answer.
            if self.action.url.is_some() {
                let told: Vec<_> = told.iter().map(|(name, value)| (*name, value.as_str())).collect();
                Farewell::of_action(&self.action, &told, session).leave(session);
            }
            return Ok(Some(Exit::Ended));
        }
        session.warn(format!("Refer: {status}")).await?;
        Ok(self.action.url.is_some().then(|| {
            session.state.once.extend(told.into_iter().map(|(name, value)| (name.to_owned(), value)));
            self.action.ask(session)
        }))
    }
}

impl fmt::Display for Refer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refer to {}", self.target)
    }
}
