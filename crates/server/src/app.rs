//! Builds every room and hands each what it needs: the only file that knows them all.
//!
//! Shape: settings and a network in, a running server out.
//! Errors: [`StartError`], one line that says what could not be opened and why.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Instant,
};

use antiphon_media::Patience;
use antiphon_sip::{Endpoint, Listener, Transport};
use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpSocket};

use crate::{
    callbacks::Callbacks,
    calls::Calls,
    conferences::Conferences,
    customizers::Customizers,
    events::{self, Events},
    limits,
    made_tones::MadeTones,
    media::{
        Media,
        ports::Ports,
        thread,
        worker::{Work, Worker},
    },
    net::Network,
    overload,
    queues::Queues,
    recording::{self, Recordings},
    registrar::Registrar,
    rooms::{self, Filler, Rooms, Tones},
    scripts::Scripts,
    settings::{self, Settings, SipListener},
    signalling::{
        self, Wires,
        guard::Guard,
        tls::{Tls, TlsError},
    },
    sounds::SystemSounds,
    speech::SpeechRoom,
    store::{Config, Store},
    streams::Streams,
    switchboard::Switchboard,
    trace::Trace,
    trunks::{self, Trunks},
    uploads::{self, Uploads, encoded::Encoded, encoder::Encoder, links::Links},
    voicemail,
    wall::Wall,
    web::{Web, debug::HttpDebug, internet::WebError, sounds::WebSounds},
};

/// Dialogs beyond those of the calls that fit: refusals on their way.
const RESERVE: usize = 256;

/// Connections that wait to be taken at most: a thousand phones that connect again at once, as after a restart.
const BACKLOG: u32 = 1024;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener could not be bound.
    #[error("{setting}: cannot listen on {address}: {source}")]
    Listen {
        /// The setting that names the address.
        setting: &'static str,
        /// The address.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// A listener on every address has no address to show to peers.
    #[error("advertise: needed, because {0} is no address that a peer can reach")]
    Advertise(SocketAddr),
    /// The limit of open files leaves room for nothing but the server itself.
    #[error("the limit of open files (ulimit -n, LimitNOFILE) leaves no room for a call")]
    NoFiles,
    /// A file of TLS is unusable.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Nobody can be asked for names.
    #[error("sip.dns: {0}")]
    Names(io::Error),
    /// Web servers cannot be asked.
    #[error(transparent)]
    Web(#[from] WebError),
    /// The directory of recordings cannot be used, or there is no thread to write them.
    #[error("data: recordings: {0}")]
    Recordings(io::Error),
    /// No media thread could be started.
    #[error("no thread for media: {0}")]
    Thread(io::Error),
}

/// Who drives the media workers.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum MediaDrive {
    /// Threads on the machine's clock.
    Threads,
    /// Tasks on tokio's clock, which a test may pause.
    VirtualTime,
}

/// A server whose SIP side runs.
pub struct Server {
    /// The rooms.
    pub rooms: Arc<Rooms>,
    /// How many calls there can be at once.
    pub capacity: usize,
    /// Who we are in TLS, when a listener is for it.
    pub tls: Option<Arc<Tls>>,
    /// Ends the sending of mail in order.
    pub mail: voicemail::Farewell,
}

/// How the SIP side is to be, where so many streams can be open at once.
fn sip_config(settings: &Settings, listeners: Vec<Listener>, capacity: usize) -> antiphon_sip::Config {
    antiphon_sip::Config {
        listeners,
        user_agent: concat!("Antiphon/", env!("CARGO_PKG_VERSION")).to_owned(),
        // Every call may have dialled others.
        max_dialogs: 2 * capacity + RESERVE,
        // A transaction is remembered for 32 s: room for INVITE and BYE of some 4,500 calls a second.
        max_transactions: 300_000,
        session_expires: settings.session_timers.session_expires,
        min_se: settings.session_timers.min_se,
        ..Default::default()
    }
}

