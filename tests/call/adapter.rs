//! The virtual network as the server's network.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use antiphon_server::net::{MediaSocket, Network, READ_AT_ONCE, Wire};
use antiphon_testkit::{BindError, Datagram, VirtualNet, VirtualSocket};

/// Sockets of a [`VirtualNet`] for the server.
pub(crate) struct OnVirtualNet(pub(crate) VirtualNet);

struct Socket(VirtualSocket);

fn in_use(error: BindError) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, error)
}

/// Copies a datagram; what does not fit is cut off, as by any datagram socket.
fn copied(datagram: &Datagram, buffer: &mut [u8]) -> (usize, SocketAddr) {
    let length = datagram.payload.len().min(buffer.len());
    buffer[..length].copy_from_slice(&datagram.payload[..length]);
    (length, datagram.from)
}

impl Network for OnVirtualNet {
    fn wire(&self, at: SocketAddr) -> io::Result<Arc<dyn Wire>> {
        Ok(Arc::new(Socket(self.0.bind(at).map_err(in_use)?)))
    }

    fn media_socket(&self, at: SocketAddr) -> io::Result<Box<dyn MediaSocket>> {
        Ok(Box::new(Socket(self.0.bind(at).map_err(in_use)?)))
    }
}

impl Wire for Socket {
    fn local_addr(&self) -> SocketAddr {
        self.0.local_addr()
    }

    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.0.poll_receive(cx).map(|datagram| Ok(copied(&datagram, buffer)))
    }

    fn send(&self, datagram: &[u8], to: SocketAddr) -> io::Result<()> {
        self.0.send(datagram, to);
        Ok(())
    }
}

impl MediaSocket for Socket {
    fn receive(&self, take: &mut dyn FnMut(SocketAddr, &[u8])) -> usize {
        let waiting = std::iter::from_fn(|| self.0.try_receive()).take(READ_AT_ONCE);
        waiting.map(|datagram| take(datagram.from, &datagram.payload)).count()
    }

    fn send(&self, datagram: &[u8], to: SocketAddr) -> bool {
        self.0.send(datagram, to);
        true
    }
}
