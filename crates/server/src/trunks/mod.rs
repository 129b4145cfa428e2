//! The trunks: where we are registered, which of them are there, and how many calls each carries.
//!
//! Shape: [`Trunks`] is what the rest of the server asks and orders; `owner` holds one `keeper` for each trunk of the settings, and
//! `health` and `standing` say what is known of one.
//! Time: a trunk is asked every `options_interval`, and more often while it is down; a registration is refreshed by the endpoint.
//! Errors: a trunk that cannot be reached is down and logged once; calls try it last.
//! Sources: RFC 3261 §10 (registration), §11 (OPTIONS).

mod claim;
mod health;
mod keeper;
mod owner;
mod standing;
mod ways;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};

pub use self::{
    claim::Claim,
    health::Health,
    owner::Owner,
    standing::{Registered, Standing},
};
use crate::settings::Trunk;

/// Orders that wait at most; whoever orders waits for room beyond.
const ORDERS: usize = 64;
/// How long registrars may take to let go of us when the server stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the owner of the trunks is asked for.
#[derive(Debug)]
enum Order {
    /// The settings have changed.
    ReadAgain,
    /// Register at this trunk now.
    Register(String),
    /// Take every registration away, ask no trunk any more, and say when that is done.
    Leave(oneshot::Sender<()>),
}

/// Why a trunk cannot be told to register.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NotRegistered {
    /// There is none of this name.
    #[error("no trunk has this name")]
    Unknown,
    /// Its settings say that we do not register there.
    #[error("the settings of this trunk do not have register = true")]
    NotAsked,
}

/// What is known of the trunks.
#[derive(Debug)]
pub struct Trunks {
    standings: Mutex<BTreeMap<String, Standing>>,
    orders: mpsc::Sender<Order>,
}

/// The orders for an [`Owner`].
#[derive(Debug)]
pub struct Orders(mpsc::Receiver<Order>);

impl Trunks {
    /// What is known at the start, nothing, and the orders that an [`Owner`] takes.
    pub fn new() -> (Self, Orders) {
        let (orders, queue) = mpsc::channel(ORDERS);
        (Self { standings: Mutex::default(), orders }, Orders(queue))
    }

    /// What is known of every trunk now, by name.
    pub fn standings(&self) -> BTreeMap<String, Standing> {
        self.lock().clone()
    }

    /// What is known of one.
    pub fn standing(&self, name: &str) -> Option<Standing> {
        self.lock().get(name).cloned()
    }

    /// Whether a trunk holds a registration of ours and is at this address; calls from there are its calls.
    pub fn is_registered_at(&self, name: &str, source: IpAddr) -> bool {
        self.lock().get(name).is_some_and(|standing| standing.registrar() == Some(source.to_canonical()))
    }

    /// A place among the calls that a trunk carries, or `None` when it has as many as its settings allow.
    pub fn claim(&self, trunk: &Arc<Trunk>) -> Option<Claim> {
        let carried = self.lock().entry(trunk.name.clone()).or_default().calls.clone();
        Claim::take(carried, trunk.clone())
    }

    /// Whether a trunk carries as many calls as its settings allow.
    pub fn is_full(&self, trunk: &Trunk) -> bool {
        let carried = self.lock().get(&trunk.name).map_or(0, |standing| standing.calls.load(Ordering::Acquire));
        trunk.max_calls.is_some_and(|most| carried >= most)
    }

    /// Notes that keys of SRTP go to a trunk where others can read them; whether that is news.
    pub fn reads_keys_aloud(&self, name: &str) -> bool {
        let mut standings = self.lock();
        !std::mem::replace(&mut standings.entry(name.to_owned()).or_default().keys_aloud, true)
    }

    /// The settings have been read again: trunks that are new, gone or different are seen to, and no others.
    pub async fn read_again(&self) {
        self.order(Order::ReadAgain).await;
    }

    /// Registers at a trunk now, whenever it would have been due.
    ///
    /// # Errors
    /// [`NotRegistered`] when there is nothing to do.
    pub async fn register(&self, name: &str) -> Result<(), NotRegistered> {
        let standing = self.standing(name).ok_or(NotRegistered::Unknown)?;
        if standing.registered == Registered::Unwanted {
            return Err(NotRegistered::NotAsked);
        }
        self.order(Order::Register(name.to_owned())).await;
        Ok(())
    }

    /// Takes every registration away, so that no carrier sends calls that nobody answers. Ends after two seconds at most.
    pub async fn leave(&self) {
        let (reply, done) = oneshot::channel();
        self.order(Order::Leave(reply)).await;
        if tokio::time::timeout(FAREWELL, done).await.is_err() {
            tracing::info!("a registrar has not confirmed that we are gone");
        }
    }

    async fn order(&self, order: Order) {
        // The owner ends only with the process, so nobody is left to tell.
        let _ = self.orders.send(order).await;
    }

    /// The map is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Standing>> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known of a trunk that is in the settings.
    fn note(&self, name: &str, change: impl FnOnce(&mut Standing)) {
        if let Some(standing) = self.lock().get_mut(name) {
            change(standing);
        }
    }

    /// These and no others are the trunks of the settings.
    fn keep_only(&self, trunks: &[Arc<Trunk>]) {
        self.lock().retain(|name, _| trunks.iter().any(|trunk| trunk.name == *name));
    }

    /// A keeper begins: of what was known before, only the calls are left.
    fn begin(&self, trunk: &Trunk) {
        let mut standings = self.lock();
        let standing = standings.entry(trunk.name.clone()).or_default();
        *standing = Standing { calls: standing.calls.clone(), ..Standing::of(trunk) };
    }
}
