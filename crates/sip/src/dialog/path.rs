//! How a request inside a dialog is written, and where it goes.
//!
//! Shape: [`Path`] holds what RFC 3261 §12 calls the dialog state beside the tags: URIs, route set, sequence number.
//! Errors: a `Contact` that is not usable is [`Malformed::Address`]; an unusable `Record-Route` is left out.
//! Sources: RFC 3261 §12.1 (making), §12.2.1.1 (requests, strict routing), §16.12.1; RFC 5626 §4.3 in spirit (NAT).

use crate::error::Malformed;
use crate::flow::{Flow, Transport, is_one_host};
use crate::listeners::Listeners;
use crate::message::build::Outgoing;
use crate::message::{Headers, MAGIC_COOKIE, MAX_FORWARDS, Method, NameAddr, Request, Response, Scheme, Uri};
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};

/// At most this many routes are remembered.
const MAX_ROUTES: usize = 32;

/// Where requests go when there is no route set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// To the remote target, as the RFC has it.
    Target,
    /// To where the peer was seen: its contact is an address behind a NAT.
    Seen,
    /// Over the connection that the peer made, as long as there is that.
    Connection,
}

/// The way to the peer of a dialog.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) call_id: String,
    /// What `From` says in our requests.
    pub(crate) local: String,
    /// What `To` says in our requests.
    pub(crate) remote: String,
    /// The last CSeq we used.
    pub(crate) local_seq: u32,
    /// The flow the dialog was set up with.
    pub(crate) flow: Flow,
    target: Uri,
    routes: Vec<NameAddr>,
    reach: Reach,
    /// Whether the connection of `flow` is gone. Where the peer made it, nobody listens at its far end.
    is_cut: bool,
}

impl Path {
    /// The way back to whoever sent an INVITE.
    pub(crate) fn of_invite(invite: &Request, flow: Flow, local_tag: &str, first_seq: u32) -> Result<Self, Malformed> {
        let mut path = Self {
            call_id: invite.call_id().to_owned(),
            local: invite.to().clone().with_tag(local_tag).to_string(),
            remote: invite.header("From").unwrap_or_default().to_owned(),
            local_seq: first_seq,
            flow,
            target: contact_of(&invite.common.headers).or_else(|fault| target_of_2543(invite).ok_or(fault))?,
            routes: record_routes(&invite.common.headers),
            reach: Reach::Target,
            is_cut: false,
        };
        path.reach = path.reach_of_caller();
        Ok(path)
    }

    /// The way of an INVITE that has no answer yet.
    pub(crate) fn of_invitation(request: &Outgoing, flow: Flow) -> Self {
        Self {
            call_id: request.call_id.clone(),
            local: request.from.clone(),
            remote: request.to.clone(),
            local_seq: request.cseq,
            flow,
            target: request.uri.clone(),
            routes: Vec::new(),
            reach: Reach::Seen,
            is_cut: false,
        }
    }

    /// The way to whoever answered our INVITE with a 2xx.
    pub(crate) fn of_success(request: &Outgoing, response: &Response, flow: Flow) -> Self {
        let headers = &response.common.headers;
        let mut path = Self::of_invitation(request, flow);
        path.remote = headers.first("To").unwrap_or_default().to_owned();
        path.routes = record_routes(headers);
        path.routes.reverse();
        // A 2xx without a usable contact breaks the RFC; what was called is the best guess.
        path.target = contact_of(headers).unwrap_or_else(|_| request.uri.as_target());
        path.reach = path.reach_of_callee();
        path
    }

    /// The contact of the peer.
    pub(crate) fn target(&self) -> &Uri {
        &self.target
    }

    /// Takes over the contact and the flow of a re-INVITE (RFC 3261 §12.2.2, target refresh).
    pub(crate) fn refresh(&mut self, request: &Request, flow: Flow) {
        if let Ok(target) = contact_of(&request.common.headers) {
            self.target = target;
            self.flow = flow;
            self.is_cut = false;
            self.reach = self.reach_of_caller();
        }
    }

    /// A connection is gone: from now on requests go where the route set and the contact of the peer say.
    pub(crate) fn lose_connection(&mut self, flow: Flow) {
        if self.flow == flow {
            self.is_cut = true;
            if self.reach == Reach::Connection {
                self.reach = Reach::Target;
            }
        }
    }

    /// Takes over the contact of a 2xx to a re-INVITE or UPDATE of ours (RFC 3261 §12.2.1.2, target refresh).
    pub(crate) fn refresh_by_answer(&mut self, response: &Response) {
        if let Ok(target) = contact_of(&response.common.headers) {
            self.target = target;
            // Who was once seen behind a NAT is still there.
            if self.reach == Reach::Target {
                self.reach = self.reach_of_callee();
            }
        }
    }

