//! What was rendered: in memory, and on the disk of the data directory.
//!
//! Shape: `<data>/speech/<sha1>` is a text ready to send, as sounds have it, named by all that makes it sound as it does. What was used
//! longest ago gives way.
//! Units: bytes of files; in memory, bytes of samples.
//! Time: looking into memory waits for nothing; the rest reads and writes, on threads that may.
//! Errors: a disk that fails costs a rendering the next time, and a line in the log.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use antiphon_ivr::Speech;
use antiphon_media::{Audio, Codec};
use sha1::{Digest, Sha1};

use crate::{
    shelf::Shelf,
    store::{from_ready_form, private_directory, ready_form},
};

/// Bytes of samples that are kept in memory.
const MEMORY: u64 = 64 << 20;

/// What a rendering is known by.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub(super) struct Key([u8; 20]);

impl Key {
    /// The key of a text that is said by this engine.
    pub(super) fn of(engine: &str, speech: &Speech) -> Self {
        let told = format!("{engine:?} {speech:?}");
        Self(Sha1::digest(told.as_bytes()).into())
    }

    fn name(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What was rendered.
pub(super) struct Cache {
    directory: PathBuf,
    memory: Mutex<Shelf<Key, Arc<Audio>>>,
    disk: Mutex<Shelf<String, ()>>,
    staged: AtomicU64,
}

impl Cache {
    /// The cache of a directory, which keeps so many bytes at most. Without a directory that can be used, it has memory only.
    pub(super) fn open(directory: &Path, most: u64) -> Self {
        let usable = private_directory(directory).inspect_err(|error| {
            tracing::error!(%error, directory = %directory.display(), "rendered texts cannot be kept on the disk");
        });
        let disk = Shelf::new(if usable.is_ok() { most } else { 0 });
        let mut found: Vec<(SystemTime, String, u64)> = fs::read_dir(directory)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let (name, about) = (entry.file_name().into_string().ok()?, entry.metadata().ok()?);
                Some((about.modified().ok()?, name, about.len()))
            })
            .collect();
        found.sort();
        let cache = Self {
            directory: directory.to_owned(),
            memory: Mutex::new(Shelf::new(MEMORY)),
            disk: Mutex::new(disk),
            staged: AtomicU64::new(0),
        };
        for (_, name, size) in found {
            // The remains of a process that died.
            if name.len() != 40 {
                cache.remove(&name);
                continue;
            }
            let gone = lock(&cache.disk).put(name, (), size);
            gone.iter().for_each(|name| cache.remove(name));
        }
        cache
    }

    /// A rendering that is in memory.
    pub(super) fn in_memory(&self, key: &Key) -> Option<Arc<Audio>> {
        lock(&self.memory).take(key)
    }

    /// A rendering that is on the disk; it is in memory then.
    pub(super) fn on_disk(&self, key: &Key) -> Option<Arc<Audio>> {
        let name = key.name();
        lock(&self.disk).take(&name)?;
        let path = self.directory.join(&name);
        let read = fs::read(&path).ok().and_then(|bytes| from_ready_form(&bytes));
        let Some(audio) = read.map(Arc::new) else {
            lock(&self.disk).remove(&name);
            self.remove(&name);
            return None;
        };
        // So that the next process knows what was used last.
        let _ = fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        self.remember(*key, &audio);
        Some(audio)
    }

    /// Keeps a rendering.
    pub(super) fn keep(&self, key: Key, audio: &Arc<Audio>) {
        self.remember(key, audio);
        let bytes = ready_form(audio);
        if bytes.len() as u64 > lock(&self.disk).most() {
            return;
        }
        if let Err(error) = self.write(&key.name(), &bytes) {
            tracing::warn!(%error, "a rendered text could not be kept on the disk");
            return;
        }
        let gone = lock(&self.disk).put(key.name(), (), bytes.len() as u64);
        gone.iter().for_each(|name| self.remove(name));
    }

    fn remember(&self, key: Key, audio: &Arc<Audio>) {
        lock(&self.memory).put(key, audio.clone(), bytes_of(audio));
    }

    /// Whole or not at all: written under another name first.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let staged = self.directory.join(format!("{}.staged", self.staged.fetch_add(1, Ordering::Relaxed)));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&staged)?;
        let written = file.write_all(bytes).and_then(|()| fs::rename(&staged, self.directory.join(name)));
        written.inspect_err(|_| drop(fs::remove_file(&staged)))
    }

    fn remove(&self, name: &str) {
        if let Err(error) = fs::remove_file(self.directory.join(name))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a rendered text could not be removed");
        }
    }
}

/// Bytes that a sound takes in memory, before it is made ready for further codecs.
pub(crate) fn bytes_of(audio: &Audio) -> u64 {
    let samples = audio.payload(Codec::Pcmu).len() + audio.payload(Codec::Pcma).len();
    (samples + audio.wide().map_or(0, |wide| 2 * wide.len())) as u64
}

/// A shelf is whole after every call to it.
fn lock<T>(shelf: &Mutex<T>) -> MutexGuard<'_, T> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audio(samples: usize) -> Arc<Audio> {
        Arc::new(Audio::from_pcm(&vec![1_000; samples]))
    }

    fn key(text: &str) -> Key {
        Key::of("engine", &Speech::new(text).unwrap())
    }

    #[test]
    fn what_was_rendered_outlives_the_process() {
        let data = tempfile::tempdir().unwrap();
        Cache::open(data.path(), 1 << 20).keep(key("a"), &audio(800));
        let later = Cache::open(data.path(), 1 << 20);
        assert!(later.in_memory(&key("a")).is_none());
        assert_eq!(later.on_disk(&key("a")), Some(audio(800)));
        assert!(later.in_memory(&key("a")).is_some() && later.on_disk(&key("b")).is_none());
    }

    #[test]
    fn what_was_used_longest_ago_gives_way() {
        let data = tempfile::tempdir().unwrap();
        // Each takes 1,608 bytes.
        let cache = Cache::open(data.path(), 4_000);
        cache.keep(key("a"), &audio(800));
        cache.keep(key("b"), &audio(800));
        assert!(cache.on_disk(&key("a")).is_some());
        cache.keep(key("c"), &audio(800));
        let left = ["a", "b", "c"].map(|text| cache.on_disk(&key(text)).is_some());
        assert_eq!(left, [true, false, true]);
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 2);
        cache.keep(key("d"), &audio(80_000));
        assert!(
            cache.on_disk(&key("d")).is_none() && cache.on_disk(&key("a")).is_some(),
            "what is larger than all is not kept"
        );
    }

    #[test]
    fn a_spoilt_file_and_leftovers_are_no_renderings() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join(key("a").name()), b"no sound").unwrap();
        fs::write(data.path().join("3.staged"), b"half").unwrap();
        let cache = Cache::open(data.path(), 1 << 20);
        assert!(cache.on_disk(&key("a")).is_none());
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0);
    }

    #[test]
    fn all_that_changes_the_sound_changes_the_key() {
        let speech = Speech::new("a").unwrap();
        let keys = [
            Key::of("engine", &speech),
            Key::of("other", &speech),
            Key::of("engine", &Speech::new("b").unwrap()),
            Key::of("engine", &Speech { language: Some("ru".into()), ..speech.clone() }),
            Key::of("engine", &Speech { voice: Some("ru".into()), ..speech.clone() }),
            Key::of("engine", &Speech { speed: 99, ..speech.clone() }),
            Key::of("engine", &Speech { volume: 99, ..speech.clone() }),
        ];
        let different: std::collections::HashSet<_> = keys.into_iter().collect();
        assert_eq!(different.len(), keys.len());
    }
}
