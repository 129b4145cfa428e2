//! `<transfer>`: somebody else for the caller (VoiceXML 2.0 §2.3.7, VoiceXML 2.1 §7).

use std::time::Duration;

use crate::vxml::wire::{Attributes, Fault, Given};

/// How the caller comes to somebody else.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum TransferKind {
    /// The caller's side calls, and we are out of it at once.
    Blind,
    /// We call, and join the two.
    Bridge,
    /// We are out of it once somebody answers.
    Consultation,
}

/// Somebody else for the caller.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    pub(crate) target: Given,
    /// As the settings say where it is missing.
    pub(crate) kind: Option<TransferKind>,
    pub(crate) ring_time: Option<Duration>,
    /// How long the two may talk; `None` as long as they like.
    pub(crate) longest: Option<Duration>,
    pub(crate) user_to_user: Option<Given>,
    /// What the caller hears until somebody answers.
    pub(crate) audio: Option<String>,
    /// Whether a queue is to speak the caller's language, in place of its own.
    pub(crate) keeps_language: bool,
}

impl Transfer {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        from.at_most_one(&["bridge", "type"])?;
        let of_vendor = from.direct("destination", "destinationexpr").or_else(|| from.direct("group", "groupexpr"));
        let target = match of_vendor {
            Some(target) => target,
            None => from.given("dest", "destexpr")?.ok_or_else(|| from.fault("there is neither dest nor destexpr"))?,
        };
        let kind = match (from.boolean("bridge")?, from.get("type")) {
            (Some(true), _) | (None, Some("bridge")) => Some(TransferKind::Bridge),
            (Some(false), _) | (None, Some("blind")) => Some(TransferKind::Blind),
            (None, Some("consultation")) => Some(TransferKind::Consultation),
            (None, Some(other)) => return Err(from.fault(format!("the type {other:?} is not known"))),
            (None, None) => None,
        };
        Ok(Self {
            target,
            kind,
            ring_time: from.time("connecttimeout")?,
            longest: from.time("maxtime")?.filter(|time| !time.is_zero()),
            user_to_user: from.given("aai", "aaiexpr")?,
            audio: from.owned("transferaudio").filter(|address| !address.trim().is_empty()),
            keeps_language: from.vendor("keeplanguage").is_some_and(|keeps| keeps != "false"),
        })
    }
}
