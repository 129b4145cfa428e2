//! A program that is run for one text or one utterance.
//!
//! Shape: bytes on its standard input, bytes from its standard output; what it writes on standard error is the log's. Nothing of a
//! text is ever an argument, and no shell is asked.
//! Time: the caller has a limit; a program that is dropped is killed, with all that it started.
//! Errors: [`ProgramError`].

use std::{io, process::Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::Command,
};

/// As much of what a program complains about as is logged, in bytes.
const COMPLAINT: u64 = 2000;

/// Why a program was no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProgramError {
    /// It could not be started, or not be talked to.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It ended badly.
    #[error("it ended with {status}: {complaint}")]
    Ended {
        /// How.
        status: std::process::ExitStatus,
        /// What it said about it.
        complaint: String,
    },
    /// It wrote more than anybody wants.
    #[error("it wrote more than {0} bytes")]
    TooMuch(usize),
}

/// A program that is killed with its children, unless it has ended.
struct Running(Option<Pid>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It may have ended at this moment.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Runs a program, whose first word is its name, to its end.
pub(super) async fn run(
    words: &[String],
    environment: &[(&str, String)],
    input: Vec<u8>,
    most: usize,
) -> Result<Vec<u8>, ProgramError> {
    let (program, arguments) = words.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().map(|(name, value)| (*name, value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let mut running = Running(pid);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async move {
        if let Some(mut stdin) = stdin {
            // A program may have enough before it has read all.
            let _ = stdin.write_all(&input).await;
            let _ = stdin.shutdown().await;
        }
    };
    let ((), output, complaint) = tokio::join!(write, read(stdout, most as u64 + 1), complaint(stderr));
    let output = output?;
    if output.len() > most {
        return Err(ProgramError::TooMuch(most));
    }
    let status = child.wait().await?;
    running.0 = None;
    if status.success() {
        return Ok(output);
    }
    let complaint =
        String::from_utf8_lossy(&complaint.unwrap_or_default()).split_whitespace().collect::<Vec<_>>().join(" ");
    Err(ProgramError::Ended { status, complaint })
}

/// The beginning of what a program complains about. The rest is read and thrown away: a program must not end because it complains a lot.
async fn complaint(from: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    if let Some(mut from) = from {
        (&mut from).take(COMPLAINT).read_to_end(&mut kept).await?;
        tokio::io::copy(&mut from, &mut tokio::io::sink()).await?;
    }
    Ok(kept)
}

/// What comes from a program, up to a limit; beyond it, the program finds nobody who reads.
async fn read(from: Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}
