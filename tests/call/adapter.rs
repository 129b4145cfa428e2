//! The virtual network as the server's network.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use antiphon_server::locate::{Answers, Names, Question, Record};
use antiphon_server::net::{ControlSocket, MediaSocket, Network, REPORTS_AT_ONCE, VirtualMedia, Wire};
use antiphon_server::settings::WebSettings;
use antiphon_server::web::{WebWire, internet::WebError};
use antiphon_testkit::{BindError, Datagram, VirtualNet, VirtualSocket};

use crate::web::ToldWeb;

/// Sockets of a [`VirtualNet`] for the server, and names that a test tells: no name server is asked on virtual time.
pub(crate) struct OnVirtualNet {
    pub(crate) net: VirtualNet,
    /// Each with its records; any other name has none.
    pub(crate) names: Vec<(&'static str, Record)>,
    /// The web servers.
    pub(crate) web: ToldWeb,
}

struct Told(Vec<(&'static str, Record)>);

impl Names for Told {
    fn ask<'a>(&'a self, name: &'a str, question: Question) -> Answers<'a> {
        let is_asked = |record: &Record| match record {
            Record::Naptr(_) => question == Question::Naptr,
            Record::Srv(_) => question == Question::Srv,
            Record::Address(_) => question == Question::Address,
        };
        let records = self.0.iter().filter(|(told, record)| *told == name && is_asked(record));
        Box::pin(std::future::ready(records.map(|(_, record)| record.clone()).collect()))
    }
}

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
        Ok(Arc::new(Socket(self.net.bind(at).map_err(in_use)?)))
    }

    fn media_socket(&self, at: SocketAddr) -> io::Result<MediaSocket> {
        Ok(MediaSocket::Virtual(Box::new(Socket(self.net.bind(at).map_err(in_use)?))))
    }

    fn control_socket(&self, at: SocketAddr) -> io::Result<Box<dyn ControlSocket>> {
        Ok(Box::new(Socket(self.net.bind(at).map_err(in_use)?)))
    }

    fn names(&self, _: &[SocketAddr]) -> io::Result<Arc<dyn Names>> {
        Ok(Arc::new(Told(self.names.clone())))
    }

    fn web(&self, _: &WebSettings, _: Arc<dyn Names>) -> Result<Arc<dyn WebWire>, WebError> {
        Ok(Arc::new(self.web.clone()))
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
        if self.0.try_send(datagram, to) { Ok(()) } else { Err(io::ErrorKind::HostUnreachable.into()) }
    }
}

impl VirtualMedia for Socket {
    fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        self.0.try_receive().map(|datagram| copied(&datagram, buffer))
    }

    fn send(&self, datagram: &[u8], to: SocketAddr) {
        self.0.send(datagram, to);
    }
}

impl ControlSocket for Socket {
    fn receive(&self, _: Instant, take: &mut dyn FnMut(Instant, SocketAddr, &[u8])) {
        let waiting = std::iter::from_fn(|| self.0.try_receive()).take(REPORTS_AT_ONCE);
        waiting.for_each(|datagram| take(datagram.at.into_std(), datagram.from, &datagram.payload));
    }

    fn send(&self, datagram: &[u8], to: SocketAddr) {
        self.0.send(datagram, to);
    }
}
