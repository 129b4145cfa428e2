use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use tracing_subscriber::{Layer, fmt::MakeWriter, layer::SubscriberExt};

use super::*;
use crate::settings::{AccessSettings, GuardSettings, RulesSettings, SrtpPolicy};

const INVITE: &[u8] = b"INVITE sip:a@b SIP/2.0\r\nTo: <sip:a@b>\r\n\r\n";
const RESPONSE: &[u8] = b"SIP/2.0 200 OK\r\n\r\n";
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
const TRUSTED: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3));

fn settings(guard: GuardSettings) -> LiveSettings {
    let allow = vec!["10.0.0.0/8".parse().unwrap()];
    LiveSettings {
        log: tracing::level_filters::LevelFilter::INFO,
        access: AccessSettings { allow, realm: "antiphon".to_owned(), dial_hosts: Vec::new() },
        guard,
        trunks: Vec::new(),
        failover_after: Duration::from_secs(4),
        mail: None,
        rules: RulesSettings::default(),
        pivot: Default::default(),
        vxml: Default::default(),
        editors: Default::default(),
        srtp: SrtpPolicy::default(),
        speech: Default::default(),
        callbacks_percent: 25,
    }
}

/// A guard with the usual limits, for tests of what is around it.
pub(in crate::signalling) fn usual() -> Arc<Guard> {
    Arc::new(guard().0)
}

fn guard() -> (Guard, Instant) {
    let now = Instant::now();
    (Guard::new(now, &settings(GuardSettings::default())), now)
}

/// How many of a second's flood pass.
fn flood(guard: &Guard, begin: Instant, source: IpAddr, message: &[u8]) -> u32 {
    let at = |number: u32| begin + Duration::from_micros(50) * number;
    (0..20_000).filter(|number| guard.admits(at(*number), source, message)).count() as u32
}

#[test]
fn a_flood_from_one_source_leaves_its_share_and_nobody_else_pays() {
    let (guard, now) = guard();
    let usual = GuardSettings::default();
    let passed = flood(&guard, now, STRANGER, INVITE);
    assert!((usual.new_rate * 3..=usual.new_rate * 4 + 1).contains(&passed), "{passed}");
    let other = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 10));
    assert!(guard.admits(now + Duration::from_secs(1), other, INVITE));
    let passed = flood(&guard, now + Duration::from_secs(2), other, RESPONSE);
    assert!((usual.burst..=usual.burst + usual.rate + 1).contains(&passed), "{passed}");
    assert_eq!(flood(&guard, now, TRUSTED, INVITE), 20_000);
}

#[test]
fn every_limit_can_be_taken_away() {
    let none =
        GuardSettings { rate: 0, new_rate: 0, phone_rate: 0, trusted_rate: 0, ban_after: 0, ..Default::default() };
    let now = Instant::now();
    let guard = Guard::new(now, &settings(none));
    for source in [STRANGER, TRUSTED] {
        for _ in 0..10_000 {
            guard.failed(now, source, Address::Proven, Failure::Credentials);
        }
        assert_eq!(flood(&guard, now, source, INVITE), 20_000);
    }
}

#[test]
fn settings_read_again_hold_at_once() {
    let (guard, now) = guard();
    flood(&guard, now, STRANGER, INVITE);
    let later = now + Duration::from_secs(1);
    assert!(flood(&guard, later, STRANGER, INVITE) <= 21);
    let later = now + Duration::from_secs(2);
    let mut trusting = settings(GuardSettings::default());
    trusting.access.allow.push("203.0.113.0/24".parse().unwrap());
    guard.follow(&trusting);
    assert!(flood(&guard, later, STRANGER, INVITE) >= 19_999);
}

#[test]
fn whoever_fails_too_often_is_ignored_for_a_time() {
    for (failure, times) in [(Failure::Credentials, 20), (Failure::Malformed, 20), (Failure::Challenged, 200)] {
        let (guard, now) = guard();
        let at = |seconds| now + Duration::from_secs(seconds);
        for _ in 1..times {
            guard.failed(at(1), STRANGER, Address::Proven, failure);
        }
        assert!(guard.admits(at(2), STRANGER, INVITE), "{failure:?}");
        guard.failed(at(3), STRANGER, Address::Proven, failure);
        assert!(!guard.admits(at(4), STRANGER, INVITE), "{failure:?}");
        assert!(!guard.admits(at(602), STRANGER, RESPONSE), "{failure:?}");
        assert!(guard.admits_connection(at(602), STRANGER).is_none(), "{failure:?}");
        assert!(guard.admits(at(604), STRANGER, INVITE), "it ends by itself");
    }
}

