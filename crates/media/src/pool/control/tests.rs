use super::super::StreamId;
use super::*;
use crate::codec::Codec;
use crate::config::{Negotiated, StreamConfig};
use crate::event::EventKind;
use crate::rtcp::read::{Compound, Packet};
use crate::rtcp::write::{Cname, Farewell, MAX_REPORT, Report};
use crate::rtcp::{Block, NtpTime, Sending};
use crate::rtp::packet::{HEADER_LEN, Header};
use crate::srtp::{Keying, MAX_RTCP_TRAILER, MasterKey, Mki, Protection, Suite};
use crate::stream::{Channel, MAX_PACKET};
use crate::watch::Finding;

const LEG: StreamId = StreamId(1);
const SSRC: u32 = 0xA11CE;
const THEIRS: u32 = 0xB0B;

fn at(host: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, host], port))
}

/// A stream whose peer's RTP is at 192.0.2.1:4000, with what it reports and finds, each with its second.
struct Bench {
    pool: StreamPool,
    start: Instant,
    now: Instant,
    sequence: u16,
    reports: Vec<(Channel, SocketAddr, Vec<u8>)>,
    found: Vec<(u64, Finding)>,
}

impl Bench {
    fn new(rtcp: RtcpPath) -> Self {
        let start = crate::test_start();
        let mut pool = StreamPool::new(start, 1);
        pool.set_ntp_clock(NtpClock::wall(start, Duration::from_secs(1_700_000_000)));
        let negotiated =
            Negotiated { telephone_event: None, remote: Some(at(1, 4_000)), rtcp, ..Negotiated::of(Codec::Pcma) };
        let config = StreamConfig { negotiated, ssrc: SSRC, first_sequence: 100, first_timestamp: 5_000 };
        pool.open(start, LEG, config).unwrap();
        Self { pool, start, now: start, sequence: 0, reports: Vec::new(), found: Vec::new() }
    }

    /// Goes on for so many seconds; the peer sends sound from this address, if from any.
    fn run(&mut self, seconds: u64, from: Option<SocketAddr>) {
        let until = self.now + Duration::from_secs(seconds);
        let mut buffer = [0; MAX_PACKET];
        while let Some(next) = self.pool.poll_timeout().filter(|next| *next <= until) {
            self.now = next;
            while let Some(due) = self.pool.poll_due(self.now) {
                if let Some(from) = from {
                    self.sound(from);
                }
                while self.pool.poll_transmit(self.now, due.slot, &mut buffer).is_some() {}
                if due.control == ControlTurn::Now
                    && let Some(report) = self.pool.poll_control(self.now, due.slot, &mut buffer)
                {
                    self.reports.push((report.channel, report.transmit.to, report.transmit.payload.to_vec()));
                }
            }
            let second = (self.now - self.start).as_secs();
            while let Some(event) = self.pool.poll_event() {
                if let EventKind::Found(finding) = event.kind {
                    self.found.push((second, finding));
                }
            }
        }
        self.now = until;
    }

    fn sound(&mut self, from: SocketAddr) {
        let timestamp = u32::from(self.sequence) * 160;
        let header = Header { marker: false, payload_type: 8, sequence: self.sequence, timestamp, ssrc: THEIRS };
        let mut datagram = [0xD5; HEADER_LEN + 160];
        header.write(datagram.first_chunk_mut().unwrap());
        self.sequence += 1;
        let slot = self.pool.slot(LEG).unwrap();
        self.pool.handle_datagram(self.now, slot, from, &datagram);
    }

    /// The peer's report from this address.
    fn peer_reports(&mut self, from: SocketAddr, sending: Option<Sending>, block: Option<Block>) {
        let mut buffer = [0; MAX_REPORT];
        let (cname, farewell) = (Cname::new([0; 10]), Farewell::No);
        let length = Report { ssrc: THEIRS, sending, block, cname, farewell }.write(&mut buffer);
        let slot = self.pool.slot(LEG).unwrap();
        if self.pool.has_control_port(slot) {
            self.pool.handle_control(self.now, slot, from, &buffer[..length]);
        } else {
            self.pool.handle_datagram(self.now, slot, from, &buffer[..length]);
        }
    }

