//! The frames of an MPEG layer III stream: where each begins, and what it says of itself.
//!
//! Shape: [`Frames`] gives each frame's [`Header`] and bytes, and looks for the next one where something else lies
//! between: tags, junk, a damaged frame. [`Tag`] reads what encoders write into a frame of its own at the beginning.
//! Units: bytes; samples of one channel.
//! Errors: none; what is no frame is passed over. Each byte is looked at a bounded number of times.
//! Sources: ISO/IEC 11172-3 2.4.1.3 and 2.4.2.3, 13818-3 2.4.2.3; id3.org, ID3v2.4.0 structure 3.1 (the tag's length).

use std::iter::FusedIterator;

const HEADER: usize = 4;
/// Samples by which every decoder of layer III is late.
const DECODER_DELAY: usize = 529;
/// Kilobits a second of MPEG-1 layer III, by the index in the header; 0 is "free", 15 is forbidden.
const BIT_RATES_1: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
/// The same of MPEG-2 and 2.5.
const BIT_RATES_2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
/// Samples a second of MPEG-1; MPEG-2 has half of it and 2.5 a quarter.
const RATES_1: [u32; 3] = [44_100, 48_000, 32_000];

/// What stands in the first four bytes of a frame.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Header {
    /// Samples a second.
    pub(super) rate: u32,
    /// 1 or 2.
    pub(super) channels: u16,
    /// Samples of each channel.
    pub(super) samples: usize,
    /// Bytes of the whole frame.
    pub(super) length: usize,
    /// Whether it is of MPEG-1, and not of the lower rates.
    pub(super) first: bool,
}

/// What a sync word introduces.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Sync {
    /// A frame of layer III.
    Frame(Header),
    /// One of another layer.
    Layer(u8),
    /// One whose length only a search for the next tells.
    FreeRate,
}

impl Sync {
    /// Reads the head of what may be a frame.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let &[0xFF, second, third, fourth] = bytes.first_chunk::<HEADER>()? else { return None };
        let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
        if second & 0xE0 != 0xE0 || version == 1 || layer == 0 {
            return None;
        }
        let first = version == 3;
        let kilobits = *if first { BIT_RATES_1 } else { BIT_RATES_2 }.get(usize::from(third >> 4))?;
        let full = *RATES_1.get(usize::from(third >> 2 & 3))?;
        if layer != 1 {
            return Some(Self::Layer(4 - layer));
        }
        if kilobits == 0 {
            return Some(Self::FreeRate);
        }
        let rate = full
            >> match version {
                3 => 0,
                2 => 1,
                _ => 2,
            };
        let samples: u32 = if first { 1_152 } else { 576 };
        let length = samples / 8 * kilobits * 1_000 / rate + u32::from(third >> 1 & 1);
        let channels = if fourth >> 6 == 3 { 1 } else { 2 };
        Some(Self::Frame(Header { rate, channels, samples: samples as usize, length: length as usize, first }))
    }

    fn frame(bytes: &[u8]) -> Option<Header> {
        match Self::of(bytes)? {
            Self::Frame(header) => Some(header),
            Self::Layer(_) | Self::FreeRate => None,
        }
    }
}

/// The frames of a stream, in order.
#[derive(Clone)]
pub(super) struct Frames<'a> {
    rest: &'a [u8],
    /// Whether the last frame ended exactly here.
    joined: bool,
}

impl<'a> Frames<'a> {
    pub(super) fn of(stream: &'a [u8]) -> Self {
        Self { rest: stream, joined: false }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = (Header, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let whole = Sync::frame(self.rest).filter(|header| header.length <= self.rest.len());
            // Any two bytes may look like a sync word: one that follows on no frame has to be followed by one.
            if let Some(header) = whole.filter(|header| self.joined || is_followed(self.rest, header)) {
                let (frame, rest) = self.rest.split_at(header.length);
                (self.rest, self.joined) = (rest, true);
                return Some((header, frame));
            }
            let next = self.rest.iter().skip(1).position(|&byte| byte == 0xFF);
            let skipped = next.map_or(self.rest.len(), |at| at + 1);
            (self.rest, self.joined) = (&self.rest[skipped..], false);
        }
        None
    }
}

impl FusedIterator for Frames<'_> {}

/// Whether another frame of the same kind, or the end, is where this one ends.
fn is_followed(bytes: &[u8], header: &Header) -> bool {
    match bytes.get(header.length..) {
        Some([]) => true,
        Some(rest) if rest.starts_with(b"TAG") || rest.starts_with(b"APETAGEX") => true,
        Some(rest) => Sync::frame(rest).is_some_and(|next| (next.rate, next.first) == (header.rate, header.first)),
        None => false,
    }
}

/// What an encoder wrote about the whole stream, in place of its first frame.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Tag {
    /// Samples before the sound begins.
    pub(super) start: usize,
    /// Samples after it has ended.
    pub(super) end: usize,
}

impl Tag {
    /// Finds it in a frame. The number of frames that it claims is not asked: there are as many as there are.
    pub(super) fn find(header: &Header, frame: &[u8]) -> Option<Self> {
        let side = match (header.first, header.channels) {
            (true, 2) => 32,
            (true, _) | (false, 2) => 17,
            (false, _) => 9,
        };
        if frame.get(HEADER + 32..)?.starts_with(b"VBRI") {
            return Some(Self::default());
        }
        let tag = frame.get(HEADER + side..)?;
        if !tag.starts_with(b"Xing") && !tag.starts_with(b"Info") {
            return None;
        }
        let flags = *tag.get(7)?;
        let fields = [(1, 4), (2, 4), (4, 100), (8, 4)].iter().filter(|(bit, _)| flags & bit != 0);
        let encoder = tag.get(8 + fields.map(|(_, length)| length).sum::<usize>()..).unwrap_or(&[]);
        Some(match (encoder.first(), encoder.get(21..24)) {
            (Some(b'A'..=b'Z'), Some(&[high, middle, low])) => {
                let delay = usize::from(high) << 4 | usize::from(middle >> 4);
                let padding = usize::from(middle & 15) << 8 | usize::from(low);
                Self { start: delay + DECODER_DELAY, end: padding.saturating_sub(DECODER_DELAY) }
            }
            _ => Self::default(),
        })
    }
}

/// What follows on the ID3v2 tags at the beginning of a file, however large the pictures in them are.
pub(super) fn after_tags(mut file: &[u8]) -> &[u8] {
    while let Some(&[b'I', b'D', b'3', _, _, flags, a, b, c, d]) = file.first_chunk::<10>() {
        let length = [a, b, c, d].iter().fold(0, |length, byte| length << 7 | usize::from(byte & 0x7F));
        let footer = if flags & 0x10 == 0 { 0 } else { 10 };
        file = file.get(10 + length + footer..).unwrap_or(&[]);
    }
    file
}
