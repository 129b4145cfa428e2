//! What a customizer has started and left behind: processes that have gone out of its group, as daemons do.
//!
//! Shape: whatever a process starts inherits a variable of its environment that names the process's folder, and is found by that.
//! Time: reads all of `/proc`, so not on a thread that serves others.
//! Errors: none; what cannot be read is another user's. Code that takes the variable away hides from this: nothing here confines an enemy.

use std::{
    fs,
    path::{MAIN_SEPARATOR, Path},
};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The variable that names the folder.
pub(super) const MARK: &str = "CUSTOMIZER_FOLDER";
/// How often all are looked for, since one may start another meanwhile.
const ROUNDS: usize = 10;

/// Kills whatever was started from a folder, or from one in it; how many there were.
pub(super) fn end_all(folder: &Path) -> usize {
    let mut ended = 0;
    for _ in 0..ROUNDS {
        match fs::read_dir("/proc") {
            Ok(entries) => {
                let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
                let found = pids.filter(|pid| end(*pid, folder)).count();
                if found == 0 {
                    break;
                }
                ended += found;
            }
            Err(_) => break,
        }
    }
    ended
}

/// Kills a process where it was started from the folder.
fn end(pid: i32, folder: &Path) -> bool {
    // It is held before it is looked at, so that its number is not another's when it is killed.
    let Some(held) = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else { return false };
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    is_of(&environment, folder) && pidfd_send_signal(held, Signal::KILL).is_ok()
}

/// Whether an environment names the folder, or one in it.
fn is_of(environment: &[u8], folder: &Path) -> bool {
    let folder = folder.as_os_str().as_encoded_bytes();
    let mut variables = environment.split(|byte| *byte == 0);
    variables.any(|variable| {
        let value = variable.strip_prefix(MARK.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
        let rest = value.and_then(|value| value.strip_prefix(folder));
        rest.is_some_and(|rest| rest.is_empty() || rest[0] == MAIN_SEPARATOR as u8)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_known_by_its_folder() {
        let of = |environment: &[u8], folder: &str| is_of(environment, Path::new(folder));
        let environment = b"PATH=/bin\0CUSTOMIZER_FOLDER=/data/customizers/12\0A=b\0";
        assert!(of(environment, "/data/customizers/12") && of(environment, "/data/customizers"));
        assert!(!of(environment, "/data/customizers/1") && !of(environment, "/data/customizers/123"));
        assert!(!of(b"XCUSTOMIZER_FOLDER=/data\0", "/data") && !of(b"", "/data") && !of(b"CUSTOMIZER_FOLDER", ""));
    }
}
