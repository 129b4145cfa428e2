//! One call: its legs, its script, and what joins them.
//!
//! Shape: [`task`] runs the script; [`executor`] holds the call and hears what reaches it; [`perform`] turns an op into orders; [`dial`] calls others, by the ways that `reach` finds and `hunt` tries; [`leg`] is one
//! party's dialog and stream, and [`srtp`] what it protects that with; `hearing` tells who hears whom; [`part`] tells subscribers of it; `apart` has threads for scripts that think hard, and `last_words` is what they may do when the call is over; `meanwhile` is what a caller hears while something takes long. Parties that are exchanged: `transfer` and `attended` for REFER, [`replace`] for `Replaces`.

mod apart;
mod attended;
mod calling;
mod cdr;
mod confer;
mod customize;
pub mod dial;
mod direct;
mod early;
mod echo;
mod epilogue;
pub mod executor;
mod failures;
mod fetch;
mod greet;
mod hearing;
mod hold;
mod hunt;
pub mod identity;
pub mod info;
mod last_words;
pub mod leg;
mod listen;
mod meanwhile;
pub mod media_port;
mod messages;
mod news;
pub mod part;
pub mod perform;
pub mod place;
mod problems;
mod queueing;
mod reach;
mod record;
mod recording;
mod refer;
mod referral;
mod render;
pub mod replace;
mod ringback;
mod send_digits;
pub mod srtp;
mod stream;
pub mod task;
mod transfer;
mod wanted;
mod web_sounds;
mod whisper;
mod words;

pub(crate) use self::{apart::Thinking, executor::clock};
pub use self::{attended::Yield, recording::Control as RecordingControl};

/// What reaches a call from the rooms below, through its one inbox.
#[derive(Debug)]
pub enum CallEvent {
    /// From signalling.
    Sip(antiphon_sip::Event),
    /// From the media worker.
    Media(antiphon_media::Event),
    /// Another call asks for a party of this one.
    Yield(Box<Yield>),
    /// Somebody asks for a party's place.
    Replacement(Box<replace::Replacement>),
    /// Somebody who may asks about the recording of the call.
    Recording(RecordingControl),
    /// Somebody who may has keys pressed towards the party of a dialog.
    SendDigits(antiphon_sip::DialogId, antiphon_ivr::SendDigits),
    /// An administrator or the conference asks something of a member, who has or had this seat.
    Conference(crate::conferences::SeatId, crate::conferences::Wish),
    /// Somebody takes the caller out of its queue.
    Taken(Box<crate::queues::Handover>),
    /// The other side of a meeting does something.
    Meeting(crate::queues::Meeting),
    /// Somebody who may sends the caller to this number, whatever the call does.
    SendTo(String),
    /// A text that the call waits for is rendered, or will not be.
    Rendered,
    /// What came of having an utterance understood, by its number within the call's wait.
    Understood(u64, Understood),
    /// A stream of the call to a web server has ended, by its number within the call.
    StreamEnded(u64),
    /// Somebody who may has ended the call.
    HangUp,
    /// The server goes down and no longer waits for this call.
    Shutdown,
}

/// What was said in an utterance, if anything.
pub type Understood = Result<Option<antiphon_ivr::Utterance>, crate::speech::NotUnderstood>;

/// Events that wait for a call at most.
pub const INBOX: usize = 64;