/// Whoever forges a phone's address must not be able to keep the phone away.
#[test]
fn failures_in_the_name_of_an_address_leave_its_owner_a_way_in() {
    for (failure, times) in [(Failure::Credentials, 20), (Failure::Malformed, 20), (Failure::Challenged, 200)] {
        let (guard, now) = guard();
        let at = |seconds| now + Duration::from_secs(seconds);
        for _ in 0..10 * times {
            guard.failed(at(1), STRANGER, Address::Claimed, failure);
        }
        let passed = flood(&guard, at(2), STRANGER, INVITE);
        assert!((5..=6).contains(&passed), "{failure:?}: next to nothing of a flood, but {passed}");
        assert!(guard.admits(at(6), STRANGER, INVITE), "{failure:?}");
        assert!(guard.admits_connection(at(8), STRANGER).is_some(), "{failure:?}");
        flood(&guard, at(9), STRANGER, INVITE);
        guard.vouch(at(10), STRANGER, at(10));
        assert!(guard.admits(at(10), STRANGER, INVITE), "{failure:?}: and owes nothing");
        assert!(flood(&guard, at(10), STRANGER, INVITE) > 20, "{failure:?}: it has proved itself");
        for _ in 0..times {
            guard.failed(at(11), STRANGER, Address::Claimed, failure);
        }
        assert!(flood(&guard, at(20), STRANGER, INVITE) < 10, "{failure:?}");
        assert!(flood(&guard, at(612), STRANGER, INVITE) > 20, "{failure:?}: it ends by itself");
    }
}

#[test]
fn failures_over_a_long_time_and_those_of_known_sources_ignore_nobody() {
    let (guard, now) = guard();
    for failure in 0..200 {
        guard.failed(now + Duration::from_secs(30) * failure, STRANGER, Address::Proven, Failure::Credentials);
    }
    assert!(guard.admits(now + Duration::from_secs(6_000), STRANGER, INVITE));
    let phone = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
    guard.vouch(now, phone, now + Duration::from_secs(3_600));
    for _ in 0..1_000 {
        guard.failed(now, TRUSTED, Address::Proven, Failure::UnknownNumber);
        guard.failed(now, phone, Address::Proven, Failure::UnknownNumber);
    }
    assert!(guard.admits(now, TRUSTED, INVITE) && guard.admits(now, phone, INVITE));
    assert!(flood(&guard, now, phone, INVITE) >= 1_000, "a phone's address has more");
    let gone = now + Duration::from_secs(3_601);
    assert!(flood(&guard, gone, phone, INVITE) < 100, "until its registration has ended");
}

#[test]
fn a_house_full_of_phones_that_starts_again_is_no_scanner() {
    let (guard, now) = guard();
    for phone in 0..1_000 {
        guard.failed(now, STRANGER, Address::Proven, Failure::Challenged);
        if phone % 100 == 99 {
            guard.vouch(now, STRANGER, now);
        }
    }
    assert!(guard.admits(now, STRANGER, INVITE));
}

#[test]
fn the_answers_to_our_own_requests_are_expected() {
    let (guard, now) = guard();
    guard.sent(now, STRANGER, INVITE);
    assert!(flood(&guard, now, STRANGER, RESPONSE) >= 1_000);
    guard.sent(now, IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77)), RESPONSE);
    assert!(flood(&guard, now, IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77)), RESPONSE) < 400);
}

#[test]
fn ipv6_is_counted_by_customer_and_a_mapped_address_is_the_ipv4_one() {
    let (guard, now) = guard();
    let v6 = |customer: u16, host: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, customer, 0, 0, 0, host));
    let passed = (0..1_000).filter(|host| guard.admits(now, v6(1, *host), INVITE)).count();
    assert!(passed <= 61, "{passed}");
    assert!(guard.admits(now, v6(2, 1), INVITE));
    let mapped = IpAddr::V6(Ipv4Addr::new(203, 0, 113, 9).to_ipv6_mapped());
    let passed = (0..1_000).filter(|number| guard.admits(now, if number % 2 == 0 { mapped } else { STRANGER }, INVITE));
    assert!(passed.count() <= 61);
}

