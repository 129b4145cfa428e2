//! In which order the ways to a domain are tried.
//!
//! Shape: records in, services and hosts in order out; pure, and chance is told.
//! Sources: RFC 3263 §4.1 (NAPTR), §4.2; RFC 2782 (priority and weight).

use antiphon_sip::Transport;

use super::names::{Naptr, Srv};

/// A service that may lead to the domain.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) struct Service {
    /// How it is spoken to.
    pub(super) transport: Transport,
    /// The name of its SRV records.
    pub(super) name: String,
}

/// Whether only TLS will do.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Security {
    /// `sips:`.
    Tls,
    /// `sip:`.
    Any,
}

impl Security {
    /// The transports that it allows, in our order where the domain has none.
    pub(super) fn transports(self) -> &'static [Transport] {
        match self {
            Self::Tls => &[Transport::Tls],
            Self::Any => &[Transport::Udp, Transport::Tcp, Transport::Tls],
        }
    }

    /// The transport of a domain that names none.
    pub(super) fn usual(self) -> Transport {
        match self {
            Self::Tls => Transport::Tls,
            Self::Any => Transport::Udp,
        }
    }
}

/// The services that NAPTR records name, best first: those we speak and may speak.
pub(super) fn services(mut records: Vec<Naptr>, security: Security) -> Vec<Service> {
    records.sort_by_key(|record| (record.order, record.preference));
    let usable = records.into_iter().filter(|record| record.flags.eq_ignore_ascii_case("s"));
    let service = |record: Naptr| {
        let transport = match record.service.to_ascii_uppercase().as_str() {
            "SIP+D2U" => Transport::Udp,
            "SIP+D2T" => Transport::Tcp,
            "SIPS+D2T" => Transport::Tls,
            _ => return None,
        };
        let named = !matches!(record.replacement.as_str(), "" | ".");
        (named && security.transports().contains(&transport)).then_some(Service { transport, name: record.replacement })
    };
    usable.filter_map(service).collect()
}

/// The service of a domain that has no NAPTR records (RFC 3263 §4.1).
pub(super) fn usual_service(domain: &str, transport: Transport) -> Service {
    let prefix = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    };
    Service { transport, name: format!("{prefix}.{domain}") }
}

/// The hosts of a service in the order to try them: by priority, and among equals by chance and weight.
///
/// `chance` is told a number and draws one from 0 to it, both included.
pub(super) fn hosts(mut records: Vec<Srv>, chance: &mut impl FnMut(u32) -> u32) -> Vec<Srv> {
    records.retain(|record| !matches!(record.target.as_str(), "" | "."));
    // Those without weight stand first among their priority, so that chance finds them only at 0.
    records.sort_by_key(|record| (record.priority, record.weight != 0));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let equals = records.iter().take_while(|record| record.priority == priority);
        let mut sums = equals.scan(0u32, |sum, record| {
            *sum += u32::from(record.weight);
            Some(*sum)
        });
        let total = sums.clone().last().unwrap_or_default();
        let drawn = chance(total);
        let chosen = sums.position(|sum| sum >= drawn).unwrap_or_default();
        ordered.push(records.remove(chosen));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naptr(order: u16, preference: u16, service: &str, replacement: &str) -> Naptr {
        let (flags, service, replacement) = ("s".to_owned(), service.to_owned(), replacement.to_owned());
        Naptr { order, preference, flags, service, replacement }
    }

    fn srv(priority: u16, weight: u16, target: &str) -> Srv {
        Srv { priority, weight, port: 5060, target: target.to_owned() }
    }

    fn names(services: &[Service]) -> Vec<(&str, Transport)> {
        services.iter().map(|service| (service.name.as_str(), service.transport)).collect()
    }

    #[test]
    fn services_come_by_order_then_preference_and_only_those_we_speak() {
        // The example of RFC 3263 §4.1, in another order, and more.
        let records = vec![
            naptr(50, 50, "SIP+D2U", "_sip._udp.example.com"),
            naptr(100, 10, "SIP+D2T", "_sip._tcp.example.com"),
            naptr(50, 10, "sips+d2t", "_sips._tcp.example.com"),
            naptr(10, 10, "SIP+D2S", "_sip._sctp.example.com"),
            naptr(10, 10, "E2U+sip", "_sip._udp.example.org"),
            naptr(10, 10, "SIP+D2U", "."),
            Naptr { flags: "u".to_owned(), ..naptr(1, 1, "SIP+D2U", "x.example.com") },
        ];
        let expected = [
            ("_sips._tcp.example.com", Transport::Tls),
            ("_sip._udp.example.com", Transport::Udp),
            ("_sip._tcp.example.com", Transport::Tcp),
        ];
        assert_eq!(names(&services(records.clone(), Security::Any)), expected);
        assert_eq!(names(&services(records, Security::Tls)), expected[..1]);
    }

    #[test]
    fn a_domain_without_naptr_has_the_usual_names() {
        let all = Security::Any.transports().iter().map(|transport| usual_service("example.com", *transport));
        let expected = ["_sip._udp.example.com", "_sip._tcp.example.com", "_sips._tcp.example.com"];
        assert_eq!(all.map(|service| service.name).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn hosts_come_by_priority_and_by_weight_as_chance_has_it() {
        let records =
            || vec![srv(20, 0, "backup"), srv(10, 60, "big"), srv(10, 20, "small"), srv(10, 0, "none"), srv(5, 1, ".")];
        // Running sums of priority 10: none 0, big 60, small 80.
        let cases: [(&[u32], [&str; 4]); 4] = [
            (&[0, 0, 0, 0], ["none", "big", "small", "backup"]),
            (&[1, 0, 0, 0], ["big", "none", "small", "backup"]),
            (&[60, 20, 0, 0], ["big", "small", "none", "backup"]),
            (&[61, 60, 0, 0], ["small", "big", "none", "backup"]),
        ];
        for (draws, expected) in cases {
            let mut draws = draws.iter();
            let mut asked = Vec::new();
            let ordered = hosts(records(), &mut |total| {
                asked.push(total);
                *draws.next().unwrap()
            });
            let ordered: Vec<_> = ordered.iter().map(|record| record.target.as_str()).collect();
            assert_eq!(ordered, expected);
            assert_eq!((asked[0], asked.last()), (80, Some(&0)), "each draw is over the weights that are left");
        }
    }

    #[test]
    fn weights_are_how_often_a_host_is_first() {
        let mut seed = 1u64;
        let mut chance = |total: u32| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from((seed >> 33) % (u64::from(total) + 1)).unwrap()
        };
        let first = (0..10_000).filter(|_| hosts(vec![srv(1, 75, "a"), srv(1, 25, "b")], &mut chance)[0].target == "a");
        let count = first.count();
        assert!((7_200..7_900).contains(&count), "{count} of 10,000, where 75 of 101 numbers lead to it");
    }
}
