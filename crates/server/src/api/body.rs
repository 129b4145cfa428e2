//! Reading JSON bodies.
//!
//! Shape: whatever the content type says, the body is JSON: the vendor's examples name none, and what a body is can be seen. A name may
//! stand once in an object, since the one who wrote it twice means one of the two, and nesting has an end.
//! Errors: [`ApiError::NotJson`], which tells line and column, and [`ApiError::TooLarge`].
//! Sources: `ringme-ivr.md` 2.1; RFC 8259 section 4.

use std::fmt;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::error::ApiError;
use super::{ApiState, limits};

/// A request's JSON body.
pub(super) struct JsonBody(pub(super) Value);

impl FromRequest<ApiState> for JsonBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| unread(rejection, limits::BODY_BYTES))?;
        // Where a path takes uploads, too, more than this comes through.
        if bytes.len() > limits::BODY_BYTES {
            return Err(ApiError::TooLarge(limits::BODY_BYTES));
        }
        read(&bytes).map(Self).map_err(ApiError::NotJson)
    }
}

/// Why a body of at most so many bytes was not read.
pub(super) fn unread(rejection: BytesRejection, most: usize) -> ApiError {
    if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::TooLarge(most)
    } else {
        ApiError::Unreadable
    }
}

fn read(bytes: &[u8]) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Part { levels: limits::BODY_LEVELS }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// A part of a body, which may have so many levels below it.
#[derive(Copy, Clone)]
struct Part {
    levels: usize,
}

impl Part {
    fn below<E: Error>(self) -> Result<Self, E> {
        let levels = self.levels.checked_sub(1);
        let deep = || E::custom(format_args!("it has more than {} levels", limits::BODY_LEVELS));
        Ok(Self { levels: levels.ok_or_else(deep)? })
    }
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let (part, mut list) = (self.below()?, Vec::new());
        while let Some(item) = items.next_element_seed(part)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let (part, mut object) = (self.below()?, Map::new());
        while let Some(name) = fields.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{name:?} is there twice")));
            }
            let value = fields.next_value_seed(part)?;
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_is_read_as_it_is() {
        let text = r#" {"a": [1, -2, 2.5, "x", true, null], "b": {}, "18446744073709551615": 18446744073709551615} "#;
        let expect = json!({ "a": [1, -2, 2.5, "x", true, null], "b": {}, "18446744073709551615": u64::MAX });
        assert_eq!(read(text.as_bytes()).unwrap(), expect);
    }

    #[test]
    fn what_is_ambiguous_or_endless_is_refused_by_its_place() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(nested(limits::BODY_LEVELS).as_bytes()).is_ok());
        for (text, said) in [
            (r#"{"a": 1, "a": 1}"#.to_owned(), "\"a\" is there twice at line 1"),
            ("{\"a\": {\"b\": 1,\n\"b\": 2}}".to_owned(), "\"b\" is there twice at line 2"),
            (nested(limits::BODY_LEVELS + 1), "levels"),
            ("[".repeat(100_000), "levels"),
            ("{} {}".to_owned(), "trailing"),
            (String::new(), "line 1"),
            (r#""\ud800""#.to_owned(), "line 1"),
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert!(read(b"{\"a\": \"\xff\"}").is_err());
    }
}
