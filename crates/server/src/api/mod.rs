//! The REST API, and what a supervisor asks over HTTP.
//!
//! Shape: one file a resource; each handler decodes, asks the store, encodes. Reads come from the snapshot in memory, changes go
//! through the store's writer.
//! Time: every request ends within a minute; rates are counted by the hour.
//! Errors: every answer that is no success is JSON with `message`, most with `status`.
//! Sources: `ringme-ivr.md` 2; `interface.md`, "HTTP".

mod auth;
mod body;
mod call_detail;
mod callbacks;
mod calls;
mod clients;
mod conferences;
mod contexts;
mod date;
mod dids;
mod digits;
mod error;
mod events;
mod extensions;
mod health;
mod http_debug;
mod intervals;
mod ivr;
mod limits;
mod mails;
mod messages;
mod options;
mod paging;
mod phones;
mod place;
mod quality_rate;
mod rate;
mod records;
mod refused_calls;
mod rules;
mod say;
mod scripts;
mod serve;
mod sounds;
#[cfg(test)]
mod tests;
mod token;
mod trunks;
mod upload_turns;
mod variables;
mod wav;

use std::sync::Arc;

use antiphon_ivr::Language;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, delete, get, post, put};
use axum::{Router, middleware};
use tokio::sync::{Semaphore, watch};

use crate::{
    calls::Readiness,
    conferences::Conferences,
    rooms::Rooms,
    settings::{DebugSettings, RulesSettings, TraceSettings},
    store::Store,
    telemetry::Metrics,
    trace::Trace,
    web::debug::HttpDebug,
};
use error::ApiError;
use rate::HourlyRate;
use upload_turns::UploadTurns;

pub use serve::serve;

/// What every handler can reach.
#[derive(Clone)]
pub struct ApiState {
    store: Store,
    readiness: watch::Receiver<Readiness>,
    metrics: Metrics,
    trace: Arc<Trace>,
    domain: Arc<str>,
    /// The conferences that somebody is in.
    conferences: Conferences,
    /// What web servers were asked for calls.
    http_debug: HttpDebug,
    /// Where calls are, in a server that takes some.
    rooms: Option<Arc<Rooms>>,
    /// The settings of rules, where no rooms have any.
    rules: RulesSettings,
    rate: Arc<HourlyRate>,
    /// The secrets that are checked at once; each takes memory and a core on purpose.
    secret_checks: Arc<Semaphore>,
    uploads: Arc<UploadTurns>,
}

impl ApiState {
    /// An API over this store; `domain` is shown as the domain of extensions.
    pub fn new(
        store: Store,
        readiness: watch::Receiver<Readiness>,
        metrics: impl Into<Metrics>,
        domain: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            store,
            readiness,
            metrics: metrics.into(),
            trace: Arc::new(Trace::new(&TraceSettings::default())),
            domain: domain.into(),
            conferences: Conferences::default(),
            http_debug: HttpDebug::new(DebugSettings::default()),
            rooms: None,
            rules: RulesSettings::default(),
            rate: Arc::new(HourlyRate::new(limits::REQUESTS_PER_HOUR)),
            secret_checks: Arc::new(Semaphore::new(limits::SECRET_CHECKS)),
            uploads: Arc::default(),
        }
    }

    /// The same API, which shows these rooms' trunks and conferences.
    #[must_use]
    pub fn with_rooms(self, rooms: Arc<Rooms>) -> Self {
        let (conferences, http_debug) = (rooms.conferences.clone(), rooms.http_debug.clone());
        Self { conferences, http_debug, rooms: Some(rooms), ..self }
    }

    /// The language of extensions that have none of their own.
    fn language(&self) -> Language {
        self.rooms.as_ref().map_or_else(Language::default, |rooms| rooms.language)
    }

    /// The same API over these conferences.
    #[must_use]
    pub fn with_conferences(self, conferences: Conferences) -> Self {
        Self { conferences, ..self }
    }

    /// The same API over this memory of requests.
    #[must_use]
    pub fn with_http_debug(self, http_debug: HttpDebug) -> Self {
        Self { http_debug, ..self }
    }

    /// The same API with these settings of rules, as long as no rooms have others.
    #[must_use]
    pub fn with_rules(self, rules: RulesSettings) -> Self {
        Self { rules, ..self }
    }

    /// The settings of rules in force.
    fn rules(&self) -> RulesSettings {
        self.rooms.as_ref().map_or(self.rules, |rooms| rooms.settings.load().rules)
    }

    /// The same API over the calls of this trace; without it there are none.
    #[must_use]
    pub fn with_trace(self, trace: Arc<Trace>) -> Self {
        Self { trace, ..self }
    }

    /// The same API with another number of requests that a client may make in an hour.
    #[must_use]
    pub fn with_hourly_limit(self, requests: u64) -> Self {
        Self { rate: Arc::new(HourlyRate::new(requests)), ..self }
    }
}

