//! A vendor element among executable content.
//!
//! Shape: what each is, how it is read, and what it does; they work in either dialect.
//! Sources: `voicexml-customizers.md` 1.2, 1.3.

use super::{callout::Callout, customstate::Customstate, settings::Setting, soap::Soap};
use crate::vxml::{
    elements::Reader,
    run::{Flow, Interpreter, Stop},
    wire::{Attributes, Fault},
};

/// A vendor element.
#[derive(Clone, Debug)]
pub(crate) enum Element {
    Callout(Box<Callout>),
    Connect,
    Customstate(Box<Customstate>),
    Setting(Setting),
    Soap(Box<Soap>),
}

impl Element {
    pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Self, Fault> {
        Ok(match from.0.tag_name().name() {
            "callout" => Self::Callout(Box::new(Callout::read(from, reader)?)),
            "connect" => Self::Connect,
            "customstate" => Self::Customstate(Box::new(Customstate::read(from, reader)?)),
            "soap" => Self::Soap(Box::new(Soap::read(from, reader)?)),
            _ => Self::Setting(Setting::read(from)?),
        })
    }

    /// The identifier under which its result is kept.
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::Callout(callout) => Some(&callout.query.id),
            Self::Customstate(state) => Some(&state.query.id),
            Self::Soap(soap) => Some(&soap.query.id),
            Self::Connect | Self::Setting(_) => None,
        }
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        match self {
            Self::Callout(callout) => callout.run(interpreter).await,
            Self::Connect => interpreter.connect().await.map(|()| Flow::On),
            Self::Customstate(state) => state.run(interpreter).await,
            Self::Setting(setting) => setting.run(interpreter).await.map(|()| Flow::On),
            Self::Soap(soap) => soap.run(interpreter).await,
        }
    }
}
