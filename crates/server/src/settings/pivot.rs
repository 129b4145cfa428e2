//! Applications for Pivot, where there is a choice.
//!
//! Shape: the table `[pivot]`.
//! Errors: [`SettingsError`] with the key.
//! Sources: `kazoo-pivot.md` 8.

use super::{SettingsError, file::PivotTable};

/// How applications for Pivot are run.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct PivotSettings {
    /// Header fields of an INVITE, in lower case, that no script is told (row A29).
    pub hidden_headers: Vec<String>,
}

pub(super) fn pivot(table: &PivotTable) -> Result<PivotSettings, SettingsError> {
    let wrong = |key: &str, problem: String| SettingsError::Value { setting: format!("pivot.{key}"), problem };
    let hidden: Vec<String> = table.hidden_headers.iter().map(|name| name.to_ascii_lowercase()).collect();
    if let Some(other) = hidden.iter().find(|name| !name.starts_with("x-")) {
        return Err(wrong(
            "hidden_headers",
            format!("\"{other}\" does not begin with X-, and is told to nobody anyway"),
        ));
    }
    Ok(PivotSettings { hidden_headers: hidden })
}
