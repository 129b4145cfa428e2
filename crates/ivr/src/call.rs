//! A call as its script sees it.
//!
//! Shape: [`Call`] carries what the script knows (variables, who called) and sends each [`Op`] through a queue of one to whoever
//! performs it; that side answers through the [`Request`]'s own reply channel.
//! Time: none here.
//! Errors: [`Interrupted`]; dropping the wait for an op cancels the op, which the performer sees as a closed reply.

mod ended;

use std::{borrow::Cow, sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};

use self::ended::LastDial;
use crate::{
    Collect, Collected, Conference, Conferred, Dial, Dialed, Fetch, FetchError, Interrupted, Language, Listen,
    Listened, Note, NoteKind, Op, Outcome, Page, Play, Played, Prompt, Rating, Record, Recorded, Recording, Refer,
    Referred, Render, Rendered, SendDigits, Sent, Speech,
    ids::{ExtensionId, RecordingId},
    op::{
        CallRecording, Cause, Conclusion, Connect, Connected, CustomError, CustomResult, Customize, Echo, Echoed,
        Enqueue, Enqueued, Extent, Gather, Gathered, Link, Load, LoadError, Mark, MarkMessage, Marked, Meet, Met,
        OpenMailbox, Opened, Place, Respond, Stream, StreamError, Take, Tell, Upload,
    },
    pivot,
    vars::Vars,
};

pub use ended::{Bridged, CallRecord, EndedCall, Ending};

/// Who calls and what was dialled, fixed for the call's life.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct Caller {
    /// The caller's number as received; empty when hidden.
    pub number: String,
    /// The caller's name; may be empty.
    pub name: String,
    /// Whether the caller hides who they are (RFC 3323, `ringme-ivr.md` 3.7).
    pub presentation: Presentation,
    /// The public number dialled, or for a local call the IVR's number without the client's prefix (`ringme-ivr.md` 1.7).
    pub called_did: String,
    /// The number that passed the call on to us; empty when none did, or it hides (RFC 5806, RFC 7044).
    pub diversion_number: String,
    /// Why it did, as the network has it, such as `user-busy`; empty when nobody says.
    pub diversion_reason: String,
    /// The call's name for web servers and the API, whatever becomes of it: 32 hexadecimal digits (`ringme-ivr.md` 4.2).
    pub call_id: String,
    /// The public number dialled; empty when it was none.
    pub did: String,
    /// What was dialled, as it was dialled.
    pub called_number: String,
    /// The extension that calls, when it is one of the client's own.
    pub extension: Option<ExtensionName>,
    /// What the caller's INVITE said.
    pub sip: Arc<SipFacts>,
}

/// What the INVITE of a caller said; all empty for a call that we placed ourselves (RFC 3261 §8.1.1).
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct SipFacts {
    /// Its Call-ID.
    pub call_id: String,
    /// The user of From.
    pub from_user: String,
    /// The host of From.
    pub from_host: String,
    /// The tag of From.
    pub from_tag: String,
    /// The user of To.
    pub to_user: String,
    /// The host of To.
    pub to_host: String,
    /// The user of the Request-URI.
    pub request_user: String,
    /// The host of the Request-URI.
    pub request_host: String,
    /// The Request-URI as it came.
    pub request_uri: String,
    /// The parameters of the Request-URI, without their escapes; at most 64.
    pub request_params: Vec<(String, String)>,
    /// What the caller's application says to ours: `aai` of the Request-URI, else User-to-User (RFC 5552 §2.4, RFC 7433).
    pub user_to_user: String,
    /// Its User-Agent.
    pub user_agent: String,
    /// Its header fields whose names begin with `X-`, with their names as they came, in their order; at most 64.
    pub headers: Vec<(String, String)>,
    /// All its header fields but those that prove who somebody is, with their names in small letters and those of one name as one, separated
    /// by commas; at most 64.
    pub all_headers: Vec<(String, String)>,
}

