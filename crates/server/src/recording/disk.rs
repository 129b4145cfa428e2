//! The disk that recordings are on, real or made up.
//!
//! Shape: one flat directory of names. [`Machine`] is the machine's own; tests put one in its place that is full.
//! Errors: as the operating system gives them.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::store::private_directory;

/// A file that is being written.
pub trait Output: Send + Sync + 'static {
    /// Writes all of these bytes there. A hole before them reads as zeros.
    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes the file so long.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Waits until what was written is on the medium.
    fn flush(&self) -> io::Result<()>;
}

/// One directory.
pub trait Disk: Send + Sync + 'static {
    /// Makes a file that holds these bytes from the moment it has its name.
    fn create(&self, name: &str, first: &[u8]) -> io::Result<Arc<dyn Output>>;
    /// Makes a file that holds these bytes and no others, or exchanges one that is there: whole and on the medium, or not at all.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()>;
    /// Opens a file to be written.
    fn update(&self, name: &str) -> io::Result<Arc<dyn Output>>;
    /// Opens a file to be read.
    fn read(&self, name: &str) -> io::Result<File>;
    /// How long a file is.
    fn length(&self, name: &str) -> io::Result<u64>;
    /// Removes a file; one that is not there is removed.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Every name.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Bytes that are free.
    fn free(&self) -> io::Result<u64>;
    /// Waits until the names of files are on the medium.
    fn flush_names(&self) -> io::Result<()>;
    /// Waits until all of it is on the medium: one wait for many files.
    fn flush_all(&self) -> io::Result<()>;
}

/// What a file is called until it has its first bytes.
const UNFINISHED: &str = ".new";

/// A directory of the machine.
#[derive(Debug)]
pub struct Machine {
    directory: PathBuf,
}

impl Machine {
    /// This directory, made where there is none, for its owner only.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(directory: &Path) -> io::Result<Self> {
        private_directory(directory)?;
        Ok(Self { directory: directory.to_owned() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

impl Output for File {
    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn flush(&self) -> io::Result<()> {
        self.sync_data()
    }
}

impl Disk for Machine {
    fn create(&self, name: &str, first: &[u8]) -> io::Result<Arc<dyn Output>> {
        let (path, unfinished) = (self.path(name), self.path(&format!("{name}{UNFINISHED}")));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        if let Err(error) = file.write_all(first).and_then(|()| fs::rename(&unfinished, &path)) {
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        Ok(Arc::new(file))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // Two who write one name at once have a file each, and the last whole one counts.
        let beside = self.path(&format!("{name}.{:032x}{UNFINISHED}", rand::random::<u128>()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_data());
        if let Err(error) = written.and_then(|()| fs::rename(&beside, self.path(name))) {
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        self.flush_names()
    }

    fn update(&self, name: &str) -> io::Result<Arc<dyn Output>> {
        Ok(Arc::new(OpenOptions::new().write(true).open(self.path(name))?))
    }

    fn read(&self, name: &str) -> io::Result<File> {
        File::open(self.path(name))
    }

    fn length(&self, name: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.path(name))?.len())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.directory)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        names.filter_map(io::Result::transpose).collect()
    }

    fn free(&self) -> io::Result<u64> {
        let space = rustix::fs::statvfs(&self.directory)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }

    fn flush_names(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }

    fn flush_all(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(&self.directory)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_who_write_one_file_leave_one_of_the_two_and_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Machine::open(folder.path()).unwrap();
        let [long, short] = [vec![b'a'; 100_000], vec![b'b'; 10]];
        std::thread::scope(|scope| {
            for bytes in [&long, &short] {
                let disk = &disk;
                scope.spawn(move || (0..20).for_each(|_| disk.replace("1.json", bytes).unwrap()));
            }
        });
        let left = fs::read(folder.path().join("1.json")).unwrap();
        assert!(left == long || left == short, "{} bytes", left.len());
        assert_eq!(disk.names().unwrap(), ["1.json"]);
    }
}
