use super::*;

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A latch, its clock, and where each source is in its numbers.
struct Bench {
    latch: Latch,
    now: Instant,
    sequence: u16,
}

impl Bench {
    fn new(negotiated: Option<SocketAddr>) -> Self {
        Self { latch: Latch::new(negotiated), now: crate::test_start(), sequence: 0 }
    }

    /// One packet of an orderly source, now.
    fn hear(&mut self, port: u16) -> Source {
        self.hear_numbered(port, self.sequence)
    }

    fn hear_numbered(&mut self, port: u16, sequence: u16) -> Source {
        self.latch.hear(self.now, at(port), u32::from(port), sequence)
    }

    fn tick(&mut self) {
        self.now += Duration::from_millis(20);
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Packets every 20 ms of these sources side by side; how many of each were heard.
    fn talk<const N: usize>(&mut self, ports: [u16; N], count: u16) -> [u16; N] {
        let mut heard = [0; N];
        for _ in 0..count {
            for (port, heard) in ports.iter().zip(&mut heard) {
                *heard += u16::from(self.hear(*port) == Source::Peer);
            }
            self.tick();
        }
        heard
    }
}

#[test]
fn a_source_behind_a_nat_is_locked_after_consistent_packets_and_others_are_strangers() {
    let mut bench = Bench::new(Some(at(1)));
    assert_eq!(bench.talk([2], 4), [0], "on probation it is not heard");
    assert_eq!(bench.latch.remote(), Some(at(1)), "and the signalled address wins");
    assert_eq!(bench.talk([2], 10), [10]);
    assert_eq!(bench.latch.remote(), Some(at(2)));
    assert_eq!(bench.talk([3, 2, 4], 200), [0, 200, 0]);
    assert_eq!(bench.latch.remote(), Some(at(2)));
}

#[test]
fn the_signalled_address_is_heard_at_once_and_locks() {
    let mut bench = Bench::new(Some(at(1)));
    assert_eq!(bench.talk([2, 1, 2], 100), [0, 100, 0]);
    assert_eq!(bench.latch.remote(), Some(at(1)));
}

#[test]
fn a_spray_before_and_after_the_peer_moves_nothing_and_is_not_heard() {
    // RTPBleed: a few packets from many places, in bursts, with numbers in sequence or at random.
    let mut bench = Bench::new(Some(at(1)));
    for burst in 0..50u16 {
        for number in 0..40 {
            assert_eq!(bench.hear_numbered(1_000 + burst, number), Source::Stranger, "a burst is no stream");
            let jump = number.wrapping_mul(7_919);
            assert_eq!(bench.hear_numbered(2_000 + burst % 4, jump), Source::Stranger, "no order is no stream");
        }
        bench.tick();
        assert_eq!(bench.latch.remote(), Some(at(1)));
    }
    assert_eq!(bench.talk([9], 20), [16], "the peer behind its NAT is found all the same");
    for burst in 0..50u16 {
        for number in 0..40 {
            assert_eq!(bench.hear_numbered(1_000 + burst, number), Source::Stranger);
        }
        assert_eq!(bench.hear(9), Source::Peer);
        bench.tick();
    }
    assert_eq!(bench.latch.remote(), Some(at(9)));
}

#[test]
fn many_sources_of_one_packet_each_do_not_keep_the_peer_from_being_found() {
    let mut bench = Bench::new(None);
    for round in 0..20u16 {
        bench.hear(9);
        for stranger in 0..2 {
            bench.hear(1_000 + round * 2 + stranger);
        }
        bench.tick();
    }
    assert_eq!(bench.latch.remote(), Some(at(9)));
}

#[test]
fn another_sender_at_the_same_address_starts_its_probation_anew() {
    let mut bench = Bench::new(Some(at(1)));
    for number in 0..20u16 {
        let ssrc = u32::from(number / 4);
        assert_eq!(bench.latch.hear(bench.now, at(2), ssrc, number), Source::Stranger, "packet {number}");
        bench.tick();
    }
}

#[test]
fn a_little_loss_and_a_repeated_packet_are_no_other_sender() {
    let mut bench = Bench::new(Some(at(1)));
    for number in [0, 1, 1, 3, 6] {
        assert_eq!(bench.hear_numbered(2, number), Source::Stranger);
        bench.tick();
    }
    assert_eq!(bench.hear_numbered(2, 7), Source::Peer);
}

#[test]
fn a_stranger_that_was_learned_loses_the_stream_to_the_address_of_the_sdp() {
    let mut bench = Bench::new(Some(at(1)));
    bench.talk([2], 10);
    assert_eq!(bench.latch.remote(), Some(at(2)));
    assert_eq!(bench.hear(1), Source::Peer);
    assert_eq!(bench.talk([2], 200), [0]);
    assert_eq!(bench.latch.remote(), Some(at(1)));
}

#[test]
fn a_negotiation_opens_learning_again_but_whoever_was_learned_keeps_the_stream() {
    let mut bench = Bench::new(Some(at(1)));
    bench.talk([2], 10);
    bench.latch.renegotiate(Some(at(1)));
    assert_eq!(bench.latch.remote(), Some(at(2)), "the address of the SDP did not change");
    assert_eq!(bench.talk([3, 2], 100), [0, 100], "an attacker beside the peer");
    bench.latch.renegotiate(Some(at(1)));
    assert_eq!(bench.talk([3], 10), [6], "the peer has moved, and nothing comes from its old place");
    assert_eq!(bench.latch.remote(), Some(at(3)));
    bench.latch.renegotiate(Some(at(4)));
    assert_eq!(bench.latch.remote(), Some(at(4)));
    bench.latch.renegotiate(None);
    assert_eq!(bench.latch.remote(), None);
}

#[test]
fn what_is_still_under_way_from_the_old_address_does_not_hold_the_stream_there() {
    let mut bench = Bench::new(Some(at(1)));
    bench.talk([2], 10);
    bench.latch.renegotiate(Some(at(4)));
    assert_eq!(bench.talk([2, 5], 10), [0, 6]);
    assert_eq!(bench.latch.remote(), Some(at(5)));
}

#[test]
fn a_peer_that_stays_at_its_old_source_is_heard_after_a_while() {
    let mut bench = Bench::new(Some(at(1)));
    bench.talk([2], 10);
    bench.latch.renegotiate(Some(at(4)));
    let [heard] = bench.talk([2], 200);
    assert_eq!(heard, 200 - u16::from(STRAGGLERS) - 4);
    assert_eq!(bench.latch.remote(), Some(at(2)));
}

#[test]
fn the_end_of_a_hold_returns_to_the_learned_source() {
    let mut bench = Bench::new(Some(at(1)));
    bench.talk([2], 10);
    bench.latch.renegotiate(None);
    bench.latch.renegotiate(Some(at(1)));
    assert_eq!(bench.latch.remote(), Some(at(2)));
    assert_eq!(bench.hear(2), Source::Peer);
}
