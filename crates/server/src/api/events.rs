//! `/extension/{extension}/event/`
//!
//! Sources: `ringme-ivr.md` 1.8, 4.6.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::changes::{CreateEvent, DeleteEvent, UpdateEvent};
use crate::store::{EventId, Missing, Subscription};

pub(super) fn table() -> Table {
    let full = "The extension has as many as there can be.";
    Table::of("Events", "Whom an extension's events are told.")
        .on(
            "/extension/{extension}/event",
            get(
                list,
                Operation::new("All subscriptions of an extension")
                    .lists::<Shown>()
                    .filter("event_type", "Those to events of this type."),
            )
            .post(
                create,
                Operation::new("Has events told to a URL")
                    .takes::<Shown>(&["url", "event_type", "method"])
                    .example(json!({ "url": "https://example.com/calls", "event_type": "dial-in", "method": "POST" }))
                    .makes::<Shown>()
                    .conflicts(full),
            ),
        )
        .on(
            "/extension/{extension}/event/{event}",
            get(show, Operation::new("One subscription").shows::<Shown>())
                .put(
                    update,
                    Operation::new("Changes a subscription")
                        .takes::<Shown>(&[])
                        .example(json!({ "method": "GET" }))
                        .shows::<Shown>(),
                )
                .delete(delete, Operation::new("Deletes a subscription").empties()),
        )
}

/// A subscription to events of an extension.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
struct Shown {
    /// Its id.
    #[schema(read_only, value_type = u64)]
    id: EventId,
    /// What is asked.
    url: String,
    /// Which events.
    event_type: String,
    /// `GET` or `POST`.
    #[schema(pattern = "^(GET|POST)$")]
    method: String,
}

fn encode(subscription: &Subscription) -> Shown {
    Shown {
        id: subscription.id,
        url: subscription.url.to_string(),
        event_type: subscription.event_type.as_str().to_owned(),
        method: subscription.method.to_string(),
    }
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let config = state.store.snapshot();
    let extension = place.extension(&config)?.id;
    let wanted = config.subscriptions(extension);
    let wanted = wanted.filter(|subscription| paging.admits("event_type", subscription.event_type.as_str()));
    Ok(Json(paging.of(wanted, |subscription| encode(subscription))))
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let change = CreateEvent { client: place.bearer(), extension: place.extension_id()?, body };
    Ok((StatusCode::CREATED, Json(encode(&*state.store.commit(change).await?))))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let config = state.store.snapshot();
    let extension = place.extension(&config)?.id;
    Ok(Json(encode(config.subscription(extension, place.event()?).ok_or(Missing::Event)?)))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let (extension, id) = (place.extension_id()?, place.event()?);
    let change = UpdateEvent { client: place.bearer(), extension, id, body };
    Ok(Json(encode(&*state.store.commit(change).await?)))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let (extension, id) = (place.extension_id()?, place.event()?);
    state.store.commit(DeleteEvent { client: place.bearer(), extension, id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
