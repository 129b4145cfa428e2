//! Running a `Dial`.

use std::sync::Arc;

use super::{Dial, Party, Taping, Whom};
use crate::{
    CallerId, Dialed, Interrupted, Recording, RecordingId, TargetRules, Terms, TypeAhead,
    op::{StartRecording, Which, Whisper},
    pivot::{
        CallStatus, Exit, LastDial, Session, causes,
        twiml::{
            aside::{self, Aside},
            farewell::{About, Farewell},
            recording::Kept,
            watch,
        },
    },
};

/// What tells the recording of a talk from others.
const SOURCE: &str = "DialVerb";

/// How a talk went.
pub(super) struct Went {
    pub(super) status: CallStatus,
    pub(super) sid: String,
    pub(super) talk: std::time::Duration,
    /// Whether the two were joined.
    pub(super) bridged: bool,
}

impl Dial {
    pub(in crate::pivot::twiml) async fn run(&self, session: &mut Session<'_>) -> Result<Option<Exit>, Interrupted> {
        let went = match self.talk(session).await {
            Ok(Ok(went)) => went,
            Ok(Err(exit)) => return Ok(Some(exit)),
            Err(Interrupted::RemoteHangup) => {
                self.leave_behind(session);
                return Err(Interrupted::RemoteHangup);
            }
            Err(other) => return Err(other),
        };
        session.state.silent_requests = 0;
        if self.collects {
            let typed = session.typed_ahead().await?;
            session.gather_digits(&typed);
        }
        session.state.once.push(("DialBridged".to_owned(), went.bridged.to_string()));
        session.state.dial = Some(LastDial { status: went.status, sid: went.sid, talk: went.talk });
        Ok(self.action.url.is_some().then(|| self.action.ask(session)))
    }

    async fn talk(&self, session: &mut Session<'_>) -> Result<Result<Went, Exit>, Interrupted> {
        match &self.whom {
            Whom::Parties(parties) => self.call(parties, session).await,
            Whom::Conference(conference) => conference.run(self, session).await.map(Ok),
            Whom::Queue(queue) => queue.run(self, session).await.map(Ok),
        }
    }

    /// The caller has gone, so the action is told when the call is over, and what came of it is found out then.
    fn leave_behind(&self, session: &mut Session<'_>) {
        if self.action.url.is_none() {
            return;
        }
        let before = session.state.dial.take().map(|last| last.sid).unwrap_or_default();
        let (news, about): (&[_], _) = match &self.whom {
            Whom::Parties(_) => (&[], About::Talk { before }),
            Whom::Conference(_) | Whom::Queue(_) => (&[("DialCallStatus", "completed")], About::Known),
        };
        Farewell::of_action(&self.action, news, session).about(about).leave(session);
    }

    async fn call(&self, parties: &[Party], session: &mut Session<'_>) -> Result<Result<Went, Exit>, Interrupted> {
        if self.answers_first {
            session.answer().await?;
        }
        let tape = match &self.record {
            Some(taping) => taping.begin("dial", SOURCE, session).await?,
            None => None,
        };
        let dial = crate::Dial {
            targets: parties.iter().map(|party| party.target.clone()).collect(),
            rules: if parties.iter().all(|party| party.is_number) { TargetRules::Apply } else { TargetRules::Ignore },
            no_answer: self.timeout,
            caller_id: self.caller_id(session),
            terms: self.terms(parties, session),
        };
        let dialed = match session.call.dial(dial).await? {
            Dialed::Whispers { target, .. } => self.whisper(parties.get(target), session).await?,
            dialed => Some(dialed),
        };
        if let (Some(id), Some(taping)) = (tape, &self.record) {
            taping.end(id, SOURCE, session).await?;
        }
        Ok(match dialed {
            Some(Dialed::HandedOver(extension)) => Err(Exit::HandOver(extension)),
            Some(dialed) => Ok(Went::of(dialed)),
            // Whoever has answered has left before the two were joined.
            None => Ok(Went::of_nobody(CallStatus::Completed)),
        })
    }

    fn caller_id(&self, session: &Session<'_>) -> CallerId {
        let usual = session.caller_id();
        match &self.caller_id {
            Some(number) => CallerId { number: number.clone(), ..usual },
            None => usual,
        }
    }

