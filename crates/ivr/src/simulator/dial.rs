//! Dialling in a simulation: canned answers in place of far ends.
//!
//! Time: virtual; ringing defers the end of the lifetime, an answer lifts it.
//! Errors: [`Interrupted`], as on a real call.
//! Sources: `ringme-ivr.md` 3.7 (status of a fork), 3.8 (transfer), 3.10; `kazoo-pivot.md` 4.1, 5.3 (terms).

use std::time::Duration;

use super::{
    Event, Target,
    transcript::seconds,
    world::{Edge, Lifetime, Waited, World},
};
use crate::{
    Bridged, Dial, Dialed, DigitSet, ExtensionId, Interrupted, Op, TalkEnd, TargetRules, TypeAhead,
    op::{Begins, News, PartyNews, PartyState, RingOrder, Watcher, Whisper},
};

/// Who takes a call.
enum Winner {
    Answers { index: usize, at: Duration, talk: Option<Duration> },
    Ivr(ExtensionId),
}

/// Somebody whom the script speaks to in place of the caller.
pub(super) struct Whispered {
    dial: Dial,
    index: usize,
    talk: Option<Duration>,
    /// What the caller does, in the world's order.
    caller: Vec<(Duration, Event)>,
}

impl World<'_> {
    pub(super) fn dial(&mut self, dial: &Dial) -> Result<Dialed, Interrupted> {
        self.note(self.announced(dial));
        match self.winner(dial) {
            Some(Winner::Ivr(extension)) => Ok(Dialed::HandedOver(extension)),
            Some(Winner::Answers { index, at, talk }) => {
                self.tell_all(dial, PartyState::Initiated);
                self.ring_for(dial, at)?;
                self.note(format!("… {} answers", dial.targets[index]));
                self.tell_of(dial, index, PartyState::Answered);
                if dial.terms.whisper == Whisper::Script {
                    self.whisper(dial, (index, talk));
                    return Ok(Dialed::Whispers { target: index, sip_call_id: call_id(index) });
                }
                self.bridge(dial, index, talk)
            }
            None => {
                self.tell_all(dial, PartyState::Initiated);
                let (failed, lasts) = self.failed(dial);
                self.ring_for(dial, lasts)?;
                self.note(match failed {
                    Dialed::Busy => "… busy".to_owned(),
                    Dialed::Failed { status } => format!("… failed with {status}"),
                    _ => "… no answer".to_owned(),
                });
                for index in 0..dial.targets.len() {
                    let status = status(self.target(&dial.targets[index])).unwrap_or(REQUEST_TIMEOUT);
                    self.tell_of(dial, index, PartyState::Failed { status });
                }
                match self.limit {
                    Some(limit) if limit <= self.now => Err(self.expire()),
                    _ => Ok(failed),
                }
            }
        }
    }

    /// The first to answer in time, by when that is.
    fn winner(&self, dial: &Dial) -> Option<Winner> {
        let mut winner: Option<(Duration, Winner)> = None;
        for (index, begins, lasts) in self.rings(dial) {
            let (at, candidate) = match self.target(&dial.targets[index]) {
                Target::Answers { after, talk } if after < lasts => {
                    let at = begins + after;
                    (at, Winner::Answers { index, at, talk })
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

    /// Of each target, when it begins to ring, and how long at most.
    fn rings(&self, dial: &Dial) -> Vec<(usize, Duration, Duration)> {
        let (mut rings, mut turn) = (Vec::new(), Duration::ZERO);
        for (index, target) in dial.targets.iter().enumerate() {
            let party = dial.terms.parties.get(index);
            let patience = party.and_then(|party| party.patience).map_or(dial.no_answer, |own| own.min(dial.no_answer));
            let delay = party.map(|party| party.delay).unwrap_or_default();
            let (begins, lasts) = match dial.terms.order {
                RingOrder::OneByOne => (turn, patience),
                RingOrder::AtOnce => (delay, patience.min(dial.no_answer.saturating_sub(delay))),
            };
            rings.push((index, begins, lasts));
            let is_refused = status(self.target(target)).is_some();
            turn = begins + if is_refused { Duration::ZERO } else { lasts };
        }
        rings
    }

    /// What comes of targets of which none answers in time, and how long that takes.
    fn failed(&self, dial: &Dial) -> (Dialed, Duration) {
        let targets = || dial.targets.iter().map(|target| status(self.target(target)));
        let ringing = |(index, begins, lasts): (usize, Duration, Duration)| {
            let is_refused = status(self.target(&dial.targets[index])).is_some();
            begins + if is_refused { Duration::ZERO } else { lasts }
        };
        let lasts = self.rings(dial).into_iter().map(ringing).max().unwrap_or_default();
        let failed = match targets().collect::<Option<Vec<u16>>>() {
            None => Dialed::NoAnswer,
            Some(statuses) => match statuses.into_iter().find(|status| *status != BUSY_HERE) {
                None => Dialed::Busy,
                Some(status) => Dialed::Failed { status },
            },
        };
        (failed, lasts)
    }

    fn target(&self, number: &str) -> Target {
        let unlisted =
            || if self.scenario.internal.contains(number) { Target::NoAnswer } else { Target::Fails { status: 404 } };
        self.scenario.targets.get(number).copied().unwrap_or_else(unlisted)
    }

    fn ring_for(&mut self, dial: &Dial, time: Duration) -> Result<(), Interrupted> {
        self.ring_keeping(time, dial.terms.keys)
    }

    pub(super) fn ring(&mut self, time: Duration) -> Result<(), Interrupted> {
        self.ring_keeping(time, TypeAhead::Drop)
    }

    fn ring_keeping(&mut self, time: Duration, keys: TypeAhead) -> Result<(), Interrupted> {
        let end = self.now.saturating_add(time);
        while let Waited::Pressed(digit) = self.wait(end, Edge::Outside, Lifetime::Deferred)? {
            match keys {
                TypeAhead::Keep => self.keep(digit),
                TypeAhead::Drop => self.note(format!("… {digit} ignored")),
            }
        }
        Ok(())
    }

    /// The script speaks to whoever answered.
    fn whisper(&mut self, dial: &Dial, (index, talk): (usize, Option<Duration>)) {
        let mut callee: Vec<_> =
            self.scenario.whispered.iter().map(|(at, event)| (self.now.saturating_add(*at), *event)).collect();
        callee.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let caller = std::mem::replace(&mut self.timeline, callee);
        self.whispered = Some(Whispered { dial: dial.clone(), index, talk, caller });
    }

    /// The party of the ops is the caller again; keys that it pressed meanwhile are lost.
    pub(super) fn turn_back(&mut self) -> Option<(Dial, usize, Option<Duration>)> {
        let Whispered { dial, index, talk, mut caller } = self.whispered.take()?;
        let now = self.now;
        caller.retain(|(at, event)| *at >= now || *event == Event::HungUp);
        self.timeline = caller;
        self.forget_digits();
        Some((dial, index, talk))
    }

    /// When the caller hangs up whom somebody is whispered to for, if that is before.
    pub(super) fn caller_gone_before(&self, until: Duration) -> Option<Duration> {
        let whispered = self.whispered.as_ref()?;
        let next = self.timeline.last().map_or(until, |(at, _)| until.min(*at));
        whispered.caller.iter().find(|(_, event)| *event == Event::HungUp).map(|(at, _)| *at).filter(|at| *at < next)
    }

    pub(super) fn join(&mut self) -> Result<Dialed, Interrupted> {
        let Some((dial, index, talk)) = self.turn_back() else {
            self.note("… nobody to join");
            return Ok(Dialed::NoAnswer);
        };
        self.note("join");
        self.bridge(&dial, index, talk)
    }

    pub(super) fn part(&mut self) {
        if let Some((dial, index, _)) = self.turn_back() {
            self.note("part");
            self.tell_of(&dial, index, PartyState::Completed { talk: Duration::ZERO });
        }
    }

    fn bridge(&mut self, dial: &Dial, index: usize, talk: Option<Duration>) -> Result<Dialed, Interrupted> {
        self.recordings_begin(Begins::OnBridge);
        let began = self.now;
        let keys = if dial.terms.keys == TypeAhead::Keep { DigitSet::ALL } else { DigitSet::NONE };
        self.kept_in_talk = keys;
        let talked = self.talk((&dial.targets[index], talk), dial.terms.longest, dial.terms.ends_by);
        self.kept_in_talk = DigitSet::NONE;
        self.tell_of(dial, index, PartyState::Completed { talk: self.now - began });
        talked.map(|dialed| match dialed {
            Dialed::Answered { talk, ended_by, .. } => Dialed::Answered { talk, ended_by, sip_call_id: call_id(index) },
            other => other,
        })
    }

    pub(super) fn talk(
        &mut self,
        (target, talk): (&str, Option<Duration>),
        longest: Option<Duration>,
        ends_by: DigitSet,
    ) -> Result<Dialed, Interrupted> {
        (self.bridged, self.limit) = (Bridged::Yes, None);
        let began = self.now;
        let is_cut = longest.is_some_and(|longest| talk.is_none_or(|talk| longest < talk));
        let end = longest.into_iter().chain(talk).min().map(|lasts| began.saturating_add(lasts));
        loop {
            // Nobody will end this talk, so the simulation does.
            if end.is_none() && self.caller_is_done() {
                self.note("… they talk on");
                return Err(Interrupted::Shutdown);
            }
            match self.wait(end.unwrap_or(Duration::MAX), Edge::Outside, Lifetime::Deferred)? {
                Waited::Through if is_cut => {
                    self.note("… its longest, they are parted");
                    return Ok(self.parted(began, TalkEnd::Longest));
                }
                Waited::Through => {
                    self.note(format!("… {target} hangs up"));
                    return Ok(self.parted(began, TalkEnd::FarEnd));
                }
                Waited::Pressed(digit) if ends_by.contains(digit) => {
                    self.note(format!("… parted by {digit}"));
                    return Ok(self.parted(began, TalkEnd::Key(digit)));
                }
                Waited::Pressed(digit) if self.kept_in_talk.contains(digit) => self.keep(digit),
                // The far end hears it.
                Waited::Pressed(_) => {}
            }
        }
    }

    fn parted(&self, began: Duration, ended_by: TalkEnd) -> Dialed {
        Dialed::Answered { talk: self.now - began, ended_by, sip_call_id: String::new() }
    }

    fn tell_all(&mut self, dial: &Dial, state: PartyState) {
        (0..dial.targets.len()).for_each(|index| self.tell_of(dial, index, state));
    }

    /// Tells whoever is to know how it stands with a target.
    fn tell_of(&mut self, dial: &Dial, target: usize, state: PartyState) {
        let party = dial.terms.parties.get(target);
        let Some(Watcher(watch)) = party.and_then(|party| party.watcher.as_ref()) else { return };
        let news = News::Party(PartyNews { target, sip_call_id: call_id(target), state });
        if let Some(tell) = watch.news(&news) {
            // It waits for nothing.
            let _ = self.perform_told(&Op::Tell(Box::new(tell)));
        }
    }

    fn announced(&self, dial: &Dial) -> String {
        let verb = match dial.rules {
            TargetRules::Apply => "dial",
            TargetRules::Ignore => "dial directly",
        };
        let mut announced = format!("{verb} {} for {}", dial.targets.join(" "), seconds(dial.no_answer));
        if dial.terms.order == RingOrder::OneByOne {
            announced += ", one by one";
        }
        let caller = &self.scenario.caller;
        if dial.caller_id.number != caller.number {
            announced += &format!(", number {}", dial.caller_id.number);
        }
        if dial.caller_id.name != caller.name {
            announced += &format!(", name {}", dial.caller_id.name);
        }
        for (name, value) in &dial.terms.headers {
            announced += &format!(", {name}: {value}");
        }
        if let Some(ringback) = &dial.terms.ringback {
            announced += &format!(", with {}", self.name(ringback));
        }
        if let Some(longest) = dial.terms.longest {
            announced += &format!(", at most {}", seconds(longest));
        }
        for (target, party) in dial.targets.iter().zip(&dial.terms.parties) {
            if !party.delay.is_zero() {
                announced += &format!(", {target} after {}", seconds(party.delay));
            }
            if let Some(patience) = party.patience {
                announced += &format!(", {target} for {}", seconds(patience));
            }
            if let Some(login) = &party.login {
                announced += &format!(", {target} as {}", login.user);
            }
            for (name, value) in &party.headers {
                announced += &format!(", {target} {name}: {value}");
            }
            if party.digits.is_some() {
                announced += &format!(", keys for {target}");
            }
        }
        announced
    }
}

const BUSY_HERE: u16 = 486;
const REQUEST_TIMEOUT: u16 = 408;

/// The Call-ID of a target's dialog.
fn call_id(target: usize) -> String {
    format!("callee-{target}")
}

/// The status that a target fails with; `None` where it rings.
fn status(target: Target) -> Option<u16> {
    match target {
        Target::Busy => Some(BUSY_HERE),
        Target::Fails { status } => Some(status),
        Target::Answers { .. } | Target::NoAnswer | Target::Ivr(_) => None,
    }
}
