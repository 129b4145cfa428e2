//! The description of the API, as OpenAPI 3.1: made from the table by which requests are routed.
//!
//! Shape: a resource has a [`Table`]; each path in it is routed and described by one call. What is shown of a resource is a structure
//! that derives `ToSchema`, and its comments are the description; what a request may hold follows from the same structure.
//! Errors: [`Description::problems`] names what has no description; a test wants it empty.
//! Sources: OpenAPI 3.1.0; JSON Schema 2020-12; `ringme-ivr.md` 2.
//!
//! To add an endpoint, add a row to the table of its resource:
//!
//! ```ignore
//! Table::of("DIDs", "Public numbers, and the extensions that they lead to.")
//!     .on("/client/{client}/did/{did}", get(show, Operation::new("One DID").shows::<Shown>()))
//! ```

mod document;
mod operation;
mod parts;
mod schema;
mod serve;
mod table;

use serde_json::Value;

pub(super) use operation::Operation;
pub(super) use schema::{flag, integer, list, text, word};
pub(super) use serve::table;
pub(super) use table::{Methods, Table, delete, get, post, put};

/// The description of every path of a router.
pub(super) struct Description {
    /// The OpenAPI document.
    pub(super) document: Value,
    /// What is routed and not described, a line each.
    pub(super) problems: Vec<String>,
}
