//! Compound packets of peers, taken apart.
//!
//! Shape: [`Compound::parse`] checks the whole datagram once; it is then an iterator of [`Packet`]s that borrow from it.
//! Errors: [`RtcpError`] for each way in which a length lies. Packet types that we do not use are given as such.
//! Sources: RFC 3550 sections 6.1 and 6.4 to 6.6, appendix A.2 (validity); RFC 5506 section 3.4.2 (any packet may be first).

use super::{BLOCK_LEN, Block, CNAME, DESCRIPTION, GOODBYE, NtpTime, RECEIVER_REPORT, SENDER_REPORT, Sending, VERSION};
use thiserror::Error;

/// Why bytes are not RTCP.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum RtcpError {
    /// Shorter than a packet claims, or not one packet.
    #[error("the packet ends inside what it claims to hold")]
    Truncated,
    /// Not version 2.
    #[error("the version is not 2")]
    Version,
    /// Padding before the last packet, or more of it than there are bytes.
    #[error("the padding is impossible")]
    Padding,
}

/// One packet of a compound.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Packet<'d> {
    /// A sender's report.
    Sender {
        /// Who reports.
        ssrc: u32,
        /// What it says of its sending.
        sending: Sending,
        /// What it receives.
        blocks: Blocks<'d>,
    },
    /// The report of somebody who did not send lately.
    Receiver {
        /// Who reports.
        ssrc: u32,
        /// What it receives.
        blocks: Blocks<'d>,
    },
    /// The first source's name that lasts, where one is given.
    Description {
        /// Whose name it is.
        ssrc: u32,
        /// The name; bytes, for a peer's UTF-8 is not to be relied on.
        cname: Option<&'d [u8]>,
    },
    /// A source leaves; the first one named.
    Goodbye {
        /// Which; `None` where nobody is named.
        ssrc: Option<u32>,
    },
    /// Something that we do not use, by its packet type.
    Other(u8),
}

/// The report blocks of one packet.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Blocks<'d> {
    bytes: &'d [u8],
}

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let (block, rest) = self.bytes.split_first_chunk::<BLOCK_LEN>()?;
        self.bytes = rest;
        // The 24 bits of the count begin below the fraction; their sign goes up with the shift.
        let lost = i32::from_be_bytes([block[5], block[6], block[7], 0]) >> 8;
        Some(Block {
            ssrc: word(block, 0),
            fraction_lost: block[4],
            lost,
            highest: word(block, 8),
            jitter: word(block, 12),
            last_report: word(block, 16),
            delay: word(block, 20),
        })
    }
}

/// A datagram of one or more packets.
#[derive(Clone, Debug)]
pub struct Compound<'d> {
    rest: &'d [u8],
}

impl<'d> Compound<'d> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// One [`RtcpError`] for each thing that can be wrong in any of its packets; nothing of such a datagram is used.
    pub fn parse(datagram: &'d [u8]) -> Result<Self, RtcpError> {
        let mut rest = datagram;
        // Ends: each turn takes four bytes at least.
        loop {
            let (_, after) = take(rest)?;
            if after.is_empty() {
                return Ok(Self { rest: datagram });
            }
            rest = after;
        }
    }
}

impl<'d> Iterator for Compound<'d> {
    type Item = Packet<'d>;

    fn next(&mut self) -> Option<Packet<'d>> {
        let (packet, rest) = take(self.rest).ok()?;
        self.rest = rest;
        Some(packet)
    }
}

/// The first packet of these bytes, and what comes after it.
fn take(bytes: &[u8]) -> Result<(Packet<'_>, &[u8]), RtcpError> {
    let (head, rest) = bytes.split_first_chunk::<4>().ok_or(RtcpError::Truncated)?;
    if head[0] >> 6 != VERSION {
        return Err(RtcpError::Version);
    }
    let length = usize::from(u16::from_be_bytes([head[2], head[3]])) * 4;
    let (mut body, rest) = rest.split_at_checked(length).ok_or(RtcpError::Truncated)?;
    if head[0] & 0x20 != 0 {
        let padding = usize::from(*body.last().ok_or(RtcpError::Padding)?);
        let kept = body.len().checked_sub(padding).filter(|_| rest.is_empty() && padding > 0 && padding % 4 == 0);
        body = &body[..kept.ok_or(RtcpError::Padding)?];
    }
    let packet = packet(head[1], usize::from(head[0] & 0x1F), body).ok_or(RtcpError::Truncated)?;
    Ok((packet, rest))
}

/// A packet of this type with so many entries; `None` where its body is too short for them.
fn packet(kind: u8, count: usize, body: &[u8]) -> Option<Packet<'_>> {
    Some(match kind {
        SENDER_REPORT => {
            let (head, rest) = body.split_first_chunk::<24>()?;
            let ntp = NtpTime(u64::from(word(head, 4)) << 32 | u64::from(word(head, 8)));
            let sending = Sending { ntp, timestamp: word(head, 12), packets: word(head, 16), octets: word(head, 20) };
            Packet::Sender { ssrc: word(head, 0), sending, blocks: blocks(count, rest)? }
        }
        RECEIVER_REPORT => {
            let (head, rest) = body.split_first_chunk::<4>()?;
            Packet::Receiver { ssrc: u32::from_be_bytes(*head), blocks: blocks(count, rest)? }
        }
        // A description of nobody is allowed, and useless.
        DESCRIPTION if count == 0 => Packet::Other(DESCRIPTION),
        DESCRIPTION => {
            let (head, items) = body.split_first_chunk::<4>()?;
            Packet::Description { ssrc: u32::from_be_bytes(*head), cname: cname(items)? }
        }
        GOODBYE => {
            let named = body.get(..count * 4)?;
            Packet::Goodbye { ssrc: named.first_chunk::<4>().map(|ssrc| u32::from_be_bytes(*ssrc)) }
        }
        other => Packet::Other(other),
    })
}

