//! The files of uploads: one each, exchanged whole.
//!
//! Shape: `<id>.json`, written beside itself, brought to the medium and renamed; `<id>.mp3` while one is made.
//! Errors: as the disk gives them; a file that cannot be read stays where it is, and the log says so.

use std::{
    io::{self, Read},
    sync::Arc,
};

use super::entry::{Entry, UploadId};
use crate::recording::disk::Disk;

/// The longest file that is read.
const MOST: u64 = 64 * 1024;

#[derive(Clone)]
pub(super) struct Spool {
    disk: Arc<dyn Disk>,
}

impl Spool {
    pub(super) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk }
    }

    /// Every upload that is written.
    pub(super) fn read_all(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for name in self.disk.names()? {
            let Some(id) = name.strip_suffix(".json").and_then(|id| id.parse().ok()) else {
                // What a process left that died while it wrote or made something.
                if name.ends_with(".new") || name.ends_with(".mp3") {
                    self.disk.remove(&name)?;
                }
                continue;
            };
            let mut bytes = Vec::new();
            let read = self.disk.read(&name).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
            match read.map(|_| Entry::read(UploadId(id), &bytes)) {
                Ok(Some(entry)) => entries.push(entry),
                Ok(None) => tracing::error!(name, "an upload cannot be understood; its file stays"),
                Err(error) => tracing::error!(%error, name, "an upload cannot be read; its file stays"),
            }
        }
        Ok(entries)
    }

    /// Writes an upload as it is now. It reads and writes the disk: not for a thread that serves others.
    pub(super) fn write(&self, entry: &Entry) -> io::Result<()> {
        self.disk.replace(&name(entry.id), &entry.write())
    }

    /// Removes what is written of an upload. The same.
    pub(super) fn remove(&self, id: UploadId) -> io::Result<()> {
        self.disk.remove(&name(id))
    }
}

fn name(id: UploadId) -> String {
    format!("{id}.json")
}
