use super::*;
use proptest::prelude::*;

fn received(packets: &[(u32, u16)]) -> Reception {
    let mut reception = Reception::default();
    for &(ssrc, sequence) in packets {
        reception.note(ssrc, sequence);
    }
    reception
}

/// Expected, lost, late and double packets of a sequence.
#[track_caller]
fn check(packets: &[(u32, u16)], expect: [u64; 4]) {
    let counts = received(packets).counts();
    assert_eq!([counts.expected, counts.lost, counts.late, counts.duplicates], expect, "{packets:?}");
}

#[test]
fn gaps_are_loss_and_reordering_is_not() {
    check(&[(1, 10), (1, 11), (1, 12)], [3, 0, 0, 0]);
    check(&[(1, 10), (1, 13)], [4, 2, 0, 0]);
    check(&[(1, 10), (1, 12), (1, 11)], [3, 0, 1, 0]);
    check(&[(1, 65_535), (1, 0), (1, 2)], [4, 1, 0, 0]);
    check(&[(1, 0), (1, 65_535), (1, 1)], [3, 0, 1, 0]);
    check(&[(1, 10), (1, 2_000)], [1_991, 1_989, 0, 0]);
}

#[test]
fn a_packet_that_comes_twice_hides_no_loss() {
    check(&[(1, 10), (1, 10), (1, 13)], [4, 2, 0, 1]);
    check(&[(1, 10), (1, 12), (1, 11), (1, 11), (1, 12)], [3, 0, 1, 2]);
    check(&[(1, 10), (1, 80), (1, 10)], [71, 68, 1, 0]);
}

#[test]
fn a_restart_or_a_new_source_is_not_loss() {
    check(&[(1, 10), (1, 30_000), (1, 30_001)], [3, 0, 0, 0]);
    check(&[(1, 10), (1, 12), (2, 40_000), (2, 40_001), (2, 40_003)], [7, 2, 0, 0]);
    check(&[(1, 5_000), (1, 4_000), (1, 4_001), (1, 4_002)], [4, 0, 0, 0]);
}

#[test]
fn a_stray_packet_changes_nothing() {
    let strays = received(&[(1, 10), (2, 500), (1, 11), (1, 40_000), (1, 12)]);
    assert_eq!((strays.counts().expected, strays.counts().lost, strays.ssrc()), (3, 0, Some(1)));
    let mut taken_over = received(&[(1, 10), (2, 500)]);
    assert_eq!(taken_over.note(2, 501), Arrival::InOrder);
    assert_eq!((taken_over.ssrc(), taken_over.counts().expected), (Some(2), 3));
}

#[test]
fn numbers_go_on_through_many_wraps() {
    let mut reception = Reception::default();
    for count in 0..200_000u64 {
        assert_eq!(reception.note(7, ((65_000 + count) & 0xFFFF) as u16), Arrival::InOrder);
    }
    assert_eq!((reception.counts().expected, reception.counts().lost), (200_000, 0));
    // 264,999 is four laps and 2,855.
    assert_eq!(reception.report().map(|report| report.highest), Some((4 << 16) | 2_855));
}

/// RFC 3550 A.3 by hand: ten are expected of which eight came, then five of which three came and one of them twice.
#[test]
fn fractions_count_from_report_to_report_and_the_sum_from_the_beginning() {
    let mut reception = Reception::default();
    assert_eq!(reception.report(), None);
    for sequence in [65_530, 65_531, 65_533, 65_534, 65_535, 1, 2, 3] {
        reception.note(9, sequence);
    }
    let first = reception.report().unwrap();
    // 2 of 10 is 51 of 256.
    assert_eq!((first.ssrc, first.fraction_lost, first.lost, first.highest), (9, 51, 2, (1 << 16) | 3));
    for sequence in [5, 5, 6, 8] {
        reception.note(9, sequence);
    }
    let second = reception.report().unwrap();
    // 5 expected, 4 counted as received: 51 of 256 again, and three lost in all by A.3, while four never came.
    assert_eq!((second.fraction_lost, second.lost, second.highest), (51, 3, (1 << 16) | 8));
    assert_eq!(reception.counts(), Counts { expected: 15, lost: 4, late: 0, duplicates: 1 });
    // Nothing came since: no part of nothing is lost.
    assert_eq!(reception.report().map(|third| third.fraction_lost), Some(0));
    for _ in 0..9 {
        reception.note(9, 8);
    }
    assert_eq!(reception.report().map(|fourth| (fourth.fraction_lost, fourth.lost)), Some((0, -6)));
}

/// RFC 3550 A.8 by hand: J grows by (|D| - J)/16, kept in sixteenths with rounding.
#[test]
fn jitter_is_smoothed_over_sixteen_packets() {
    let mut reception = received(&[(1, 1)]);
    // Packets of 160 ticks that arrive 0, +80, 0 and -16 ticks from their places.
    let table = [(0, 0, 0), (160, 240, 80), (320, 320, 80 + 80 - 5), (480, 464, 155 + 16 - 10)];
    for (timestamp, arrival, sixteenths) in table {
        reception.time(timestamp, arrival);
        assert_eq!(reception.jitter().0, sixteenths >> 4, "{timestamp}");
    }
    for count in 4..2_000u32 {
        reception.time(count * 160, count * 160);
    }
    assert_eq!(reception.jitter(), (0, 10));
    // A constant swing of 160 ticks settles there, through the wrap of both clocks.
    for count in 0..1_000u32 {
        let passed = count * 160;
        reception
            .time((u32::MAX - 80_000).wrapping_add(passed), (u32::MAX - 40_000).wrapping_add(passed + count % 2 * 160));
    }
    assert!((159..=160).contains(&reception.jitter().0), "{:?}", reception.jitter());
    reception.time(5, 1 << 31);
    assert!(reception.jitter().0 <= 160, "a clock set anew is no jitter");
    reception.change_clock();
    assert_eq!(reception.jitter(), (0, 0));
}

proptest! {
    #[test]
    fn any_packets_are_counted(packets in prop::collection::vec((0..3u32, any::<u16>(), any::<u32>(), any::<u32>()), 0..300)) {
        let mut reception = Reception::default();
        for (ssrc, sequence, timestamp, arrival) in packets {
            reception.note(ssrc, sequence);
            reception.time(timestamp, arrival);
            let counts = reception.counts();
            prop_assert!(counts.lost <= counts.expected);
            if sequence % 7 == 0 {
                reception.report();
            }
        }
    }
}
