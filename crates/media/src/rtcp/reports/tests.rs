use super::super::ntp::NtpClock;
use super::*;
use crate::test_start;

const OURS: u32 = 0x5EED;
const THEIRS: u32 = 0xBEEF;

fn sent(packets: u32) -> Sent {
    Sent { ssrc: OURS, timestamp: packets * 160, packets, octets: packets * 160 }
}

struct End {
    start: Instant,
    clock: NtpClock,
    reports: Reports,
    reception: Reception,
}

impl End {
    fn new() -> Self {
        let start = test_start();
        let clock = NtpClock::wall(start, Duration::from_secs(1_700_000_000));
        Self { start, clock, reports: Reports::new(start, OURS, 7, 8), reception: Reception::default() }
    }

    fn at(&self, ms: u64) -> (Instant, NtpTime) {
        let now = self.start + Duration::from_millis(ms);
        (now, self.clock.at(now))
    }

    /// Our report at `ms`, as the peer reads it.
    fn says(&mut self, ms: u64, packets: u32) -> (Option<Sending>, Option<Block>) {
        let mut buffer = [0; MAX_REPORT];
        let at = self.at(ms);
        let length = self.reports.write(at, sent(packets), &mut self.reception, Farewell::No, &mut buffer);
        match Compound::parse(&buffer[..length]).unwrap().next() {
            Some(Packet::Sender { sending, mut blocks, .. }) => (Some(sending), blocks.next()),
            Some(Packet::Receiver { mut blocks, .. }) => (None, blocks.next()),
            other => panic!("{other:?}"),
        }
    }

    /// The peer's report at `ms`, when we had sent so much.
    fn hears(&mut self, ms: u64, packets: u32, sending: Option<Sending>, block: Option<Block>) {
        let mut buffer = [0; MAX_REPORT];
        let report = Report { ssrc: THEIRS, sending, block, cname: Cname::new([0; 10]), farewell: Farewell::No };
        let length = report.write(&mut buffer);
        let at = self.at(ms);
        assert_eq!(self.reports.hear(at, sent(packets), &buffer[..length]), Heard::Report);
    }
}

fn about_us(highest: u32) -> Block {
    Block { ssrc: OURS, highest, ..Block::default() }
}

#[test]
fn reports_come_every_five_seconds_by_half_more_or_less_and_not_in_step() {
    let mut end = End::new();
    let first = end.reports.next() - end.start;
    assert!((1_250..=3_750).contains(&first.as_millis()), "{first:?}");
    let (mut ms, mut waits) = (first.as_millis() as u64, Vec::new());
    for count in 0..1_000 {
        end.says(ms, count);
        let wait = (end.reports.next() - end.at(ms).0).as_millis() as u64;
        waits.push(wait);
        ms += wait;
    }
    assert!(waits.iter().all(|wait| (2_499..=7_501).contains(wait)));
    let mean = waits.iter().sum::<u64>() / 1_000;
    assert!((4_800..=5_200).contains(&mean), "{mean}");
    assert!(waits.iter().any(|wait| *wait < 3_000) && waits.iter().any(|wait| *wait > 7_000));
}

#[test]
fn who_sent_nothing_since_two_reports_is_no_sender() {
    let mut end = End::new();
    let is_sender: Vec<bool> =
        [0, 10, 10, 10, 10, 11].into_iter().map(|packets| end.says(5_000, packets).0.is_some()).collect();
    assert_eq!(is_sender, [false, true, true, false, false, true]);
}

/// RFC 3550 section 6.4.1, figure 2 in other numbers: sent at 1 s, there 40 ms later, kept 3 s, back after 60 ms.
#[test]
fn the_round_trip_is_what_the_peer_did_not_keep() {
    let mut end = End::new();
    let (sending, _) = end.says(1_000, 50);
    let last_report = sending.unwrap().ntp.middle();
    let block = Block { last_report, delay: 3 << 16, ..about_us(50) };
    end.hears(4_100, 200, None, Some(block));
    let trip = end.reports.remote().and_then(|remote| remote.round_trip).unwrap();
    assert!((99_900..=100_100).contains(&trip.as_micros()), "{trip:?}");
    for delay in [0, u32::MAX, 0x8000_0000] {
        // Kept for nothing it would be 2.9 s; kept for longer than it was away it is what was known before.
        end.hears(4_100, 200, None, Some(Block { last_report: last_report.wrapping_add(13_107), delay, ..block }));
        let again = end.reports.remote().and_then(|remote| remote.round_trip).unwrap();
        assert!((2_899..=2_900).contains(&again.as_millis()), "{delay}: {again:?}");
    }
}

#[test]
fn our_report_says_which_report_of_the_peer_came_last_and_how_long_ago() {
    let mut end = End::new();
    for sequence in [5, 6, 8] {
        end.reception.note(THEIRS, sequence);
    }
    assert_eq!(end.says(1_000, 1).1.map(|block| (block.last_report, block.delay)), Some((0, 0)));
    let sending = Sending { ntp: NtpTime(0x0001_AAAA_BBBB_0001), timestamp: 0, packets: 3, octets: 480 };
    end.hears(2_000, 1, Some(sending), None);
    let block = end.says(4_500, 1).1.unwrap();
    assert_eq!((block.ssrc, block.last_report, block.delay), (THEIRS, 0xAAAA_BBBB, 0x2_8000));
    assert_eq!((block.lost, block.highest, block.fraction_lost), (1, 8, 0), "the loss was reported before");
}

