//! Cutting a byte stream into messages.
//!
//! Shape: bytes of one connection in, [`Frame`]s out: whole messages, and the keep-alives that want an answer.
//! Errors: [`Malformed`]; after one the stream cannot be followed any more and the connection must be closed.
//! Sources: RFC 3261 §7.5, §18.3 (`Content-Length` decides); RFC 5626 §3.5.1 (double CRLF ping, single CRLF pong).

use super::wire::{content_length, head_end, header_line, unfold};
use super::{MAX_BODY_BYTES, MAX_HEADER_BYTES};
use crate::error::Malformed;
use bytes::{Buf, Bytes, BytesMut};

/// What a byte stream is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One whole message, for [`Endpoint::handle_datagram`](crate::Endpoint::handle_datagram).
    Message(Bytes),
    /// A ping: write `\r\n` back.
    Ping,
}

/// Cuts the bytes of one connection into frames.
///
/// Feed what was read with [`receive`](Self::receive), then take frames until there is none. It holds at most one
/// unfinished message (64 KiB of headers and 64 KiB of body) and what one read brought.
#[derive(Debug, Default)]
pub struct StreamFramer {
    buffer: BytesMut,
    /// How far the buffer has been searched for the end of the headers.
    searched: usize,
    /// The length of the message at the front, once its headers are whole.
    message_len: Option<usize>,
}

impl StreamFramer {
    /// A framer for a new connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether no message has begun that is not whole yet. The line end of a pong, or of a ping that is not whole, is none.
    pub fn is_empty(&self) -> bool {
        matches!(self.buffer.first(), None | Some(b'\r' | b'\n'))
    }

    /// Takes what was read.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, or `None` until more bytes come.
    ///
    /// # Errors
    /// [`Malformed`] when the stream cannot be followed: headers too large, or no usable `Content-Length`.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Malformed> {
        if self.message_len.is_none() {
            if let Some(ping) = self.skip_line_ends() {
                return Ok(Some(ping));
            }
            self.message_len = self.measure()?;
        }
        match self.message_len {
            Some(length) if self.buffer.len() >= length => {
                self.message_len = None;
                self.searched = 0;
                Ok(Some(Frame::Message(self.buffer.split_to(length).freeze())))
            }
            _ => Ok(None),
        }
    }

    /// Drops line ends before a message. Two together are a ping; one alone is a pong or slack, and waits for its second
    /// only while nothing else follows.
    fn skip_line_ends(&mut self) -> Option<Frame> {
        loop {
            match &self.buffer[..] {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    self.buffer.advance(4);
                    return Some(Frame::Ping);
                }
                [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] | [b'\r'] => return None,
                [b'\r', b'\n', ..] => self.buffer.advance(2),
                [b'\r' | b'\n', ..] => self.buffer.advance(1),
                _ => return None,
            }
        }
    }

    /// The length of the message at the front, when its headers are whole.
    fn measure(&mut self) -> Result<Option<usize>, Malformed> {
        let from = self.searched.saturating_sub(3);
        let Some((head, body)) = head_end(&self.buffer[from..]).map(|(head, body)| (from + head, from + body)) else {
            self.searched = self.buffer.len();
            return if self.buffer.len() > MAX_HEADER_BYTES { Err(Malformed::TooLarge) } else { Ok(None) };
        };
        if head > MAX_HEADER_BYTES {
            return Err(Malformed::TooLarge);
        }
        let lines: Vec<_> = unfold(&self.buffer[..head]).collect();
        let lengths = lines.iter().skip(1).filter_map(|line| header_line(line)).filter_map(|(name, value)| {
            let length = name.eq_ignore_ascii_case("Content-Length") || name.eq_ignore_ascii_case("l");
            length.then(|| std::str::from_utf8(value).unwrap_or("?"))
        });
        match content_length(lengths)? {
            Some(length) if length > MAX_BODY_BYTES => Err(Malformed::TooLarge),
            Some(length) => Ok(Some(body + length)),
            None => Err(Malformed::ContentLength),
        }
    }
}
