//! Running a script against a caller's timeline, without a call.
//!
//! Shape: a [`Scenario`] says what the caller does and who answers; [`simulate`] performs every op on a clock of its own and writes a
//! [`Transcript`].
//! Units: times of the timeline count from the call's arrival.
//! Time: virtual. A prompt is over when its sounds are, so a key at that very moment belongs to what follows; a key at the very
//! moment of a deadline is in time.
//! Errors: none; a script that does not end is stopped after [`MAX_OPS`] ops, and the transcript says so.
//! Sources: `ringme-ivr.md` 3.4, 3.5, 3.8, 3.10.

mod conference;
mod customize;
mod dial;
mod echo;
mod fetch;
mod gather;
mod mailbox;
mod queue;
mod record;
mod recordings;
mod refer;
mod send_digits;
mod speech;
mod stream;
mod transcript;
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::sync::mpsc;

use crate::{
    Call, Caller, Digit, DocumentKind, EndedCall, EndpointKind, ExtensionId, ExtensionName, Interrupted, IntervalId,
    Language, Next, Op, Outcome, Page, Prompt, Recogniser, Request, Script, SoundId, Speech, Surroundings,
    op::LeftMessage,
    pivot,
    rules::{Interval, Policy},
    script::{SoundName, SoundView},
    vars::Vars,
};

pub use customize::CustomAnswer;
pub use fetch::WebAnswer;
pub use gather::Reply;
pub use speech::{Saying, Text};
pub use transcript::{Line, Transcript};
use world::World;

/// Most ops of one run.
pub const MAX_OPS: usize = 2_000;

/// What a script meets.
#[derive(Clone, Default, Debug)]
pub struct Scenario {
    /// Who calls.
    pub caller: Caller,
    /// Whose script it is.
    pub served: ExtensionName,
    /// The variables that the order for a call of ours brought.
    pub callback: Vars,
    /// The language of the extension.
    pub language: Language,
    /// The sounds that exist; any other takes no time.
    pub sounds: BTreeMap<SoundId, Sound>,
    /// How long each sound of the system set takes.
    pub system_sounds: Duration,
    /// Active internal numbers of the script's client.
    pub internal: BTreeSet<String>,
    /// What comes of dialling a number. An internal number that is not here rings without an answer, any other has no route (404).
    pub targets: BTreeMap<String, Target>,
    /// Whom a caller meets in a conference.
    pub conferring: Conferring,
    /// What somebody does, from its answer on, to whom a script whispers before it is joined to the caller.
    pub whispered: Vec<(Duration, Event)>,
    /// What becomes of the caller in a queue.
    pub queueing: Queueing,
    /// Who waits in a queue that the script takes somebody from.
    pub taking: Option<Taking>,
    /// What the caller's side makes of a REFER.
    pub referring: Referring,
    /// What comes of talking with a web server.
    pub streaming: Streaming,
    /// What comes of opening a mailbox.
    pub mailbox: Opening,
    /// What web servers answer, one request after the other; nobody is there for any further one.
    pub web: Vec<WebAnswer>,
    /// Pages of web servers by their URLs, for scripts that go from one to the other. Where there are any, others are not found, and
    /// `web` does not count.
    pub pages: BTreeMap<String, Page>,
    /// How long those of them take that are not there at once.
    pub slow_pages: BTreeMap<String, Duration>,
    /// What the methods of the extension's customizer do; without any, no customizer is active.
    pub customizer: BTreeMap<String, CustomAnswer>,
    /// How the caller answers one gather after the other, beside the timeline.
    pub replies: Vec<Reply>,
    /// The sounds of web servers, and how long they take; any other is not there.
    pub web_sounds: BTreeMap<String, Duration>,
    /// What a web script had rendered before, for rules that play it.
    pub slot: Option<Arc<Speech>>,
    /// What comes of having texts rendered; one that is not here is ready at once and takes a second.
    pub texts: BTreeMap<String, Text>,
    /// What the caller says, in order. A message records it as well.
    pub said: Vec<Saying>,
    /// Whether anybody understands what the caller says.
    pub recogniser: Recogniser,
    /// The time intervals of the script's client.
    pub intervals: BTreeMap<IntervalId, Interval>,
    /// The date and time at which the call arrives.
    pub date: Timestamp,
    /// How menus are run.
    pub policy: Policy,
    /// How Pivot is run.
    pub pivot: Arc<pivot::Policy>,
    /// The callflows of the script's client, by their ids and numbers.
    pub flows: BTreeMap<String, Arc<pivot::Node>>,
    /// Whom callflows name, and the dialled strings by which they are reached.
    pub endpoints: BTreeMap<String, Vec<String>>,
    /// What is known of the account, users and devices, by their ids; that of the account has none.
    pub documents: BTreeMap<String, serde_json::Value>,
    /// Where the script's client lives; in UTC where nobody says.
    pub zone: Option<TimeZone>,
    /// What the caller does, and when. Afterwards the caller stays, and does nothing.
    pub timeline: Vec<(Duration, Event)>,
}

