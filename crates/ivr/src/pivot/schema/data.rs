//! An object with its defaults filled in and its values as its fields say.
//!
//! Shape: [`Data::read`] once, then looked at by name.
//! Errors: in the [`Report`].
//! Sources: `kazoo-pivot.md` 3.4, 3.6.

use serde_json::{Map, Value};

use super::{
    Fault, Report,
    field::{Field, Kind, ListOf},
};
use crate::{Digit, DigitSet, pivot::guard};

/// Properties that are as their fields say.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Data {
    properties: Map<String, Value>,
    /// The names of those that the author wrote.
    written: Vec<String>,
}

impl Data {
    /// Reads an object.
    pub fn read(value: &Value, fields: &[Field], report: &mut Report) -> Self {
        let empty = Map::new();
        let object = match value {
            Value::Object(object) => object,
            Value::Null => &empty,
            _ => {
                report.fail(&[], Fault::WrongType("an object"));
                return Self::default();
            }
        };
        let written = object.keys().cloned().collect();
        Self { properties: filled(object, fields, report), written }
    }

    /// All properties.
    pub fn properties(&self) -> &Map<String, Value> {
        &self.properties
    }

    /// These, and those of another where it alone has them.
    #[must_use]
    pub fn over(&self, other: &Self) -> Self {
        let mut merged = other.clone();
        for (name, value) in self.properties.iter().filter(|(name, _)| self.is_written(name)) {
            merged.properties.insert(name.clone(), value.clone());
            merged.written.push(name.clone());
        }
        merged
    }

    /// Whether the author wrote this property.
    pub fn is_written(&self, name: &str) -> bool {
        self.written.iter().any(|written| written == name)
    }

    /// A property, whatever it is.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.properties.get(name).filter(|value| !value.is_null())
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    /// A text that has something in it.
    pub fn said(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        whole(self.value(name)?)
    }

    /// A number that is not negative, or this.
    pub fn count(&self, name: &str, otherwise: u64) -> u64 {
        self.integer(name).and_then(|number| u64::try_from(number).ok()).unwrap_or(otherwise)
    }

    /// Whether it is there and true.
    pub fn flag(&self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// An object.
    pub fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.value(name)?.as_object()
    }

    /// An object of [`Kind::Fields`].
    pub fn inner(&self, name: &str) -> Self {
        let properties = self.object(name).cloned().unwrap_or_default();
        Self { written: properties.keys().cloned().collect(), properties }
    }

    /// The objects of a list.
    pub fn list(&self, name: &str) -> Vec<Self> {
        let items = self.value(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let of = |properties: &Map<String, Value>| Self {
            properties: properties.clone(),
            written: properties.keys().cloned().collect(),
        };
        items.iter().filter_map(Value::as_object).map(of).collect()
    }

    /// A list of texts; nothing where it is missing.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let items = self.value(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Value::as_str).collect()
    }

    /// A set of keys.
    pub fn keys(&self, name: &str) -> DigitSet {
        let texts = match self.value(name) {
            Some(Value::String(text)) => vec![text.as_str()],
            _ => self.texts(name),
        };
        texts.iter().flat_map(|text| text.chars()).filter_map(Digit::from_char).collect()
    }
}

/// The properties of an object and the defaults of what is missing.
fn filled(object: &Map<String, Value>, fields: &[Field], report: &mut Report) -> Map<String, Value> {
    let mut properties = object.clone();
    for field in fields {
        report.enter(field.name);
        let read = object.get(field.name).and_then(|written| value(written, field, report));
        let read = read.or_else(|| fallback(field, report));
        report.leave();
        match read {
            Some(read) => drop(properties.insert(field.name.to_owned(), read)),
            None => {
                properties.remove(field.name);
                if field.required && object.get(field.name).is_none_or(Value::is_null) {
                    report.fail(&[field.name], Fault::Missing);
                }
            }
        }
    }
    properties
}

