//! What elements that ask web servers have in common: how old an answer may be, how long it is waited for, and what is sent.
//!
//! Sources: VoiceXML 2.0 §6.1 (fetching), §5.3.8 (namelist, method, enctype).

use std::time::Duration;

use crate::{
    FetchMethod,
    vxml::wire::{Attributes, Fault},
};

/// How something is fetched; what is missing the properties say.
#[derive(Clone, Default, Debug)]
pub(crate) struct FetchTerms {
    /// Played meanwhile.
    pub(crate) audio: Option<String>,
    pub(crate) timeout: Option<Duration>,
    /// How old, in seconds, an answer may be that is kept.
    pub(crate) max_age: Option<i64>,
    /// How long, in seconds, it may be past its time.
    pub(crate) max_stale: Option<i64>,
}

/// What is sent along.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    pub(crate) method: FetchMethod,
    /// Whether it is sent as `multipart/form-data`.
    pub(crate) is_multipart: bool,
    pub(crate) names: Option<Vec<String>>,
}

impl FetchTerms {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        let seconds = |name: &str| {
            from.get(name)
                .map(|text| text.trim().parse().map_err(|_| from.fault(format!("{name} is no number of seconds"))))
                .transpose()
        };
        Ok(Self {
            audio: from.owned("fetchaudio"),
            timeout: from.time("fetchtimeout")?,
            max_age: seconds("maxage")?,
            max_stale: seconds("maxstale")?,
        })
    }
}

impl Sending {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        let method = match from.get("method").map(str::to_ascii_lowercase).as_deref() {
            None | Some("get") => FetchMethod::Get,
            Some("post") => FetchMethod::Post,
            Some(other) => return Err(from.fault(format!("the method {other:?} is neither get nor post"))),
        };
        let is_multipart = match from.get("enctype") {
            None | Some("application/x-www-form-urlencoded") => false,
            Some("multipart/form-data") => true,
            Some(other) => return Err(from.fault(format!("the enctype {other:?} is not known"))),
        };
        Ok(Self { method, is_multipart, names: from.list("namelist") })
    }
}
