//! The Antiphon media server: every socket, task, file and clock, and the three cores joined.
//!
//! [`serve`] is `antiphon serve`; [`app`] builds the rooms; ARCHITECTURE.md is the map.

pub mod access;
pub mod api;
pub mod app;
pub mod call;
pub mod callbacks;
pub mod calls;
pub mod conferences;
pub mod destinations;
pub mod directory;
pub mod events;
pub mod first_start;
pub mod limits;
pub mod locate;
pub mod made_tones;
pub mod media;
pub mod net;
pub mod overload;
pub mod peer_uri;
mod places;
mod queue;
pub mod queues;
pub mod recording;
pub mod registrar;
pub mod rooms;
mod roots;
pub mod scripts;
pub mod serve;
pub mod settings;
mod shelf;
pub mod shutdown;
pub mod signalling;
pub mod sounds;
pub mod speech;
pub mod store;
pub mod streams;
pub mod switchboard;
pub mod telemetry;
pub mod templates;
pub mod trace;
pub mod trunks;
mod turns;
pub mod uploads;
pub mod voicemail;
pub mod wall;
pub mod web;
