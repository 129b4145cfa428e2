//! `/extension/{extension}/vxml/`
//!
//! Shape: an application by its fields, and its page as it is, byte by byte. Whoever writes a page hears all that is to say of it.
//! Time: a page is looked through on a thread of its own, as few at once as [`UploadTurns`] lets through.
//! Errors: a page that cannot be loaded is a 422 that tells line and column, and nothing is changed.
//! Sources: `voicexml-customizers.md` 3.2, 3.10.

use std::collections::BTreeMap;

use antiphon_ivr::vxml::Dialect;
use antiphon_ivr::vxml::check::{self, Finding, Report};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::body::{JsonBody, unread};
use super::conditions::NothingYet;
use super::description::{Operation, Table, get, post};
use super::error::ApiError;
use super::place::Place;
use super::upload_turns::UploadTurns;
use crate::store::changes::{PutVxmlDocument, UpdateVxml};
use crate::store::limits::VXML_BYTES;
use crate::store::{
    ClientId, Extension, ExtensionKind, Missing, Rejected, VxmlApplication, VxmlDialect, VxmlExtension, VxmlSource,
    VxmlTransfer,
};

/// The types by which a page may come.
const KINDS: &[&str] = &["text/xml", "application/xml", "application/voicexml+xml"];

/// The type by which a page goes.
pub(super) const PAGE: &str = "text/xml";

const EXAMPLE: &str =
    "<vxml version=\"2.1\"><form><block><prompt>Hello</prompt><exit expr=\"'done'\"/></block></form></vxml>";

pub(super) fn table() -> Table {
    const PATH: &str = "/extension/{extension}/vxml";
    Table::of("VoiceXML", "Applications whose pages say what a call does, in VoiceXML 2.0 or 2.1.").on(
        PATH,
        get(show, Operation::new("An application in VoiceXML").shows::<Shown>()).put(
            update,
            Operation::new("Changes an application in VoiceXML")
                .details("A new `url` runs from then on, in place of a page that was uploaded.")
                .takes::<Shown>(&[])
                .example(json!({ "url": "https://example.com/start.vxml", "transfer": "bridge" }))
                .shows::<Shown>(),
        ),
    )
}

/// What takes pages, which may be longer than other bodies.
pub(super) fn documents() -> Table {
    const PATH: &str = "/extension/{extension}/vxml/document";
    let page = json!({ "type": "string", "format": "binary", "description": "The page, of at most 2 MiB." });
    let void = "It cannot be loaded; `errors` tells why, by line and column. Nothing was changed.";
    let methods =
        get(document, Operation::new("The page of an application").file(200, "As it was uploaded.", "text/xml"))
            .put(
                put_document,
                Operation::new("Uploads the page of an application, which runs from then on")
                    .takes_form(KINDS, page.clone())
                    .example(json!(EXAMPLE))
                    .shows::<Checked>()
                    .answers::<Checked>(422, void)
                    .conflicts("The client has as many bytes of pages as there can be."),
            )
            .delete(delete_document, Operation::new("Takes the page of an application away").empties());
    let checking = Operation::new("Checks a page, and stores nothing")
        .details("All that a page uses and that is not run is told.")
        .takes_form(KINDS, page)
        .example(json!(EXAMPLE))
        .shows::<Checked>()
        .answers::<Checked>(422, "It cannot be loaded; `errors` tells why, by line and column.");
    Table::of("VoiceXML", "Applications whose pages say what a call does, in VoiceXML 2.0 or 2.1.")
        .on(PATH, methods)
        .on("/client/{client}/vxml/check", post(check_page, checking))
}

/// An application in VoiceXML.
#[derive(Serialize, ToSchema)]
#[schema(as = Vxml)]
struct Shown {
    /// The address of the first page.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// Which page runs, the one at `url` or the one that was uploaded: `url` or `document`.
    #[schema(value_type = String, pattern = "^(url|document)$")]
    source: VxmlSource,
    /// What relative addresses in the page that was uploaded are relative to; without it they lead nowhere.
    #[schema(max_length = 2048)]
    base_url: Option<String>,
    /// How pages are read: `w3c` or `contactpro`.
    #[schema(value_type = String, pattern = "^(w3c|contactpro)$")]
    dialect: VxmlDialect,
    /// What a transfer is that does not say: `blind`, `bridge` or `consultation`.
    #[schema(value_type = String, pattern = "^(blind|bridge|consultation)$")]
    transfer: VxmlTransfer,
    /// The values of properties about which pages say nothing, by the names of VoiceXML.
    #[schema(value_type = Object)]
    defaults: BTreeMap<String, String>,
    /// Early queuing: whether a call is not answered before `connect`, or before somebody takes it, as by
    /// `bcm:earlyqueuing="true"` at the root of a page. Until then the caller hears the pages, for two minutes at most; then 480.
    early_queuing: bool,
    /// Whether the customizer may say where the pages go on, by `call.goto` and `call.throw`; else these are exceptions in its code.
    allow_flow: bool,
    /// The bytes of the page that was uploaded; null where there is none.
    #[schema(read_only)]
    document_bytes: Option<usize>,
}

/// What there is to say of a page.
#[derive(Serialize, ToSchema)]
#[schema(as = VxmlChecked)]
struct Checked {
    /// What was found, in a sentence.
    #[schema(read_only)]
    message: String,
    /// Why it cannot be run.
    #[schema(read_only)]
    errors: Vec<Found>,
    /// What in it is passed over, or changes nothing.
    #[schema(read_only)]
    warnings: Vec<Found>,
    /// Those of the warnings that are about elements which Contact Pro does not have, or not there: they are removed from a page of its
    /// dialect when it is run, with all in them. In other pages none is.
    #[schema(read_only)]
    removed_elements: Vec<Found>,
}

