//! `/client/{client}/quality_rate/`: how callers rated calls.
//!
//! Shape: a list by time, of which a request gets at most [`MOST`] at once; the rest are further pages.
//! Units: times are in UTC, both ends included.
//! Time: read from the disk, on a thread of its own.
//! Sources: `ringme-ivr.md` 5.2.

use antiphon_ivr::ExtensionId;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::ApiState;
use super::date::{gmt, of_gmt};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::{KeptRating, Rejected, WantedRatings};

/// Most ratings of one answer.
const MOST: usize = 1_000;

fn encode(kept: &KeptRating) -> Value {
    let said = &kept.rating;
    json!({
        "id": kept.id,
        "client_id": said.client,
        "extension_id": said.extension,
        "call_uuid": said.call,
        "datetime": gmt(said.at),
        "rate": said.rating.rate,
        "max_rate": said.rating.max,
    })
}

pub(super) async fn list(
    State(state): State<ApiState>,
    place: Place,
    paging: Paging,
) -> Result<Json<Vec<Value>>, ApiError> {
    let time = |name: &str| {
        let refused = || ApiError::field(name, "must be a date and a time in UTC, as YYYY-MM-DD hh:mm:ss");
        paging.filter(name).map(|text| of_gmt(text).ok_or_else(refused)).transpose()
    };
    let extension = paging.filter("extension_id").map(|id| {
        let refused = || ApiError::field("extension_id", "must be a whole number");
        id.parse().map(ExtensionId).map_err(|_| refused())
    });
    let (skip, most) = paging.part(MOST);
    let wanted = WantedRatings {
        client: place.client()?,
        extension: extension.transpose()?,
        from: time("start_datetime")?,
        until: time("end_datetime")?,
        newest_first: paging.is_descending(),
        skip,
        most,
    };
    let store = state.store.clone();
    let read = tokio::task::spawn_blocking(move || store.ratings(&wanted)).await;
    let ratings = read.unwrap_or(Err(Rejected::Storage))?;
    Ok(Json(ratings.iter().map(encode).collect()))
}
