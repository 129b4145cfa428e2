//! `/client/{client}/quality_rate/`: how callers rated calls.
//!
//! Shape: a list by time, of which a request gets at most [`MOST`] at once; the rest are further pages.
//! Units: times are in UTC, both ends included.
//! Time: read from the disk, on a thread of its own.
//! Sources: `ringme-ivr.md` 5.2.

use antiphon_ivr::ExtensionId;
use antiphon_ivr::rules::wire::FieldError;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::date::{gmt, of_gmt};
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::{ClientId, KeptRating, Rejected, WantedRatings};

/// Most ratings of one answer.
const MOST: usize = 1_000;

pub(super) fn table() -> Table {
    let time = json!({ "type": "string", "examples": ["2026-11-27 08:00:00"] });
    let listed = Operation::new("How callers rated calls, by time; at most 1,000 at once")
        .lists::<Shown>()
        .query("extension_id", json!({ "type": "integer", "minimum": 0 }), "Those that this extension asked for.")
        .query("start_datetime", time.clone(), "From then on, in UTC.")
        .query("end_datetime", time, "Up to then.")
        .fails(500, "The disk or the database failed.");
    Table::of("Ratings", "How callers rated calls.").on("/client/{client}/quality_rate", get(list, listed))
}

/// A rating.
#[derive(Serialize, ToSchema)]
#[schema(as = QualityRate)]
struct Shown {
    /// Its id, which counts up.
    id: u64,
    /// Whose it is.
    client_id: ClientId,
    /// The extension that asked.
    extension_id: ExtensionId,
    /// The call.
    call_uuid: String,
    /// When, `YYYY-MM-DD hh:mm:ss` in UTC.
    datetime: String,
    /// From 1 to `max_rate`; the more, the better.
    rate: u32,
    /// The best there is.
    max_rate: u32,
}

fn encode(kept: &KeptRating) -> Shown {
    let said = &kept.rating;
    Shown {
        id: kept.id,
        client_id: said.client,
        extension_id: said.extension,
        call_uuid: said.call.clone(),
        datetime: gmt(said.at),
        rate: said.rating.rate,
        max_rate: said.rating.max,
    }
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let client = place.client()?;
    let mut problems = Vec::new();
    let mut refuse = |field: &str, problem: &str| problems.push(FieldError::new(field, problem));
    let mut time = |name: &str| {
        let wanted = paging.filter(name)?;
        let time = of_gmt(wanted);
        if time.is_none() {
            refuse(name, "must be a date and a time in UTC, as YYYY-MM-DD hh:mm:ss");
        }
        time
    };
    let (from, until) = (time("start_datetime"), time("end_datetime"));
    let extension = paging.filter("extension_id").map(|id| id.parse().map(ExtensionId));
    if extension.as_ref().is_some_and(Result::is_err) {
        refuse("extension_id", "must be a whole number");
    }
    if !problems.is_empty() {
        return Err(Rejected::Invalid(problems).into());
    }
    let (skip, most) = paging.part(MOST);
    let wanted = WantedRatings {
        client,
        extension: extension.and_then(Result::ok),
        from,
        until,
        newest_first: paging.is_descending(),
        skip,
        most,
    };
    let store = state.store.clone();
    let read = tokio::task::spawn_blocking(move || store.ratings(&wanted)).await;
    let ratings = read.unwrap_or(Err(Rejected::Storage))?;
    Ok(Json(ratings.iter().map(encode).collect()))
}
