//! A test call of a version, and how it stands with its processes.

use std::time::{Duration, Instant};

use antiphon_ivr::op::{AboutCall, AllowFlow, CustomResult, Customize, Flow};
use axum::Json;
use axum::extract::{Extension as Part, State};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{editable, version_of};
use crate::api::ApiState;
use crate::api::body::JsonBody;
use crate::api::description::{Operation, Table, get, integer, post, text};
use crate::api::error::ApiError;
use crate::api::place::Place;
use crate::customizers::{Loads, Standing};
use crate::store::Grant;

/// The longest that a test call may take, in milliseconds.
const LONGEST: u64 = 50_000;
/// How long it may take where nothing is said (`voicexml-customizers.md` 2.1).
const USUAL: u64 = 5_000;

pub(super) fn rows(table: Table) -> Table {
    let object = |about: &str| json!({ "type": "object", "description": about });
    let fields = [
        ("method", text(200, "The method.")),
        ("params", object("Its parameters, in their order.")),
        (
            "call",
            object(
                "What its call object says: `from_number`, `to_number`, `language`, `vars`, `extra_data`, `headers`, `allow_flow`.",
            ),
        ),
        ("timeout_ms", integer(1, LONGEST, "How long it may take, in milliseconds.")),
    ];
    table
        .on(
            "/extension/{extension}/customizer/{version}/invoke",
            post(
                invoke,
                Operation::new("Calls a method, as a test")
                    .details(
                        "In a process of its own, whether the version is active or not. What fails is told as `error`.",
                    )
                    .takes_fields(1, &fields)
                    .example(json!({ "method": "find", "params": { "phone": "12345" } }))
                    .shows::<Tried>()
                    .fails(403, "The application is no editor in the settings.")
                    .conflicts("There is no Python interpreter."),
            ),
        )
        .on(
            "/extension/{extension}/customizer/{version}/status",
            get(status, Operation::new("The processes of a version").shows::<Status>()),
        )
}

/// What came of a test call.
#[derive(Serialize, Default, ToSchema)]
#[schema(as = CustomizerTrial)]
struct Tried {
    /// What the method returned.
    #[schema(value_type = Option<Object>)]
    result: Value,
    /// The variables that it would set.
    #[schema(value_type = Object)]
    vars: Map<String, Value>,
    /// What else it would change: `extra_data`, `language`, `priority`, `skills`, `goto`, `throw`.
    #[schema(value_type = Object)]
    changes: Map<String, Value>,
    /// What it wrote with `call.log`: level and text.
    #[schema(value_type = Vec<Object>)]
    log: Vec<Value>,
    /// How long all of it took, in milliseconds, the start of the process with it.
    elapsed_ms: u64,
    /// What failed: `type` and `message`.
    #[schema(value_type = Option<Object>)]
    error: Option<Value>,
}

/// The processes of a version, and what they did since the first of them.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomizerStatus)]
struct Status {
    /// Processes there are.
    processes: usize,
    /// Of them, those that do something.
    busy: usize,
    /// Calls that wait for one.
    waiting: usize,
    /// Processes that were replaced.
    restarts: u64,
    /// `closed`, or `open` while it rests because it failed too often.
    breaker: &'static str,
    /// Calls so far.
    calls: u64,
    /// Of them, those with an exception or a bad result.
    failed: u64,
    /// Those that took too long.
    timeouts: u64,
    /// Those whose process died.
    crashes: u64,
    /// How long a call took on average, in milliseconds.
    average_ms: u64,
    /// How long the longest took, in milliseconds.
    longest_ms: u64,
}

fn shown(standing: &Standing) -> Status {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Status {
        processes: standing.processes,
        busy: standing.busy,
        waiting: standing.waiting,
        restarts: standing.restarts,
        breaker: if standing.resting { "open" } else { "closed" },
        calls: standing.calls,
        failed: standing.failed,
        timeouts: standing.timeouts,
        crashes: standing.crashes,
        average_ms: ms(standing.took) / standing.calls.max(1),
        longest_ms: ms(standing.longest),
    }
}