    fn destinations(&mut self) -> Vec<(Channel, SocketAddr)> {
        self.reports.drain(..).map(|(channel, to, _)| (channel, to)).collect()
    }
}

fn about_us(highest: u32) -> Option<Block> {
    Some(Block { ssrc: SSRC, highest, ..Block::default() })
}

#[test]
fn a_report_tells_what_was_sent_and_what_came() {
    let mut bench = Bench::new(RtcpPath::Beside);
    bench.run(60, Some(at(1, 4_000)));
    let count = bench.reports.len();
    assert!((8..=16).contains(&count), "{count} in a minute");
    let (channel, to, bytes) = bench.reports.last().unwrap();
    assert_eq!((*channel, *to), (Channel::Rtcp, at(1, 4_001)));
    let packets: Vec<_> = Compound::parse(bytes).unwrap().collect();
    let Packet::Sender { ssrc, sending, mut blocks } = packets[0] else { panic!("{packets:?}") };
    assert_eq!(ssrc, SSRC);
    // A packet every 20 ms, and the timestamp of the moment in which the report was made.
    let seconds = (sending.ntp.0 as f64) / 2f64.powi(32) - 2_208_988_800.0 - 1_700_000_000.0;
    assert!((f64::from(sending.packets) - seconds * 50.0).abs() < 2.0, "{sending:?} at {seconds}");
    assert_eq!(sending.octets, sending.packets * 160);
    assert!((f64::from(sending.timestamp) - 5_000.0 - seconds * 8_000.0).abs() < 320.0, "{sending:?}");
    let block = blocks.next().unwrap();
    assert_eq!((block.ssrc, block.lost, block.fraction_lost), (THEIRS, 0, 0));
    assert!((f64::from(block.highest) - seconds * 50.0).abs() < 3.0, "{block:?}");
    assert!(matches!(packets[1], Packet::Description { ssrc: SSRC, cname: Some(_) }));
}

#[test]
fn reports_go_where_the_peer_wants_them() {
    let mut named = Bench::new(RtcpPath::At(at(7, 9_000)));
    named.run(10, Some(at(1, 4_000)));
    assert_eq!(named.destinations()[0], (Channel::Rtcp, at(7, 9_000)));
    let mut muxed = Bench::new(RtcpPath::Muxed);
    muxed.run(10, Some(at(1, 4_000)));
    assert_eq!(muxed.destinations()[0], (Channel::Rtp, at(1, 4_000)));
    let mut beside = Bench::new(RtcpPath::Beside);
    beside.peer_reports(at(1, 4_077), None, None);
    beside.run(10, Some(at(1, 4_000)));
    assert_eq!(beside.destinations()[0], (Channel::Rtcp, at(1, 4_077)), "symmetric, as RTP is");
    let mut elsewhere = Bench::new(RtcpPath::Beside);
    elsewhere.run(10, Some(at(9, 5_000)));
    assert_eq!(elsewhere.destinations(), [], "nobody knows the port behind a NAT");
    elsewhere.peer_reports(at(9, 5_003), None, None);
    elsewhere.run(10, Some(at(9, 5_000)));
    assert_eq!(elsewhere.destinations()[0], (Channel::Rtcp, at(9, 5_003)));
}

