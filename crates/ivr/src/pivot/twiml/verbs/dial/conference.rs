//! `<Conference startConferenceOnEnter="false">room</Conference>`: the caller talks with all others in a room.
//!
//! Shape: the name; `muted`, `deaf`, `beep` (`true`, `false`, `onEnter`, `onExit`), `startConferenceOnEnter`, `endConferenceOnExit`,
//! `waitUrl` with `waitMethod` (a sound, or a document that runs until the conference begins; empty is silence), `maxParticipants`,
//! `record` with `recordingStatusCallback`, `statusCallback`, `participantLabel`.
//! Errors: without a name it is left out, which is told.
//! Sources: `kazoo-pivot.md` 5.3, 5.4.

use super::{Dial, Reading, Session, Taping, Way, party, record, run::Went};
use crate::{
    Alone, Announcement, Conference, Conferred, Interrupted, Voice,
    op::{Begins, Ears, Ends, Opens, Sides},
    pivot::{
        CallStatus,
        twiml::{
            aside::{self, Aside},
            reading::Listener,
            watch,
        },
    },
};

/// Most who can be in a conference.
const MOST: u32 = 250;
/// What somebody is told of.
const EVENTS: [&str; 5] = ["start", "end", "join", "leave", "mute"];

/// A place in a conference.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct JoinConference {
    /// Its name.
    pub name: String,
    /// What the caller may there.
    pub manners: Manners,
    /// Whether the others hear that somebody comes or goes.
    pub beep: Beeps,
    /// What the caller hears while it has not begun.
    pub wait: Wait,
    /// How many may be in it.
    pub most: usize,
    /// The recording, where there is to be one.
    pub record: Option<Taping>,
    /// Who is told of it.
    pub listener: Option<Listener>,
    /// What the caller is called there.
    pub label: Option<String>,
}

/// What somebody may in a conference.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Manners {
    /// The others do not hear it.
    pub muted: bool,
    /// It does not hear the others.
    pub deaf: bool,
    /// The conference begins with it.
    pub starts: bool,
    /// The conference ends with it.
    pub ends: bool,
}

/// When a tone is heard.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Beeps {
    /// When somebody comes or goes.
    Both,
    /// When somebody comes.
    OnEnter,
    /// When somebody goes.
    OnExit,
    /// Never.
    Never,
}

/// What is heard before a conference begins.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Wait {
    /// The music on hold.
    Music,
    /// Nothing.
    Silence,
    /// A sound, or what a document says.
    At(Way),
}

impl JoinConference {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        reading.knows(&[
            "muted",
            "deaf",
            "beep",
            "startConferenceOnEnter",
            "endConferenceOnExit",
            "waitUrl",
            "waitMethod",
            "maxParticipants",
            "record",
            "recordingStatusCallback",
            "recordingStatusCallbackMethod",
            "recordingStatusCallbackEvent",
            "statusCallback",
            "statusCallbackMethod",
            "statusCallbackEvent",
            "participantLabel",
        ]);
        reading.holds(&[]);
        let text = reading.element.text();
        let name = party::target(reading, &text)?;
        let beeps =
            [("true", Beeps::Both), ("onEnter", Beeps::OnEnter), ("onExit", Beeps::OnExit), ("false", Beeps::Never)];
        Some(Self {
            name,
            manners: Manners::read(reading),
            beep: reading.choice("beep", &beeps, Beeps::Both),
            wait: Wait::read(reading),
            most: usize::try_from(reading.number("maxParticipants", 2..=MOST, MOST)).unwrap_or(usize::MAX),
            record: record_of(reading),
            listener: reading.listener("statusCallback", &EVENTS, &["start", "end"]),
            label: reading.word("participantLabel").map(str::to_owned),
        })
    }
}

impl Manners {
    fn read(reading: &mut Reading<'_>) -> Self {
        Self {
            muted: reading.flag("muted", false),
            deaf: reading.flag("deaf", false),
            starts: reading.flag("startConferenceOnEnter", true),
            ends: reading.flag("endConferenceOnExit", false),
        }
    }
}

impl Wait {
    fn read(reading: &mut Reading<'_>) -> Self {
        let method = reading.method("waitMethod");
        match reading.text("waitUrl") {
            None => Self::Music,
            Some("") => Self::Silence,
            Some(url) => Self::At(Way { url: Some(url.to_owned()), method }),
        }
    }
}

