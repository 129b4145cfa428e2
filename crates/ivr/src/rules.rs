//! The rule surface: contexts, options and rules.
//!
//! Shape: [`wire`] is the API's text, [`model`] what can run, [`run`] runs it on a call.
//! Units: the API's in [`wire`], [`Duration`](std::time::Duration) everywhere else.
//! Errors: [`wire::FieldError`] while a menu is written; none while it runs, where what is missing is passed over.
//! Sources: `ringme-ivr.md` 1 (data), 3 (what happens when), 6 (what its vendor leaves open).

pub mod actions;
mod digits;
pub mod guard;
pub mod interval;
pub mod mailto;
mod mode;
pub mod model;
mod option_key;
mod policy;
mod run;
mod scripts;
mod slot;
mod targets;
mod voicemail;
pub mod wire;

pub use crate::pattern::{BadPattern, MAX_PATTERN, Pattern as CallerPattern};
pub use digits::DigitSpeech;
pub use interval::Interval;
pub use model::{Built, Context, DirectDial, Expiry, Ivr, LeftOut, References, Rule};
pub use option_key::{BadOptionKey, MAX_OPTION_DIGITS, OptionDigits, OptionKey};
pub use policy::{MessageLimits, Policy};
pub use run::run;
pub use scripts::{EventScripts, after};
pub use targets::Targets;
pub use voicemail::Voicemail;
