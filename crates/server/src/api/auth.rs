//! Who asks, and how often.
//!
//! Shape: a bearer token, or one in `X-Auth-Token`, in, its [`Grant`](crate::store::Grant) into the request; the rate headers on every answer to whoever has one.
//! Sources: RFC 6750 §2.1; `ringme-ivr.md` 2.1.

use std::time::{Instant, SystemTime};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::ApiState;
use super::error::ApiError;
use super::rate::Rate;

/// An error for a request that leads nowhere: whoever has a token sees where they stand, too.
pub(super) fn counted(state: &ApiState, headers: &HeaderMap, error: ApiError) -> Response {
    let grant = bearer(headers).and_then(|token| state.store.grant(token, SystemTime::now()));
    let Some(grant) = grant else { return error.into_response() };
    let rate = state.rate.take(grant.client, Instant::now());
    let mut response = if rate.is_exceeded() { ApiError::RateLimit.into_response() } else { error.into_response() };
    show(rate, response.headers_mut());
    response
}

pub(super) async fn require_token(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let Some(token) = bearer(request.headers()) else { return ApiError::NoToken.into_response() };
    let Some(grant) = state.store.grant(token, SystemTime::now()) else { return ApiError::BadToken.into_response() };
    let rate = state.rate.take(grant.client, Instant::now());
    let mut response = if rate.is_exceeded() {
        ApiError::RateLimit.into_response()
    } else {
        request.extensions_mut().insert(grant);
        next.run(request).await
    };
    show(rate, response.headers_mut());
    response
}

/// The header in which clients of KAZOO send their token.
pub(super) const AUTH_TOKEN: &str = "x-auth-token";

fn bearer(headers: &HeaderMap) -> Option<&str> {
    if let Some(token) = headers.get(AUTH_TOKEN) {
        return token.to_str().ok().map(str::trim);
    }
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn show(rate: Rate, headers: &mut HeaderMap) {
    if rate.limit == u64::MAX {
        return;
    }
    headers.insert("x-ratelimit-limit", HeaderValue::from(rate.limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(rate.remaining()));
    headers.insert("x-ratelimit-reset", HeaderValue::from(rate.reset_in.as_secs()));
}
