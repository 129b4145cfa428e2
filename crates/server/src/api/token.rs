//! `POST /oauth/token`
//!
//! Shape: the grant `client_credentials` alone, since there are clients here but no users; parameters in the form, the query, a JSON object, or the client in HTTP Basic.
//! Time: a secret is checked on a thread of its own, few at once; a request that waits too long for its turn is refused.
//! Errors: `{"error", "error_description"}` with the words of RFC 6749.
//! Sources: RFC 6749 §2.3.1, §4.4, §5.1, §5.2; `ringme-ivr.md` 2.2.

use std::collections::HashMap;
use std::time::SystemTime;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::description::{Operation, Table, get, post};
use super::{ApiState, limits};
use crate::store::SecretHash;
use crate::store::changes::IssueToken;

pub(super) fn table() -> Table {
    let word = |about: &str| json!({ "type": "string", "description": about });
    let form = json!({
        "type": "object",
        "properties": {
            "grant_type": { "type": "string", "enum": ["client_credentials"] },
            "client_id": word("The program's id, unless it is in HTTP Basic."),
            "client_secret": word("Its secret, unless it is in HTTP Basic."),
            "scope": word("Not looked at."),
        },
        "required": ["grant_type"],
    });
    let refused = json!({ "$ref": "#/components/schemas/TokenRefusal" });
    let authorize = Operation::new("The first step of the code flow, which is not offered").open();
    let table = Table::of("Token", "OAuth2 client credentials.").on(
        "/oauth/authorize",
        get(self::authorize, authorize.answers::<TokenRefusal>(400, "There are no users here.")),
    );
    table.on(
        "/oauth/token",
        post(
            issue,
            Operation::new("A bearer token for the hour to come")
                .details("The parameters may also stand in the query or in a JSON object.")
                .open()
                .takes_form(&["application/x-www-form-urlencoded", "application/json"], form)
                .shows::<Token>()
                .answers::<TokenRefusal>(400, "The request cannot be read, lacks something, or has another grant type.")
                .json(401, "The client is unknown or its secret is another.", refused.clone())
                .json(500, "The token could not be stored.", refused.clone())
                .json(
                    503,
                    "Too many ask at once.",
                    json!({ "anyOf": [refused, { "$ref": "#/components/schemas/Error" }] }),
                ),
        ),
    )
}

/// A bearer token.
#[derive(Serialize, ToSchema)]
struct Token {
    /// What goes into `Authorization`, after `Bearer`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds that it is good for.
    expires_in: u64,
    /// `all`.
    scope: &'static str,
}

/// Why there is no token, in the words of RFC 6749.
#[derive(Serialize, ToSchema)]
struct TokenRefusal {
    /// `invalid_request`, `unsupported_grant_type`, `unsupported_response_type`, `invalid_client`, `temporarily_unavailable` or `server_error`.
    error: &'static str,
    /// For people.
    error_description: String,
    /// The same, for those who read every error of this server alike.
    message: String,
}

