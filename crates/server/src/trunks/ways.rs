//! The ways to a trunk.
//!
//! Shape: a URI as written in, flows out, those that failed lately last.

use antiphon_sip::{Flow, Uri};

use crate::{call::executor::clock, rooms::Rooms};

/// The ways to this URI, best first; none when its host has no address that we can talk to.
pub(super) async fn ways(rooms: &Rooms, uri: &Uri) -> Vec<Flow> {
    let mut ways = rooms.ways_to(uri).await.unwrap_or_default();
    rooms.destinations().order(clock(), &mut ways);
    ways
}
