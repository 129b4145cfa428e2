//! `/v2/accounts/{account}/pivot/debug`: the live debug of Pivot, as KAZOO has it.
//!
//! Shape: the list has a row for each call, and a call its records: what was asked, what was answered, what was wrong. Only what a pivot
//! with `debug` asked is shown, and every failure. `http_debug` beside it shows all that any surface asked.
//! Units: `created` is in seconds since the year 0, as KAZOO counts them; `duration_ms` in milliseconds.
//! Sources: `kazoo-pivot.md` 6; row A24 of its section 8.

mod records;

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use self::records::{Exchange, Record};
use super::ApiState;
use super::auth::AUTH_TOKEN;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::{ClientId, Config, Missing};
use crate::web::debug::CallSteps;

/// Rows of a list that says nothing of it, as KAZOO has it.
const PAGE: usize = 50;

pub(super) fn table() -> Table {
    const DEBUG: &str = "/accounts/{account}/pivot/debug";
    let seconds = || json!({ "type": "integer", "minimum": 0 });
    Table::of("Pivot live debug", "What calls asked applications of Pivot, and what came of it, as KAZOO shows it.")
        .on(
            DEBUG,
            get(
                list,
                Operation::new("The last calls that asked, the newest first")
                    .details("The token may stand in `X-Auth-Token`.")
                    .shows::<Calls>()
                    .query(
                        "created_from",
                        seconds(),
                        "Those that asked first at this second since the year 0, or later.",
                    )
                    .query("created_to", seconds(), "Those that asked first at this second, or earlier.")
                    .query("ascending", json!({ "type": "boolean" }), "The oldest first.")
                    .query(
                        "page_size",
                        json!({ "type": "integer", "minimum": 1 }),
                        "How many, at most; 50 without it.",
                    ),
            ),
        )
        .on(
            &format!("{DEBUG}/{{pivot_call}}"),
            get(show, Operation::new("Every record of one call").shows::<Records>()),
        )
}

/// What KAZOO puts around every answer, for one kind of what is asked for.
macro_rules! envelope {
    ($name:ident, $schema:ident, $item:ty) => {
        /// What was asked for, and what KAZOO puts around it.
        #[derive(Serialize, ToSchema)]
        #[schema(as = $schema)]
        struct $name {
            /// What was asked for.
            data: Vec<$item>,
            /// How many those are.
            page_size: usize,
            /// The request's own name.
            request_id: String,
            /// The revision of the configuration.
            revision: String,
            /// `success`
            #[schema(value_type = String)]
            status: &'static str,
            /// The token of the request.
            auth_token: String,
        }

        impl $name {
            fn around(state: &ApiState, headers: &HeaderMap, data: Vec<$item>) -> Json<Self> {
                let token = headers.get(AUTH_TOKEN).and_then(|token| token.to_str().ok()).unwrap_or_default();
                Json(Self {
                    page_size: data.len(),
                    data,
                    request_id: format!("{:032x}", rand::random::<u128>()),
                    revision: state.store.snapshot().revision.to_string(),
                    status: "success",
                    auth_token: token.to_owned(),
                })
            }
        }
    };
}

envelope!(Calls, PivotDebugCalls, Row);
envelope!(Records, PivotDebugRecords, Record);

/// A call that asked.
#[derive(Serialize, ToSchema)]
#[schema(as = PivotDebugCall)]
struct Row {
    /// The Call-ID of the caller's dialog.
    call_id: String,
    /// When it first asked, in seconds since the year 0.
    created: u64,
    /// Year and month, and the Call-ID.
    debug_id: String,
    /// The number of the request within its call.
    iteration: u64,
    /// The server.
    node: String,
    /// The status of the answer, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(extensions(("x-optional" = json!(true))))]
    status_code: Option<String>,
    /// What was asked.
    uri: String,
    /// Whether the answer is a callflow that cannot run.
    has_schema_errors: bool,
    /// Whether the answer is no JSON and should be.
    has_json_errors: bool,
}

/// The client that a path names: by its id, as `@me`, or by the account that its applications tell web servers.
fn account(config: &Config, place: &Place) -> Result<ClientId, Missing> {
    let (own, named) = (place.bearer(), place.account());
    let is_account = |account: &str| {
        let applications = config.extensions().filter(|extension| extension.client == own);
        applications.filter_map(|it| it.profile.pivot.as_ref()?.account_id.as_deref()).any(|known| known == account)
    };
    match named {
        "@me" => Ok(own),
        id if id.parse() == Ok(own.0) || is_account(id) => Ok(own),
        _ => Err(Missing::Client),
    }
}

/// The exchanges of a call that are shown.
fn exchanges(call: &CallSteps) -> impl Iterator<Item = Exchange<'_>> {
    call.steps.iter().filter_map(|step| Exchange::of(&call.asker.sip_call_id, step)).filter(Exchange::is_shown)
}

fn row(exchange: &Exchange<'_>, node: &str) -> Row {
    Row {
        call_id: exchange.call_id.to_owned(),
        created: exchange.asked(),
        debug_id: exchange.debug_id(),
        iteration: exchange.iteration,
        node: node.to_owned(),
        status_code: exchange.status().map(|status| status.to_string()),
        uri: exchange.step.request.url.clone(),
        has_schema_errors: exchange.schema_errors().is_some(),
        has_json_errors: exchange.json_errors().is_some(),
    }
}

async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
    headers: HeaderMap,
) -> Result<Json<Calls>, ApiError> {
    let client = account(&state.store.snapshot(), &place)?;
    let number = |name: &'static str| match paging.filter(name).map(str::parse::<u64>) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(ApiError::field(name, "must be a whole number")),
    };
    let (from, to, most) = (number("created_from")?, number("created_to")?, number("page_size")?);
    let ascending = match paging.filter("ascending") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(ApiError::field("ascending", "must be true or false")),
    };
    let calls = state.http_debug.calls(client);
    let first = calls.iter().filter_map(|call| exchanges(call).next());
    let rows = first.map(|exchange| row(&exchange, &state.domain));
    let mut rows: Vec<Row> = rows
        .filter(|row| from.is_none_or(|from| row.created >= from) && to.is_none_or(|to| row.created <= to))
        .collect();
    // Calls of one second stay in their order.
    if ascending {
        rows.sort_by_key(|row| row.created);
    } else {
        rows.reverse();
        rows.sort_by_key(|row| Reverse(row.created));
    }
    rows.truncate(most.map_or(PAGE, |most| usize::try_from(most).unwrap_or(usize::MAX)));
    Ok(Calls::around(&state, &headers, rows))
}

async fn show(State(state): State<ApiState>, place: Place, headers: HeaderMap) -> Result<Json<Records>, ApiError> {
    let client = account(&state.store.snapshot(), &place)?;
    let wanted = place.pivot_call();
    let calls = state.http_debug.calls(client);
    let is_wanted = |exchange: &Exchange<'_>| exchange.call_id == wanted || exchange.debug_id() == wanted;
    let found = calls.iter().flat_map(|call| exchanges(call)).filter(is_wanted);
    let records: Vec<Record> = found.flat_map(|exchange| exchange.records(&state.domain)).collect();
    if records.is_empty() { Err(ApiError::NoSuchCall) } else { Ok(Records::around(&state, &headers, records)) }
}
