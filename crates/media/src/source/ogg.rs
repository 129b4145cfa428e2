//! The packets of the first sound in an Ogg file.
//!
//! Shape: pages are found, checked and put together to packets, each handed to whoever asked. What other streams the file
//! holds beside the sound is passed over.
//! Units: the granule position of a page is in samples of one channel.
//! Errors: [`OggError`]. A page that is damaged or missing refuses the file: an upload is not a radio. One that the end of
//! the file cuts off is the end. Every byte is read once.
//! Sources: RFC 3533 (Ogg), 5334 (its codecs), 7845 section 5.1 (`OpusHead`).

use super::file::TooLong;
use super::vorbis_setup::SetupError;
use thiserror::Error;

const HEADER: usize = 27;
const CONTINUED: u8 = 1;
const FIRST: u8 = 2;
/// The granule position of a page on which no packet ends.
const NO_GRANULE: u64 = u64::MAX;

/// Why an Ogg file is not a sound that can be used.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum OggError {
    /// Its sound is in another codec.
    #[error("{0} in Ogg is not read; send Vorbis, MP3 or WAV")]
    Codec(&'static str),
    /// No stream in it is of a known codec.
    #[error("there is no Vorbis sound in it")]
    NoVorbis,
    /// A page whose checksum is wrong.
    #[error("page {0} is damaged")]
    Damaged(u32),
    /// A page that is not there.
    #[error("page {0} is missing")]
    MissingPage(u32),
    /// A second sound after the first.
    #[error("it holds several sounds, one after the other; send one")]
    Chained,
    /// The first three packets are not the headers of Vorbis.
    #[error("the headers of Vorbis are missing or wrong")]
    Headers,
    /// Not 1 to 8 channels.
    #[error("{found} channels are not 1 to 8")]
    UnsupportedChannels {
        /// The channels.
        found: u8,
    },
    /// Not 1,000 to 192,000 samples a second.
    #[error("{found} samples a second are not 1000 to 192000")]
    UnsupportedRate {
        /// Samples a second.
        found: u32,
    },
    /// The tables of the decoder are wrong or too large.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// No packet could be decoded.
    #[error("none of its packets can be decoded")]
    Broken,
    /// Not one whole sample.
    #[error("the file holds no sound")]
    Empty,
    /// Too much sound.
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// A page.
struct Page<'a> {
    flags: u8,
    granule: u64,
    serial: u32,
    sequence: u32,
    /// The lengths of the pieces of its body.
    lacing: &'a [u8],
    body: &'a [u8],
}

impl<'a> Page<'a> {
    /// The next page, and what follows on it.
    fn next(bytes: &'a [u8]) -> Option<Result<(Self, &'a [u8]), OggError>> {
        let begin = bytes.windows(4).position(|window| window == b"OggS")?;
        let bytes = &bytes[begin..];
        let head = bytes.first_chunk::<HEADER>()?;
        let (_, pieces) = bytes.split_at(HEADER);
        let lacing = pieces.get(..usize::from(head[26]))?;
        let length = lacing.iter().map(|&piece| usize::from(piece)).sum::<usize>();
        let end = HEADER + lacing.len() + length;
        let (page, rest) = bytes.split_at_checked(end)?;
        let number = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let sequence = number(18);
        if head[4] != 0 || checksum(page) != number(22) {
            return Some(Err(OggError::Damaged(sequence)));
        }
        let granule = u64::from(number(10)) << 32 | u64::from(number(6));
        let body = &page[HEADER + lacing.len()..];
        Some(Ok((Self { flags: head[5], granule, serial: number(14), sequence, lacing, body }, rest)))
    }
}

