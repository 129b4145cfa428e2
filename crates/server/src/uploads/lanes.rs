//! Which uploads are being sent, and whether another may be.
//!
//! Shape: so many in all, of one client and to one host. The second half of all is for clients that have none on their way, so that many
//! slow servers of few clients keep nobody else waiting.
//! Errors: none; what finds no room is looked at again when another has ended.

use std::collections::BTreeMap;

use url::Url;

use super::{Entry, UploadId};
use crate::store::ClientId;

/// Sent at once, in all.
const AT_ONCE: usize = 64;
/// The same of one client.
const OF_A_CLIENT: usize = 4;
/// The same to one host.
const TO_A_HOST: usize = 16;

/// Whose upload, and where to.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) struct Lane {
    client: ClientId,
    host: String,
}

/// Those that are being sent.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    taken: BTreeMap<UploadId, Lane>,
}

impl Lane {
    /// That of an upload.
    pub(super) fn of(entry: &Entry) -> Self {
        let host = Url::parse(&entry.url).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase));
        Self { client: entry.client, host: host.unwrap_or_default() }
    }
}

impl Lanes {
    /// Whether one more may be sent.
    pub(super) fn has_room(&self, lane: &Lane) -> bool {
        let there = self.taken.values().filter(|taken| taken.host == lane.host).count();
        there < TO_A_HOST && self.are_open_to(lane.client)
    }

    /// Whether one more of a client may be sent, wherever it goes.
    pub(super) fn are_open_to(&self, client: ClientId) -> bool {
        let own = self.taken.values().filter(|taken| taken.client == client).count();
        let all = if own == 0 { AT_ONCE } else { AT_ONCE / 2 };
        self.taken.len() < all && own < OF_A_CLIENT
    }

    /// One is being sent.
    pub(super) fn take(&mut self, id: UploadId, lane: Lane) {
        self.taken.insert(id, lane);
    }

    /// One is not being sent any more.
    pub(super) fn leave(&mut self, id: UploadId) {
        self.taken.remove(&id);
    }

    /// None is being sent any more; which were.
    pub(super) fn clear(&mut self) -> Vec<UploadId> {
        std::mem::take(&mut self.taken).into_keys().collect()
    }

    /// How many are being sent.
    pub(super) fn taken(&self) -> usize {
        self.taken.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of these (client, host) find room, one after the other.
    fn find_room(lanes: &mut Lanes, wanted: impl IntoIterator<Item = (u64, String)>) -> usize {
        let before = lanes.taken();
        for (client, host) in wanted {
            let lane = Lane { client: ClientId(client), host };
            if lanes.has_room(&lane) {
                lanes.take(UploadId(lanes.taken() as u64), lane);
            }
        }
        lanes.taken() - before
    }

    #[test]
    fn a_client_a_host_and_those_who_have_many_leave_room_for_others() {
        let mut lanes = Lanes::default();
        let own = |client: u64| (0..9).map(move |number| (client, format!("{client}-{number}")));
        assert_eq!(find_room(&mut lanes, own(1)), OF_A_CLIENT);
        assert_eq!(find_room(&mut lanes, (2..99).flat_map(own)), AT_ONCE - OF_A_CLIENT);
        lanes.clear();
        // Eight clients have half of all, and ten more one each.
        assert_eq!(find_room(&mut lanes, (2..20).flat_map(own)), AT_ONCE / 2 + 10);
        lanes.clear();
        assert_eq!(find_room(&mut lanes, (1..99).map(|client| (client, "slow".to_owned()))), TO_A_HOST);
        lanes.leave(UploadId(TO_A_HOST as u64 - 1));
        assert_eq!(find_room(&mut lanes, [(500, "slow".to_owned()), (501, "slow".to_owned())]), 1);
    }
}
