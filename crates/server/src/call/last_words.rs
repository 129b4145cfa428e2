//! What a script may still do when its call is over.
//!
//! Shape: a script that says so is asked on after its call's end; it may ask web servers and note things, and nothing that needs a caller.
//! Time: [`LONGEST`] from the end on. The call keeps its place among the calls until then.
//! Errors: what may not be done any more ends with what ended the call, and so does everything once the time or the requests are used up.
//! Sources: VoiceXML 2.0 §1.5.4 (final processing); `voicexml-customizers.md` 3.4.

use std::time::{Duration, Instant};

use antiphon_ivr::{Interrupted, Op, Outcome};

use super::{
    epilogue,
    executor::{Executor, clock},
};

/// How long all of it may take.
const LONGEST: Duration = Duration::from_secs(30);
/// Most requests of web servers.
const REQUESTS: u32 = 32;

/// Whether a script may go on after its call, and how far it has.
#[derive(Copy, Clone, Default, Debug)]
pub(super) struct LastWords {
    /// Whether the script has any.
    pub(super) are_wanted: bool,
    /// When the call was over, once the script has been told.
    since: Option<Instant>,
    requests: u32,
}

impl LastWords {
    /// When the call was over, as far as its script went on after that.
    pub(super) fn since(&self) -> Option<Instant> {
        self.since
    }
}

impl Executor {
    /// Whether an op may still be performed although the call is over.
    pub(super) fn may_still(&mut self, over: Interrupted, op: &Op) -> bool {
        if !self.last_words.are_wanted || over == Interrupted::Shutdown {
            return false;
        }
        let now = clock();
        if self.last_words.since.is_none() {
            self.last_words.since = Some(now);
            // Nobody hears what is sent, and recordings are over; another call may have the place on the trunk, and the port.
            self.caller.give_back();
        }
        let asks = matches!(op, Op::Fetch(_) | Op::Tell(_) | Op::Upload(_));
        self.last_words.requests += u32::from(asks);
        let in_time = self.last_words.since.is_some_and(|since| now < since + LONGEST);
        let is_one = asks || matches!(op, Op::Note(_) | Op::Conclude(_) | Op::Link(_) | Op::Recording(_));
        is_one && in_time && self.last_words.requests <= REQUESTS
    }

    /// Performs an op of a call that is over.
    pub(super) async fn say_last(&mut self, over: Interrupted, op: Op) -> Result<Outcome, Interrupted> {
        if let Op::Conclude(conclusion) = op {
            self.trace.concluded(conclusion.fields);
            return Ok(Outcome::Done);
        }
        let until = self.last_words.since.unwrap_or_else(clock) + LONGEST;
        let said = async {
            let op = match op {
                Op::Fetch(fetch) => match self.with_files(&fetch).await {
                    Ok(filled) => Op::Fetch(filled.map_or(fetch, Box::new)),
                    Err(error) => return Ok(Outcome::Fetched(Err(error))),
                },
                op => op,
            };
            epilogue::perform(&self.rooms, self.client, &self.trace, op).await
        };
        match tokio::time::timeout_at(until.into(), said).await {
            Ok(said) => said.map_err(|_| over),
            Err(_) => {
                tracing::warn!("the web server of an ended call took too long; it is given up");
                Err(over)
            }
        }
    }
}