/// Starts the SIP and media side of a server.
///
/// # Errors
/// [`StartError`] when a listener cannot be bound, or no call would fit.
pub async fn start(
    settings: &Settings,
    store: Store,
    sounds: SystemSounds,
    network: Arc<dyn Network>,
    drive: MediaDrive,
) -> Result<Server, StartError> {
    let guard = Arc::new(Guard::new(now(drive), &settings.live));
    let tls = settings.tls.as_ref().map(Tls::load).transpose()?.map(Arc::new);
    let (wires, listeners) = listen(settings, &*network, tls.clone(), guard.clone()).await?;
    let names = network.names(&settings.dns).map_err(StartError::Names)?;
    let web = Web::new(&settings.web, network.web(&settings.web, names.clone())?);
    let (events, notices) = Events::new(web.clone());
    let ports = Ports::new(network, &settings.rtp_ports);
    let capacity = ports.total().min(limits::streams().ok_or(StartError::NoFiles)?);
    let ((signalling, orders), (trunks, trunk_orders)) = (signalling::orders(), Trunks::new());
    let trace = Arc::new(Trace::new(&settings.trace));
    let http_debug = HttpDebug::new(settings.web.debug);
    let (recordings, (uploads, encoded, to_send)) =
        files(settings, drive, &web, &http_debug).map_err(StartError::Recordings)?;
    let rooms = Arc::new(Rooms {
        thinking: crate::call::Thinking::new(),
        signalling,
        media: media(capacity, settings.rtp.patience(), drive)?,
        ports,
        store,
        settings: ArcSwap::from_pointee(settings.live.clone()),
        filler: Filler::of(&settings.filler, &sounds),
        sounds,
        registrar: Mutex::new(Registrar::new(now(drive))),
        conferences: Conferences::default(),
        queues: Queues::default(),
        scripts: Scripts::default(),
        language: settings.language,
        tones: Tones::of(settings.tones),
        calls: Calls::new(capacity),
        callbacks: Callbacks::default(),
        guard,
        trace: trace.clone(),
        recordings,
        uploads,
        streams: Streams::default(),
        links: links(settings).map_err(StartError::Recordings)?,
        encoded,
        speech: ArcSwap::from_pointee(SpeechRoom::open(&settings.live.speech, &settings.data)),
        customizers: Customizers::open(&settings.customizer, &settings.data),
        listeners: listeners.clone(),
        advertise: settings.advertise,
        rtcp_mux: settings.rtp.rtcp_mux,
        codecs: settings.codecs.clone(),
        names,
        destinations: Mutex::default(),
        trunks,
        web_sounds: WebSounds::new(web.clone()),
        made_tones: MadeTones::default(),
        web,
        events,
        http_debug,
        wall: wall(drive),
    });
    let endpoint = Endpoint::new(sip_config(settings, listeners, capacity), rand::random());
    signal(signalling::Task::new(endpoint, Switchboard::new(rooms.clone(), now(drive)), wires, orders, trace));
    let owners = (trunks::Owner::new(rooms.clone(), trunk_orders), to_send, notices);
    let mail = give_owners(&rooms, owners);
    Ok(Server { rooms, capacity, tls, mail })
}

/// Starts signalling. Its state is shared by all calls: after a panic the process ends, and a supervisor starts it again.
fn signal(task: signalling::Task<Switchboard>) {
    tokio::spawn(async move {
        if tokio::spawn(task.run()).await.is_err_and(|error| error.is_panic()) {
            tracing::error!("the signalling task panicked; the process ends");
            std::process::abort();
        }
    });
}

/// Starts whoever sends mail.
fn send_mail(rooms: &Arc<Rooms>) -> voicemail::Farewell {
    rooms.store.mailboxes().set_mail(rooms.settings.load().mail.is_some(), voicemail::now_ms());
    let settings = rooms.clone();
    let settings = Box::new(move || settings.settings.load().mail.clone());
    let events = rooms.events.clone();
    let subscribers = Box::new(move |config: &Config, event| events.raise(config, event));
    let (owner, mail) = voicemail::Owner::new(rooms.store.clone(), rooms.recordings.clone(), settings, subscribers);
    own(owner.run(), "the owner of the outbox panicked; mail waits until the next start");
    mail
}

