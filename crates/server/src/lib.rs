//! The Antiphon media server.

pub mod settings;
pub mod store;
