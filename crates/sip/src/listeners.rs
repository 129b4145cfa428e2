//! What our own addresses look like to others.
//!
//! Shape: a flow in; `Via`, `Contact` or a local address out.
//! Errors: a flow that no listener owns gets the first of its transport, and without one speaks for itself.
//! Sources: RFC 3261 §8.1.1.7, §8.1.1.8, §18.1.1; RFC 3581 §3.

use crate::flow::{Flow, Listener, Transport};
use crate::message::{Params, Scheme, Uri, Via};
use std::net::{IpAddr, SocketAddr};

/// All listeners.
#[derive(Debug)]
pub(crate) struct Listeners(Vec<Listener>);

impl Listeners {
    pub(crate) fn new(listeners: Vec<Listener>) -> Self {
        Self(listeners)
    }

    fn of(&self, flow: Flow) -> Option<&Listener> {
        let mut same = self.0.iter().filter(|listener| listener.transport == flow.transport);
        same.clone().find(|listener| listener.local == flow.local).or_else(|| same.next())
    }

    fn advertised(&self, flow: Flow) -> SocketAddr {
        self.of(flow).map_or(flow.local, |listener| listener.advertised)
    }

    /// The `Via` of a request that leaves over `flow`.
    pub(crate) fn via(&self, flow: Flow, branch: &str) -> Via {
        let advertised = self.advertised(flow);
        let mut params = Params::default();
        params.set("branch", Some(branch));
        if !flow.transport.is_reliable() {
            params.set("rport", None);
        }
        Via {
            transport: flow.transport.via_token().to_owned(),
            host: Uri::sip(None, advertised).host().to_owned(),
            port: Some(advertised.port()),
            params,
        }
    }

    /// What `Contact` says to the peer of `flow`, in a request to `asked` or a response to a request for it: `sips:` where that is
    /// (RFC 3261 §8.1.1.8, §12.1.1).
    pub(crate) fn contact(&self, flow: Flow, user: Option<&str>, asked: &Uri) -> String {
        let uri = Uri::sip(user, self.advertised(flow));
        match flow.transport.param() {
            Some(_) if flow.transport == Transport::Tls && *asked.scheme() == Scheme::Sips => {
                format!("<{}>", uri.secured())
            }
            None => format!("<{uri}>"),
            Some(transport) => format!("<{}>", uri.with_param("transport", Some(transport))),
        }
    }

    /// The local address for a message to `ip`: that of `flow` when it fits, else the first listener that does.
    pub(crate) fn local_for(&self, transport: Transport, ip: IpAddr, flow: Flow) -> Option<SocketAddr> {
        if flow.transport == transport && flow.local.is_ipv4() == ip.is_ipv4() {
            return Some(flow.local);
        }
        let fits = |listener: &&Listener| listener.transport == transport && listener.local.is_ipv4() == ip.is_ipv4();
        self.0.iter().find(fits).map(|listener| listener.local)
    }
}
