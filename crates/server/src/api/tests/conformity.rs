//! Every answer that a test of the API gets is compared with the description: its status, its type, and its content.
//!
//! Shape: a checker of the few keywords of JSON Schema that the description uses. One that it does not know fails the test, as does a
//! field of an object that the schema does not have.

use axum::http::{HeaderMap, Method, StatusCode, header};
use serde_json::Value;

/// The description, as something to hold answers against.
pub(super) struct Conformity {
    document: Value,
}

impl Conformity {
    pub(super) fn new(document: Value) -> Self {
        Self { document }
    }

    /// Fails where an answer is not as described. Answers of paths and methods that there are not only have to be errors.
    #[track_caller]
    pub(super) fn check(&self, method: &Method, path: &str, status: StatusCode, headers: &HeaderMap, body: &Value) {
        let verb = if method == Method::HEAD { "get".to_owned() } else { method.as_str().to_lowercase() };
        let operation = self.find(path).map(|item| &item[&verb]).filter(|operation| operation.is_object());
        let Some(operation) = operation else {
            let refused = [404, 405, 429].contains(&status.as_u16()) || method == Method::OPTIONS;
            assert!(refused, "{method} {path} is not described, and answered {status}");
            return;
        };
        let at = format!("{method} {path}: {status}");
        let answer = self.target(&operation["responses"][status.as_str()]);
        assert!(answer.is_object(), "{at} is not described: {body}");
        let kind = headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap());
        let kind = kind.split(';').next().unwrap_or_default();
        let Some(content) = answer["content"].as_object() else {
            assert!(body.is_null(), "{at} has content, which is not described: {body}");
            return;
        };
        if method == Method::HEAD {
            return;
        }
        let content =
            content.get(kind).unwrap_or_else(|| panic!("{at} is of the type {kind:?}, which is not described"));
        // Nothing at all is a text, too.
        let empty = Value::from("");
        let body = if body.is_null() && kind != "application/json" { &empty } else { body };
        let mut problems = Vec::new();
        self.hold(&content["schema"], body, "", &mut problems);
        assert!(problems.is_empty(), "{at} is not as described: {problems:?} in {body}");
    }

    /// What is said of a path; parts that are written out are preferred to those with a name.
    fn find(&self, path: &str) -> Option<&Value> {
        let path = path.split('?').next().unwrap_or_default();
        let given: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let fits = |pattern: &str| {
            let parts: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
            parts.len() == given.len()
                && parts.iter().zip(&given).all(|(part, given)| part.starts_with('{') || part == given)
        };
        let paths = self.document["paths"].as_object()?.iter().filter(|(pattern, _)| fits(pattern));
        paths.min_by_key(|(pattern, _)| pattern.matches('{').count()).map(|(_, item)| item)
    }

    /// What is said there, or where it refers to.
    fn target<'a>(&'a self, said: &'a Value) -> &'a Value {
        let elsewhere = said["$ref"].as_str().and_then(|path| self.document.pointer(path.strip_prefix('#')?));
        elsewhere.unwrap_or(said)
    }

    fn hold(&self, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        let Some(keywords) = schema.as_object() else {
            return problems.push(format!("{at}: {schema} is no schema"));
        };
        for (keyword, wanted) in keywords {
            let holds = match keyword.as_str() {
                "$ref" => {
                    let target = wanted.as_str().and_then(|path| self.document.pointer(path.strip_prefix('#')?));
                    match target {
                        Some(target) => self.hold(target, value, at, problems),
                        None => problems.push(format!("{at}: {wanted} leads nowhere")),
                    }
                    true
                }
                "type" => of_type(wanted, value),
                "enum" => wanted.as_array().is_some_and(|words| words.contains(value)),
                "anyOf" | "oneOf" => wanted.as_array().is_some_and(|each| each.iter().any(|one| self.fits(one, value))),
                "properties" => {
                    self.fields(wanted, value, at, problems);
                    true
                }
                "required" => {
                    let names = wanted.as_array().into_iter().flatten().filter_map(Value::as_str);
                    let missing =
                        names.filter(|name| value.as_object().is_some_and(|object| !object.contains_key(*name)));
                    problems.extend(missing.map(|name| format!("{at}/{name} is required")));
                    true
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.hold(wanted, item, &format!("{at}/{index}"), problems);
                    }
                    true
                }
                "minItems" => value.as_array().is_none_or(|list| list.len() as u64 >= wanted.as_u64().unwrap()),
                "maxItems" => value.as_array().is_none_or(|list| list.len() as u64 <= wanted.as_u64().unwrap()),
                "minLength" => {
                    value.as_str().is_none_or(|text| text.chars().count() as u64 >= wanted.as_u64().unwrap())
                }
                "maxLength" => {
                    value.as_str().is_none_or(|text| text.chars().count() as u64 <= wanted.as_u64().unwrap())
                }
                "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
                "pattern" => {
                    let pattern = regex::Regex::new(wanted.as_str().unwrap()).unwrap();
                    value.as_str().is_none_or(|text| pattern.is_match(text))
                }
                "description" | "example" | "examples" | "format" | "additionalProperties" | "readOnly" => true,
                _ => false,
            };
            if !holds {
                problems.push(format!("{at}: {value} does not hold {keyword} {wanted}"));
            }
        }
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let mut problems = Vec::new();
        self.hold(schema, value, "", &mut problems);
        problems.is_empty()
    }

    fn fields(&self, wanted: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        for (name, field) in value.as_object().into_iter().flatten() {
            match wanted.get(name) {
                Some(schema) => self.hold(schema, field, &format!("{at}/{name}"), problems),
                None => problems.push(format!("{at}/{name} is not in the schema")),
            }
        }
    }
}

fn of_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    };
    wanted.as_array().map_or_else(|| is(wanted), |names| names.iter().any(is))
}
