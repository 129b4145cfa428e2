//! The Antiphon media server.

pub mod settings;
