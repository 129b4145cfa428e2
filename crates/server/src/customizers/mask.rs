//! What is told of a failure, without what the configuration keeps secret.
//!
//! Shape: text in, the same text out in which each value of `ivr.config` and of `customizer.env` is hidden, and each part of a value that
//! is made of parts, such as a data source of ODBC.
//! Errors: none; words of fewer than [`SHORTEST`] characters are no secrets, else every text would be full of holes.

use serde_json::Value;

/// What stands for something hidden.
const HIDDEN: &str = "***";
/// The shortest text that is hidden.
const SHORTEST: usize = 4;

/// Hides what these values and these variables of the environment hold.
pub(super) fn masked<'a>(
    text: &str,
    values: impl Iterator<Item = &'a Value>,
    environment: impl Iterator<Item = &'a str>,
) -> String {
    let mut secrets = Vec::new();
    values.for_each(|value| collect(value, &mut secrets));
    secrets.extend(environment);
    // A data source has its password among its parts, a URL before its host.
    let parts = secrets.iter().flat_map(|secret| secret.split([';', '@', ':', '&', ' ', ',']));
    let parts = parts.map(|part| part.rsplit_once('=').map_or(part, |(_, value)| value));
    let mut all: Vec<&str> = secrets.iter().copied().chain(parts).filter(|secret| secret.len() >= SHORTEST).collect();
    // The longest first, so that no part of one stays. There are no more than the bytes of both have room for.
    all.sort_unstable_by_key(|secret| (std::cmp::Reverse(secret.len()), *secret));
    all.dedup();
    all.into_iter().fold(
        text.to_owned(),
        |text, secret| {
            if text.contains(secret) { text.replace(secret, HIDDEN) } else { text }
        },
    )
}

fn collect<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(fields) => fields.values().for_each(|item| collect(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_and_their_parts_are_hidden_and_short_words_are_not() {
        let config =
            json!({"dsn": "Driver=SQLite3;UID=app;PWD=geheim", "list": [{"key": "s3cr3t"}], "n": 12345, "x": "no"});
        let shown = |text: &str| masked(text, config.as_object().unwrap().values(), ["https://u:p4ss@h/"].into_iter());
        assert_eq!(shown("KeyError: Driver=SQLite3;UID=app;PWD=geheim"), "KeyError: ***");
        assert_eq!(shown("login of app with geheim and s3cr3t failed"), "login of app with *** and *** failed");
        assert_eq!(shown("p4ss no 12345"), "*** no 12345");
    }

    #[test]
    fn of_many_values_the_last_is_hidden_too() {
        let many: Vec<_> = (0..1_500).map(|number| Value::String(format!("v{number:05}"))).collect();
        assert_eq!(masked("v00000 v01499", many.iter(), std::iter::empty()), "*** ***");
    }
}
