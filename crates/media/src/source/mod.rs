//! Where sound comes from: files, and lists of prompts and silence.

pub mod playlist;
pub mod wav;
