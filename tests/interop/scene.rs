//! Where a scenario takes place: a network of loopback, a folder, and patience.
//!
//! Shape: 127.x.y.0/24, its x from the process and its y from a count; each role has its place in it. When a test fails, the end of every
//! log in the folder is printed.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long anything may take on a loaded machine with two cores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(20);
/// Media ports of each program in a scene.
const PORTS: u16 = 74;
/// Where the media ports of all scenes begin; they end before those that the kernel gives away.
const FIRST_PORT: u16 = 16_400;
/// Processes, and scenes of a process, whose media ports are apart.
const SLOTS: (u16, u16) = (6, 9);
/// How much of each log is shown when a test fails.
const SHOWN: usize = 12_000;

/// Who is where in the network of a scene.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Role {
    Antiphon = 1,
    Baresip = 11,
    Linphone = 12,
    /// Another telephone, of either make.
    Target = 13,
    Kamailio = 21,
    /// Another address of Kamailio.
    Full = 22,
    /// What stands behind Kamailio.
    Far = 31,
}

/// One scenario's network and folder.
pub(crate) struct Scene {
    network: [u8; 2],
    folder: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU8 = AtomicU8::new(1);
        let process = 64 + (std::process::id() % 128) as u8;
        let folder = tempfile::tempdir().expect("a temporary directory");
        Self { network: [process, COUNT.fetch_add(1, Ordering::Relaxed)], folder }
    }

    pub(crate) fn address(&self, role: Role) -> IpAddr {
        let [process, count] = self.network;
        Ipv4Addr::new(127, process, count, role as u8).into()
    }

    /// The media ports of a role, first and last.
    ///
    /// Telephones bind them on all addresses, and share them with whoever does so too; so they are apart, also between scenes.
    pub(crate) fn media_ports(&self, role: Role) -> (u16, u16) {
        let slot = (std::process::id() % u32::from(SLOTS.0)) as u16 * SLOTS.1 + u16::from(self.network[1]) % SLOTS.1;
        let place = match role {
            Role::Antiphon => 0,
            Role::Baresip => 1,
            Role::Target => 2,
            _ => 3,
        };
        let first = FIRST_PORT + (slot * 4 + place) * PORTS;
        (first, first + PORTS - 1)
    }

    /// A folder of this scene, made when it is not there.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("the folder takes a folder");
        folder
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            show(self.folder.path());
        }
    }
}

/// Prints the end of every log below a folder.
#[allow(clippy::print_stderr, reason = "a failed test tells what everybody said")]
fn show(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            show(&path);
        } else if path.extension().is_some_and(|extension| extension == "log") {
            let text = std::fs::read(&path).unwrap_or_default();
            let end = String::from_utf8_lossy(&text[text.len().saturating_sub(SHOWN)..]).into_owned();
            eprintln!("== {}\n{end}", path.display());
        }
    }
}

/// Waits until something is there.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "not within {patience:?}: {what}");
        std::thread::sleep(POLL);
    }
}
