//! Kamailio, as a proxy and as a carrier.
//!
//! Shape: one group of processes in the foreground, its configuration in a folder of the scene, ended with its handle: first asked, then,
//! by the group's own id, killed.
//! Sources: `docs/interop.md`.

use std::fs::File;
use std::net::{IpAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::Running;
use crate::scene::{PATIENCE, Scene, wait_for};

/// Where Debian puts it; a user's PATH often leaves that folder out.
const PROGRAM: &str = "/usr/sbin/kamailio";
/// How long it may take to end when it is asked.
const FAREWELL: Duration = Duration::from_secs(3);

/// A running Kamailio.
pub(crate) struct Kamailio {
    folder: PathBuf,
    process: Running,
}

impl Kamailio {
    /// Starts one at these addresses with this configuration, in which `@NAME@` is replaced.
    #[track_caller]
    pub(crate) fn start(scene: &Scene, at: &[IpAddr], text: &str, names: &[(&str, String)]) -> Self {
        let folder = scene.folder("kamailio");
        let text = names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value));
        let file = folder.join("kamailio.cfg");
        std::fs::write(&file, text).expect("the folder takes a file");
        let log = File::create(folder.join("kamailio.log")).expect("the folder takes a file");
        let program = if Path::new(PROGRAM).is_file() { PROGRAM } else { "kamailio" };
        let mut command = Command::new(program);
        command
            .args(["-DD", "-E", "-m", "32", "-M", "8", "-f"])
            .arg(file)
            .arg("-Y")
            .arg(&folder)
            .arg("-w")
            .arg(&folder);
        for at in at {
            command.args(["-l", &format!("udp:{at}:5060"), "-l", &format!("tcp:{at}:5060")]);
        }
        command.stdout(Stdio::null()).stderr(log).process_group(0);
        let mut kamailio = Self { folder, process: Running::start(&mut command) };
        // The processes for TCP are the last to start.
        wait_for("Kamailio listens", PATIENCE, || {
            let ended = kamailio.process.0.try_wait();
            assert!(matches!(ended, Ok(None)), "Kamailio has ended: {ended:?}");
            TcpStream::connect((at[0], 5_060)).ok()
        });
        kamailio
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("kamailio.log")).unwrap_or_default()
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        self.process.terminate();
        let until = Instant::now() + FAREWELL;
        while matches!(self.process.0.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        // What is left of the group, if anything is.
        let group = format!("-{}", self.process.0.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    }
}
