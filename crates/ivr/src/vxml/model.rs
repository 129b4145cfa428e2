//! A page as it is run.
//!
//! Shape: a [`Document`] has dialogs, a [`Dialog`] form items and what belongs to all of them; a menu is a dialog with one item.
//! Errors: none; a page that breaks a rule was refused by [`crate::vxml::elements::document::read_as`].
//! Sources: VoiceXML 2.0 §1.5 (documents), §2.1-2.4 (forms, menus, links).

use std::{collections::BTreeMap, sync::Arc};

use super::{
    check::Finding,
    contactpro::element::Element,
    elements::{
        catch::Catch, choice::Choice, data::Data, exec::Content, field::Choices, filled::Filled, grammar::GrammarRef,
        link::Link, object::Object, prompt::Prompt, record::Record, script::Script, subdialog::Subdialog,
        transfer::Transfer, var::Var,
    },
    wire::Place,
};

/// A page.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// Where it came from, without a fragment.
    pub(crate) url: String,
    /// What relative addresses in it are relative to.
    pub(crate) base: String,
    pub(crate) language: Option<String>,
    /// The address of its application root, as it is written.
    pub(crate) root: Option<String>,
    /// Whether it is one of Contact Pro.
    pub(crate) is_vendor: bool,
    /// Whether its expressions are Python.
    pub(crate) is_python: bool,
    /// Whether the caller is not answered before the page says so.
    pub(crate) is_early: bool,
    pub(crate) start: Vec<Start>,
    pub(crate) handlers: Vec<Catch>,
    pub(crate) properties: Properties,
    pub(crate) links: Vec<Arc<Link>>,
    pub(crate) dialogs: Vec<Arc<Dialog>>,
    /// Where those are that have a name.
    pub(crate) ids: BTreeMap<String, usize>,
    /// What in it is passed over.
    pub(crate) warnings: Vec<Finding>,
}

/// What is said of properties at one level, by their names.
pub(crate) type Properties = BTreeMap<String, String>;

/// What is done when a document or a dialog is entered, in its order.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    Var(Var),
    Script(Script),
    Data(Data),
    /// The variable of this item.
    Item(usize),
}

/// A form or a menu.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub(crate) id: Option<String>,
    /// Whether its grammars listen in all of the document.
    pub(crate) is_shared: bool,
    pub(crate) start: Vec<Start>,
    pub(crate) items: Vec<Arc<Item>>,
    /// Where each is, by its name.
    names: BTreeMap<String, usize>,
    pub(crate) handlers: Vec<Catch>,
    pub(crate) properties: Properties,
    pub(crate) links: Vec<Arc<Link>>,
    pub(crate) grammars: Vec<GrammarRef>,
    pub(crate) filled: Vec<Filled>,
}

/// A form item.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The variable; one of ours where the page has none.
    pub(crate) name: String,
    pub(crate) is_named: bool,
    pub(crate) expr: Option<String>,
    pub(crate) cond: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) handlers: Vec<Catch>,
    pub(crate) properties: Properties,
    pub(crate) links: Vec<Arc<Link>>,
    pub(crate) grammars: Vec<GrammarRef>,
    /// Whether no other grammars listen.
    pub(crate) is_modal: bool,
    /// Which property of a form's result fills it.
    pub(crate) slot: String,
    pub(crate) at: Place,
}

/// What a form item does.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Block(Content),
    /// A vendor element that is visited once.
    Control(Element),
    Field(Choices),
    Menu(Vec<Arc<Choice>>),
    Initial,
    Record(Record),
    Transfer(Transfer),
    Subdialog(Subdialog),
    Object(Object),
}

impl Kind {
    /// Whether it takes what the caller does, or needs the call; such an item is not visited when the caller has gone.
    pub(crate) fn is_input(&self) -> bool {
        matches!(
            self,
            Self::Field(_) | Self::Menu(_) | Self::Initial | Self::Record(_) | Self::Transfer(_) | Self::Object(_)
        )
    }

    /// Whether its variable is sent where a page does not say which are.
    pub(crate) fn is_sent(&self) -> bool {
        matches!(self, Self::Field(_) | Self::Record(_) | Self::Transfer(_) | Self::Subdialog(_) | Self::Object(_))
    }
}

impl Document {
    /// A page with nothing in it.
    pub(crate) fn empty(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            base: url.to_owned(),
            language: None,
            root: None,
            is_vendor: false,
            is_python: false,
            is_early: false,
            start: Vec::new(),
            handlers: Vec::new(),
            properties: Properties::new(),
            links: Vec::new(),
            dialogs: Vec::new(),
            ids: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// The dialog of this name, or the first.
    pub(crate) fn dialog(&self, name: Option<&str>) -> Option<&Arc<Dialog>> {
        match name {
            None => self.dialogs.first(),
            Some(name) => self.ids.get(name).map(|at| &self.dialogs[*at]),
        }
    }

    /// One more dialog; of several of one name the first has it.
    pub(crate) fn add(&mut self, dialog: Dialog) {
        if let Some(id) = &dialog.id {
            self.ids.entry(id.clone()).or_insert(self.dialogs.len());
        }
        self.dialogs.push(Arc::new(dialog));
    }
}

impl Dialog {
    /// A dialog without anything in it.
    pub(crate) fn empty(id: Option<String>, is_shared: bool) -> Self {
        Self {
            id,
            is_shared,
            start: Vec::new(),
            items: Vec::new(),
            names: BTreeMap::new(),
            handlers: Vec::new(),
            properties: Properties::new(),
            links: Vec::new(),
            grammars: Vec::new(),
            filled: Vec::new(),
        }
    }

    /// The item of this name.
    pub(crate) fn item(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    /// One more item, whose variable is made where it stands.
    pub(crate) fn add(&mut self, item: Item) {
        let at = self.items.len();
        self.names.entry(item.name.clone()).or_insert(at);
        self.start.push(Start::Item(at));
        self.items.push(Arc::new(item));
    }
}
