//! What the operating system allows this process.
//!
//! Shape: the limit of open files is raised as far as it may be; the rest of it, after what the server needs for itself, is streams.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files of a stream: its RTP and its RTCP.
const FILES: u64 = 2;
/// Files that are not streams: listeners, connections, database, logs.
const RESERVE: u64 = 512;

/// How many streams the limit of open files leaves room for; `None` where that is none.
pub fn streams() -> Option<usize> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // When raising fails, the limit stays as it is and the ready line shows the capacity that follows from it.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let files = if raised { maximum } else { current };
    let room = |files: u64| usize::try_from(files.saturating_sub(RESERVE) / FILES).unwrap_or(usize::MAX);
    Some(files.map_or(usize::MAX, room)).filter(|streams| *streams > 0)
}