/// What a field is where it is missing; an object that is filled in has defaults of its own.
fn fallback(field: &Field, report: &mut Report) -> Option<Value> {
    let fallback = field.fallback.value()?;
    match field.kind {
        Kind::Fields(fields) => Some(Value::Object(filled(fallback.as_object()?, fields, report))),
        _ => Some(fallback),
    }
}

/// A value as its field says, or nothing where it cannot be: that is told.
fn value(written: &Value, field: &Field, report: &mut Report) -> Option<Value> {
    if written.is_null() && !report.is_strict() {
        return None;
    }
    match field.kind {
        Kind::Text { least, most } => {
            text(written, field, report).and_then(|text| sized(text, least, most, field, report))
        }
        Kind::Url => text(written, field, report).and_then(|text| url(text, field, report)),
        Kind::Integer { low, high } => integer(written, field, report).map(|number| bounded(number, low, high, report)),
        Kind::Flag => flag(written, field, report),
        Kind::OneOf(texts) => one_of(written, texts, field, report),
        Kind::Key => key(written, field, report),
        Kind::Keys => keys(written, field, report),
        Kind::Texts => texts(written, field, report),
        Kind::Object => written.is_object().then(|| written.clone()).or_else(|| wrong("an object", field, report)),
        Kind::Fields(fields) => match written.as_object() {
            Some(object) => Some(Value::Object(filled(object, fields, report))),
            None => wrong("an object", field, report),
        },
        Kind::List(of) => list(written, of, field, report),
        Kind::Any => Some(written.clone()),
    }
}

/// A value of a wrong type: fatal where the field has to be there, or nothing is put right.
fn wrong(wanted: &'static str, field: &Field, report: &mut Report) -> Option<Value> {
    if report.is_strict() || (field.required && field.fallback.value().is_none()) {
        report.fail(&[], Fault::WrongType(wanted));
    } else {
        report.warn(&[], format!("must be {wanted}; it is taken as missing"));
    }
    None
}

/// A value that was written as another type, and is taken for what it says.
fn coerced(read: Value, wanted: &'static str, report: &mut Report) -> Option<Value> {
    if report.is_strict() {
        report.fail(&[], Fault::WrongType(wanted));
        return None;
    }
    report.warn(&[], format!("must be {wanted}; it is taken as {read}"));
    Some(read)
}

fn text(written: &Value, field: &Field, report: &mut Report) -> Option<Value> {
    match written {
        Value::String(_) => Some(written.clone()),
        Value::Number(number) => coerced(Value::from(number.to_string()), "a text", report),
        Value::Bool(flag) => coerced(Value::from(flag.to_string()), "a text", report),
        _ => wrong("a text", field, report),
    }
}

fn sized(text: Value, least: usize, most: usize, field: &Field, report: &mut Report) -> Option<Value> {
    let length = text.as_str().unwrap_or_default().chars().count();
    if (least..=most).contains(&length) {
        return Some(text);
    }
    if length == 0 && field.required {
        report.fail(&[], Fault::Missing);
        return None;
    }
    let bounds = if least == most { format!("{least}") } else { format!("{least} to {most}") };
    report.put_right(&[], format!("must have {bounds} characters"));
    Some(text)
}

fn url(text: Value, field: &Field, report: &mut Report) -> Option<Value> {
    if text.as_str().is_some_and(|text| guard::host(text).is_some()) {
        return Some(text);
    }
    let fault = "must be an absolute http or https URL";
    if report.is_strict() || field.required {
        report.fail(&[], Fault::WrongValue(fault.to_owned()));
    } else {
        report.warn(&[], format!("{fault}; it is taken as missing"));
    }
    None
}

/// A whole number, also one that is written with a decimal point.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 1e15)?;
        Some(number as i64)
    })
}

fn integer(written: &Value, field: &Field, report: &mut Report) -> Option<i64> {
    if let Some(number) = whole(written) {
        return Some(number);
    }
    let said = written.as_str().and_then(|text| text.trim().parse::<i64>().ok());
    match said {
        Some(number) => coerced(Value::from(number), "a whole number", report)?.as_i64(),
        None => wrong("a whole number", field, report)?.as_i64(),
    }
}