fn blocks(count: usize, after_head: &[u8]) -> Option<Blocks<'_>> {
    after_head.get(..count * BLOCK_LEN).map(|bytes| Blocks { bytes })
}

/// The name among the items of the first source; `None` outside where an item is longer than the packet.
fn cname(mut items: &[u8]) -> Option<Option<&[u8]>> {
    // Ends: each turn takes two bytes at least. A list without an end of its own ends with the packet.
    loop {
        match items {
            [] | [0, ..] => return Some(None),
            [kind, length, rest @ ..] => {
                let (value, after) = rest.split_at_checked(usize::from(*length))?;
                if *kind == CNAME {
                    return Some(Some(value));
                }
                items = after;
            }
            [_] => return None,
        }
    }
}

/// The 32 bits at this place, which the caller knows to be there.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |word| u32::from_be_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A receiver report on one source, as bytes.
    fn receiver_report() -> Vec<u8> {
        let mut bytes = vec![0x81, 201, 0, 7];
        let words = [0x1111_1111, 0x2222_2222, 0x40FF_FFFE, 0x0001_0005, 160, 0xAABB_CCDD, 0x0001_8000u32];
        bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        bytes
    }

    fn check(name: &str, datagram: &[u8], expect: Result<usize, RtcpError>) {
        assert_eq!(Compound::parse(datagram).map(Iterator::count), expect, "{name}");
    }

    #[test]
    fn a_report_is_read_as_it_stands_in_the_rfc() {
        let bytes = receiver_report();
        let packets: Vec<_> = Compound::parse(&bytes).unwrap().collect();
        let [Packet::Receiver { ssrc, blocks }] = packets[..] else { panic!("{packets:?}") };
        assert_eq!(ssrc, 0x1111_1111);
        let block = Block {
            ssrc: 0x2222_2222,
            fraction_lost: 64,
            lost: -2,
            highest: 0x0001_0005,
            jitter: 160,
            last_report: 0xAABB_CCDD,
            delay: 0x0001_8000,
        };
        assert_eq!(blocks.collect::<Vec<_>>(), [block]);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let good = receiver_report();
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        check("whole", &good, Ok(1));
        check("empty", &[], Err(RtcpError::Truncated));
        check("three bytes", &good[..3], Err(RtcpError::Truncated));
        check("cut", &good[..31], Err(RtcpError::Truncated));
        check("version 1", &with(0, 0x41), Err(RtcpError::Version));
        check("more reports than bytes", &with(0, 0x82), Err(RtcpError::Truncated));
        check("longer than the datagram", &with(3, 8), Err(RtcpError::Truncated));
        check("shorter than its reports", &with(3, 6), Err(RtcpError::Truncated));
        check("rubbish behind", &[&good[..], &[1, 2]].concat(), Err(RtcpError::Truncated));
        check("padding of zero", &[0xA0, 203, 0, 1, 0, 0, 0, 0], Err(RtcpError::Padding));
        check("padding beyond", &[0xA0, 203, 0, 1, 0, 0, 0, 8], Err(RtcpError::Padding));
        check("padding", &[0xA0, 203, 0, 1, 0, 0, 0, 4], Ok(1));
        check(
            "padding before the last",
            &[&[0xA0, 203, 0, 1, 0, 0, 0, 4], &good[..]].concat(),
            Err(RtcpError::Padding),
        );
        check("a name beyond", &[0x81, 202, 0, 2, 0, 0, 0, 1, 1, 9, b'a', 0], Err(RtcpError::Truncated));
        check("reduced size", &[0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2], Ok(1));
    }

    #[test]
    fn names_and_farewells_are_read() {
        let bytes = [
            &[0x81, 202, 0, 4, 0, 0, 0, 7, 2, 1, b'x', 1, 3, b'a', b'@', b'b', 0, 0, 0, 0][..],
            &[0x81, 203, 0, 1, 0, 0, 0, 7],
            &[0x80, 203, 0, 0],
        ]
        .concat();
        let packets: Vec<_> = Compound::parse(&bytes).unwrap().collect();
        let named = Packet::Description { ssrc: 7, cname: Some(b"a@b") };
        assert_eq!(packets, [named, Packet::Goodbye { ssrc: Some(7) }, Packet::Goodbye { ssrc: None }]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 199u8..206) {
            if let [first, second, ..] = &mut bytes[..] {
                (*first, *second) = (0x80 | (*first & 0x3F), kind);
            }
            if let Ok(compound) = Compound::parse(&bytes) {
                prop_assert!(compound.count() >= 1);
            }
        }
    }
}
