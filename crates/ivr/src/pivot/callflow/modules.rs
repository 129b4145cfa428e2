//! What a callflow may ask for, one file a module.
//!
//! Shape: each module has a table of its `data` and a `run`, whose [`Step`] says where it leads.
//! Errors: what cannot be done is told, and the flow goes on at `_`.
//! Sources: `kazoo-pivot.md` 4.1, 4.2, 4.3.

use std::sync::Arc;

use super::Node;
use crate::{
    ExtensionId, Interrupted,
    pivot::{Ask, Session, schema::Field},
};

/// Where a module leads.
#[derive(Clone, Debug)]
pub enum Step {
    /// To its child `_`.
    Next,
    /// To the child of this name, or to `_`.
    Child(String),
    /// To this child of its.
    Into(Arc<Node>),
    /// Into another flow, and back to `_`.
    Branch(Arc<Node>),
    /// To the end of its flow.
    Stop,
    /// To the end of the call, which has ended.
    Ended,
    /// To a web server.
    Ask(Ask),
    /// To another extension's script.
    HandOver(ExtensionId),
}

/// A list of the modules: each has a file of its name.
macro_rules! modules {
    ($($variant:ident $file:ident $doc:literal,)*) => {
        $(pub(in crate::pivot) mod $file;)*

        /// What a node does.
        #[derive(Copy, Clone, Eq, PartialEq, Debug)]
        pub enum Module {
            $(#[doc = $doc] $variant,)*
            /// It is passed over.
            Skipped,
        }

        impl Module {
            /// All of them that are built, by their names.
            pub const ALL: &[(&'static str, Self)] = &[$((stringify!($file), Self::$variant),)*];

            /// What its data may be.
            pub fn fields(self) -> &'static [Field] {
                match self {
                    $(Self::$variant => $file::FIELDS,)*
                    Self::Skipped => &[],
                }
            }

            pub(super) async fn run(self, node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
                match self {
                    $(Self::$variant => $file::run(node, session).await,)*
                    Self::Skipped => {
                        session.warn(format!("{} is not built; it is passed over", node.name)).await?;
                        Ok(Step::Next)
                    }
                }
            }
        }
    };
}

modules! {
    Answer answer "Answers the caller.",
    Hangup hangup "Ends the call.",
    Pivot pivot "Asks a web server.",
}

impl Module {
    /// The module of this name, if it is built.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, module)| *module)
    }
}

/// Names that are written for modules and are none (`kazoo-pivot.md` 3.6, 4.3).
pub const ALIASES: &[(&str, &str, Module)] = &[];

/// Modules of KAZOO that need what only KAZOO has (`kazoo-pivot.md` 4.3).
pub const SKIPPED: &[&str] = &[
    "acdc_agent",
    "acdc_member",
    "acdc_queue",
    "acdc_wait_time",
    "call_forward",
    "call_waiting",
    "camping_feature",
    "conference_feature",
    "directory",
    "disa",
    "do_not_disturb",
    "eavesdrop",
    "eavesdrop_feature",
    "edr",
    "faxbox",
    "function",
    "group_pickup",
    "group_pickup_feature",
    "hotdesk",
    "intercept",
    "intercept_feature",
    "intercom",
    "lookupcidname",
    "manual_presence",
    "move",
    "nomorobo",
    "notification",
    "ring_group_toggle",
    "route_to_cid",
    "set",
    "skel",
];
