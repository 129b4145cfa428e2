//! What is sent to web servers: variables, and recordings as files.
//!
//! Shape: [`Interpreter::request`] makes a query or a form of variables; a recording is a file of a form of several parts, and its name
//! in every other.
//! Errors: `error.semantic` for a name that is not declared, or more than may be sent.
//! Sources: VoiceXML 2.0 §5.3.8, §2.3.6 (recordings); RFC 7578; `voicexml-customizers.md` 3.8, 3.10.

use serde_json::Value;

use super::{Event, Interpreter, Request, Stop, queue::RECORDING};
use crate::{BodyFile, FetchBody, FetchMethod, RecordingId, vxml::elements::terms::Sending};

/// The longest query or form, without the recordings in it.
const MAX_FORM: usize = 64 << 10;
/// Most recordings in one.
const MAX_FILES: usize = 16;

impl Interpreter<'_> {
    /// What variables are sent, and how.
    pub(crate) fn request(&mut self, sending: &Sending, names: &[String]) -> Result<Request, Stop> {
        let mut fields = Vec::new();
        for name in names {
            if !self.is_declared(name)? {
                return Err(Event::semantic(format!("{name} is not declared")).into());
            }
            if let Some(value) = self.js(|engine, chain| engine.json(chain, name))? {
                flatten(name, &value, &mut fields);
            }
        }
        if fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MAX_FORM {
            return Err(Event::semantic(format!("more than {MAX_FORM} bytes are sent")).into());
        }
        let form = || url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let mut request = Request { method: sending.method, ..Request::get() };
        match (sending.method, sending.is_multipart) {
            (FetchMethod::Get, _) => request.query = Some(form()).filter(|query| !query.is_empty()),
            (_, true) => {
                let (body, files) = multipart(&fields, &self.call.caller.call_id);
                if files.len() > MAX_FILES {
                    return Err(Event::semantic(format!("more than {MAX_FILES} recordings are sent")).into());
                }
                (request.body, request.files) = (Some(body), files);
            }
            (_, false) => {
                let content_type = "application/x-www-form-urlencoded".to_owned();
                request.body = Some(FetchBody { content_type, bytes: form().into_bytes() });
            }
        }
        Ok(request)
    }
}

/// A value as fields of a form: an object as a field for each of its properties.
fn flatten(name: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(properties) => {
            properties.iter().for_each(|(property, value)| flatten(&format!("{name}.{property}"), value, fields));
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(at, value)| flatten(&format!("{name}.{at}"), value, fields));
        }
        Value::String(text) => fields.push((name.to_owned(), text.clone())),
        other => fields.push((name.to_owned(), other.to_string())),
    }
}

/// The recording that a variable holds.
pub(super) fn recording(value: &str) -> Option<RecordingId> {
    u128::from_str_radix(value.strip_prefix(RECORDING)?, 16).ok().map(RecordingId)
}

fn multipart(fields: &[(String, String)], call: &str) -> (FetchBody, Vec<BodyFile>) {
    // No field holds it, and nobody can say it: the name of the call is in it.
    let call: String = call.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    let mut boundary = format!("antiphon-{call}-part");
    while fields.iter().any(|(_, value)| value.contains(&boundary)) {
        boundary.push('x');
    }
    let (mut text, mut files) = (String::new(), Vec::new());
    for (name, value) in fields {
        let name = name.replace(['"', '\r', '\n'], "_");
        text += &format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        match recording(value) {
            Some(recording) => {
                text += &format!("; filename=\"{recording}.wav\"\r\nContent-Type: audio/x-wav\r\n\r\n");
                files.push(BodyFile { at: text.len(), recording });
            }
            None => text += &format!("\r\n\r\n{value}"),
        }
        text += "\r\n";
    }
    text += &format!("--{boundary}--\r\n");
    let content_type = format!("multipart/form-data; boundary={boundary}");
    (FetchBody { content_type, bytes: text.into_bytes() }, files)
}
