//! `/extension/{extension}/customizer/`
//!
//! Shape: the versions of an extension's customizer. Code comes as a form with the part `file`, as JSON with `code`, or as it is; it goes out
//! byte for byte. Whoever changes or tries code has to be an editor in the settings.
//! Time: code is looked at in a process of its own, which takes some tenths of a second.
//! Errors: what is no Python is a 422 with line and column; what does not load is not activated, with 409.
//! Sources: `voicexml-customizers.md` 2.4, 2.5.

mod audit;
mod code;
mod config;
mod try_out;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use antiphon_ivr::rules::wire::FieldError;
use axum::extract::{Extension as Part, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, extract::Request};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::ApiState;
use super::body::JsonBody;
use super::date::gmt;
use super::description::{Operation, Table, get, post, text};
use super::error::ApiError;
use super::place::Place;
use crate::customizers::{Customizers, Loads};
use crate::store::changes::{
    ActivateCustomizer, AddCustomizer, CustomizerEditor, DeactivateCustomizer, DeleteCustomizer, EditCustomizer,
    ReplaceCustomizer,
};
use crate::store::{Customizer, CustomizerCode, Extension, FoundInCode, Grant, Missing, Rejected};
use code::Upload;

/// The type of code.
pub(super) const PYTHON: &str = "text/x-python; charset=utf-8";
/// What code may come as.
const KINDS: &[&str] = &["multipart/form-data", "application/json", "text/x-python"];
/// Most characters of the name of a class.
const CLASS_NAME: usize = 100;
/// Most characters of a description.
const DESCRIPTION: usize = 1000;

pub(super) fn table() -> Table {
    let table = Table::of("Customizers", "Python classes that pages of VoiceXML call, in versions. Only trusted code.");
    audit::rows(config::rows(try_out::rows(code_rows(version_rows(table)))))
}

fn version_rows(table: Table) -> Table {
    const BASE: &str = "/extension/{extension}/customizer";
    let full = "There are as many versions or as much code as there can be, or no Python interpreter.";
    let add = Operation::new("Adds a version")
        .details("It is not active. The class is the first of the file, unless `class_name` names another.")
        .takes_form(KINDS, code::form());
    table
        .on(
            BASE,
            get(list, Operation::new("All versions").lists_all::<Shown>())
                .post(add_version, may_fail(add.makes::<Shown>()).conflicts(full)),
        )
        .on(
            "/extension/{extension}/customizer/{version}",
            get(show, Operation::new("One version").shows::<Shown>())
                .patch(
                    edit,
                    denied(
                        Operation::new("Names another class, or describes the version")
                            .takes::<Shown>(&[])
                            .field("class_name", text(CLASS_NAME, "The class that is called."))
                            .field("description", text(DESCRIPTION, "What people say of it."))
                            .example(json!({ "description": "asks the new database" }))
                            .shows::<Shown>(),
                    )
                    .conflicts("The version is active and lacks that class or does not load with it, or it changed meanwhile; or no interpreter.")
                    .fails(503, "As many processes run as there may be."),
                )
                .delete(delete, denied(Operation::new("Deletes a version").empties()).conflicts("It is active.")),
        )
        .on(
            "/extension/{extension}/customizer/{version}/activate",
            post(
                activate,
                denied(
                    Operation::new("Has new calls run this version, and no other")
                        .details("It is loaded first, in a process that ends with that. Calls go on with what they began with.")
                        .shows::<Shown>(),
                )
                .conflicts("It does not load, lacks its class, or changed meanwhile.")
                .fails(503, "As many processes run as there may be."),
            ),
        )
        .on(
            "/extension/{extension}/customizer/{version}/deactivate",
            post(deactivate, denied(Operation::new("Has new calls run no version").shows::<Shown>())),
        )
}

