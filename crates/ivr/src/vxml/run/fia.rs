//! The form interpretation algorithm.
//!
//! Shape: [`Interpreter::visit`] runs a dialog until it leads elsewhere: it initialises, and then selects an item, collects, processes.
//! Sources: VoiceXML 2.0 §2.1.6, Appendix C; `voicexml-customizers.md` 4.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Event, Flow, Interpreter, Jump, Stop, Visit, collect::Matched};
use crate::{
    Interrupted,
    vxml::{
        elements::filled::Filled,
        model::{Dialog, Item, Kind, Start},
        script::ScopeId,
    },
};

/// Values for the variables of a subdialog, by their names: each in a scope of its own, as `p`.
pub(super) type Params = BTreeMap<String, ScopeId>;

/// What a visit of an item has come to.
pub(super) enum Visited {
    /// The item was filled, or is done.
    Filled,
    /// Nothing: the next one.
    Nothing,
    /// Keys matched.
    Matched(Matched),
    Jump(Jump),
}

impl Interpreter<'_> {
    /// Runs a dialog.
    pub(super) async fn visit(
        &mut self,
        dialog: Arc<Dialog>,
        params: Params,
        carried: Option<Matched>,
    ) -> Result<Jump, Interrupted> {
        if let Some(jump) = self.begin(dialog, params).await? {
            return Ok(jump);
        }
        let mut carried = carried;
        loop {
            let step = self.step(carried.take()).await;
            let jump = match step {
                Ok(jump) => jump,
                Err(Stop::Event(event)) => self.dispatch(event).await?,
                Err(Stop::Interrupted(interrupted)) => return Err(interrupted),
            };
            match jump.map(|jump| self.within(jump)) {
                Some(Jump::Item(index)) => {
                    if let Some(visit) = &mut self.frame.visit {
                        visit.next = Some(index);
                    }
                }
                Some(jump) => return Ok(jump),
                None => {}
            }
            if self.is_lost() {
                return self.give_up().await;
            }
        }
    }

    /// Enters a dialog and initialises it.
    async fn begin(&mut self, dialog: Arc<Dialog>, params: Params) -> Result<Option<Jump>, Interrupted> {
        match self.initialise(dialog, params).await {
            Ok(()) => Ok(None),
            Err(Stop::Event(event)) => self.dispatch(event).await,
            Err(Stop::Interrupted(interrupted)) => Err(interrupted),
        }
    }

    async fn initialise(&mut self, dialog: Arc<Dialog>, params: Params) -> Result<(), Stop> {
        self.leave_dialog();
        let scope = self.engine.open(&["dialog"])?;
        self.frame.chain.push(scope);
        self.frame.visit = Some(Visit {
            base: self.frame.chain.len(),
            prompts: vec![1; dialog.items.len()],
            events: BTreeMap::new(),
            item: None,
            next: self.entry.take(),
            skips_prompts: false,
            dialog: dialog.clone(),
        });
        self.turn()?;
        let mut params = params;
        for start in &dialog.start {
            match start {
                Start::Var(var) => match params.remove(&var.name) {
                    Some(given) => {
                        self.engine.bind(&[given], "p", scope, &var.name)?;
                        self.engine.close(given);
                    }
                    None => var.run(self)?,
                },
                Start::Script(script) => script.run(self).await?,
                Start::Data(data) => drop(data.run(self).await?),
                Start::Item(index) => {
                    let item = &dialog.items[*index];
                    self.js(|engine, chain| engine.declare(chain, &item.name, item.expr.as_deref()))?;
                }
            }
        }
        match params.into_keys().next() {
            Some(name) => Err(Event::semantic(format!("the subdialog has no variable {name}")).into()),
            None => Ok(()),
        }
    }

    /// The scope of a dialog goes with it.
    pub(super) fn leave_dialog(&mut self) {
        if let Some(visit) = self.frame.visit.take() {
            self.close_to(visit.base - 1);
        }
    }

    /// One time round.
    async fn step(&mut self, carried: Option<Matched>) -> Result<Option<Jump>, Stop> {
        self.turn()?;
        let visited = match carried {
            Some(matched) => Visited::Matched(matched),
            None => {
                let Some((index, item)) = self.select()? else { return Ok(Some(self.fall_through())) };
                if self.is_over && item.kind.is_input() {
                    return Ok(Some(Jump::Exit(Vec::new())));
                }
                self.prompts(index, &item).await?;
                self.collect(&item).await?
            }
        };
        match visited {
            Visited::Jump(jump) => Ok(Some(jump)),
            Visited::Nothing => Ok(None),
            Visited::Matched(matched) => self.matched(matched).await,
            Visited::Filled => {
                let filled = self.frame.visit.as_ref().and_then(|visit| visit.item).into_iter().collect();
                self.process(filled).await
            }
        }
    }

    /// The next item: where a jump leads, whatever it holds; else the first that has no value and whose condition holds.
    fn select(&mut self) -> Result<Option<(usize, Arc<Item>)>, Stop> {
        let Some(visit) = &mut self.frame.visit else { return Ok(None) };
        visit.item = None;
        let dialog = visit.dialog.clone();
        let base = visit.base;
        let scope = visit.scope(&self.frame.chain);
        let next = visit.next.take();
        self.close_to(base);
        let mut found = next;
        for (index, item) in dialog.items.iter().enumerate() {
            if found.is_some() {
                break;
            }
            if !self.engine.is_set(scope, &item.name)? && self.holds(item.cond.as_deref())? {
                found = Some(index);
            }
        }
        if let Some(visit) = &mut self.frame.visit {
            visit.item = found;
        }
        Ok(found.map(|index| (index, dialog.items[index].clone())))
    }

    /// Queues the prompts of an item: of those that may be said, all with the highest count that is reached.
    async fn prompts(&mut self, index: usize, item: &Arc<Item>) -> Result<(), Stop> {
        let Some(visit) = &mut self.frame.visit else { return Ok(()) };
        let skips = std::mem::take(&mut visit.skips_prompts);
        if skips || matches!(item.kind, Kind::Block(_) | Kind::Control(_)) {
            return Ok(());
        }
        let reached = visit.prompts[index];
        visit.prompts[index] += 1;
        let mut said = Vec::new();
        for prompt in item.prompts.iter().filter(|prompt| prompt.count <= reached) {
            if self.holds(prompt.cond.as_deref())? {
                said.push(prompt);
            }
        }
        let highest = said.iter().map(|prompt| prompt.count).max();
        for prompt in said.into_iter().filter(|prompt| Some(prompt.count) == highest) {
            self.queue_held(prompt).await?;
        }
        Ok(())
    }

    /// Does what an item is for.
    async fn collect(&mut self, item: &Arc<Item>) -> Result<Visited, Stop> {
        match &item.kind {
            Kind::Block(content) => {
                let scope = self.innermost();
                self.engine.put(scope, &item.name, &true.into())?;
                Ok(match self.exec(content).await? {
                    Flow::On => Visited::Nothing,
                    Flow::Jump(jump) => Visited::Jump(jump),
                })
            }
            Kind::Control(element) => self.control(item, element).await,
            Kind::Field(_) | Kind::Menu(_) | Kind::Initial => self.gather(item).await.map(Visited::Matched),
            Kind::Record(record) => self.record(item, record).await,
            Kind::Transfer(transfer) => self.transfer(item, transfer).await,
            Kind::Subdialog(subdialog) => Box::pin(self.subdialog(item, subdialog)).await,
            Kind::Object(object) => self.object(item, object).await,
        }
    }

    /// Runs what is to be done when these items were filled.
    pub(super) async fn process(&mut self, filled: Vec<usize>) -> Result<Option<Jump>, Stop> {
        let Some(visit) = &self.frame.visit else { return Ok(None) };
        let dialog = visit.dialog.clone();
        let scope = visit.scope(&self.frame.chain);
        for action in &dialog.filled {
            let names = names_of(action, &dialog);
            self.looked_at(names.len() + 1)?;
            let is_one = |index: &usize| names.contains(dialog.items[*index].name.as_str());
            if !filled.iter().any(is_one) || (action.wants_all && !self.are_set(scope, &names)?) {
                continue;
            }
            if let Some(visit) = &mut self.frame.visit {
                visit.item = action.owner;
            }
            if let Flow::Jump(jump) = self.exec(&action.content).await? {
                return Ok(Some(jump));
            }
        }
        Ok(None)
    }

    fn are_set(&mut self, scope: ScopeId, names: &BTreeSet<&str>) -> Result<bool, Stop> {
        for name in names {
            if !self.engine.is_set(scope, name)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The names of the items that are sent where a page does not say which are.
    pub(crate) fn sent_items(&self) -> Vec<String> {
        let items = self.frame.visit.iter().flat_map(|visit| visit.dialog.items.iter());
        items.filter(|item| item.is_named && item.kind.is_sent()).map(|item| item.name.clone()).collect()
    }
}

/// The names of which one has to be filled for this to be done.
fn names_of<'a>(action: &'a Filled, dialog: &'a Dialog) -> BTreeSet<&'a str> {
    let is_input = |item: &&Arc<Item>| !matches!(item.kind, Kind::Block(_) | Kind::Control(_) | Kind::Initial);
    match (&action.names, action.owner) {
        (Some(names), _) => names.iter().map(String::as_str).collect(),
        (None, Some(owner)) => BTreeSet::from([dialog.items[owner].name.as_str()]),
        (None, None) => dialog.items.iter().filter(is_input).map(|item| item.name.as_str()).collect(),
    }
}
