//! What goes on beside a call: `Recording` and `Stream` in `Start`, `Stop` and `Connect`.
//!
//! Shape: `Stream` has `name`, `url` (`wss`), `track` (`inbound_track`, `outbound_track`, `both_tracks`), `statusCallback` and
//! `Parameter`; `Recording` has `channels` (`mono`, `dual`), `track` (`inbound`, `outbound`, `both`) and `recordingStatusCallback`.
//! Errors: a stream without an address is left out, which is told.
//! Sources: `kazoo-pivot.md` 5.4.

use super::{Reading, Session, Taping, record};
use crate::{
    op::{Begins, Sides, StreamStatus, Track, WebStream},
    pivot::{guard::Refused, twiml::reading::Listener},
};

/// Something beside a call.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Fork {
    /// The call is recorded.
    Recording(Taping),
    /// Its sound goes to a web server.
    Stream(StreamFork),
}

/// A stream of sound.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct StreamFork {
    /// By which it is stopped.
    pub name: Option<String>,
    /// Where it goes; empty where it is only stopped.
    pub url: String,
    /// Which of the two sides.
    pub track: Track,
    /// Who is told of it.
    pub listener: Option<Listener>,
    /// What the web server is told at its beginning.
    pub parameters: Vec<(String, String)>,
}

/// The name of the recording that a `Start` begins, among those of the call.
pub(super) const RECORDING: &str = "start";
/// What tells it from others, as web servers are told.
pub(super) const SOURCE: &str = "StartCallRecordingTwiML";

/// Most parameters of a stream, and the longest of them.
const MOST: (usize, usize) = (64, 500);

impl Fork {
    /// All that a verb begins or ends, which `does` says; without any of them it is skipped, which is told.
    pub(super) fn read_all(reading: &mut Reading<'_>, does: &str) -> Option<Vec<Self>> {
        reading.knows(&[]);
        reading.holds(&["Recording", "Stream"]);
        let element = reading.element;
        let forks: Vec<_> = element.elements().filter_map(|inner| Self::read(&mut reading.inside(inner))).collect();
        if forks.is_empty() {
            reading.warn(format_args!("{does} nothing; it is skipped"));
            return None;
        }
        Some(forks)
    }

    fn read(reading: &mut Reading<'_>) -> Option<Self> {
        match reading.element.name.as_str() {
            "Recording" => Some(Self::recording(reading)),
            "Stream" => Some(Self::Stream(StreamFork::read(reading)?)),
            _ => None,
        }
    }

    fn recording(reading: &mut Reading<'_>) -> Self {
        reading.knows(&[
            "recordingStatusCallback",
            "recordingStatusCallbackMethod",
            "recordingStatusCallbackEvent",
            "channels",
            "track",
        ]);
        reading.holds(&[]);
        let channels = [("mono", Sides::Mixed), ("dual", Sides::Apart)];
        let both = reading.choice("channels", &channels, Sides::Apart);
        let tracks = [("inbound", Sides::Caller), ("outbound", Sides::Heard), ("both", both)];
        let sides = reading.choice("track", &tracks, both);
        Self::Recording(Taping { begins: Begins::Now, sides, store: None, listener: record::listener(reading) })
    }
}

fn track(reading: &mut Reading<'_>) -> Track {
    let tracks = [("inbound_track", Track::Inbound), ("outbound_track", Track::Outbound), ("both_tracks", Track::Both)];
    reading.choice("track", &tracks, Track::Inbound)
}

impl StreamFork {
    pub(super) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        reading.knows(&["name", "url", "track", "statusCallback", "statusCallbackMethod"]);
        reading.holds(&["Parameter"]);
        let url = reading.word("url").unwrap_or_default().to_owned();
        let fits = |url: &str| {
            let (scheme, rest) = url.split_once("://").unwrap_or_default();
            (scheme == "wss" || scheme == "ws") && !rest.is_empty()
        };
        if !url.is_empty() && !fits(&url) {
            reading.warn("url is no address of a WebSocket; it is skipped");
            return None;
        }
        Some(Self {
            name: reading.word("name").map(str::to_owned),
            track: track(reading),
            listener: reading.listener("statusCallback", &[], &["stream-started", "stream-stopped", "stream-error"]),
            parameters: parameters(reading),
            url,
        })
    }
}

fn parameters(reading: &mut Reading<'_>) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let element = reading.element;
    for parameter in element.elements().filter(|inner| inner.name == "Parameter") {
        let mut inner = reading.inside(parameter);
        inner.knows(&["name", "value"]);
        let pair = inner.word("name").zip(parameter.attribute("value"));
        match pair.filter(|(name, value)| name.len() + value.len() <= MOST.1 && parameters.len() < MOST.0) {
            Some((name, value)) => parameters.push((name.to_owned(), value.to_owned())),
            None => inner.warn("has no name or no value, or there are too many; it is left out"),
        }
    }
    parameters
}

impl StreamFork {
    /// By which it is told from others.
    pub(super) fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.url.clone())
    }

    /// The stream of this call; why there is none, where its address is one that nobody may be sent to.
    pub(super) fn of(&self, session: &Session<'_>) -> Result<WebStream, Refused> {
        // A WebSocket is asked for by HTTP.
        session.policy.guard.check(&self.url.replacen("ws", "http", 1))?;
        let status = self.listener.as_ref();
        Ok(WebStream {
            name: self.name(),
            url: self.url.clone(),
            track: self.track,
            parameters: self.parameters.clone(),
            account: session.pivot.account.clone(),
            call: session.sip_call_id().to_owned(),
            status: status.map(|own| StreamStatus { url: session.resolved(&own.url), method: own.method }),
        })
    }
}
