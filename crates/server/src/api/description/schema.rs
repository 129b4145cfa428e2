//! Schemas: what is shown of a resource, and what a request may hold.
//!
//! Shape: both follow from the structure that is encoded. A shown object has all its fields, but for those marked `x-optional`. A request
//! may leave each out, may say `null`, and may write numbers as texts and texts as numbers (`ringme-ivr.md` 1.1); fields that are
//! `readOnly` are not in it.
//! Errors: none.
//! Sources: JSON Schema 2020-12; OpenAPI 3.1.0 section 4.8.24.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// Schemas by their names.
pub(super) type Schemas = BTreeMap<String, Value>;

/// Marks a field that is not in every answer.
const OPTIONAL: &str = "x-optional";
/// What in a schema holds values and no schemas.
const VALUES: [&str; 5] = ["example", "examples", "default", "enum", "const"];

/// The schema of what is shown of a `T`, or a reference to it; what is referred to is put into `schemas`.
pub(super) fn shown<T: ToSchema>(schemas: &mut Schemas) -> Value {
    let raw = derived::<T>();
    let objects = raw.iter().filter(|(_, schema)| is_object(schema));
    schemas.extend(objects.map(|(name, schema)| (name.clone(), tidied(schema, &raw))));
    let own = json!({ "$ref": format!("#/components/schemas/{}", T::name()) });
    tidied(&own, &raw)
}

/// The schema of a request that makes or changes a `T`; these fields have to be there.
pub(super) fn taken<T: ToSchema>(required: &[&str]) -> Value {
    let raw = derived::<T>();
    let whole = raw.get(T::name().as_ref()).map(|schema| with_all_fields(schema, &raw)).unwrap_or_default();
    let fields = whole["properties"].as_object().cloned().unwrap_or_default();
    let fields = fields.into_iter().filter(|(_, schema)| schema["readOnly"] != true);
    let mut fields: Map<String, Value> = fields.map(|(name, schema)| (name, lenient(schema))).collect();
    if required.is_empty() {
        // What is left out of a change stays as it is.
        fields.values_mut().filter_map(Value::as_object_mut).for_each(|field| _ = field.shift_remove("default"));
    }
    request(fields, required)
}

/// The schema of a request with these fields.
pub(super) fn request(fields: Map<String, Value>, required: &[&str]) -> Value {
    let mut schema = json!({ "type": "object", "properties": fields });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A text of a request, of at most so many characters.
pub(in crate::api) fn text(longest: usize, about: &str) -> Value {
    json!({ "type": ["string", "number", "null"], "maxLength": longest, "description": about })
}

/// A whole number of a request.
pub(in crate::api) fn integer(least: u64, most: u64, about: &str) -> Value {
    json!({
        "type": ["integer", "string", "null"], "minimum": least, "maximum": most, "pattern": DIGITS, "description": about,
    })
}

/// A flag of a request.
pub(in crate::api) fn flag(about: &str) -> Value {
    json!({ "type": ["boolean", "null"], "description": about })
}

/// A word out of a list.
pub(in crate::api) fn word(words: &[&str], about: &str) -> Value {
    json!({ "type": "string", "enum": words, "description": about })
}

/// A list.
pub(in crate::api) fn list(items: Value, about: &str) -> Value {
    json!({ "type": "array", "items": items, "description": about })
}

/// A number that is written as a text.
const DIGITS: &str = "^[0-9]+$";

/// What the derived code says of a type and of all that it refers to.
fn derived<T: ToSchema>() -> Schemas {
    let mut found = Vec::new();
    T::schemas(&mut found);
    found.push((T::name().into_owned(), T::schema()));
    found.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())).collect()
}

fn is_object(schema: &Value) -> bool {
    schema.get("properties").is_some() || schema.get("allOf").is_some()
}

