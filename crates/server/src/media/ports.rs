//! Leases of RTP ports.
//!
//! Shape: even ports of a range, handed out oldest-freed first, so that late packets of an ended call find nobody for as long as the
//! range allows, and never within [`QUARANTINE`] (RFC 3550 §11: an even port, its odd neighbour for RTCP). The odd one is bound when
//! the stream has lived long enough to report: calls that are over at once do not pay for it.
//! Time: told, but for the end of a lease, which reads the clock of the task or thread that drops it.
//! Errors: [`NoPort`] when every port of the range is leased, in quarantine or taken by another program, or when no socket can be had
//! at all; then the log says why.
//!
//! Whoever does not know yet that its call is over sends on for a while. A new call on that port would hear it, should its own peer be
//! silent: better no call than that. What the old peer sends after the quarantine is known by its source and its SSRC, which
//! [`Lease::former`] hands on.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    call::executor::clock,
    net::{ControlSocket, MediaSocket, Network},
};

/// How long a port that was freed is not leased, even if there is no other.
pub const QUARANTINE: Duration = Duration::from_secs(1);
/// After so long the peer of the call before has stopped sending.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// Every port of the range is in use.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no free RTP port")]
pub struct NoPort;

/// Who sent to a port: an address and its SSRC.
pub type Sender = (SocketAddr, u32);

/// A port that nobody has.
#[derive(Copy, Clone, Debug)]
struct Free {
    port: u16,
    /// When it was freed, and who had sent to it.
    since: Option<(Instant, Option<Sender>)>,
}

/// The server's RTP ports.
#[derive(Clone)]
pub struct Ports {
    network: Arc<dyn Network>,
    free: Arc<Mutex<VecDeque<Free>>>,
    total: usize,
    last: u16,
}

/// A bound port, given back when dropped.
pub struct Lease {
    /// The port's number.
    pub port: u16,
    ip: IpAddr,
    /// The port above, where the range has it.
    above: Option<u16>,
    network: Arc<dyn Network>,
    free: Arc<Mutex<VecDeque<Free>>>,
    /// Whoever sent to the port in the call before, when that is not long ago.
    former: Option<Sender>,
    /// Who sends to it now.
    sender: OnceLock<Sender>,
}

impl Ports {
    /// The even ports of a range, on this network.
    pub fn new(network: Arc<dyn Network>, range: &RangeInclusive<u16>) -> Self {
        let even = range.clone().filter(|port| port % 2 == 0 && *port != 0);
        let free: VecDeque<Free> = even.map(|port| Free { port, since: None }).collect();
        let total = free.len();
        Self { network, free: Arc::new(Mutex::new(free)), total, last: *range.end() }
    }

    /// How many streams there can be at once.
    pub fn total(&self) -> usize {
        self.total
    }

    /// How many are free now, those in quarantine included.
    pub fn free(&self) -> usize {
        lock(&self.free).len()
    }

    /// Binds a free port at this address.
    ///
    /// # Errors
    /// [`NoPort`] when none is free. Ports that other programs hold are passed over, each for the price of a failed bind. Any other
    /// failure would be the same for the next port.
    pub fn lease(&self, now: Instant, ip: IpAddr) -> Result<(Lease, MediaSocket), NoPort> {
        for _ in 0..self.total {
            let Free { port, since } = self.oldest(now).ok_or(NoPort)?;
            let (network, free) = (self.network.clone(), self.free.clone());
            let former =
                since.and_then(|(since, sender)| sender.filter(|_| now.saturating_duration_since(since) < FORGOTTEN));
            match network.media_socket(SocketAddr::new(ip, port)) {
                Ok(socket) => {
                    let above = port.checked_add(1).filter(|above| *above <= self.last);
                    return Ok((Lease { port, ip, above, network, free, former, sender: OnceLock::new() }, socket));
                }
                // As if it were freed now, so that the queue stays in order.
                Err(error) if is_of_the_port(&error) => {
                    lock(&self.free).push_back(Free { port, since: Some((now, None)) });
                }
                Err(error) => {
                    tracing::error!(%error, %ip, "no socket for sound can be opened");
                    lock(&self.free).push_front(Free { port, since });
                    return Err(NoPort);
                }
            }
        }
        Err(NoPort)
    }

