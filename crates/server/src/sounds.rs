//! The system's own sounds.
//!
//! Shape: prompts by name, without language and ending, such as `tone/ringback`; decoded once, shared by all calls.

use std::{collections::HashMap, sync::Arc};

use antiphon_media::Audio;

/// The system's sounds by name.
#[derive(Clone, Debug, Default)]
pub struct SystemSounds(HashMap<String, Arc<Audio>>);

impl SystemSounds {
    /// The sound of this name.
    pub fn find(&self, name: &str) -> Option<Arc<Audio>> {
        self.0.get(name).cloned()
    }
}

impl FromIterator<(String, Arc<Audio>)> for SystemSounds {
    fn from_iter<I: IntoIterator<Item = (String, Arc<Audio>)>>(sounds: I) -> Self {
        Self(sounds.into_iter().collect())
    }
}
