//! Finding the way to a URI: which transport, which address, and what else may be tried (RFC 3263).
//!
//! Shape: a URI in, [`Flow`]s out, best first. What is an address is known at once; names are asked for through [`Names`], all
//! that can be asked at the same time at once.
//! Time: a search ends within three seconds, of which services have two.
//! Errors: [`NoWay`]; answers that come late count as none.
//! Sources: RFC 3263 §4; `docs/rfc/3263.md` lists what is done.

mod names;
mod order;
mod resolver;

use std::{net::IpAddr, net::SocketAddr, sync::Arc, time::Duration};

use antiphon_sip::{Flow, Listener, Scheme, Transport, Uri, is_one_host};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use self::order::{Security, Service};
pub use self::{
    names::{Answers, Names, Naptr, Question, Record, Srv},
    resolver::Resolver,
};
use crate::peer_uri::{self, BadPeerUri};

/// How long services are asked for.
const SERVICES: Duration = Duration::from_secs(2);
/// How long a whole search may take.
const SEARCH: Duration = Duration::from_secs(3);
/// Services of a domain, hosts of them all, and addresses of a host that are looked at.
const MOST: usize = 8;
/// Ways that are returned at most.
const WAYS: usize = 16;

/// Why there is no way to a URI.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum NoWay {
    /// Nobody can be called at such a URI.
    #[error("the URI {0}")]
    Uri(#[from] BadPeerUri),
    /// The name has no address, or none was heard of in time.
    #[error("its host has no address in the domain name system")]
    Nameless,
    /// It can only be reached by a transport or family of addresses that nothing here listens on.
    #[error("no listener in sip has its transport and family of addresses")]
    NoListener,
}

/// A host to be asked for its addresses.
struct Host {
    transport: Transport,
    name: String,
    port: u16,
}

/// The ways to a URI, best first and never none.
///
/// `chance` is told a number and draws one from 0 to it, both included.
///
/// # Errors
/// [`NoWay`] when there is none.
pub async fn locate(
    names: &Arc<dyn Names>,
    listeners: &[Listener],
    uri: &Uri,
    mut chance: impl FnMut(u32) -> u32,
) -> Result<Vec<Flow>, NoWay> {
    let wish = peer_uri::transport(uri)?;
    let security = if *uri.scheme() == Scheme::Sips { Security::Tls } else { Security::Any };
    let maddr = uri.param("maddr");
    let host = maddr.as_deref().unwrap_or(uri.host());
    let usual = wish.unwrap_or(security.usual());
    let port = uri.port().unwrap_or(usual.default_port());
    if let Some(ip) = literal(host) {
        return flows(listeners, [(usual, SocketAddr::new(ip, port))]);
    }
    let until = Instant::now() + SEARCH;
    let hosts = match uri.port() {
        Some(_) => Vec::new(),
        None => {
            let spoken = |transport: Transport| listeners.iter().any(|listener| listener.transport == transport);
            let wished = |transport| spoken(transport) && wish.is_none_or(|wish| wish == transport);
            let services = services(names, host, security, wish, wished).await;
            services_hosts(services, &mut chance)
        }
    };
    let hosts = match hosts.is_empty() {
        true => vec![Host { transport: usual, name: host.to_owned(), port }],
        false => hosts,
    };
    flows(listeners, addresses(names, hosts, until).await)
}

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// A service together with its SRV records.
type Offered = (Service, Vec<Srv>);

