//! Dialling in a simulation: canned answers in place of far ends.
//!
//! Time: virtual; ringing defers the end of the lifetime, an answer lifts it.
//! Errors: [`Interrupted`], as on a real call.
//! Sources: `ringme-ivr.md` 3.7 (status of a fork), 3.8 (transfer), 3.10.

use std::time::Duration;

use super::{
    Target,
    transcript::seconds,
    world::{Edge, Lifetime, Waited, World},
};
use crate::{Bridged, Dial, Dialed, ExtensionId, Interrupted, TalkEnd, TargetRules, op::Begins};

/// Who takes a call.
enum Winner {
    Answers { target: String, after: Duration, talk: Option<Duration> },
    Ivr(ExtensionId),
}

impl World<'_> {
    pub(super) fn dial(&mut self, dial: &Dial) -> Result<Dialed, Interrupted> {
        self.note(self.announced(dial));
        match self.winner(dial) {
            Some(Winner::Ivr(extension)) => Ok(Dialed::HandedOver(extension)),
            Some(Winner::Answers { target, after, talk }) => {
                self.ring(after)?;
                self.note(format!("… {target} answers"));
                self.bridged = Bridged::Yes;
                self.limit = None;
                self.recordings_begin(Begins::OnBridge);
                self.talk(&target, talk)
            }
            None => {
                let failed = self.failed(dial);
                if failed == Dialed::NoAnswer {
                    self.ring(dial.no_answer)?;
                }
                self.note(match failed {
                    Dialed::Busy => "… busy".to_owned(),
                    Dialed::Failed { status } => format!("… failed with {status}"),
                    _ => "… no answer".to_owned(),
                });
                match self.limit {
                    Some(limit) if limit <= self.now => Err(self.expire()),
                    _ => Ok(failed),
                }
            }
        }
    }

    /// The first to answer in time.
    fn winner(&self, dial: &Dial) -> Option<Winner> {
        let mut winner: Option<(Duration, Winner)> = None;
        for target in &dial.targets {
            let (at, candidate) = match self.target(target) {
                Target::Answers { after, talk } if after < dial.no_answer => {
                    (after, Winner::Answers { target: target.clone(), after, talk })
                }
                Target::Ivr(extension) => (Duration::ZERO, Winner::Ivr(extension)),
                _ => continue,
            };
            if winner.as_ref().is_none_or(|(earliest, _)| at < *earliest) {
                winner = Some((at, candidate));
            }
        }
        winner.map(|(_, winner)| winner)
    }

    /// What comes of targets of which none answers in time.
    fn failed(&self, dial: &Dial) -> Dialed {
        let statuses: Option<Vec<u16>> = dial.targets.iter().map(|target| status(self.target(target))).collect();
        match statuses {
            None => Dialed::NoAnswer,
            Some(statuses) => match statuses.into_iter().find(|status| *status != BUSY_HERE) {
                None => Dialed::Busy,
                Some(status) => Dialed::Failed { status },
            },
        }
    }

    fn target(&self, number: &str) -> Target {
        let unlisted =
            || if self.scenario.internal.contains(number) { Target::NoAnswer } else { Target::Fails { status: 404 } };
        self.scenario.targets.get(number).copied().unwrap_or_else(unlisted)
    }

    fn ring(&mut self, time: Duration) -> Result<(), Interrupted> {
        let end = self.now.saturating_add(time);
        while let Waited::Pressed(digit) = self.wait(end, Edge::Outside, Lifetime::Deferred)? {
            self.note(format!("… {digit} ignored"));
        }
        Ok(())
    }

    fn talk(&mut self, target: &str, talk: Option<Duration>) -> Result<Dialed, Interrupted> {
        let began = self.now;
        let end = talk.map(|talk| began.saturating_add(talk));
        loop {
            // Nobody will end this talk, so the simulation does.
            if end.is_none() && self.caller_is_done() {
                self.note("… they talk on");
                return Err(Interrupted::Shutdown);
            }
            match self.wait(end.unwrap_or(Duration::MAX), Edge::Outside, Lifetime::Deferred)? {
                Waited::Through => {
                    self.note(format!("… {target} hangs up"));
                    return Ok(self.parted(began, TalkEnd::FarEnd));
                }
                // The far end hears it.
                Waited::Pressed(_) => {}
            }
        }
    }

    fn parted(&self, began: Duration, ended_by: TalkEnd) -> Dialed {
        Dialed::Answered { talk: self.now - began, ended_by, sip_call_id: String::new() }
    }

    fn announced(&self, dial: &Dial) -> String {
        let verb = match dial.rules {
            TargetRules::Apply => "dial",
            TargetRules::Ignore => "dial directly",
        };
        let mut announced = format!("{verb} {} for {}", dial.targets.join(" "), seconds(dial.no_answer));
        let caller = &self.scenario.caller;
        if dial.caller_id.number != caller.number {
            announced += &format!(", number {}", dial.caller_id.number);
        }
        if dial.caller_id.name != caller.name {
            announced += &format!(", name {}", dial.caller_id.name);
        }
        announced
    }
}

const BUSY_HERE: u16 = 486;

/// The status that a target fails with; `None` where it rings.
fn status(target: Target) -> Option<u16> {
    match target {
        Target::Busy => Some(BUSY_HERE),
        Target::Fails { status } => Some(status),
        Target::Answers { .. } | Target::NoAnswer | Target::Ivr(_) => None,
    }
}
