//! The call vocabulary and the IVR surfaces, without I/O.
//!
//! A *script* is one run of a surface on one call: straight-line `async` code over [`Call`], whose every wish passes one seam,
//! an [`Op`] out and an [`Outcome`] back.
//! Whoever stands behind the seam decides what an op means in the world: the server with sockets, the simulator with a timeline.
//!
//! Shape: ops and outcomes are plain values; text formats live in the `wire` file of each surface.
//! Time: none. Time passes only inside an op, for whoever performs it.
//! Errors: [`Interrupted`] ends a script from outside and travels by `?`.
#![forbid(unsafe_code)]

pub mod agreed;
pub mod call;
pub mod callback;
pub mod collector;
pub mod conference;
pub mod cookies;
pub mod digit;
mod direct;
pub mod fetch;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod gatherer;
pub mod ids;
pub mod interactive;
pub mod language;
pub mod listening;
pub mod op;
pub mod patience;
pub mod pattern;
pub mod pivot;
pub mod rules;
pub mod say;
pub mod script;
pub mod send_digits;
pub mod simulator;
pub mod vars;
pub mod vxml;

pub use agreed::{AgreedSound, Way};
pub use call::{Bridged, Call, CallRecord, Caller, EndedCall, Ending, ExtensionName, Request, SipFacts};
pub use callback::Callback;
pub use collector::{Collector, DigitBuffer};
pub use cookies::Cookies;
pub use digit::{Digit, DigitSet};
pub use fetch::{BodyFile, Fetch, FetchBody, FetchError, FetchMethod, Filler, Meanwhile, Note, NoteKind, Page};
pub use gatherer::Gatherer;
pub use ids::{ContextId, ExtensionId, IntervalId, RecordingId, RuleId, SoundId};
pub use language::{Language, UnknownLanguage};
pub use listening::Listening;
pub use op::{
    Alone, Announcement, BadSpeech, BargeIn, CallRecording, CallerId, Cause, Collect, Collected, Conference, Conferred,
    Dial, Dialed, EndedBy, Gather, GatherEnd, Gathered, Interrupted, Join, Listen, ListenEnd, ListenFrom, Listened, Op,
    Outcome, Play, Played, Prompt, Rating, Recogniser, Record, RecordEnd, Recorded, Recording, RecordingState, Refer,
    ReferScope, Referred, Render, RenderError, Rendered, SPEECH_PATIENCE, Speech, TalkEnd, TargetRules, Terms, Tone,
    TypeAhead, Upload, Utterance, Voice, WebSound,
};
pub use patience::Patience;
pub use pattern::{BadPattern, Pattern};
pub use script::{Custom, DocumentKind, EndpointKind, Next, Running, Script, SoundName, SoundView, Surroundings};
pub use send_digits::{DigitStep, SendDigits, Sent};
pub use vars::Vars;
