//! The socket of one media stream.
//!
//! Shape: the machine's stand where they are used and not behind a pointer, because each costs a miss of the cache, thousands of times
//! every 20 ms; others, for tests, stand behind a trait.
//! Errors: none that anybody could act upon; what cannot be read or sent is lost, as on any network.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
};

use antiphon_media::Senders;

/// A datagram socket of one media stream, never waited on.
pub enum MediaSocket {
    /// A socket of the machine.
    Udp(UdpMedia),
    /// Another one.
    Virtual(Box<dyn VirtualMedia>),
}

/// A media socket that is none of the machine's.
pub trait VirtualMedia: Send + Sync + 'static {
    /// Copies the oldest datagram that waits, cut off at the buffer's end, and says how long it is and where it came from.
    fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)>;
    /// Sends at once.
    fn send(&self, datagram: &[u8], to: SocketAddr);
}

impl MediaSocket {
    /// Copies the oldest datagram that waits, cut off at the buffer's end, and says how long it is and where it came from.
    pub fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        match self {
            Self::Udp(socket) => socket.receive(buffer),
            Self::Virtual(socket) => socket.receive(buffer),
        }
    }

    /// Sends at once; what cannot be sent is lost.
    pub fn send(&self, datagram: &[u8], to: SocketAddr) {
        match self {
            Self::Udp(socket) => socket.send(datagram, to),
            Self::Virtual(socket) => socket.send(datagram, to),
        }
    }

    /// Hears only these senders from now on, where the socket can be told so; the stream refuses the others anyway.
    pub fn hear(&mut self, senders: Senders) {
        if let Self::Udp(socket) = self {
            socket.hear(senders);
        }
    }
}

/// A UDP socket, connected while only one sender counts: the kernel then looks for no way at each packet, and for nobody else's.
pub struct UdpMedia {
    socket: UdpSocket,
    connected: Option<SocketAddr>,
}

impl UdpMedia {
    /// Over a bound socket that does not block.
    pub(super) fn new(socket: UdpSocket) -> Self {
        Self { socket, connected: None }
    }

    fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        match self.connected {
            // An error may be the peer's ICMP answer to an earlier packet of ours; the next read is good again.
            Some(peer) => Some((self.socket.recv(buffer).ok()?, peer)),
            None => self.socket.recv_from(buffer).ok(),
        }
    }

    fn send(&self, datagram: &[u8], to: SocketAddr) {
        let sent = match self.connected {
            Some(peer) if peer == to => self.socket.send(datagram),
            _ => self.socket.send_to(datagram, to),
        };
        if let (Err(error), Some(_)) = (sent, self.connected)
            && error.kind() == io::ErrorKind::ConnectionRefused
        {
            // That was the answer to an earlier packet, told in place of sending this one.
            let _ = self.socket.send(datagram);
        }
    }

    fn hear(&mut self, senders: Senders) {
        if let Some(before) = self.connected.take()
            && let Err(error) = rustix::net::connect_unspec(&self.socket)
        {
            tracing::debug!(%error, "a media socket stays connected");
            self.connected = Some(before);
        }
        if let Senders::Only(peer) = senders
            && self.socket.connect(peer).is_ok()
        {
            self.connected = Some(peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(at: &str) -> Option<(MediaSocket, UdpSocket, UdpSocket)> {
        let bind = || UdpSocket::bind(at).ok();
        let (found, peer, other) = (bind()?, bind()?, bind()?);
        // By its number, as ports are leased: one that the system chose would be chosen anew.
        let named = found.local_addr().ok()?;
        drop(found);
        let ours = UdpSocket::bind(named).ok()?;
        ours.set_nonblocking(true).unwrap();
        peer.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        Some((MediaSocket::Udp(UdpMedia::new(ours)), peer, other))
    }

    fn port(socket: &MediaSocket) -> SocketAddr {
        let MediaSocket::Udp(udp) = socket else { unreachable!("made above") };
        udp.socket.local_addr().unwrap()
    }

    #[test]
    fn what_waits_is_given_in_order_with_its_source_and_length() {
        for at in ["127.0.0.1:0", "[::1]:0"] {
            // A machine without IPv6 has nothing to read there.
            let Some((socket, peer, _)) = pair(at) else { continue };
            let mut buffer = [0; 2_048];
            assert_eq!(socket.receive(&mut buffer), None);
            for length in [172, 0, 9_000, 1] {
                peer.send_to(&vec![7; length], port(&socket)).unwrap();
            }
            let from = peer.local_addr().unwrap();
            let heard: Vec<_> = std::iter::from_fn(|| socket.receive(&mut buffer)).collect();
            assert_eq!(heard, [(172, from), (0, from), (2_048, from), (1, from)]);
        }
    }

    #[test]
    fn a_socket_that_hears_one_sender_hears_all_again_when_told() {
        let (mut socket, peer, other) = pair("127.0.0.1:0").unwrap();
        let (ours, mut buffer) = (port(&socket), [0; 64]);
        socket.hear(Senders::Only(peer.local_addr().unwrap()));
        other.send_to(b"stranger", ours).unwrap();
        peer.send_to(b"peer", ours).unwrap();
        assert_eq!(socket.receive(&mut buffer), Some((4, peer.local_addr().unwrap())));
        assert_eq!(socket.receive(&mut buffer), None);
        socket.send(b"to the peer", peer.local_addr().unwrap());
        assert_eq!(peer.recv(&mut buffer).unwrap(), 11);
        socket.hear(Senders::Anybody);
        assert_eq!(port(&socket), ours, "the port stays");
        other.send_to(b"other", ours).unwrap();
        assert_eq!(socket.receive(&mut buffer), Some((5, other.local_addr().unwrap())));
    }

    #[test]
    fn a_refused_packet_costs_only_itself() {
        let (mut socket, peer, _) = pair("127.0.0.1:0").unwrap();
        let to = peer.local_addr().unwrap();
        socket.hear(Senders::Only(to));
        drop(peer);
        socket.send(b"nobody is there", to);
        let peer = UdpSocket::bind(to).unwrap();
        peer.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        socket.send(b"again", to);
        assert_eq!(peer.recv(&mut [0; 64]).unwrap(), 5);
    }
}
