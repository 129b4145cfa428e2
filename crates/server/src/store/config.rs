//! The configuration that calls read: immutable, complete, in memory.
//!
//! Shape: maps of shared objects. A new revision shares with the one before it every object that did not change and every map
//! that was not touched, so an edit costs the copy of one map of pointers.
//! Time: none; a call keeps the revision that it began with.
//! Errors: none; what is not there is `None`.
//! Sources: `architecture.md`, "A configuration change"; `interface.md`, "Where a call goes".

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use antiphon_ivr::{ExtensionId, IntervalId, SoundId};

use super::customizer::Customizer;
use super::model::{Application, Client, ClientId, Did, DidId, Extension, Interval, Sound, bare_number};
use super::pivot::{Flow, FlowId};
use super::subscription::{EventId, Subscription};
use super::variables::Variables;

/// One revision of the whole configuration.
#[derive(Clone, Default)]
pub struct Config {
    /// Raised by one with every change.
    pub revision: u64,
    clients: Arc<BTreeMap<ClientId, Arc<Client>>>,
    applications: Arc<HashMap<String, Arc<Application>>>,
    extensions: Arc<BTreeMap<ExtensionId, Arc<Extension>>>,
    /// `000*071` to its extension.
    names: Arc<HashMap<Arc<str>, ExtensionId>>,
    /// `071` to every client's extension of that number.
    numbers: Arc<HashMap<Arc<str>, Vec<ExtensionId>>>,
    sounds: Arc<BTreeMap<SoundId, Arc<Sound>>>,
    dids: Arc<BTreeMap<DidId, Arc<Did>>>,
    /// The public number without a plus to its entry.
    did_numbers: Arc<HashMap<Arc<str>, DidId>>,
    /// Who is told of what happens at an extension.
    subscriptions: Arc<BTreeMap<(ExtensionId, EventId), Arc<Subscription>>>,
    intervals: Arc<BTreeMap<IntervalId, Arc<Interval>>>,
    flows: Arc<BTreeMap<(ClientId, FlowId), Arc<Flow>>>,
    variables: Arc<BTreeMap<ClientId, Arc<Variables>>>,
    customizers: Arc<BTreeMap<(ExtensionId, u32), Arc<Customizer>>>,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("revision", &self.revision)
            .field("extensions", &self.extensions.len())
            .field("sounds", &self.sounds.len())
            .field("dids", &self.dids.len())
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The extension of an id.
    pub fn extension(&self, id: ExtensionId) -> Option<&Arc<Extension>> {
        self.extensions.get(&id)
    }

    /// The extension that a dialled string names: `071` within a client, or in whichever client when only one has it, and
    /// `000*071` anywhere.
    pub fn find_extension(&self, dialled: &str, client: Option<ClientId>) -> Option<&Arc<Extension>> {
        if dialled.contains('*') {
            return self.names.get(dialled).and_then(|id| self.extension(*id));
        }
        let mut found = self.numbers.get(dialled)?.iter().filter_map(|id| self.extension(*id));
        match client {
            Some(client) => found.find(|extension| extension.client == client),
            None => {
                let only = found.next()?;
                found.next().is_none().then_some(only)
            }
        }
    }

    /// The extension that a public number leads to; the number may come with or without its plus.
    pub fn did(&self, number: &str) -> Option<&Arc<Extension>> {
        let entry = self.did_numbers.get(bare_number(number))?;
        self.extension(self.dids.get(entry)?.extension)
    }

    /// The sound of an id.
    pub fn sound(&self, id: SoundId) -> Option<&Arc<Sound>> {
        self.sounds.get(&id)
    }

    /// The client of an id.
    pub fn client(&self, id: ClientId) -> Option<&Arc<Client>> {
        self.clients.get(&id)
    }

    /// The application of an OAuth2 `client_id`.
    pub fn application(&self, id: &str) -> Option<&Arc<Application>> {
        self.applications.get(id)
    }

