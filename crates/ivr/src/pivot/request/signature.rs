//! The signature by which a web server knows that a request is ours.
//!
//! Shape: HMAC-SHA1 over the URL and, with a form, its parameters, sorted by name; in Base64.
//! Sources: Twilio, "Validating requests" (`X-Twilio-Signature`); RFC 2104.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;

use super::Parameters;

/// The signature of a request.
pub(super) fn of(secret: &str, url: &str, form: Option<&Parameters>) -> String {
    let mut signed = url.to_owned();
    // A map of JSON may keep the order in which it was made.
    let mut form: Vec<_> = form.into_iter().flatten().collect();
    form.sort_by_key(|(name, _)| *name);
    for (name, value) in form {
        add(name, value, &mut signed);
    }
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(signed.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn add(name: &str, value: &Value, into: &mut String) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| add(&format!("{name}[{key}]"), value, into)),
        Value::Array(items) => items.iter().for_each(|item| add(&format!("{name}[]"), item, into)),
        Value::Null => {}
        Value::String(text) => *into += &format!("{name}{text}"),
        other => *into += &format!("{name}{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Twilio's documentation.
    #[test]
    fn a_request_is_signed_as_twilio_signs_it() {
        let form = serde_json::json!({
            "CallSid": "CA1234567890ABCDE", "Caller": "+14158675310", "Digits": "1234", "From": "+14158675310",
            "To": "+18005551212"
        });
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        assert_eq!(of("12345", url, form.as_object()), "GvWf1cFY/Q7PnoempGyD5oXAezc=");
    }
}