/// A sound, as far as a simulation hears it.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Sound {
    /// How the transcript calls it.
    pub name: String,
    /// How long it takes.
    pub length: Duration,
}

/// Something that a caller does.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Event {
    /// Presses a key.
    Pressed(Digit),
    /// Speaks for so long.
    Spoke(Duration),
    /// Hangs up.
    HungUp,
}

/// What comes of dialling a number.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Target {
    /// Somebody answers.
    Answers {
        /// How long it rings.
        after: Duration,
        /// How long they talk before the far end hangs up; `None` until the caller does.
        talk: Option<Duration>,
    },
    /// 486 at once.
    Busy,
    /// It rings, and nobody answers.
    NoAnswer,
    /// This status at once.
    Fails {
        /// A SIP status.
        status: u16,
    },
    /// Another IVR takes the call over.
    Ivr(ExtensionId),
}

/// What comes of opening a mailbox.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub enum Opening {
    /// There is none.
    #[default]
    Missing,
    /// The caller may not; with this PIN it may, where there is one.
    Denied {
        /// The PIN.
        pin: Option<String>,
        /// What is in it.
        messages: Vec<LeftMessage>,
    },
    /// The caller is at its telephone.
    Open(Vec<LeftMessage>),
}

/// What comes of going into a conference.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Conferring {
    /// The caller stays until it leaves.
    #[default]
    Stays,
    /// An administrator sends the caller out.
    Kicked {
        /// After how long.
        after: Duration,
    },
    /// Somebody with whom it ends goes.
    Ends {
        /// After how long.
        after: Duration,
    },
    /// It begins only with somebody who comes later; the caller then stays until it leaves.
    Begins {
        /// After how long.
        after: Duration,
    },
    /// There is no place.
    Full,
}

/// What comes of talking with a web server.
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub enum Streaming {
    /// Nobody is there.
    #[default]
    Nobody,
    /// The web server ends it.
    Ends {
        /// After how long.
        after: Duration,
    },
    /// They talk until the caller leaves.
    Stays,
}

/// What becomes of a caller in a queue.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Queueing {
    /// How many wait before it; a queue with so many places is full.
    pub before: usize,
    /// When somebody takes it who has gone before they meet, if anybody does.
    pub missed: Option<Duration>,
    /// Who takes it then, if anybody does.
    pub taken: Option<Taking>,
    /// What whoever takes it wants its script to know.
    pub message: Option<String>,
}

/// Somebody who comes to talk to the caller.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Taking {
    /// After how long.
    pub after: Duration,
    /// How long they talk before the other hangs up; `None` until the caller does.
    pub talk: Option<Duration>,
}

/// What comes of asking the caller's side to call a number itself.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Referring {
    /// It does not do that.
    Refuses {
        /// A SIP status.
        status: u16,
    },
    /// It does.
    Goes {
        /// How long it takes the target to answer.
        after: Duration,
    },
    /// It tries.
    Fails {
        /// How long that takes.
        after: Duration,
        /// What the target says.
        status: u16,
    },
    /// It agrees, and is not heard of again.
    SaysNothing,
}

impl Default for Referring {
    /// Most phones of callers refuse.
    fn default() -> Self {
        Self::Refuses { status: 603 }
    }
}

