//! `ring_group`: calls several, all at once or one after the other, until one answers.
//!
//! Shape: `endpoints`, each a device, user or group with a `delay`, a `timeout` and a `weight`; `strategy`, `timeout` for all of it, `repeats`.
//! Where nobody answers: as `device`, after the last round.
//! Units: seconds.
//! Sources: `kazoo-pivot.md` 4.2.

use std::time::Duration;

use super::super::dialing::{Rang, Ringing, reach};
use super::{Field, Node, Session, Step};
use crate::{
    EndpointKind, Interrupted,
    op::{EarlySound, PartyTerms, RingOrder},
    pivot::schema::{Data, ListOf},
};

pub(super) const ENDPOINTS: ListOf = ListOf {
    fields: &[
        Field::text("id").required().length(1, 128),
        Field::one_of("endpoint_type", &["device", "user", "group"]).required(),
        Field::integer("delay").or_integer(0),
        Field::integer("timeout").or_integer(20),
        Field::integer("weight").within(1, 100),
    ],
    bare: Some(("id", &[("endpoint_type", "device")])),
};

const RINGTONES: &[Field] = &[Field::text("internal"), Field::text("external")];

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::list("endpoints", &ENDPOINTS).required(),
    Field::one_of("strategy", &["simultaneous", "single", "weighted_random"]).or_text("simultaneous"),
    Field::integer("timeout").or_integer(20),
    Field::integer("repeats").at_least(1).or_integer(1),
    Field::text("ringback"),
    Field::fields("ringtones", RINGTONES),
    Field::flag("ignore_forward").or_flag(true),
    Field::flag("fail_on_single_reject"),
    Field::flag("skip_module"),
];

/// Most rounds.
const MOST_ROUNDS: u64 = 20;
/// Most endpoints.
const MOST_ENDPOINTS: usize = 50;

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    for _ in 0..node.data.count("repeats", 1).clamp(1, MOST_ROUNDS) {
        match round(node, session).dial(node, session).await? {
            Rang::Step(step) => return Ok(step),
            Rang::Unanswered(_) => {}
        }
    }
    Ok(Step::Next)
}

fn round(node: &Node, session: &Session<'_>) -> Ringing {
    let data = &node.data;
    let strategy = data.text("strategy").unwrap_or_default();
    let mut endpoints = data.list("endpoints");
    endpoints.truncate(MOST_ENDPOINTS);
    let mut ringing = Ringing::new(Duration::from_secs(data.count("timeout", 20).max(1)));
    ringing.early = EarlySound::Ignored;
    if strategy != "simultaneous" {
        ringing.order = RingOrder::OneByOne;
    }
    if strategy == "weighted_random" {
        endpoints = shuffled(endpoints, || session.surroundings.chance());
    }
    for endpoint in endpoints {
        let party = PartyTerms {
            delay: Duration::from_secs(endpoint.count("delay", 0)),
            patience: Some(Duration::from_secs(endpoint.count("timeout", 20).max(1))),
            ..PartyTerms::default()
        };
        for target in targets(&endpoint, session) {
            let same = |known: &(String, PartyTerms)| *known == (target.clone(), party.clone());
            if !is_caller(&target, session) && !ringing.targets.iter().any(same) {
                ringing.targets.push((target, party.clone()));
            }
        }
    }
    ringing
}

/// The dialled strings of an endpoint.
pub(super) fn targets(endpoint: &Data, session: &Session<'_>) -> Vec<String> {
    let kind = match endpoint.text("endpoint_type") {
        Some("user") => EndpointKind::User,
        Some("group") => EndpointKind::Group,
        _ => EndpointKind::Device,
    };
    reach(kind, endpoint.text("id").unwrap_or_default(), session)
}

/// Whether somebody would call itself.
pub(super) fn is_caller(target: &str, session: &Session<'_>) -> bool {
    let own = session.call.caller.extension.as_ref().map(|extension| extension.name.as_str());
    own.is_some_and(|own| own == target || own.rsplit('*').next() == Some(target))
}

/// All of them in an order in which a heavier one is likely to come earlier.
fn shuffled(mut endpoints: Vec<Data>, mut chance: impl FnMut() -> u64) -> Vec<Data> {
    let mut order = Vec::with_capacity(endpoints.len());
    while !endpoints.is_empty() {
        let weights: Vec<u64> = endpoints.iter().map(|endpoint| endpoint.count("weight", 20).max(1)).collect();
        let mut drawn = chance() % weights.iter().sum::<u64>();
        let lighter = |weight: &&u64| {
            let passed = drawn >= **weight;
            drawn = drawn.saturating_sub(if passed { **weight } else { 0 });
            passed
        };
        let at = weights.iter().take_while(lighter).count();
        order.push(endpoints.remove(at.min(endpoints.len() - 1)));
    }
    order
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pivot::schema::{Mode, Report};

    #[test]
    fn a_weighted_order_has_everybody_and_the_heavier_ones_earlier() {
        let mut report = Report::new(Mode::Lenient);
        let endpoint = |id: &str, weight: u64, report: &mut Report| {
            Data::read(&json!({"id": id, "endpoint_type": "device", "weight": weight}), ENDPOINTS.fields, report)
        };
        let (light, heavy) = (endpoint("light", 1, &mut report), endpoint("heavy", 99, &mut report));
        let mut first = 0;
        for drawn in 0..100 {
            let order = shuffled(vec![light.clone(), heavy.clone()], || drawn);
            assert_eq!(order.len(), 2);
            first += u32::from(order[0].text("id") == Some("heavy"));
        }
        assert_eq!(first, 99);
    }
}
