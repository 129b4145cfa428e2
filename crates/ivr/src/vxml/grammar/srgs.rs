//! SRGS in XML.
//!
//! Shape: an element `grammar` becomes a [`Grammar`]. Names are compared without their namespace, so that a grammar inside a page may do
//! without one.
//! Errors: [`GrammarError::Bad`] with the line.
//! Sources: SRGS 1.0 §2.2-2.6, §3, §4; `voicexml-customizers.md` 3.7.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::{Expansion, Grammar, GrammarError, MAX_DEPTH, MAX_NODES, Mode, TagStyle, Value, tokens, written};
use crate::vxml::wire::xml;

struct Reader {
    mode: Mode,
    nodes: usize,
}

/// Reads a grammar document.
pub(crate) fn read(text: &str) -> Result<Grammar, GrammarError> {
    let text = xml::checked(text).map_err(|error| GrammarError::Bad(error.to_string()))?;
    let document = xml::parse(&text).map_err(|error| GrammarError::Bad(error.to_string()))?;
    of_element(document.root_element(), None)
}

/// Reads the element `grammar`; a page may say beside it that keys are meant.
pub(crate) fn of_element(element: Node<'_, '_>, mode: Option<Mode>) -> Result<Grammar, GrammarError> {
    if element.tag_name().name() != "grammar" {
        return Err(bad(element, format!("the root is <{}>, not <grammar>", element.tag_name().name())));
    }
    let mode = match element.attribute("mode") {
        Some("dtmf") => Mode::Dtmf,
        Some("voice") => Mode::Voice,
        Some(other) => return Err(bad(element, format!("the mode {other:?} is neither dtmf nor voice"))),
        None => mode.unwrap_or(Mode::Voice),
    };
    let mut reader = Reader { mode, nodes: 0 };
    let mut rules: BTreeMap<String, Expansion> = BTreeMap::new();
    for child in element.children().filter(Node::is_element) {
        match child.tag_name().name() {
            "rule" => {
                let id = child.attribute("id").ok_or_else(|| bad(child, "a rule without an id"))?;
                if rules.insert(id.to_owned(), reader.content(child, 0)?).is_some() {
                    return Err(bad(child, format!("a second rule {id}")));
                }
            }
            "meta" | "metadata" | "lexicon" | "tag" => {}
            other => return Err(bad(child, format!("<{other}> may not stand in <grammar>"))),
        }
    }
    let tags = match element.attribute("tag-format") {
        Some("semantics/1.0" | "semantics/1.0.2006") => TagStyle::Script,
        Some("semantics/1.0-literals") => TagStyle::Literal,
        _ => TagStyle::Guess,
    };
    let root = element.attribute("root").map(str::to_owned);
    let grammar = Grammar { mode, root, rules, tags, value: Value::Keys };
    grammar.check()?;
    Ok(grammar)
}

fn bad(node: Node<'_, '_>, text: impl std::fmt::Display) -> GrammarError {
    GrammarError::Bad(format!("{}: {text}", xml::place(node)))
}

impl Reader {
    /// What stands in a rule or an item, one after the other.
    fn content(&mut self, element: Node<'_, '_>, depth: usize) -> Result<Expansion, GrammarError> {
        if depth > MAX_DEPTH {
            return Err(bad(element, format!("items more than {MAX_DEPTH} deep")));
        }
        let mut parts = Vec::new();
        for child in element.children() {
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                return Err(bad(element, format!("more than {MAX_NODES} parts")));
            }
            if let Some(text) = child.text().filter(|_| child.is_text()) {
                parts.extend(self.text(child, text)?);
            } else if child.is_element() {
                parts.extend(self.element(child, depth + 1)?);
            }
        }
        Ok(Expansion::Sequence(parts))
    }

    fn element(&mut self, child: Node<'_, '_>, depth: usize) -> Result<Option<Expansion>, GrammarError> {
        Ok(Some(match child.tag_name().name() {
            "one-of" => {
                let mut choices = Vec::new();
                for item in child.children().filter(Node::is_element) {
                    if item.tag_name().name() != "item" {
                        return Err(bad(item, "only <item> may stand in <one-of>"));
                    }
                    choices.push(self.item(item, depth)?);
                }
                if choices.is_empty() {
                    return Err(bad(child, "<one-of> without an <item>"));
                }
                Expansion::OneOf(choices)
            }
            "item" => self.item(child, depth)?,
            "ruleref" => ruleref(child)?,
            "token" => Expansion::Sequence(self.text(child, child.text().unwrap_or_default())?),
            "tag" => Expansion::Tag(child.text().unwrap_or_default().trim().to_owned()),
            "example" => return Ok(None),
            other => return Err(bad(child, format!("<{other}> may not stand in a rule"))),
        }))
    }

    fn item(&mut self, item: Node<'_, '_>, depth: usize) -> Result<Expansion, GrammarError> {
        let content = self.content(item, depth + 1)?;
        let Some(repeat) = item.attribute("repeat") else { return Ok(content) };
        let (least, most) = repeats(repeat).ok_or_else(|| bad(item, format!("{repeat:?} is no repeat")))?;
        Ok(Expansion::Repeat(Box::new(content), least, most))
    }

    fn text(&mut self, node: Node<'_, '_>, text: &str) -> Result<Vec<Expansion>, GrammarError> {
        let tokens = match self.mode.has_keys() {
            false => written(text).into_iter().map(Expansion::Word).collect(),
            true => tokens(text).ok_or_else(|| bad(node, format!("{:?} are no keys", text.trim())))?,
        };
        self.nodes += tokens.len();
        if self.nodes > MAX_NODES {
            return Err(bad(node, format!("more than {MAX_NODES} parts")));
        }
        Ok(tokens)
    }
}

fn ruleref(element: Node<'_, '_>) -> Result<Expansion, GrammarError> {
    match (element.attribute("uri"), element.attribute("special")) {
        (None, Some("NULL")) => Ok(Expansion::Null),
        (None, Some("VOID" | "GARBAGE")) => Ok(Expansion::Void),
        (Some(uri), None) => match uri.strip_prefix('#') {
            Some(rule) => Ok(Expansion::Rule(rule.to_owned())),
            None => Ok(Expansion::Outside(uri.to_owned())),
        },
        _ => Err(bad(element, "<ruleref> needs a uri, or a special one of NULL, VOID and GARBAGE")),
    }
}

/// `n`, `n-m` or `n-`.
pub(super) fn repeats(text: &str) -> Option<(u32, u32)> {
    let text = text.trim();
    match text.split_once('-') {
        None => text.parse().ok().map(|times| (times, times)),
        Some((least, "")) => least.trim().parse().ok().map(|least| (least, u32::MAX)),
        Some((least, most)) => {
            let (least, most) = (least.trim().parse().ok()?, most.trim().parse().ok()?);
            (least <= most).then_some((least, most))
        }
    }
}