/// An extension, as others are told of it.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct ExtensionName {
    /// Its id.
    pub id: ExtensionId,
    /// Its whole name, `000*306`.
    pub name: String,
}

impl Default for ExtensionName {
    /// No extension has this id.
    fn default() -> Self {
        Self { id: ExtensionId(0), name: String::new() }
    }
}

/// Whether a caller shows their number.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum Presentation {
    /// The number may be shown.
    #[default]
    Allowed,
    /// The caller is anonymous.
    Restricted,
}

/// One op on its way to whoever performs it.
#[derive(Debug)]
pub struct Request {
    /// What is asked.
    pub op: Op,
    /// Where the outcome goes; closed when the script no longer waits.
    pub reply: oneshot::Sender<Result<Outcome, Interrupted>>,
}

/// A live call in the hands of a script.
#[derive(Debug)]
pub struct Call {
    /// The call's variables; they outlive a context and an IVR, not the call (`ringme-ivr.md` 3.9).
    pub vars: Vars,
    /// Who called, unchanged by anything a script sets.
    pub caller: Caller,
    /// The text that a web script has had rendered, for rules with `play_sound_from_variable` (`ringme-ivr.md` 5.3). It stays when it
    /// is said, and goes with the call.
    pub tts_slot: Option<Arc<Speech>>,
    /// The variables that the order for a call of ours brought. They are in `vars` as well; web scripts are told of them under names
    /// of their own (`ringme-ivr.md` 1.7).
    pub callback: Vars,
    /// The extension whose script has the call.
    pub served: ExtensionName,
    /// What came of the last number that the extension's script called.
    pub(crate) last_dial: LastDial,
    /// Whether the caller is answered.
    pub answered: bool,
    /// What Pivot remembers of the call, while no pivot runs.
    pub(crate) pivot: Option<Box<pivot::State>>,
    /// The language of whoever answers now; the server sets it before each script.
    pub language: Language,
    requests: mpsc::Sender<Request>,
}

impl Call {
    /// A call and the queue on which its ops arrive, one at a time.
    pub fn new(caller: Caller) -> (Self, mpsc::Receiver<Request>) {
        let (requests, queue) = mpsc::channel(1);
        let vars = Vars::of_caller(&caller);
        let call = Self {
            vars,
            caller,
            tts_slot: None,
            callback: Vars::default(),
            served: ExtensionName::default(),
            last_dial: LastDial::None,
            answered: false,
            pivot: None,
            language: Language::default(),
            requests,
        };
        (call, queue)
    }

    /// The script of this extension begins.
    pub fn serve(&mut self, extension: ExtensionName) {
        self.served = extension;
        self.last_dial = LastDial::None;
    }

    /// A sound of the system set, in the language of whoever answers.
    pub fn system(&self, name: impl Into<Cow<'static, str>>) -> Prompt {
        Prompt::System { name: name.into(), language: self.language }
    }

    /// Answers the caller.
    pub async fn answer(&mut self) -> Result<(), Interrupted> {
        self.perform(Op::Answer).await.map(drop)
    }

    /// Limits the time that the script may take from now on, or lifts the limit.
    pub async fn limit(&mut self, lifetime: Option<std::time::Duration>) -> Result<(), Interrupted> {
        self.perform(Op::Limit(lifetime)).await.map(drop)
    }

    /// Says prompts.
    pub async fn play(&mut self, play: Play) -> Result<Played, Interrupted> {
        self.play_measured(play).await.map(|(played, _)| played)
    }

    /// Says prompts, and tells how much of them was heard.
    pub async fn play_measured(&mut self, play: Play) -> Result<(Played, Extent), Interrupted> {
        match self.perform(Op::Play(play)).await? {
            Outcome::Played(played, extent) => Ok((played, extent)),
            other => unreachable!("a play is answered with Played, not {other:?}"),
        }
    }

    /// Waits for digits.
    pub async fn collect(&mut self, collect: Collect) -> Result<Collected, Interrupted> {
        match self.perform(Op::Collect(collect)).await? {
            Outcome::Collected(collected) => Ok(collected),
            other => unreachable!("a collect is answered with Collected, not {other:?}"),
        }
    }