/// Hands every packet of the first sound over, in order, and gives the granule position of its last page.
pub(super) fn packets(
    mut file: &[u8],
    mut take: impl FnMut(&[u8]) -> Result<(), OggError>,
) -> Result<Option<u64>, OggError> {
    let (mut sound, mut other, mut last_granule) = (None, None, None);
    while let Some(page) = Page::next(file) {
        let (page, rest) = page?;
        file = rest;
        if page.flags & FIRST != 0 {
            let codec = codec_of(page.body);
            match (&sound, codec) {
                (None, Some("Vorbis")) => sound = Some(Stream::new(&page)),
                (Some(_), Some("Vorbis")) => return Err(OggError::Chained),
                _ => other = other.or(codec),
            }
        }
        let Some(stream) = sound.as_mut().filter(|stream| stream.serial == page.serial) else { continue };
        stream.take(&page, &mut take)?;
        last_granule = Some(page.granule).filter(|&granule| granule != NO_GRANULE).or(last_granule);
    }
    match (sound, other) {
        (Some(_), _) => Ok(last_granule),
        (None, Some(codec)) => Err(OggError::Codec(codec)),
        (None, None) => Err(OggError::NoVorbis),
    }
}

/// What the first packet of a stream says it is.
fn codec_of(packet: &[u8]) -> Option<&'static str> {
    const CODECS: [(&[u8], &str); 6] = [
        (b"\x01vorbis", "Vorbis"),
        (b"OpusHead", "Opus"),
        (b"Speex   ", "Speex"),
        (b"\x7fFLAC", "FLAC"),
        (b"fLaC", "FLAC"),
        (b"\x80theora", "Theora"),
    ];
    CODECS.iter().find(|(begin, _)| packet.starts_with(begin)).map(|&(_, name)| name)
}

/// The stream that is read.
struct Stream {
    serial: u32,
    /// The number of the page that comes next.
    sequence: u32,
    /// A packet of which more is to come.
    begun: Vec<u8>,
    is_begun: bool,
}

impl Stream {
    fn new(first: &Page<'_>) -> Self {
        Self { serial: first.serial, sequence: first.sequence, begun: Vec::new(), is_begun: false }
    }

    fn take(&mut self, page: &Page<'_>, take: &mut impl FnMut(&[u8]) -> Result<(), OggError>) -> Result<(), OggError> {
        if page.sequence != self.sequence {
            return Err(OggError::MissingPage(self.sequence));
        }
        self.sequence = self.sequence.wrapping_add(1);
        let continues = page.flags & CONTINUED != 0;
        if continues != self.is_begun {
            return Err(OggError::Damaged(page.sequence));
        }
        let mut rest = page.body;
        for &piece in page.lacing {
            let (bytes, after) = rest.split_at(usize::from(piece));
            rest = after;
            self.begun.extend_from_slice(bytes);
            self.is_begun = piece == 255;
            if !self.is_begun {
                take(&self.begun)?;
                self.begun.clear();
            }
        }
        Ok(())
    }
}

/// The checksum of a page, in which its own place counts as zero.
pub(super) fn checksum(page: &[u8]) -> u32 {
    let bytes = page.iter().enumerate().map(|(at, &byte)| if (22..26).contains(&at) { 0 } else { byte });
    bytes.fold(0, |sum, byte| sum << 8 ^ CRC[usize::from((sum >> 24) as u8 ^ byte)])
}

/// Puts the checksum of every page right, so that a fuzzer gets past it.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn mend(file: &mut [u8]) {
    let mut at = 0;
    while let Some(begin) = file[at..].windows(4).position(|window| window == b"OggS") {
        at += begin;
        let Some(&pieces) = file.get(at + HEADER - 1) else { return };
        let body = at + HEADER + usize::from(pieces);
        let Some(lacing) = file.get(at + HEADER..body) else { return };
        let end = body + lacing.iter().map(|&piece| usize::from(piece)).sum::<usize>();
        let Some(page) = file.get_mut(at..end) else { return };
        let sum = checksum(page);
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        at = end;
    }
}

/// The remainders of each byte (RFC 3533 section 6, item 7: generator 0x04c11db7, no reflection).
const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 0x8000_0000 == 0 { sum << 1 } else { sum << 1 ^ 0x04C1_1DB7 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests;
