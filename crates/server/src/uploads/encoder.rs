//! Making MP3 of a recording: the work of a program, where one is there.
//!
//! Shape: the recording's file on the program's standard input, MP3 from its standard output into a file that has no name.
//! Time: a program may take `LONGEST`; one that is dropped is killed. So many run at once: `AT_ONCE`.
//! Errors: [`NotEncoded`].

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use tokio::{process::Command, sync::Semaphore, time::timeout};

/// Programs that run at once.
const AT_ONCE: usize = 2;
/// How long one may take: an hour of sound takes it some ten seconds.
const LONGEST: Duration = Duration::from_secs(600);

/// Who makes MP3.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub enum EncoderSetting {
    /// `lame` or `ffmpeg`, whichever is on the PATH.
    #[default]
    Auto,
    /// This program, by its name on the PATH or its path: a `lame`, or an `ffmpeg` where its file is called so.
    Program(String),
    /// Nobody.
    Off,
}

/// Makes MP3. Clones share their turns.
#[derive(Clone)]
pub struct Encoder {
    setting: EncoderSetting,
    /// Where files without a name are made.
    folder: Arc<Path>,
    turns: Arc<Semaphore>,
}

/// Why there is no MP3.
#[derive(Debug, thiserror::Error)]
pub enum NotEncoded {
    /// No program is there that makes any.
    #[error("no program makes MP3: neither lame nor ffmpeg is there, or the setting recording.mp3_encoder is off")]
    Nobody,
    /// As many of its client wait for one to be made as may.
    #[error("too many recordings are being made MP3")]
    Busy,
    /// The recording cannot be read.
    #[error("the recording cannot be read: {0}")]
    NoSound(String),
    /// It took too long.
    #[error("{0} took too long")]
    TooSlow(String),
    /// It failed.
    #[error("{0} failed: {1}")]
    Failed(String, String),
}

impl Encoder {
    /// One of these settings, which makes its files here.
    pub fn new(setting: EncoderSetting, folder: &Path) -> Self {
        Self { setting, folder: folder.into(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The MP3 of a WAV file.
    ///
    /// # Errors
    /// [`NotEncoded`].
    pub async fn encode(&self, wav: File) -> Result<File, NotEncoded> {
        let program = self.program().ok_or(NotEncoded::Nobody)?;
        let shown = program.display().to_string();
        let _turn = self.turns.acquire().await.map_err(|_| NotEncoded::Nobody)?;
        let run = timeout(LONGEST, run(&program, wav, &self.folder));
        match run.await {
            Err(_) => Err(NotEncoded::TooSlow(shown)),
            Ok(Err(error)) => Err(NotEncoded::Failed(shown, error.to_string())),
            Ok(Ok(mp3)) => Ok(mp3),
        }
    }

    /// The program, if it is there at this moment.
    fn program(&self) -> Option<PathBuf> {
        match &self.setting {
            EncoderSetting::Off => None,
            EncoderSetting::Program(name) => found(name),
            EncoderSetting::Auto => found("lame").or_else(|| found("ffmpeg")),
        }
    }
}

/// Where a program is, by its path or on the PATH.
fn found(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Its arguments: from standard input to standard output, 32 kbit/s, which is more than a telephone's sound has in it.
fn arguments(program: &Path) -> &'static [&'static str] {
    let is_ffmpeg = program.file_name().is_some_and(|name| name.to_string_lossy().contains("ffmpeg"));
    match is_ffmpeg {
        true => &["-nostdin", "-loglevel", "error", "-f", "wav", "-i", "pipe:0", "-b:a", "32k", "-f", "mp3", "pipe:1"],
        false => &["--quiet", "-b", "32", "-", "-"],
    }
}

async fn run(program: &Path, wav: File, folder: &Path) -> io::Result<File> {
    let folder = folder.to_owned();
    let made = tokio::task::spawn_blocking(move || {
        let name = folder.join(format!("{:032x}.mp3", rand::random::<u128>()));
        let mp3 = File::options().read(true).write(true).create_new(true).open(&name)?;
        // It lives as long as somebody has it open, and no longer.
        std::fs::remove_file(&name)?;
        Ok::<_, io::Error>((mp3.try_clone()?, mp3))
    });
    let (output, mp3) = made.await.map_err(io::Error::other)??;
    let mut command = Command::new(program);
    command.args(arguments(program)).stdin(Stdio::from(wav)).stdout(Stdio::from(output)).stderr(Stdio::null());
    let status = command.kill_on_drop(true).spawn()?.wait().await?;
    if !status.success() {
        return Err(io::Error::other(format!("it ended with {status}")));
    }
    if mp3.metadata()?.len() == 0 {
        return Err(io::Error::other("it made nothing"));
    }
    Ok(mp3)
}