    /// Takes the keys that nothing has asked for yet.
    pub async fn typed_ahead(&mut self) -> Result<String, Interrupted> {
        match self.perform(Op::TypedAhead).await? {
            Outcome::TypedAhead(digits) => Ok(digits),
            other => unreachable!("what was typed ahead is answered with TypedAhead, not {other:?}"),
        }
    }

    /// Waits for keys that a grammar judges.
    pub async fn gather(&mut self, gather: Gather) -> Result<Gathered, Interrupted> {
        match self.perform(Op::Gather(Box::new(gather))).await? {
            Outcome::Gathered(gathered) => Ok(gathered),
            other => unreachable!("a gather is answered with Gathered, not {other:?}"),
        }
    }

    /// Rings targets and bridges the first that answers.
    pub async fn dial(&mut self, dial: Dial) -> Result<Dialed, Interrupted> {
        self.last_dial = LastDial::Began;
        match self.perform(Op::Dial(dial)).await? {
            Outcome::Dialed(dialed) => {
                self.last_dial = LastDial::Ended(dialed.clone());
                Ok(dialed)
            }
            other => unreachable!("a dial is answered with Dialed, not {other:?}"),
        }
    }

    /// Talks with all others in a conference.
    pub async fn conference(&mut self, conference: Conference) -> Result<Conferred, Interrupted> {
        match self.perform(Op::Conference(conference)).await? {
            Outcome::Conferred(conferred) => Ok(conferred),
            other => unreachable!("a conference is answered with Conferred, not {other:?}"),
        }
    }

    /// Joins the caller to whoever was whispered to.
    pub async fn join(&mut self) -> Result<Dialed, Interrupted> {
        self.last_dial = LastDial::Began;
        match self.perform(Op::Join).await? {
            Outcome::Dialed(dialed) => {
                self.last_dial = LastDial::Ended(dialed.clone());
                Ok(dialed)
            }
            other => unreachable!("a join is answered with Dialed, not {other:?}"),
        }
    }

    /// Whether whoever has answered last was whispered to, and nobody has joined it to the caller.
    pub(crate) fn is_whispering(&self) -> bool {
        matches!(self.last_dial, LastDial::Ended(Dialed::Whispers { .. }))
    }

    /// Hangs up whoever was whispered to.
    pub async fn part(&mut self) -> Result<(), Interrupted> {
        self.perform(Op::Part).await.map(drop)
    }

    /// Puts the caller in a queue.
    pub async fn enqueue(&mut self, enqueue: Enqueue) -> Result<Enqueued, Interrupted> {
        match self.perform(Op::Enqueue(enqueue)).await? {
            Outcome::Enqueued(enqueued) => Ok(enqueued),
            other => unreachable!("an enqueue is answered with Enqueued, not {other:?}"),
        }
    }

    /// Where the caller stands in its queue.
    pub async fn place(&mut self) -> Result<Option<Place>, Interrupted> {
        match self.perform(Op::Place).await? {
            Outcome::Placed(place) => Ok(place),
            other => unreachable!("a place is answered with Placed, not {other:?}"),
        }
    }

    /// Talks with whoever takes the caller out of its queue.
    pub async fn meet(&mut self, meet: Meet) -> Result<Met, Interrupted> {
        match self.perform(Op::Meet(meet)).await? {
            Outcome::Met(met) => Ok(met),
            other => unreachable!("a meeting is answered with Met, not {other:?}"),
        }
    }

    /// Leaves the queue.
    pub async fn leave(&mut self) -> Result<(), Interrupted> {
        self.perform(Op::Leave).await.map(drop)
    }

    /// Takes whoever has waited longest in a queue, and talks.
    pub async fn take(&mut self, take: Take) -> Result<Dialed, Interrupted> {
        match self.perform(Op::Take(take)).await? {
            Outcome::Dialed(dialed) => Ok(dialed),
            other => unreachable!("a take is answered with Dialed, not {other:?}"),
        }
    }

