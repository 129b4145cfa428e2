//! What a program says while it runs.
//!
//! Shape: a thread keeps all that comes from a stream, in memory and in a log file; a test reads on from where it last was, so that the
//! same words said twice are two events.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::scene::{PATIENCE, wait_for};

/// The words of one program.
pub(crate) struct Said {
    who: String,
    all: Arc<Mutex<String>>,
    /// How far the test has read.
    at: usize,
}

impl Said {
    /// Listens to this stream until it ends.
    pub(crate) fn listen(who: &str, mut from: impl Read + Send + 'static, log: &Path) -> Self {
        let all = Arc::new(Mutex::new(String::new()));
        let mut log = File::create(log).expect("the folder takes a file");
        let heard = all.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                let words = String::from_utf8_lossy(&buffer[..length]).into_owned();
                // The log is for people; a test does not fail for want of it.
                let _ = log.write_all(words.as_bytes());
                heard.lock().unwrap_or_else(PoisonError::into_inner).push_str(&words);
            }
        });
        Self { who: who.to_owned(), all, at: 0 }
    }

    /// Waits until it has said this, after all that was waited for before; all that it said until then.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let what = format!("{} says {words:?}", self.who);
        let from = self.at;
        self.at = wait_for(&what, PATIENCE, || self.find(words));
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(from..self.at).unwrap_or_default().to_owned()
    }

    /// Whether it has said this since; reads on behind it.
    pub(crate) fn has_said(&mut self, words: &str) -> bool {
        let found = self.find(words);
        self.at = found.unwrap_or(self.at);
        found.is_some()
    }

    /// Where these words end.
    fn find(&self, words: &str) -> Option<usize> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(self.at..)?.find(words).map(|found| self.at + found + words.len())
    }
}
