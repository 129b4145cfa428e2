//! The signature by which a web server knows that a request is ours.
//!
//! Shape: HMAC-SHA1 over the URL and, with a form, its pairs, sorted by name, those of one name by value and each value once; in Base64.
//! Sources: Twilio, "Validating requests" (`X-Twilio-Signature`); RFC 2104.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;

use super::Parameters;

/// The signature of a request.
pub(super) fn of(secret: &str, url: &str, form: Option<&Parameters>) -> String {
    let mut pairs = Vec::new();
    for (name, value) in form.into_iter().flatten() {
        flatten(name, value, &mut pairs);
    }
    // By the whole name, and under one name by the value: whoever checks it has read a form, and knows of no objects or lists.
    pairs.sort_unstable();
    pairs.dedup();
    let signed = pairs.into_iter().fold(url.to_owned(), |signed, (name, value)| signed + &name + &value);
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(signed.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The pairs of a form that a value becomes, under the names that the form has once it is decoded.
fn flatten(name: &str, value: &Value, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| flatten(&format!("{name}[{key}]"), value, into)),
        Value::Array(items) => items.iter().for_each(|item| flatten(&format!("{name}[]"), item, into)),
        Value::Null => {}
        Value::String(text) => into.push((name.to_owned(), text.clone())),
        other => into.push((name.to_owned(), other.to_string())),
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

    /// Whoever checks a signature sorts the names of the form as it came, brackets and all.
    #[test]
    fn what_is_nested_is_sorted_by_its_whole_name() {
        let nested = serde_json::json!({
            "User-ID": ["b", "a", "b"], "Custom-Application-Vars": {"z": "1", "b": {"y": true, "c": 2}}, "Custom": "x",
            "Custom-A": ""
        });
        let flat = serde_json::json!({
            "Custom": "x", "Custom-A": "", "Custom-Application-Vars[b][c]": "2", "Custom-Application-Vars[b][y]": "true",
            "Custom-Application-Vars[z]": "1", "User-ID[]a": "", "User-ID[]b": ""
        });
        let url = "https://example.com/";
        assert_eq!(of("12345", url, nested.as_object()), of("12345", url, flat.as_object()));
    }
}
