//! A script: one surface's document, ready to run on a call.

use std::{fmt::Debug, pin::Pin, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Call, Callback, EndedCall, ExtensionId, Interrupted, IntervalId, Language, Prompt, callback, conference, direct,
    pivot, rules, vxml,
};

/// How a script ended on its own.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Next {
    /// Nothing more to do: the call ends, if it has not ended yet.
    Finished,
    /// Another extension's script takes the call over, with its variables.
    HandOver(ExtensionId),
}

/// What a script asks about the world around its call while it runs; the answers must come from memory.
pub trait Surroundings: Send + Sync {
    /// Whether these digits are an active internal number of the script's client, by its short or its prefixed form.
    fn is_internal(&self, digits: &str) -> bool;

    /// Whether a time interval of the script's client is active now, by the clock of whoever runs the script; one that is not there
    /// is not.
    fn is_active(&self, interval: IntervalId) -> bool;

    /// How menus of rules are run where their vendor leaves it open.
    fn policy(&self) -> rules::Policy;

    /// The sound that somebody outside names, among those of the script's client and those of the system; the latter in this language
    /// where the name has none of its own.
    fn prompt(&self, sound: &SoundName, language: Language) -> Option<Prompt>;

    /// How Pivot is run where its sources differ.
    fn pivot_policy(&self) -> Arc<pivot::Policy> {
        Arc::default()
    }

    /// A callflow of the client that is kept under this id or this number.
    fn flow(&self, _id: &str) -> Option<Arc<pivot::Node>> {
        None
    }

    /// The dialled strings by which somebody is reached whom a callflow names; none where nobody is called so.
    fn endpoints(&self, _kind: EndpointKind, id: &str) -> Vec<String> {
        if self.is_internal(id) { vec![id.to_owned()] } else { Vec::new() }
    }

    /// What is known of the account, or of a user or a device of it, as JSON (`kazoo-pivot.md` 4.1: `branch_variable`).
    fn document(&self, _kind: DocumentKind, _id: &str) -> Option<serde_json::Value> {
        None
    }

    /// The date and time.
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    /// Where the client lives.
    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }

    /// Any number, another one each time.
    fn chance(&self) -> u64 {
        0
    }

    /// Whether scripts of the client may have what callers say understood (`ringme-ivr.md` 5.1).
    fn may_listen(&self) -> bool {
        true
    }

    /// Whether they may, and somebody is there who does.
    fn understands(&self) -> bool {
        false
    }

    /// Says when a script that thinks has thought for long enough; nobody does here.
    fn patience(&self) -> crate::Patience {
        crate::Patience::default()
    }

    /// What is agreed on for the caller's sound just now, where it is known.
    fn sound(&self) -> Option<crate::AgreedSound> {
        None
    }
}

/// Whom a callflow names (`kazoo-pivot.md` 4.1, 4.2).
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum EndpointKind {
    /// A telephone.
    Device,
    /// A person, with all telephones of theirs.
    User,
    /// Several of them.
    Group,
}

/// About whom something is known.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum DocumentKind {
    /// The client.
    Account,
    /// A person.
    User,
    /// A telephone.
    Device,
}

/// A sound as somebody outside names it (`ringme-ivr.md` 2.3, 4.3).
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct SoundName {
    /// Of a client's sound: the name of its content, of the file that was uploaded, with its ending or without, or its id. Of a sound of
    /// the system: its name.
    pub name: String,
    /// Where the system keeps it, such as `digits`; a client's sounds lie in no folders.
    pub folder: String,
    /// Whose it is.
    pub view: SoundView,
    /// The language of a sound of the system; that of the call where it is missing.
    pub language: Option<String>,
}

/// Whose a sound is.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub enum SoundView {
    /// The client's, else the system's.
    #[default]
    Any,
    /// The client's.
    Client,
    /// The system's.
    System,
}

/// A document of one of the surfaces.
#[derive(Clone, Debug)]
pub enum Script {
    /// Contexts, options and rules (`ringme-ivr.md`).
    Rules(Arc<rules::Ivr>),
    /// A conference that is called by its number.
    Conference(Arc<conference::Entrance>),
    /// A call that we placed.
    Callback(Arc<Callback>),
    /// Web servers that say what happens (`kazoo-pivot.md`).
    Pivot(Arc<pivot::Pivot>),
    /// A number that is called without a menu, such as a phone's.
    Direct(String),
    /// VoiceXML (`voicexml-customizers.md`).
    VoiceXml(Arc<vxml::Application>),
    /// A program that whoever runs the server brings along.
    Custom(Arc<dyn Custom>),
}

/// What a script comes to.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Next, Interrupted>> + Send + 'a>>;

/// A script in Rust, of a program that has the server as a library.
pub trait Custom: Debug + Send + Sync {
    /// Runs it to its end on this call. It waits for nothing but the call's ops.
    fn run<'a>(&'a self, call: &'a mut Call, surroundings: &'a dyn Surroundings) -> Running<'a>;
}

impl Script {
    /// Runs the script to its end on this call.
    pub async fn run(&self, call: &mut Call, surroundings: &dyn Surroundings) -> Result<Next, Interrupted> {
        match self {
            Self::Rules(ivr) => rules::run(ivr, call, surroundings).await,
            Self::Conference(entrance) => conference::run(entrance, call).await,
            Self::Callback(callback) => callback::run(callback, call).await,
            Self::Pivot(pivot) => pivot::run(pivot, call, surroundings).await,
            Self::Direct(number) => direct::run(number, call).await,
            Self::VoiceXml(application) => vxml::run(application, call, surroundings).await,
            Self::Custom(custom) => custom.run(call, surroundings).await,
        }
    }

    /// Whether [`Self::after`] has anything to do.
    pub fn has_epilogue(&self) -> bool {
        match self {
            Self::Rules(ivr) => ivr.scripts.hangup.is_some(),
            Self::Pivot(pivot) => pivot::has_epilogue(pivot),
            Self::Conference(_) | Self::Callback(_) | Self::Direct(_) | Self::VoiceXml(_) | Self::Custom(_) => false,
        }
    }

    /// Whether an evaluation inside the script may take so long that nothing else should wait for it on its thread.
    pub fn thinks_hard(&self) -> bool {
        matches!(self, Self::VoiceXml(_))
    }

    /// Whether the script goes on when its caller has gone, with what needs no caller.
    pub fn has_last_words(&self) -> bool {
        matches!(self, Self::VoiceXml(_))
    }

    /// What the script still does when its call is over: it may tell web servers.
    pub async fn after(&self, ended: &mut EndedCall) -> Result<(), Interrupted> {
        match self {
            Self::Rules(ivr) => rules::after(ivr, ended).await,
            Self::Pivot(pivot) => pivot::after(pivot, ended).await,
            Self::Conference(_) | Self::Callback(_) | Self::Direct(_) | Self::VoiceXml(_) | Self::Custom(_) => Ok(()),
        }
    }
}