    /// Lets the caller hear itself.
    pub async fn echo(&mut self, echo: Echo) -> Result<Echoed, Interrupted> {
        match self.perform(Op::Echo(echo)).await? {
            Outcome::Echoed(echoed) => Ok(echoed),
            other => unreachable!("an echo is answered with Echoed, not {other:?}"),
        }
    }

    /// Asks the caller's side to call somebody itself.
    pub async fn refer(&mut self, refer: Refer) -> Result<Referred, Interrupted> {
        match self.perform(Op::Refer(refer)).await? {
            Outcome::Referred(referred) => Ok(referred),
            other => unreachable!("a refer is answered with Referred, not {other:?}"),
        }
    }

    /// Takes a message of the caller.
    pub async fn record(&mut self, record: Record) -> Result<Recorded, Interrupted> {
        match self.perform(Op::Record(record)).await? {
            Outcome::Recorded(recorded) => Ok(recorded),
            other => unreachable!("a record is answered with Recorded, not {other:?}"),
        }
    }

    /// Records the whole call, or pauses that, goes on, stops, asks.
    pub async fn recording(&mut self, recording: Recording) -> Result<CallRecording, Interrupted> {
        match self.perform(Op::Recording(recording)).await? {
            Outcome::Recording(recording) => Ok(recording),
            other => unreachable!("a recording is answered with Recording, not {other:?}"),
        }
    }

    /// Presses keys towards the caller.
    pub async fn send_digits(&mut self, digits: SendDigits) -> Result<Sent, Interrupted> {
        match self.perform(Op::SendDigits(digits)).await? {
            Outcome::Sent(sent) => Ok(sent),
            other => unreachable!("digits to send are answered with Sent, not {other:?}"),
        }
    }

    /// Has a text ready, and waits for it at most so long.
    pub async fn render(&mut self, speech: Arc<Speech>, patience: Duration) -> Result<Rendered, Interrupted> {
        match self.perform(Op::Render(Render { speech, patience })).await? {
            Outcome::Rendered(rendered) => Ok(rendered),
            other => unreachable!("a text to render is answered with Rendered, not {other:?}"),
        }
    }

    /// Waits for what the caller says or presses.
    pub async fn listen(&mut self, listen: Listen) -> Result<Listened, Interrupted> {
        match self.perform(Op::Listen(Box::new(listen))).await? {
            Outcome::Listened(listened) => Ok(listened),
            other => unreachable!("a listen is answered with Listened, not {other:?}"),
        }
    }

    /// Lists the messages of a mailbox, if the caller is its owner.
    pub async fn open_mailbox(&mut self, open: OpenMailbox) -> Result<Opened, Interrupted> {
        match self.perform(Op::OpenMailbox(open)).await? {
            Outcome::Opened(opened) => Ok(opened),
            other => unreachable!("a mailbox is answered with Opened, not {other:?}"),
        }
    }

    /// Says what a message is from now on.
    pub async fn mark_message(&mut self, recording: RecordingId, mark: Mark) -> Result<Marked, Interrupted> {
        match self.perform(Op::MarkMessage(MarkMessage { recording, mark })).await? {
            Outcome::Marked(marked) => Ok(marked),
            other => unreachable!("a mark is answered with Marked, not {other:?}"),
        }
    }

    /// Asks a web server.
    pub async fn fetch(&mut self, fetch: Fetch) -> Result<Result<Page, FetchError>, Interrupted> {
        match self.perform(Op::Fetch(Box::new(fetch))).await? {
            Outcome::Fetched(fetched) => Ok(fetched),
            other => unreachable!("a fetch is answered with Fetched, not {other:?}"),
        }
    }

    /// Calls a method of the extension's customizer.
    pub async fn customize(&mut self, customize: Customize) -> Result<Result<CustomResult, CustomError>, Interrupted> {
        match self.perform(Op::Customize(Box::new(customize))).await? {
            Outcome::Customized(customized) => Ok(*customized),
            other => unreachable!("a customizer's method is answered with Customized, not {other:?}"),
        }
    }

