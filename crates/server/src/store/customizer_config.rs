//! What an extension tells every version of its customizer beside the code: `ivr.config`.
//!
//! Shape: an object of JSON. Its values are often passwords, so that nothing shows them: not the API, not a log.
//! Units: times in seconds since 1970.
//! Errors: a [`FieldError`] that names what is too large, or is no object.
//! Sources: `voicexml-customizers.md` 2.2.

use std::fmt;

use antiphon_ivr::rules::wire::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::limits;

/// Most characters of the name of a value.
const LONGEST_NAME: usize = 100;

/// The object, and how often it was changed.
#[derive(Clone, Eq, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomizerConfig {
    /// Raised with every change.
    pub revision: u64,
    /// When it was changed last.
    pub modified: u64,
    /// How long it is as JSON.
    pub bytes: usize,
    values: Map<String, Value>,
}

impl fmt::Debug for CustomizerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomizerConfig")
            .field("revision", &self.revision)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl CustomizerConfig {
    /// The one that follows, with these values.
    ///
    /// # Errors
    /// A name or the whole is too long.
    pub fn changed(&self, values: Map<String, Value>, modified: u64) -> Result<Self, FieldError> {
        let is_name = |name: &String| (1..=LONGEST_NAME).contains(&name.chars().count());
        if let Some(wrong) = values.keys().find(|name| !is_name(name)) {
            let shown: String = wrong.chars().take(LONGEST_NAME).collect();
            let problem = format!("a name has 1 to {LONGEST_NAME} characters");
            return Err(FieldError::new(&format!("config.{shown}"), problem));
        }
        let bytes = Value::Object(values.clone()).to_string().len();
        if bytes > limits::CUSTOMIZER_CONFIG_BYTES {
            let most = limits::CUSTOMIZER_CONFIG_BYTES;
            return Err(FieldError::new("config", format!("has more than {most} bytes as JSON")));
        }
        Ok(Self { revision: self.revision + 1, modified, bytes, values })
    }

    /// Whether nobody ever wrote one.
    pub(super) fn is_untouched(&self) -> bool {
        self.revision == 0
    }

    /// The values, for the customizer and for nobody else.
    pub fn reveal(&self) -> &Map<String, Value> {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changed(values: &Value) -> Result<CustomizerConfig, FieldError> {
        CustomizerConfig::default().changed(values.as_object().cloned().unwrap(), 7)
    }

    #[test]
    fn a_change_is_counted_and_its_values_are_no_part_of_a_log() {
        let first = changed(&json!({"dsn": "PWD=geheim"})).unwrap();
        assert_eq!((first.revision, first.modified, first.bytes), (1, 7, r#"{"dsn":"PWD=geheim"}"#.len()));
        assert!(!format!("{first:?}").contains("geheim"));
        assert_eq!(first.changed(Map::new(), 8).unwrap().revision, 2);
    }

    #[test]
    fn what_is_too_long_is_refused_by_its_name() {
        let long = "x".repeat(LONGEST_NAME + 1);
        assert_eq!(changed(&json!({"": 1})).unwrap_err().field, "config.");
        assert!(changed(&json!({ long: 1 })).unwrap_err().field.len() < 120);
        let most = limits::CUSTOMIZER_CONFIG_BYTES - r#"{"a":""}"#.len();
        assert!(changed(&json!({"a": "x".repeat(most)})).is_ok());
        assert_eq!(changed(&json!({"a": "x".repeat(most + 1)})).unwrap_err().field, "config");
    }
}
