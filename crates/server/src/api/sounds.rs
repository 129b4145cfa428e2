//! `/client/{client}/sound/`
//!
//! Shape: content comes as multipart/form-data with the parts `title` and `file`, or, as JSON or such a form, as a `text` that is
//! rendered; the rest is JSON.
//! Time: decoding and writing a sound happen on a thread of their own; few uploads are held in memory at once.
//! Errors: what is no playable file is a 400 that says what it is; too many bytes are a 413.
//! Sources: `ringme-ivr.md` 1.8, 2.3.

use std::sync::Arc;

use antiphon_ivr::op::MAX_SPEECH;
use antiphon_ivr::rules::wire::FieldError;
use antiphon_ivr::{RenderError, SoundId, Speech};
use axum::Json;
use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::body::JsonBody;
use super::description::{Operation, Table, get};
use super::error::ApiError;
use super::paging::Paging;
use super::place::Place;
use super::{ApiState, limits};
use crate::store::changes::{CreateSound, DeleteSound, ReplaceSound, RetitleSound};
use crate::store::{ClientId, Missing, Rejected, Sound, SoundQuality, StagedSound, UploadError};

pub(super) fn table() -> Table {
    let file = json!({ "type": "string", "format": "binary", "description": "WAV, MP3 or Ogg Vorbis, of at most 10 MB and an hour." });
    let title = json!({ "type": "string", "minLength": 1, "maxLength": 255, "description": "What people call it." });
    let text = json!({ "type": "string", "maxLength": 5000, "description": "In place of a file: what is rendered as speech." });
    let word = |about: &str| json!({ "type": "string", "maxLength": 64, "description": about });
    let form = json!({
        "type": "object",
        "properties": {
            "title": title, "file": file, "text": text, "language": word("The language of the text."), "voice": word("Who says it."),
            "speed": { "type": "integer", "minimum": 25, "maximum": 400, "description": "How fast, in percent." },
        },
    });
    let full = "The client has as many sounds, or hours of sound, as there can be, or no engine says texts.";
    const FORM: &[&str] = &["multipart/form-data", "application/json"];
    Table::of("Sounds", "Uploaded sounds, which menus play.")
        .on(
            "/client/{client}/sound",
            get(list, Operation::new("All sounds").lists::<Shown>().filter("title", "Those of this title.")).post(
                create,
                Operation::new("A new sound")
                    .details("Either a `title` and a `file`, or a `text`, which may also come as JSON.")
                    .takes_form(FORM, form.clone())
                    .makes::<Shown>()
                    .conflicts(full),
            ),
        )
        .on(
            "/client/{client}/sound/{sound}",
            get(show, Operation::new("One sound").shows::<Shown>())
                .post(
                    replace,
                    Operation::new("Gives a sound another content, and maybe another title")
                        .details("Either a `file` or a `text`, which may also come as JSON.")
                        .takes_form(FORM, form)
                        .makes::<Shown>()
                        .conflicts(full),
                )
                .put(
                    retitle,
                    Operation::new("Gives a sound another title")
                        .takes::<Shown>(&["title"])
                        .example(json!({ "title": "welcome" }))
                        .shows::<Shown>(),
                )
                .delete(delete, Operation::new("Deletes a sound").empties().conflicts("A menu plays it.")),
        )
}

/// An uploaded sound.
#[derive(Serialize, ToSchema)]
#[schema(as = Sound)]
struct Shown {
    /// Its id.
    #[schema(read_only)]
    id: SoundId,
    /// Whose it is.
    #[schema(read_only)]
    client_id: ClientId,
    /// Always null.
    #[schema(read_only)]
    dealer_id: Option<u64>,
    /// What people call it.
    #[schema(max_length = 255)]
    title: String,
    /// The SHA-1 of its content, with `.wav`, `.mp3` or `.ogg`.
    #[schema(read_only)]
    filename: String,
    /// How it will be heard; null for sounds of before this was asked.
    #[schema(read_only)]
    quality: Option<SoundQuality>,
}

fn encode(sound: &Sound) -> Shown {
    Shown {
        id: sound.id,
        client_id: sound.client,
        dealer_id: None,
        title: sound.title.clone(),
        filename: sound.filename.clone(),
        quality: sound.quality.clone(),
    }
}

/// An upload, read whole.
struct Upload {
    /// What is no file, as an object of texts.
    body: Value,
    content: Content,
}

/// What the sound is.
enum Content {
    /// A file, and its name.
    File(String, Bytes),
    /// A text, to be rendered.
    Text(Arc<Speech>),
}

/// Whether an upload has to have a title.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Title {
    Required,
    Optional,
}

