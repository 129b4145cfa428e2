//! A recording's file as the body of an answer.
//!
//! Shape: a head for the samples that there are at this moment, then those; a range of both. What is written meanwhile is not in it.
//! Time: the file is read in pieces, on threads that may wait, as fast as whoever asked takes them.
//! Errors: a file that cannot be read further ends the body, which is then shorter than it said.
//! Sources: RFC 9110 section 14.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use antiphon_media::record::wav::{Format, HEAD};
use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::web::SentFile;

/// The largest piece that is read at once.
const PIECE: u64 = 128 * 1024;

/// A file, and as much of it as there is.
pub(super) struct Wav {
    file: Arc<File>,
    head: [u8; HEAD as usize],
    length: u64,
}

impl Wav {
    pub(super) fn new(file: File, format: Format, length: u64) -> Self {
        let samples = format.samples_in(length);
        Self { file: Arc::new(file), head: format.head(samples), length: HEAD + samples }
    }

    /// Bytes in all.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// These of its bytes.
    pub(super) fn body(self, range: Range<u64>) -> Body {
        Body::new(Pieces { wav: self, range, reading: None })
    }
}

/// What of a file is asked for.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) enum Part {
    Whole,
    Range(Range<u64>),
    /// Bytes that are not there.
    Nowhere,
}

/// The part that a Range header asks for of so many bytes. What is not understood, and more than one range, is the whole
/// (RFC 9110 section 14.2 allows that).
pub(super) fn part(asked: Option<&str>, length: u64) -> Part {
    let Some(range) = asked.and_then(|asked| asked.trim().strip_prefix("bytes=")) else { return Part::Whole };
    let Some((first, last)) = range.split_once('-') else { return Part::Whole };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let found = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.trim().is_empty() => first..length,
        (None, Some(last)) if first.trim().is_empty() => length.saturating_sub(last)..length,
        _ => return Part::Whole,
    };
    if found.start >= found.end { Part::Nowhere } else { Part::Range(found) }
}

/// A whole file, as it is at this moment, as the body of an answer.
pub(super) fn whole_file(file: Arc<File>) -> Body {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    Body::new(SentFile { file, length }.body())
}

/// A body that reads piece by piece.
struct Pieces {
    wav: Wav,
    /// What is still to be given.
    range: Range<u64>,
    reading: Option<JoinHandle<io::Result<Vec<u8>>>>,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if this.range.is_empty() {
            return Poll::Ready(None);
        }
        if this.range.start < HEAD {
            let end = this.range.end.min(HEAD);
            let piece = this.wav.head.get(this.range.start as usize..end as usize).unwrap_or_default();
            this.range.start = end;
            return Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(piece)))));
        }
        let (file, start) = (this.wav.file.clone(), this.range.start);
        let length = (this.range.end - start).min(PIECE);
        let reading = this.reading.get_or_insert_with(|| {
            tokio::task::spawn_blocking(move || {
                let mut piece = vec![0; length as usize];
                file.read_exact_at(&mut piece, start).map(|()| piece)
            })
        });
        let read = ready!(Pin::new(reading).poll(cx));
        this.reading = None;
        let piece = read.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        this.range.start = if piece.is_ok() { start + length } else { this.range.end };
        Poll::Ready(Some(piece.map(|piece| Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.range.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.range.end - self.range.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let range = |from, to| Part::Range(from..to);
        for (asked, expect) in [
            (None, Part::Whole),
            (Some("bytes=0-99"), range(0, 100)),
            (Some("bytes=44-"), range(44, 1_000)),
            (Some("bytes=900-5000"), range(900, 1_000)),
            (Some("bytes=-100"), range(900, 1_000)),
            (Some("bytes=-5000"), range(0, 1_000)),
            (Some("bytes=0-18446744073709551615"), range(0, 1_000)),
            (Some("bytes=1000-"), Part::Nowhere),
            (Some("bytes=-0"), Part::Nowhere),
            (Some("bytes=9-5"), Part::Whole),
            (Some("bytes=1-2,5-6"), Part::Whole),
            (Some("lines=1-2"), Part::Whole),
            (Some("bytes=x-"), Part::Whole),
        ] {
            assert_eq!(part(asked, 1_000), expect, "{asked:?}");
        }
    }
}
