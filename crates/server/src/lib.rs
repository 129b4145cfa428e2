//! The Antiphon media server.