/// Runs a script to its end. `start` is any instant; only differences to it count.
pub fn simulate(script: &Script, scenario: &Scenario, start: Instant) -> Transcript {
    let (mut call, mut queue) = Call::new(scenario.caller.clone());
    call.language = scenario.language;
    call.tts_slot.clone_from(&scenario.slot);
    let mut world = World::new(scenario, start);
    call.serve(scenario.served.clone());
    call.callback.clone_from(&scenario.callback);
    let surroundings = Around { scenario, milliseconds: AtomicU64::default() };
    let mut perform = |op: &Op| {
        let outcome = world.perform(op);
        surroundings.passed(world.now);
        outcome
    };
    let ended = match drive(script.run(&mut call, &surroundings), &mut queue, &mut perform) {
        Ok(ended) => ended,
        Err(why) => return world.stopped(why),
    };
    let is_over = !matches!(ended, Ok(Next::HandOver(_)));
    world.end(ended);
    if is_over {
        let mut ended = EndedCall::new(call, world.bridged);
        if let Err(why) = drive(script.after(&mut ended), &mut queue, &mut |op| world.perform_after(op)) {
            return world.stopped(why);
        }
    }
    world.transcript()
}

/// Runs what a script does to its end; or why it does not come to one.
fn drive<T>(
    running: impl Future<Output = T>,
    queue: &mut mpsc::Receiver<Request>,
    perform: &mut dyn FnMut(&Op) -> Result<Outcome, Interrupted>,
) -> Result<T, &'static str> {
    let mut running = pin!(running);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..MAX_OPS {
        if let Poll::Ready(ended) = running.as_mut().poll(&mut context) {
            return Ok(ended);
        }
        // A script waits for nothing but its ops, so a script that waits has sent one.
        let Ok(request) = queue.try_recv() else { return Err("it waits for no op") };
        let outcome = perform(&request.op);
        // The script waits for this outcome, so it is taken.
        let _ = request.reply.send(outcome);
    }
    Err("it does not end")
}

/// A scenario's world, for whoever looks at a script from inside.
#[cfg(test)]
pub(crate) fn around(scenario: &Scenario) -> impl Surroundings + '_ {
    Around { scenario, milliseconds: AtomicU64::default() }
}

/// The scenario as the script sees it, and how much of the call's time has passed.
struct Around<'a> {
    scenario: &'a Scenario,
    milliseconds: AtomicU64,
}

impl Around<'_> {
    fn passed(&self, time: Duration) {
        self.milliseconds.store(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Surroundings for Around<'_> {
    fn is_internal(&self, digits: &str) -> bool {
        self.scenario.internal.contains(digits)
    }

    fn is_active(&self, interval: IntervalId) -> bool {
        let now = self.now();
        self.scenario.intervals.get(&interval).is_some_and(|interval| interval.is_active(now))
    }

    fn policy(&self) -> Policy {
        self.scenario.policy
    }

    fn pivot_policy(&self) -> Arc<pivot::Policy> {
        self.scenario.pivot.clone()
    }

    fn flow(&self, id: &str) -> Option<Arc<pivot::Node>> {
        self.scenario.flows.get(id).cloned()
    }

    fn endpoints(&self, _kind: EndpointKind, id: &str) -> Vec<String> {
        let own = || if self.is_internal(id) { vec![id.to_owned()] } else { Vec::new() };
        self.scenario.endpoints.get(id).cloned().unwrap_or_else(own)
    }

    fn document(&self, kind: DocumentKind, id: &str) -> Option<serde_json::Value> {
        let id = if kind == DocumentKind::Account { "" } else { id };
        self.scenario.documents.get(id).cloned()
    }

    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.milliseconds.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        self.scenario.date.saturating_add(SignedDuration::from_millis(passed)).unwrap_or(Timestamp::MAX)
    }

    /// Nobody is there for a caller who never speaks.
    fn understands(&self) -> bool {
        self.scenario.recogniser == Recogniser::Worked && !self.scenario.said.is_empty()
    }

    fn zone(&self) -> TimeZone {
        self.scenario.zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// A sound of the scenario by its name or id; of the system's, everything is there.
    fn prompt(&self, sound: &SoundName, language: Language) -> Option<Prompt> {
        let id = sound.name.parse().ok().map(SoundId);
        let named = self.scenario.sounds.iter().find(|(own, known)| known.name == sound.name || Some(**own) == id);
        let own = named.map(|(id, _)| Prompt::Sound(*id)).filter(|_| sound.view != SoundView::System);
        let folder = if sound.folder.is_empty() { String::new() } else { format!("{}/", sound.folder) };
        let language = sound.language.as_deref().and_then(|tag| tag.parse().ok()).unwrap_or(language);
        let name = format!("{folder}{}", sound.name).into();
        own.or_else(|| (sound.view == SoundView::System).then_some(Prompt::System { name, language }))
    }
}

#[cfg(test)]
mod tests;