fn code_rows(table: Table) -> Table {
    let replace = Operation::new("Gives a version other code")
        .details(
            "Also that which is active; new calls run it. The class is the first of the file, unless one was chosen that is still there.",
        )
        .takes_form(KINDS, code::form())
        .shows::<Shown>();
    table.on(
        "/extension/{extension}/customizer/{version}/code",
        get(export, Operation::new("The code, as it came").file(200, "The file.", "text/x-python"))
            .put(replace_code, may_fail(replace).conflicts("The version is active and the code does not load, or it changed meanwhile; or the client has as much code as it may.")),
    )
}

fn denied(operation: Operation) -> Operation {
    operation.fails(403, "The application is no editor in the settings.")
}

fn may_fail(operation: Operation) -> Operation {
    denied(operation)
        .fails(413, "The code has more than 1 MiB.")
        .answers::<NoPython>(422, "It is no Python.")
        .fails(503, "As many processes run as there may be.")
}

/// A version of an extension's customizer.
#[derive(Serialize, ToSchema)]
#[schema(as = Customizer)]
struct Shown {
    /// Its number, which no other version of the extension ever has.
    #[schema(read_only)]
    version: u32,
    /// When it was added (UTC).
    #[schema(read_only)]
    created: String,
    /// When its code, class or description changed last (UTC).
    #[schema(read_only)]
    modified: String,
    /// The class that is called.
    #[schema(max_length = 100)]
    class_name: String,
    /// What people say of it.
    #[schema(max_length = 1000)]
    description: String,
    /// Whether new calls run it.
    #[schema(read_only)]
    active: bool,
    /// The SHA-256 of the code, in hexadecimal digits.
    #[schema(read_only)]
    sha256: String,
    /// The bytes of the code.
    #[schema(read_only)]
    size: usize,
    /// The methods that may be called.
    #[schema(read_only)]
    methods: Vec<String>,
    /// `ok`, or `invalid` where the class is not in the code.
    #[schema(read_only)]
    status: &'static str,
    /// What is invalid.
    #[schema(read_only)]
    status_message: Option<String>,
}

/// Why code is refused.
#[derive(Serialize, ToSchema)]
#[schema(as = InvalidCode)]
struct NoPython {
    /// For people.
    message: String,
    /// `invalid_code`.
    status: &'static str,
    /// The line, from 1, where Python says one.
    line: Option<u64>,
    /// The column, from 1.
    col: Option<u64>,
    /// What is wrong there.
    reason: Option<String>,
}

fn encode(customizer: &Customizer) -> Shown {
    let time = |seconds| gmt(UNIX_EPOCH + Duration::from_secs(seconds));
    let is_valid = customizer.is_valid();
    let missing = || format!("there is no class {} in the code", customizer.class_name);
    Shown {
        version: customizer.version,
        created: time(customizer.created),
        modified: time(customizer.modified),
        class_name: customizer.class_name.clone(),
        description: customizer.description.clone(),
        active: customizer.active,
        sha256: customizer.code.sha256.to_string(),
        size: customizer.code.bytes.len(),
        methods: customizer.found.methods.clone(),
        status: if is_valid { "ok" } else { "invalid" },
        status_message: (!is_valid).then(missing),
    }
}

/// The processes, for an application that may write code. Where there are none, nobody is named who may.
fn editable<'a>(state: &'a ApiState, grant: &Grant) -> Result<&'a Customizers, ApiError> {
    let customizers = state.customizers.as_ref().ok_or(ApiError::NotEditor)?;
    if state.editors().may_edit(&grant.application) { Ok(customizers) } else { Err(ApiError::NotEditor) }
}

fn editor(place: &Place, grant: &Grant) -> Result<CustomizerEditor, Missing> {
    let (client, extension) = (place.bearer(), place.extension_id()?);
    Ok(CustomizerEditor { client, extension, application: grant.application.clone(), now: SystemTime::now() })
}

