//! The socket of one media stream.
//!
//! Shape: the machine's stand where they are used and not behind a pointer, because each costs a miss of the cache, thousands of times
//! every 20 ms; others, for tests, stand behind a trait.
//! Errors: none that anybody could act upon; what cannot be read or sent is lost, as on any network.

use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
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

    /// Tells the address that the peer was given for it, which is not always the one it is bound to.
    pub fn show_as(&mut self, ip: IpAddr) {
        if let Self::Udp(socket) = self {
            socket.shown = Some(ip);
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
///
/// A connected socket is heard at one address of ours, the one that leads to the sender. One that is bound to all of them is
/// therefore connected only where that is the address that the peer was given.
pub struct UdpMedia {
    socket: UdpSocket,
    shown: Option<IpAddr>,
    connected: Option<SocketAddr>,
}

impl UdpMedia {
    /// Over a bound socket that does not block.
    pub(super) fn new(socket: UdpSocket) -> Self {
        Self { socket, shown: None, connected: None }
    }

    fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        // What others sent before the socket was connected may still wait, so the source is asked for in any case.
        match self.socket.recv_from(buffer) {
            Ok(heard) => Some(heard),
            Err(error) if self.is_answer(&error) => self.socket.recv_from(buffer).ok(),
            Err(_) => None,
        }
    }

    /// Whether an error may be the answer of ICMP to an earlier packet of ours, told in place of what was asked for and once.
    fn is_answer(&self, error: &io::Error) -> bool {
        self.connected.is_some() && error.kind() != io::ErrorKind::WouldBlock
    }

    fn send(&self, datagram: &[u8], to: SocketAddr) {
        let sent = match self.connected {
            Some(peer) if peer == to => self.socket.send(datagram),
            _ => self.socket.send_to(datagram, to),
        };
        if let Err(error) = sent
            && self.is_answer(&error)
        {
            let _ = self.socket.send_to(datagram, to);
        }
    }

    fn hear(&mut self, senders: Senders) {
        self.disconnect();
        let (Senders::Only(peer), Ok(bound)) = (senders, self.socket.local_addr()) else { return };
        if self.socket.connect(peer).is_err() {
            return;
        }
        self.connected = Some(peer);
        let is_heard = |ours: SocketAddr| !bound.ip().is_unspecified() || Some(ours.ip()) == self.shown;
        if !self.socket.local_addr().is_ok_and(is_heard) {
            self.disconnect();
        }
    }

    fn disconnect(&mut self) {
        if let Some(before) = self.connected.take()
            && let Err(error) = rustix::net::connect_unspec(&self.socket)
        {
            tracing::debug!(%error, "a media socket stays connected");
            self.connected = Some(before);
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
    fn what_others_sent_before_a_socket_hears_one_sender_is_not_taken_for_that_sender() {
        let (mut socket, peer, other) = pair("127.0.0.1:0").unwrap();
        let (ours, mut buffer) = (port(&socket), [0; 64]);
        let (of_peer, of_other) = (peer.local_addr().unwrap(), other.local_addr().unwrap());
        other.send_to(b"stranger", ours).unwrap();
        peer.send_to(b"peer", ours).unwrap();
        socket.hear(Senders::Only(of_peer));
        let heard: Vec<_> = std::iter::from_fn(|| socket.receive(&mut buffer)).collect();
        assert_eq!(heard, [(8, of_other), (4, of_peer)]);
    }

    #[test]
    fn a_peer_is_heard_although_packets_to_it_are_refused() {
        let (mut socket, peer, _) = pair("127.0.0.1:0").unwrap();
        let (to, mut buffer) = (peer.local_addr().unwrap(), [0; 64]);
        socket.hear(Senders::Only(to));
        peer.send_to(b"heard", port(&socket)).unwrap();
        drop(peer);
        // Its refusal waits in front of what the peer said.
        socket.send(b"nobody is there", to);
        assert_eq!(socket.receive(&mut buffer), Some((5, to)));
    }

    #[test]
    fn a_socket_of_every_address_is_heard_at_each_of_them_when_it_hears_one_sender() {
        let (_, peer, _) = pair("127.0.0.1:0").unwrap();
        for (shown, is_connected) in [([127, 0, 0, 1], true), ([127, 0, 0, 2], false)] {
            let ours = UdpSocket::bind("0.0.0.0:0").unwrap();
            let at = ours.local_addr().unwrap().port();
            drop(ours);
            let ours = UdpSocket::bind(("0.0.0.0", at)).unwrap();
            ours.set_nonblocking(true).unwrap();
            let mut socket = MediaSocket::Udp(UdpMedia::new(ours));
            socket.show_as(shown.into());
            let from = peer.local_addr().unwrap();
            socket.hear(Senders::Only(from));
            let MediaSocket::Udp(udp) = &socket else { unreachable!("made above") };
            assert_eq!(udp.connected.is_some(), is_connected, "{shown:?}");
            peer.send_to(b"heard", (std::net::Ipv4Addr::from(shown), at)).unwrap();
            assert_eq!(socket.receive(&mut [0; 64]), Some((5, from)), "{shown:?}");
        }
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
