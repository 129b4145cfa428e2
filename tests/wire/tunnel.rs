//! TLS for programs that have none: what they say over TCP goes on over TLS, and back.
//!
//! Shape: one listener for each way in; a connection to it has one behind it for as long as it lasts. Listeners and connections
//! end with [`Tunnels`].
//! Errors: a connection that cannot be continued is closed, as a far end would that is not there.

use std::net::{SocketAddr, TcpListener as StdListener};

use rustls::pki_types::ServerName;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::authority::{Authority, NAME};

/// All tunnels of a test.
pub(crate) struct Tunnels {
    runtime: Runtime,
    connector: TlsConnector,
    acceptor: TlsAcceptor,
}

impl Tunnels {
    /// Tunnels that trust this authority, and show a certificate of it for 127.0.0.1.
    pub(crate) fn new(authority: &Authority) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_io().build().expect("a thread");
        let (client, server) = (authority.client(), authority.server("127.0.0.1"));
        Self { runtime, connector: TlsConnector::from(client), acceptor: TlsAcceptor::from(server) }
    }

    /// Where TCP goes on as TLS to this server.
    pub(crate) fn to_server(&self, server: SocketAddr) -> SocketAddr {
        let (listener, at) = self.listener();
        let connector = self.connector.clone();
        self.runtime.spawn(async move {
            while let Ok((mut plain, _)) = listener.accept().await {
                let connector = connector.clone();
                tokio::spawn(async move {
                    let name = ServerName::try_from(NAME).expect("a name");
                    let Ok(stream) = TcpStream::connect(server).await else { return };
                    let Ok(mut stream) = connector.connect(name, stream).await else { return };
                    // Either end may close.
                    let _ = copy_bidirectional(&mut plain, &mut stream).await;
                });
            }
        });
        at
    }

    /// The port where TLS goes on as TCP to this port.
    pub(crate) fn to_phone(&self, phone: u16) -> u16 {
        let (listener, at) = self.listener();
        let acceptor = self.acceptor.clone();
        self.runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut plain) = TcpStream::connect(("127.0.0.1", phone)).await else { return };
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let _ = copy_bidirectional(&mut stream, &mut plain).await;
                });
            }
        });
        at.port()
    }

    fn listener(&self) -> (TcpListener, SocketAddr) {
        let _inside = self.runtime.enter();
        let listener = StdListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a listener need not block");
        let at = listener.local_addr().expect("a bound socket has an address");
        (TcpListener::from_std(listener).expect("the runtime has a reactor"), at)
    }
}