    /// The entry of a public number.
    pub fn did_entry(&self, id: DidId) -> Option<&Arc<Did>> {
        self.dids.get(&id)
    }

    /// The subscriptions at an extension, by id.
    pub fn subscriptions(&self, extension: ExtensionId) -> impl DoubleEndedIterator<Item = &Arc<Subscription>> {
        let all = (extension, EventId(0))..=(extension, EventId(u64::MAX));
        self.subscriptions.range(all).map(|(_, subscription)| subscription)
    }

    /// One of them.
    pub fn subscription(&self, extension: ExtensionId, id: EventId) -> Option<&Arc<Subscription>> {
        self.subscriptions.get(&(extension, id))
    }

    /// The time interval of an id.
    pub fn interval(&self, id: IntervalId) -> Option<&Arc<Interval>> {
        self.intervals.get(&id)
    }

    /// The named callflows of a client, by id.
    pub fn flows(&self, client: ClientId) -> impl Iterator<Item = &Arc<Flow>> {
        self.flows.range((client, FlowId(0))..=(client, FlowId(u64::MAX))).map(|(_, flow)| flow)
    }

    /// One of them.
    pub fn flow(&self, client: ClientId, id: FlowId) -> Option<&Arc<Flow>> {
        self.flows.get(&(client, id))
    }

    /// The one of this name.
    pub fn flow_named(&self, client: ClientId, name: &str) -> Option<&Arc<Flow>> {
        self.flows(client).find(|flow| flow.name == name)
    }

    /// The variables of a client.
    pub fn variables(&self, client: ClientId) -> &Variables {
        static NONE: Variables = Variables::new();
        self.variables.get(&client).map_or(&NONE, |variables| &**variables)
    }

    /// The versions of an extension's customizer, by their numbers.
    pub fn customizers(&self, extension: ExtensionId) -> impl Iterator<Item = &Arc<Customizer>> {
        self.customizers.range((extension, 0)..=(extension, u32::MAX)).map(|(_, customizer)| customizer)
    }

    /// One of them.
    pub fn customizer(&self, extension: ExtensionId, version: u32) -> Option<&Arc<Customizer>> {
        self.customizers.get(&(extension, version))
    }

    /// The one that new calls run.
    pub fn active_customizer(&self, extension: ExtensionId) -> Option<&Arc<Customizer>> {
        self.customizers(extension).find(|customizer| customizer.active)
    }

    /// Every client, by id.
    pub fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients.values()
    }

    /// Every extension, by id.
    pub fn extensions(&self) -> impl Iterator<Item = &Arc<Extension>> {
        self.extensions.values()
    }

    /// Every sound, by id.
    pub fn sounds(&self) -> impl Iterator<Item = &Arc<Sound>> {
        self.sounds.values()
    }

    /// Every public number's entry, by id.
    pub fn dids(&self) -> impl Iterator<Item = &Arc<Did>> {
        self.dids.values()
    }

    /// Every time interval, by id.
    pub fn intervals(&self) -> impl Iterator<Item = &Arc<Interval>> {
        self.intervals.values()
    }
}

/// What the writer does to its draft of the next revision.
impl Config {
    pub(super) fn put_client(&mut self, client: Client) {
        Arc::make_mut(&mut self.clients).insert(client.id, Arc::new(client));
    }

    pub(super) fn put_application(&mut self, application: Application) {
        Arc::make_mut(&mut self.applications).insert(application.id.clone(), Arc::new(application));
    }

    pub(super) fn put_extension(&mut self, extension: Extension) -> Arc<Extension> {
        let id = extension.id;
        if !self.extensions.contains_key(&id) {
            let number = extension.number();
            let numbers = Arc::make_mut(&mut self.numbers);
            numbers.entry(number.into()).or_default().push(id);
            Arc::make_mut(&mut self.names).insert(extension.name.as_str().into(), id);
        }
        let extension = Arc::new(extension);
        Arc::make_mut(&mut self.extensions).insert(id, Arc::clone(&extension));
        extension
    }

