//! Putting a client's variables into its API requests.
//!
//! Shape: `@{NAME}` stands for an extension's id in a path, `$cv(NAME)` for a part of a text in a body.
//! Errors: a variable that is not there is named.
//! Sources: `ringme-ivr.md` 1.7.

use std::collections::BTreeMap;

use antiphon_ivr::rules::wire::FieldError;
use antiphon_ivr::vars::{MAX_NAME, MAX_VALUE};
use serde_json::Value;

/// The variables of one client, by name.
pub type Variables = BTreeMap<String, String>;

/// The name in a part of a path that is `@{NAME}`.
pub fn named_in_path(part: &str) -> Option<&str> {
    part.strip_prefix("@{")?.strip_suffix('}')
}

/// Puts variables in the place of each `$cv(NAME)` in every text of a body. One pass: what a value brings in stays as it is.
///
/// # Errors
/// Each field that names a variable which is not there, or whose text becomes too long, as `variables.number` or `src_num[0]`.
pub fn put_into(body: &mut Value, variables: &Variables) -> Result<(), Vec<FieldError>> {
    let mut problems = Vec::new();
    put_into_value(body, "", variables, &mut problems);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

// A body's depth is bounded by its reader.
fn put_into_value(value: &mut Value, place: &str, variables: &Variables, problems: &mut Vec<FieldError>) {
    match value {
        Value::String(text) => match expanded(text, variables) {
            Ok(expanded) => *text = expanded,
            Err(problem) => problems.push(FieldError::new(place, problem)),
        },
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                put_into_value(item, &format!("{place}[{index}]"), variables, problems);
            }
        }
        Value::Object(fields) => {
            for (name, item) in fields {
                let dot = if place.is_empty() { "" } else { "." };
                put_into_value(item, &format!("{place}{dot}{name}"), variables, problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn expanded(text: &str, variables: &Variables) -> Result<String, String> {
    let (mut expanded, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, inside)) = rest.split_once("$cv(") {
        expanded.push_str(before);
        // A name is short, so that a text full of openings is not searched to its end again and again.
        match inside.bytes().take(MAX_NAME + 1).position(|byte| byte == b')') {
            Some(end) => {
                let value = variables.get(&inside[..end]);
                let value = value.ok_or_else(|| format!("the client has no variable {}", &inside[..end]))?;
                expanded.push_str(value);
                rest = &inside[end + 1..];
            }
            None => {
                expanded.push_str("$cv(");
                rest = inside;
            }
        }
        if expanded.len() > text.len() + MAX_VALUE {
            return Err(format!("becomes longer than {MAX_VALUE} bytes by its variables"));
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_stand_in_for_parts_of_texts() {
        let variables: Variables = [("SHOP", "000*071"), ("ME", "$cv(SHOP)")].map(|(a, b)| (a.into(), b.into())).into();
        let mut body = json!({"dst_num": "$cv(SHOP)", "src_num": ["1$cv(SHOP)2$cv(ME)", 7], "variables": {"a": "$cv(", "b": null}});
        put_into(&mut body, &variables).unwrap();
        let expect =
            json!({"dst_num": "000*071", "src_num": ["1000*0712$cv(SHOP)", 7], "variables": {"a": "$cv(", "b": null}});
        assert_eq!(body, expect);
        let mut wrong = json!({"src_num": ["$cv(NOBODY)"], "variables": {"x": "$cv()"}, "dst_num": "$cv(SHOP)"});
        let problems = put_into(&mut wrong, &variables).unwrap_err();
        let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["src_num[0]: the client has no variable NOBODY", "variables.x: the client has no variable "]);
    }

    #[test]
    fn a_text_does_not_grow_without_end() {
        let variables: Variables = [("BIG".to_owned(), "x".repeat(MAX_VALUE))].into();
        let mut body = json!({"a": "$cv(BIG)$cv(BIG)$cv(BIG)"});
        assert!(put_into(&mut body, &variables).unwrap_err()[0].problem.contains("longer"));
    }

    #[test]
    fn a_part_of_a_path_may_be_a_name() {
        for (part, name) in
            [("@{SHOP}", Some("SHOP")), ("17", None), ("@{SHOP", None), ("@{}", Some("")), ("@me", None)]
        {
            assert_eq!(named_in_path(part), name, "{part}");
        }
    }
}
