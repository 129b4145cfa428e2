//! `<subdialog>` and its `<param>`s (VoiceXML 2.0 §2.3.4).

use super::terms::{FetchTerms, Sending};
use crate::vxml::wire::{Attributes, Fault, Given};

/// A dialog that is run in a context of its own.
#[derive(Clone, Debug)]
pub(crate) struct Subdialog {
    pub(crate) source: Given,
    pub(crate) params: Vec<(String, Given)>,
    pub(crate) sending: Sending,
    pub(crate) terms: FetchTerms,
}

impl Subdialog {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        let source = from.given("src", "srcexpr")?.ok_or_else(|| from.fault("there is neither src nor srcexpr"))?;
        let mut params = Vec::new();
        for child in from.0.children().filter(|child| child.tag_name().name() == "param") {
            let param = Attributes(child);
            let name = param.name("name")?.ok_or_else(|| param.fault("name is missing"))?;
            let value = param.given("value", "expr")?.ok_or_else(|| param.fault("there is neither value nor expr"))?;
            params.push((name, value));
        }
        Ok(Self { source, params, sending: Sending::read(from)?, terms: FetchTerms::read(from)? })
    }
}