fn version_of(state: &ApiState, place: &Place) -> Result<(Arc<Customizer>, Arc<Extension>), Missing> {
    let config = state.store.snapshot();
    let extension = place.pages(&config)?;
    let customizer = config.customizer(extension.id, place.version()?).ok_or(Missing::Customizer)?;
    Ok((customizer.clone(), extension.clone()))
}

/// The name of a class, which Python would take.
fn class_name(name: &str) -> Result<String, ApiError> {
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_numeric());
    if name.is_empty() || !is_name || name.chars().count() > CLASS_NAME {
        return Err(ApiError::field(
            "class_name",
            format!("must be a name of Python, of at most {CLASS_NAME} characters"),
        ));
    }
    Ok(name.to_owned())
}

fn description(text: String) -> Result<String, ApiError> {
    if text.chars().count() > DESCRIPTION {
        return Err(ApiError::field("description", format!("has more than {DESCRIPTION} characters")));
    }
    Ok(text)
}

async fn list(State(state): State<ApiState>, place: Place) -> Result<Json<Vec<Shown>>, ApiError> {
    let config = state.store.snapshot();
    let extension = place.pages(&config)?;
    Ok(Json(config.customizers(extension.id).map(|customizer| encode(customizer)).collect()))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    Ok(Json(encode(&version_of(&state, &place)?.0)))
}

async fn add_version(
    State(state): State<ApiState>,
    place: Place,
    Part(grant): Part<Grant>,
    request: Request,
) -> Result<Response, ApiError> {
    let customizers = editable(&state, &grant)?;
    let editor = editor(&place, &grant)?;
    place.pages(&state.store.snapshot())?;
    let upload = Upload::read(request, &state, place.bearer()).await?;
    let class_edited = upload.class_name.is_some();
    let wanted = upload.class_name.as_deref().map(class_name).transpose()?;
    let description = description(upload.description.clone().unwrap_or_default())?;
    let found = customizers.inspect(editor.client, &upload.code, wanted.as_deref()).await?;
    let class_name = wanted.or_else(|| found.classes.first().cloned()).unwrap_or_else(|| upload.stem());
    let (code, found) = (CustomizerCode::of(upload.code.to_vec()), of(found));
    let change = AddCustomizer { editor, code, found, class_name, class_edited, description };
    let made = state.store.commit(change).await?;
    let at = format!("/api/ver1.0/extension/{}/customizer/{}", made.extension, made.version);
    Ok((StatusCode::CREATED, [(header::LOCATION, at)], Json(encode(&made))).into_response())
}

/// The methods of a version that is active once it has this code and class: what calls would fail with is told to whoever writes it.
async fn loaded(
    customizers: &Customizers,
    editor: &CustomizerEditor,
    old: &Customizer,
    (code, class_name): (&CustomizerCode, &str),
    extension: &Extension,
) -> Result<Vec<String>, ApiError> {
    let tried = Customizer { code: code.clone(), class_name: class_name.to_owned(), ..old.clone() };
    let methods = customizers.probe(editor.client, &Loads::of(&tried, extension)).await;
    methods.map_err(ApiError::NotActivated)
}

fn of(found: crate::customizers::Inspected) -> FoundInCode {
    FoundInCode { classes: found.classes, methods: found.methods }
}