/// Runs the owner of something that the rest can do without: after a panic, which is logged in these words, all else goes on.
fn own(owner: impl Future<Output = ()> + Send + 'static, loss: &'static str) {
    tokio::spawn(async move {
        if tokio::spawn(owner).await.is_err_and(|error| error.is_panic()) {
            tracing::error!("{loss}");
        }
    });
}

/// Binds every listener.
async fn listen(
    settings: &Settings,
    network: &dyn Network,
    tls: Option<Arc<Tls>>,
    guard: Arc<Guard>,
) -> Result<(Wires, Vec<Listener>), StartError> {
    let mut wires = Wires { udp: Vec::new(), streams: Vec::new(), tls, guard };
    let mut listeners = Vec::new();
    for SipListener { transport, addr } in &settings.sip {
        let failed = |source| StartError::Listen { setting: "sip", address: format!("{transport}:{addr}"), source };
        let (transport, local) = match transport {
            settings::Transport::Udp => {
                let wire = network.wire(*addr).map_err(failed)?;
                let local = wire.local_addr();
                wires.udp.push(wire);
                (Transport::Udp, local)
            }
            settings::Transport::Tcp | settings::Transport::Tls => {
                let listener = listen_tcp(*addr).map_err(failed)?;
                let local = listener.local_addr().map_err(failed)?;
                let secured = *transport == settings::Transport::Tls;
                let transport = if secured { Transport::Tls } else { Transport::Tcp };
                wires.streams.push((transport, listener));
                (transport, local)
            }
        };
        let advertised = SocketAddr::new(advertised(settings.advertise, local)?, local.port());
        listeners.push(Listener { transport, local, advertised });
    }
    Ok((wires, listeners))
}

