//! Logs and metrics.
//!
//! Shape: logs go to standard error, one span a call and one line an op; metrics are counted where things happen and written in
//! Prometheus text on request, the media workers' counters asked for at that moment.
//! Units: seconds, as Prometheus likes them.

use std::{
    fmt::Write as _,
    io::IsTerminal,
    sync::{Arc, atomic::Ordering},
};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, Registry, filter::Targets, layer::SubscriberExt, reload, util::SubscriberInitExt};

use crate::{
    media::Media,
    rooms::Rooms,
    settings::LogFormat,
    trunks::{Health, Registered, Standing},
};

/// Upper bounds of call set-up, in seconds.
const SETUP_BUCKETS: [f64; 10] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0];

/// Changes the log level while the server runs.
#[derive(Clone)]
pub struct LogLevel(reload::Handle<Targets, Registry>);

impl LogLevel {
    /// From now on, this is the most talkative level that is logged.
    pub fn set(&self, level: LevelFilter) {
        // Fails only when the subscriber is gone, with the process.
        let _ = self.0.reload(filter(level));
    }
}

/// Starts logging to standard error.
pub fn start_logging(level: LevelFilter, format: LogFormat) -> LogLevel {
    let (filter, handle) = reload::Layer::new(filter(level));
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry().with(filter).with(lines).init();
    LogLevel(handle)
}

/// Our own lines at the level asked for; other crates speak up from WARN on.
fn filter(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("antiphon", level)
}

/// Everything that `/metrics` shows.
#[derive(Clone)]
pub struct Metrics {
    counted: PrometheusHandle,
    rooms: Option<Arc<Rooms>>,
}

impl From<PrometheusHandle> for Metrics {
    fn from(counted: PrometheusHandle) -> Self {
        Self { counted, rooms: None }
    }
}

impl Metrics {
    /// Starts counting, once a process.
    ///
    /// # Errors
    /// [`BuildError`] when something counts already.
    pub fn start() -> Result<Self, BuildError> {
        let setup = Matcher::Full("antiphon_setup_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(setup, &SETUP_BUCKETS)?;
        let counted = builder.install_recorder()?;
        describe();
        Ok(counted.into())
    }

    /// The same metrics, with what these rooms count themselves.
    #[must_use]
    pub fn with_rooms(self, rooms: Arc<Rooms>) -> Self {
        Self { rooms: Some(rooms), ..self }
    }

    /// The metrics in Prometheus text format, with the rooms' counters as of now.
    pub async fn render(&self) -> String {
        self.counted.run_upkeep();
        let mut text = self.counted.render();
        if let Some(rooms) = &self.rooms {
            trunk_metrics(rooms, &mut text);
            signalling_metrics(rooms, &mut text).await;
            media_metrics(&rooms.media, &mut text).await;
        }
        text
    }
}

fn describe() {
    metrics::describe_gauge!("antiphon_calls_active", "Calls in progress");
    metrics::describe_counter!("antiphon_calls_total", "Calls that have ended, by how");
    metrics::describe_counter!("antiphon_calls_refused_total", "Calls refused, by status");
    metrics::describe_counter!("antiphon_call_panics_total", "Calls ended by a fault of ours");
    metrics::describe_counter!("antiphon_script_problems_total", "Faults of the documents of scripts");
    metrics::describe_counter!("antiphon_scripts_left_total", "Calls ended because their script thought without end");
    metrics::describe_counter!("antiphon_sound_findings_total", "What was found about who hears whom, by kind");
    metrics::describe_histogram!("antiphon_setup_seconds", "From a caller's INVITE to our 200");
    metrics::describe_counter!("antiphon_renderings_total", "Texts that engines rendered, by outcome");
    metrics::describe_counter!("antiphon_recognitions_total", "What callers said that recognisers got, by outcome");
    metrics::describe_counter!("antiphon_ops_total", "What scripts asked of calls, by op and outcome");
    metrics::describe_counter!("antiphon_sip_dropped_total", "SIP messages lost or refused, by reason");
    metrics::describe_counter!("antiphon_sip_failures_total", "What sources did that honest ones do rarely, by kind");
    metrics::describe_counter!("antiphon_sources_refused_total", "Sources that began to be refused, by reason");
    metrics::describe_gauge!("antiphon_overloaded", "1 while new calls are refused for the sake of those that are up");
    metrics::describe_counter!("antiphon_overloads_total", "How often overload began, by cause");
    metrics::gauge!("antiphon_overloaded").set(0.0);
    metrics::describe_counter!("antiphon_events_waiting_total", "Events that found a call's inbox full");
    metrics::gauge!("antiphon_calls_active").set(0.0);
}

/// Which trunks are there; one that is not asked says nothing of itself.
fn trunk_metrics(rooms: &Rooms, text: &mut String) {
    let standings = rooms.trunks.standings();
    let mut family = |name: &str, help: &str, value: &dyn Fn(&Standing) -> Option<usize>| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (trunk, value) in standings.iter().filter_map(|(trunk, standing)| Some((trunk, value(standing)?))) {
            let trunk = trunk.replace('\\', "\\\\").replace('"', "\\\"");
            let _ = writeln!(text, "{name}{{trunk=\"{trunk}\"}} {value}");
        }
    };
    family("antiphon_trunk_up", "Whether the trunk answers OPTIONS", &|standing| match standing.health {
        Health::Unknown => None,
        Health::Up => Some(1),
        Health::Down => Some(0),
    });
    family("antiphon_trunk_registered", "Whether the trunk holds our registration", &|standing| {
        (standing.registered != Registered::Unwanted).then(|| usize::from(standing.is_registered()))
    });
    family("antiphon_trunk_calls", "Calls on the trunk", &|standing| Some(standing.calls.load(Ordering::Relaxed)));
}

