//! What a customizer prints: lines for the log.
//!
//! Time: so many lines in a while; the rest is read, counted and thrown away, so that neither the log is filled nor the process waits.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    time::Instant,
};

/// Most bytes of a line that are logged.
const LINE: usize = 500;
/// So many lines
const LINES: u32 = 50;
/// within this time.
const WINDOW: Duration = Duration::from_secs(10);

/// Whose lines they are.
#[derive(Clone, Debug)]
pub(super) struct Speaker {
    /// The extension.
    pub(super) extension: u64,
    /// The version of its customizer.
    pub(super) version: u32,
}

/// Logs what comes, to its end.
pub(super) async fn listen(speaker: Speaker, from: impl AsyncRead + Unpin) {
    let Speaker { extension, version } = speaker;
    let log = |line: &str| tracing::info!(extension, version, line, "a customizer printed");
    let unsaid = |count: u64| {
        if count > 0 {
            tracing::warn!(extension, version, lines = count, "a customizer printed more than is logged");
        }
    };
    read(from, log, unsaid).await;
}

async fn read(mut from: impl AsyncRead + Unpin, mut log: impl FnMut(&str), mut unsaid: impl FnMut(u64)) {
    let (mut line, mut bytes) = (Vec::new(), vec![0; 8192]);
    let (mut window, mut lines, mut dropped) = (Instant::now(), 0, 0);
    while let Ok(count) = from.read(&mut bytes).await {
        if count == 0 {
            break;
        }
        for byte in &bytes[..count] {
            if *byte != b'\n' {
                if line.len() < LINE {
                    line.push(*byte);
                }
                continue;
            }
            if window.elapsed() >= WINDOW {
                unsaid(std::mem::take(&mut dropped));
                (window, lines) = (Instant::now(), 0);
            }
            if lines < LINES {
                lines += 1;
                log(&String::from_utf8_lossy(&line));
            } else {
                dropped += 1;
            }
            line.clear();
        }
    }
    if !line.is_empty() {
        log(&String::from_utf8_lossy(&line));
    }
    unsaid(dropped);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_is_read_to_its_end_and_a_few_lines_of_it_are_logged() {
        let mut flood = "one\n".repeat(100_000).into_bytes();
        flood.extend(vec![b'x'; 100_000]);
        let (mut logged, mut dropped) = (Vec::new(), 0);
        read(&flood[..], |line| logged.push(line.to_owned()), |count| dropped += count).await;
        assert_eq!((logged.len(), dropped), (51, 99_950));
        assert_eq!((logged[0].as_str(), logged[50].len()), ("one", LINE));
    }
}