    /// Says what was made of a web server's answer, for the people who debug it.
    pub async fn note(&mut self, kind: NoteKind, text: impl Into<String>) -> Result<(), Interrupted> {
        self.perform(Op::Note(Note { kind, text: text.into() })).await.map(drop)
    }

    /// Keeps the caller's rating of the call.
    pub async fn rate(&mut self, rating: Rating) -> Result<(), Interrupted> {
        self.perform(Op::Rate(rating)).await.map(drop)
    }

    /// Is heard by a caller who is not answered.
    pub async fn progress(&mut self) -> Result<(), Interrupted> {
        self.perform(Op::Progress).await.map(drop)
    }

    /// Has a sound of a web server ready.
    pub async fn load(&mut self, load: Load) -> Result<Result<(), LoadError>, Interrupted> {
        match self.perform(Op::Load(load)).await? {
            Outcome::Loaded(loaded) => Ok(loaded),
            other => unreachable!("a sound to load is answered with Loaded, not {other:?}"),
        }
    }

    /// Tells a web server something, and waits for nothing.
    pub async fn tell(&mut self, tell: Tell) -> Result<(), Interrupted> {
        self.perform(Op::Tell(Box::new(tell))).await.map(drop)
    }

    /// Sends a recording to a web server, and waits for nothing.
    pub async fn upload(&mut self, upload: Upload) -> Result<(), Interrupted> {
        self.perform(Op::Upload(Box::new(upload))).await.map(drop)
    }

    /// A URL at which a recording can be had; `None` where the server gives none.
    pub async fn link(&mut self, recording: RecordingId) -> Result<Option<String>, Interrupted> {
        match self.perform(Op::Link(Link { recording })).await? {
            Outcome::Linked(url) => Ok(url),
            other => unreachable!("a link is answered with Linked, not {other:?}"),
        }
    }

    /// Copies the call's sound to a web server from now on, or no more.
    pub async fn stream(&mut self, stream: Stream) -> Result<Result<(), StreamError>, Interrupted> {
        match self.perform(Op::Stream(stream)).await? {
            Outcome::Streaming(streaming) => Ok(streaming),
            other => unreachable!("a stream is answered with Streaming, not {other:?}"),
        }
    }

    /// Has the caller talk with a web server.
    pub async fn connect(&mut self, connect: Connect) -> Result<Connected, Interrupted> {
        match self.perform(Op::Connect(connect)).await? {
            Outcome::Connected(connected) => Ok(connected),
            other => unreachable!("a connect is answered with Connected, not {other:?}"),
        }
    }

    /// Ends the call with an answer of SIP.
    pub async fn respond(&mut self, respond: Respond) -> Result<(), Interrupted> {
        self.perform(Op::Respond(respond)).await.map(drop)
    }

    /// Leaves something for the world outside.
    pub async fn conclude(&mut self, conclusion: Conclusion) -> Result<(), Interrupted> {
        self.perform(Op::Conclude(conclusion)).await.map(drop)
    }

    /// Ends the call.
    pub async fn hangup(&mut self, cause: Cause) -> Result<(), Interrupted> {
        self.perform(Op::Hangup(cause)).await.map(drop)
    }

    /// The one seam between a script and the world.
    async fn perform(&mut self, op: Op) -> Result<Outcome, Interrupted> {
        let (reply, outcome) = oneshot::channel();
        let answers = matches!(op, Op::Answer);
        if self.requests.send(Request { op, reply }).await.is_err() {
            return Err(Interrupted::LocalHangup);
        }
        // A performer that is gone without an answer has ended the call.
        let outcome = outcome.await.unwrap_or(Err(Interrupted::LocalHangup));
        self.answered |= answers && outcome.is_ok()
            || matches!(
                outcome,
                Ok(Outcome::Dialed(Dialed::Answered { .. }) | Outcome::Conferred(_) | Outcome::Met(Met::Talked { .. }))
            );
        outcome
    }
}
