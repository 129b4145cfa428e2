//! The files of uploaded sounds.
//!
//! Shape: `<data>/sounds/<sha1>.wav` (`.mp3`, `.ogg`) is the upload as it came; `<sha1>.g711` beside it is the same ready to send,
//! so that a start neither decodes nor resamples.
//! Units: the ready form is [`MAGIC`], a length, as many mu-law bytes and as many A-law bytes, one byte a sample at 8 kHz; then, of
//! sounds that have more than the telephone's, twice as many samples of 16 kHz, two bytes each.
//! Time: files are written whole and flushed under another name, then renamed by the writer, before the row that names them.
//! Errors: [`UploadError`]; a file that is lost later is a sound of no length, and is logged.
//! Sources: `ringme-ivr.md` 2.3.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use antiphon_media::source::file::{self, Decoded};
use antiphon_media::{Audio, Codec, FileError};
use sha1::{Digest, Sha1};

use super::lock::private_directory;
use super::sound_quality::SoundQuality;
use super::{Config, StoreError, limits};

/// The first bytes of a ready form.
const MAGIC: &[u8; 4] = b"AG8\n";

/// Why an upload is no sound.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It is no file that can be played.
    #[error("{0}")]
    File(#[from] FileError),
    /// It has more bytes than a sound may have.
    #[error("has more than {} bytes", limits::SOUND_BYTES)]
    TooLarge,
    /// The disk failed; the log says how.
    #[error("the sound could not be stored")]
    Storage,
}

/// The directory of sounds.
pub(super) struct SoundFiles {
    directory: PathBuf,
    staged: AtomicU64,
}

/// An upload, decoded and on the disk, though not yet under its name.
pub struct StagedSound {
    pub(super) filename: String,
    pub(super) audio: Arc<Audio>,
    pub(super) quality: SoundQuality,
    upload: Staged,
    ready: Staged,
}

/// A file that goes away unless it is put in its place.
struct Staged(PathBuf);

impl Drop for Staged {
    fn drop(&mut self) {
        // After it was renamed there is nothing left to remove, and a leftover is swept at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

impl SoundFiles {
    pub(super) fn open(data: &Path) -> Result<Self, StoreError> {
        let directory = data.join("sounds");
        private_directory(&directory).map_err(|cause| StoreError::Files { path: directory.clone(), cause })?;
        Ok(Self { directory, staged: AtomicU64::new(0) })
    }

    pub(super) fn stage(&self, upload: &[u8]) -> Result<StagedSound, UploadError> {
        if upload.len() > limits::SOUND_BYTES {
            return Err(UploadError::TooLarge);
        }
        let decoded = file::read(upload)?;
        let quality = SoundQuality::of(&decoded);
        let ending = decoded.format.name();
        let name: String = Sha1::digest(upload).iter().map(|byte| format!("{byte:02x}")).collect();
        let audio = audio_of(decoded);
        let write = |bytes: &[u8]| {
            self.write_beside(bytes).map_err(|error| {
                tracing::error!(%error, directory = %self.directory.display(), "a sound could not be written");
                UploadError::Storage
            })
        };
        Ok(StagedSound {
            filename: format!("{name}.{ending}"),
            upload: write(upload)?,
            ready: write(&ready_form(&audio))?,
            audio: Arc::new(audio),
            quality,
        })
    }

    fn write_beside(&self, bytes: &[u8]) -> io::Result<Staged> {
        let number = self.staged.fetch_add(1, Ordering::Relaxed);
        let staged = Staged(self.directory.join(format!("{number}.staged")));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&staged.0)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(staged)
    }

    /// Puts an upload in its place. The same content twice is one file.
    pub(super) fn place(&self, sound: &StagedSound) -> io::Result<()> {
        let path = self.directory.join(&sound.filename);
        fs::rename(&sound.upload.0, &path)?;
        fs::rename(&sound.ready.0, ready_path(&path))?;
        File::open(&self.directory)?.sync_all()
    }

    /// The samples of a stored sound.
    pub(super) fn load(&self, filename: &str) -> Arc<Audio> {
        let path = self.directory.join(filename);
        let ready = fs::read(ready_path(&path)).ok().and_then(|bytes| from_ready_form(&bytes));
        Arc::new(ready.unwrap_or_else(|| self.decode_again(&path)))
    }

    fn decode_again(&self, path: &Path) -> Audio {
        let audio = match fs::read(path).map(|bytes| file::read(&bytes).map(audio_of)) {
            Ok(Ok(audio)) => audio,
            Ok(Err(error)) => return lost(path, &error),
            Err(error) => return lost(path, &error),
        };
        let written = self.write_beside(&ready_form(&audio)).and_then(|ready| fs::rename(&ready.0, ready_path(path)));
        if let Err(error) = written {
            tracing::warn!(%error, path = %path.display(), "the ready form of a sound could not be written");
        }
        audio
    }

    /// Removes the content of a name unless a sound still has it.
    pub(super) fn remove_unless_used(&self, filename: &str, config: &Config) {
        if config.sounds().all(|sound| sound.filename != filename) {
            let path = self.directory.join(filename);
            remove(&path);
            remove(&ready_path(&path));
        }
    }

    /// Removes what no sound names: the remains of uploads and deletions that a dying process left.
    pub(super) fn sweep(&self, config: &Config) {
        let used: HashSet<PathBuf> = config
            .sounds()
            .map(|sound| self.directory.join(&sound.filename))
            .flat_map(|path| [ready_path(&path), path])
            .collect();
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| !used.contains(path)).for_each(|path| remove(&path));
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "an unused sound file could not be removed");
    }
}

fn lost(path: &Path, error: &dyn std::error::Error) -> Audio {
    tracing::error!(%error, path = %path.display(), "a stored sound cannot be read and will be silent");
    Audio::from_pcm(&[])
}

fn audio_of(file: Decoded) -> Audio {
    Audio::at_rate(file.samples, file.rate)
}

fn ready_path(upload: &Path) -> PathBuf {
    upload.with_extension("g711")
}

/// A sound ready to send, as bytes.
pub(crate) fn ready_form(audio: &Audio) -> Vec<u8> {
    let narrow = audio.payload(Codec::Pcmu);
    let length = u32::try_from(narrow.len()).unwrap_or(u32::MAX).to_le_bytes();
    let wide: Vec<u8> = audio.wide().unwrap_or(&[]).iter().flat_map(|sample| sample.to_le_bytes()).collect();
    [&MAGIC[..], &length, narrow, audio.payload(Codec::Pcma), &wide].concat()
}

/// A sound of such bytes; `None` where they are none.
pub(crate) fn from_ready_form(bytes: &[u8]) -> Option<Audio> {
    let (length, rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let (pcmu, rest) = rest.split_at_checked(length)?;
    let (pcma, wide) = rest.split_at_checked(length)?;
    let audio = Audio::from_payloads(pcmu, pcma)?;
    if wide.is_empty() {
        return Some(audio);
    }
    let wide: Vec<i16> = wide.as_chunks::<2>().0.iter().map(|&sample| i16::from_le_bytes(sample)).collect();
    (wide.len() == 2 * length).then(|| audio.with_wide(wide))
}
