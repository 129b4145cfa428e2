//! `antiphon serve`: from settings to a running server, and to its end.
//!
//! Shape: opens the store, starts SIP and media, then HTTP; says that it is ready in one line; heeds signals.
//! Errors: whatever could not be opened, in one line.

use std::sync::Arc;

use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    api::{self, ApiState},
    app::{self, MediaDrive, Server, StartError},
    first_start,
    net::Network,
    settings::{Settings, SettingsError, StoreLocation},
    shutdown::{self, Asked, Signals},
    sounds::SystemSounds,
    speech::SpeechRoom,
    store::Store,
    telemetry::{self, Metrics},
    voicemail,
};

/// How long the last notices to subscribers may take.
const NOTICES: std::time::Duration = std::time::Duration::from_secs(2);
/// How long it may take to write down the last uploads.
const UPLOADS: std::time::Duration = std::time::Duration::from_secs(5);

/// Runs a server until a signal ends it.
///
/// `say` gets the ready line; `reload` reads the settings again.
///
/// # Errors
/// One line for people.
pub async fn serve(
    settings: Settings,
    network: Arc<dyn Network>,
    say: impl Fn(&str),
    reload: impl Fn() -> Result<Settings, SettingsError>,
) -> anyhow::Result<()> {
    let log = telemetry::start_logging(settings.live.log, settings.log_format);
    let metrics = Metrics::start()?;
    // Before anything can be stopped: a signal that comes while the server starts is heeded as soon as it has.
    let mut signals = Signals::new()?;
    let StoreLocation::Sqlite(database) = &settings.store;
    let store = Store::open_with(&settings.data, database)?;
    let sounds = SystemSounds::load();
    first_start::prepare(&store, &settings.data).await?;
    let http = TcpListener::bind(settings.http).await;
    let http =
        http.map_err(|source| StartError::Listen { setting: "http", address: settings.http.to_string(), source })?;
    let http_address = http.local_addr()?;
    let server = app::start(&settings, store.clone(), sounds, network, MediaDrive::Threads).await?;
    server.rooms.links.listen(http_address);
    let metrics = metrics.with_rooms(server.rooms.clone());
    let state = ApiState::new(store, server.rooms.calls.readiness(), metrics, domain(&settings))
        .with_rooms(server.rooms.clone())
        .with_trace(server.rooms.trace.clone())
        .with_hourly_limit(settings.requests_per_hour.unwrap_or(u64::MAX));
    let (stop_api, stopped) = oneshot::channel::<()>();
    let api = tokio::spawn(api::serve(http, api::router(state), async { drop(stopped.await) }));
    say(&ready_line(&server, http_address));
    loop {
        match signals.next().await {
            Asked::Stop => break,
            Asked::Reload => match reload() {
                Ok(settings) => {
                    log.set(settings.live.log);
                    server.rooms.guard.follow(&settings.live);
                    reload_tls(&server, &settings);
                    let mail = settings.live.mail.is_some();
                    reload_speech(&server, &settings);
                    server.rooms.settings.store(Arc::new(settings.live));
                    server.rooms.store.mailboxes().set_mail(mail, voicemail::now_ms());
                    server.rooms.trunks.read_again().await;
                    tracing::info!("settings read again");
                }
                Err(error) => tracing::error!(%error, "the settings are unusable; the old ones stay in force"),
            },
        }
    }
    shutdown::drain(&server.rooms, settings.drain_timeout, &mut signals).await;
    server.rooms.recordings.settle().await;
    server.rooms.uploads.settle(UPLOADS).await;
    server.mail.say().await;
    server.rooms.events.settle(NOTICES).await;
    // Whoever waits for an answer gets it.
    drop(stop_api);
    let _ = api.await;
    Ok(())
}

/// Reads the files of TLS again, for connections to come.
fn reload_tls(server: &Server, settings: &Settings) {
    let (Some(tls), Some(files)) = (&server.tls, &settings.tls) else { return };
    if let Err(error) = tls.reload(files) {
        tracing::warn!(%error, "the certificate and trust of before stay in force");
    }
}

/// Takes other engines for speech, where the settings say so.
fn reload_speech(server: &Server, settings: &Settings) {
    if server.rooms.settings.load().speech != settings.live.speech {
        server.rooms.speech.store(Arc::new(SpeechRoom::open(&settings.live.speech, &settings.data)));
    }
}

/// What the API shows as the domain of extensions: the address that phones register at.
fn domain(settings: &Settings) -> String {
    let listener = settings.sip.first().map(|listener| listener.addr.ip());
    settings.advertise.or(listener).map(|ip| ip.to_string()).unwrap_or_default()
}

fn ready_line(server: &Server, http: std::net::SocketAddr) -> String {
    let sip: Vec<String> = server
        .rooms
        .listeners
        .iter()
        .map(|listener| {
            let transport = match listener.transport {
                antiphon_sip::Transport::Udp => "udp",
                antiphon_sip::Transport::Tcp => "tcp",
                antiphon_sip::Transport::Tls => "tls",
            };
            format!("{transport}:{}", listener.local)
        })
        .collect();
    format!("antiphon ready sip={} http={http} capacity={}", sip.join(","), server.capacity)
}
