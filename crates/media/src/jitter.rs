//! A small buffer between the two legs of a bridge.
//!
//! Shape: payload bytes enter at their RTP timestamps and leave in order; what is missing when its time comes is silence.
//! Units: samples of 8 kHz, one byte each, in the codec of the sender.
//! Time: the receiving leg's packet times; nothing is read before the target depth is there.
//! Errors: more than [`CAP`] waiting drops the oldest; samples that come after their time are dropped; both are counted.
//! Sources: RFC 3550 section 5.1 (the timestamp places a sample in time, whatever order packets come in).

use crate::codec::{Codec, transcode};

/// The most that waits: 200 ms.
pub(crate) const CAP: u32 = 1_600;
/// The bounds of the depth aimed at: 20 and 60 ms.
const LEAST_TARGET: u32 = 160;
const MOST_TARGET: u32 = 480;
/// How long the buffer must have been needlessly deep before it is made shallower: 1 s.
const TRIM_AFTER: u32 = 8_000;
/// A power of two, so that a timestamp is an index, and above [`CAP`].
const RING: usize = 2_048;

/// Whether sound flows out.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Flow {
    /// Waiting for the target depth.
    Filling,
    Flowing,
}

#[derive(Debug)]
pub(crate) struct JitterBuffer {
    ring: Box<[u8; RING]>,
    source: Option<(u32, Codec)>,
    /// The next sample to leave, and the end of the newest sample; bytes outside hold silence.
    read: u32,
    end: u32,
    flow: Flow,
    /// Samples in the newest packet that came, and in the newest frame that left.
    packet: u32,
    frame: u32,
    /// The least depth seen in the present window, and how much of the window is over.
    lowest: u32,
    window: u32,
}

impl JitterBuffer {
    pub(crate) fn new() -> Self {
        Self {
            ring: Box::new([Codec::Pcmu.silence(); RING]),
            source: None,
            read: 0,
            end: 0,
            flow: Flow::Filling,
            packet: 0,
            frame: 0,
            lowest: u32::MAX,
            window: 0,
        }
    }

    /// The depth aimed at: a packet of one leg may have just missed the packet time of the other.
    fn target(&self) -> u32 {
        (2 * self.packet.max(self.frame)).clamp(LEAST_TARGET, MOST_TARGET)
    }

    fn depth(&self) -> u32 {
        self.end.wrapping_sub(self.read)
    }

    /// Takes a packet's payload and answers how many samples this dropped.
    pub(crate) fn push(&mut self, ssrc: u32, codec: Codec, timestamp: u32, payload: &[u8]) -> u32 {
        let Some(length) = u32::try_from(payload.len()).ok().filter(|&length| length <= CAP) else {
            return CAP;
        };
        self.packet = length;
        let mut dropped = 0;
        let offset = timestamp.wrapping_sub(self.read) as i32;
        if self.source != Some((ssrc, codec)) || offset.unsigned_abs() > CAP {
            dropped += self.depth();
            self.restart(ssrc, codec, timestamp);
        } else if self.depth() == 0 && offset > 0 {
            // Nothing waits, so what lies between was lost or never said, and nobody need wait for it.
            self.read = timestamp;
            self.end = timestamp;
        }
        let late = self.read.wrapping_sub(timestamp) as i32;
        let late = u32::try_from(late).unwrap_or(0).min(length);
        dropped += late;
        let (start, length) = (timestamp.wrapping_add(late), length - late);
        let needed = start.wrapping_sub(self.read).wrapping_add(length);
        if needed > CAP {
            dropped += self.drop_oldest(needed - self.target().max(length));
        }
        self.write(start, payload.get(late as usize..).unwrap_or(&[]));
        dropped
    }

    fn restart(&mut self, ssrc: u32, codec: Codec, timestamp: u32) {
        self.ring.fill(codec.silence());
        self.source = Some((ssrc, codec));
        self.read = timestamp;
        self.end = timestamp;
        self.flow = Flow::Filling;
    }

    fn write(&mut self, start: u32, payload: &[u8]) {
        for (at, &byte) in payload.iter().enumerate() {
            self.ring[index(start, at)] = byte;
        }
        let end = start.wrapping_add(payload.len() as u32);
        if end.wrapping_sub(self.end) as i32 > 0 {
            self.end = end;
        }
    }

    /// Moves the read position on; answers how many samples that waited are gone.
    fn drop_oldest(&mut self, count: u32) -> u32 {
        let waiting = self.depth().min(count);
        let silence = self.silence();
        for at in 0..waiting as usize {
            self.ring[index(self.read, at)] = silence;
        }
        self.read = self.read.wrapping_add(count);
        if count > waiting {
            self.end = self.read;
        }
        waiting
    }

    fn silence(&self) -> u8 {
        self.source.map_or(Codec::Pcmu, |(_, codec)| codec).silence()
    }

    /// Fills a frame that holds silence; answers how many samples were dropped to be less late.
    pub(crate) fn pull(&mut self, frame: &mut [u8], codec: Codec) -> u32 {
        self.frame = frame.len() as u32;
        let Some((_, source)) = self.source else { return 0 };
        if self.flow == Flow::Filling {
            if self.depth() < self.target() {
                return 0;
            }
            self.flow = Flow::Flowing;
        }
        let silence = source.silence();
        let count = frame.len().min(self.depth() as usize);
        let (filled, _) = frame.split_at_mut(count);
        for (at, byte) in filled.iter_mut().enumerate() {
            *byte = std::mem::replace(&mut self.ring[index(self.read, at)], silence);
        }
        transcode(filled, source, codec);
        self.read = self.read.wrapping_add(count as u32);
        if count < frame.len() {
            self.flow = Flow::Filling;
        }
        self.trim(frame.len() as u32)
    }

