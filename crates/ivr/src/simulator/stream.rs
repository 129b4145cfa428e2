//! Sound to and from web servers in a simulation: a copy goes nowhere, and who talks with a web server does so for as long as the scenario
//! says.
//!
//! Time: virtual; a talk lifts the lifetime, as a bridge does.
//! Errors: [`Interrupted`], as on a real call.

use super::{
    Streaming,
    world::{Edge, Lifetime, Waited, World},
};
use crate::{
    Interrupted,
    op::{Connect, Connected, Stream, StreamError, Track, WebStream},
};

impl World<'_> {
    pub(super) fn stream(&mut self, stream: &Stream) -> Result<(), StreamError> {
        match stream {
            Stream::Start(stream) if self.streams.contains(&stream.name) => Err(StreamError::NameTaken),
            Stream::Start(stream) => {
                let track = match stream.track {
                    Track::Inbound => "what the caller says",
                    Track::Outbound => "what the caller hears",
                    Track::Both => "both sides",
                };
                self.note(format!("stream {:?} to {}, {track}{}", stream.name, stream.url, parameters(stream)));
                self.streams.insert(stream.name.clone());
                Ok(())
            }
            Stream::Stop(name) => {
                if self.streams.remove(name) {
                    self.note(format!("stop stream {name:?}"));
                }
                Ok(())
            }
        }
    }

    pub(super) fn connect(&mut self, connect: &Connect) -> Result<Connected, Interrupted> {
        self.note(format!("connect to {}{}", connect.stream.url, parameters(&connect.stream)));
        let end = match self.scenario.streaming {
            Streaming::Nobody => {
                let error = StreamError::Unreachable("nobody is there".to_owned());
                self.note(format!("… {error}"));
                return Ok(Connected::Failed(error));
            }
            Streaming::Ends { after } => Some(self.now.saturating_add(after)),
            Streaming::Stays => None,
        };
        self.limit = None;
        loop {
            // Nobody will end this talk, so the simulation does.
            if end.is_none() && self.caller_is_done() {
                self.note("… they talk on");
                return Err(Interrupted::Shutdown);
            }
            match self.wait(end.unwrap_or(std::time::Duration::MAX), Edge::Outside, Lifetime::Deferred)? {
                Waited::Through => {
                    self.note("… the web server ends it");
                    return Ok(Connected::FarEnd);
                }
                Waited::Pressed(digit) => self.note(format!("… {digit} told")),
            }
        }
    }
}

fn parameters(stream: &WebStream) -> String {
    let parameters: Vec<_> = stream.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if parameters.is_empty() { String::new() } else { format!(", with {}", parameters.join(", ")) }
}