/// Something about one element.
#[derive(Serialize, ToSchema)]
#[schema(as = VxmlFinding)]
struct Found {
    /// The line of the element, from 1.
    line: usize,
    /// Its column, from 1.
    column: usize,
    /// Its name; null where the text is no XML.
    element: Option<String>,
    /// The attribute that it is about, if it is about one.
    attribute: Option<String>,
    /// What it is.
    message: String,
}

impl From<&Finding> for Found {
    fn from(finding: &Finding) -> Self {
        let Finding { line, column, element, attribute, text } = finding.clone();
        Self { line, column, element, attribute, message: text }
    }
}

impl Checked {
    fn of(report: &Report) -> Self {
        let message = match (report.errors.first(), report.warnings.len()) {
            (Some(error), _) => error.to_string(),
            (None, 0) => "all of it is run".to_owned(),
            (None, 1) => "it is run, but for one thing".to_owned(),
            (None, count) => format!("it is run, but for {count} things"),
        };
        let all = |findings: &[Finding]| findings.iter().map(Found::from).collect();
        let removed_elements = all(&report.removed);
        Self { message, errors: all(&report.errors), warnings: all(&report.warnings), removed_elements }
    }
}

impl IntoResponse for Checked {
    fn into_response(self) -> Response {
        let status = if self.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        (status, Json(self)).into_response()
    }
}

/// A page, as it came.
struct PageBody(Bytes);

impl FromRequest<ApiState> for PageBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/")) {
            return Err(ApiError::field("", "must be the page itself, as text/xml, and no form with a file"));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(rejection, VXML_BYTES))?;
        if bytes.len() > VXML_BYTES { Err(ApiError::TooLarge(VXML_BYTES)) } else { Ok(Self(bytes)) }
    }
}

fn vxml(extension: &Extension) -> Result<(&VxmlExtension, VxmlApplication), Missing> {
    match &extension.kind {
        ExtensionKind::Vxml(vxml) => Ok((vxml, extension.profile.vxml.clone().unwrap_or_default())),
        _ => Err(Missing::Vxml),
    }
}

fn encode(extension: &Extension) -> Result<Shown, Missing> {
    let (runs, application) = vxml(extension)?;
    let VxmlApplication { url, source, base_url, dialect, transfer, properties, early_queuing, allow_flow } =
        application;
    let document_bytes = runs.document.as_ref().map(|document| document.len());
    let defaults = properties;
    Ok(Shown { url, source, base_url, dialect, transfer, defaults, early_queuing, allow_flow, document_bytes })
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let config = state.store.snapshot();
    Ok(Json(encode(place.extension(&config)?)?))
}

async fn update(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let change = UpdateVxml { client: place.bearer(), extension: place.extension_id()?, body };
    Ok(Json(encode(&*state.store.commit(change).await?)?))
}

async fn document(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    let config = state.store.snapshot();
    let (runs, _) = vxml(place.extension(&config)?)?;
    let Some(document) = runs.document.clone() else {
        let mut missing = ApiError::from(Missing::Document).into_response();
        missing.extensions_mut().insert(NothingYet);
        return Ok(missing);
    };
    let kind = [(header::CONTENT_TYPE, PAGE), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((kind, Bytes::from_owner(document)).into_response())
}

/// Looks a page through when it is the client's turn, on a thread that may take its time.
async fn checked(turns: &UploadTurns, client: ClientId, page: Bytes, dialect: Dialect) -> Result<Checked, ApiError> {
    let place = turns.read(client).await.ok_or(Rejected::Busy)?;
    let core = turns.decode().await.ok_or(Rejected::Busy)?;
    let report = tokio::task::spawn_blocking(move || {
        let report = check::bytes(&page, dialect);
        // Held until the work is done, also when whoever asked has gone.
        drop((core, place));
        report
    });
    let report = report.await;
    Ok(Checked::of(&report.map_err(|_| Rejected::Storage)?))
}

async fn put_document(
    State(state): State<ApiState>,
    place: Place,
    PageBody(page): PageBody,
) -> Result<Checked, ApiError> {
    let extension = place.extension_id()?;
    let dialect = vxml(place.extension(&state.store.snapshot())?)?.0.application.dialect;
    let checked = checked(&state.uploads, place.bearer(), page.clone(), dialect).await?;
    if checked.errors.is_empty() {
        let document = Some(page[..].into());
        state.store.commit(PutVxmlDocument { client: place.bearer(), extension, document }).await?;
    }
    Ok(checked)
}

async fn delete_document(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    let change = PutVxmlDocument { client: place.bearer(), extension: place.extension_id()?, document: None };
    state.store.commit(change).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn check_page(
    State(state): State<ApiState>,
    place: Place,
    PageBody(page): PageBody,
) -> Result<Checked, ApiError> {
    let client = place.client()?;
    checked(&state.uploads, client, page, Dialect::default()).await
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_page_is_looked_through_when_there_is_a_core_for_it() {
        let turns = UploadTurns::default();
        let mut cores: Vec<_> = std::iter::from_fn(|| turns.decode().now_or_never()).collect();
        let mut checked = pin!(checked(&turns, ClientId(1), EXAMPLE.into(), Dialect::default()));
        assert!(checked.as_mut().now_or_never().is_none() && turns.decode().now_or_never().is_none());
        cores.pop();
        assert_eq!(checked.await.map(|checked| checked.message).unwrap_or_default(), "all of it is run");
        assert!(turns.decode().now_or_never().is_some(), "its core is free again");
    }
}