    /// The user part of our own address, for `Contact`.
    pub(crate) fn local_user(&self) -> Option<String> {
        let local: NameAddr = self.local.parse().ok()?;
        local.uri.user().map(|user| user.into_owned())
    }

    /// A caller over UDP whose contact is not the address it sends from sits behind a NAT. A caller over a byte stream is reached
    /// over its connection.
    fn reach_of_caller(&self) -> Reach {
        let elsewhere = self.target.ip().is_some_and(|ip| ip != self.flow.peer.ip());
        match self.flow.transport.is_reliable() {
            true => Reach::Connection,
            false if elsewhere => Reach::Seen,
            false => Reach::Target,
        }
    }

    /// A called phone may stand behind a proxy that does not stay in the path, so only a private contact behind a
    /// public address is taken for a NAT.
    fn reach_of_callee(&self) -> Reach {
        let hidden = self.target.ip().is_some_and(|ip| is_private(ip) && !is_private(self.flow.peer.ip()));
        if hidden { Reach::Seen } else { Reach::Target }
    }

    /// A request inside the dialog. An ACK takes the number of its INVITE, all others the next.
    pub(crate) fn request(&mut self, method: Method, listeners: &Listeners, branch: &str) -> (Flow, Outgoing) {
        if method != Method::Ack {
            self.local_seq += 1;
        }
        let flow = self.next_hop(listeners);
        let loose = self.routes.first().is_none_or(|route| route.uri.params().contains("lr"));
        let mut route: Vec<String> = self.routes.iter().map(ToString::to_string).collect();
        let uri = if loose {
            self.target.clone()
        } else {
            // A strict router wants itself in the request line and the target at the end (RFC 3261 §12.2.1.1).
            route.remove(0);
            route.push(format!("<{}>", self.target));
            self.routes[0].uri.as_target()
        };
        let outgoing = Outgoing {
            method,
            uri,
            via: listeners.via(flow, branch),
            from: self.local.clone(),
            to: self.remote.clone(),
            call_id: self.call_id.clone(),
            cseq: self.local_seq,
            max_forwards: MAX_FORWARDS,
            route,
            headers: Headers::default(),
            body: Bytes::new(),
        };
        (flow, outgoing)
    }

    /// Where the next request goes: to the first route, else to the target, when that is an address; else where the
    /// dialog was set up.
    fn next_hop(&self, listeners: &Listeners) -> Flow {
        let next = match self.routes.first() {
            Some(route) => &route.uri,
            None if self.reach != Reach::Target => return self.flow,
            None => &self.target,
        };
        let Some(ip) = next.ip().filter(|ip| is_one_host(*ip)) else { return self.flow };
        let transport = match next.param("transport") {
            Some(value) => Transport::from_param(&value),
            None if *next.scheme() == Scheme::Sips => Some(Transport::Tls),
            None => Some(self.flow.transport),
        };
        let Some(transport) = transport else { return self.flow };
        let port = next.port().unwrap_or(transport.default_port());
        if port == 0 {
            return self.flow;
        }
        let is_connected = transport.is_reliable() && !self.is_cut;
        if is_connected && self.flow.transport == transport && self.flow.peer.ip() == ip {
            return self.flow;
        }
        match listeners.local_for(transport, ip, self.flow) {
            Some(local) => Flow { transport, local, peer: SocketAddr::new(ip, port) },
            None => self.flow,
        }
    }
}

/// The URI of the first contact, when it is one that requests can be sent to.
fn contact_of(headers: &Headers) -> Result<Uri, Malformed> {
    let contact = headers.items("Contact").next().ok_or(Malformed::MissingHeader)?;
    let uri = contact.parse::<NameAddr>()?.uri;
    match uri.scheme() {
        Scheme::Sip | Scheme::Sips => Ok(uri.as_target()),
        Scheme::Tel | Scheme::Other(_) => Err(Malformed::Address),
    }
}

/// Where a peer of RFC 2543 is reached that gives no `Contact`: its `From` (RFC 4475 §3.4.2). Such a peer is known by what it
/// lacks: a branch of RFC 3261 and a tag.
fn target_of_2543(invite: &Request) -> Option<Uri> {
    let is_old = !invite.common.via.branch().starts_with(MAGIC_COOKIE) && invite.from().tag().is_none();
    let usable = matches!(invite.from().uri.scheme(), Scheme::Sip | Scheme::Sips);
    (is_old && usable && invite.header("Contact").is_none()).then(|| invite.from().uri.as_target())
}

fn record_routes(headers: &Headers) -> Vec<NameAddr> {
    headers.items("Record-Route").filter_map(|route| route.parse().ok()).take(MAX_ROUTES).collect()
}

/// Whether an address is of no use from elsewhere (RFC 1918, RFC 6598, RFC 4193, loopback, link-local).
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || a == 100 && (64..128).contains(&b)
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}
