//! The Antiphon media server.

pub mod api;
pub mod first_start;
pub mod settings;
pub mod sounds;
pub mod store;