/// The services of a domain that have hosts: those its NAPTR records name, else the usual ones.
///
/// Both are asked for at once, because the usual names are nearly always what NAPTR records name.
async fn services(
    names: &Arc<dyn Names>,
    domain: &str,
    security: Security,
    wish: Option<Transport>,
    wished: impl Fn(Transport) -> bool,
) -> Vec<Offered> {
    let until = Instant::now() + SERVICES;
    let transports = security.transports().iter().copied().filter(|transport| wished(*transport));
    let usual: Vec<Service> = transports.map(|transport| order::usual_service(domain, transport)).collect();
    let mut questions: Vec<_> = usual.iter().map(|service| (service.name.clone(), Question::Srv)).collect();
    // With a transport in the URI nothing is left for NAPTR records to choose.
    if wish.is_none() {
        questions.push((domain.to_owned(), Question::Naptr));
    }
    let mut answers = ask_all(names, questions, until).await;
    let naptr = if wish.is_none() { answers.pop().unwrap_or_default() } else { Vec::new() };
    let mut known: Vec<Offered> = usual.into_iter().zip(answers.into_iter().map(srv)).collect();
    let naptr = naptr.into_iter().filter_map(|record| match record {
        Record::Naptr(naptr) => Some(naptr),
        Record::Srv(_) | Record::Address(_) => None,
    });
    let mut named = order::services(naptr.collect(), security);
    named.retain(|service| wished(service.transport));
    named.truncate(MOST);
    if named.is_empty() {
        known.retain(|(_, records)| !records.is_empty());
        return known;
    }
    let is_known = |service: &Service| known.iter().position(|(usual, _)| same_name(&usual.name, &service.name));
    let unknown: Vec<_> = named.iter().filter(|service| is_known(service).is_none()).collect();
    let questions = unknown.iter().map(|service| (service.name.clone(), Question::Srv)).collect();
    let mut asked = ask_all(names, questions, until).await.into_iter();
    let records = named.iter().map(|service| match is_known(service) {
        Some(at) => known[at].1.clone(),
        None => srv(asked.next().unwrap_or_default()),
    });
    let records: Vec<_> = records.collect();
    named.into_iter().zip(records).collect()
}

fn same_name(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

fn srv(records: Vec<Record>) -> Vec<Srv> {
    let srv = records.into_iter().filter_map(|record| match record {
        Record::Srv(srv) => Some(srv),
        Record::Naptr(_) | Record::Address(_) => None,
    });
    srv.collect()
}

/// The hosts of services, in order.
fn services_hosts(services: Vec<Offered>, chance: &mut impl FnMut(u32) -> u32) -> Vec<Host> {
    let mut hosts = Vec::new();
    for (Service { transport, .. }, records) in services {
        let ordered = order::hosts(records, chance).into_iter();
        hosts.extend(ordered.map(|Srv { port, target, .. }| Host { transport, name: target, port }));
    }
    hosts.truncate(MOST);
    hosts
}

/// The addresses of hosts, in the order of the hosts.
async fn addresses(names: &Arc<dyn Names>, hosts: Vec<Host>, until: Instant) -> Vec<(Transport, SocketAddr)> {
    let questions = hosts.iter().map(|host| (host.name.clone(), Question::Address)).collect();
    let answers = ask_all(names, questions, until).await;
    let mut found = Vec::new();
    for (host, records) in hosts.iter().zip(answers) {
        let addresses = records.into_iter().filter_map(|record| match record {
            Record::Address(ip) => Some((host.transport, SocketAddr::new(ip, host.port))),
            Record::Naptr(_) | Record::Srv(_) => None,
        });
        found.extend(addresses.take(MOST));
    }
    found
}

/// Asks all of these at once; what has no answer by then has none. The answers are in the order of the questions.
async fn ask_all(names: &Arc<dyn Names>, questions: Vec<(String, Question)>, until: Instant) -> Vec<Vec<Record>> {
    let mut answers = vec![Vec::new(); questions.len()];
    let mut asked = JoinSet::new();
    for (at, (name, question)) in questions.into_iter().enumerate() {
        let names = names.clone();
        asked.spawn(async move { (at, names.ask(&name, question).await) });
    }
    while let Ok(Some(answered)) = timeout_at(until, asked.join_next()).await {
        if let Ok((at, records)) = answered {
            answers[at] = records;
        }
    }
    answers
}

/// Those addresses that one of our listeners can talk to, each once. What is the address of nobody or of many is none.
fn flows(listeners: &[Listener], found: impl IntoIterator<Item = (Transport, SocketAddr)>) -> Result<Vec<Flow>, NoWay> {
    let mut none = NoWay::Nameless;
    let mut flows: Vec<Flow> = Vec::new();
    for (transport, peer) in found.into_iter().filter(|(_, peer)| is_one_host(peer.ip())) {
        none = NoWay::NoListener;
        let fits = |listener: &&Listener| {
            listener.transport == transport && listener.local.is_ipv4() == peer.is_ipv4() && peer.port() != 0
        };
        let Some(listener) = listeners.iter().find(fits) else { continue };
        let flow = Flow { transport, local: listener.local, peer };
        if flows.len() < WAYS && !flows.contains(&flow) {
            flows.push(flow);
        }
    }
    if flows.is_empty() { Err(none) } else { Ok(flows) }
}

#[cfg(test)]
mod tests;