#[test]
fn a_million_sources_take_the_room_of_those_that_were_silent_longest() {
    let (guard, now) = guard();
    for _ in 0..20 {
        guard.failed(now, STRANGER, Address::Proven, Failure::Credentials);
    }
    let phone = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
    guard.vouch(now, phone, now + Duration::from_secs(3_600));
    for number in 0..1_000_000u32 {
        let source = IpAddr::V4(Ipv4Addr::from_bits(0x2000_0000 + number));
        guard.admits(now + Duration::from_micros(number.into()), source, RESPONSE);
    }
    assert_eq!(guard.table.len(), table::CAPACITY);
    assert!(
        !guard.admits(now + Duration::from_secs(2), STRANGER, INVITE),
        "who is ignored is not forgotten for others"
    );
    assert!(flood(&guard, now + Duration::from_secs(2), phone, INVITE) >= 1_000, "nor is a phone");
}

#[test]
fn connections_of_one_source_are_counted_and_given_back() {
    let one = GuardSettings { connections: 2, ..Default::default() };
    let now = Instant::now();
    let guard = Guard::new(now, &settings(one));
    let first = guard.admits_connection(now, STRANGER).unwrap();
    let second = guard.admits_connection(now, STRANGER).unwrap();
    assert!(guard.admits_connection(now, STRANGER).is_none());
    assert!(guard.admits_connection(now, IpAddr::V4(Ipv4Addr::new(203, 0, 113, 10))).is_some());
    drop(first);
    let third = guard.admits_connection(now, STRANGER);
    assert!(third.is_some() && guard.admits_connection(now, STRANGER).is_none());
    drop((second, third));
    let trusted: Vec<_> = (0..10).filter_map(|_| guard.admits_connection(now, TRUSTED)).collect();
    assert_eq!(trusted.len(), 10);
}

/// What is logged while something happens, in both formats.
fn logged(act: impl Fn()) -> [String; 2] {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl<'w> MakeWriter<'w> for Lines {
        type Writer = Self;
        fn make_writer(&'w self) -> Self {
            self.clone()
        }
    }
    [false, true].map(|json| {
        let lines = Lines::default();
        let layer = tracing_subscriber::fmt::layer().with_writer(lines.clone()).with_ansi(false);
        let layer = if json { layer.json().boxed() } else { layer.boxed() };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), &act);
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    })
}

#[test]
fn fail2ban_reads_one_line_for_each_ignored_source_and_none_that_can_be_forged() {
    let filter = include_str!("../../../../../deploy/fail2ban-antiphon.conf");
    let patterns = filter
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.trim_start().split_once("source refused"))
        .map(|(before, after)| {
            let pattern = format!("{before}source refused{after}");
            let pattern = pattern.trim_start_matches("failregex").trim_start_matches([' ', '=']).to_owned();
            regex::Regex::new(&pattern.replace("<HOST>", "(?P<host>[0-9a-f.:]+)")).unwrap()
        });
    let patterns: Vec<_> = patterns.collect();
    assert_eq!(patterns.len(), 2, "one for each format");
    let all = logged(|| {
        let (guard, now) = guard();
        for _ in 0..100 {
            guard.failed(now, STRANGER, Address::Proven, Failure::Credentials);
        }
        flood(&guard, now, IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, 7)), INVITE);
        for _ in 0..3 {
            flood(&guard, now, TRUSTED, INVITE);
        }
        for _ in 0..100 {
            guard.failed(now, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 55)), Address::Claimed, Failure::Malformed);
        }
    });
    for log in all {
        let hosts: Vec<_> = log
            .lines()
            .filter_map(|line| patterns.iter().find_map(|pattern| Some(pattern.captures(line)?["host"].to_owned())))
            .collect();
        // A flood of datagrams and what is only claimed may be forged: fail2ban would shut out whoever has the address.
        assert_eq!(hosts, ["203.0.113.9"], "{log}");
        assert!(log.contains("2001:db8:0:1::7") && log.contains("192.0.2.55"), "{log}");
        assert!(log.contains("a known source is over its limit"), "{log}");
    }
}

#[test]
fn many_refused_sources_do_not_fill_the_log() {
    let [text, _] = logged(|| {
        let (guard, now) = guard();
        for number in 0..5_000 {
            for _ in 0..20 {
                guard.failed(
                    now,
                    IpAddr::V4(Ipv4Addr::from_bits(0x2000_0000 + number)),
                    Address::Proven,
                    Failure::Malformed,
                );
            }
        }
    });
    assert_eq!(text.lines().count(), 50);
}
