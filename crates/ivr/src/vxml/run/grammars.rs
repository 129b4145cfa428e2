//! Which grammars listen.
//!
//! Shape: [`Interpreter::active`] gathers those of the item, its dialog, the document, the root, and of shared dialogs, in this order, and
//! loads what lies elsewhere.
//! Errors: `error.semantic` where too many listen; `error.badfetch`, `error.unsupported.format`, `error.unsupported.builtin`.
//! Sources: VoiceXML 2.0 §3.1.3, §3.1.4 (activation); `voicexml-customizers.md` 3.6, 3.7.

use std::sync::Arc;

use super::{Event, Interpreter, Request, Stop, fetching::resolve};
use crate::vxml::{
    elements::{
        choice::Choice,
        grammar::{GrammarRef, Source},
        link::Link,
        terms::FetchTerms,
    },
    grammar::{Active, Expansion, Grammar, GrammarError, Linked, Mode, abnf, builtin, jsgf, srgs},
    model::{Dialog, Item, Kind},
    wire::decode,
};

/// Most grammars that listen at once.
const MAX_ACTIVE: usize = 200;
/// Most grammars that one refers to.
const MAX_OUTSIDE: usize = 16;
/// Most grammars that are kept.
const MAX_KEPT: usize = 64;

/// Whose a grammar is.
#[derive(Clone, Debug)]
pub(super) enum Owner {
    Item,
    Form,
    Choice(Arc<Choice>),
    Link(Arc<Link>),
    /// Another dialog of the document that listens everywhere.
    Dialog(Arc<Dialog>),
    /// One of these in the root, to which its addresses are relative.
    OfRoot(Box<Owner>),
}

