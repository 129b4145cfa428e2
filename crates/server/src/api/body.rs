//! Reading JSON bodies.
//!
//! Shape: whatever the content type says, the body is JSON; an error tells line and column.
//! Errors: [`ApiError::NotJson`], [`ApiError::TooLarge`].
//! Sources: `ringme-ivr.md` 2.1.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::Value;

use super::error::ApiError;
use super::{ApiState, limits};

/// A request's JSON body.
pub(super) struct JsonBody(pub(super) Value);

impl FromRequest<ApiState> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        // Where a path takes uploads, too, more than this comes through.
        if bytes.len() > limits::BODY_BYTES {
            return Err(ApiError::TooLarge(limits::BODY_BYTES));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(ApiError::NotJson)
    }
}

fn unread(rejection: BytesRejection) -> ApiError {
    if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::TooLarge(limits::BODY_BYTES)
    } else {
        ApiError::Unreadable
    }
}
