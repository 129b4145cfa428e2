//! Calling others from a flow, and where the flow goes on when they did not answer.
//!
//! Shape: a [`Ringing`] says whom and how; [`Ringing::run`] is the dial and the step behind it.
//! Sources: `kazoo-pivot.md` 4.1 (device, user, resources), 4.2 (ring_group, after_bridge, privacy), 4.5.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Node, OTHERWISE, Step};
use crate::{
    CallerId, Dial, Dialed, EndpointKind, Interrupted, TargetRules, Terms,
    op::{Cause, EarlySound, PartyTerms, Respond, RingOrder},
    pivot::{AfterBridge, Session, causes, session::plain},
};

/// Whom to call, and how.
pub(super) struct Ringing {
    /// Dialled strings, with what is wanted of each.
    pub(super) targets: Vec<(String, PartyTerms)>,
    pub(super) no_answer: Duration,
    pub(super) order: RingOrder,
    pub(super) early: EarlySound,
    pub(super) headers: Vec<(String, String)>,
    pub(super) anonymous: bool,
    /// Asks them to answer by themselves, after so many seconds.
    pub(super) answer_after: Option<u16>,
    /// What is done where nobody answers and the node has no child for that.
    pub(super) unanswered: Unanswered,
}

/// What follows a dial that nobody answered, where no child is for it.
#[derive(Copy, Clone, Eq, PartialEq)]
pub(super) enum Unanswered {
    /// The child `_`.
    Next,
    /// The child `_`; without one, the answer that KAZOO gives for the cause.
    DefaultResponse,
}

/// What came of a dial.
pub(super) enum Rang {
    Step(Step),
    /// Nobody answered, and no child is for the reason.
    Unanswered(&'static str),
}

impl Ringing {
    /// Calls nobody yet, each for so long.
    pub(super) fn new(no_answer: Duration) -> Self {
        Self {
            targets: Vec::new(),
            no_answer,
            order: RingOrder::AtOnce,
            early: EarlySound::Passed,
            headers: Vec::new(),
            anonymous: false,
            answer_after: None,
            unanswered: Unanswered::Next,
        }
    }

    /// Calls, and goes on by what came of it.
    pub(super) async fn run(self, node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
        let unanswered = self.unanswered;
        match self.dial(node, session).await? {
            Rang::Step(step) => Ok(step),
            Rang::Unanswered(cause) => default_response(unanswered, cause, node, session).await,
        }
    }