#[test]
fn reports_of_strangers_are_counted_and_move_nothing() {
    let mut bench = Bench::new(RtcpPath::Beside);
    bench.run(2, Some(at(1, 4_000)));
    bench.peer_reports(at(66, 4_001), None, about_us(150));
    assert_eq!(bench.pool.summary(LEG).unwrap().peer, None);
    bench.peer_reports(at(1, 4_001), None, about_us(150));
    bench.peer_reports(at(1, 6_666), None, Some(Block { fraction_lost: 255, ..about_us(150).unwrap() }));
    let summary = bench.pool.summary(LEG).unwrap();
    assert_eq!((summary.totals.reports_received, summary.totals.dropped.foreign_source), (1, 2));
    assert_eq!(summary.stranger, Some(at(1, 6_666)));
    bench.run(8, Some(at(1, 4_000)));
    assert!(bench.destinations().iter().all(|(_, to)| *to == at(1, 4_001)));
    let mut muxed = Bench::new(RtcpPath::Muxed);
    muxed.peer_reports(at(1, 4_001), None, about_us(150));
    assert_eq!(muxed.pool.summary(LEG).unwrap().peer, None, "only from the port of RTP");
    muxed.peer_reports(at(1, 4_000), None, about_us(150));
    assert!(muxed.pool.summary(LEG).unwrap().peer.is_some());
}