fn bounded(number: i64, low: i64, high: i64, report: &mut Report) -> Value {
    let within = number.clamp(low, high);
    if within != number {
        let bounds = match (low, high) {
            (low, i64::MAX) => format!("at least {low}"),
            (i64::MIN, high) => format!("at most {high}"),
            (low, high) => format!("from {low} to {high}"),
        };
        report.put_right(&[], format!("must be {bounds}; it is taken as {within}"));
    }
    Value::from(within)
}

fn flag(written: &Value, field: &Field, report: &mut Report) -> Option<Value> {
    if written.is_boolean() {
        return Some(written.clone());
    }
    let said = match written {
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Number(number) => match number.as_i64() {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
        _ => None,
    };
    match said {
        Some(flag) => coerced(Value::from(flag), "true or false", report),
        None => wrong("true or false", field, report),
    }
}

fn one_of(written: &Value, choices: &[&str], field: &Field, report: &mut Report) -> Option<Value> {
    let written = text(written, field, report)?;
    let said = written.as_str().unwrap_or_default();
    if choices.contains(&said) {
        return Some(written);
    }
    let alike = choices.iter().find(|choice| choice.eq_ignore_ascii_case(said.trim()));
    let wanted = format!("must be one of {}", choices.join(", "));
    match alike {
        Some(choice) => {
            report.put_right(&[], format!("{wanted}; it is taken as {choice}"));
            Some(Value::from(*choice))
        }
        None => {
            report.put_right(&[], format!("{wanted}; it is taken as missing"));
            None
        }
    }
}

/// Whether a text is a key of KAZOO.
fn is_key(text: &str) -> bool {
    super::field::ALL_KEYS.contains(&text)
}

fn key(written: &Value, field: &Field, report: &mut Report) -> Option<Value> {
    let written = text(written, field, report)?;
    if written.as_str().is_some_and(is_key) {
        return Some(written);
    }
    report.put_right(&[], "must be a key: 0-9, * or #; it is taken as missing");
    None
}

fn keys(written: &Value, field: &Field, report: &mut Report) -> Option<Value> {
    let written = match written {
        Value::String(text) => {
            let keys: Vec<String> = text.chars().map(String::from).collect();
            coerced(Value::from(keys), "a list of keys", report)?
        }
        other => texts(other, field, report)?,
    };
    let all = written.as_array().map(Vec::as_slice).unwrap_or_default();
    let good: Vec<Value> = all.iter().filter(|key| key.as_str().is_some_and(is_key)).cloned().collect();
    if good.len() < all.len() {
        report.put_right(&[], "has what is no key: 0-9, * and # are; the others count");
    }
    Some(Value::from(good))
}

fn texts(written: &Value, field: &Field, report: &mut Report) -> Option<Value> {
    let Some(items) = written.as_array() else {
        return match written {
            Value::String(_) => coerced(Value::from(vec![written.clone()]), "a list of texts", report),
            _ => wrong("a list of texts", field, report),
        };
    };
    let said = |item: &Value| match item {
        Value::String(_) => Some(item.clone()),
        Value::Number(number) => Some(Value::from(number.to_string())),
        _ => None,
    };
    if items.iter().any(|item| !item.is_string()) {
        report.put_right(&[], "must be a list of texts; what is none is left out, and a number is taken as one");
    }
    Some(items.iter().filter_map(said).collect())
}

fn list(written: &Value, of: &ListOf, field: &Field, report: &mut Report) -> Option<Value> {
    let one = [written.clone()];
    let items = match written {
        Value::Array(items) => items.as_slice(),
        Value::String(_) | Value::Object(_) if !report.is_strict() => {
            report.warn(&[], "must be a list; it is taken as a list of one");
            &one
        }
        _ => return wrong("a list", field, report),
    };
    let mut read = Vec::new();
    for (index, item) in items.iter().enumerate() {
        report.enter(index.to_string());
        if let Some(object) = object_of(item, of, report) {
            read.push(Value::Object(filled(&object, of.fields, report)));
        }
        report.leave();
    }
    Some(Value::from(read))
}

fn object_of(item: &Value, of: &ListOf, report: &mut Report) -> Option<Map<String, Value>> {
    match (item, of.bare) {
        (Value::Object(object), _) => Some(object.clone()),
        (Value::String(text), Some((name, others))) => {
            report.put_right(&[], format!("must be an object; it is taken as its {name}"));
            let others = others.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
            Some(std::iter::once((name.to_owned(), Value::from(text.as_str()))).chain(others).collect())
        }
        _ => {
            report.put_right(&[], "must be an object; it is left out");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pivot::schema::Mode;

    const ITEMS: ListOf = ListOf { fields: &[Field::text("id").required()], bare: Some(("id", &[("type", "device")])) };
    const FIELDS: &[Field] = &[
        Field::text("text").required().length(1, 5),
        Field::integer("count").within(1, 9).or_integer(3),
        Field::flag("flag").or_flag(true),
        Field::one_of("unit", &["s", "ms"]).or_text("s"),
        Field::keys("keys"),
        Field::fields("inner", &[Field::flag("deep").or_flag(true)]).or_empty(),
        Field::list("items", &ITEMS),
    ];

    /// What was read, and the warnings.
    type Known = (Map<String, Value>, Vec<String>);

    fn read(value: &Value, mode: Mode) -> Result<Known, Vec<String>> {
        let mut report = Report::new(mode);
        let data = Data::read(value, FIELDS, &mut report);
        let said = |all: Vec<super::super::Warning>| all.iter().map(ToString::to_string).collect();
        match report.finish(data) {
            Ok((data, warnings)) => Ok((data.properties, said(warnings))),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn defaults_are_filled_in_at_every_level() {
        let (read, warnings) = read(&json!({"text": "a", "other": [1]}), Mode::Strict).unwrap();
        let filled = json!({"text": "a", "other": [1], "count": 3, "flag": true, "unit": "s", "inner": {"deep": true}});
        assert_eq!((Value::Object(read), warnings.len()), (filled, 0));
    }

    #[test]
    fn what_can_be_put_right_is_told_and_refused_where_it_may_not() {
        let wrong = json!({"text": 5, "count": "20", "flag": "false", "unit": "S", "keys": "1#x", "items": ["a", {"id": 7}, 8]});
        let (good, warnings) = read(&wrong, Mode::Lenient).unwrap();
        let right = json!({
            "text": "5", "count": 9, "flag": false, "unit": "s", "keys": ["1", "#"], "inner": {"deep": true},
            "items": [{"id": "a", "type": "device"}, {"id": "7"}],
        });
        assert_eq!(Value::Object(good), right);
        assert_eq!(warnings[0], "text must be a text; it is taken as \"5\"");
        assert_eq!(warnings.len(), 10, "{warnings:?}");
        let problems = read(&wrong, Mode::Strict).unwrap_err();
        assert!(problems.contains(&"items.1.id must be a text".to_owned()), "{problems:?}");
    }

    #[test]
    fn what_is_missing_and_has_no_default_is_fatal_either_way() {
        for mode in [Mode::Lenient, Mode::Strict] {
            assert_eq!(read(&json!({}), mode).unwrap_err(), ["text is missing"]);
            assert_eq!(read(&json!({"text": ""}), mode).unwrap_err(), ["text is missing"]);
            assert_eq!(read(&json!({"text": {}}), mode).unwrap_err(), ["text must be a text"]);
            assert_eq!(read(&json!([]), mode).unwrap_err(), ["must be an object"]);
            assert_eq!(read(&json!({"text": "a", "items": [{}]}), mode).unwrap_err(), ["items.0.id is missing"]);
        }
    }
}
