//! What every call needs of the rest of the server.
//!
//! Shape: built once by [`crate::app`], shared by all calls, and never changed but for what says so itself.

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_ivr::Language;
use antiphon_media::{
    Audio, Codec,
    sdp::RtcpMux,
    tones::{self, CallTone, Country},
};
use antiphon_sip::{Flow, Listener, Uri};
use arc_swap::ArcSwap;

use crate::{
    call::Thinking,
    callbacks::Callbacks,
    calls::Calls,
    conferences::Conferences,
    customizers::Customizers,
    destinations::Destinations,
    events::Events,
    locate::{self, Names, NoWay},
    made_tones::MadeTones,
    media::{Media, ports::Ports},
    queues::Queues,
    recording::Recordings,
    registrar::Registrar,
    scripts::Scripts,
    settings::{FillerSettings, FillerSound, LiveSettings},
    signalling::{Signalling, guard::Guard},
    sounds::SystemSounds,
    speech::SpeechRoom,
    store::Store,
    streams::Streams,
    trace::Trace,
    trunks::Trunks,
    uploads::{Uploads, encoded::Encoded, links::Links},
    wall::Wall,
    web::{Web, debug::HttpDebug, sounds::WebSounds},
};

/// The tones of the country of the settings.
#[derive(Clone, Debug)]
pub struct Tones {
    ringback: Arc<Audio>,
    busy: Arc<Audio>,
    congestion: Arc<Audio>,
}

impl Tones {
    /// Those of this country.
    pub fn of(country: Country) -> Self {
        let [ringback, busy, congestion] =
            [CallTone::Ringback, CallTone::Busy, CallTone::Congestion].map(|tone| Arc::new(country.tone(tone)));
        Self { ringback, busy, congestion }
    }
}

/// What callers hear while something takes long.
#[derive(Clone, Debug)]
pub struct Filler {
    sound: Option<Arc<Audio>>,
    after: Duration,
}

impl Filler {
    /// The filler of the settings.
    pub fn of(settings: &FillerSettings, sounds: &SystemSounds) -> Self {
        let sound = match settings.sound {
            FillerSound::Tone => Some(Arc::new(tones::waiting())),
            FillerSound::Music => sounds.find("tone", "hold").cloned(),
            FillerSound::Silence => None,
        };
        Self { sound, after: settings.after }
    }

    /// The sound; `None` where there is to be none.
    pub fn sound(&self) -> Option<&Arc<Audio>> {
        self.sound.as_ref()
    }

    /// How long nothing is heard before it begins.
    pub fn after(&self) -> Duration {
        self.after
    }
}

