//! Gathering keys in a simulation.
//!
//! Time: virtual; a key at the very moment of a deadline is in time. Where the scenario has replies, the next of them answers.
//! Errors: [`Interrupted`], as on a real call.

use std::time::Duration;

use super::{
    Event,
    transcript::seconds,
    world::{Edge, Lifetime, Waited, World},
};
use crate::{
    Gatherer, Interrupted,
    op::{Gather, GatherEnd, Gathered},
};

/// How a caller answers one question.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Reply {
    /// By these keys, a second after the question was asked, and each further one a tenth of a second later.
    Keys(String),
    /// Not at all.
    Silence,
    /// By hanging up.
    HangUp,
}

impl World<'_> {
    pub(super) fn gather(&mut self, gather: &Gather) -> Result<Gathered, Interrupted> {
        self.note(announced(gather));
        self.reply();
        let mut gatherer = Gatherer::new(gather, self.instant());
        let mut ended = gatherer.take(self.instant(), &mut self.digits);
        while ended.is_none() {
            let deadline = gatherer.deadline().saturating_duration_since(self.start);
            ended = match self.wait(deadline, Edge::Inside, Lifetime::Counts)? {
                Waited::Through => gatherer.timeout(self.instant()),
                Waited::Pressed(key) => gatherer.key(self.instant(), key),
            };
        }
        let nothing = Gathered { keys: String::new(), end: GatherEnd::NoInput, terminator: None };
        let gathered = ended.unwrap_or(nothing);
        self.note(described(&gathered));
        Ok(gathered)
    }

    fn reply(&mut self) {
        let Some(reply) = self.scenario.replies.get(self.replied) else { return };
        self.replied += 1;
        let at = self.now + Duration::from_secs(1);
        match reply {
            Reply::Keys(keys) => {
                let keys = keys.chars().filter_map(crate::Digit::from_char);
                let times = (0..).map(|count| at + Duration::from_millis(100) * count);
                times.zip(keys).for_each(|(at, key)| self.happen(at, Event::Pressed(key)));
            }
            Reply::HangUp => self.happen(at, Event::HungUp),
            Reply::Silence => {}
        }
    }
}

fn announced(gather: &Gather) -> String {
    let terminator = gather.terminator.map(|key| format!(", {key} ends")).unwrap_or_default();
    let (first, inter) = (seconds(gather.first_key), seconds(gather.inter_key));
    format!("gather {}, {first} for the first, {inter} for each further{terminator}", gather.matcher.name())
}

pub(super) fn described(gathered: &Gathered) -> String {
    let keys = &gathered.keys;
    let terminator = gathered.terminator.map(|key| format!(", {key}")).unwrap_or_default();
    match gathered.end {
        GatherEnd::Match => format!("… matched {keys}{terminator}"),
        GatherEnd::NoMatch => format!("… no match: {keys}{terminator}"),
        GatherEnd::NoInput => "… nothing pressed".to_owned(),
    }
}
