//! A virtual network and a simulated phone, for tests of whole calls.
//!
//! Shape: [`VirtualNet`] carries datagrams, [`SimPhone`] calls and is called over it, [`Heard`] says what a phone heard,
//! [`ladder`] draws what passed.
//! Time: tokio's clock, which a test pauses. There is no way from here to a real socket: beside one, a paused clock
//! jumps over answers that are on their way.

mod carrier;
mod dice;
mod digest;
mod heard;
mod ladder;
mod likeness;
mod net;
mod phone;
mod sip_text;
mod sound;
mod stream;

pub use carrier::{Carrier, CarrierSetup, Mood};
pub use digest::{Proof, authorization};
pub use heard::{Heard, Sound, Span};
pub use ladder::ladder;
pub use likeness::{likeness, linear};
pub use net::{BindError, Datagram, Fate, Passed, Path, VirtualNet, VirtualSocket};
pub use phone::{Answering, KeyWay, Keys, PhoneSetup, Refer, Referring, SimPhone, Stage, Subscription};
pub use sip_text::SipText;
pub use sound::{KnownSounds, noise};
pub use stream::{Break, Pace, Received, breaks};
