//! A file as the body of a request, read piece by piece while it is sent.
//!
//! Shape: a [`SentFile`] has a length that was fixed before; a body of it can be made again for each redirect.
//! Time: the file is read on threads that may wait, as fast as whoever gets it takes it.
//! Errors: a file that cannot be read further ends the request, which is then shorter than it said, so that nobody takes it for whole.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use ring::hmac;
use tokio::task::JoinHandle;

/// The largest piece that is read at once.
const PIECE: u64 = 64 * 1024;

/// A file to be sent.
#[derive(Clone, Debug)]
pub struct SentFile {
    /// The file.
    pub file: Arc<File>,
    /// How much of it, from its beginning.
    pub length: u64,
}

impl SentFile {
    /// Its bytes into a signature. It reads the disk: not for a thread that serves others.
    pub(super) fn sign(&self, context: &mut hmac::Context) -> io::Result<()> {
        let mut piece = vec![0; PIECE as usize];
        let mut at = 0;
        while at < self.length {
            let length = (self.length - at).min(PIECE) as usize;
            let piece = piece.get_mut(..length).unwrap_or_default();
            self.file.read_exact_at(piece, at)?;
            context.update(piece);
            at += length as u64;
        }
        Ok(())
    }

    /// All of its bytes, for a test.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.length as usize];
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// A body of it.
    pub(crate) fn body(self) -> Pieces {
        Pieces { of: self, at: 0, reading: None }
    }
}

/// A body that reads piece by piece.
pub(crate) struct Pieces {
    of: SentFile,
    at: u64,
    reading: Option<JoinHandle<io::Result<Vec<u8>>>>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if this.is_end_stream() {
            return Poll::Ready(None);
        }
        let (file, at) = (this.of.file.clone(), this.at);
        let length = (this.of.length - at).min(PIECE);
        let reading = this.reading.get_or_insert_with(|| {
            tokio::task::spawn_blocking(move || {
                let mut piece = vec![0; length as usize];
                file.read_exact_at(&mut piece, at).map(|()| piece)
            })
        });
        let read = ready!(Pin::new(reading).poll(cx));
        this.reading = None;
        let piece = read.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        this.at = if piece.is_ok() { at + length } else { this.of.length };
        Poll::Ready(Some(piece.map(|piece| Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.of.length
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.of.length - self.at)
    }
}
