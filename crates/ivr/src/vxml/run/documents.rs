//! From page to page.
//!
//! Shape: [`Interpreter::page`] loads and checks a page with its root before the old one is left; [`Interpreter::enter`] leaves it.
//! Errors: `error.badfetch` in the page that wanted to go on.
//! Sources: VoiceXML 2.0 §1.5.2, §5.3.7; `voicexml-customizers.md` 3.10.

use std::sync::Arc;

use super::{Event, Frame, Interpreter, Jump, Loaded, Request, Stop};
use crate::{
    Interrupted, NoteKind,
    vxml::{
        UPLOADED, Upload,
        elements::{document, terms::FetchTerms},
        model::{Document, Start},
        wire::decode,
    },
};

impl Interpreter<'_> {
    /// Where an address leads: to a dialog of this document, or to a page that was loaded.
    pub(crate) async fn page(&mut self, address: &str, request: Request, terms: &FetchTerms) -> Result<Jump, Stop> {
        self.turn()?;
        if self.is_vendor()
            && request.query.is_none()
            && request.body.is_none()
            && let Some(jump) = self.identified(address)
        {
            return Ok(jump);
        }
        let (plain, fragment) = match address.split_once('#') {
            Some((plain, fragment)) => (plain, Some(fragment).filter(|fragment| !fragment.is_empty())),
            None => (address, None),
        };
        if plain.trim().is_empty() && request.query.is_none() && request.body.is_none() {
            let dialog = self.frame.document.dialog(fragment).cloned();
            return dialog.map(Jump::Dialog).ok_or_else(|| no_dialog(fragment));
        }
        let is_submit = request.is_submit;
        let address = if plain.trim().is_empty() { self.frame.document.url.clone() } else { plain.to_owned() };
        let document = self.document(&address, request, terms).await?;
        if fragment.is_some() && document.dialog(fragment).is_none() {
            return Err(no_dialog(fragment));
        }
        let (root, keeps_root) = self.root_of(&document, is_submit, terms).await?;
        let dialog = fragment.map(str::to_owned);
        Ok(Jump::Page(Box::new(Loaded { document, root, keeps_root, dialog })))
    }

    /// Where an address in the root leads: to a dialog of the root, or to a page.
    pub(super) async fn page_of_root(
        &mut self,
        root: &Arc<Document>,
        address: &str,
        terms: &FetchTerms,
    ) -> Result<Jump, Stop> {
        let Some(name) = address.trim().strip_prefix('#').filter(|name| !name.is_empty()) else {
            let (plain, fragment) =
                address.split_once('#').map_or((address, None), |(plain, part)| (plain, Some(part)));
            let url = super::fetching::resolve(&root.base, plain)?;
            let url = fragment.map_or(url.clone(), |fragment| format!("{url}#{fragment}"));
            return self.page(&url, Request::get(), terms).await;
        };
        if root.dialog(Some(name)).is_none() {
            return Err(no_dialog(Some(name)));
        }
        let dialog = Some(name.to_owned());
        Ok(Jump::Page(Box::new(Loaded { document: root.clone(), root: None, keeps_root: true, dialog })))
    }

    /// The root of a page, and whether its variables are those of the root that is there.
    async fn root_of(
        &mut self,
        document: &Arc<Document>,
        is_submit: bool,
        terms: &FetchTerms,
    ) -> Result<(Option<Arc<Document>>, bool), Stop> {
        let current = self.frame.root.clone();
        let Some(root) = &document.root else {
            // From a leaf to its own root.
            let is_root = current.as_ref().is_some_and(|current| current.url == document.url);
            return Ok((None, is_root && !is_submit));
        };
        let root = super::fetching::resolve(&document.base, root)?;
        if let Some(current) = current.filter(|current| current.url == root) {
            return Ok((Some(current), true));
        }
        let is_own = self.frame.root.is_none() && self.frame.document.url == root;
        if is_own {
            return Ok((Some(self.frame.document.clone()), true));
        }
        // What is heard was heard for the page, whose properties are not the root's.
        let terms = FetchTerms { audio: Some(String::new()), ..terms.clone() };
        let loaded = self.document(&root, Request::get(), &terms).await?;
        if loaded.is_python != document.is_python {
            return Err(Event::bad_fetch(format!("the root {root} has expressions of another kind")).into());
        }
        if loaded.root.is_some() {
            return Err(Event::semantic(format!("the root {root} has a root itself")).into());
        }
        Ok((Some(loaded), false))
    }

    /// Fetches a page and checks it.
    async fn document(&mut self, address: &str, request: Request, terms: &FetchTerms) -> Result<Arc<Document>, Stop> {
        if let Some(upload) = self.application.upload.as_ref().filter(|_| address.trim() == UPLOADED) {
            return self.uploaded(upload).await;
        }
        let page = self.fetch(address, request, terms, "document").await?;
        let read = decode(&page.body, page.header("content-type"))
            .and_then(|text| document::read_as(&text, &page.url, self.application.dialect));
        let document = read.map_err(|fault| Event::bad_fetch(format!("{}: {fault}", page.url)))?;
        for warning in &document.warnings {
            self.call.note(NoteKind::Problem, format!("{}: {warning}", page.url)).await?;
        }
        self.speak(&document)?;
        Ok(Arc::new(document))
    }

    /// The page that lies in the application.
    async fn uploaded(&mut self, upload: &Upload) -> Result<Arc<Document>, Stop> {
        let read =
            decode(&upload.bytes, None).and_then(|text| document::read_as(&text, UPLOADED, self.application.dialect));
        let mut document = read.map_err(|fault| Event::bad_fetch(format!("{UPLOADED}: {fault}")))?;
        if let Some(base) = &upload.base {
            document.base = super::fetching::resolve(base, &document.base).unwrap_or_else(|_| base.clone());
        }
        for warning in &document.warnings {
            self.call.note(NoteKind::Problem, format!("{UPLOADED}: {warning}")).await?;
        }
        self.speak(&document)?;
        Ok(Arc::new(document))
    }

    /// Leaves the page that is there for another; where its beginning leads elsewhere, that.
    pub(super) async fn enter(&mut self, loaded: Loaded) -> Result<Option<Jump>, Interrupted> {
        match self.initialise_documents(loaded).await {
            Ok(()) => Ok(None),
            Err(Stop::Event(event)) => self.dispatch(event).await.map(|jump| jump.or(Some(Jump::Exit(Vec::new())))),
            Err(Stop::Interrupted(interrupted)) => Err(interrupted),
        }
    }

    async fn initialise_documents(&mut self, loaded: Loaded) -> Result<(), Stop> {
        self.leave_dialog();
        let Loaded { document, root, keeps_root, .. } = loaded;
        let kept = keeps_root.then_some(self.frame.application);
        let is_alone = root.is_none();
        let unused: Vec<_> = self.frame.chain.drain(1..).filter(|scope| Some(*scope) != kept).collect();
        unused.into_iter().for_each(|scope| self.engine.close(scope));
        let names: &[&str] = if is_alone { &["application", "document"] } else { &["application"] };
        let application = match kept {
            Some(kept) => kept,
            None => self.engine.open(names)?,
        };
        if is_alone && kept.is_some() {
            self.engine.bind(&[application], "application", application, "document")?;
        } else if kept.is_some() {
            self.engine.unset(application, "document")?;
        }
        self.frame = Frame {
            document: document.clone(),
            root: root.clone(),
            application,
            chain: vec![self.session, application],
            visit: None,
        };
        if let Some(root) = root.filter(|_| kept.is_none()) {
            self.start(&root).await?;
        }
        if is_alone {
            return if kept.is_none() { self.start(&document).await } else { Ok(()) };
        }
        let scope = self.engine.open(&["document"])?;
        self.frame.chain.push(scope);
        self.start(&document).await
    }

    /// Runs what is done when a document is entered.
    async fn start(&mut self, document: &Arc<Document>) -> Result<(), Stop> {
        for start in &document.start {
            match start {
                Start::Var(var) => var.run(self)?,
                Start::Script(script) => script.run(self).await?,
                Start::Data(data) => drop(data.run(self).await?),
                Start::Item(_) => {}
            }
        }
        Ok(())
    }
}

fn no_dialog(fragment: Option<&str>) -> Stop {
    Event::bad_fetch(format!("there is no dialog {}", fragment.unwrap_or("at all"))).into()
}
