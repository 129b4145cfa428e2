//! Code, in the three ways in which it may come.

use axum::body::Bytes;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::api::error::ApiError;
use crate::api::{ApiState, body};
use crate::store::limits::CUSTOMIZER_BYTES;
use crate::store::{ClientId, Rejected};

/// The name of a file that has none.
const NAMELESS: &str = "customizer.py";

/// A file with code.
pub(super) struct Upload {
    pub(super) code: Bytes,
    filename: String,
    pub(super) class_name: Option<String>,
    pub(super) description: Option<String>,
}

/// What is said of it in the description of the API.
pub(super) fn form() -> Value {
    let text = |most: usize, about: &str| json!({ "type": "string", "maxLength": most, "description": about });
    json!({
        "type": "object",
        "properties": {
            "file": { "type": "string", "format": "binary", "description": "In a form: the file, of at most 1 MiB." },
            "code": { "type": "string", "description": "In JSON: the code." },
            "filename": text(255, "In JSON: the name of the file."),
            "class_name": text(super::CLASS_NAME, "The class that is called; else the first of the file."),
            "description": text(super::DESCRIPTION, "What people say of it."),
        },
    })
}

impl Upload {
    /// Waits for its turn, and reads a request.
    pub(super) async fn read(request: Request, state: &ApiState, client: ClientId) -> Result<Self, ApiError> {
        let _place = state.uploads.read(client).await.ok_or(Rejected::Busy)?;
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let upload = match kind.as_str() {
            "multipart/form-data" => Self::of_form(request, state).await?,
            "text/x-python" | "text/plain" | "application/x-python" => {
                Self::of(Bytes::from_request(request, state).await.map_err(unread)?)
            }
            // As everywhere, JSON whatever else the content type says.
            _ => Self::of_json(&Bytes::from_request(request, state).await.map_err(unread)?)?,
        };
        if upload.code.len() > CUSTOMIZER_BYTES {
            return Err(ApiError::TooLarge(CUSTOMIZER_BYTES));
        }
        Ok(upload)
    }

    fn of(code: Bytes) -> Self {
        Self { code, filename: NAMELESS.to_owned(), class_name: None, description: None }
    }

    async fn of_form(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let mut parts = Multipart::from_request(request, state).await.map_err(|_| ApiError::NoCode)?;
        let (mut code, mut upload) = (None, Self::of(Bytes::new()));
        while let Some(part) = parts.next_field().await.map_err(of_part)? {
            match part.name().map(str::to_owned).as_deref() {
                Some("file") => {
                    part.file_name().unwrap_or(NAMELESS).clone_into(&mut upload.filename);
                    code = Some(part.bytes().await.map_err(of_part)?);
                }
                Some("class_name") => upload.class_name = Some(part.text().await.map_err(of_part)?),
                Some("description") => upload.description = Some(part.text().await.map_err(of_part)?),
                Some(_) | None => {}
            }
        }
        let code = code.ok_or_else(|| ApiError::field("file", "is required"))?;
        Ok(Self { code, ..upload })
    }

    fn of_json(bytes: &[u8]) -> Result<Self, ApiError> {
        let body = body::read(bytes).map_err(ApiError::NotJson)?;
        let word = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(ApiError::field(name, "must be a string")),
        };
        let code = word("code")?.ok_or_else(|| ApiError::field("code", "is required"))?;
        Ok(Self {
            code: code.into_bytes().into(),
            filename: word("filename")?.unwrap_or_else(|| NAMELESS.to_owned()),
            class_name: word("class_name")?,
            description: word("description")?,
        })
    }

    /// The name of the file without its ending, as a name of Python.
    pub(super) fn stem(&self) -> String {
        let name = self.filename.rsplit(['/', '\\']).next().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        let stem: String =
            stem.chars().take(super::CLASS_NAME).map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        if stem.is_empty() { "customizer".to_owned() } else { stem }
    }
}

fn unread(error: axum::extract::rejection::BytesRejection) -> ApiError {
    use axum::response::IntoResponse as _;
    if error.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::TooLarge(CUSTOMIZER_BYTES)
    } else {
        ApiError::Unreadable
    }
}

fn of_part(error: MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::TooLarge(CUSTOMIZER_BYTES)
    } else {
        ApiError::NoCode
    }
}
