use super::*;

const SILENCE: u8 = 0xFF;
const START: u32 = u32::MAX - 400;

fn buffer() -> JitterBuffer {
    JitterBuffer::new(Codec::Pcmu)
}

fn push(buffer: &mut JitterBuffer, packet: u32, byte: u8) -> u32 {
    buffer.push(1, Codec::Pcmu, START.wrapping_add(packet * 160), &[byte; 160])
}

/// The first byte of each of `count` frames, which have no other.
fn pulled(buffer: &mut JitterBuffer, count: usize) -> Vec<u8> {
    let frames = (0..count).map(|_| {
        let frame = pull(buffer);
        assert!(frame.iter().all(|&byte| byte == frame[0]), "{frame:?}");
        frame[0]
    });
    frames.collect()
}

fn pull(buffer: &mut JitterBuffer) -> [u8; 160] {
    let mut frame = [1; 160];
    buffer.pull(&mut frame);
    frame
}

#[test]
fn reordered_packets_are_put_right_and_the_first_waits_one_frame() {
    for order in [[0, 1, 2, 3], [0, 2, 1, 3], [0, 1, 1, 2]] {
        let mut buffer = buffer();
        for packet in order {
            push(&mut buffer, packet, packet as u8 + 2);
        }
        let last = *order.iter().max().unwrap() as u8;
        let expect: Vec<u8> = [SILENCE].into_iter().chain(2..=last + 2).collect();
        assert_eq!(pulled(&mut buffer, expect.len()), expect, "{order:?}");
    }
}

#[test]
fn a_lost_packet_is_made_up_and_does_not_move_the_others() {
    let mut buffer = buffer();
    let tone = |at: u32| Codec::Pcmu.law().unwrap().encode((8_000.0 * (f64::from(at) * 0.35).sin()) as i16);
    let mut energy = Vec::new();
    for packet in 0..20u32 {
        if packet != 10 {
            let payload: Vec<u8> = (0..160).map(|at| tone(packet * 160 + at)).collect();
            buffer.push(1, Codec::Pcmu, START.wrapping_add(packet * 160), &payload);
        }
        let heard = pull(&mut buffer);
        if ![0, 11, 12].contains(&packet) {
            let expect: Vec<u8> = (0..160).map(|at| tone((packet - 1) * 160 + at)).collect();
            assert_eq!(heard[..], expect[..], "{packet}");
        }
        energy.push(heard.iter().map(|&byte| i64::from(Codec::Pcmu.law().unwrap().decode(byte)).pow(2)).sum::<i64>());
    }
    assert!(energy[11] > energy[10] / 4, "{energy:?}");
}

#[test]
fn what_stays_away_is_silence_in_the_end() {
    let mut buffer = buffer();
    (0..3).for_each(|packet| assert_eq!(push(&mut buffer, packet, 0x10), 0));
    (0..12).for_each(|_| assert_eq!(pull(&mut buffer).len(), 160));
    assert_eq!(pulled(&mut buffer, 5), [SILENCE; 5]);
}

#[test]
fn a_key_is_not_preceded_by_made_up_sound() {
    let mut buffer = buffer();
    push(&mut buffer, 0, 0x10);
    assert_eq!(pulled(&mut buffer, 2), [SILENCE, 0x10]);
    buffer.hush();
    assert_eq!(pulled(&mut buffer, 3), [SILENCE; 3]);
}

#[test]
fn a_packet_that_is_a_little_late_makes_all_later_and_is_heard() {
    let mut buffer = buffer();
    push(&mut buffer, 0, 2);
    pulled(&mut buffer, 2);
    pull(&mut buffer);
    assert_eq!(push(&mut buffer, 1, 3), 0);
    push(&mut buffer, 2, 4);
    pull(&mut buffer);
    assert_eq!(pulled(&mut buffer, 1), [4]);
}

#[test]
fn a_clock_that_is_faster_or_slower_is_followed() {
    for (per_mille, name) in [(10i64, "faster"), (-10, "slower"), (1, "a little faster")] {
        let mut buffer = buffer();
        let (mut sent, mut worst) = (0i64, (0, i32::MAX));
        for frame in 0..6_000i64 {
            let due = frame * 160 * (1_000 + per_mille) / 1_000 / 160;
            while sent <= due {
                assert_eq!(push(&mut buffer, sent as u32, 0x20 + (sent % 2) as u8), 0, "{name}");
                sent += 1;
            }
            pull(&mut buffer);
            let waiting = buffer.end.wrapping_sub(buffer.line.next()) as i32;
            worst = (worst.0.max(waiting), worst.1.min(waiting));
        }
        assert!(worst.0 <= 8 * 100, "{name}: {worst:?}");
    }
}

#[test]
fn a_new_source_or_a_leap_of_the_timestamp_begins_anew() {
    let mut buffer = JitterBuffer::new(Codec::Pcma);
    let push =
        |buffer: &mut JitterBuffer, ssrc, codec, timestamp, byte| buffer.push(ssrc, codec, timestamp, &[byte; 160]);
    push(&mut buffer, 1, Codec::Pcma, 0, 1);
    assert!(push(&mut buffer, 1, Codec::Pcma, 900_000, 7) >= 160);
    assert!(push(&mut buffer, 2, Codec::Pcma, 5, 9) >= 160);
    assert_eq!(push(&mut buffer, 2, Codec::Pcmu, 165, 0x00), 0);
    assert_eq!(push(&mut buffer, 2, Codec::G722, 325, 0x00), 160);
    assert_eq!(pulled(&mut buffer, 3), [0xD5, 9, 0x2A], "rewritten by table");
}

#[test]
fn any_order_of_any_packets_is_survived() {
    for codec in [Codec::Pcma, Codec::G722] {
        let mut buffer = JitterBuffer::new(codec);
        let mut state = 1u32;
        for _ in 0..50_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let near = buffer.line.next().wrapping_add((state >> 8) % 4_000).wrapping_sub(2_000);
            let timestamp = if state & 7 == 0 { state } else { near };
            let payload = vec![0x33; (state >> 20) as usize % 1_700];
            buffer.push(state >> 31, codec, timestamp, &payload);
            if state & 0x30 == 0 {
                buffer.pull(&mut [SILENCE; 480]);
            }
            assert!(buffer.waiting(buffer.line.next()) as usize <= RING);
        }
    }
}
