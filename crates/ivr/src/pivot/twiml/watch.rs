//! Status callbacks: what web servers are told while parties are called and while somebody is in a conference.
//!
//! Shape: a [`Reporter`] goes with an op and makes a `Tell` of each event that its listener wants.
//! Units: whole seconds.
//! Errors: what cannot be told is not.
//! Sources: `kazoo-pivot.md` 5.4 (`statusCallback` of Number, Sip, Client and Conference).

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use serde_json::Value;

use super::reading::Listener;
use crate::{
    Dialed, FetchMethod,
    op::{ConferenceEvent, ConferenceNews, News, PartyNews, PartyState, Tell, Watch, Watcher},
    pivot::{
        CallStatus, Session, causes,
        request::{self, Parameters, Teller},
    },
};

/// Who tells a listener.
#[derive(Debug)]
struct Reporter {
    teller: Teller,
    url: String,
    method: FetchMethod,
    events: Vec<&'static str>,
    /// What every message has.
    parameters: Parameters,
    sequence: AtomicU32,
}

/// One who tells of a party that is called.
pub(super) fn of_party(listener: &Listener, target: &str, session: &Session<'_>) -> Watcher {
    let mut parameters = request::of_call(session);
    let parent = parameters.remove("CallSid").unwrap_or_default();
    let own = [
        ("ParentCallSid", parent),
        ("To", target.into()),
        ("Called", target.into()),
        ("Direction", "outbound-dial".into()),
        ("CallbackSource", "call-progress-events".into()),
    ];
    parameters.extend(own.map(|(name, value)| (name.to_owned(), value)));
    reporter(listener, parameters, session)
}

/// One who tells of a conference.
pub(super) fn of_conference(listener: &Listener, news: Vec<(&str, String)>, session: &Session<'_>) -> Watcher {
    let mut parameters = request::of_call(session);
    parameters.extend(news.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
    reporter(listener, parameters, session)
}

fn reporter(listener: &Listener, parameters: Parameters, session: &Session<'_>) -> Watcher {
    Watcher(Arc::new(Reporter {
        teller: Teller::of(session),
        url: session.resolved(&listener.url),
        method: listener.method,
        events: listener.events.clone(),
        parameters,
        sequence: AtomicU32::new(0),
    }))
}

impl Watch for Reporter {
    fn news(&self, news: &News) -> Option<Tell> {
        let (event, facts) = match news {
            News::Party(news) => of(news),
            News::Conference(news) => conference(news),
        };
        if !self.events.contains(&event) {
            return None;
        }
        let mut parameters = self.parameters.clone();
        parameters.extend(facts.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let number = self.sequence.fetch_add(1, Ordering::Relaxed);
        parameters.insert("SequenceNumber".to_owned(), number.into());
        self.teller.tell(&self.url, self.method, &parameters).ok()
    }
}

type Facts = Vec<(&'static str, Value)>;

fn of(news: &PartyNews) -> (&'static str, Facts) {
    let (event, status) = match news.state {
        PartyState::Initiated => ("initiated", "initiated"),
        PartyState::Ringing => ("ringing", CallStatus::Ringing.as_str()),
        PartyState::Answered => ("answered", CallStatus::InProgress.as_str()),
        PartyState::Completed { .. } => ("completed", CallStatus::Completed.as_str()),
        PartyState::Failed { status } => ("completed", causes::status_of_dial(&Dialed::Failed { status }).as_str()),
    };
    let mut facts = vec![("CallSid", news.sip_call_id.as_str().into()), ("CallStatus", status.into())];
    match news.state {
        PartyState::Completed { talk } => facts.push(("CallDuration", talk.as_secs().into())),
        PartyState::Failed { status } => facts.push(("SipResponseCode", status.into())),
        _ => {}
    }
    (event, facts)
}

fn conference(news: &ConferenceNews) -> (&'static str, Facts) {
    let (event, name) = match news.event {
        ConferenceEvent::Joined => ("join", "participant-join"),
        ConferenceEvent::Began => ("start", "conference-start"),
        ConferenceEvent::Muted => ("mute", "participant-mute"),
        ConferenceEvent::Unmuted => ("mute", "participant-unmute"),
        ConferenceEvent::Left => ("leave", "participant-leave"),
        ConferenceEvent::Ended => ("end", "conference-end"),
    };
    let facts = vec![
        ("ConferenceSid", news.name.as_str().into()),
        ("FriendlyName", news.name.as_str().into()),
        ("StatusCallbackEvent", name.into()),
        ("ParticipantCount", news.members.into()),
    ];
    (event, facts)
}
