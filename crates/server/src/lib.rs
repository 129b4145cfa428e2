//! The Antiphon media server.
//!
//! Shape: [`settings`] is what a process is told once, [`store`] what is configured while it runs, [`api`] the way to that over
//! HTTP, [`first_start`] what an empty store begins with, [`sounds`] the prompts that the binary carries.
//! Errors: one closed enum a concern; what ends the process is one line that names the setting.
//! Sources: `interface.md`.

pub mod api;
pub mod first_start;
pub mod settings;
pub mod sounds;
pub mod store;
