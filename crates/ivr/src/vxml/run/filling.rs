//! What a match fills, or where it leads.
//!
//! Sources: VoiceXML 2.0 §2.1.6.2.3 (process phase), §3.1.6 (mapping of results); `voicexml-customizers.md` 3.7, 4.

use std::sync::Arc;

use serde_json::json;

use super::{Interpreter, Jump, Request, Stop, collect::Matched, grammars::Owner};
use crate::vxml::{
    elements::link::Way,
    model::{Item, Kind},
    script::ScopeId,
};

impl Interpreter<'_> {
    /// Does what keys lead to.
    pub(super) async fn matched(&mut self, matched: Matched) -> Result<Option<Jump>, Stop> {
        let way = match &matched.owner {
            Owner::Item | Owner::Form => return self.fill(&matched).await,
            Owner::Choice(choice) => {
                let way = choice.way.clone();
                self.chosen(&matched.said.text)?;
                way
            }
            Owner::Link(link) | Owner::RootLink(link) => link.way.clone(),
            Owner::Dialog(dialog) => {
                let dialog = dialog.clone();
                self.carried = Some(Matched { owner: Owner::Form, ..matched });
                return Ok(Some(Jump::Dialog(dialog)));
            }
        };
        self.engine.close(matched.meaning);
        let root = self.frame.root().filter(|_| matches!(matched.owner, Owner::RootLink(_)));
        match way {
            Way::Event(throw) => {
                let event = throw.event(self)?;
                Err(Stop::Event(event))
            }
            Way::Page(given, terms) => {
                let address = self.given(&given)?;
                match root {
                    Some(root) => self.page_of_root(&root, &address, &terms).await.map(Some),
                    None => self.page(&address, Request::get(), &terms).await.map(Some),
                }
            }
        }
    }

    /// Keys that were pressed in one dialog and belong to another.
    pub(super) fn take_carried(&mut self) -> Option<Matched> {
        self.carried.take()
    }

    async fn fill(&mut self, matched: &Matched) -> Result<Option<Jump>, Stop> {
        let Some(visit) = &self.frame.visit else { return Ok(None) };
        let dialog = visit.dialog.clone();
        let scope = visit.scope(&self.frame.chain);
        let current = visit.item;
        if self.is_python {
            return self.fill_plain(matched, current).await;
        }
        let is_object = self.engine.truth(&[matched.meaning], "i !== null && typeof i === 'object'")?;
        let mut filled = Vec::new();
        for (index, item) in dialog.items.iter().enumerate().filter(|(_, item)| matches!(item.kind, Kind::Field(_))) {
            let has_slot = is_object && self.engine.truth(&[matched.meaning], &slot_test(item))?;
            let is_own = matches!(matched.owner, Owner::Item) && current == Some(index);
            let value = match (has_slot, is_own) {
                // A field's own grammar says nothing of other fields.
                (true, _) if is_own || matches!(matched.owner, Owner::Form) => slot_value(item),
                (false, true) => "i".to_owned(),
                _ => continue,
            };
            self.fill_item(item, scope, matched, &value)?;
            filled.push(index);
        }
        for item in dialog.items.iter().filter(|item| matches!(item.kind, Kind::Initial)) {
            self.engine.put(scope, &item.name, &true.into())?;
        }
        self.engine.close(matched.meaning);
        self.process(filled).await
    }

    fn fill_item(&mut self, item: &Arc<Item>, scope: ScopeId, matched: &Matched, value: &str) -> Result<(), Stop> {
        self.engine.bind(&[matched.meaning], value, scope, &item.name)?;
        self.engine.put(matched.meaning, "s", &matched.said.shadow())?;
        self.engine.assign(&[matched.meaning], "s.interpretation", value, self.session)?;
        Ok(self.engine.bind(&[matched.meaning], "s", scope, &format!("{}$", item.name))?)
    }
}

/// Whether the result has a value for an item; a slot may be a path.
fn slot_test(item: &Item) -> String {
    let mut test = "true".to_owned();
    let mut path = "i".to_owned();
    for name in item.slot.split('.') {
        path = format!("{path}[{}]", json!(name));
        test = format!("{test} && {path} !== undefined && {path} !== null");
    }
    test
}

fn slot_value(item: &Item) -> String {
    item.slot.split('.').fold("i".to_owned(), |path, name| format!("{path}[{}]", json!(name)))
}