impl Upload {
    async fn read(request: Request, state: &ApiState, title: Title) -> Result<Self, ApiError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("multipart/") {
            // As everywhere, JSON whatever the content type says.
            return match JsonBody::from_request(request, state).await {
                Ok(JsonBody(body)) if body.get("text").is_some() => Self::of_text(body),
                Ok(_) | Err(ApiError::NotJson(_)) => Err(ApiError::NotMultipart),
                Err(error) => Err(error),
            };
        }
        let mut parts = Multipart::from_request(request, state).await.map_err(|_| ApiError::NotMultipart)?;
        let (mut body, mut file) = (json!({}), None);
        while let Some(part) = parts.next_field().await.map_err(unread)? {
            match part.name().map(str::to_owned).as_deref() {
                Some("file") => file = Some(read_file(part).await?),
                Some(name) if TEXTS.contains(&name) => body[name] = part.text().await.map_err(unread)?.into(),
                Some(_) | None => {}
            }
        }
        let text = body.get("text").is_some();
        let untitled = title == Title::Required && body["title"].as_str().is_none_or(|title| title.trim().is_empty());
        match file {
            None if text => Self::of_text(body),
            Some((name, file)) if !untitled => Ok(Self { body, content: Content::File(name, file) }),
            file => {
                let title = untitled.then(|| FieldError::required("title"));
                let file = file.is_none().then(|| FieldError::new("file", "is required, or a text"));
                Err(Rejected::Invalid(title.into_iter().chain(file).collect()).into())
            }
        }
    }

    /// A sound that is to be made of `text`, with `language`, `voice` and `speed` (percent); the title is the text's beginning where
    /// there is none.
    fn of_text(mut body: Value) -> Result<Self, ApiError> {
        let word = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.len() <= MOST => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(ApiError::field(name, "must be a string, and not a long one")),
        };
        let text = word("text")?.ok_or_else(|| ApiError::field("text", "is required"))?;
        let speech = Speech::new(&text).map_err(|error| ApiError::field("text", error.to_string()))?;
        let speed = match word("speed")?.map(|speed| speed.parse()) {
            None => Speech::USUAL,
            Some(Ok(speed)) if (25..=400).contains(&speed) => speed,
            Some(_) => return Err(ApiError::field("speed", "must be a whole number from 25 to 400")),
        };
        let speech = Speech { language: word("language")?, voice: word("voice")?, speed, ..speech };
        if word("title")?.is_none() {
            body["title"] = speech.text().chars().take(60).collect::<String>().into();
        }
        Ok(Self { body, content: Content::Text(speech.into()) })
    }
}

/// Parts of a form that are texts.
const TEXTS: [&str; 5] = ["title", "text", "language", "voice", "speed"];
/// Most bytes of a field that goes with a text.
const MOST: usize = 4 * MAX_SPEECH;

async fn read_file(part: Field<'_>) -> Result<(String, Bytes), ApiError> {
    let name = part.file_name().unwrap_or_default().to_owned();
    Ok((name, part.bytes().await.map_err(unread)?))
}

fn unread(error: MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::TooLarge(limits::UPLOAD_BYTES)
    } else {
        ApiError::NotMultipart
    }
}

/// A text as a file.
async fn rendered(state: &ApiState, client: ClientId, speech: Arc<Speech>) -> Result<Bytes, ApiError> {
    let rooms = state.rooms.as_ref().ok_or(RenderError::NoEngine)?;
    Ok(rooms.speech.load_full().file(client, speech).await?.into())
}

/// Waits for its turn, reads an upload, decodes it and lays it beside its place.
async fn receive(
    state: &ApiState,
    client: ClientId,
    request: Request,
    title: Title,
) -> Result<(Value, String, StagedSound), ApiError> {
    let place = state.uploads.read(client).await.ok_or(Rejected::Busy)?;
    let Upload { body, content } = Upload::read(request, state, title).await?;
    let (uploaded_name, file) = match content {
        Content::File(name, file) => (name, file),
        Content::Text(speech) => ("text.wav".to_owned(), rendered(state, client, speech).await?),
    };
    let core = state.uploads.decode().await.ok_or(Rejected::Busy)?;
    let store = state.store.clone();
    let staged = tokio::task::spawn_blocking(move || {
        let staged = store.stage_sound(&file);
        // Held until the work is done, also when whoever asked has gone.
        drop((core, place));
        staged
    });
    let content = staged.await.unwrap_or(Err(UploadError::Storage))?;
    Ok((body, uploaded_name, content))
}

async fn list(State(state): State<ApiState>, place: Place, paging: Paging) -> Result<Json<Vec<Shown>>, ApiError> {
    let client = place.client()?;
    let config = state.store.snapshot();
    let list = config.sounds().filter(|sound| sound.client == client && paging.admits("title", &sound.title));
    Ok(Json(paging.of(list, |sound| encode(sound))))
}

async fn create(
    State(state): State<ApiState>,
    place: Place,
    request: Request,
) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let client = place.client()?;
    let (body, uploaded_name, content) = receive(&state, client, request, Title::Required).await?;
    let made = state.store.commit(CreateSound { client, body, uploaded_name, content }).await?;
    Ok((StatusCode::CREATED, Json(encode(&made))))
}

async fn replace(
    State(state): State<ApiState>,
    place: Place,
    request: Request,
) -> Result<(StatusCode, Json<Shown>), ApiError> {
    let (client, id) = (place.client()?, place.sound()?);
    let (body, uploaded_name, content) = receive(&state, client, request, Title::Optional).await?;
    let sound = state.store.commit(ReplaceSound { client, id, body, uploaded_name, content }).await?;
    Ok((StatusCode::CREATED, Json(encode(&sound))))
}

async fn show(State(state): State<ApiState>, place: Place) -> Result<Json<Shown>, ApiError> {
    let (client, id) = (place.client()?, place.sound()?);
    let config = state.store.snapshot();
    let sound = config.sound(id).filter(|sound| sound.client == client).ok_or(Missing::Sound)?;
    Ok(Json(encode(sound)))
}

async fn retitle(
    State(state): State<ApiState>,
    place: Place,
    JsonBody(body): JsonBody,
) -> Result<Json<Shown>, ApiError> {
    let change = RetitleSound { client: place.client()?, id: place.sound()?, body };
    Ok(Json(encode(&*state.store.commit(change).await?)))
}

async fn delete(State(state): State<ApiState>, place: Place) -> Result<StatusCode, ApiError> {
    state.store.commit(DeleteSound { client: place.client()?, id: place.sound()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}
