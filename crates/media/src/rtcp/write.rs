//! Our compound packets.
//!
//! Shape: a [`Report`] in, one datagram out: a sender's or a receiver's report, the source's name, and a farewell where it is the last.
//! Units: those of the wire.
//! Sources: RFC 3550 sections 6.1 (what a compound holds), 6.4 to 6.6; RFC 7022 section 4.2 (the name).

use super::{BLOCK_LEN, Block, CNAME, DESCRIPTION, GOODBYE, RECEIVER_REPORT, SENDER_REPORT, Sending, VERSION};

/// Bytes of a [`Cname`].
pub const CNAME_LEN: usize = 20;
const DESCRIPTION_LEN: usize = (4 + 4 + 2 + CNAME_LEN + 1).next_multiple_of(4);
/// The buffer that any compound of ours fits into.
pub const MAX_REPORT: usize = 8 + 20 + BLOCK_LEN + DESCRIPTION_LEN + 8;

/// The name of our end: letters drawn by chance, for it is to tell sources apart and nothing of anybody.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Cname([u8; CNAME_LEN]);

impl Cname {
    /// A name of these 80 bits.
    pub fn new(random: [u8; CNAME_LEN / 2]) -> Self {
        let digit = |half: u8| b"0123456789abcdef"[usize::from(half & 0x0F)];
        let mut name = [0; CNAME_LEN];
        for (pair, byte) in name.chunks_exact_mut(2).zip(random) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte)]);
        }
        Self(name)
    }
}

/// Whether a report is the last.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Farewell {
    /// More will come.
    No,
    /// The stream ends.
    Bye,
}

/// What a stream says of itself and of its peer.
#[derive(Copy, Clone, Debug)]
pub struct Report {
    /// Who reports.
    pub ssrc: u32,
    /// What it sent, where it sent lately.
    pub sending: Option<Sending>,
    /// What it received, where something came.
    pub block: Option<Block>,
    /// Its name.
    pub cname: Cname,
    /// Whether it leaves.
    pub farewell: Farewell,
}

struct Cursor<'b> {
    into: &'b mut [u8; MAX_REPORT],
    at: usize,
}

impl Cursor<'_> {
    fn put(&mut self, bytes: &[u8]) {
        // There is room for the longest compound, by the length of the buffer.
        if let Some(room) = self.into.get_mut(self.at..self.at + bytes.len()) {
            room.copy_from_slice(bytes);
            self.at += bytes.len();
        }
    }

    fn word(&mut self, word: u32) {
        self.put(&word.to_be_bytes());
    }

    /// The head of a packet of so many bytes, head included.
    fn head(&mut self, kind: u8, count: u8, bytes: usize) {
        let words = u16::try_from(bytes / 4 - 1).unwrap_or(u16::MAX).to_be_bytes();
        self.put(&[(VERSION << 6) | count, kind, words[0], words[1]]);
    }
}

impl Report {
    /// Fills the buffer; answers how many bytes the datagram has.
    pub fn write(&self, into: &mut [u8; MAX_REPORT]) -> usize {
        let mut cursor = Cursor { into, at: 0 };
        let count = u8::from(self.block.is_some());
        let blocks = usize::from(count) * BLOCK_LEN;
        match &self.sending {
            Some(sending) => {
                cursor.head(SENDER_REPORT, count, 28 + blocks);
                cursor.word(self.ssrc);
                cursor.put(&sending.ntp.0.to_be_bytes());
                cursor.word(sending.timestamp);
                cursor.word(sending.packets);
                cursor.word(sending.octets);
            }
            None => {
                cursor.head(RECEIVER_REPORT, count, 8 + blocks);
                cursor.word(self.ssrc);
            }
        }
        if let Some(block) = &self.block {
            write_block(&mut cursor, block);
        }
        cursor.head(DESCRIPTION, 1, DESCRIPTION_LEN);
        cursor.word(self.ssrc);
        cursor.put(&[CNAME, CNAME_LEN as u8]);
        cursor.put(&self.cname.0);
        cursor.put(&[0; DESCRIPTION_LEN - (4 + 4 + 2 + CNAME_LEN)]);
        if self.farewell == Farewell::Bye {
            cursor.head(GOODBYE, 1, 8);
            cursor.word(self.ssrc);
        }
        cursor.at
    }
}

fn write_block(cursor: &mut Cursor<'_>, block: &Block) {
    let [_, lost @ ..] = block.lost.clamp(-0x80_0000, 0x7F_FFFF).to_be_bytes();
    cursor.word(block.ssrc);
    cursor.put(&[block.fraction_lost]);
    cursor.put(&lost);
    for word in [block.highest, block.jitter, block.last_report, block.delay] {
        cursor.word(word);
    }
}

#[cfg(test)]
mod tests {
    use super::super::NtpTime;
    use super::super::read::{Compound, Packet};
    use super::*;
    use proptest::prelude::*;

    fn sending() -> Sending {
        Sending { ntp: NtpTime(0x0102_0304_0506_0708), timestamp: 9, packets: 10, octets: 1_600 }
    }

    #[test]
    fn a_compound_begins_with_a_report_and_names_its_source() {
        let cname = Cname::new([0x0F, 0xA5, 0, 0, 0, 0, 0, 0, 0, 1]);
        let report = Report { ssrc: 7, sending: None, block: None, cname, farewell: Farewell::No };
        let mut buffer = [0xEE; MAX_REPORT];
        let length = report.write(&mut buffer);
        let expect =
            b"\x80\xC9\x00\x01\x00\x00\x00\x07\x81\xCA\x00\x07\x00\x00\x00\x07\x01\x140fa50000000000000001\x00\x00";
        assert_eq!(&buffer[..length], &expect[..]);
    }

    #[test]
    fn the_longest_compound_fills_the_buffer() {
        let cname = Cname::new([1; 10]);
        let block = Some(Block::default());
        let report = Report { ssrc: 7, sending: Some(sending()), block, cname, farewell: Farewell::Bye };
        let mut buffer = [0; MAX_REPORT];
        assert_eq!(report.write(&mut buffer), MAX_REPORT);
        let packets: Vec<_> = Compound::parse(&buffer).unwrap().collect();
        assert_eq!(packets.len(), 3, "{packets:?}");
        assert_eq!(packets[2], Packet::Goodbye { ssrc: Some(7) });
    }

    proptest! {
        #[test]
        fn what_we_write_is_read_back(
            numbers in any::<[u32; 6]>(), fraction_lost in any::<u8>(), lost in -0x80_0000..0x80_0000i32, sends in any::<bool>()
        ) {
            let [ssrc, source, highest, jitter, last_report, delay] = numbers;
            let block = Block { ssrc: source, fraction_lost, lost, highest, jitter, last_report, delay };
            let (sending, cname) = (sends.then(sending), Cname::new([3; 10]));
            let report = Report { ssrc, sending, block: Some(block), cname, farewell: Farewell::No };
            let mut buffer = [0; MAX_REPORT];
            let length = report.write(&mut buffer);
            let packets: Vec<_> = Compound::parse(&buffer[..length]).unwrap().collect();
            let read = match packets[0] {
                Packet::Sender { ssrc, sending, blocks } => (ssrc, Some(sending), blocks),
                Packet::Receiver { ssrc, blocks } => (ssrc, None, blocks),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!((read.0, read.1), (ssrc, report.sending));
            prop_assert_eq!(read.2.collect::<Vec<_>>(), vec![block]);
            prop_assert_eq!(packets[1], Packet::Description { ssrc, cname: Some(&b"03030303030303030303"[..]) });
        }
    }
}