    /// A burst after a pause of the network leaves the buffer deep for good; this takes the needless part away.
    fn trim(&mut self, pulled: u32) -> u32 {
        self.lowest = self.lowest.min(self.depth());
        self.window += pulled;
        if self.window < TRIM_AFTER {
            return 0;
        }
        let needless = if self.lowest > MOST_TARGET { self.lowest - LEAST_TARGET } else { 0 };
        self.lowest = u32::MAX;
        self.window = 0;
        self.drop_oldest(needless)
    }
}

fn index(timestamp: u32, at: usize) -> usize {
    (timestamp as usize).wrapping_add(at) % RING
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: u8 = 0xFF;

    fn buffer() -> JitterBuffer {
        JitterBuffer::new()
    }

    fn push(buffer: &mut JitterBuffer, packet: u32, byte: u8) -> u32 {
        buffer.push(1, Codec::Pcmu, (u32::MAX - 400).wrapping_add(packet * 160), &[byte; 160])
    }

    /// The first byte of each of `count` frames.
    fn pulled(buffer: &mut JitterBuffer, count: usize) -> Vec<u8> {
        let frames = (0..count).map(|_| {
            let mut frame = [SILENCE; 160];
            buffer.pull(&mut frame, Codec::Pcmu);
            assert!(frame.iter().all(|&byte| byte == frame[0]));
            frame[0]
        });
        frames.collect()
    }

    #[test]
    fn reordered_packets_are_put_right_and_a_lost_one_is_silence() {
        let table: [(&[u32], &[u8]); 4] = [
            (&[0, 1, 2, 3], &[1, 2, 3, 4]),
            (&[0, 2, 1, 3], &[1, 2, 3, 4]),
            (&[0, 1, 3], &[1, 2, SILENCE, 4]),
            (&[0, 1, 1, 2, 3], &[1, 2, 3, 4]),
        ];
        for (order, expect) in table {
            let mut buffer = buffer();
            for &packet in order {
                push(&mut buffer, packet, packet as u8 + 1);
            }
            assert_eq!(pulled(&mut buffer, 4), expect, "{order:?}");
        }
    }

    #[test]
    fn nothing_leaves_before_the_target_and_an_empty_buffer_fills_again() {
        let mut buffer = buffer();
        push(&mut buffer, 0, 1);
        assert_eq!(pulled(&mut buffer, 1), [SILENCE]);
        push(&mut buffer, 1, 2);
        assert_eq!(pulled(&mut buffer, 3), [1, 2, SILENCE]);
        push(&mut buffer, 2, 3);
        assert_eq!(pulled(&mut buffer, 1), [SILENCE], "one packet is not yet the target");
        push(&mut buffer, 3, 4);
        assert_eq!(pulled(&mut buffer, 2), [3, 4]);
    }

    #[test]
    fn beyond_the_cap_the_oldest_is_dropped_and_counted() {
        let mut buffer = buffer();
        let dropped: u32 = (0..11).map(|packet| push(&mut buffer, packet, packet as u8 + 1)).sum();
        assert_eq!(dropped, 9 * 160);
        assert_eq!(pulled(&mut buffer, 3), [10, 11, SILENCE]);
    }

    #[test]
    fn a_needless_depth_is_taken_away_within_seconds() {
        let mut buffer = buffer();
        for packet in 0..8 {
            push(&mut buffer, packet, 1);
        }
        let dropped: u32 = (8..200)
            .map(|packet| {
                let mut frame = [SILENCE; 160];
                buffer.pull(&mut frame, Codec::Pcmu) + push(&mut buffer, packet, 1)
            })
            .sum();
        assert!(buffer.depth() <= MOST_TARGET, "{}", buffer.depth());
        assert!(dropped > 0);
    }

    #[test]
    fn a_new_source_or_a_leap_of_the_timestamp_begins_anew() {
        let mut buffer = buffer();
        push(&mut buffer, 0, 1);
        push(&mut buffer, 1, 2);
        assert_eq!(buffer.push(1, Codec::Pcmu, 900_000, &[7; 160]), 320);
        assert_eq!(buffer.push(2, Codec::Pcma, 5, &[0xD5; 160]), 160);
        buffer.push(2, Codec::Pcma, 165, &[0x2A; 160]);
        assert_eq!(pulled(&mut buffer, 2), [0xFE, 0x00], "transcoded");
    }

    #[test]
    fn any_order_of_any_packets_is_survived() {
        let mut buffer = buffer();
        let mut state = 1u32;
        for _ in 0..50_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let timestamp =
                if state & 7 == 0 { state } else { buffer.read.wrapping_add((state >> 8) % 4_000).wrapping_sub(2_000) };
            let payload = vec![0; (state >> 20) as usize % 1_700];
            buffer.push(state >> 31, Codec::Pcmu, timestamp, &payload);
            if state & 0x30 == 0 {
                buffer.pull(&mut [SILENCE; 480], Codec::Pcma);
            }
            assert!(buffer.depth() <= CAP);
        }
    }
}