    pub(super) fn remove_extension(&mut self, id: ExtensionId) {
        let Some(extension) = Arc::make_mut(&mut self.extensions).remove(&id) else { return };
        Arc::make_mut(&mut self.names).remove(extension.name.as_str());
        if self.subscriptions(id).next().is_some() {
            Arc::make_mut(&mut self.subscriptions).retain(|(of, _), _| *of != id);
        }
        if self.customizers(id).next().is_some() {
            Arc::make_mut(&mut self.customizers).retain(|(of, _), _| *of != id);
        }
        let numbers = Arc::make_mut(&mut self.numbers);
        if let Some(ids) = numbers.get_mut(extension.number()) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                numbers.remove(extension.number());
            }
        }
    }

    pub(super) fn put_sound(&mut self, sound: Sound) -> Arc<Sound> {
        let sound = Arc::new(sound);
        Arc::make_mut(&mut self.sounds).insert(sound.id, Arc::clone(&sound));
        sound
    }

    pub(super) fn remove_sound(&mut self, id: SoundId) {
        Arc::make_mut(&mut self.sounds).remove(&id);
    }

    pub(super) fn put_did(&mut self, did: Did) -> Arc<Did> {
        let did = Arc::new(did);
        Arc::make_mut(&mut self.did_numbers).insert(bare_number(&did.number).into(), did.id);
        Arc::make_mut(&mut self.dids).insert(did.id, Arc::clone(&did));
        did
    }

    pub(super) fn remove_did(&mut self, id: DidId) {
        if let Some(did) = Arc::make_mut(&mut self.dids).remove(&id) {
            Arc::make_mut(&mut self.did_numbers).remove(bare_number(&did.number));
        }
    }

    pub(crate) fn put_subscription(&mut self, subscription: Subscription) -> Arc<Subscription> {
        let subscription = Arc::new(subscription);
        let place = (subscription.extension, subscription.id);
        Arc::make_mut(&mut self.subscriptions).insert(place, Arc::clone(&subscription));
        subscription
    }

    pub(super) fn remove_subscription(&mut self, extension: ExtensionId, id: EventId) {
        Arc::make_mut(&mut self.subscriptions).remove(&(extension, id));
    }

    pub(super) fn put_interval(&mut self, interval: Interval) -> Arc<Interval> {
        let interval = Arc::new(interval);
        Arc::make_mut(&mut self.intervals).insert(interval.written.id, Arc::clone(&interval));
        interval
    }

    pub(super) fn remove_interval(&mut self, id: IntervalId) {
        Arc::make_mut(&mut self.intervals).remove(&id);
    }

    pub(super) fn put_flow(&mut self, flow: Flow) -> Arc<Flow> {
        let flow = Arc::new(flow);
        Arc::make_mut(&mut self.flows).insert((flow.client, flow.id), Arc::clone(&flow));
        flow
    }

    pub(super) fn remove_flow(&mut self, client: ClientId, id: FlowId) {
        Arc::make_mut(&mut self.flows).remove(&(client, id));
    }

    pub(super) fn put_customizer(&mut self, customizer: Customizer) -> Arc<Customizer> {
        let customizer = Arc::new(customizer);
        let place = (customizer.extension, customizer.version);
        Arc::make_mut(&mut self.customizers).insert(place, Arc::clone(&customizer));
        customizer
    }

    pub(super) fn remove_customizer(&mut self, extension: ExtensionId, version: u32) {
        Arc::make_mut(&mut self.customizers).remove(&(extension, version));
    }

    pub(super) fn put_variables(&mut self, client: ClientId, variables: Variables) {
        Arc::make_mut(&mut self.variables).insert(client, Arc::new(variables));
    }

    /// Whether a public number has an entry, with or without its plus.
    pub(super) fn has_did(&self, number: &str) -> bool {
        self.did_numbers.contains_key(bare_number(number))
    }

    /// Whether an extension has this whole name.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }
}
