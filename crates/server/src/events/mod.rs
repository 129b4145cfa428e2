//! Telling web servers what happens, without waiting for them: subscribers of extensions, and whoever a script names.
//!
//! Shape: whoever knows of something [raises](Events::raise) an [`Event`]; for each subscription that wants it a notice goes into a
//! queue, whose one owner sends it. What a script [tells](Events::tell) is a notice as well.
//! Time: raising and telling never wait, and no call waits for a notice.
//! Errors: none for who raises. A notice that cannot be sent is tried again a few times, then counted and logged; with
//! [`WAITING`] notices on their way, or [`OF_CLIENT`] of its client, a further one is dropped and counted.
//! Sources: `ringme-ivr.md` 4.6; `kazoo-pivot.md` 2.8 (cdr_url), 4.2 (webhook).

mod notice;
mod owner;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, time::Duration};

use antiphon_ivr::{ExtensionId, op::Tell};
use tokio::sync::{mpsc, watch};

use self::notice::{Line, Manner, Notice};
pub use self::owner::Owner;
use crate::{
    calls::CallId,
    store::{ClientId, Config, EventType},
    web::{Web, debug::RunningStep},
};

/// Notices on their way at most, those that are tried again with them.
pub const WAITING: usize = 10_000;
/// Those of one client, so that a web server that never answers costs nobody else a notice.
pub const OF_CLIENT: usize = 1_000;

/// The way to subscribers. Clones are the same way.
#[derive(Clone, Debug)]
pub struct Events {
    queue: mpsc::Sender<Notice>,
    under_way: watch::Sender<UnderWay>,
}

/// How many notices have not been sent.
#[derive(Debug, Default)]
struct UnderWay {
    all: usize,
    of_client: HashMap<ClientId, usize>,
}

/// Something that happened at an extension.
#[derive(Clone, Debug)]
pub struct Event {
    /// At which.
    pub extension: ExtensionId,
    /// Whose it is.
    pub client: ClientId,
    /// In which call; notices of one call at one extension are sent one after the other.
    pub call: Option<CallId>,
    /// What.
    pub kind: EventType,
    /// What subscribers are told of it, beside the kind.
    pub parameters: Vec<(&'static str, String)>,
}

/// One notice that has not been sent, as [`Events::settle`] counts it.
#[derive(Debug)]
struct Counted(watch::Sender<UnderWay>, ClientId);

impl Counted {
    /// Counts one more of this client; `None` where there are as many as there may be.
    fn another(under_way: &watch::Sender<UnderWay>, client: ClientId) -> Option<Self> {
        let fits = under_way.send_if_modified(|under_way| {
            let own = under_way.of_client.get(&client).copied().unwrap_or_default();
            let fits = under_way.all < WAITING && own < OF_CLIENT;
            if fits {
                under_way.all += 1;
                under_way.of_client.insert(client, own + 1);
            }
            fits
        });
        fits.then(|| Self(under_way.clone(), client))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|under_way| {
            under_way.all -= 1;
            let own = under_way.of_client.entry(self.1).or_default();
            *own = own.saturating_sub(1);
            if *own == 0 {
                under_way.of_client.remove(&self.1);
            }
        });
    }
}

impl Events {
    /// A way to subscribers, and who has to [run](Owner::run) for it.
    pub fn new(web: Web) -> (Self, Owner) {
        let (queue, notices) = mpsc::channel(WAITING);
        let events = Self { queue, under_way: watch::Sender::new(UnderWay::default()) };
        (events, Owner::new(web, notices))
    }

    /// Tells the extension's subscribers of this configuration, soon.
    pub fn raise(&self, config: &Config, event: Event) {
        for to in config.subscriptions(event.extension).filter(|to| to.event_type == event.kind) {
            self.send(event.client, |counted| Notice {
                client: event.client,
                line: Line::Extension(event.extension, event.call),
                fetch: notice::request(to, &event),
                manner: Manner::Event,
                step: None,
                _counted: counted,
            });
        }
    }

    /// Tells a web server what a script of this call says, soon. Those of one call to one server are told one after the other.
    ///
    /// `step` is where the first try is noted for the people who debug it.
    pub fn tell(&self, client: ClientId, call: CallId, tell: Tell, step: RunningStep) {
        let Tell { fetch, retries, pause } = tell;
        self.send(client, |counted| Notice {
            client,
            line: Line::of_script(call, &fetch.url),
            fetch,
            manner: Manner::Script { retries, pause },
            step: Some(step),
            _counted: counted,
        });
    }

    fn send(&self, client: ClientId, notice: impl FnOnce(Counted) -> Notice) {
        let notice = Counted::another(&self.under_way, client).map(notice);
        if notice.is_none_or(|notice| self.queue.try_send(notice).is_err()) {
            notice::count("dropped");
            tracing::warn!(%client, "too many notices for web servers are on their way; one is dropped");
        }
    }

    /// Waits until every notice was sent or given up, at most so long.
    pub async fn settle(&self, patience: Duration) {
        let mut under_way = self.under_way.subscribe();
        // It fails only when the way is gone, and we hold it.
        let _ = tokio::time::timeout(patience, under_way.wait_for(|under_way| under_way.all == 0)).await;
    }
}
