//! Answers that are no success.
//!
//! Shape: `{"message": "...", "status": "..."}`; with wrong fields also `errors: [{"field", "message"}]`.
//! Errors: what the store rejects, and what is wrong before it is asked.
//! Sources: `ringme-ivr.md` 2.1 (error table); RFC 6750 §3 (challenge), RFC 9110 §15.5.6 (405).

use antiphon_ivr::RenderError;
use antiphon_ivr::rules::wire::FieldError;
use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::customizers::NotLoaded;
use crate::recording::NotDeleted;
use crate::store::{Missing, Rejected, UploadError};
use crate::templates::NoTemplate;
use crate::trunks::NotRegistered;
use crate::uploads::{NotBegun, NotDone, encoder::NotEncoded};

/// Why a request is not answered with a success.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("no such path")]
    NoSuchPath,
    #[error("this path does not take this method")]
    NoSuchMethod,
    #[error("a bearer token is required; POST /oauth/token gives one")]
    NoToken,
    #[error("the token is unknown or has expired")]
    BadToken,
    #[error("the hourly limit of requests is reached")]
    RateLimit,
    #[error("the body is not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    #[error("the body cannot be read")]
    Unreadable,
    #[error("the body must be multipart/form-data with the parts title and file, or JSON with a text")]
    NotMultipart,
    #[error(transparent)]
    Trunk(#[from] NotRegistered),
    #[error("the request took too long")]
    TooSlow,
    #[error("it has another entity tag than If-Match names, or none")]
    Precondition,
    #[error("call not found")]
    NoSuchCall,
    #[error("requests are not signed: the settings have no http_client.signing_secret")]
    NoSigningKey,
    #[error(transparent)]
    Sending(#[from] NotDone),
    #[error(transparent)]
    NotBegun(#[from] NotBegun),
    #[error(transparent)]
    NotEncoded(NotEncoded),
    #[error(transparent)]
    Recording(#[from] NotDeleted),
    #[error("the call cannot be recorded: it is not answered, or the disk has no room")]
    NotRecorded,
    #[error("nobody is in a conference of this name")]
    NoSuchConference,
    #[error("the extension is blocked")]
    Blocked,
    #[error("text: {0}")]
    Rendering(#[from] RenderError),
    #[error("action: voice_helper needs a recogniser, and the table [speech] of the settings names none")]
    NoRecogniser,
    #[error("{0} is not built yet")]
    NotBuilt(&'static str),
    #[error(transparent)]
    Rejected(#[from] Rejected),
    #[error("this application may not write code: customizer.editors of the settings does not name it")]
    NotEditor,
    #[error(transparent)]
    NotLoaded(#[from] NotLoaded),
    #[error("the body must be multipart/form-data with a part file, JSON with code, or text/x-python")]
    NoCode,
    #[error("the customizer cannot be activated: {0}")]
    NotActivated(NotLoaded),
    #[error("the active version does not load with it: {0}")]
    ConfigNotLoaded(NotLoaded),
    #[error("file: {0}")]
    Upload(#[from] UploadError),
}

impl From<Missing> for ApiError {
    fn from(missing: Missing) -> Self {
        Self::Rejected(missing.into())
    }
}

impl From<NoTemplate> for ApiError {
    fn from(none: NoTemplate) -> Self {
        match none {
            NoTemplate::Rejected(rejected) => Self::Rejected(rejected),
            NoTemplate::Sounds(error) => Self::Upload(error),
        }
    }
}

impl ApiError {
    pub(super) fn field(field: &str, problem: impl Into<String>) -> Self {
        Self::Rejected(Rejected::field(field, problem))
    }

    /// The HTTP status, and the machine's word where the specification has one.
    fn kind(&self) -> (StatusCode, Option<&'static str>) {
        match self {
            Self::Recording(NotDeleted::Unknown) => (StatusCode::NOT_FOUND, None),
            Self::Recording(NotDeleted::Running) | Self::NotRecorded => (StatusCode::CONFLICT, Some("conflict")),
            Self::Recording(NotDeleted::Storage) => (StatusCode::INTERNAL_SERVER_ERROR, Some("internal_error")),
            Self::Sending(NotDone::Unknown) | Self::NotBegun(NotBegun::Unknown) => (StatusCode::NOT_FOUND, None),
            Self::NotBegun(NotBegun::Full)
            | Self::Sending(NotDone::Sent | NotDone::Sending)
            | Self::NotEncoded(NotEncoded::Nobody) => (StatusCode::CONFLICT, Some("conflict")),
            Self::NotEncoded(NotEncoded::Busy) => (StatusCode::SERVICE_UNAVAILABLE, Some("busy")),
            Self::NotEncoded(NotEncoded::NoSound(_)) => (StatusCode::NOT_FOUND, None),
            Self::Sending(NotDone::Storage) | Self::NotEncoded(NotEncoded::TooSlow(_) | NotEncoded::Failed(..)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, Some("internal_error"))
            }
            Self::NoSuchPath
            | Self::NoSuchCall
            | Self::NoSigningKey
            | Self::NoSuchConference
            | Self::Trunk(NotRegistered::Unknown) => (StatusCode::NOT_FOUND, None),
            Self::Blocked => (StatusCode::FORBIDDEN, Some("access_denied")),
            Self::NotEditor => (StatusCode::FORBIDDEN, Some("access_denied")),
            Self::NoCode => (StatusCode::BAD_REQUEST, Some("invalid_parameter")),
            Self::NotLoaded(NotLoaded::Busy)
            | Self::NotActivated(NotLoaded::Busy)
            | Self::ConfigNotLoaded(NotLoaded::Busy) => (StatusCode::SERVICE_UNAVAILABLE, Some("busy")),
            Self::NotLoaded(NotLoaded::TooSlow) => (StatusCode::SERVICE_UNAVAILABLE, Some("timeout")),
            Self::NotLoaded(NotLoaded::NotStarted)
            | Self::NotActivated(NotLoaded::NotStarted)
            | Self::ConfigNotLoaded(NotLoaded::NotStarted) => {
                (StatusCode::INTERNAL_SERVER_ERROR, Some("internal_error"))
            }
            Self::NotLoaded(NotLoaded::NoPython) | Self::NotActivated(_) | Self::ConfigNotLoaded(_) => {
                (StatusCode::CONFLICT, Some("conflict"))
            }
            Self::NotLoaded(_) => (StatusCode::UNPROCESSABLE_ENTITY, Some("invalid_code")),
            Self::Trunk(NotRegistered::NotAsked) => (StatusCode::CONFLICT, Some("conflict")),
            Self::NoRecogniser | Self::Rendering(RenderError::NoEngine) => (StatusCode::CONFLICT, Some("conflict")),
            Self::Rendering(RenderError::Failed) => (StatusCode::BAD_REQUEST, Some("invalid_parameter")),
            Self::Rendering(RenderError::TimedOut) => (StatusCode::SERVICE_UNAVAILABLE, Some("timeout")),
            Self::Rendering(RenderError::Busy) => (StatusCode::SERVICE_UNAVAILABLE, Some("busy")),
            Self::NotBuilt(_) => (StatusCode::NOT_IMPLEMENTED, Some("not_implemented")),
            Self::NoSuchMethod => (StatusCode::METHOD_NOT_ALLOWED, Some("method_not_allowed")),
            Self::NoToken | Self::BadToken => (StatusCode::UNAUTHORIZED, None),
            Self::RateLimit => (StatusCode::TOO_MANY_REQUESTS, Some("rate_limit_exceeded")),
            Self::NotJson(_) | Self::NotMultipart => (StatusCode::BAD_REQUEST, Some("invalid_parameter")),
            Self::Unreadable => (StatusCode::BAD_REQUEST, Some("invalid_parameter")),
            Self::TooLarge(_) | Self::Upload(UploadError::TooLarge) => {
                (StatusCode::PAYLOAD_TOO_LARGE, Some("payload_too_large"))
            }
            Self::Precondition => (StatusCode::PRECONDITION_FAILED, Some("precondition_failed")),
            Self::TooSlow => (StatusCode::SERVICE_UNAVAILABLE, Some("timeout")),
            Self::Upload(UploadError::Storage) => (StatusCode::INTERNAL_SERVER_ERROR, Some("internal_error")),
            Self::Upload(UploadError::File(_)) => (StatusCode::BAD_REQUEST, Some("invalid_parameter")),
            Self::Rejected(rejected) => rejection(rejected),
        }
    }
}

fn rejection(rejected: &Rejected) -> (StatusCode, Option<&'static str>) {
    match rejected {
        Rejected::NotFound(Missing::Client) => (StatusCode::NOT_FOUND, Some("client_not_found")),
        Rejected::NotFound(_) => (StatusCode::NOT_FOUND, None),
        Rejected::Invalid(_) => (StatusCode::BAD_REQUEST, Some("invalid_parameter")),
        Rejected::Denied(_) => (StatusCode::FORBIDDEN, Some("app_access_type_deny")),
        Rejected::Conflict(_) | Rejected::Full { .. } => (StatusCode::CONFLICT, Some("conflict")),
        Rejected::Outdated => (StatusCode::PRECONDITION_FAILED, Some("precondition_failed")),
        Rejected::Busy => (StatusCode::SERVICE_UNAVAILABLE, Some("busy")),
        Rejected::Storage => (StatusCode::INTERNAL_SERVER_ERROR, Some("internal_error")),
    }
}

fn sentence(error: &FieldError) -> String {
    if error.field.is_empty() { error.problem.clone() } else { error.to_string() }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (code, status) = self.kind();
        let mut body = match &self {
            Self::Rejected(Rejected::Invalid(errors)) => fields(errors),
            other => json!({ "message": other.to_string() }),
        };
        if let Some(status) = status {
            body["status"] = status.into();
        }
        if code == StatusCode::UNPROCESSABLE_ENTITY {
            let place = match &self {
                Self::NotLoaded(NotLoaded::Syntax { line, col, message }) => json!([line, col, message]),
                _ => json!([null, null, null]),
            };
            (body["line"], body["col"], body["reason"]) = (place[0].clone(), place[1].clone(), place[2].clone());
        }
        let mut response = (code, Json(body)).into_response();
        let headers = response.headers_mut();
        match self {
            Self::NoToken => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"antiphon\""));
            }
            Self::BadToken => {
                let challenge = "Bearer realm=\"antiphon\", error=\"invalid_token\"";
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            Self::TooSlow | Self::Rejected(Rejected::Busy) => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

fn fields(errors: &[FieldError]) -> Value {
    let message = errors.iter().map(sentence).collect::<Vec<_>>().join("; ");
    let each = errors.iter().map(|error| json!({"field": error.field, "message": error.problem}));
    json!({ "message": message, "errors": each.collect::<Vec<_>>() })
}
