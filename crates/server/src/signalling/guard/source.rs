//! What is remembered of one source.
//!
//! Shape: two buckets, its failures, and until when somebody vouches for it or it is ignored; pure.
//! Units: nanoseconds since the guard was made.
//! Time: told.

use super::{
    bucket::{Bucket, Limit},
    glance,
};
use crate::settings::GuardSettings;

const SECOND: u64 = 1_000_000_000;
/// Failures are counted over this; then they begin anew.
const WINDOW: u64 = 300 * SECOND;
/// One line for a source over its limit is enough for so long.
const TOLD_FOR: u64 = 60 * SECOND;
/// Points that are one failure of `ban_after`.
const FAILURE: u32 = 10;
/// What is taken from a suspect: messages a second, and at once. Enough for a phone to register, and next to nothing for a scanner.
const RATION: (u32, u32) = (1, 5);

/// The limits, ready to be used.
#[derive(Copy, Clone, Debug)]
pub(super) struct Limits {
    stranger: Limit,
    beginning: Limit,
    phone: Limit,
    trusted: Limit,
    suspect: Limit,
    ban_points: u32,
    ban: u64,
}

impl From<&GuardSettings> for Limits {
    fn from(settings: &GuardSettings) -> Self {
        Self {
            stranger: Limit::new(settings.rate, settings.burst),
            beginning: Limit::new(settings.new_rate, settings.new_rate.saturating_mul(3)),
            phone: Limit::new(settings.phone_rate, settings.phone_rate),
            trusted: Limit::new(settings.trusted_rate, settings.trusted_rate),
            suspect: Limit::new(RATION.0, RATION.1),
            ban_points: settings.ban_after.saturating_mul(FAILURE),
            ban: u64::try_from(settings.ban.as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

/// Whether somebody vouches for an address.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Standing {
    /// It is in `allow` or in a trunk's `match`.
    Trusted,
    /// It is in neither.
    Unknown,
}

/// Why a message is dropped.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Reason {
    /// The source is ignored.
    Banned,
    /// What seems to come from there may be forged: nearly all of it is dropped.
    Suspected,
    /// A stranger is over the limit of all messages.
    Rate,
    /// A stranger is over the limit of those that begin something.
    NewRate,
    /// An address with a phone is over its limit.
    PhoneRate,
    /// A trusted address is over its limit.
    TrustedRate,
}

impl Reason {
    /// The label of metrics and logs.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Banned => "banned",
            Self::Suspected => "suspected",
            Self::Rate => "rate",
            Self::NewRate => "new_rate",
            Self::PhoneRate => "phone_rate",
            Self::TrustedRate => "trusted_rate",
        }
    }
}

/// What becomes of a message.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Verdict {
    Pass,
    Drop(Reason, Told),
}

/// Whether the log has said so already.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Told {
    Already,
    NotYet,
}

/// Whether a sender is where his message says.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Address {
    /// He has heard us there: he has a connection, or answers a challenge.
    Proven,
    /// It stands in a datagram, into which anybody can write any address.
    Claimed,
}

/// What a source gets for its failures.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Sentence {
    /// It has failed too seldom, or has its sentence already.
    Nothing,
    /// Nearly all is dropped from now on: others may have failed in its name, so it must be able to prove itself.
    Suspected,
    /// It is ignored from now on.
    Banned,
}

/// What a source did that an honest one does rarely.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Failure {
    /// Asked without credentials, and was challenged. Ten of these are one failure, and credentials that are right undo them all:
    /// a house full of phones that starts again is no scanner.
    Challenged,
    /// Gave wrong credentials.
    Credentials,
    /// Called a number that is not there.
    UnknownNumber,
    /// Sent what is no SIP.
    Malformed,
}

impl Failure {
    /// The label of metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Challenged => "challenged",
            Self::Credentials => "credentials",
            Self::UnknownNumber => "unknown_number",
            Self::Malformed => "malformed",
        }
    }

    fn points(self) -> u32 {
        match self {
            Self::Challenged => 1,
            Self::Credentials | Self::UnknownNumber | Self::Malformed => FAILURE,
        }
    }
}

/// One source.
#[derive(Clone, Default, Debug)]
pub(super) struct Source {
    all: Bucket,
    beginnings: Bucket,
    /// What it took while it was suspected: no debt once it has proved itself.
    rations: Bucket,
    /// Until when a registration or a call of ours vouches for it.
    known_until: u64,
    banned_until: u64,
    suspected_until: u64,
    told_until: u64,
    window_began: u64,
    points: u32,
    /// The points of failures that others may have made in its name.
    claimed: u32,
}

impl Source {
    /// Judges a message by its first bytes.
    pub(super) fn judge(&mut self, now: u64, standing: Standing, limits: &Limits, message: &[u8]) -> Verdict {
        let (limit, reason) = match standing {
            Standing::Trusted => (limits.trusted, Reason::TrustedRate),
            Standing::Unknown if self.known_until > now => (limits.phone, Reason::PhoneRate),
            Standing::Unknown if self.banned_until > now => return Verdict::Drop(Reason::Banned, Told::Already),
            Standing::Unknown if self.suspected_until > now => (limits.suspect, Reason::Suspected),
            Standing::Unknown => (limits.stranger, Reason::Rate),
        };
        let bucket = if reason == Reason::Suspected { &mut self.rations } else { &mut self.all };
        if !bucket.take(now, limit) {
            return self.drop_for(now, reason);
        }
        if reason == Reason::Rate && glance::begins_something(message) && !self.beginnings.take(now, limits.beginning) {
            return self.drop_for(now, Reason::NewRate);
        }
        Verdict::Pass
    }

    fn drop_for(&mut self, now: u64, reason: Reason) -> Verdict {
        let told = if self.told_until > now { Told::Already } else { Told::NotYet };
        // As long as it goes on it is one refusal.
        self.told_until = now + TOLD_FOR;
        Verdict::Drop(reason, told)
    }

    /// Notes a failure; answers what the source gets for it and those before.
    pub(super) fn fail(&mut self, now: u64, limits: &Limits, address: Address, failure: Failure) -> Sentence {
        if limits.ban_points == 0 || limits.ban == 0 || self.known_until > now {
            return Sentence::Nothing;
        }
        if now.saturating_sub(self.window_began) >= WINDOW {
            (self.window_began, self.points, self.claimed) = (now, 0, 0);
        }
        let (points, until, sentence) = match address {
            Address::Proven => (&mut self.points, &mut self.banned_until, Sentence::Banned),
            Address::Claimed => (&mut self.claimed, &mut self.suspected_until, Sentence::Suspected),
        };
        *points = points.saturating_add(failure.points());
        if *points < limits.ban_points || *until > now {
            return Sentence::Nothing;
        }
        (*points, *until) = (0, now.saturating_add(limits.ban));
        sentence
    }

    /// It is who it says until then.
    pub(super) fn vouch(&mut self, until: u64) {
        (self.points, self.claimed, self.suspected_until) = (0, 0, 0);
        self.known_until = self.known_until.max(until);
    }

    /// How much would be lost if it were forgotten: vouched for, ignored, neither.
    pub(super) fn weight(&self, now: u64) -> u8 {
        match self {
            _ if self.known_until > now => 2,
            _ if self.banned_until.max(self.suspected_until) > now => 1,
            _ => 0,
        }
    }
}
