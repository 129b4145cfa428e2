//! `<callout>`: somebody is called and joined to the caller; when they have talked, the IVR goes on.
//!
//! Shape: the result says how it went: `status`, `cause`, and `duration` in seconds. It is there whatever happened.
//! Sources: `voicexml-customizers.md` 1.2, 1.3, 1.7.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{
    place::{self, Destination},
    query::{Failure, Query},
    queue::Waited,
};
use crate::{
    CallerId, Cause, Dial, Dialed, ExtensionId, TargetRules, Terms,
    vxml::{
        elements::Reader,
        run::{Event, Flow, Interpreter, Jump, Stop},
        wire::{Attributes, Fault, Given},
    },
};

/// What came of an attempt.
struct Came {
    status: &'static str,
    cause: Cause,
    talk: Duration,
}

impl Came {
    /// Nobody of a queue was reached.
    fn failed(status: u16) -> Self {
        let word = match status {
            486 => "busy",
            480 => "noanswer",
            _ => "failed",
        };
        Self { status: word, cause: place::cause(status), talk: Duration::ZERO }
    }
}

/// Somebody to be called.
#[derive(Clone, Debug)]
pub(crate) struct Callout {
    pub(crate) query: Query,
    destination: Given,
    /// In whose name; the caller's where it is missing.
    number: Option<Given>,
    name: Option<Given>,
    ring_time: Option<Duration>,
}

impl Callout {
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Self, Fault> {
        let destination = from.direct("destination", "destinationexpr").or_else(|| from.direct("group", "groupexpr"));
        Ok(Self {
            query: Query::read(from, reader)?,
            destination: destination.ok_or_else(|| from.fault("there is neither destination nor destinationexpr"))?,
            // The number that is displayed goes before the one that is billed.
            number: from.direct("callernumber", "callernumberexpr").or_else(|| from.direct("anumber", "anumberexpr")),
            name: from.direct("callername", "callernameexpr"),
            ring_time: from.vendor_time("timeout")?,
        })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let destination = interpreter.json_of(&self.destination)?;
        let destination = place::destination(&destination).map_err(Event::semantic)?;
        interpreter.keep_result("callout", &self.query.id, &Json::Null)?;
        interpreter.flush(false).await?;
        let Came { status, cause, talk } = match destination {
            Destination::Number(number) => match self.dial(number, interpreter).await? {
                Ok(came) => came,
                Err(extension) => return Ok(Flow::Jump(Jump::HandOver(extension))),
            },
            Destination::Queue(queue) => match interpreter.wait_in(queue, self.ring_time, false).await? {
                Waited::Talked(talk) => Came { status: "answered", cause: Cause::NORMAL, talk },
                Waited::Failed(status) => Came::failed(status),
            },
        };
        interpreter.rested();
        if status == "answered" {
            interpreter.connected().await?;
        }
        let result = json!({"status": status, "cause": cause.0, "duration": talk.as_secs_f64()});
        interpreter.keep_result("callout", &self.query.id, &result)?;
        if status == "answered" || !self.query.has_child(status == "noanswer") {
            return Ok(Flow::On);
        }
        let failure = Failure {
            event: format!("error.callout.{status}"),
            kind: status.to_owned(),
            message: format!("the call ended with the cause {}", cause.0),
            is_timeout: status == "noanswer",
        };
        self.query.failed(failure, interpreter).await
    }

    /// Calls a number; `Err` where it is another IVR, which takes the call over.
    async fn dial(&self, number: String, interpreter: &mut Interpreter<'_>) -> Result<Result<Came, ExtensionId>, Stop> {
        let caller = interpreter.call.caller.clone();
        let mut caller_id = CallerId { number: caller.number, name: caller.name };
        if let Some(given) = &self.number {
            caller_id.number = interpreter.given(given)?;
        }
        if let Some(given) = &self.name {
            caller_id.name = interpreter.given(given)?;
        }
        let terms = Terms { headers: interpreter.attached.headers(), ..Terms::default() };
        let no_answer = self.ring_time.unwrap_or(Dial::RING_TIME);
        let dial = Dial { targets: vec![number], rules: TargetRules::Apply, no_answer, caller_id, terms };
        let not_reached = |status, cause| Came { status, cause, talk: Duration::ZERO };
        Ok(Ok(match interpreter.call.dial(dial).await? {
            Dialed::Answered { talk, .. } => Came { status: "answered", cause: Cause::NORMAL, talk },
            Dialed::Whispers { .. } => not_reached("failed", Cause(31)),
            Dialed::HandedOver(extension) => return Ok(Err(extension)),
            Dialed::Busy => not_reached("busy", Cause::USER_BUSY),
            Dialed::NoAnswer => not_reached("noanswer", Cause::NO_ANSWER),
            Dialed::Failed { status } => not_reached("failed", Cause::of_status(status)),
        }))
    }
}
