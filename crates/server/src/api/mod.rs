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
mod call_media;
mod callbacks;
mod calls;
mod clients;
mod conditions;
mod conferences;
mod contexts;
mod customizers;
mod date;
mod description;
mod dids;
mod digits;
mod error;
mod events;
mod explorer;
mod extensions;
mod flows;
mod health;
mod http_debug;
mod intervals;
mod ivr;
mod limits;
mod linked;
mod mails;
mod messages;
mod options;
mod paging;
mod phones;
mod pivot_debug;
mod pivots;
mod place;
mod quality_rate;
mod queues;
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
mod uploads;
mod variables;
mod vxml;
mod wav;

use std::sync::{Arc, OnceLock};

use antiphon_ivr::{Language, pivot::Policy};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use tokio::sync::{Semaphore, watch};

use crate::{
    calls::Readiness,
    conferences::Conferences,
    customizers::Customizers,
    queues::Queues,
    rooms::Rooms,
    settings::{CustomizerEditors, DebugSettings, RulesSettings, TraceSettings},
    store::{Store, limits::VXML_BYTES},
    telemetry::Metrics,
    trace::Trace,
    web::debug::HttpDebug,
};
use conditions::Conditions;
use description::Table;
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
    /// The queues in which somebody waits.
    queues: Queues,
    /// What web servers were asked for calls.
    http_debug: HttpDebug,
    /// Where calls are, in a server that takes some.
    rooms: Option<Arc<Rooms>>,
    /// The processes of customizers, in a server that has some.
    customizers: Option<Customizers>,
    /// The settings of rules, where no rooms have any.
    rules: RulesSettings,
    /// Who may write customizers, where no rooms say so.
    editors: CustomizerEditors,
    rate: Arc<HourlyRate>,
    /// The secrets that are checked at once; each takes memory and a core on purpose.
    secret_checks: Arc<Semaphore>,
    uploads: Arc<UploadTurns>,
    /// The OpenAPI document, once the router is made.
    description: Arc<OnceLock<Bytes>>,
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
            queues: Queues::default(),
            http_debug: HttpDebug::new(DebugSettings::default()),
            rooms: None,
            customizers: None,
            rules: RulesSettings::default(),
            editors: CustomizerEditors::default(),
            rate: Arc::new(HourlyRate::new(limits::REQUESTS_PER_HOUR)),
            secret_checks: Arc::new(Semaphore::new(limits::SECRET_CHECKS)),
            uploads: Arc::default(),
            description: Arc::default(),
        }
    }

    /// The same API, which shows these rooms' trunks, conferences and queues.
    #[must_use]
    pub fn with_rooms(self, rooms: Arc<Rooms>) -> Self {
        let (conferences, queues) = (rooms.conferences.clone(), rooms.queues.clone());
        let http_debug = rooms.http_debug.clone();
        let customizers = Some(rooms.customizers.clone());
        Self { conferences, queues, http_debug, customizers, rooms: Some(rooms), ..self }
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

    /// The same API with these customizers, which these may write as long as no rooms name others.
    #[must_use]
    pub fn with_customizers(self, customizers: Customizers, editors: CustomizerEditors) -> Self {
        Self { customizers: Some(customizers), editors, ..self }
    }

    /// Who may write customizers at this moment.
    fn editors(&self) -> CustomizerEditors {
        self.rooms.as_ref().map_or_else(|| self.editors.clone(), |rooms| rooms.settings.load().editors.clone())
    }

    /// The same API over these queues.
    #[must_use]
    pub fn with_queues(self, queues: Queues) -> Self {
        Self { queues, ..self }
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

    /// How applications for Pivot are run.
    fn pivot_policy(&self) -> Arc<Policy> {
        self.rooms.as_ref().map_or_else(Arc::default, |rooms| rooms.settings.load().pivot.policy.clone())
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

    /// The same API with another number of requests that a client may make in an hour; [`u64::MAX`] for any number.
    #[must_use]
    pub fn with_hourly_limit(self, requests: u64) -> Self {
        Self { rate: Arc::new(HourlyRate::new(requests)), ..self }
    }
}

/// The whole HTTP side: token, REST API, health and metrics.
pub fn router(state: ApiState) -> Router {
    let (router, description) = table(&state).finish();
    for problem in &description.problems {
        tracing::error!(problem, "the description of the API has a gap");
    }
    // A router is made once for a state; were it made again, it would have the same description.
    let _ = state.description.set(description.document.to_string().into());
    router
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn(serve::within_time))
        .with_state(state)
}

/// Everything that is routed, described. An endpoint is a row in the table of its resource.
fn table(state: &ApiState) -> Table {
    let authenticated = middleware::from_fn_with_state(state.clone(), auth::require_token);
    let resources = resources(state);
    let conditions = Conditions::of(state, resources.router());
    let conditional = middleware::from_fn_with_state(conditions, conditions::check);
    let kazoo = pivot_debug::table().layered(|router| router.route_layer(authenticated.clone()));
    let resources = resources.layered(|router| router.route_layer(conditional).route_layer(authenticated));
    let tokens = token::table().layered(|router| router.layer(DefaultBodyLimit::max(limits::TOKEN_BODY_BYTES)));
    let api = tokens.nest("/api/ver1.0", resources).nest("/v2", kazoo);
    api.merge(health::table()).merge(linked::table()).merge(description::table()).merge(explorer::table())
}

/// What wants a token.
fn resources(state: &ApiState) -> Table {
    let limited = |table: Table, bytes| table.layered(|router| router.layer(DefaultBodyLimit::max(bytes)));
    let small = objects().merge(menus(state)).merge(calls());
    // The paths that take a sound's content, a page or code have limits of their own.
    let large = limited(sounds::table(), limits::UPLOAD_BYTES).merge(limited(vxml::documents(), VXML_BYTES));
    let large = large.merge(limited(customizers::table(), limits::CODE_BODY_BYTES));
    large.merge(limited(small, limits::BODY_BYTES))
}

fn objects() -> Table {
    let numbers = extensions::table().merge(phones::table()).merge(conferences::table()).merge(dids::table());
    let told = messages::table().merge(events::table()).merge(say::table()).merge(trunks::table());
    let asked = intervals::table().merge(variables::table()).merge(quality_rate::table());
    let applications = pivots::table().merge(flows::table()).merge(vxml::table());
    clients::table().merge(numbers).merge(told).merge(asked).merge(applications)
}

fn calls() -> Table {
    let calls = calls::table().merge(records::table()).merge(refused_calls::table());
    let calls = calls.merge(queues::table());
    calls.merge(callbacks::table()).merge(mails::table()).merge(http_debug::table()).merge(uploads::table())
}

fn menus(state: &ApiState) -> Table {
    const MENU: &str = "/extension/{extension}/ivr";
    // The vendor's own examples have this spelling once.
    const AGAIN: &str = "/ivr/{extension}";
    let menu = contexts::table().merge(options::table()).merge(rules::table()).merge(scripts::table());
    let settings = |path| Table::of("Menus", "The settings of menus.").on(path, ivr::methods());
    let may_be_spelled_so = middleware::from_fn_with_state(state.clone(), spelled_again);
    let again = settings(AGAIN).nest(AGAIN, menu.clone()).spelled_again(MENU);
    let again = again.layered(|router| router.route_layer(may_be_spelled_so));
    settings(MENU).nest(MENU, menu).merge(again)
}

/// The second spelling of a path, unless the settings know only the first.
async fn spelled_again(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    match state.rules().without_ivr_paths {
        true => ApiError::NoSuchPath.into_response(),
        false => next.run(request).await,
    }
}

async fn no_such_path(State(state): State<ApiState>, headers: HeaderMap) -> Response {
    auth::counted(&state, &headers, ApiError::NoSuchPath)
}

/// The answer has `Allow`, which the router knows. Browsers on other origins are told nothing more: there is no CORS.
async fn no_such_method(State(state): State<ApiState>, method: Method, headers: HeaderMap) -> Response {
    match method {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => auth::counted(&state, &headers, ApiError::NoSuchMethod),
    }
}
