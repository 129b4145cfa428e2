//! Parameters as a query or form, and as JSON.
//!
//! Shape: an object of JSON; keys stand as they are, what is nested as `key[sub]=value`, a list as `key[]=value`.
//! Errors: none.
//! Sources: `kazoo-pivot.md` 2.1, 2.2.

use std::fmt::Write;

use serde_json::{Map, Value};

/// An object as `application/x-www-form-urlencoded`, by the order of its keys.
pub fn form(parameters: &Map<String, Value>) -> String {
    let mut form = String::new();
    for (name, value) in in_order(parameters) {
        add(&name_in(name), value, &mut form);
    }
    form
}

/// Whether an object keeps the order in which it was made is up to how the program is built.
fn in_order(object: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut pairs: Vec<_> = object.iter().collect();
    pairs.sort_by_key(|(name, _)| *name);
    pairs
}

fn add(key: &str, value: &Value, into: &mut String) {
    match value {
        Value::Null => {}
        Value::Object(object) => {
            let pairs = in_order(object).into_iter();
            pairs.for_each(|(name, value)| add(&format!("{key}[{}]", name_in(name)), value, into));
        }
        Value::Array(items) => items.iter().for_each(|item| add(&format!("{key}[]"), item, into)),
        Value::String(text) => pair(key, text, into),
        Value::Bool(_) | Value::Number(_) => pair(key, &value.to_string(), into),
    }
}

fn pair(key: &str, value: &str, into: &mut String) {
    if !into.is_empty() {
        into.push('&');
    }
    into.push_str(key);
    into.push('=');
    encode(value, into);
}

/// A key as it is, but for what would end it.
fn name_in(name: &str) -> String {
    let mut written = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            c if c.is_ascii_graphic() && !"&=#+%\"<>\\^`{|}".contains(c) => written.push(c),
            c => encode(c.encode_utf8(&mut [0; 4]), &mut written),
        }
    }
    written
}

/// A value: what is unreserved stands as it is, a space is `+`.
pub fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b' ' => into.push('+'),
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => into.push(char::from(byte)),
            // Writing to a string does not fail.
            byte => drop(write!(into, "%{byte:02X}")),
        }
    }
}

/// A URL with parameters behind its own, and without a fragment.
pub fn with_query(url: &str, form: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let separator = match url.split_once('?').map(|(_, query)| query) {
        _ if form.is_empty() => "",
        None => "?",
        Some(query) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{url}{separator}{form}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Row A30 of `kazoo-pivot.md` 8: brackets stand as they are.
    #[test]
    fn an_object_is_written_as_a_form() {
        for (object, expected) in [
            (json!({}), ""),
            (json!({"a": "b c", "n": 1, "t": true, "none": null}), "a=b+c&n=1&t=true"),
            (json!({"k": {"s": "&", "e": {}, "d": {"x": ["1", 2]}}}), "k[d][x][]=1&k[d][x][]=2&k[s]=%26"),
            (json!({"e": "", "u": "é-._~"}), "e=&u=%C3%A9-._~"),
            (json!({"Custom-Application-Vars": {"a b&c": "1"}}), "Custom-Application-Vars[a+b%26c]=1"),
        ] {
            let object = object.as_object().cloned().unwrap();
            assert_eq!(form(&object), expected);
        }
    }

    #[test]
    fn parameters_follow_the_query_and_precede_no_fragment() {
        for (url, expected) in [
            ("http://a/", "http://a/?x=1"),
            ("http://a/?", "http://a/?x=1"),
            ("http://a/?b=2#c", "http://a/?b=2&x=1"),
            ("http://a/?b=2&", "http://a/?b=2&x=1"),
        ] {
            assert_eq!(with_query(url, "x=1"), expected);
        }
        assert_eq!(with_query("http://a/?b#c", ""), "http://a/?b");
    }
}