async fn replace_code(
    State(state): State<ApiState>,
    place: Place,
    Part(grant): Part<Grant>,
    request: Request,
) -> Result<Json<Shown>, ApiError> {
    let customizers = editable(&state, &grant)?;
    let editor = editor(&place, &grant)?;
    let (old, extension) = version_of(&state, &place)?;
    let upload = Upload::read(request, &state, place.bearer()).await?;
    let named = upload.class_name.as_deref().map(class_name).transpose()?;
    let mut found = customizers.inspect(editor.client, &upload.code, named.as_deref()).await?;
    let kept = old.class_edited.then(|| old.class_name.clone()).filter(|name| found.classes.contains(name));
    let class_edited = named.is_some() || kept.is_some();
    let first = || found.classes.first().cloned().unwrap_or_else(|| upload.stem());
    let class_name = named.or(kept).unwrap_or_else(first);
    if found.classes.first() != Some(&class_name) {
        found = customizers.inspect(editor.client, &upload.code, Some(&class_name)).await?;
    }
    let code = CustomizerCode::of(upload.code.to_vec());
    if old.active && found.classes.contains(&class_name) {
        found.methods = loaded(customizers, &editor, &old, (&code, &class_name), &extension).await?;
    }
    let change = ReplaceCustomizer { editor, tried: old, code, found: of(found), class_name, class_edited };
    Ok(Json(encode(&*state.store.commit(change).await?)))
}

async fn edit(
    State(state): State<ApiState>,
    place: Place,
    Part(grant): Part<Grant>,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let customizers = editable(&state, &grant)?;
    let editor = editor(&place, &grant)?;
    let (old, extension) = version_of(&state, &place)?;
    let fields = body.as_object().ok_or_else(|| ApiError::field("", "must be an object"))?;
    let other = fields.keys().filter(|name| !["class_name", "description"].contains(&name.as_str()));
    let problems: Vec<_> = other.map(|name| FieldError::new(name, "cannot be changed")).collect();
    if !problems.is_empty() {
        return Err(Rejected::Invalid(problems).into());
    }
    let word = |name: &str| match fields.get(name) {
        None => Ok(None),
        Some(value) => {
            value.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| ApiError::field(name, "must be a string"))
        }
    };
    let description = word("description")?.map(description).transpose()?;
    let class_name = match word("class_name")?.map(|name| class_name(&name)).transpose()? {
        Some(name) => {
            let mut found = customizers.inspect(editor.client, &old.code.bytes, Some(&name)).await?;
            if old.active && found.classes.contains(&name) {
                found.methods = loaded(customizers, &editor, &old, (&old.code, &name), &extension).await?;
            }
            Some((name, of(found)))
        }
        None => None,
    };
    let change = EditCustomizer { editor, tried: old, class_name, description };
    Ok(Json(encode(&*state.store.commit(change).await?)))
}

async fn activate(
    State(state): State<ApiState>,
    place: Place,
    Part(grant): Part<Grant>,
) -> Result<Json<Shown>, ApiError> {
    let customizers = editable(&state, &grant)?;
    let editor = editor(&place, &grant)?;
    let (tried, extension) = version_of(&state, &place)?;
    if tried.active {
        return Ok(Json(encode(&tried)));
    }
    let loads = Loads::of(&tried, &extension);
    let methods = customizers.probe(editor.client, &loads).await.map_err(ApiError::NotActivated)?;
    Ok(Json(encode(&*state.store.commit(ActivateCustomizer { editor, tried, methods }).await?)))
}

async fn deactivate(
    State(state): State<ApiState>,
    place: Place,
    Part(grant): Part<Grant>,
) -> Result<Json<Shown>, ApiError> {
    editable(&state, &grant)?;
    let change = DeactivateCustomizer { editor: editor(&place, &grant)?, version: place.version()? };
    Ok(Json(encode(&*state.store.commit(change).await?)))
}

async fn delete(State(state): State<ApiState>, place: Place, Part(grant): Part<Grant>) -> Result<StatusCode, ApiError> {
    editable(&state, &grant)?;
    let change = DeleteCustomizer { editor: editor(&place, &grant)?, version: place.version()? };
    state.store.commit(change).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn export(State(state): State<ApiState>, place: Place) -> Result<Response, ApiError> {
    let (customizer, _) = version_of(&state, &place)?;
    let name: String = customizer.class_name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let disposition = format!("attachment; filename=\"{name}_v{}.py\"", customizer.version);
    let headers = [(header::CONTENT_TYPE, PYTHON.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, customizer.code.bytes.to_vec()).into_response())
}
