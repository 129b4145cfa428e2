//! Versions of customizers, as they are kept.
//!
//! Shape: the code as it came, byte for byte, and what was found in it when it came.
//! Units: times in seconds since 1970.
//! Sources: `voicexml-customizers.md` 2.4.

use std::sync::Arc;

use antiphon_ivr::ExtensionId;
use sha2::{Digest as _, Sha256};

/// One version.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Customizer {
    /// Whose it is.
    pub extension: ExtensionId,
    /// Its number, which no other version of the extension ever has.
    pub version: u32,
    /// When it was added.
    pub created: u64,
    /// When its code, class or description changed last.
    pub modified: u64,
    /// The class that is called.
    pub class_name: String,
    /// Whether somebody chose that class; else it is the first of the code.
    pub class_edited: bool,
    /// What people say of it.
    pub description: String,
    /// Whether new calls run it.
    pub active: bool,
    /// What is in the code.
    pub found: FoundInCode,
    /// The code.
    pub code: CustomizerCode,
}

/// What was found in code, which was read and not run.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct FoundInCode {
    /// The classes of the file, in their order.
    pub classes: Vec<String>,
    /// The public methods of the version's class.
    pub methods: Vec<String>,
}

/// Code, and by what it is told from other code.
#[derive(Clone, Eq, PartialEq)]
pub struct CustomizerCode {
    /// The file.
    pub bytes: Arc<[u8]>,
    /// The SHA-256 of the file, in hexadecimal digits.
    pub sha256: Arc<str>,
}

/// The code itself is no part of a log.
impl std::fmt::Debug for CustomizerCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CustomizerCode").field(&self.sha256).finish()
    }
}

impl CustomizerCode {
    /// The code of a file.
    pub fn of(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let digits: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { sha256: digits.into(), bytes }
    }
}

impl Customizer {
    /// Whether the class is in the code, without which it cannot be activated.
    pub fn is_valid(&self) -> bool {
        self.found.classes.contains(&self.class_name)
    }
}
