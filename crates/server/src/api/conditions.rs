//! Conditional requests: `ETag`, `If-None-Match` and `If-Match`.
//!
//! Shape: the tag of an answer is a hash of its content, so it changes exactly when what is shown changes. A change with `If-Match` is
//! made only where the tag is still that of what GET shows at its path; for what the store keeps, messages and mails too, this is asked
//! again at the very moment to which the change is made, so that nothing comes between.
//! Errors: 412 where the tag is another's, or where the path has no GET and so no tag; what would be refused anyway is refused for its
//! own reason.
//! Sources: RFC 9110 sections 8.8.3, 13.1 and 13.2.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use super::ApiState;
use super::error::ApiError;
use crate::store::Grant;

/// The routes whose answers have tags, to be asked what they show.
#[derive(Clone)]
pub(super) struct Conditions {
    state: ApiState,
    routes: Router<ApiState>,
    shown: Router,
}

impl Conditions {
    /// Over these routes, which are those behind the check of the token.
    pub(super) fn of(state: &ApiState, routes: Router<ApiState>) -> Self {
        Self { state: state.clone(), shown: routes.clone().with_state(state.clone()), routes }
    }

    /// The tag of what GET shows there.
    async fn tag(&self, uri: Uri, grant: Grant) -> Shown {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = uri;
        request.extensions_mut().insert(grant);
        let Ok(response) = self.shown.clone().oneshot(request).await;
        match response.status() {
            StatusCode::OK => tagged(response).await.map_or(Shown::Untagged, |(tag, _)| Shown::Tagged(tag)),
            StatusCode::METHOD_NOT_ALLOWED => Shown::Untagged,
            _ if response.extensions().get::<NothingYet>().is_some() => Shown::Untagged,
            _ => Shown::Refused,
        }
    }
}

/// In an answer to GET: there is nothing, and a PUT would make it.
#[derive(Copy, Clone)]
pub(super) struct NothingYet;

/// What GET shows.
#[derive(Eq, PartialEq)]
enum Shown {
    Tagged(HeaderValue),
    /// Nothing that has a tag.
    Untagged,
    /// An error, as the change itself would.
    Refused,
}

/// Gives what is shown its tag, shows nothing to whoever has it already, and changes nothing for whoever has something else.
pub(super) async fn check(State(conditions): State<Conditions>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads {
        let wanted = field(request.headers(), &header::IF_NONE_MATCH);
        return with_tag(next.run(request).await, wanted).await;
    }
    match (field(request.headers(), &header::IF_MATCH), request.extensions().get::<Grant>().cloned()) {
        (Some(wanted), Some(grant)) => change_if(conditions, wanted, grant, request).await,
        _ => next.run(request).await,
    }
}

async fn change_if(conditions: Conditions, wanted: String, grant: Grant, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    match conditions.tag(head.uri.clone(), grant.clone()).await {
        Shown::Tagged(tag) if names(&wanted, &tag) => {}
        Shown::Refused => {}
        Shown::Tagged(_) | Shown::Untagged => return ApiError::Precondition.into_response(),
    }
    let known = (head.uri.clone(), conditions.clone(), wanted, grant.clone());
    let still = move || {
        let (uri, asked, wanted, grant) = known.clone();
        let holds = async move {
            match asked.tag(uri, grant).await {
                Shown::Tagged(tag) => names(&wanted, &tag),
                Shown::Untagged => false,
                Shown::Refused => true,
            }
        };
        Box::pin(holds) as _
    };
    let state = ApiState { store: conditions.state.store.provided(Arc::new(still)), ..conditions.state };
    // What the routes outside have found out of the path is found out again.
    head.extensions.clear();
    head.extensions.insert(grant);
    let Ok(response) = conditions.routes.with_state(state).oneshot(Request::from_parts(head, body)).await;
    response
}

/// The value of a header that may be a list, and may stand on several lines.
fn field(headers: &HeaderMap, name: &header::HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// Whether a list of tags names this one. Ours have no comma in them.
fn names(list: &str, tag: &HeaderValue) -> bool {
    list.split(',').map(str::trim).any(|one| one == "*" || one.as_bytes() == tag.as_bytes())
}

/// The same for a comparison that takes weak tags too.
fn names_weakly(list: &str, tag: &HeaderValue) -> bool {
    list.split(',').map(str::trim).any(|one| names(one.strip_prefix("W/").unwrap_or(one), tag))
}

/// The answer with its tag, or 304 where the request has that already.
async fn with_tag(response: Response, wanted: Option<String>) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_small = kind.is_some_and(|kind| {
        kind == "application/json" || kind == super::customizers::PYTHON || kind == super::vxml::PAGE
    });
    if response.status() != StatusCode::OK || !is_small {
        return response;
    }
    let Some((tag, mut response)) = tagged(response).await else { return ApiError::TooSlow.into_response() };
    if wanted.is_some_and(|wanted| names_weakly(&wanted, &tag)) {
        response = StatusCode::NOT_MODIFIED.into_response();
    }
    response.headers_mut().insert(header::ETAG, tag);
    response
}

/// The tag of an answer whose content is in memory, and the answer again.
async fn tagged(response: Response) -> Option<(HeaderValue, Response)> {
    let (head, body) = response.into_parts();
    let content = to_bytes(body, usize::MAX).await.ok()?;
    let hash = Sha256::digest(&content);
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = HeaderValue::from_str(&format!("\"{hex}\"")).ok()?;
    Some((tag, Response::from_parts(head, content.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list() {
        let tag = HeaderValue::from_static("\"ab\"");
        for (list, strongly, weakly) in [
            ("\"ab\"", true, true),
            ("*", true, true),
            ("\"x\", \"ab\"", true, true),
            ("W/\"ab\"", false, true),
            ("\"abc\"", false, false),
            ("ab", false, false),
            ("", false, false),
        ] {
            assert_eq!((names(list, &tag), names_weakly(list, &tag)), (strongly, weakly), "{list}");
        }
    }
}
