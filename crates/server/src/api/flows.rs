//! `/client/{client}/flow/`
//!
//! Sources: `kazoo-pivot.md` 3.4, 4.1 (callflow).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::changes::{CreateFlow, DeleteFlow, UpdateFlow, WrittenFlow};
use crate::store::{ClientId, Flow, FlowId, Missing};

pub(super) fn table() -> Table {
    let greeting = json!({ "module": "tts", "data": { "text": "Hello" }, "children": { "_": { "module": "hangup" } } });
    Table::of("Flows", "Callflows that callflows of Pivot refer to.")
        .on(
            "/client/{client}/flow",
            get(list, Operation::new("All flows").lists::<Shown>().filter("name", "The one of this name.")).post(
                create,
                Operation::new("A new flow")
                    .takes::<Shown>(&["name", "flow"])
                    .example(json!({ "name": "greeting", "flow": greeting }))
                    .makes::<Shown>()
                    .conflicts("The client has a flow of this name, or as many as there can be."),
            ),
        )
        .on(
            "/client/{client}/flow/{flow}",
            get(show, Operation::new("One flow").shows::<Shown>())
                .put(
                    update,
                    Operation::new("Changes a flow")
                        .details("Calls that run it go on with what it was.")
                        .takes::<Shown>(&[])
                        .example(json!({ "flow": greeting }))
                        .shows::<Shown>()
                        .conflicts("The client has another flow of this name."),
                )
                .delete(delete, Operation::new("Deletes a flow").empties()),
        )
}

/// A callflow that callflows refer to, by its id or its name.
#[derive(Serialize, ToSchema)]
#[schema(as = Flow)]
struct Shown {
    /// Its id.
    #[schema(read_only)]
    id: FlowId,
    /// Whose it is.
    #[schema(read_only)]
    client_id: ClientId,
    /// What it is called.
    #[schema(max_length = 255)]
    name: String,
    /// The callflow: a node with `module`, `data` and `children`.
    #[schema(value_type = Object)]
    flow: Value,
    /// What was not as it should be when it was written, and what it is taken to be.
    #[schema(read_only)]
    warnings: Vec<String>,
}

fn encode(flow: &Flow) -> Shown {
    let (name, written) = (flow.name.clone(), flow.written.clone());
    Shown { id: flow.id, client_id: flow.client, name, flow: written, warnings: Vec::new() }
}

fn written(flow: &WrittenFlow) -> Shown {
    Shown { warnings: flow.warnings.iter().map(ToString::to_string).collect(), ..encode(&flow.flow) }
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let client = place.client()?;
    let config = state.store.snapshot();
    let list = config.flows(client).filter(|flow| paging.admits("name", &flow.name));
    Ok(Json(paging.of(list, |flow| encode(flow))))
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let made = state.store.commit(CreateFlow { client: place.client()?, body }).await?;
    Ok((StatusCode::CREATED, Json(written(&made))))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let (client, id) = (place.client()?, place.flow()?);
    Ok(Json(encode(state.store.snapshot().flow(client, id).ok_or(Missing::Flow)?)))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let change = UpdateFlow { client: place.client()?, id: place.flow()?, body };
    Ok(Json(written(&state.store.commit(change).await?)))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteFlow { client: place.client()?, id: place.flow()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}
