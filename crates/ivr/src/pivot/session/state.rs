//! What Pivot remembers of a call.
//!
//! Shape: variables, digits, results of verbs and modules, rewrites of the caller's identity, and where the call stands in its flows.
//! Errors: what is beyond a cap is not kept, and whoever adds it is told.
//! Sources: `kazoo-pivot.md` 2.3 to 2.7, 3.3, 3.5, 4.2.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use serde_json::{Map, Value};

use crate::{
    RecordingId, Upload,
    pivot::{Node, Pivot, PivotData, Policy, twiml::Farewell},
};

/// Most bytes of all variables of one kind, as JSON.
pub const MAX_VARIABLES: usize = 64 * 1024;
/// Most flows that wait for another to end (`kazoo-pivot.md` 3.5).
pub const MAX_BRANCHES: u32 = 50;

/// What is remembered of a call.
#[derive(Clone, Debug)]
pub struct State {
    /// Custom application variables.
    pub application_vars: Map<String, Value>,
    /// Those of them that later callees are told of.
    pub exported: Vec<String>,
    /// Custom channel variables.
    pub channel_vars: Map<String, Value>,
    /// Digits by the names of their collections.
    pub collections: BTreeMap<String, String>,
    /// The key that ended the last `<Record>`, or `hangup`; it goes with the next request.
    pub digit_pressed: Option<String>,
    /// What was gathered, or pressed over TwiML prompts; it goes with the next request.
    pub digits_collected: String,
    /// Variables of `<Set>`.
    pub user_vars: BTreeMap<String, String>,
    /// Parameters of the next request, beside all others.
    pub once: Vec<(String, String)>,
    /// The language, as it was given; `None` is that of the extension.
    pub language: Option<String>,
    /// How the call stands; `None` is as it is.
    pub call_status: Option<CallStatus>,
    /// The last recording.
    pub recording: Option<LastRecording>,
    /// What came of calling others last.
    pub dial: Option<LastDial>,
    /// The queue that the caller was in last.
    pub queue_sid: Option<String>,
    /// Whom later callees see.
    pub caller_id: CallerIdRewrite,
    /// Whom web servers see in place of who called, where a module says so.
    pub shown: Option<(String, String)>,
    /// The users to whom the caller belongs.
    pub owners: Vec<String>,
    /// What later callees are told by `Alert-Info`.
    pub alert_info: Option<String>,
    /// Whether later callees see who calls.
    pub privacy: Privacy,
    /// What becomes of the caller after the next bridge.
    pub after_bridge: Option<AfterBridge>,
    /// Who is told if nobody talks to the caller.
    pub missed_call: Option<MissedCall>,
    /// How Pivot is run on the call.
    pub policy: Arc<Policy>,
    /// The data of the last pivot.
    pub data: Arc<PivotData>,
    /// What runs where its web server fails.
    pub otherwise: Option<Arc<Node>>,
    /// The URL that was asked last, without parameters.
    pub url: String,
    /// What runs, or ran last.
    pub runs: Runs,
    /// Requests so far.
    pub iteration: u32,
    /// Those of them for documents beside another.
    pub aside_requests: u32,
    /// Those of them since the caller heard something or was answered.
    pub silent_requests: u32,
    /// Flows that go on when others end.
    pub branches: Vec<Arc<Node>>,
    /// How many more there may be.
    pub branches_left: u32,
    /// Who is told of the call after its end.
    pub cdr_url: Option<String>,
    /// Recordings that were ordered and not handed over, since the call has ended meanwhile.
    pub uploads: VecDeque<WaitingUpload>,
    /// What web servers are told when the call is over.
    pub farewells: Vec<Farewell>,
    /// Names of the recordings of the call, for its record.
    pub recordings: Vec<String>,
    /// How many recordings of the call `record_call` has begun.
    pub call_recordings: u32,
    /// Recordings of the call that go on, the newest last, and where each is or will be.
    pub running: Vec<(RecordingId, String)>,
}

/// What runs on a call: a key that nothing has asked for belongs to that.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Runs {
    /// Nothing yet: the first web server is still to be asked.
    #[default]
    Nothing,
    /// A callflow.
    Callflow,
    /// A document of TwiML.
    Twiml,
}

