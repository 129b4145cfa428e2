//! Who watches which mailbox: the subscriptions of telephones to their messages.
//!
//! Shape: each subscription has one phone and one mailbox; news of a mailbox go to all who watch it.
//! Errors: a phone has so many subscriptions at most; one more takes the place of the one that was refreshed longest ago.
//! Sources: RFC 3842.

use std::collections::{BTreeSet, HashMap, VecDeque};

use antiphon_ivr::ExtensionId;
use antiphon_sip::SubscriptionId;

/// Subscriptions of one phone at most: one for each place it may be registered at.
const OF_A_PHONE: usize = 10;

/// Who watches what.
#[derive(Clone, Copy, Debug)]
struct Watcher {
    phone: ExtensionId,
    mailbox: ExtensionId,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    watchers: HashMap<SubscriptionId, Watcher>,
    /// The one that was refreshed longest ago first.
    of_phone: HashMap<ExtensionId, VecDeque<SubscriptionId>>,
    of_mailbox: HashMap<ExtensionId, BTreeSet<SubscriptionId>>,
}

impl Watchers {
    /// The subscription that gives way if this phone is to watch once more.
    pub(super) fn surplus(&self, phone: ExtensionId) -> Option<SubscriptionId> {
        let own = self.of_phone.get(&phone).filter(|own| own.len() >= OF_A_PHONE)?;
        own.front().copied()
    }

    /// A phone watches a mailbox, from now on or still.
    pub(super) fn insert(&mut self, id: SubscriptionId, phone: ExtensionId, mailbox: ExtensionId) {
        self.remove(id);
        self.watchers.insert(id, Watcher { phone, mailbox });
        self.of_phone.entry(phone).or_default().push_back(id);
        self.of_mailbox.entry(mailbox).or_default().insert(id);
    }

    /// It does so no more.
    pub(super) fn remove(&mut self, id: SubscriptionId) {
        let Some(Watcher { phone, mailbox }) = self.watchers.remove(&id) else { return };
        if let Some(own) = self.of_phone.get_mut(&phone) {
            own.retain(|other| *other != id);
            if own.is_empty() {
                self.of_phone.remove(&phone);
            }
        }
        if let Some(watchers) = self.of_mailbox.get_mut(&mailbox) {
            watchers.remove(&id);
            if watchers.is_empty() {
                self.of_mailbox.remove(&mailbox);
            }
        }
    }

    /// The phone of a subscription, and the mailbox that it watches.
    pub(super) fn of(&self, id: SubscriptionId) -> Option<(ExtensionId, ExtensionId)> {
        self.watchers.get(&id).map(|watcher| (watcher.phone, watcher.mailbox))
    }

    /// Whoever watches this mailbox.
    pub(super) fn watching(&self, mailbox: ExtensionId) -> Vec<SubscriptionId> {
        self.of_mailbox.get(&mailbox).into_iter().flatten().copied().collect()
    }
}
