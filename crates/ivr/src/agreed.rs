//! What a caller's side and ours have agreed on for sound, as scripts see it.
//!
//! Sources: RFC 5552 §2.4 (`session.connection.protocol.sip.media`).

/// The sound of a caller that has been answered, or hears us unanswered.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct AgreedSound {
    /// The codec, as SDP calls it.
    pub codec: String,
    /// Its clock in ticks a second.
    pub rate: u32,
    /// Which way sound may flow, as the caller's side sees it.
    pub way: Way,
}

/// Which way sound flows.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Way {
    /// Both ways.
    Both,
    /// They speak, and hear nothing.
    Sends,
    /// They hear, and do not speak.
    Hears,
    /// Neither.
    Neither,
}

impl Way {
    /// As SDP has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Both => "sendrecv",
            Self::Sends => "sendonly",
            Self::Hears => "recvonly",
            Self::Neither => "inactive",
        }
    }
}
