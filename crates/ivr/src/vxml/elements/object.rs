//! `<object>`: what a platform has of its own (VoiceXML 2.0 §2.3.5). Ours has one: a method of the customizer.

use super::terms::FetchTerms;
use crate::vxml::wire::{Attributes, Fault, Given};

/// How a page names the customizer.
const CUSTOMIZER: &str = "builtin:customstate";

/// An object of the platform.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// The method of the customizer; `None` where another object is meant.
    pub(crate) method: Option<String>,
    pub(crate) params: Vec<(String, Given)>,
    pub(crate) terms: FetchTerms,
}

impl Object {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        let is_customizer = is_known(from);
        let method = from.owned("data").filter(|_| is_customizer);
        if is_customizer && method.as_deref().is_none_or(|method| method.trim().is_empty()) {
            return Err(from.fault("data is missing, which names the method"));
        }
        let mut params = Vec::new();
        for child in from.0.children().filter(|child| child.tag_name().name() == "param") {
            let param = Attributes(child);
            let name = param.required("name")?;
            let value = param.given("value", "expr")?.ok_or_else(|| param.fault("there is neither value nor expr"))?;
            params.push((name, value));
        }
        Ok(Self { method, params, terms: FetchTerms::read(from)? })
    }
}

/// Whether there is such an object.
pub(crate) fn is_known(from: Attributes<'_, '_>) -> bool {
    from.get("classid").is_some_and(|class| class.trim() == CUSTOMIZER)
}
