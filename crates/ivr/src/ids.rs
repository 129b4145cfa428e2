//! Names of stored things, as the REST API numbers them.
//!
//! Shape: newtypes over the API's `long`; a [`ContextId`] and a [`RuleId`] are unique within their extension only.
//! Sources: `ringme-ivr.md` 1.2-1.8.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Default, Debug)]
        #[derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A context of one IVR.
    ContextId
);
id!(
    /// An extension: a phone or an IVR.
    ExtensionId
);
id!(
    /// A time interval of one client.
    IntervalId
);
id!(
    /// A rule of one IVR.
    RuleId
);
id!(
    /// An uploaded sound of one client.
    SoundId
);

/// A recording; 32 hexadecimal digits when written.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct RecordingId(pub u128);

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
