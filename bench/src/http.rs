//! A small HTTP/1.1 client for loopback.
//!
//! Shape: one connection a request, the whole answer read to its end.
//! Errors: a broken connection, an answer that is no HTTP, a status that is not 2xx.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result, bail};

const PATIENCE: Duration = Duration::from_secs(20);

/// A body to send and what it is.
#[derive(Copy, Clone, Debug)]
pub struct Body<'a> {
    /// The content type.
    pub kind: &'a str,
    /// The bytes.
    pub bytes: &'a [u8],
}

/// A request with an optional bearer token; answers the body.
///
/// # Errors
/// When the server cannot be reached, or its status is not 2xx.
pub fn request(to: SocketAddr, method: &str, path: &str, token: Option<&str>, body: Option<Body>) -> Result<String> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n");
    if let Some(token) = token {
        head.push_str(&format!("Authorization: Bearer {token}\r\n"));
    }
    if let Some(body) = body {
        head.push_str(&format!("Content-Type: {}\r\nContent-Length: {}\r\n", body.kind, body.bytes.len()));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.map_or(&[], |body| body.bytes))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
    let status = head.split(' ').nth(1).context("no HTTP status")?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunked(body) } else { body.to_owned() };
    if !status.starts_with('2') {
        bail!("{method} {path}: {status} {body}");
    }
    Ok(body)
}

/// A chunked body as one (RFC 9112 section 7.1), as far as it is well-formed.
fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        whole.push_str(chunk);
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_become_one_body() {
        for (chunks, whole) in
            [("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"), ("0\r\n\r\n", ""), ("9\r\nabc", ""), ("", "")]
        {
            assert_eq!(unchunked(chunks), whole);
        }
    }
}
