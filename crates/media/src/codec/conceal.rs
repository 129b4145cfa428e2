//! What is heard in place of a packet that did not come.
//!
//! Shape: [`Concealer`] is told of all that was decoded, and fills what is missing; here with silence.

/// Fills what is missing in one stream of sound.
#[derive(Debug)]
pub(crate) struct Concealer;

impl Concealer {
    /// For sound of so many samples a second.
    pub(crate) fn new(_rate: u32) -> Self {
        Self
    }

    /// Takes sound that was decoded, which may be changed where it follows what was made up.
    pub(crate) fn heard(&mut self, _pcm: &mut [i16]) {}

    /// Makes up what follows.
    pub(crate) fn conceal(&mut self, pcm: &mut [i16]) {
        pcm.fill(0);
    }
}