#[test]
fn a_peer_whose_count_of_us_stands_still_hears_nothing() {
    let mut end = End::new();
    end.hears(1_000, 50, None, Some(about_us(50)));
    assert!(!end.reports.peer_hears_nothing());
    end.hears(2_000, 60, None, Some(about_us(50)));
    assert!(!end.reports.peer_hears_nothing(), "ten packets may be under way");
    end.hears(7_000, 300, None, Some(about_us(50)));
    assert!(end.reports.peer_hears_nothing());
    end.hears(12_000, 550, None, Some(about_us(540)));
    assert!(!end.reports.peer_hears_nothing());
    end.hears(17_000, 800, None, Some(Block { fraction_lost: 255, ..about_us(541) }));
    assert!(end.reports.peer_hears_nothing());
}

#[test]
fn a_peer_that_never_reports_on_us_hears_nothing() {
    let mut end = End::new();
    for (ms, packets, expect) in [(1, 0, false), (2, 200, false), (3, 400, false), (4, 600, true)] {
        end.hears(ms * 5_000, packets, None, Some(Block { ssrc: 1, ..Block::default() }));
        assert_eq!(end.reports.peer_hears_nothing(), expect, "{packets}");
    }
    end.hears(30_000, 700, None, Some(about_us(700)));
    assert!(!end.reports.peer_hears_nothing());
}

/// A source that was not received since the report before is left out of a report (RFC 3550 section 6.4).
#[test]
fn a_peer_that_has_heard_us_and_reports_on_us_no_more_hears_nothing() {
    let mut end = End::new();
    end.hears(5_000, 250, None, Some(about_us(250)));
    // While we send nothing, as on hold, there is nothing to report on.
    end.hears(10_000, 250, None, None);
    for (ms, packets, expect) in [(15_000, 500, false), (20_000, 750, false), (25_000, 1_000, true)] {
        end.hears(ms, packets, None, None);
        assert_eq!(end.reports.peer_hears_nothing(), expect, "{packets}");
    }
    end.hears(30_000, 1_250, None, Some(about_us(1_250)));
    assert!(!end.reports.peer_hears_nothing());
    end.hears(35_000, 1_500, None, None);
    assert!(!end.reports.peer_hears_nothing(), "counted anew");
}

#[test]
fn a_peer_that_reports_often_is_found_to_hear_nothing_as_well() {
    let mut end = End::new();
    for (count, expect) in [(50, false), (60, false), (70, false), (80, false), (90, false), (100, true)] {
        end.hears(u64::from(count) * 20, count, None, Some(about_us(50)));
        assert_eq!(end.reports.peer_hears_nothing(), expect, "{count}");
    }
}

/// Networks repeat datagrams, and reports on many sources come as a sender's report with a receiver's behind it (RFC 3550 section 6.1).
#[test]
fn a_sender_stays_one_when_its_report_comes_twice_or_has_another_behind_it() {
    let mut end = End::new();
    let sending = |packets| Some(Sending { ntp: NtpTime(9), timestamp: packets * 160, packets, octets: 0 });
    for packets in [100, 300, 300] {
        end.hears(u64::from(packets), 0, sending(packets), None);
    }
    assert_eq!(end.reports.sends(), Some(Sends::Yes), "twice");
    let mut bytes = Vec::new();
    for sending in [sending(500), None] {
        let mut buffer = [0; MAX_REPORT];
        let cname = Cname::new([0; 10]);
        let length = Report { ssrc: THEIRS, sending, block: None, cname, farewell: Farewell::No }.write(&mut buffer);
        bytes.extend_from_slice(&buffer[..length]);
    }
    assert_eq!(end.reports.hear(end.at(900), sent(0), &bytes), Heard::Report);
    assert_eq!(end.reports.sends(), Some(Sends::Yes), "with another behind it");
}

#[test]
fn a_peer_says_whether_it_sends() {
    let mut end = End::new();
    let sending = |timestamp, packets| Some(Sending { ntp: NtpTime(1), timestamp, packets, octets: 0 });
    end.hears(1, 0, sending(1, 100), None);
    assert_eq!(end.reports.sends(), None, "one count says nothing of now");
    end.hears(2, 0, sending(2, 300), None);
    assert_eq!(end.reports.sends(), Some(Sends::Yes));
    end.hears(3, 0, sending(3, 300), None);
    assert_eq!(end.reports.sends(), Some(Sends::No));
    end.hears(4, 0, None, None);
    assert_eq!(end.reports.sends(), Some(Sends::No));
    assert_eq!(end.reports.hear(end.at(5), sent(0), b"\x80\x00garbage"), Heard::Malformed);
}