#[test]
fn rtcp_on_the_port_of_rtp_that_was_not_agreed_on_is_no_payload_of_ours() {
    let mut bench = Bench::new(RtcpPath::Beside);
    let slot = bench.pool.slot(LEG).unwrap();
    bench.pool.handle_datagram(bench.now, slot, at(1, 4_000), &[0x80, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(bench.pool.summary(LEG).unwrap().totals.dropped.unknown_payload, 1);
}

#[test]
fn the_summary_has_loss_round_trip_and_scores_of_both_ways() {
    let mut bench = Bench::new(RtcpPath::Beside);
    bench.run(10, Some(at(1, 4_000)));
    bench.sequence += 50;
    bench.run(1, Some(at(1, 4_000)));
    let sent = bench.pool.summary(LEG).unwrap().totals.sent as u32;
    // The report that the peer answers was sent 5 s ago, and kept for 4.9.
    let asked = NtpClock::wall(bench.start, Duration::from_secs(1_700_000_000)).at(bench.now - Duration::from_secs(5));
    let block = Block {
        ssrc: SSRC,
        fraction_lost: 0,
        lost: 11,
        highest: 100 + sent - 1,
        jitter: 80,
        last_report: asked.middle(),
        delay: 321_126,
    };
    let sending = Sending { ntp: NtpTime(1 << 32), timestamp: 0, packets: 500, octets: 80_000 };
    bench.peer_reports(at(1, 4_001), Some(sending), Some(block));
    let summary = bench.pool.summary(LEG).unwrap();
    let peer = summary.peer.unwrap();
    assert_eq!((peer.expected, peer.lost, peer.jitter), (u64::from(sent), 11, Duration::from_millis(10)));
    let trip = summary.round_trip().unwrap();
    assert!((99..=101).contains(&trip.as_millis()), "{trip:?}");
    assert_eq!((summary.reception.lost, summary.reception.expected), (50, 600));
    // Some 2 and 8.3 % lost: R of 86 and 69, less what 120 ms take.
    let (told, heard) = (summary.mos_told().unwrap(), summary.mos_heard().unwrap());
    assert!((4.15..4.3).contains(&told) && (3.4..3.6).contains(&heard), "{told} {heard}");
}

#[test]
fn what_is_wrong_is_found_within_a_second_and_once() {
    let mut silent = Bench::new(RtcpPath::Beside);
    silent.run(30, None);
    let [(second, Finding::NeverHeard)] = silent.found[..] else { panic!("{:?}", silent.found) };
    assert!((3..=4).contains(&second), "{second}");
    let mut stops = Bench::new(RtcpPath::Beside);
    stops.run(5, Some(at(1, 4_000)));
    stops.run(20, None);
    stops.run(5, Some(at(1, 4_000)));
    let kinds: Vec<_> = stops.found.iter().map(|(_, finding)| *finding).collect();
    assert_eq!(kinds, [Finding::FellSilent, Finding::HeardAgain]);
    assert!((14..=16).contains(&stops.found[0].0), "{:?}", stops.found);
    let mut moved = Bench::new(RtcpPath::Beside);
    moved.run(10, Some(at(9, 5_000)));
    let [(second, Finding::FromElsewhere)] = moved.found[..] else { panic!("{:?}", moved.found) };
    assert!(second <= 2, "{second}");
    let mut deaf = Bench::new(RtcpPath::Beside);
    for _ in 0..3 {
        deaf.run(5, Some(at(1, 4_000)));
        deaf.peer_reports(at(1, 4_001), None, about_us(120));
    }
    deaf.run(2, Some(at(1, 4_000)));
    assert_eq!(deaf.found.iter().map(|(_, finding)| *finding).collect::<Vec<_>>(), [Finding::HearsNothing]);
}

#[test]
fn comfort_noise_and_the_peers_reports_excuse_silence() {
    let mut bench = Bench::new(RtcpPath::Beside);
    bench.run(5, Some(at(1, 4_000)));
    let mut datagram = [0; HEADER_LEN + 1];
    let header = Header { marker: false, payload_type: 13, sequence: bench.sequence, timestamp: 0, ssrc: THEIRS };
    header.write(datagram.first_chunk_mut().unwrap());
    let slot = bench.pool.slot(LEG).unwrap();
    bench.pool.handle_datagram(bench.now, slot, at(1, 4_000), &datagram);
    bench.run(60, None);
    assert_eq!(bench.found, []);
}

#[test]
fn a_stream_that_reported_says_goodbye_and_one_that_did_not_is_silent() {
    let mut buffer = [0; MAX_PACKET];
    let mut young = Bench::new(RtcpPath::Beside);
    let slot = young.pool.slot(LEG).unwrap();
    assert_eq!(young.pool.farewell(young.now, slot, &mut buffer), None);
    let mut bench = Bench::new(RtcpPath::Beside);
    bench.run(10, Some(at(1, 4_000)));
    let farewell = bench.pool.farewell(bench.now, slot, &mut buffer).unwrap();
    let packets: Vec<_> = Compound::parse(farewell.transmit.payload).unwrap().collect();
    assert_eq!(packets.last(), Some(&Packet::Goodbye { ssrc: Some(SSRC) }));
}

fn keying(ours: u8, theirs: u8) -> Keying {
    let suite = Suite::AesCm128HmacSha1_80;
    let master = |seed| MasterKey::new(suite, &vec![seed; suite.material_len()]).unwrap();
    Keying { ours: master(ours), theirs: master(theirs), mki: Mki::default() }
}

#[test]
fn a_protected_stream_reports_and_hears_under_its_keys_only() {
    for rtcp in [RtcpPath::Beside, RtcpPath::Muxed] {
        let mut bench = Bench::new(rtcp);
        bench.pool.protect(LEG, Some(&keying(1, 2)));
        bench.run(10, None);
        let mut peer = Protection::new(&keying(2, 1));
        assert!(!bench.reports.is_empty());
        for (_, _, report) in &bench.reports {
            let plain = peer.unprotect_rtcp(report).unwrap();
            assert!(Compound::parse(plain).is_ok_and(|packets| packets.count() == 2) && report.len() > plain.len());
        }
        let from = if rtcp == RtcpPath::Muxed { at(1, 4_000) } else { at(1, 4_001) };
        bench.peer_reports(from, None, about_us(1));
        let summary = bench.pool.summary(LEG).unwrap();
        assert_eq!((summary.peer, summary.totals.dropped.unauthentic), (None, 1), "plain");
        let plain = [&[0x81, 201, 0, 7, 0, 0, 0, 1][..], &SSRC.to_be_bytes(), &[0; 20]].concat();
        let mut packet = [&plain[..], &[0; MAX_RTCP_TRAILER]].concat();
        let length = peer.protect_rtcp(&mut packet, plain.len()).unwrap();
        let slot = bench.pool.slot(LEG).unwrap();
        for _ in 0..2 {
            if rtcp == RtcpPath::Muxed {
                bench.pool.handle_datagram(bench.now, slot, from, &packet[..length]);
            } else {
                bench.pool.handle_control(bench.now, slot, from, &packet[..length]);
            }
        }
        let summary = bench.pool.summary(LEG).unwrap();
        assert_eq!((summary.totals.reports_received, summary.totals.dropped.replayed), (1, 1));
        assert!(summary.peer.is_some());
    }
}