/// A schema as it is published: without the fields that are only written, with all others required, and with what is no object put where
/// it is referred to.
fn tidied(schema: &Value, raw: &Schemas) -> Value {
    let mut whole = with_all_fields(schema, raw);
    if let Some(fields) = whole.get_mut("properties").and_then(Value::as_object_mut) {
        fields.retain(|_, field| field["writeOnly"] != true);
        fields.values_mut().filter_map(Value::as_object_mut).for_each(|field| _ = field.shift_remove("default"));
        let always = fields.iter_mut().filter_map(|(name, field)| {
            let marked = field.as_object_mut().and_then(|field| field.shift_remove(OPTIONAL));
            marked.is_none().then(|| Value::from(name.clone()))
        });
        let always: Vec<Value> = always.collect();
        whole["required"] = always.into();
    }
    whole
}

fn with_all_fields(schema: &Value, raw: &Schemas) -> Value {
    let Some(map) = schema.as_object() else {
        let Some(list) = schema.as_array() else { return schema.clone() };
        return list.iter().map(|one| tidied(one, raw)).collect();
    };
    if let Some(target) = map.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
        return match raw.get(target) {
            Some(scalar) if !is_object(scalar) => said_of(tidied(scalar, raw), map),
            _ => schema.clone(),
        };
    }
    if let Some([first, second]) = map.get("oneOf").and_then(Value::as_array).map(Vec::as_slice)
        && (first["type"] == "null" || second["type"] == "null")
    {
        let one = tidied(if first["type"] == "null" { second } else { first }, raw);
        if one.get("$ref").is_none() {
            return said_of(or_null(one), map);
        }
    }
    let part = |(name, value): (&String, &Value)| {
        let value = if VALUES.contains(&name.as_str()) { value.clone() } else { tidied(value, raw) };
        (name.clone(), value)
    };
    if let Some(parts) = map.get("allOf").and_then(Value::as_array) {
        return joined(parts, map, raw);
    }
    map.iter().map(part).collect::<Map<_, _>>().into()
}

/// An object that holds the fields of others beside its own, as one.
fn joined(parts: &[Value], place: &Map<String, Value>, raw: &Schemas) -> Value {
    let mut whole = json!({ "type": "object" });
    for part in parts {
        let target = part["$ref"].as_str().and_then(|path| path.rsplit('/').next()).and_then(|name| raw.get(name));
        let part = with_all_fields(target.unwrap_or(part), raw);
        for (name, field) in part["properties"].as_object().into_iter().flatten() {
            whole["properties"][name] = field.clone();
        }
    }
    if let Some(about) = place.get("description") {
        whole["description"] = about.clone();
    }
    whole
}

/// The schema, with what is said where it is referred to.
fn said_of(mut schema: Value, place: &Map<String, Value>) -> Value {
    for (name, value) in place.iter().filter(|(name, _)| !matches!(name.as_str(), "$ref" | "oneOf")) {
        schema[name.as_str()] = value.clone();
    }
    schema
}

fn types(schema: &Value) -> Vec<String> {
    match &schema["type"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn or(mut schema: Value, others: &[&str]) -> Value {
    let mut types = types(&schema);
    if types.is_empty() {
        return schema;
    }
    for other in others {
        if !types.iter().any(|known| known == other) {
            types.push((*other).to_owned());
        }
    }
    schema["type"] = json!(types);
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut)
        && others.contains(&"null")
        && !words.contains(&Value::Null)
    {
        words.push(Value::Null);
    }
    schema
}

fn or_null(schema: Value) -> Value {
    or(schema, &["null"])
}

/// A field as a request may write it.
fn lenient(mut field: Value) -> Value {
    if let Some(field) = field.as_object_mut() {
        field.shift_remove(OPTIONAL);
        field.shift_remove("writeOnly");
        // It would be said of the number alone.
        field.shift_remove("format");
        if field.get("default").is_some_and(Value::is_null) {
            field.shift_remove("default");
        }
    }
    let types = types(&field);
    let has = |name: &str| types.iter().any(|known| known == name);
    if has("integer") && field.get("pattern").is_none() {
        field["pattern"] = DIGITS.into();
        return or(field, &["string", "null"]);
    }
    if has("string") && field.get("enum").is_none() {
        return or(field, &["number", "null"]);
    }
    or_null(field)
}