/// The words of RFC 6749 §4.1.2.1 and §5.2 that can come up, and two for the server's own troubles.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
enum Refusal {
    #[error("the request cannot be read, or names a parameter twice")]
    Unreadable,
    #[error("grant_type, client_id and client_secret are required")]
    Incomplete,
    #[error(
        "grant_type must be client_credentials: there are no users with a password, no codes and no refresh tokens here"
    )]
    GrantType,
    #[error("there are no users who could authorize an application here: ask /oauth/token with client_credentials")]
    ResponseType,
    #[error("the client is unknown or its secret is another")]
    Client,
    #[error("too many clients ask at once; try again")]
    Busy,
    #[error("the token could not be stored")]
    Storage,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::Unreadable | Self::Incomplete => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::GrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Self::ResponseType => (StatusCode::BAD_REQUEST, "unsupported_response_type"),
            Self::Client => (StatusCode::UNAUTHORIZED, "invalid_client"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
            Self::Storage => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
        };
        let body = TokenRefusal { error, error_description: self.to_string(), message: self.to_string() };
        let mut response = (status, Json(body)).into_response();
        if self == Self::Client {
            let challenge = HeaderValue::from_static("Basic realm=\"antiphon\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

async fn issue(
    State(state): State<ApiState>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = body.map_err(|_| Refusal::Unreadable);
    let answer = match body.and_then(|body| read(&headers, query.as_deref(), &body)) {
        Ok(wanted) => grant(&state, wanted).await,
        Err(refusal) => Err(refusal),
    };
    let mut response = answer.map_or_else(IntoResponse::into_response, |body| Json(body).into_response());
    // RFC 6749 §5.1: nobody between keeps what is in here.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// The first step of the code flow, which is not offered. Nobody is redirected: no redirect URL was ever registered (RFC 6749 §4.1.2.1).
async fn authorize() -> Response {
    Refusal::ResponseType.into_response()
}

struct Wanted {
    client_id: String,
    client_secret: String,
}

fn read(headers: &HeaderMap, query: Option<&str>, body: &[u8]) -> Result<Wanted, Refusal> {
    let mut parameters = form(query.unwrap_or_default().as_bytes())?;
    let in_body = if body.trim_ascii_start().starts_with(b"{") { object(body)? } else { form(body)? };
    parameters.extend(in_body);
    let grant_type = parameters.remove("grant_type").ok_or(Refusal::Incomplete)?;
    if grant_type != "client_credentials" {
        return Err(Refusal::GrantType);
    }
    let (client_id, client_secret) = match basic(headers)? {
        Some(credentials) => credentials,
        None => parameters.remove("client_id").zip(parameters.remove("client_secret")).ok_or(Refusal::Incomplete)?,
    };
    Ok(Wanted { client_id, client_secret })
}

/// The parameters of a form; RFC 6749 §3.2 allows each once.
fn form(text: &[u8]) -> Result<HashMap<String, String>, Refusal> {
    let mut parameters = HashMap::new();
    for (name, value) in form_urlencoded::parse(text) {
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Refusal::Unreadable);
        }
    }
    Ok(parameters)
}

fn object(text: &[u8]) -> Result<HashMap<String, String>, Refusal> {
    serde_json::from_slice(text).map_err(|_| Refusal::Unreadable)
}

/// The client in HTTP Basic, where id and secret are each encoded as in a form (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Refusal> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let (scheme, credentials) = value.to_str().ok().and_then(|v| v.split_once(' ')).ok_or(Refusal::Unreadable)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Refusal::Unreadable);
    }
    let decoded = STANDARD.decode(credentials.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or(Refusal::Unreadable)?;
    let (id, secret) = decoded.split_once(':').ok_or(Refusal::Unreadable)?;
    let plain = |text: &str| {
        form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
    };
    Ok(Some((plain(id), plain(secret))))
}

async fn grant(state: &ApiState, wanted: Wanted) -> Result<Token, Refusal> {
    let config = state.store.snapshot();
    let application = config.application(&wanted.client_id).ok_or(Refusal::Client)?;
    check(state, application.secret.clone(), wanted.client_secret).await?;
    let change = IssueToken { application: wanted.client_id, now: SystemTime::now() };
    let issued = state.store.commit(change).await.map_err(|_| Refusal::Storage)?;
    Ok(Token {
        access_token: issued.token,
        token_type: "Bearer",
        expires_in: issued.expires_in.as_secs(),
        scope: "all",
    })
}

async fn check(state: &ApiState, hash: SecretHash, secret: String) -> Result<(), Refusal> {
    let turn = tokio::time::timeout(limits::SECRET_WAIT, state.secret_checks.clone().acquire_owned());
    let turn = turn.await.ok().and_then(Result::ok).ok_or(Refusal::Busy)?;
    let checked = tokio::task::spawn_blocking(move || {
        let matches = hash.verify(&secret);
        // Held until the work is done, also when whoever asked has gone.
        drop(turn);
        matches
    });
    match checked.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refusal::Client),
        Err(_) => Err(Refusal::Busy),
    }
}
