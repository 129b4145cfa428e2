//! Applications for Pivot, and named callflows, as the API stores them and as they run.
//!
//! Shape: what was written is kept as JSON and read anew at each start; what runs was checked by the surface's own reader.
//! Errors: what this version cannot run any more is kept, logged, and fails on calls as a web server that is not there does.
//! Sources: `kazoo-pivot.md` 1, 3.4; `interface.md`, "Beyond RingMe".

use std::{fmt, sync::Arc};

use antiphon_ivr::pivot::{Mode, Node, Pivot, PivotData, Problem, Warning};
use antiphon_ivr::rules::wire::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::model::ClientId;

/// What an extension of the type `pivot` holds.
#[derive(Clone, Eq, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct PivotApplication {
    /// The data of its node, with the names of section 1.
    pub data: Map<String, Value>,
    /// The child `_` of its node: what runs where the web server fails.
    pub otherwise: Option<Value>,
    /// The account that web servers are told; the client's id where there is none.
    pub account_id: Option<String>,
    /// The secret with which requests are signed as Twilio signs them.
    pub signing_secret: Option<SigningSecretText>,
}

/// A secret that the API never shows.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SigningSecretText(pub(super) String);

impl fmt::Debug for SigningSecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecretText")
    }
}

/// The child of a node that stands for all that it has none for.
pub(super) const OTHERWISE: &str = "_";

impl PivotApplication {
    /// The application as it runs, with what was put right in it.
    ///
    /// # Errors
    /// Everything that is wrong, by field.
    pub(super) fn check(&self, client: ClientId) -> Result<(Pivot, Vec<Warning>), Vec<FieldError>> {
        let mut problems = Vec::new();
        let mut warnings = Vec::new();
        let data = PivotData::read(&Value::Object(self.data.clone()))
            .map_err(|found| problems.extend(found.iter().map(|problem| field("", problem))));
        let otherwise = self.otherwise.as_ref().map(|flow| {
            let read = Node::read(flow, Mode::Lenient);
            read.map_err(|found| problems.extend(found.iter().map(|problem| field("children._", problem))))
        });
        let (Ok(data), otherwise) = (data, otherwise.transpose()) else { return Err(problems) };
        let Ok(otherwise) = otherwise else { return Err(problems) };
        let (data, found) = data;
        warnings.extend(found);
        let otherwise = otherwise.map(|(node, found)| {
            warnings.extend(found);
            node
        });
        let account = self.account_id.clone().unwrap_or_else(|| client.to_string());
        let secret = self.signing_secret.as_ref().map(|secret| secret.0.clone());
        Ok((Pivot { account, data: Arc::new(data), otherwise, secret }, warnings))
    }

    /// The application as it runs; one that cannot be run fails on calls.
    pub(super) fn runs(&self, client: ClientId, name: &str) -> Arc<Pivot> {
        let checked = self.check(client).map(|(pivot, _)| pivot);
        Arc::new(checked.unwrap_or_else(|problems| {
            // An extension that was just made has no URL yet.
            if !self.data.is_empty() {
                tracing::warn!(extension = name, problem = %problems[0], "a stored application for Pivot cannot run");
            }
            let data = Arc::new(PivotData::of_url(""));
            Pivot { account: client.to_string(), data, otherwise: None, secret: None }
        }))
    }
}

/// A problem of a document, by the field of the request that has it.
pub(super) fn field(of: &str, problem: &Problem) -> FieldError {
    let path: Vec<&str> =
        [of].into_iter().filter(|of| !of.is_empty()).chain(problem.path.iter().map(String::as_str)).collect();
    FieldError::new(&path.join("."), problem.fault.to_string())
}

/// A named callflow's entry.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct FlowId(pub u64);

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A callflow that others refer to.
#[derive(Clone, PartialEq, Debug)]
pub struct Flow {
    /// Its id.
    pub id: FlowId,
    /// Whose it is.
    pub client: ClientId,
    /// What it is called; no other of the client's has this name.
    pub name: String,
    /// The flow as its author wrote it.
    pub written: Value,
    /// The flow as it runs.
    pub runs: Arc<Node>,
}
