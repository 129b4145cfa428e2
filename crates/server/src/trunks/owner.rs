//! The owner of all trunks: it starts and ends their keepers as the settings say.
//!
//! Shape: one task; orders in. When the settings are read again, trunks that are new begin, those that are gone leave, those whose way,
//! registration or interval is different begin anew, and all others are left alone.
//! Time: what begins does so when all that end with the same reading have left: two names may be one contact to a registrar.
//! Errors: a keeper that panics is logged, and its trunk is known no more until the settings are read again.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use super::{
    Order, Orders,
    keeper::{Keeper, Wish},
};
use crate::{rooms::Rooms, settings::Trunk};

/// Wishes that wait for a keeper that is asking its trunk.
const WISHES: usize = 8;
/// How long trunks that end may take to let go of what they had before others begin.
const LETTING_GO: Duration = Duration::from_secs(2);

struct Kept {
    trunk: Arc<Trunk>,
    wishes: mpsc::Sender<Wish>,
    task: JoinHandle<()>,
}

/// The owner's own side, to be driven by [`Owner::run`].
pub struct Owner {
    rooms: Arc<Rooms>,
    orders: mpsc::Receiver<Order>,
    kept: HashMap<String, Kept>,
}

impl Owner {
    /// The owner of the trunks of these rooms.
    pub fn new(rooms: Arc<Rooms>, Orders(orders): Orders) -> Self {
        Self { rooms, orders, kept: HashMap::new() }
    }

    /// Keeps the trunks until the process ends.
    pub async fn run(mut self) {
        self.read();
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::ReadAgain => self.read(),
                Order::Register(name) => {
                    if let Some(kept) = self.kept.get(&name) {
                        // A keeper with this many wishes registers anyway.
                        let _ = kept.wishes.try_send(Wish::Register);
                    }
                }
                Order::Leave(done) => {
                    let leaving: Vec<_> = self.kept.drain().map(|(_, kept)| leave(kept)).collect();
                    for task in leaving {
                        let _ = task.await;
                    }
                    // Whoever asked may have stopped waiting.
                    let _ = done.send(());
                }
            }
        }
    }

    /// Makes the keepers those of the settings.
    fn read(&mut self) {
        let trunks = self.rooms.settings.load().trunks.clone();
        let is_kept = |kept: &Kept| trunks.iter().any(|trunk| is_kept_alike(trunk, &kept.trunk));
        let leaving: Vec<_> = self.kept.extract_if(|_, kept| !is_kept(kept)).map(|(_, kept)| leave(kept)).collect();
        let gone = when_all_are_gone(leaving);
        self.rooms.trunks.keep_only(&trunks);
        for trunk in trunks {
            if !self.kept.contains_key(&trunk.name) {
                self.begin(trunk, gone.clone());
            } else {
                self.rooms.trunks.note(&trunk.name, |standing| standing.max_calls = trunk.max_calls);
            }
        }
    }

    fn begin(&mut self, trunk: Arc<Trunk>, mut gone: watch::Receiver<()>) {
        self.rooms.trunks.begin(&trunk);
        let Some(keeper) = Keeper::new(trunk.clone(), self.rooms.clone()) else { return };
        let (wishes, queue) = mpsc::channel(WISHES);
        let name = trunk.name.clone();
        let task = tokio::spawn(async move {
            // It is an error, because nobody is left to change it.
            let _ = timeout(LETTING_GO, gone.changed()).await;
            if tokio::spawn(keeper.run(queue)).await.is_err_and(|error| error.is_panic()) {
                tracing::error!(
                    trunk = name,
                    "the keeper of a trunk panicked; the trunk is neither asked nor registered"
                );
            }
        });
        self.kept.insert(trunk.name.clone(), Kept { trunk, wishes, task });
    }
}

/// Ends a keeper in order; the task ends when its registration is gone.
fn leave(kept: Kept) -> JoinHandle<()> {
    // With a full queue it leaves because the queue is closed.
    let _ = kept.wishes.try_send(Wish::Leave);
    kept.task
}

/// What closes when these have ended.
fn when_all_are_gone(leaving: Vec<JoinHandle<()>>) -> watch::Receiver<()> {
    let (open, gone) = watch::channel(());
    if !leaving.is_empty() {
        tokio::spawn(async move {
            for task in leaving {
                let _ = task.await;
            }
            drop(open);
        });
    }
    gone
}

/// Whether a keeper of one does for the other.
fn is_kept_alike(one: &Trunk, other: &Trunk) -> bool {
    let kept = |trunk: &Trunk| {
        let Trunk { name, uri, username, password, realm, registration, options_interval, from_user, .. } =
            trunk.clone();
        (name, uri, username, password, realm, registration, options_interval, from_user)
    };
    kept(one) == kept(other)
}
