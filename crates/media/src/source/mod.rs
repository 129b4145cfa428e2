//! Where sound comes from: files, and lists of prompts and silence.

pub mod file;
mod mixing;
mod mp3;
mod mpeg;
pub(crate) mod ogg;
pub mod playlist;
pub mod quality;
mod vorbis;
mod vorbis_setup;
pub mod wav;

pub use mp3::Mp3Error;
pub use ogg::OggError;
pub use vorbis_setup::SetupError;