    /// Calls once; whoever has nobody to call goes on as if the node were not there.
    pub(super) async fn dial(self, node: &Node, session: &mut Session<'_>) -> Result<Rang, Interrupted> {
        if self.targets.is_empty() {
            session.warn(format!("{} names nobody who can be called", node.name)).await?;
            return Ok(Rang::Step(Step::Next));
        }
        let (targets, parties): (Vec<String>, Vec<PartyTerms>) = self.targets.into_iter().unzip();
        let mut headers = session.leg_headers();
        headers.extend(self.headers);
        let caller_id = if self.anonymous { CallerId::default() } else { session.caller_id() };
        let terms = Terms {
            order: self.order,
            parties,
            headers,
            early: self.early,
            answer_after: self.answer_after,
            ..Terms::default()
        };
        let dial = Dial { targets, rules: TargetRules::Apply, no_answer: self.no_answer, caller_id, terms };
        session.state.silent_requests = 0;
        match session.call.dial(dial).await? {
            Dialed::HandedOver(extension) => Ok(Rang::Step(Step::HandOver(extension))),
            dialed => match causes::of_dial(&dialed) {
                None => Ok(Rang::Step(after_bridge(session).await?)),
                Some((cause, status)) => {
                    let child = node.child(cause).or_else(|| node.child(&format!("sip:{status}")));
                    Ok(child.cloned().map_or(Rang::Unanswered(cause), |child| Rang::Step(Step::Into(child))))
                }
            },
        }
    }
}

/// What follows a dial that nobody answered and that no child is for.
pub(super) async fn default_response(
    unanswered: Unanswered,
    cause: &str,
    node: &Node,
    session: &mut Session<'_>,
) -> Result<Step, Interrupted> {
    if unanswered == Unanswered::Next || node.child(OTHERWISE).is_some() || session.call.answered {
        return Ok(Step::Next);
    }
    match causes::response(cause) {
        Some(status) => {
            session.call.respond(Respond { status, phrase: None }).await?;
            Ok(Step::Ended)
        }
        None => Ok(Step::Stop),
    }
}

/// The callee has hung up: the flow ends, unless `after_bridge` says otherwise.
async fn after_bridge(session: &mut Session<'_>) -> Result<Step, Interrupted> {
    match session.state.after_bridge.take() {
        None => Ok(Step::Stop),
        Some(AfterBridge::Hangup) => {
            session.call.hangup(Cause::NORMAL).await?;
            Ok(Step::Ended)
        }
        Some(AfterBridge::Park) => {
            session.hold().await?;
            Ok(Step::Stop)
        }
        Some(AfterBridge::Transfer(target)) => to(&target, session).await,
    }
}

/// To a flow of this id or number, or to whoever has this number.
pub(super) async fn to(target: &str, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    if let Some(flow) = session.surroundings.flow(target) {
        return Ok(Step::Into(flow));
    }
    let dial = Dial {
        targets: vec![target.to_owned()],
        rules: TargetRules::Apply,
        no_answer: Dial::RING_TIME,
        caller_id: session.caller_id(),
        terms: Terms::default(),
    };
    match session.call.dial(dial).await? {
        Dialed::HandedOver(extension) => Ok(Step::HandOver(extension)),
        _ => Ok(Step::Stop),
    }
}

/// The dialled strings of somebody whom a flow names: an endpoint of the client, or a URI.
pub(super) fn reach(kind: EndpointKind, id: &str, session: &Session<'_>) -> Vec<String> {
    let lower = id.to_ascii_lowercase();
    if lower.starts_with("sip:") || lower.starts_with("sips:") {
        return vec![id.to_owned()];
    }
    let known = session.surroundings.endpoints(kind, id);
    match (known.is_empty(), id.contains('@')) {
        (true, true) => vec![format!("sip:{id}")],
        _ => known,
    }
}

/// Header fields that a flow wants in an INVITE, with `{caller_id_number}` and the like put in. Those in `out` are for calls to the
/// endpoint, and so are those that stand by themselves.
pub(super) fn headers(written: Option<&Map<String, Value>>, session: &Session<'_>) -> Vec<(String, String)> {
    let Some(written) = written else { return Vec::new() };
    let out = written.get("out").and_then(Value::as_object);
    let flat = if written.contains_key("in") || out.is_some() { None } else { Some(written) };
    let all = out.into_iter().chain(flat).flatten();
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.!%*+`'~".contains(&b));
    all.filter(|(name, _)| is_name(name))
        .filter_map(|(name, value)| Some((name.clone(), expanded(&plain(value)?, session))))
        .take(64)
        .collect()
}

/// A text with what is known of the call put in.
fn expanded(text: &str, session: &Session<'_>) -> String {
    let (name, number) = session.identity();
    let sip = &session.call.caller.sip;
    let known = [
        ("{caller_id_number}", number.as_str()),
        ("{caller_id_name}", name.as_str()),
        ("{call_id}", session.sip_call_id()),
        ("{account_id}", session.pivot.account.as_str()),
        ("{from_user}", sip.from_user.as_str()),
        ("{from_realm}", sip.from_host.as_str()),
        ("{to_user}", session.to_user()),
        ("{request_user}", session.request_user()),
    ];
    let expanded = known.iter().fold(text.to_owned(), |text, (macro_, value)| text.replace(macro_, value));
    expanded.chars().filter(|c| !c.is_control()).collect()
}

/// Another user in front of a SIP URI, or another dialled string.
pub(super) fn with_user(target: &str, user: &str) -> String {
    match target.split_once('@') {
        Some((head, host)) => {
            let scheme = head.split_once(':').map_or("sip", |(scheme, _)| scheme);
            format!("{scheme}:{user}@{host}")
        }
        None => user.to_owned(),
    }
}
