//! Sockets, real or virtual.
//!
//! Shape: a [`Network`] gives [`Wire`]s, on which signalling waits, [`MediaSocket`]s and [`ControlSocket`]s, which a media worker reads
//! without waiting, and whoever knows [`Names`]. A socket of IPv6 takes no IPv4, so that one of each can have the same port.
//! The machine's own sockets are [`Machine`]; tests put a virtual network in its place, because a paused clock beside a real socket
//! jumps over answers that are on their way.
//! Errors: as the operating system gives them; a datagram that cannot be sent is lost, as on any network.

mod dated;
mod media;

use std::{
    future::poll_fn,
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use tokio::io::ReadBuf;

pub use self::{
    dated::REPORTS_AT_ONCE,
    media::{MediaSocket, UdpMedia, VirtualMedia},
};
use crate::{
    locate::{Names, Resolver},
    settings::WebSettings,
    web::{
        WebWire,
        internet::{Internet, WebError},
    },
};

/// A datagram socket that a task waits on.
pub trait Wire: Send + Sync + 'static {
    /// The bound address, with the port that port 0 became.
    fn local_addr(&self) -> SocketAddr;
    /// The next datagram, or a promise to wake the task when there is one.
    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>>;
    /// Sends at once or not at all.
    fn send(&self, datagram: &[u8], to: SocketAddr) -> io::Result<()>;
}

/// Waits for the next datagram of a wire.
pub async fn receive(wire: &dyn Wire, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    poll_fn(|cx| wire.poll_receive(cx, buffer)).await
}

/// A datagram socket beside one of media, for its RTCP: read seldom, so that each datagram says when it came.
pub trait ControlSocket: Send + Sync + 'static {
    /// Gives what has arrived up to `now`, in order and at most [`REPORTS_AT_ONCE`] datagrams, each with its arrival.
    fn receive(&self, now: Instant, take: &mut dyn FnMut(Instant, SocketAddr, &[u8]));
    /// Sends at once; what cannot be sent is lost.
    fn send(&self, datagram: &[u8], to: SocketAddr);
}

/// Where sockets come from.
pub trait Network: Send + Sync + 'static {
    /// A wire bound to this address.
    fn wire(&self, at: SocketAddr) -> io::Result<Arc<dyn Wire>>;
    /// A media socket bound to this address.
    fn media_socket(&self, at: SocketAddr) -> io::Result<MediaSocket>;
    /// A socket for RTCP, bound to this address.
    fn control_socket(&self, at: SocketAddr) -> io::Result<Box<dyn ControlSocket>>;
    /// Who knows names: these servers, or the system's where there are none. Nobody is asked yet.
    fn names(&self, servers: &[SocketAddr]) -> io::Result<Arc<dyn Names>>;
    /// Who carries requests to web servers, whose names these know. Nobody is asked yet.
    fn web(&self, settings: &WebSettings, names: Arc<dyn Names>) -> Result<Arc<dyn WebWire>, WebError>;
}

/// What a wire asks of the kernel to keep until it is read, in bytes: about a second of messages at thousands of calls a second, so
/// that a burst waits for the signalling task where it would otherwise be lost and come again half a second later.
const SIGNALLING_BUFFER: usize = 4 << 20;

/// Asks for large buffers; without the privilege to go beyond it, the system's ceiling (`net.core.rmem_max`, `wmem_max`) holds.
fn enlarge_buffers(socket: &UdpSocket) {
    use rustix::net::sockopt::{
        set_socket_recv_buffer_size, set_socket_recv_buffer_size_force, set_socket_send_buffer_size,
        set_socket_send_buffer_size_force,
    };
    let enlarged = set_socket_recv_buffer_size_force(socket, SIGNALLING_BUFFER)
        .or_else(|_| set_socket_recv_buffer_size(socket, SIGNALLING_BUFFER))
        .and_then(|()| {
            set_socket_send_buffer_size_force(socket, SIGNALLING_BUFFER)
                .or_else(|_| set_socket_send_buffer_size(socket, SIGNALLING_BUFFER))
        });
    if let Err(error) = enlarged {
        // A burst may then lose datagrams, which SIP sends again.
        tracing::debug!(%error, "the buffers of a signalling socket stay as they are");
    }
}

/// The machine's own network.
#[derive(Copy, Clone, Debug)]
pub struct Machine;

impl Network for Machine {
    fn wire(&self, at: SocketAddr) -> io::Result<Arc<dyn Wire>> {
        let socket = bind(at)?;
        enlarge_buffers(&socket);
        let local = socket.local_addr()?;
        Ok(Arc::new(UdpWire { socket: tokio::net::UdpSocket::from_std(socket)?, local }))
    }

    fn media_socket(&self, at: SocketAddr) -> io::Result<MediaSocket> {
        Ok(MediaSocket::Udp(UdpMedia::new(bind(at)?)))
    }

    fn control_socket(&self, at: SocketAddr) -> io::Result<Box<dyn ControlSocket>> {
        Ok(Box::new(dated::Dated::new(bind(at)?)?))
    }

    fn names(&self, servers: &[SocketAddr]) -> io::Result<Arc<dyn Names>> {
        Ok(Arc::new(Resolver::new(servers).map_err(io::Error::other)?))
    }

    fn web(&self, settings: &WebSettings, names: Arc<dyn Names>) -> Result<Arc<dyn WebWire>, WebError> {
        Ok(Arc::new(Internet::new(settings, names)?))
    }
}

/// A datagram socket that nobody has to wait for.
fn bind(at: SocketAddr) -> io::Result<UdpSocket> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
    let family = if at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, None)?;
    if at.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    rustix::net::bind(&socket, &at)?;
    Ok(socket.into())
}

struct UdpWire {
    socket: tokio::net::UdpSocket,
    local: SocketAddr,
}

impl Wire for UdpWire {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut buffer = ReadBuf::new(buffer);
        match self.socket.poll_recv_from(cx, &mut buffer) {
            Poll::Ready(Ok(from)) => Poll::Ready(Ok((buffer.filled().len(), from))),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn send(&self, datagram: &[u8], to: SocketAddr) -> io::Result<()> {
        self.socket.try_send_to(datagram, to).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_families_can_have_every_address_at_one_port() {
        let any4 = Machine.wire(([0, 0, 0, 0], 0).into()).unwrap();
        let port = any4.local_addr().port();
        let any6 = Machine.wire((std::net::Ipv6Addr::UNSPECIFIED, port).into()).unwrap();
        let sender4 = UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
        sender4.send_to(b"four", (std::net::Ipv4Addr::LOCALHOST, port)).unwrap();
        let sender6 = UdpSocket::bind((std::net::Ipv6Addr::LOCALHOST, 0)).unwrap();
        sender6.send_to(b"six", (std::net::Ipv6Addr::LOCALHOST, port)).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(receive(&*any4, &mut buffer).await.unwrap(), (4, sender4.local_addr().unwrap()));
        assert_eq!(receive(&*any6, &mut buffer).await.unwrap(), (3, sender6.local_addr().unwrap()));
    }
}
