//! The transport of a media line: plain or protected, with feedback or without.
//!
//! Shape: a closed list; what is not on it is not spoken here.
//! Sources: RFC 3551 (AVP), RFC 3711 section 10 (SAVP), RFC 4585 (AVPF), RFC 5124 (SAVPF).
//!
//! We send no feedback, which the profiles with feedback allow; an answer has the profile of its offer (RFC 3264
//! section 6).

/// A profile of RTP.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum Profile {
    /// Plain, as nearly everyone has it.
    #[default]
    Avp,
    /// Plain, with feedback.
    Avpf,
    /// Protected.
    Savp,
    /// Protected, with feedback.
    Savpf,
}

impl Profile {
    const ALL: [Self; 4] = [Self::Avp, Self::Avpf, Self::Savp, Self::Savpf];

    /// As a media line has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avp => "RTP/AVP",
            Self::Avpf => "RTP/AVPF",
            Self::Savp => "RTP/SAVP",
            Self::Savpf => "RTP/SAVPF",
        }
    }

    /// The profile of this name.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| name.eq_ignore_ascii_case(profile.name()))
    }

    /// Whether it is SRTP and nothing else. The plain ones may still be protected, where both sides name keys.
    pub const fn is_secure(self) -> bool {
        matches!(self, Self::Savp | Self::Savpf)
    }
}
