//! The OpenAPI document of a table.
//!
//! Shape: paths in the order of the table; each operation with its own answers and those that follow from what it is.
//! Errors: what is not described is listed beside the document.
//! Sources: OpenAPI 3.1.0.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::operation::{Answer, Body};
use super::schema::Schemas;
use super::table::{Row, Table};
use super::{Description, parts};
use crate::api::vxml::PAGE;

/// What the document says at its beginning.
const ABOUT: &str = include_str!("about.md");

/// The description of a table.
pub(super) fn describe(table: &Table) -> Description {
    let mut problems = Vec::new();
    let (mut paths, mut schemas) = (Map::new(), Schemas::new());
    schemas.insert("Error".to_owned(), error());
    for row in &table.rows {
        let operation = operation(row, &mut schemas, &mut problems);
        let path = paths.entry(row.path.clone()).or_insert_with(|| json!({}));
        path[row.method.as_str().to_lowercase()] = operation;
    }
    let tags: Vec<Value> = table.groups.iter().map(|g| json!({ "name": g.name, "description": g.about })).collect();
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Antiphon",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Menus, telephones, sounds and calls of an Antiphon server.",
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "This server." }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": headers(),
            "parameters": conditions(),
            "responses": common_responses(),
            "securitySchemes": { "token": {
                "type": "oauth2",
                "description": "OAuth2 client credentials; the first start writes those of client 1 into `credentials.json`.",
                "flows": { "clientCredentials": { "tokenUrl": "/oauth/token", "scopes": { "all": "Everything of the client's." } } },
            } },
        },
    });
    Description { document, problems }
}

fn operation(row: &Row, schemas: &mut Schemas, problems: &mut Vec<String>) -> Value {
    let what = &row.operation;
    let mut complain = |problem: &str| problems.push(format!("{} {}: {problem}", row.method, row.path));
    if what.summary.is_empty() {
        complain("has no summary");
    }
    if what.answers.is_empty() {
        complain("has no answer");
    }
    for (name, schema) in &what.schemas {
        if !put(schemas, name, schema) {
            complain(&format!("its {name} is another than that of an operation before it"));
        }
    }
    let mut parameters = Vec::new();
    for name in parts::names(&row.path) {
        match parts::part(name) {
            Some((schema, about)) => parameters
                .push(json!({ "name": name, "in": "path", "required": true, "description": about, "schema": schema })),
            None => complain(&format!("the part {{{name}}} of its path is not in parts.rs")),
        }
    }
    parameters.extend(what.parameters.iter().cloned());
    parameters.extend(condition(row).map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })));
    let mut shown = json!({ "operationId": row.id, "tags": [row.group], "summary": what.summary });
    if !what.details.is_empty() {
        shown["description"] = what.details.clone().into();
    }
    if !parameters.is_empty() {
        shown["parameters"] = parameters.into();
    }
    if let Some(body) = &what.body {
        if let Some(name) = &body.name
            && !put(schemas, name, &body.schema)
        {
            complain(&format!("its {name} is another than that of an operation before it"));
        }
        shown["requestBody"] = request_body(body);
    }
    shown["responses"] = responses(row);
    shown["security"] = if what.open { json!([]) } else { json!([{ "token": ["all"] }]) };
    shown
}

/// The header on whose condition it is done.
fn condition(row: &Row) -> Option<&'static str> {
    match row.method {
        _ if row.operation.open => None,
        Method::GET => has_tag(row).then_some("If-None-Match"),
        _ => Some("If-Match"),
    }
}

/// Whether what is shown has an entity tag.
fn has_tag(row: &Row) -> bool {
    let shown = row.operation.answers.get(&200);
    shown.is_some_and(|answer| {
        answer.content.iter().any(|(kind, _)| ["application/json", "text/x-python", PAGE].contains(kind))
    })
}

/// Whether the name was free, or had this very schema.
fn put(schemas: &mut Schemas, name: &str, schema: &Value) -> bool {
    schemas.entry(name.to_owned()).or_insert_with(|| schema.clone()) == schema
}

fn request_body(body: &Body) -> Value {
    let schema = match &body.name {
        Some(name) => json!({ "$ref": format!("#/components/schemas/{name}") }),
        None => body.schema.clone(),
    };
    let mut content = json!({ "schema": schema });
    if let Some(example) = &body.example {
        content["example"] = example.clone();
    }
    let kinds: Map<String, Value> = body.kinds.iter().map(|kind| ((*kind).to_owned(), content.clone())).collect();
    json!({ "required": true, "content": kinds })
}

