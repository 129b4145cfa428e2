//! `<callout>`: somebody is called and joined to the caller; when they have talked, the IVR goes on.
//!
//! Shape: the result says how it went: `status`, `cause`, and `duration` in seconds. It is there whatever happened.
//! Sources: `voicexml-customizers.md` 1.2, 1.3, 1.7.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{
    place,
    query::{Failure, Query},
};
use crate::{
    CallerId, Cause, Dial, Dialed, TargetRules, Terms,
    vxml::{
        elements::Reader,
        run::{Event, Flow, Interpreter, Jump, Stop},
        wire::{Attributes, Fault, Given},
    },
};

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
        let number = place::destination(&destination).map_err(Event::semantic)?;
        let caller = interpreter.call.caller.clone();
        let mut caller_id = CallerId { number: caller.number, name: caller.name };
        if let Some(given) = &self.number {
            caller_id.number = interpreter.given(given)?;
        }
        if let Some(given) = &self.name {
            caller_id.name = interpreter.given(given)?;
        }
        interpreter.keep_result("callout", &self.query.id, &Json::Null)?;
        interpreter.flush(false).await?;
        let terms = Terms { headers: interpreter.attached.headers(), ..Terms::default() };
        let no_answer = self.ring_time.unwrap_or(Dial::RING_TIME);
        let dial = Dial { targets: vec![number], rules: TargetRules::Apply, no_answer, caller_id, terms };
        let (status, cause, talk) = match interpreter.call.dial(dial).await? {
            Dialed::Answered { talk, .. } => ("answered", Cause::NORMAL, talk),
            Dialed::Whispers { .. } => ("failed", Cause(31), Duration::ZERO),
            Dialed::HandedOver(extension) => return Ok(Flow::Jump(Jump::HandOver(extension))),
            Dialed::Busy => ("busy", Cause::USER_BUSY, Duration::ZERO),
            Dialed::NoAnswer => ("noanswer", Cause::NO_ANSWER, Duration::ZERO),
            Dialed::Failed { status } => ("failed", Cause::of_status(status), Duration::ZERO),
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
}
