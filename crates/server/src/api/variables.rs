//! `/client/{client}/variables/`: texts that requests may name.
//!
//! Shape: the list is the resource: POST adds to it, PUT sets what it names; one variable is read and removed by its name.
//! Sources: `ringme-ivr.md` 1.7, 2.7.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::description::{Operation, Table, get, list as list_of, text};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use crate::store::Missing;
use crate::store::changes::{CreateVariables, DeleteVariable, SetVariables};

pub(super) fn table() -> Table {
    let variable = |value: &str| {
        json!({
            "type": "object", "required": ["var"],
            "properties": { "var": text(64, "A letter and then letters, digits and _."), "value": text(4096, value) },
        })
    };
    let made = list_of(variable("Its value."), "Those that are not there yet.");
    let set = list_of(variable("Its value; null removes it."), "Those that are set.");
    Table::of("Variables", "Texts of a client, which requests may name.")
        .on(
            "/client/{client}/variables",
            get(list, Operation::new("All variables").lists::<Shown>().filter("var", "The one of this name."))
                .post(
                    create,
                    Operation::new("New variables")
                        .takes_fields(1, &[("variables", made)])
                        .example(json!({ "variables": [{ "var": "RECEPTION", "value": "201" }] }))
                        .made_all::<Shown>()
                        .conflicts("One of them is there already, or there are as many as there can be."),
                )
                .put(
                    set_all,
                    Operation::new("Sets variables, and removes those whose value is null")
                        .takes_fields(1, &[("variables", set)])
                        .example(json!({ "variables": [{ "var": "RECEPTION", "value": null }] }))
                        .lists_all::<Shown>()
                        .conflicts("There would be more than there can be."),
                ),
        )
        .on(
            "/client/{client}/variables/{variable}",
            get(show, Operation::new("One variable").shows::<Shown>())
                .delete(delete, Operation::new("Deletes a variable").empties()),
        )
}

/// A variable of a client.
#[derive(Serialize, ToSchema)]
#[schema(as = Variable)]
struct Shown {
    /// Its name.
    var: String,
    /// Its value.
    value: String,
}

fn encode((name, value): (impl AsRef<str>, impl AsRef<str>)) -> Shown {
    Shown { var: name.as_ref().to_owned(), value: value.as_ref().to_owned() }
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let client = place.client()?;
    let config = state.store.snapshot();
    let list = config.variables(client).iter().filter(|(name, _)| paging.admits("var", name));
    Ok(Json(paging.of(list, encode)))
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Vec<Shown>>), ApiError> {
    let made = state.store.commit(CreateVariables { client: place.client()?, body }).await?;
    Ok((StatusCode::CREATED, Json(made.into_iter().map(encode).collect())))
}

async fn set_all(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Vec<Shown>>, ApiError> {
    let set = state.store.commit(SetVariables { client: place.client()?, body }).await?;
    Ok(Json(set.into_iter().map(encode).collect()))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let (client, name) = (place.client()?, place.variable());
    let config = state.store.snapshot();
    let value = config.variables(client).get(name).ok_or(Missing::Variable)?;
    Ok(Json(encode((name, value))))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteVariable { client: place.client()?, name: place.variable().to_owned() }).await?;
    Ok(StatusCode::NO_CONTENT)
}
