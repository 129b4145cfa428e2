//! What a telephone can do in a scenario.
//!
//! Shape: orders return when the telephone itself says that they are carried out. Each telephone speaks one tone, and records what it hears.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use antiphon_media::codec::Codec;

/// What a telephone talks SIP over.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// As the `transport` parameter of a URI has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// How a telephone sends its keys.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// RFC 4733.
    Events,
    /// SIP INFO, `application/dtmf-relay`.
    Info,
}

/// Whether a telephone registers, or only knows where to call.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Registration {
    Wanted,
    Unwanted,
}

/// How a telephone's sound goes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sound {
    /// Plain, and no other.
    Plain,
    /// As SRTP with SDES, and no other.
    Srtp,
    /// It offers keys of SDES, and takes plain sound too.
    SrtpIfTaken,
}

/// What a telephone is told before it starts.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Its number, and its user name.
    pub(crate) number: &'static str,
    pub(crate) server: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) registration: Registration,
    /// Where everything goes first, if not to the server.
    pub(crate) proxy: Option<SocketAddr>,
    pub(crate) keys: Keys,
    pub(crate) sound: Sound,
    /// The only codec it knows; without one, those of G.711.
    pub(crate) codec: Option<Codec>,
    /// The tone that it says, in Hz.
    pub(crate) voice: u32,
    pub(crate) password: String,
    /// Whose certificates it believes, as a file.
    pub(crate) authority: Option<PathBuf>,
}

impl Account {
    /// A telephone that registers over UDP and sends its keys as events.
    pub(crate) fn new(number: &'static str, voice: u32, server: SocketAddr) -> Self {
        let (transport, registration, keys) = (Transport::Udp, Registration::Wanted, Keys::Events);
        Self {
            number,
            server,
            transport,
            registration,
            proxy: None,
            keys,
            sound: Sound::Plain,
            codec: None,
            voice,
            password: password(number),
            authority: None,
        }
    }

    pub(crate) fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// Over TLS, at the next port, as RFC 3261 has it.
    pub(crate) fn over_tls(self, authority: &Path) -> Self {
        let server = SocketAddr::new(self.server.ip(), self.server.port() + 1);
        Self { server, authority: Some(authority.to_owned()), ..self }.over(Transport::Tls)
    }

    pub(crate) fn through(self, proxy: SocketAddr) -> Self {
        Self { proxy: Some(proxy), ..self }
    }

    pub(crate) fn unregistered(self) -> Self {
        Self { registration: Registration::Unwanted, ..self }
    }

    pub(crate) fn with_keys(self, keys: Keys) -> Self {
        Self { keys, ..self }
    }

    pub(crate) fn with_sound(self, sound: Sound) -> Self {
        Self { sound, ..self }
    }

    pub(crate) fn with_codec(self, codec: Codec) -> Self {
        Self { codec: Some(codec), ..self }
    }

    pub(crate) fn with_password(self, password: &str) -> Self {
        Self { password: password.to_owned(), ..self }
    }
}

/// The password of a number, in all scenes.
pub(crate) fn password(number: &str) -> String {
    format!("correct-horse-{number}")
}

/// A telephone in the hands of a test.
pub(crate) trait Telephone {
    /// Calls a number of its server, and waits until it is answered.
    fn call(&mut self, number: &str) {
        self.dial(number);
        self.is_answered();
    }
    /// Calls a number of its server.
    fn dial(&mut self, number: &str);
    /// Waits until whom it has called picks up.
    fn is_answered(&mut self);
    /// Waits until this number calls, with or without the prefix of its client.
    fn is_called_by(&mut self, number: &str);
    /// Picks up, and waits until both can talk.
    fn pick_up(&mut self);
    fn press(&mut self, key: char);
    /// Puts the other side on hold, and waits until it is.
    fn hold(&mut self);
    /// Takes the other side back, and waits until it is.
    fn resume(&mut self);
    /// Asks that the other side talk to this number instead.
    fn transfer(&mut self, number: &str);
    /// Waits until it hears that a transfer of its own has failed.
    fn transfer_fails(&mut self);
    /// Ends the call, and waits until it has.
    fn hang_up(&mut self);
    /// Waits until the other side has ended the call.
    fn is_left(&mut self);
    /// Waits until it hears this tone, and nothing else.
    fn hears(&mut self, hz: u32);
    /// Waits until it hears anything.
    fn hears_something(&mut self);
    /// Waits until it is sent nothing but silence.
    fn hears_nothing(&mut self);
}