async fn status(State(state): State<ApiState>, place: Place) -> Result<Json<Status>, ApiError> {
    let (customizer, extension) = version_of(&state, &place)?;
    let loads = Loads::of(&customizer, &extension);
    let standing = state.customizers.as_ref().map(|customizers| customizers.standing(&loads));
    Ok(Json(shown(&standing.unwrap_or_default())))
}

async fn invoke(
    State(state): State<ApiState>,
    place: Place,
    Part(grant): Part<Grant>,
    JsonBody(body): JsonBody,
) -> Result<Json<Tried>, ApiError> {
    let customizers = editable(&state, &grant)?;
    let (customizer, extension) = version_of(&state, &place)?;
    let loads = Loads::of(&customizer, &extension);
    let customize = asked(&body, &loads)?;
    let began = Instant::now();
    let outcome = customizers.invoke(place.bearer(), &loads, &customize).await;
    let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(match outcome {
        Ok(result) => Tried { elapsed_ms, ..returned(result) },
        Err(error) => {
            let error = json!({ "type": error.kind.as_str(), "message": error.message });
            Tried { elapsed_ms, error: Some(error), ..Tried::default() }
        }
    }))
}

/// The call that a request asks for.
fn asked(body: &Value, loads: &Loads) -> Result<Customize, ApiError> {
    let method = body.get("method").and_then(Value::as_str).filter(|method| !method.is_empty());
    let method = method.ok_or_else(|| ApiError::field("method", "must be a name"))?.to_owned();
    let timeout = match body.get("timeout_ms") {
        None | Some(Value::Null) => USUAL,
        Some(value) => value
            .as_u64()
            .filter(|ms| (1..=LONGEST).contains(ms))
            .ok_or_else(|| ApiError::field("timeout_ms", format!("must be a whole number from 1 to {LONGEST}")))?,
    };
    let call = object(body, "call")?;
    let word = |name: &str| call.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let call = Value::Object(call.clone());
    let headers = object(&call, "headers")?.iter();
    let flow = call.get("allow_flow") == Some(&Value::Bool(true));
    let about = AboutCall {
        id: "test".to_owned(),
        from_number: word("from_number"),
        to_number: word("to_number"),
        language: word("language"),
        vars: pairs(object(&call, "vars")?),
        extra_data: pairs(object(&call, "extra_data")?),
        headers: headers.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect(),
        flow: if flow { AllowFlow::Yes } else { AllowFlow::No },
    };
    let timer = Some(Duration::from_millis(timeout));
    Ok(Customize { extension: loads.extension, method, params: pairs(object(body, "params")?), about, timer })
}

/// An object of a request; an empty one where it is not there.
fn object<'a>(of: &'a Value, name: &str) -> Result<&'a Map<String, Value>, ApiError> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match of.get(name) {
        None | Some(Value::Null) => Ok(&NONE),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(ApiError::field(name, "must be an object")),
    }
}

fn pairs(object: &Map<String, Value>) -> Vec<(String, Value)> {
    object.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn returned(result: CustomResult) -> Tried {
    let wants = result.changes;
    let mut changes = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            changes.insert(name.to_owned(), value);
        }
    };
    put("extra_data", wants.extra_data.map(|data| Value::Object(data.into_iter().collect())));
    put("language", wants.language.map(Value::from));
    put("priority", wants.priority);
    put("skills", wants.skills);
    match wants.flow {
        Some(Flow::Goto(place)) => put("goto", Some(place.into())),
        Some(Flow::Throw { event, message }) => put("throw", Some(json!({ "event": event, "message": message }))),
        None => {}
    }
    let log = result.log.iter().map(|line| json!({ "level": line.level, "text": line.text })).collect();
    Tried { result: result.value, vars: wants.vars.into_iter().collect(), changes, log, ..Tried::default() }
}
