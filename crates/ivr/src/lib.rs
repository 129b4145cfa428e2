//! The call vocabulary and the IVR surfaces, without I/O.
#![forbid(unsafe_code)]