    fn terms(&self, parties: &[Party], session: &Session<'_>) -> Terms {
        let own = parties.iter().map(|party| {
            let watcher = party.listener.as_ref().map(|listener| watch::of_party(listener, &party.target, session));
            crate::op::PartyTerms { watcher, ..party.terms.clone() }
        });
        let whispers = parties.iter().any(|party| party.before.url.is_some());
        Terms {
            order: self.order,
            parties: own.collect(),
            headers: session.leg_headers(),
            longest: Some(self.longest),
            ends_by: self.ends_by,
            keys: if self.collects { TypeAhead::Keep } else { TypeAhead::Drop },
            whisper: if whispers { Whisper::Script } else { Whisper::None },
            ..Terms::default()
        }
    }

    /// Whoever has answered hears its document, and is joined to the caller; `None` where it is not.
    async fn whisper(&self, party: Option<&Party>, session: &mut Session<'_>) -> Result<Option<Dialed>, Interrupted> {
        if let Some(before) = party.map(|party| &party.before).filter(|before| before.url.is_some()) {
            // It is the party that the verbs speak to, and the party has answered.
            let answered = std::mem::replace(&mut session.call.answered, true);
            let digits = std::mem::take(&mut session.state.digits_collected);
            let ended = aside::run(before, session).await;
            session.call.answered = answered;
            session.state.digits_collected = digits;
            match ended {
                Err(Interrupted::PartyGone) => return Ok(None),
                Err(other) => return Err(other),
                Ok(Aside::HungUp) => {
                    return match session.call.part().await {
                        Ok(()) | Err(Interrupted::PartyGone) => Ok(None),
                        Err(other) => Err(other),
                    };
                }
                Ok(Aside::Through | Aside::Left | Aside::Failed) => {}
            }
        }
        match session.call.join().await {
            Err(Interrupted::PartyGone) => Ok(None),
            joined => joined.map(Some),
        }
    }
}

impl Went {
    /// What came of calling somebody.
    pub(super) fn of(dialed: Dialed) -> Self {
        let status = causes::status_of_dial(&dialed);
        match dialed {
            Dialed::Answered { talk, sip_call_id, .. } => Self { status, sid: sip_call_id, talk, bridged: true },
            _ => Self::of_nobody(status),
        }
    }

    /// There was no talk.
    pub(super) fn of_nobody(status: CallStatus) -> Self {
        Self { status, sid: String::new(), talk: std::time::Duration::ZERO, bridged: false }
    }
}

impl Taping {
    /// Begins to record the call. Whatever becomes of the caller, those who want the recording get it.
    pub(in crate::pivot::twiml) async fn begin(
        &self,
        name: &str,
        source: &'static str,
        session: &mut Session<'_>,
    ) -> Result<Option<RecordingId>, Interrupted> {
        let start =
            StartRecording { name: name.to_owned(), sides: self.sides, begins: self.begins, ..Default::default() };
        let Some(id) = session.call.recording(Recording::Start(Arc::new(start))).await?.recording else {
            session.warn("the call cannot be recorded").await?;
            return Ok(None);
        };
        if session.state.farewells.iter().any(|farewell| farewell.is_about(id)) {
            // It goes on already.
            return Ok(Some(id));
        }
        self.kept(id, source).store(session).await?;
        if let Some(listener) = &self.listener {
            let channels = self.channels().to_string();
            let facts = [("RecordingSid", id.to_string())];
            let mut news = vec![("RecordingSource", source), ("RecordingChannels", channels.as_str())];
            news.extend(facts.iter().map(|(name, value)| (*name, value.as_str())));
            if listener.wants("in-progress") {
                let begun = [news.as_slice(), &[("RecordingStatus", "in-progress")]].concat();
                listener.tell(session, &begun).await?;
            }
            if listener.wants("completed") {
                news.push(("RecordingStatus", "completed"));
                Farewell::of_listener(listener, &news, session).about(About::Recording(id)).leave(session);
            }
        }
        Ok(Some(id))
    }

    /// Records no further, and tells of it.
    pub(in crate::pivot::twiml) async fn end(
        &self,
        id: RecordingId,
        source: &'static str,
        session: &mut Session<'_>,
    ) -> Result<(), Interrupted> {
        let stopped = session.call.recording(Recording::Stop(Which::Id(id))).await?;
        session.state.farewells.retain(|farewell| !farewell.is_about(id));
        match stopped.recording {
            Some(id) => self.kept(id, source).tell(stopped.length, session).await,
            None => Ok(()),
        }
    }

    fn kept(&self, id: RecordingId, source: &'static str) -> Kept<'_> {
        Kept { id, store: self.store.as_ref(), listener: self.listener.as_ref(), source, channels: self.channels() }
    }
}
