//! Pivot against the data of KAZOO: its own tests' vectors, its examples, its schemas.
//!
//! Sources: `kazoo-pivot.md` 7.

#[path = "pivot/flows.rs"]
mod flows;
#[path = "pivot/requests.rs"]
mod requests;
#[path = "pivot/vectors.rs"]
mod vectors;
