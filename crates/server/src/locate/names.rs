//! What is asked of the domain name system, and what it answers.
//!
//! Shape: a [`Question`] in, [`Record`]s out, through the trait [`Names`], so that a test answers by itself.
//! Errors: no records; why there are none is in the log of whoever asked the network.
//! Sources: RFC 1035, RFC 3596 (addresses), RFC 2782 (SRV), RFC 3403 (NAPTR).

use std::{future::Future, net::IpAddr, pin::Pin};

/// What is asked about a name.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Question {
    /// Which services a domain has.
    Naptr,
    /// Which hosts offer a service.
    Srv,
    /// The addresses of a host, of both families.
    Address,
}

/// One answer.
#[derive(Clone, Eq, PartialEq, Debug)]
pub enum Record {
    /// A service of a domain.
    Naptr(Naptr),
    /// A host of a service.
    Srv(Srv),
    /// An address of a host.
    Address(IpAddr),
}

/// A service of a domain, as far as SIP uses it (RFC 3263 §4.1).
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Naptr {
    /// Lower is first.
    pub order: u16,
    /// Lower is first, within an order.
    pub preference: u16,
    /// `s` where the replacement names SRV records.
    pub flags: String,
    /// Such as `SIP+D2U`.
    pub service: String,
    /// The name that is asked for next.
    pub replacement: String,
}

/// A host of a service.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Srv {
    /// Lower is first.
    pub priority: u16,
    /// How often it is first among those of its priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host; `.` or nothing says that there is no such service.
    pub target: String,
}

/// Records on their way.
pub type Answers<'a> = Pin<Box<dyn Future<Output = Vec<Record>> + Send + 'a>>;

/// Who knows names. Whoever waits gives up in time; an answer may come too late.
pub trait Names: Send + Sync + 'static {
    /// The records of a name.
    fn ask<'a>(&'a self, name: &'a str, question: Question) -> Answers<'a>;
}
