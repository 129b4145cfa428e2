//! What is measured.
//!
//! Shape: [`flood`] sends what nobody asked for, [`held`] keeps calls up beside the bare floor, [`pivot`] has calls ask a
//! slow web server, [`vxml`] has them go from page to page, [`registered`] registers phones,
//! [`short`] sets calls up and ends them at rising rates, [`start`] starts a server with much stored, [`rules`] edits rules and sets
//! calls up beside much that is stored.

pub mod flood;
pub mod held;
pub mod pivot;
pub mod registered;
pub mod rules;
pub mod short;
pub mod start;
pub mod vxml;

use crate::server::Launch;

/// What all scenarios need to know.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How servers are started.
    pub launch: Launch,
    /// The floor's binary.
    pub floor: String,
    /// How often server and floor take turns.
    pub turns: usize,
    /// How long each plateau is measured, in seconds.
    pub plateau: f64,
}