    /// The port that has been free for longest, if that is long enough.
    fn oldest(&self, now: Instant) -> Option<Free> {
        let mut free = lock(&self.free);
        let (since, _) = free.front()?.since.unzip();
        let rested = since.is_none_or(|since| now.saturating_duration_since(since) >= QUARANTINE);
        if rested { free.pop_front() } else { None }
    }
}

impl Lease {
    /// Binds the port above, for RTCP.
    ///
    /// # Errors
    /// What the operating system says, or that the range ends before it; the stream then does without.
    pub fn control_socket(&self) -> io::Result<Box<dyn ControlSocket>> {
        let above = self.above.ok_or(io::ErrorKind::AddrNotAvailable)?;
        self.network.control_socket(SocketAddr::new(self.ip, above))
    }

    /// Whoever sent to this port in the call before, where that was lately.
    pub fn former(&self) -> Option<Sender> {
        self.former
    }

    /// Notes who sends to it; the first word counts.
    pub fn note_sender(&self, sender: Sender) {
        let _ = self.sender.set(sender);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let since = Some((clock(), self.sender.get().copied()));
        lock(&self.free).push_back(Free { port: self.port, since });
    }
}

/// Whether another port may do where this one did not: somebody else has it, or keeps us from it.
fn is_of_the_port(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

/// The queue is whole after every statement, so a panic elsewhere while it was locked harms nothing.
fn lock(free: &Mutex<VecDeque<Free>>) -> std::sync::MutexGuard<'_, VecDeque<Free>> {
    free.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, io};

    use super::*;
    use crate::net::{VirtualMedia, Wire};

    #[derive(Default)]
    struct Sockets {
        taken: HashSet<u16>,
        /// So many sockets cannot be had, whatever their port.
        without: std::sync::atomic::AtomicUsize,
    }

    struct Nothing;

    impl VirtualMedia for Nothing {
        fn receive(&self, _: &mut [u8]) -> Option<(usize, SocketAddr)> {
            None
        }
        fn send(&self, _: &[u8], _: SocketAddr) {}
    }

    impl ControlSocket for Nothing {
        fn receive(&self, _: Instant, _: &mut dyn FnMut(Instant, SocketAddr, &[u8])) {}
        fn send(&self, _: &[u8], _: SocketAddr) {}
    }

    impl Network for Sockets {
        fn wire(&self, _: SocketAddr) -> io::Result<Arc<dyn Wire>> {
            Err(io::ErrorKind::Unsupported.into())
        }
        fn media_socket(&self, at: SocketAddr) -> io::Result<MediaSocket> {
            use std::sync::atomic::Ordering::Relaxed;
            if self.without.fetch_update(Relaxed, Relaxed, |without| without.checked_sub(1)).is_ok() {
                return Err(io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error()));
            }
            if self.taken.contains(&at.port()) {
                Err(io::ErrorKind::AddrInUse.into())
            } else {
                Ok(MediaSocket::Virtual(Box::new(Nothing)))
            }
        }
        fn control_socket(&self, at: SocketAddr) -> io::Result<Box<dyn ControlSocket>> {
            if self.taken.contains(&at.port()) { Err(io::ErrorKind::AddrInUse.into()) } else { Ok(Box::new(Nothing)) }
        }
        fn names(&self, _: &[SocketAddr]) -> io::Result<Arc<dyn crate::locate::Names>> {
            Err(io::ErrorKind::Unsupported.into())
        }
        fn web(
            &self,
            _: &crate::settings::WebSettings,
            _: Arc<dyn crate::locate::Names>,
        ) -> Result<Arc<dyn crate::web::WebWire>, crate::web::internet::WebError> {
            unreachable!("ports ask no web server")
        }
    }

    fn ports(taken: &[u16], range: RangeInclusive<u16>) -> Ports {
        Ports::new(Arc::new(Sockets { taken: taken.iter().copied().collect(), ..Sockets::default() }), &range)
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn ports_are_even_and_the_oldest_freed_comes_first() {
        let ports = ports(&[], 16_385..=16_390);
        assert_eq!(ports.total(), 3);
        let (first, _) = ports.lease(clock(), HERE).unwrap();
        assert_eq!(first.port, 16_386);
        drop(first);
        let later = clock() + QUARANTINE;
        let taken: Vec<u16> = std::iter::from_fn(|| {
            ports.lease(later, HERE).ok().map(|(lease, _)| std::mem::ManuallyDrop::new(lease).port)
        })
        .collect();
        assert_eq!(taken, [16_388, 16_390, 16_386]);
    }

    #[test]
    fn a_port_of_another_program_is_passed_over() {
        let ports = ports(&[20_000], 20_000..=20_003);
        assert_eq!(ports.lease(clock(), HERE).unwrap().0.port, 20_002);
    }

    #[test]
    fn another_server_on_the_same_range_leaves_the_rest_of_it_to_us() {
        let taken: Vec<u16> = (20_000..20_400).step_by(2).collect();
        let ports = ports(&taken, 20_000..=20_403);
        assert_eq!(ports.lease(clock(), HERE).unwrap().0.port, 20_400);
    }

    #[test]
    fn a_range_that_others_hold_whole_says_so() {
        let ports = ports(&[20_000, 20_002], 20_000..=20_003);
        assert_eq!(ports.lease(clock(), HERE).map(drop).unwrap_err(), NoPort);
        assert_eq!(lock(&ports.free).len(), 2);
    }

    /// No descriptor is left, or the address is not ours: that is no fault of the ports.
    #[test]
    fn when_no_socket_can_be_had_at_all_the_ports_stay_as_they_are() {
        let sockets = Sockets { without: 1.into(), ..Sockets::default() };
        let ports = Ports::new(Arc::new(sockets), &(20_000..=20_007));
        let now = clock();
        assert_eq!(ports.lease(now, HERE).map(drop).unwrap_err(), NoPort);
        let after: Vec<u16> =
            (0..4).map_while(|_| Some(std::mem::ManuallyDrop::new(ports.lease(now, HERE).ok()?.0).port)).collect();
        assert_eq!(after, [20_000, 20_002, 20_004, 20_006], "not one is in quarantine for it");
    }

    #[test]
    fn an_exhausted_range_says_so() {
        let ports = ports(&[], 20_000..=20_001);
        let held = ports.lease(clock(), HERE).unwrap();
        assert_eq!(ports.lease(clock(), HERE).map(drop).unwrap_err(), NoPort);
        drop(held);
        assert!(ports.lease(clock() + QUARANTINE, HERE).is_ok());
    }

    #[test]
    fn a_freed_port_rests_even_when_there_is_no_other() {
        let ports = ports(&[], 20_000..=20_003);
        let (one, _) = ports.lease(clock(), HERE).unwrap();
        let kept = ports.lease(clock(), HERE).unwrap();
        let before = clock();
        drop(one);
        assert_eq!(ports.free(), 1, "free, and resting");
        assert_eq!(ports.lease(before + QUARANTINE / 2, HERE).map(drop).unwrap_err(), NoPort);
        assert_eq!(ports.lease(clock() + QUARANTINE, HERE).unwrap().0.port, 20_000);
        drop(kept);
    }

    #[test]
    fn a_lease_knows_who_sent_to_the_port_a_while_ago_and_not_long_ago() {
        let sender = (SocketAddr::from(([192, 0, 2, 1], 4_000)), 7);
        for (after, expect) in [(QUARANTINE, Some(sender)), (FORGOTTEN * 2, None)] {
            let ports = ports(&[], 20_000..=20_001);
            let (lease, _) = ports.lease(clock(), HERE).unwrap();
            assert_eq!(lease.former(), None);
            lease.note_sender(sender);
            drop(lease);
            assert_eq!(ports.lease(clock() + after, HERE).unwrap().0.former(), expect);
        }
    }

    #[test]
    fn the_port_above_is_bound_only_when_asked_for_and_may_be_taken() {
        let ports = ports(&[20_001], 20_000..=20_004);
        let leases: Vec<_> = (0..3).map(|_| ports.lease(clock(), HERE).unwrap().0).collect();
        let bound: Vec<_> = leases.iter().map(|lease| lease.control_socket().is_ok()).collect();
        assert_eq!(bound, [false, true, false], "taken, free, and beyond the range");
    }
}
