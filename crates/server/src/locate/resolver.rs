//! The domain name system itself, asked over the network.
//!
//! Shape: the system's name servers, or those of the settings; answers are kept as long as their TTL says, at most an hour, in a
//! cache of bounded size.
//! Time: a question ends after two tries; whoever asks gives up earlier.
//! Errors: logged, and no records.

use std::{net::SocketAddr, time::Duration};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
    system_conf::read_system_conf,
};

use super::names::{Answers, Names, Naptr, Question, Record, Srv};

/// How long one try may take.
const TRY: Duration = Duration::from_millis(1_400);
/// Names remembered at most.
const CACHE: u64 = 4_096;
/// A record is believed no longer than this, whatever it says of itself.
const BELIEVED: Duration = Duration::from_secs(3_600);
/// That there is no such name is believed no longer than this: somebody may be about to put that right.
const DISBELIEVED: Duration = Duration::from_secs(60);
/// Records of one answer that are looked at.
const RECORDS: usize = 64;

/// Name servers on the network.
pub struct Resolver {
    resolver: TokioResolver,
}

impl Resolver {
    /// A resolver that asks these servers, or the system's where there are none. It opens nothing until it is asked.
    ///
    /// # Errors
    /// [`NetError`] when the resolver cannot be made.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, NetError> {
        let (config, mut options) = if servers.is_empty() { of_the_system() } else { of_servers(servers) };
        options.timeout = TRY;
        options.attempts = 2;
        options.cache_size = CACHE;
        options.positive_max_ttl = Some(BELIEVED);
        options.negative_max_ttl = Some(DISBELIEVED);
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        Ok(Self { resolver: builder.build()? })
    }

    async fn look_up(&self, name: &str, question: Question) -> Result<Vec<Record>, NetError> {
        let answer = match question {
            Question::Address => {
                let found = self.resolver.lookup_ip(name).await?;
                return Ok(found.iter().take(RECORDS).map(Record::Address).collect());
            }
            // A full stop at the end keeps the system's search list out: these names are whole.
            Question::Naptr => self.resolver.lookup(whole(name), RecordType::NAPTR).await?,
            Question::Srv => self.resolver.lookup(whole(name), RecordType::SRV).await?,
        };
        Ok(answer.answers().iter().filter_map(|record| read(&record.data)).take(RECORDS).collect())
    }
}

impl Names for Resolver {
    fn ask<'a>(&'a self, name: &'a str, question: Question) -> Answers<'a> {
        Box::pin(async move {
            self.look_up(name, question).await.unwrap_or_else(|error| {
                // Most domains have no NAPTR and many no SRV records, so this is not worth more.
                tracing::debug!(name, ?question, %error, "a name was not found");
                Vec::new()
            })
        })
    }
}

fn whole(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn of_the_system() -> (ResolverConfig, ResolverOpts) {
    read_system_conf().unwrap_or_else(|error| {
        // As the C library has it for a system that names no server.
        tracing::warn!(%error, "resolv.conf is unusable; a name server on this machine is asked");
        of_servers(&[SocketAddr::from(([127, 0, 0, 1], 53))])
    })
}

fn of_servers(servers: &[SocketAddr]) -> (ResolverConfig, ResolverOpts) {
    let at_port = |mut connection: ConnectionConfig, port| {
        connection.port = port;
        connection
    };
    let server = |server: &SocketAddr| {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
        let connections = connections.map(|connection| at_port(connection, server.port())).into();
        NameServerConfig::new(server.ip(), true, connections)
    };
    let servers = servers.iter().map(server).collect();
    (ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
}

fn read(data: &RData) -> Option<Record> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match data {
        RData::SRV(srv) => Some(Record::Srv(Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: srv.target.to_ascii(),
        })),
        RData::NAPTR(naptr) => Some(Record::Naptr(Naptr {
            order: naptr.order,
            preference: naptr.preference,
            flags: text(&naptr.flags),
            service: text(&naptr.services),
            replacement: naptr.replacement.to_ascii(),
        })),
        _ => None,
    }
}