impl Interpreter<'_> {
    /// The grammars that listen at an item, and whose they are.
    pub(super) async fn active(&mut self, item: &Arc<Item>) -> Result<(Active, Vec<Owner>), Stop> {
        let (mut active, mut owners) = (Active::default(), Vec::new());
        let references = self.references(item);
        if references.len() > MAX_ACTIVE {
            return Err(Event::semantic(format!("more than {MAX_ACTIVE} grammars listen at once")).into());
        }
        for (reference, owner) in references {
            let document = match (&owner, &self.frame.root) {
                (Owner::OfRoot(_), Some(root)) => root,
                _ => &self.frame.document,
            };
            let base = document.base.clone();
            active.grammars.push(self.linked(&reference, base).await?);
            owners.push(owner);
        }
        Ok((active, owners))
    }

    fn references(&self, item: &Arc<Item>) -> Vec<(GrammarRef, Owner)> {
        let mut found: Vec<(GrammarRef, Owner)> = Vec::new();
        let mut add = |grammars: &[GrammarRef], owner: Owner| {
            // One too many is enough to know.
            let room = (MAX_ACTIVE + 1).saturating_sub(found.len());
            found.extend(grammars.iter().take(room).map(|grammar| (grammar.clone(), owner.clone())));
        };
        if !matches!(item.kind, Kind::Initial) {
            add(&item.grammars, Owner::Item);
        }
        if let Kind::Menu(choices) = &item.kind {
            choices.iter().for_each(|choice| add(&choice.grammars, Owner::Choice(choice.clone())));
        }
        item.links.iter().for_each(|link| add(&link.grammars, Owner::Link(link.clone())));
        if item.is_modal {
            return found;
        }
        let Some(visit) = &self.frame.visit else { return found };
        add(&visit.dialog.grammars, Owner::Form);
        visit.dialog.links.iter().for_each(|link| add(&link.grammars, Owner::Link(link.clone())));
        let document = &self.frame.document;
        let here = document.dialogs.iter().filter(|dialog| !Arc::ptr_eq(dialog, &visit.dialog));
        let of_document = everywhere(&document.links, here);
        found.extend(of_document);
        // A dialog of the root is entered by its name.
        if let Some(root) = &self.frame.root {
            let of_root = everywhere(&root.links, root.dialogs.iter().filter(|dialog| dialog.id.is_some()));
            found.extend(of_root.into_iter().map(|(grammar, owner)| (grammar, Owner::OfRoot(Box::new(owner)))));
        }
        found
    }

    async fn linked(&mut self, reference: &GrammarRef, base: String) -> Result<Linked, Stop> {
        let given = match &reference.source {
            Source::Inline(grammar) => {
                return self.link(grammar.clone(), None, base, &reference.terms).await;
            }
            Source::Unknown(kind) => return Err(stop(&GrammarError::Format(kind.clone()))),
            Source::Outside(given) => given.clone(),
        };
        let address = self.given(&given)?;
        if let Some(builtin) = address.strip_prefix("builtin:") {
            let name = builtin.split_once('/').map_or(builtin, |(_, name)| name);
            let mut grammar = builtin::grammar(name).map_err(|error| stop(&error))?;
            if builtin.starts_with("dtmf/") {
                grammar.mode = Mode::Dtmf;
            }
            return Linked::alone(Arc::new(grammar), None).map_err(|error| stop(&error));
        }
        let (plain, rule) = match address.split_once('#') {
            Some((plain, rule)) => (plain.to_owned(), Some(rule.to_owned())),
            None => (address.clone(), None),
        };
        let url = resolve(&base, &plain)?;
        let grammar = self.outside(&url, reference.mode, &reference.terms).await?;
        self.link(grammar, rule, url, &reference.terms).await
    }

    /// A grammar of a web server.
    async fn outside(&mut self, url: &str, mode: Option<Mode>, terms: &FetchTerms) -> Result<Arc<Grammar>, Stop> {
        // A page that says how old it may be is taken at its word; else one that was read is kept for the session.
        let is_aged = terms.max_age.or_else(|| self.seconds("grammarmaxage")).is_some();
        if let Some(grammar) = self.grammars.get(url).filter(|_| !is_aged) {
            return Ok(grammar.clone());
        }
        let page = self.fetch(url, Request::get(), terms, "grammar").await?;
        let text = decode(&page.body, page.header("content-type"))
            .map_err(|fault| Event::bad_fetch(format!("{url}: {fault}")))?;
        let grammar = if text.trim_start_matches('\u{feff}').starts_with("#ABNF") {
            abnf::read(&text)
        } else if jsgf::is_document(&text) || jsgf::is_named(url) {
            jsgf::read(&text, mode.unwrap_or(Mode::Voice))
        } else {
            srgs::read(&text)
        };
        let grammar = Arc::new(grammar.map_err(|error| Event::bad_fetch(format!("{url}: {error}")))?);
        if self.grammars.len() < MAX_KEPT {
            self.grammars.insert(url.to_owned(), grammar.clone());
        }
        Ok(grammar)
    }

    /// Loads what a grammar refers to, and what that does.
    async fn link(
        &mut self,
        grammar: Arc<Grammar>,
        rule: Option<String>,
        base: String,
        terms: &FetchTerms,
    ) -> Result<Linked, Stop> {
        let mut linked = Linked::alone(grammar, rule.as_deref()).map_err(|error| stop(&error))?;
        let mut addresses = vec![base];
        let mut next = 0;
        while next < linked.parts.len() {
            if !linked.parts[next].has_outside() {
                next += 1;
                continue;
            }
            let mut part = (*linked.parts[next]).clone();
            let base = addresses[next].clone();
            let mut found = Vec::new();
            for expansion in part.outside() {
                let Expansion::Outside(uri) = expansion else { continue };
                let (plain, rule) =
                    uri.split_once('#').map_or((uri.as_str(), None), |(plain, rule)| (plain, Some(rule.to_owned())));
                let url = resolve(&base, plain)?;
                let known = addresses.iter().chain(&found).position(|known| *known == url);
                let at = known.unwrap_or_else(|| {
                    found.push(url);
                    addresses.len() + found.len() - 1
                });
                *expansion = Expansion::Linked(at, rule);
            }
            linked.parts[next] = Arc::new(part);
            for url in found {
                if linked.parts.len() > MAX_OUTSIDE {
                    return Err(Event::bad_fetch(format!("a grammar refers to more than {MAX_OUTSIDE} others")).into());
                }
                linked.parts.push(self.outside(&url, None, terms).await?);
                addresses.push(url);
            }
            next += 1;
        }
        self.check_links(&linked)?;
        Ok(linked)
    }

    fn check_links(&self, linked: &Linked) -> Result<(), Stop> {
        let is_there = |part: &Grammar, rule: &Option<String>| match rule.as_deref().or(part.root.as_deref()) {
            Some(rule) => part.rule(rule).is_some(),
            None => false,
        };
        for part in &linked.parts {
            let mut stack: Vec<&Expansion> = part.rules.values().collect();
            while let Some(expansion) = stack.pop() {
                match expansion {
                    Expansion::Linked(at, rule) if !is_there(&linked.parts[*at], rule) => {
                        return Err(Event::bad_fetch("a grammar refers to a rule that is not there").into());
                    }
                    Expansion::Sequence(parts) | Expansion::OneOf(parts) => stack.extend(parts),
                    Expansion::Repeat(inner, ..) => stack.push(inner),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// The grammars that listen in all of a document: of its links, and of these dialogs as far as they are shared.
fn everywhere<'a>(links: &[Arc<Link>], dialogs: impl Iterator<Item = &'a Arc<Dialog>>) -> Vec<(GrammarRef, Owner)> {
    let mut found: Vec<(GrammarRef, Owner)> = Vec::new();
    let mut add = |grammar: &GrammarRef, owner: Owner| {
        if found.len() <= MAX_ACTIVE {
            found.push((grammar.clone(), owner));
        }
    };
    for link in links {
        link.grammars.iter().for_each(|grammar| add(grammar, Owner::Link(link.clone())));
    }
    for dialog in dialogs {
        let shared = dialog.grammars.iter().filter(|grammar| grammar.is_shared.unwrap_or(dialog.is_shared));
        shared.for_each(|grammar| add(grammar, Owner::Dialog(dialog.clone())));
        for item in dialog.items.iter().filter(|_| dialog.is_shared) {
            let Kind::Menu(choices) = &item.kind else { continue };
            for choice in choices {
                choice.grammars.iter().for_each(|grammar| add(grammar, Owner::Choice(choice.clone())));
            }
        }
    }
    found
}

fn stop(error: &GrammarError) -> Stop {
    let name = match error {
        GrammarError::Bad(_) => "error.badfetch",
        GrammarError::Format(_) => "error.unsupported.format",
        GrammarError::Builtin(_) => "error.unsupported.builtin",
    };
    Event::with(name, error.to_string()).into()
}
