//! What a callflow may ask for, one file a module.
//!
//! Shape: each module has a table of its `data` and a `run`, whose [`Step`] says where it leads.
//! Errors: what cannot be done is told, and the flow goes on at `_`.
//! Sources: `kazoo-pivot.md` 4.1, 4.2, 4.3.

use std::sync::Arc;

use super::Node;
use crate::{
    ExtensionId, Interrupted,
    pivot::{
        Ask, Session,
        schema::{Data, Field},
    },
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
    Response response "Answers with a refusal of SIP.",
    Tts tts "Says a text.",
    Play play "Plays a sound.",
    CollectDtmf collect_dtmf "Takes digits.",
    FlushDtmf flush_dtmf "Forgets digits.",
    SendDtmf send_dtmf "Presses keys towards the caller.",
    Sleep sleep "Waits.",
    Menu menu "Greets, and goes by what is pressed.",
    RecordCaller record_caller "Records what the caller says.",
    RecordCall record_call "Records the call.",
    SetVariables set_variables "Sets variables of the application.",
    SetVariable set_variable "Sets a variable of the channel.",
    BranchVariable branch_variable "Goes by a variable.",
    CheckCid check_cid "Goes by the caller's number.",
    Callflow callflow "Runs another flow.",
    Device device "Calls a telephone.",
    User user "Calls somebody's telephones.",
    Resources resources "Calls a number outside.",
    Offnet offnet "Calls a number outside.",
    Language language "Sets the language.",
    Noop noop "Does nothing.",
    Conference conference "Talks with all who are in a room.",
    RingGroup ring_group "Calls several.",
    Group group "Calls a group.",
    Webhook webhook "Tells a web server.",
    Transfer transfer "Sends the caller elsewhere.",
    SetCid set_cid "Says who calls.",
    PrependCid prepend_cid "Adds to who calls.",
    DynamicCid dynamic_cid "Says who calls.",
    SetAlertInfo set_alert_info "Says how to ring.",
    Privacy privacy "Hides who calls.",
    AfterBridge after_bridge "Says what follows a talk.",
    AudioMacro audio_macro "Plays several sounds.",
    TemporalRoute temporal_route "Goes by the date and time.",
    BranchBnumber branch_bnumber "Goes by what was dialled.",
    Cidlistmatch cidlistmatch "Goes by whether the caller is in a list.",
    WaitForHangup wait_for_hangup "Waits for the end.",
    DeadAir dead_air "Is silent.",
    MissedCallAlert missed_call_alert "Has somebody told if nobody talks.",
    Voicemail voicemail "Takes a message.",
    PageGroup page_group "Has a telephone answer by itself.",
    Park park "Keeps the caller on hold.",
    FaxDetect fax_detect "Would tell a fax from a person.",
    ReceiveFax receive_fax "Would receive a fax.",
}

impl Module {
    /// The module of this name, if it is built.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, module)| *module)
    }
}

/// Properties that KAZOO has and that change nothing here, by their paths: that is told where somebody writes one.
const IDLE: &[(Module, &[&str])] = &[
    (
        Module::Conference,
        &["config.play_name", "config.play_welcome", "config.language", "config.member.play_entry_prompt"],
    ),
    (Module::Device, &["can_text_self", "fail_on_single_reject"]),
    (Module::DynamicCid, &["enforce_call_restriction", "id", "idx_name", "permit_custom_callflow"]),
    (Module::Menu, &["record_pin", "allow_record_from_offnet", "suppress_media"]),
    (Module::Offnet, OUTSIDE),
    (Module::PageGroup, &["barge_calls"]),
    (Module::Park, &["slot", "slots", "default_callback_timeout", "default_ringback_timeout", "max_slot_number"]),
    (Module::Privacy, &["endpoint_strategy"]),
    (Module::RecordCall, &["record_sample_rate", "should_follow_transfer"]),
    (Module::Resources, OUTSIDE),
    (Module::RingGroup, &["ringback", "ringtones", "ignore_forward", "fail_on_single_reject"]),
    (Module::TemporalRoute, &["interdigit_timeout"]),
    (Module::User, &["can_text_self", "fail_on_single_reject"]),
    (Module::Voicemail, &["interdigit_timeout", "single_mailbox_login", "callerid_match_login"]),
];

/// Those of calls outside: any trunk that allows the number is taken, with the caller id that the flow says.
const OUTSIDE: &[&str] = &[
    "use_local_resources",
    "hunt_account_id",
    "caller_id_type",
    "ringback",
    "format_from_uri",
    "from_uri_realm",
    "emit_account_id",
    "outbound_flags",
    "dynamic_flags",
    "resource_type",
];

/// The properties of a node that somebody has written and that change nothing.
pub(super) fn idle(node: &Node) -> Vec<&'static str> {
    let of_module = IDLE.iter().filter(|(module, _)| *module == node.module).flat_map(|(_, paths)| *paths);
    of_module.filter(|path| is_written(&node.data, path)).copied().collect()
}

fn is_written(data: &Data, path: &str) -> bool {
    match path.split_once('.') {
        Some((outer, path)) => is_written(&data.inner(outer), path),
        None => data.is_written(path),
    }
}

/// Names that are written for modules and are none (`kazoo-pivot.md` 3.6, 4.3).
pub const ALIASES: &[(&str, &str, Module)] = &[
    ("say", "tts", Module::Tts),
    ("set_cav", "set_variables", Module::SetVariables),
    ("page", "page_group", Module::PageGroup),
];

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
