//! The messages of a media stream, as JSON.
//!
//! Shape: what a web server is told ([`Voice`] numbers and names what it says), and what it tells ([`Told`]).
//! Units: sound is µ-law at 8,000 samples a second, in base64; timestamps are milliseconds from the beginning of the stream.
//! Errors: a message that cannot be read, or that is none of these, is [`Told::Nothing`].
//! Sources: Twilio, "Media Streams WebSocket messages".

use antiphon_ivr::op::{Track, WebStream};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// The longest name of a mark that is kept, in bytes.
const NAME: usize = 1_024;

/// What a web server says.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) enum Told {
    /// Sound to be heard, as µ-law.
    Media(Vec<u8>),
    /// It wants to know when what it sent before was heard.
    Mark(String),
    /// What it sent and was not heard is not to be heard.
    Clear,
    /// Nothing that matters.
    Nothing,
}

impl Told {
    pub(super) fn read(text: &str) -> Self {
        let Ok(message) = serde_json::from_str::<Value>(text) else { return Self::Nothing };
        let word = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
        match word("/event") {
            Some("media") => {
                let payload = word("/media/payload").and_then(|payload| STANDARD.decode(payload).ok());
                payload.map_or(Self::Nothing, Self::Media)
            }
            Some("mark") => match word("/mark/name") {
                Some(name) if name.len() <= NAME => Self::Mark(name.to_owned()),
                _ => Self::Nothing,
            },
            Some("clear") => Self::Clear,
            _ => Self::Nothing,
        }
    }
}

/// What we say, in its order.
pub(super) struct Voice {
    stream: String,
    sequence: u64,
    /// Pieces of each track so far: what the caller says, and what it hears.
    chunks: [u64; 2],
}

/// A track, as messages name it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Side {
    Inbound,
    Outbound,
}

impl Side {
    fn word(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

impl Voice {
    pub(super) fn new(stream: &str) -> Self {
        Self { stream: stream.to_owned(), sequence: 0, chunks: [0, 0] }
    }

    /// What is said first.
    pub(super) fn connected() -> String {
        json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" }).to_string()
    }

    /// What the stream is of.
    pub(super) fn start(&mut self, of: &WebStream) -> String {
        let tracks: &[&str] = match of.track {
            Track::Inbound => &["inbound"],
            Track::Outbound => &["outbound"],
            Track::Both => &["inbound", "outbound"],
        };
        let parameters: serde_json::Map<String, Value> =
            of.parameters.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        let start = json!({
            "accountSid": of.account,
            "streamSid": self.stream,
            "callSid": of.call,
            "tracks": tracks,
            "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 },
            "customParameters": parameters,
        });
        self.message("start", start)
    }

    /// A piece of sound, heard or said at this moment of the stream.
    pub(super) fn media(&mut self, side: Side, at_ms: u64, sound: &[u8]) -> String {
        let chunk = &mut self.chunks[usize::from(side == Side::Outbound)];
        *chunk += 1;
        let media = json!({
            "track": side.word(),
            "chunk": chunk.to_string(),
            "timestamp": at_ms.to_string(),
            "payload": STANDARD.encode(sound),
        });
        self.message("media", media)
    }

    /// A key of the caller's.
    pub(super) fn dtmf(&mut self, digit: char) -> String {
        self.message("dtmf", json!({ "track": "inbound_track", "digit": digit.to_string() }))
    }

    /// What was sent before this mark has been heard, or will not be.
    pub(super) fn mark(&mut self, name: &str) -> String {
        self.message("mark", json!({ "name": name }))
    }

    /// The last word.
    pub(super) fn stop(&mut self, of: &WebStream) -> String {
        self.message("stop", json!({ "accountSid": of.account, "callSid": of.call }))
    }

    fn message(&mut self, event: &str, content: Value) -> String {
        self.sequence += 1;
        let mut message = json!({ "event": event, "sequenceNumber": self.sequence.to_string() });
        message[event] = content;
        message["streamSid"] = self.stream.clone().into();
        message.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(track: Track) -> WebStream {
        WebStream {
            name: "n".to_owned(),
            url: "wss://example.com/".to_owned(),
            track,
            parameters: vec![("FirstName".to_owned(), "Ann \"B\"".to_owned())],
            account: "AC1".to_owned(),
            call: "CA1".to_owned(),
            status: None,
        }
    }

    #[test]
    fn messages_are_those_of_the_vendor() {
        let mut voice = Voice::new("MZ1");
        assert_eq!(Voice::connected(), r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#);
        let start = r#"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"MZ1","callSid":"CA1","tracks":["inbound","outbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"FirstName":"Ann \"B\""}},"streamSid":"MZ1"}"#;
        assert_eq!(voice.start(&of(Track::Both)), start);
        let media = r#"{"event":"media","sequenceNumber":"2","media":{"track":"inbound","chunk":"1","timestamp":"20","payload":"/38A"},"streamSid":"MZ1"}"#;
        assert_eq!(voice.media(Side::Inbound, 20, &[0xFF, 0x7F, 0x00]), media);
        assert!(voice.media(Side::Outbound, 20, &[]).contains(r#""track":"outbound","chunk":"1""#));
        let dtmf =
            r#"{"event":"dtmf","sequenceNumber":"4","dtmf":{"track":"inbound_track","digit":"5"},"streamSid":"MZ1"}"#;
        assert_eq!(voice.dtmf('5'), dtmf);
        let mark = r#"{"event":"mark","sequenceNumber":"5","mark":{"name":"m"},"streamSid":"MZ1"}"#;
        assert_eq!(voice.mark("m"), mark);
        let stop =
            r#"{"event":"stop","sequenceNumber":"6","stop":{"accountSid":"AC1","callSid":"CA1"},"streamSid":"MZ1"}"#;
        assert_eq!(voice.stop(&of(Track::Both)), stop);
    }

    #[test]
    fn what_a_server_says_is_read_and_nothing_else_matters() {
        let media = r#"{"event":"media","streamSid":"MZ1","media":{"payload":"/38A"}}"#;
        assert_eq!(Told::read(media), Told::Media(vec![0xFF, 0x7F, 0x00]));
        assert_eq!(Told::read(r#"{"event":"mark","mark":{"name":"m"}}"#), Told::Mark("m".to_owned()));
        assert_eq!(Told::read(r#"{"event":"clear","streamSid":"MZ1"}"#), Told::Clear);
        let long = format!(r#"{{"event":"mark","mark":{{"name":"{}"}}}}"#, "x".repeat(NAME + 1));
        for nothing in [
            "",
            "{",
            "[]",
            "null",
            r#"{"event":1}"#,
            r#"{"event":"media"}"#,
            r#"{"event":"media","media":{"payload":"*"}}"#,
            r#"{"event":"mark","mark":"m"}"#,
            r#"{"event":"other"}"#,
            &long,
        ] {
            assert_eq!(Told::read(nothing), Told::Nothing, "{nothing}");
        }
    }
}
