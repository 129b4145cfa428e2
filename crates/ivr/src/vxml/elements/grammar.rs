//! `<grammar>`: what keys or words may come (VoiceXML 2.0 §3.1), and `<dtmf>`, which is one of keys (VoiceXML 1.0 §12).

use std::sync::Arc;

use roxmltree::Node;

use super::terms::FetchTerms;
use crate::vxml::{
    grammar::{Grammar, GrammarError, Mode, abnf, builtin, jsgf, srgs},
    wire::{Attributes, Fault, Given},
};

/// A grammar, or where it is.
#[derive(Clone, Debug)]
pub(crate) struct GrammarRef {
    pub(crate) source: Source,
    pub(crate) terms: FetchTerms,
    /// Whether the page says that keys or words are meant.
    pub(crate) mode: Option<Mode>,
    /// Whether it listens in all of the document; as its form says where it does not.
    pub(crate) is_shared: Option<bool>,
}

/// Where a grammar is.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Here.
    Inline(Arc<Grammar>),
    /// Here, in a form that nobody knows.
    Unknown(String),
    /// At an address, which may be `builtin:`.
    Outside(Given),
}

impl GrammarRef {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        let text = from.text();
        let has_content = !text.trim().is_empty() || from.0.children().any(|child| child.is_element());
        let mode = match from.get("mode") {
            Some("dtmf") => Some(Mode::Dtmf),
            Some("voice") => Some(Mode::Voice),
            Some(other) => return Err(from.fault(format!("the mode {other:?} is neither dtmf nor voice"))),
            None if from.0.tag_name().name() == "dtmf" => Some(Mode::Dtmf),
            None => None,
        };
        let source = match from.given("src", "srcexpr")? {
            Some(_) if has_content => return Err(from.fault("src and a grammar in it exclude each other")),
            Some(given) => Source::Outside(given),
            None if !has_content => return Err(from.fault("there is neither src nor srcexpr nor a grammar in it")),
            None => inline(from, &text, mode)?,
        };
        let is_shared = match from.get("scope") {
            None => None,
            Some("dialog") => Some(false),
            Some("document") => Some(true),
            Some(other) => return Err(from.fault(format!("the scope {other:?} is neither dialog nor document"))),
        };
        Ok(Self { source, terms: FetchTerms::read(from)?, mode, is_shared })
    }

    /// Those that stand in an element.
    pub(crate) fn all(parent: Attributes<'_, '_>) -> Result<Vec<Self>, Fault> {
        let grammars = parent.0.children().filter(|child| Self::is_one(child.tag_name().name()));
        grammars.map(|child| Self::read(Attributes(child))).collect()
    }

    /// Whether an element of this name is one.
    pub(crate) fn is_one(name: &str) -> bool {
        matches!(name, "grammar" | "dtmf")
    }

    /// A grammar of ours.
    pub(crate) fn of(grammar: Grammar) -> Self {
        Self { source: Source::Inline(Arc::new(grammar)), terms: FetchTerms::default(), mode: None, is_shared: None }
    }

    /// The type of a field.
    pub(crate) fn of_type(from: Attributes<'_, '_>, kind: &str) -> Result<Self, Fault> {
        match builtin::grammar(kind.strip_prefix("builtin:").unwrap_or(kind)) {
            Ok(grammar) => Ok(Self::of(grammar)),
            // It is told when it is wanted.
            Err(GrammarError::Builtin(_)) => Ok(Self {
                source: Source::Outside(Given::Text(format!("builtin:dtmf/{kind}"))),
                terms: FetchTerms::default(),
                mode: None,
                is_shared: None,
            }),
            Err(error) => Err(from.fault(error)),
        }
    }
}

fn inline(from: Attributes<'_, '_>, text: &str, mode: Option<Mode>) -> Result<Source, Fault> {
    if from.0.children().any(|child| Node::is_element(&child)) {
        let grammar = srgs::of_element(from.0, mode).map_err(|error| from.fault(error))?;
        return Ok(Source::Inline(Arc::new(grammar)));
    }
    if text.trim_start().starts_with("#ABNF") {
        let grammar = abnf::read(text.trim_start()).map_err(|error| from.fault(error))?;
        return Ok(Source::Inline(Arc::new(grammar)));
    }
    let kind = from.get("type").unwrap_or_default();
    let says = jsgf::is_type(kind).or_else(|| jsgf::is_document(text).then_some(None));
    if let Some(of_type) = says {
        let grammar = jsgf::read(text, mode.or(of_type).unwrap_or(Mode::Voice)).map_err(|error| from.fault(error))?;
        return Ok(Source::Inline(Arc::new(grammar)));
    }
    // Words alone, of which nothing is said.
    if kind.is_empty()
        && jsgf::is_plain(text)
        && let Ok(grammar) = jsgf::read(text, mode.unwrap_or(Mode::Voice))
    {
        return Ok(Source::Inline(Arc::new(grammar)));
    }
    Ok(Source::Unknown(from.get("type").unwrap_or("that is not said").to_owned()))
}