/// The endpoint's counters.
async fn signalling_metrics(rooms: &Rooms, text: &mut String) {
    let Some(report) = rooms.signalling.report().await else { return };
    gauge(
        text,
        "antiphon_dialogs",
        "SIP dialogs, those included that wait for their last response",
        report.dialogs as u64,
    );
    gauge(text, "antiphon_transactions", "SIP server transactions remembered", report.transactions as u64);
    gauge(text, "antiphon_phones_registered", "Phones that have registered", rooms.registrar().len() as u64);
    let counted = report.counters;
    counter(text, "antiphon_sip_requests_total", "SIP requests received", counted.requests);
    counter(text, "antiphon_sip_responses_total", "SIP responses received", counted.responses);
    counter(text, "antiphon_sip_retransmissions_total", "Repeated SIP requests", counted.retransmissions);
    let name = "antiphon_sip_refused_total";
    let _ = writeln!(text, "# HELP {name} SIP messages that led nowhere, by reason\n# TYPE {name} counter");
    let reasons = [
        ("malformed", counted.malformed),
        ("stray_response", counted.stray_responses),
        ("stray_ack", counted.stray_acks),
        ("no_dialog", counted.no_dialog),
        ("merged", counted.merged),
        ("refused_full", counted.refused_full),
        ("dropped_full", counted.dropped_full),
        ("timed_out", counted.timed_out),
        ("transport_failed", counted.transport_failed),
    ];
    for (reason, count) in reasons {
        let _ = writeln!(text, "{name}{{reason=\"{reason}\"}} {count}");
    }
}

/// The workers' counters, added up.
async fn media_metrics(media: &Media, text: &mut String) {
    let mut total: Option<crate::media::worker::Report> = None;
    for worker in media.workers() {
        let Some(report) = worker.report().await else { continue };
        match &mut total {
            None => total = Some(report),
            Some(total) => total.add(&report),
        }
    }
    let Some(report) = total else { return };
    gauge(text, "antiphon_streams_active", "RTP streams open", report.streams as u64);
    for (name, help, value) in report.counters() {
        counter(text, name, help, value);
    }
    let name = "antiphon_media_lateness_seconds";
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} How late streams were serviced\n# TYPE {name} histogram");
    let mut below = 0;
    for (bound, count) in report.lateness.buckets() {
        below += count;
        let bound = bound.map_or("+Inf".to_owned(), |bound| bound.as_secs_f64().to_string());
        let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {below}");
    }
    let _ = writeln!(text, "{name}_sum {}\n{name}_count {below}", report.lateness.sum().as_secs_f64());
    report.quality.write(text);
}

fn gauge(text: &mut String, name: &str, help: &str, value: u64) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
}

fn counter(text: &mut String, name: &str, help: &str, value: u64) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}");
}