/// The whole HTTP side: token, REST API, health and metrics.
pub fn router(state: ApiState) -> Router {
    let authenticated = middleware::from_fn_with_state(state.clone(), auth::require_token);
    let resources = client_resources()
        .merge(call_resources())
        .merge(record_resources())
        .merge(extension_resources())
        .route_layer(authenticated)
        .layer(DefaultBodyLimit::max(limits::BODY_BYTES));
    Router::new()
        .nest("/api/ver1.0", resources.merge(uploads(&state)))
        .both("/oauth/token", post(token::issue).layer(DefaultBodyLimit::max(limits::TOKEN_BODY_BYTES)))
        .both("/oauth/authorize", get(token::authorize))
        .both("/healthz", get(health::alive))
        .both("/readyz", get(health::ready))
        .both("/metrics", get(health::metrics))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn(serve::within_time))
        .with_state(state)
}

async fn no_such_path() -> ApiError {
    ApiError::NoSuchPath
}

async fn no_such_method() -> ApiError {
    ApiError::NoSuchMethod
}

/// Paths are good with and without a slash at their end.
trait BothSpellings {
    fn both(self, path: &str, methods: MethodRouter<ApiState>) -> Self;
}

impl BothSpellings for Router<ApiState> {
    fn both(self, path: &str, methods: MethodRouter<ApiState>) -> Self {
        self.route(path, methods.clone()).route(&format!("{path}/"), methods)
    }
}

fn client_resources() -> Router<ApiState> {
    Router::new()
        .both("/client/{client}", get(clients::show).put(clients::update))
        .both("/client/{client}/extension", get(extensions::list).post(extensions::create))
        .both(
            "/client/{client}/extension/{extension}",
            get(extensions::show).put(extensions::update).delete(extensions::delete),
        )
        .both("/trunk", get(trunks::list))
        .both("/trunk/{trunk}", get(trunks::show))
        .both("/trunk/{trunk}/register", post(trunks::register))
        .both("/client/{client}/say", get(say::show))
        .both("/client/{client}/did", get(dids::list).post(dids::create))
        .both("/client/{client}/did/{did}", get(dids::show).delete(dids::delete))
        .both("/client/{client}/interval", get(intervals::list).post(intervals::create))
        .both(
            "/client/{client}/interval/{interval}",
            get(intervals::show).put(intervals::update).delete(intervals::delete),
        )
        .both("/client/{client}/variables", get(variables::list).post(variables::create).put(variables::set))
        .both("/client/{client}/variables/{variable}", get(variables::show).delete(variables::delete))
        .both("/client/{client}/quality_rate", get(quality_rate::list))
}

fn call_resources() -> Router<ApiState> {
    const CURRENT: &str = "/client/{client}/current_calls";
    const CONFERENCE: &str = "/client/{client}/conference";
    const HISTORY: &str = "/client/{client}/call_history";
    const REFUSED: &str = "/client/{client}/refused_calls";
    const DEBUG: &str = "/client/{client}/http_debug";
    Router::new()
        .both(CURRENT, get(calls::current))
        .both(&format!("{CURRENT}/{{call}}"), get(calls::show_current).put(callbacks::change).delete(calls::hang_up))
        .both(&format!("{CURRENT}/{{call}}/recording"), get(records::of_call).post(records::control))
        .both(&format!("{CURRENT}/{{call}}/digits"), post(digits::press))
        .both(&format!("{CURRENT}/{{call}}/ladder"), get(calls::current_ladder))
        .both(&format!("{CURRENT}/{{call}}/pcap"), get(calls::current_pcap).post(calls::capture))
        .both(CONFERENCE, get(conferences::list))
        .both(&format!("{CONFERENCE}/{{conference}}"), get(conferences::show))
        .both(
            &format!("{CONFERENCE}/{{conference}}/member/{{call}}"),
            put(conferences::change_member).delete(conferences::kick),
        )
        .both(HISTORY, get(calls::history))
        .both(&format!("{HISTORY}/{{call}}"), get(calls::show_past))
        .both(&format!("{HISTORY}/{{call}}/ladder"), get(calls::past_ladder))
        .both(&format!("{HISTORY}/{{call}}/pcap"), get(calls::past_pcap))
        .both(DEBUG, get(http_debug::list))
        .both(&format!("{DEBUG}/{{call}}"), get(http_debug::show))
        .both("/client/{client}/http_signing_key", get(http_debug::signing_key))
        .both(REFUSED, get(refused_calls::list))
        .both(&format!("{REFUSED}/{{refusal}}"), get(refused_calls::show))
        .both(&format!("{REFUSED}/{{refusal}}/ladder"), get(refused_calls::ladder))
        .both(&format!("{REFUSED}/{{refusal}}/pcap"), get(refused_calls::pcap))
}