/// The rooms that a call gives orders to, and what it looks things up in.
pub struct Rooms {
    /// SIP.
    pub signalling: Signalling,
    /// RTP.
    pub media: Media,
    /// RTP ports.
    pub ports: Ports,
    /// The stored configuration.
    pub store: Store,
    /// The settings that a SIGHUP reads again.
    pub settings: ArcSwap<LiveSettings>,
    /// The system's own sounds.
    pub sounds: SystemSounds,
    /// Where the phones are.
    pub registrar: Mutex<Registrar>,
    /// The conferences.
    pub conferences: Conferences,
    /// The queues.
    pub queues: Queues,
    /// Scripts of whoever has the server as a library.
    pub scripts: Scripts,
    /// Whose script thinks on a thread of its own.
    pub(crate) thinking: Thinking,
    /// The language of extensions that have none of their own.
    pub language: Language,
    /// What callers hear while others ring, and when they cannot be reached.
    pub tones: Tones,
    /// What they hear while something takes long.
    pub filler: Filler,
    /// The calls in progress.
    pub calls: Calls,
    /// The callbacks that ring.
    pub callbacks: Callbacks,
    /// Who is heard at all.
    pub guard: Arc<Guard>,
    /// What calls did, for the API.
    pub trace: Arc<Trace>,
    /// What is recorded, and what is kept of it.
    pub recordings: Recordings,
    /// Recordings on their way to web servers.
    pub uploads: Uploads,
    /// How much sound of calls goes to web servers.
    pub streams: Streams,
    /// URLs at which recordings can be fetched.
    pub links: Links,
    /// MP3 of them, for whoever has one of these.
    pub encoded: Encoded,
    /// Who renders texts, and who understands callers; others after a SIGHUP that says so.
    pub speech: ArcSwap<SpeechRoom>,
    /// The processes of customizers.
    pub customizers: Customizers,
    /// The SIP listeners.
    pub listeners: Vec<Listener>,
    /// The address shown to peers of its family in SDP, where the settings fix one.
    pub advertise: Option<IpAddr>,
    /// Whether our offers ask for RTP and RTCP on one port.
    pub rtcp_mux: RtcpMux,
    /// What is spoken, in the order in which it is offered.
    pub codecs: Arc<[Codec]>,
    /// Who knows names.
    pub names: Arc<dyn Names>,
    /// The ways out that failed lately.
    pub destinations: Mutex<Destinations>,
    /// The trunks.
    pub trunks: Trunks,
    /// Web servers.
    pub web: Web,
    /// The sounds that lie there.
    pub web_sounds: WebSounds,
    /// The tones that scripts describe.
    pub made_tones: MadeTones,
    /// Whoever is told what happens at extensions.
    pub events: Events,
    /// What they were asked and answered, for the people who write the answers.
    pub http_debug: HttpDebug,
    /// What time it is.
    pub wall: Wall,
}

impl Rooms {
    /// The registrar. It is whole after every call to it, so a panic elsewhere while it was locked harms nothing.
    pub fn registrar(&self) -> MutexGuard<'_, Registrar> {
        self.registrar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sound of the system set with this name, such as `goodbye` or `digits/5`, in this language, or `None`. The name of a tone
    /// is that of [`Self::tone`] behind `tone/`.
    pub fn system_sound(&self, name: &str, language: Language) -> Option<Arc<Audio>> {
        match name.strip_prefix("tone/") {
            Some(tone) => self.tone(tone),
            None => self.sounds.find(language.tag(), name).cloned(),
        }
    }

    /// The tone of this name, such as `ringback` or `beep`, or `None`.
    pub fn tone(&self, name: &str) -> Option<Arc<Audio>> {
        let found = match name {
            "ringback" => Some(&self.tones.ringback),
            "busy" => Some(&self.tones.busy),
            "congestion" => Some(&self.tones.congestion),
            tone => self.sounds.find("tone", tone),
        };
        found.cloned()
    }

    /// The addresses at which a stream of a peer behind this flow is bound, and shown.
    pub fn media_addresses(&self, flow: Flow) -> (IpAddr, IpAddr) {
        let bind = flow.local.ip();
        let shown = self
            .advertise
            .filter(|ip| ip.is_ipv4() == bind.is_ipv4())
            .unwrap_or_else(|| if bind.is_unspecified() { address_towards(flow.peer).unwrap_or(bind) } else { bind });
        (bind, shown)
    }

    /// The listener of this flow.
    pub fn listener(&self, flow: Flow) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.transport == flow.transport && listener.local == flow.local)
    }

    /// The ways out that failed lately. They are whole after every call to them.
    pub fn destinations(&self) -> MutexGuard<'_, Destinations> {
        self.destinations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ways to a URI, best first (RFC 3263 §4). Those that failed lately are not put last yet.
    ///
    /// # Errors
    /// [`NoWay`] when there is none.
    pub async fn ways_to(&self, uri: &Uri) -> Result<Vec<Flow>, NoWay> {
        let chance = |total| rand::random_range(0..=total);
        locate::locate(&self.names, &self.listeners, uri, chance).await
    }
}

/// The machine's own address as a peer at `peer` would see it without address translation. Asks the routing table; nothing is sent.
pub fn address_towards(peer: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr =
        if peer.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { (std::net::Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(peer).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified()).then_some(ip)
}
