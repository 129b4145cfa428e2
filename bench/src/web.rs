//! A web server on loopback, for scripts that ask one.
//!
//! Shape: pages by the last part of their path, whatever stands behind it; a thread for each connection, which is kept open.
//! Time: each answer takes as long as is said.
//! Errors: a page that is not there is a 404; a connection that breaks takes its thread with it.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Result, ensure};

/// A web server that is not asked yet.
#[derive(Debug)]
pub struct WebServer {
    listener: TcpListener,
    at: SocketAddr,
}

/// What was asked.
#[derive(Debug, Default)]
pub struct Asked {
    /// Requests that were answered.
    pub answered: AtomicU64,
    /// Those among them whose query says [`FAILED`].
    pub failed: AtomicU64,
}

/// How a page says in its query that something failed.
pub const FAILED: &str = "failed=1";

/// What it says.
struct Pages {
    after: Duration,
    kind: &'static str,
    pages: Vec<(&'static str, String)>,
    asked: Arc<Asked>,
}

impl WebServer {
    /// Binds any free port.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let at = listener.local_addr()?;
        Ok(Self { listener, at })
    }

    /// Where it is.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// Answers from now on, each request after this time; what it was asked.
    pub fn serve(self, after: Duration, kind: &'static str, pages: Vec<(&'static str, String)>) -> Arc<Asked> {
        let asked = Arc::new(Asked::default());
        let pages = Arc::new(Pages { after, kind, pages, asked: asked.clone() });
        thread::spawn(move || {
            for stream in self.listener.incoming().flatten() {
                let pages = pages.clone();
                // A connection that ends takes its thread with it.
                thread::spawn(move || serve(stream, &pages).ok());
            }
        });
        asked
    }
}

fn serve(mut stream: TcpStream, pages: &Pages) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut request = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let length = stream.read(&mut buffer)?;
        ensure!(length > 0, "the connection has ended");
        request.extend_from_slice(&buffer[..length]);
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        thread::sleep(pages.after);
        stream.write_all(answer(&request, pages).as_bytes())?;
        pages.asked.answered.fetch_add(1, Ordering::Relaxed);
        let failed = request.windows(FAILED.len()).any(|part| part == FAILED.as_bytes());
        pages.asked.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
        request.clear();
    }
}

/// The answer to a request without a body.
fn answer(request: &[u8], pages: &Pages) -> String {
    let head = String::from_utf8_lossy(request);
    let target = head.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let page = pages.pages.iter().find(|(known, _)| *known == name).map(|(_, page)| page.as_str());
    let (status, page) = page.map_or(("404 Not Found", ""), |page| ("200 OK", page));
    format!("HTTP/1.1 {status}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{page}", pages.kind, page.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_by_the_last_part_of_its_path() {
        let pages = vec![("first", "one".to_owned())];
        let pages = Pages { after: Duration::ZERO, kind: "text/plain", pages, asked: Arc::default() };
        let found = answer(b"GET /a/first?key=1 HTTP/1.1\r\n\r\n", &pages);
        assert!(found.starts_with("HTTP/1.1 200 OK\r\n") && found.ends_with("Content-Length: 3\r\n\r\none"), "{found}");
        assert!(answer(b"GET /second HTTP/1.1\r\n\r\n", &pages).starts_with("HTTP/1.1 404"));
    }
}
