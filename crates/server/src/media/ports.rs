//! Leases of RTP ports.
//!
//! Shape: even ports of a range, handed out oldest-freed first, so that late packets of an ended call find nobody for as long as the
//! range allows (RFC 3550 §11: an even port, its odd neighbour kept for RTCP).
//! Errors: [`NoPort`] when every port of the range is leased or taken by another program.

use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
};

use crate::net::{MediaSocket, Network};

/// Every port of the range is in use.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no free RTP port")]
pub struct NoPort;

/// The server's RTP ports.
#[derive(Clone)]
pub struct Ports {
    network: Arc<dyn Network>,
    free: Arc<Mutex<VecDeque<u16>>>,
    total: usize,
}

/// A bound port, given back when dropped.
pub struct Lease {
    /// The port's number.
    pub port: u16,
    free: Arc<Mutex<VecDeque<u16>>>,
}

impl Ports {
    /// The even ports of a range, on this network.
    pub fn new(network: Arc<dyn Network>, range: &RangeInclusive<u16>) -> Self {
        let free: VecDeque<u16> = range.clone().filter(|port| port % 2 == 0 && *port != 0).collect();
        let total = free.len();
        Self { network, free: Arc::new(Mutex::new(free)), total }
    }

    /// How many streams there can be at once.
    pub fn total(&self) -> usize {
        self.total
    }

    /// How many are free now.
    pub fn free(&self) -> usize {
        lock(&self.free).len()
    }

    /// Binds a free port at this address.
    ///
    /// # Errors
    /// [`NoPort`] when none is free. Ports that other programs hold are passed over, each for the price of a failed bind.
    pub fn lease(&self, ip: IpAddr) -> Result<(Lease, MediaSocket), NoPort> {
        for _ in 0..self.total {
            let port = lock(&self.free).pop_front().ok_or(NoPort)?;
            let lease = Lease { port, free: self.free.clone() };
            if let Ok(socket) = self.network.media_socket(SocketAddr::new(ip, port)) {
                return Ok((lease, socket));
            }
        }
        Err(NoPort)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        lock(&self.free).push_back(self.port);
    }
}

/// The queue is whole after every statement, so a panic elsewhere while it was locked harms nothing.
fn lock(free: &Mutex<VecDeque<u16>>) -> std::sync::MutexGuard<'_, VecDeque<u16>> {
    free.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, io};

    use super::*;
    use crate::net::{VirtualMedia, Wire};

    struct Sockets {
        taken: HashSet<u16>,
    }

    struct Nothing;

    impl VirtualMedia for Nothing {
        fn receive(&self, _: &mut [u8]) -> Option<(usize, SocketAddr)> {
            None
        }
        fn send(&self, _: &[u8], _: SocketAddr) {}
    }

    impl Network for Sockets {
        fn wire(&self, _: SocketAddr) -> io::Result<Arc<dyn Wire>> {
            Err(io::ErrorKind::Unsupported.into())
        }
        fn media_socket(&self, at: SocketAddr) -> io::Result<MediaSocket> {
            if self.taken.contains(&at.port()) {
                Err(io::ErrorKind::AddrInUse.into())
            } else {
                Ok(MediaSocket::Virtual(Box::new(Nothing)))
            }
        }
        fn names(&self, _: &[SocketAddr]) -> io::Result<Arc<dyn crate::locate::Names>> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    fn ports(taken: &[u16], range: RangeInclusive<u16>) -> Ports {
        Ports::new(Arc::new(Sockets { taken: taken.iter().copied().collect() }), &range)
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn ports_are_even_and_the_oldest_freed_comes_first() {
        let ports = ports(&[], 16_385..=16_390);
        assert_eq!(ports.total(), 3);
        let (first, _) = ports.lease(HERE).unwrap();
        assert_eq!(first.port, 16_386);
        drop(first);
        let taken: Vec<u16> =
            std::iter::from_fn(|| ports.lease(HERE).ok().map(|(lease, _)| std::mem::ManuallyDrop::new(lease).port))
                .collect();
        assert_eq!(taken, [16_388, 16_390, 16_386]);
    }

    #[test]
    fn a_port_of_another_program_is_passed_over() {
        let ports = ports(&[20_000], 20_000..=20_003);
        assert_eq!(ports.lease(HERE).unwrap().0.port, 20_002);
    }

    #[test]
    fn another_server_on_the_same_range_leaves_the_rest_of_it_to_us() {
        let taken: Vec<u16> = (20_000..20_400).step_by(2).collect();
        let ports = ports(&taken, 20_000..=20_403);
        assert_eq!(ports.lease(HERE).unwrap().0.port, 20_400);
    }

    #[test]
    fn a_range_that_others_hold_whole_says_so() {
        let ports = ports(&[20_000, 20_002], 20_000..=20_003);
        assert_eq!(ports.lease(HERE).map(drop).unwrap_err(), NoPort);
        assert_eq!(lock(&ports.free).len(), 2);
    }

    #[test]
    fn an_exhausted_range_says_so() {
        let ports = ports(&[], 20_000..=20_001);
        let held = ports.lease(HERE).unwrap();
        assert_eq!(ports.lease(HERE).map(drop).unwrap_err(), NoPort);
        drop(held);
        assert!(ports.lease(HERE).is_ok());
    }
}