/// How a call stands, or went (`kazoo-pivot.md` 2.6).
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum CallStatus {
    /// It waits in a queue.
    Queued,
    /// It is not answered.
    Ringing,
    /// It is answered.
    InProgress,
    /// It has ended.
    Completed,
    /// The far end was busy.
    Busy,
    /// It could not be made.
    Failed,
    /// Nobody answered.
    NoAnswer,
    /// The caller gave up.
    Canceled,
}

impl CallStatus {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }
}

/// A recording, as web servers are told of it (`kazoo-pivot.md` 2.7).
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct LastRecording {
    /// Where it is, or will be.
    pub url: String,
    /// How long it is.
    pub length: Duration,
    /// Its name.
    pub id: String,
}

/// What came of calling others (`kazoo-pivot.md` 2.3, 2.6).
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct LastDial {
    /// How it went.
    pub status: CallStatus,
    /// The Call-ID of whoever answered; empty where nobody did.
    pub sid: String,
    /// How long they talked.
    pub talk: Duration,
}

/// Whom later callees see (`kazoo-pivot.md` 4.2: `set_cid`, `prepend_cid`).
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct CallerIdRewrite {
    /// In place of the name.
    pub name: Option<String>,
    /// In place of the number.
    pub number: Option<String>,
    /// Before the name.
    pub name_prefix: String,
    /// Before the number.
    pub number_prefix: String,
}

/// What later callees do not see of the caller (`kazoo-pivot.md` 4.2).
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Privacy {
    /// They see all.
    #[default]
    None,
    /// The name.
    Name,
    /// The number.
    Number,
    /// Both.
    Full,
}

/// What becomes of the caller when whoever was called hangs up (`kazoo-pivot.md` 4.2).
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum AfterBridge {
    /// It is hung up.
    Hangup,
    /// It waits, with music.
    Park,
    /// It goes to this flow or number.
    Transfer(String),
}

/// Who is told of a call to which nobody talked (`kazoo-pivot.md` 4.2).
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct MissedCall {
    /// Web servers.
    pub urls: Vec<String>,
}

/// A recording that has to be sent when the call is over.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct WaitingUpload(pub Upload);

impl State {
    /// Nothing has happened yet.
    pub fn new(pivot: &Pivot, policy: Arc<Policy>) -> Self {
        Self {
            policy,
            application_vars: Map::new(),
            exported: Vec::new(),
            channel_vars: Map::new(),
            collections: BTreeMap::new(),
            digit_pressed: None,
            digits_collected: String::new(),
            user_vars: BTreeMap::new(),
            once: Vec::new(),
            language: None,
            call_status: None,
            recording: None,
            dial: None,
            queue_sid: None,
            caller_id: CallerIdRewrite::default(),
            shown: None,
            owners: Vec::new(),
            alert_info: None,
            privacy: Privacy::None,
            after_bridge: None,
            missed_call: None,
            data: pivot.data.clone(),
            otherwise: pivot.otherwise.clone(),
            url: pivot.data.voice_url.clone(),
            runs: Runs::Nothing,
            iteration: 0,
            aside_requests: 0,
            silent_requests: 0,
            branches: Vec::new(),
            branches_left: MAX_BRANCHES,
            cdr_url: pivot.data.cdr_url.clone(),
            uploads: VecDeque::new(),
            farewells: Vec::new(),
            recordings: Vec::new(),
            call_recordings: 0,
            running: Vec::new(),
        }
    }

    /// Keeps a variable of `<Set>`; says whether there was room for it.
    pub fn set_user_var(&mut self, name: &str, value: &str) -> bool {
        let all: usize = self.user_vars.iter().map(|(name, value)| name.len() + value.len()).sum();
        let fits = all + name.len() + value.len() <= MAX_VARIABLES;
        if fits {
            self.user_vars.insert(name.to_owned(), value.to_owned());
        }
        fits
    }

    /// Keeps variables of the application, each in place of what it was; says whether there was room for them.
    pub fn set_application_vars(&mut self, vars: &Map<String, Value>) -> bool {
        let fits = Value::Object(self.application_vars.clone()).to_string().len()
            + Value::Object(vars.clone()).to_string().len()
            <= MAX_VARIABLES;
        if fits {
            self.application_vars.extend(vars.clone());
        }
        fits
    }
}