/// `record`, which is `record-from-start` or nothing.
fn record_of(reading: &mut Reading<'_>) -> Option<Taping> {
    let listener = record::listener(reading);
    let ways = [("record-from-start", true), ("true", true), ("do-not-record", false), ("false", false)];
    let taping = Taping { begins: Begins::Now, sides: Sides::Mixed, store: None, listener };
    reading.choice("record", &ways, false).then_some(taping)
}

/// What tells the recording of a conference from others.
const SOURCE: &str = "Conference";

impl JoinConference {
    /// Takes part until one of the ways out is taken.
    pub(super) async fn run(&self, dial: &Dial, session: &mut Session<'_>) -> Result<Went, Interrupted> {
        session.answer().await?;
        let tape = match &self.record {
            Some(taping) => taping.begin("conference", SOURCE, session).await?.map(|id| (taping, id)),
            None => None,
        };
        let (conference, waits) = self.room(dial, session).await?;
        let ended = self.take_part(&conference, waits.as_ref(), session).await?;
        if let Some((taping, id)) = tape {
            taping.end(id, SOURCE, session).await?;
        }
        let status = if ended == Conferred::Full { CallStatus::Failed } else { CallStatus::Completed };
        if ended == Conferred::Full {
            session.warn("Conference: there is no place in it").await?;
        }
        Ok(Went { bridged: status == CallStatus::Completed, ..Went::of_nobody(status) })
    }

    /// The room, and the document that runs until it opens.
    async fn room(&self, dial: &Dial, session: &mut Session<'_>) -> Result<(Conference, Option<Way>), Interrupted> {
        let (alone, waits) = match &self.wait {
            Wait::Music => (Alone::Music, None),
            Wait::Silence => (Alone::Silence, None),
            Wait::At(way) => match way.sound(session).await? {
                Some(alone) => (alone, None),
                None => (Alone::Script, Some(way.clone())),
            },
        };
        let Manners { muted, deaf, starts, ends } = self.manners;
        let conference = Conference {
            voice: if muted { Voice::Muted } else { Voice::Heard },
            ears: if deaf { Ears::Deaf } else { Ears::Open },
            opens: if starts { Opens::AtOnce } else { Opens::WithAnother },
            ends: if ends { Ends::WithTheCaller } else { Ends::WithTheLast },
            announcement: match self.beep {
                Beeps::Both => Announcement::Tone,
                Beeps::OnEnter => Announcement::Entry,
                Beeps::OnExit => Announcement::Exit,
                Beeps::Never => Announcement::Silent,
            },
            alone,
            leave_by: dial.ends_by,
            watcher: self.listener.as_ref().map(|listener| watch::of_conference(listener, self.news(), session)),
            ..Conference::new(self.name.clone(), self.most)
        };
        Ok((conference, waits))
    }

    fn news(&self) -> Vec<(&'static str, String)> {
        let Manners { muted, starts, ends, .. } = self.manners;
        let mut news = vec![
            ("Muted", muted.to_string()),
            ("StartConferenceOnEnter", starts.to_string()),
            ("EndConferenceOnExit", ends.to_string()),
        ];
        news.extend(self.label.clone().map(|label| ("ParticipantLabel", label)));
        news
    }

    async fn take_part(
        &self,
        conference: &Conference,
        waits: Option<&Way>,
        session: &mut Session<'_>,
    ) -> Result<Conferred, Interrupted> {
        let mut conference = conference.clone();
        loop {
            let ended = session.call.conference(conference.clone()).await?;
            let Some(way) = waits.filter(|_| ended == Conferred::Waits) else { return Ok(ended) };
            loop {
                match aside::run(way, session).await {
                    // It has begun.
                    Err(Interrupted::Wanted) => break,
                    Err(other) => return Err(other),
                    Ok(Aside::Through) => {}
                    Ok(Aside::HungUp) => {
                        session.call.hangup(crate::Cause::NORMAL).await?;
                        return Err(Interrupted::LocalHangup);
                    }
                    Ok(Aside::Left | Aside::Failed) => {
                        conference.alone = Alone::Music;
                        break;
                    }
                }
            }
        }
    }
}