/// As `TcpListener::bind`, but for its backlog, which is 128.
fn listen_tcp(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if addr.is_ipv6() {
        rustix::net::sockopt::set_ipv6_v6only(&socket, true)?;
    }
    // A restart may follow while connections of the run before linger.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// The address that peers are told: the one of the settings where it is of the listener's family.
fn advertised(advertise: Option<IpAddr>, local: SocketAddr) -> Result<IpAddr, StartError> {
    if let Some(ip) = advertise.filter(|ip| ip.is_ipv4() == local.is_ipv4()) {
        return Ok(ip);
    }
    if !local.ip().is_unspecified() {
        return Ok(local.ip());
    }
    // A documentation address (RFC 5737, RFC 3849): only the routing table is asked, nothing is sent.
    let outside: SocketAddr = if local.is_ipv4() {
        ([192, 0, 2, 1], 9).into()
    } else {
        (std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into()
    };
    rooms::address_towards(outside).ok_or(StartError::Advertise(local))
}

/// One worker a core but one, which signalling and scripts need; for tests two, so that streams move from one to the other.
fn media(capacity: usize, patience: Patience, drive: MediaDrive) -> Result<Media, StartError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let count = match drive {
        MediaDrive::Threads => cores.saturating_sub(1).max(1),
        MediaDrive::VirtualTime => 2,
    };
    let mut workers = Vec::with_capacity(count);
    for number in 0..count {
        let (worker, work) = Worker::new(now(drive), capacity, patience);
        run(number, work, drive)?;
        workers.push(worker);
    }
    Ok(Media::new(workers))
}

/// The recordings of the data directory, and somebody who writes them.
fn recordings(settings: &Settings, drive: MediaDrive) -> io::Result<Recordings> {
    let disk = recording::disk::Machine::open(&settings.data.join("recordings"))?;
    let (recordings, work) = Recordings::open(Arc::new(disk), settings.recording)?;
    match drive {
        MediaDrive::Threads => recording::drive::spawn(work)?,
        MediaDrive::VirtualTime => drop(tokio::spawn(recording::drive::drive(work))),
    }
    Ok(recordings)
}

/// Gives each task of a room its owner, who tells of its panic.
fn give_owners(
    rooms: &Arc<Rooms>,
    (trunks, uploads, notices): (trunks::Owner, uploads::Owner, events::Owner),
) -> voicemail::Farewell {
    own(trunks.run(), "the owner of the trunks panicked; trunks are as they were until the next start");
    own(uploads.run(), "the owner of uploads panicked; recordings are not sent until the next start");
    own(notices.run(), "the owner of notices panicked; nobody is told of events until the next start");
    overload::watch::start(rooms.clone());
    own(
        crate::customizers::ahead::run(rooms.customizers.clone(), rooms.store.clone()),
        "the owner of what begins ahead panicked; customizers begin with their first call until the next start",
    );
    let mail = send_mail(rooms);
    own(
        voicemail::lamps::run(rooms.clone()),
        "the owner of the lamps panicked; telephones are not told of messages until the next start",
    );
    mail
}

/// Recordings, and what is sent of them.
fn files(
    settings: &Settings,
    drive: MediaDrive,
    web: &Web,
    http_debug: &HttpDebug,
) -> io::Result<(Recordings, (Uploads, Encoded, uploads::Owner))> {
    let recordings = recordings(settings, drive)?;
    let uploads = uploads(settings, &recordings, web, http_debug)?;
    Ok((recordings, uploads))
}

/// The uploads of the data directory, MP3 for links, and who has to run for the uploads.
fn uploads(
    settings: &Settings,
    recordings: &Recordings,
    web: &Web,
    http_debug: &HttpDebug,
) -> io::Result<(Uploads, Encoded, uploads::Owner)> {
    let folder = settings.data.join("uploads");
    let disk = recording::disk::Machine::open(&folder)?;
    let encoder = Encoder::new(settings.uploads.encoder.clone(), &folder);
    let rooms = (recordings.clone(), web.clone(), http_debug.clone());
    let (uploads, owner) = Uploads::open(Arc::new(disk), rooms.0, rooms.1, rooms.2, encoder.clone())?;
    Ok((uploads, Encoded::new(encoder, recordings.clone()), owner))
}

/// Who makes links to recordings.
fn links(settings: &Settings) -> io::Result<Links> {
    Links::open(&settings.data, settings.uploads.public_url.as_deref(), settings.uploads.link_age)
}

fn run(number: usize, work: Work, drive: MediaDrive) -> Result<(), StartError> {
    match drive {
        MediaDrive::Threads => thread::spawn(number, work).map_err(StartError::Thread),
        MediaDrive::VirtualTime => {
            tokio::spawn(thread::drive_on_virtual_time(work));
            Ok(())
        }
    }
}

fn wall(drive: MediaDrive) -> Wall {
    match drive {
        MediaDrive::Threads => Wall::Machine,
        MediaDrive::VirtualTime => Wall::on_virtual_time(),
    }
}

fn now(drive: MediaDrive) -> Instant {
    match drive {
        MediaDrive::Threads => Instant::now(),
        MediaDrive::VirtualTime => tokio::time::Instant::now().into_std(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_advertised_to_its_own_family() {
        let outer: IpAddr = "203.0.113.9".parse().unwrap();
        let cases = [
            (Some(outer), "127.0.0.1:5060", "203.0.113.9"),
            (Some(outer), "0.0.0.0:5060", "203.0.113.9"),
            (Some(outer), "[::1]:5060", "::1"),
            (Some("2001:db8::9".parse().unwrap()), "[::1]:5060", "2001:db8::9"),
            (Some("2001:db8::9".parse().unwrap()), "127.0.0.1:5060", "127.0.0.1"),
            (None, "127.0.0.1:5060", "127.0.0.1"),
        ];
        for (advertise, local, expected) in cases {
            let shown = advertised(advertise, local.parse().unwrap()).unwrap();
            assert_eq!(shown.to_string(), expected, "{advertise:?} {local}");
        }
    }
}