fn record_resources() -> Router<ApiState> {
    const RECORD: &str = "/client/{client}/record";
    Router::new()
        .both(RECORD, get(records::list))
        .both(&format!("{RECORD}/{{record}}"), get(records::show).delete(records::delete))
        .both(&format!("{RECORD}/{{record}}/wav"), get(records::sound))
        .both("/client/{client}/mail", get(mails::list))
        .both("/client/{client}/mail/{mail}", get(mails::show).delete(mails::delete))
        .both("/client/{client}/mail/{mail}/retry", post(mails::retry))
}

/// The two paths that take a sound's content have a limit of their own.
fn uploads(state: &ApiState) -> Router<ApiState> {
    Router::new()
        .both("/client/{client}/sound", get(sounds::list).post(sounds::create))
        .both(
            "/client/{client}/sound/{sound}",
            get(sounds::show).post(sounds::replace).put(sounds::retitle).delete(sounds::delete),
        )
        .route_layer(middleware::from_fn_with_state(state.clone(), auth::require_token))
        .layer(DefaultBodyLimit::max(limits::UPLOAD_BYTES))
}

fn extension_resources() -> Router<ApiState> {
    let menu = menu_resources();
    Router::new()
        .both("/extension/{extension}/phone", get(phones::show).put(phones::update))
        .both("/extension/{extension}/event", get(events::list).post(events::create))
        .both("/extension/{extension}/event/{event}", get(events::show).put(events::update).delete(events::delete))
        .both("/extension/{extension}/callback", post(callbacks::create))
        .both("/extension/{extension}/current_calls/{call}", put(callbacks::change_of_extension))
        .both("/extension/{extension}/conference", get(conferences::settings).put(conferences::update))
        .both("/extension/{extension}/voicemail", get(messages::list))
        .both("/extension/{extension}/voicemail/count", get(messages::count))
        .both(
            "/extension/{extension}/voicemail/{record}",
            get(messages::show).put(messages::update).delete(messages::delete),
        )
        .both("/extension/{extension}/ivr", get(ivr::show).put(ivr::update))
        .nest("/extension/{extension}/ivr", menu.clone())
        // The vendor's own examples have this spelling once.
        .both("/ivr/{extension}", get(ivr::show).put(ivr::update))
        .nest("/ivr/{extension}", menu)
}

fn menu_resources() -> Router<ApiState> {
    const CONTEXT: &str = "/context/{context}";
    const RULES: &str = "/context/{context}/options/{digits}/rules";
    Router::new()
        .both("/context", get(contexts::list).post(contexts::create))
        .both(CONTEXT, get(contexts::show).put(contexts::update).delete(contexts::delete))
        .both(&format!("{CONTEXT}/options"), get(options::list).post(options::create))
        .both(&format!("{CONTEXT}/options/{{digits}}"), delete(options::delete))
        .both(RULES, get(rules::list).post(rules::create))
        .both(&format!("{RULES}/order"), get(rules::order).put(rules::reorder))
        .both(&format!("{RULES}/{{rule}}"), get(rules::show).put(rules::update).delete(rules::delete))
        .both("/script", get(scripts::list).post(scripts::create))
        .both("/script/{event}", get(scripts::show).put(scripts::update).delete(scripts::delete))
}