/// The answers that operations have because of what they are.
const COMMON: [(u16, &str, &str); 9] = [
    (304, "NotModified", "It is as it was."),
    (400, "Invalid", "Something in the request is wrong; the message names it."),
    (401, "Unauthorized", "There is no token, or one that is unknown or has expired."),
    (404, "NotFound", "It is not there, or is another client's."),
    (412, "Outdated", "It has another entity tag than `If-Match` names, or none."),
    (413, "TooLarge", "The request is too large."),
    (429, "TooMany", "The hour's requests are used up."),
    (500, "Failed", "The disk or the database failed."),
    (503, "Busy", "Too much is waiting, or the request took too long."),
];

/// The answers of an operation: its own first, then those that every operation of its kind may have.
fn responses(row: &Row) -> Value {
    let what = &row.operation;
    let queried = what.parameters.iter().any(|parameter| parameter["in"] == "query");
    let common = COMMON.iter().filter(|(status, ..)| match status {
        304 => condition(row) == Some("If-None-Match"),
        400 => what.body.is_some() || queried,
        404 => parts::names(&row.path).next().is_some(),
        412 => condition(row) == Some("If-Match"),
        413 => what.body.is_some(),
        401 | 429 => !what.open,
        500 => !what.open && row.method != Method::GET,
        _ => true,
    });
    let refer =
        |(status, name, _): &(u16, &str, &str)| (*status, json!({ "$ref": format!("#/components/responses/{name}") }));
    let mut answers: BTreeMap<u16, Value> = common.map(refer).collect();
    answers.extend(what.answers.iter().map(|(status, answer)| {
        (*status, response(*status, answer, row.operation.open, condition(row) == Some("If-None-Match")))
    }));
    answers.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect::<Map<_, _>>().into()
}

/// The same, where they are said once.
fn common_responses() -> Value {
    let whole = COMMON.iter().map(|(status, name, about)| {
        let content = vec![("application/json", json!({ "$ref": "#/components/schemas/Error" }))];
        let content = if *status == 304 { Vec::new() } else { content };
        ((*name).to_owned(), response(*status, &Answer { about: (*about).to_owned(), content }, false, false))
    });
    whole.collect::<Map<_, _>>().into()
}

fn response(status: u16, answer: &Answer, open: bool, tagged: bool) -> Value {
    let mut response = json!({ "description": answer.about });
    let mut names = vec!["X-Request-Id"];
    if !open && status != 401 {
        names.extend(["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]);
    }
    if status == 304 || (status == 200 && tagged) {
        names.push("ETag");
    }
    if status == 401 {
        names.push("WWW-Authenticate");
    }
    let headers = names.iter().map(|name| {
        let part = json!({ "$ref": format!("#/components/headers/{name}") });
        ((*name).to_owned(), part)
    });
    response["headers"] = headers.collect::<Map<_, _>>().into();
    for (kind, schema) in &answer.content {
        response["content"][kind] = json!({ "schema": schema });
    }
    response
}

/// The object of every error.
fn error() -> Value {
    json!({
        "type": "object",
        "description": "Why a request was not done.",
        "properties": {
            "message": { "type": "string", "description": "For people; it begins with the name of a field that is wrong." },
            "status": { "type": "string", "description": "For programs, where there is a word for it." },
            "errors": {
                "type": "array",
                "description": "Each wrong field, where it is fields that are wrong.",
                "items": {
                    "type": "object",
                    "properties": { "field": { "type": "string" }, "message": { "type": "string" } },
                    "required": ["field", "message"],
                },
            },
        },
        "required": ["message"],
        "example": { "message": "name: is required", "status": "invalid_parameter" },
    })
}

/// The headers on whose conditions something is done.
fn conditions() -> Value {
    let header = |name: &str, about: &str| {
        let schema = json!({ "type": "string", "examples": ["*"] });
        json!({ "name": name, "in": "header", "description": about, "schema": schema })
    };
    json!({
        "If-Match": header("If-Match", "It is done only where GET shows this `ETag` at the path, so that nobody's change is lost."),
        "If-None-Match": header("If-None-Match", "An `ETag` that is had already: 304 where it is still that."),
    })
}

fn headers() -> Value {
    let number = json!({ "type": "integer", "minimum": 0 });
    let text = json!({ "type": "string" });
    let header = |schema: &Value, about: &str| json!({ "description": about, "schema": schema });
    json!({
        "X-Request-Id": header(&text, "The name of the request in the log; the request's own, where it came with one."),
        "X-RateLimit-Limit": header(&number, "Requests that the client may make in an hour."),
        "X-RateLimit-Remaining": header(&number, "Those that are left of them."),
        "X-RateLimit-Reset": header(&number, "Seconds until the count begins anew."),
        "ETag": header(&text, "Changes exactly when what is shown changes."),
        "WWW-Authenticate": header(&text, "What is asked for (RFC 6750)."),
    })
}
