//! Responses, schemas, and the rules of validation.

use antiphon_ivr::pivot::{
    Mode, Node,
    callflow::Module,
    schema::{Data, Fallback, Field, Kind, Report},
    twiml,
};
use serde_json::{Map, Value, json};

use crate::{assert_none, files, json, text};

/// Examples that KAZOO's own schemas refuse (`kazoo-pivot.md` 3.6), of those that are in the data.
const REFUSED: &[&str] = &["pivot-hangups-1.json", "pivot-recording-3.json", "pivot-recording-4.json"];

#[test]
fn every_response_is_read_and_the_wrong_ones_fail_where_validation_is_strict() {
    let mut wrong = Vec::new();
    for name in files("pivot/responses/kazoo", ".json") {
        let flow = json(&format!("pivot/responses/kazoo/{name}"));
        let told = |mode| Node::read(&flow, mode).err().map(|problems| format!("{name}: {}", problems[0]));
        wrong.extend(told(Mode::Lenient));
        // A whole document of a callflow is one that KAZOO's Pivot refuses too (row A23).
        let refused = REFUSED.contains(&name.as_str()) || flow.get("flow").is_some();
        match (told(Mode::Strict), refused) {
            (None, true) => wrong.push(format!("{name}: is taken, though validation is strict")),
            (Some(told), false) => wrong.push(told),
            _ => {}
        }
    }
    for name in files("pivot/responses/twiml", ".xml") {
        if let Err(error) = twiml::read(text(&format!("pivot/responses/twiml/{name}")).as_bytes()) {
            wrong.push(format!("{name}: {error}"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn every_document_of_the_twilio_library_is_read() {
    let mut wrong = Vec::new();
    for case in json("pivot/vectors/twiml_sdk_documents.json")["cases"].as_array().expect("cases") {
        let xml = case["xml"].as_str().expect("a document");
        // Its own tests of other products have other roots.
        if let Err(error) = twiml::read(xml.as_bytes()) {
            wrong.push(format!("{}: {error}", case["name"]));
        }
    }
    assert_none(&wrong);
}

/// Properties whose default the module decides when it runs, or that are looked at only there.
const DECIDED: &[&str] = &["audio_macro.macros", "menu.hunt"];

#[test]
fn every_default_of_the_schemas_is_filled_in() {
    let mut wrong = Vec::new();
    for name in files("pivot/schemas", ".json") {
        let Some(module) = name.strip_prefix("callflows.").and_then(|rest| rest.strip_suffix(".json")) else {
            continue;
        };
        let Some(built) = Module::of(module) else { continue };
        compare(module, &json(&format!("pivot/schemas/{name}")), built.fields(), &mut wrong);
    }
    let Some((_, conference)) = Module::ALL.iter().find(|(name, _)| *name == "conference") else {
        panic!("no conference")
    };
    for field in conference.fields() {
        if let ("config", Kind::Fields(fields)) = (field.name, field.kind) {
            let mut schema = json("pivot/schemas/conferences.json");
            let known = |name: &String| fields.iter().any(|field| field.name == name);
            let properties = schema["properties"].as_object_mut().expect("properties");
            properties.retain(|name, _| known(name));
            compare("conferences", &schema, fields, &mut wrong);
        }
    }
    assert_none(&wrong);
}

fn compare(path: &str, schema: &Value, fields: &[Field], wrong: &mut Vec<String>) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{path}.{name}");
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            wrong.push(format!("{at} is not known"));
            continue;
        };
        let ours = field.fallback.value();
        let theirs = property.get("default").cloned();
        if ours != theirs && !DECIDED.contains(&at.as_str()) {
            wrong.push(format!("{at} is {ours:?} where it is missing, not {theirs:?}"));
        }
        if required.contains(&name.as_str()) != field.required {
            wrong.push(format!("{at}: required is {}", field.required));
        }
        if let Kind::Fields(inner) = field.kind {
            compare(&at, property, inner, wrong);
        }
        bounds(&at, property, field, wrong);
    }
}

fn bounds(at: &str, property: &Value, field: &Field, wrong: &mut Vec<String>) {
    if let (Kind::OneOf(ours), Some(theirs)) = (field.kind, property["enum"].as_array()) {
        let missing = theirs.iter().filter_map(Value::as_str).filter(|text| !ours.contains(text));
        wrong.extend(missing.map(|text| format!("{at} may not be {text}")));
    }
    if let Kind::Integer { low, high } = field.kind {
        let same = |theirs: &Value, ours: i64, none: i64| theirs.as_i64().unwrap_or(none) == ours;
        // Its ceiling is the server's own (row A28).
        let is_patience = field.name == "req_timeout_ms";
        let fits = same(&property["minimum"], low, i64::MIN) && same(&property["maximum"], high, i64::MAX);
        // Bounds of ours, where the schema has none.
        if !fits && !is_patience && !["webhook.retries", "menu.interdigit_timeout"].contains(&at) {
            wrong.push(format!("{at} is {low} to {high}"));
        }
    }
}

/// The module of KAZOO's own tests.
const TEST: &[Field] = &[
    Field::text("key1").required(),
    Field::integer("key2").required(),
    Field {
        name: "key3",
        kind: Kind::Text { least: 0, most: usize::MAX },
        fallback: Fallback::Text("value3"),
        required: false,
    },
];

#[test]
fn flows_are_validated_as_kazoo_validates_them() {
    let mut wrong = Vec::new();
    for case in json("pivot/vectors/callflow_validation.json")["cases"].as_array().expect("cases") {
        let name = &case["name"];
        let mut told = Vec::new();
        let flow = checked(&case["flow"], &mut Vec::new(), &mut told);
        if let Err(problems) = Node::read(&flow, Mode::Strict) {
            told.extend(problems.into_iter().map(|problem| (problem.path, problem.fault.to_string())));
        }
        if told.is_empty() != case["ok"].as_bool().unwrap_or(false) {
            wrong.push(format!("{name}: {told:?}"));
        }
        if let Some(count) = case["error_count"].as_u64()
            && count != told.len() as u64
        {
            wrong.push(format!("{name}: {} problems: {told:?}", told.len()));
        }
        for error in case["errors"].as_array().into_iter().flatten() {
            if !told.iter().any(|(path, fault)| is(error, path, fault)) {
                wrong.push(format!("{name}: {error} is not among {told:?}"));
            }
        }
        for expected in case["expect_at"].as_array().into_iter().flatten() {
            let path = expected["path"].as_array().expect("a path").iter().filter_map(Value::as_str);
            let found = path.fold(&flow, |value, name| &value[name]);
            if *found != expected["value"] {
                wrong.push(format!("{name}: {expected}, not {found}"));
            }
        }
    }
    assert_none(&wrong);
}

/// The flow with the module of the tests read by its own fields, and then as one that wants nothing.
fn checked(node: &Value, path: &mut Vec<String>, told: &mut Vec<(Vec<String>, String)>) -> Value {
    let Some(object) = node.as_object() else { return node.clone() };
    let mut read: Map<String, Value> = object.clone();
    if object.get("module").is_some_and(|module| module == "test") {
        read.insert("module".to_owned(), json!("noop"));
        let mut report = Report::new(Mode::Strict);
        let data = Data::read(object.get("data").unwrap_or(&json!({})), TEST, &mut report);
        match report.finish(data) {
            Ok((data, _)) => drop(read.insert("data".to_owned(), Value::Object(data.properties().clone()))),
            Err(problems) => told.extend(problems.into_iter().map(|problem| {
                let below = std::iter::once("data".to_owned()).chain(problem.path);
                (path.iter().cloned().chain(below).collect(), problem.fault.to_string())
            })),
        }
    }
    if let Some(children) = object.get("children").and_then(Value::as_object) {
        let mut all = Map::new();
        for (key, child) in children {
            path.extend(["children".to_owned(), key.clone()]);
            all.insert(key.clone(), checked(child, path, told));
            path.truncate(path.len() - 2);
        }
        read.insert("children".to_owned(), Value::Object(all));
    }
    Value::Object(read)
}

/// Whether a problem is the expected one. What is missing has its own path here, and that of its parent there.
fn is(error: &Value, path: &[String], fault: &str) -> bool {
    let expected: Vec<&str> = error["path"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match error["kind"].as_str() {
        Some("missing_required_property") => {
            let named = error["value"].as_str().is_none_or(|name| path.last().is_some_and(|last| last == name));
            fault == "is missing" && named && path.split_last().is_some_and(|(_, parent)| parent == expected)
        }
        Some("wrong_type") => fault.starts_with("must be") && path == expected,
        other => panic!("the kind {other:?}"),
    }
}
