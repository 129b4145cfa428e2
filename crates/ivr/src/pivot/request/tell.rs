//! Telling web servers something beside the requests that a session makes: while an op runs, or when the call is over.
//!
//! Shape: a [`Teller`] is made of a session and needs none later; [`Teller::tell`] makes a [`Tell`], which is sent as a form under
//! TwiML's names and signed as a request of the session would be.
//! Errors: [`BadRequest`] where a URL cannot be asked.
//! Sources: `kazoo-pivot.md` 5.4 (status callbacks).

use std::{fmt, sync::Arc, time::Duration};

use super::{BadRequest, BodyFormat, Parameters, Policy, Session, Shape, prepared, twiml};
use crate::{Fetch, FetchMethod, op::Tell};

/// How often a web server is told again that could not be told.
const RETRIES: u8 = 1;
/// How long that waits.
const PAUSE: Duration = Duration::from_secs(2);

/// Who tells web servers.
#[derive(Clone)]
pub struct Teller {
    policy: Arc<Policy>,
    secret: Option<String>,
    patience: Duration,
    step: String,
}

impl Teller {
    /// One who tells what the pivot of this call would.
    pub fn of(session: &Session<'_>) -> Self {
        Self {
            policy: session.policy.clone(),
            secret: session.pivot.secret.clone(),
            patience: session.state.data.patience,
            step: super::step(&session.state),
        }
    }

    /// What a web server is told.
    ///
    /// # Errors
    /// [`BadRequest`].
    pub fn tell(&self, url: &str, method: FetchMethod, parameters: &Parameters) -> Result<Tell, BadRequest> {
        let shape = Shape { url, method, body: BodyFormat::Form, headers: &[] };
        let fetch = prepared(&shape, parameters, &self.policy, self.secret.as_deref(), self.patience, &self.step)?;
        Ok(Tell { fetch: Fetch { max_bytes: 1024, ..fetch }, retries: RETRIES, pause: PAUSE })
    }
}

/// The parameters that say which call is meant.
pub fn of_call(session: &Session<'_>) -> Parameters {
    let mut parameters = Parameters::new();
    twiml::add(session, &mut parameters);
    parameters
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller").finish_non_exhaustive()
    }
}
