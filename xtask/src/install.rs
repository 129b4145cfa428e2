//! What the tests need beside the Rust toolchain, and how it gets here.
//!
//! Shape: each need is looked for first; only what is missing is installed, Debian packages with `apt-get`, cargo-deny
//! with `cargo install` and pocketsphinx with `pip`. A package that brings a service is installed without it: the tests start the program themselves, and a
//! machine that only builds should not answer calls. A C compiler and the C headers are not on the list: without them xtask itself does not link.
//! Errors: [`Missing`], whose text names the need and the command that a person can run.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Debian package, with a program of it by which we see that it is there.
struct Package {
    name: &'static str,
    program: &'static str,
    /// The service that Debian would start with it, now and whenever the machine starts.
    service: Option<&'static str>,
    why: &'static str,
}

impl Package {
    const fn new(name: &'static str, program: &'static str, why: &'static str) -> Self {
        Self { name, program, service: None, why }
    }
}

const PACKAGES: &[Package] = &[
    Package::new("sip-tester", "sipp", "the wire tests call the server with SIPp"),
    Package::new("pkg-config", "pkg-config", "it tells the build where libopus is"),
    // A library has no program to look for, but this.
    Package::new("libopus-dev", "/usr/include/opus/opus.h", "the tests speak Opus"),
    Package::new("curl", "curl", "the tests make the documented requests with curl"),
    Package::new(
        "espeak-ng",
        "espeak-ng",
        "tests have it say texts, and listen for keys in half an hour of its speech",
    ),
    Package::new(
        "python3-venv",
        "python3",
        "the tests have pocketsphinx understand a caller, and ask web servers that are written in Python",
    ),
    Package::new("unixodbc", "isql", "a customizer asks a database in the wire tests"),
    // Neither has a program.
    Package::new("libsqliteodbc", "/usr/share/doc/libsqliteodbc/copyright", "that database is of SQLite, by ODBC"),
    Package::new("python3-pyodbc", "/usr/share/doc/python3-pyodbc/copyright", "the customizer asks by this"),
    Package::new("python3-zeep", "/usr/share/doc/python3-zeep/copyright", "another asks a server of SOAP by this"),
    Package::new("baresip-core", "baresip", "the interop tests use it as a telephone"),
    Package::new("linphone-cli", "linphonec", "the interop tests use it as a telephone"),
    Package {
        service: Some("exim4.service"),
        ..Package::new("exim4-daemon-light", "exim4", "the wire tests send mail by it")
    },
    Package {
        service: Some("kamailio.service"),
        ..Package::new("kamailio", "kamailio", "the interop tests use it as a proxy and as a carrier")
    },
];

/// A recogniser from Python's index, which the tests of speech need. It lies in an environment of its own in the target folder.
const POCKETSPHINX: &str = "pocketsphinx==5.1.1";

/// The newest that builds with the Rust version of this workspace.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// With what rights a Debian package can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    Root,
    /// `sudo` works without a password.
    Sudo,
    None,
}

/// What could not be installed, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// A part of the Rust toolchain; we do not change anyone's toolchain unasked.
    Component { name: &'static str },
    /// There is no apt-get here.
    NotDebian { needs: String },
    /// Not root, and sudo wants a password or is not there.
    NoRights { needs: String },
    /// apt-get ran and failed.
    Apt { needs: String },
    /// `cargo install` ran and failed.
    CargoDeny,
    /// An environment of Python, or what belongs into it, could not be made.
    Pocketsphinx,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component { name } => {
                write!(f, "{name} is missing. Install it with: rustup component add {name}")
            }
            Self::NotDebian { needs } => {
                write!(f, "missing: {needs}, by the names of Debian. There is no apt-get here; install them by hand.")
            }
            Self::NoRights { needs } => {
                let command = format!("sudo apt-get install --no-install-recommends {needs}");
                write!(f, "missing: {needs}. This needs root, and sudo asks for a password. Run: {command}")
            }
            Self::Apt { needs } => {
                let command = format!("sudo apt-get update && sudo apt-get install --no-install-recommends {needs}");
                write!(f, "apt-get could not install {needs}; is there a network? Try: {command}")
            }
            Self::CargoDeny => {
                let command = format!("cargo install --locked cargo-deny --version {CARGO_DENY_VERSION}");
                write!(f, "cargo-deny could not be installed; is there a network? Try: {command}")
            }
            Self::Pocketsphinx => {
                write!(f, "{POCKETSPHINX} could not be installed; it needs python3 with its module venv, and a network")
            }
        }
    }
}

/// Installs what is missing; does nothing where nothing is.
///
/// # Errors
/// [`Missing`] for the first need that stays unmet.
pub(crate) fn install(root: &Path) -> Result<(), Missing> {
    for (name, word) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !answers(cargo(root).args([word, "--version"])) {
            return Err(Missing::Component { name });
        }
    }
    let missing: Vec<&Package> = PACKAGES.iter().filter(|package| find_program(package.program).is_none()).collect();
    if !missing.is_empty() {
        install_packages(&missing)?;
    }
    install_pocketsphinx(root)?;
    if answers(cargo(root).args(["deny", "--version"])) {
        return Ok(());
    }
    println!("xtask install: cargo-deny {CARGO_DENY_VERSION} (checks licences and sources of dependencies)");
    let words = ["install", "--locked", "cargo-deny", "--version", CARGO_DENY_VERSION];
    if succeeds(cargo(root).args(words)) { Ok(()) } else { Err(Missing::CargoDeny) }
}

/// The recogniser of the tests, in `<target>/python`.
fn install_pocketsphinx(root: &Path) -> Result<(), Missing> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let environment = target.join("python");
    let python = environment.join("bin/python3");
    if answers(Command::new(&python).args(["-c", "import pocketsphinx"])) {
        return Ok(());
    }
    println!("xtask install: {POCKETSPHINX} (a test has it understand a caller)");
    let made = succeeds(Command::new("python3").args(["-m", "venv"]).arg(&environment));
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", POCKETSPHINX];
    if made && succeeds(Command::new(python).args(pip)) { Ok(()) } else { Err(Missing::Pocketsphinx) }
}

/// `cargo` as the one that runs us, in the root of the workspace.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // What cargo says to us of our package would look to build scripts as if something had changed since they ran.
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
        command.env_remove(name);
    }
    command
}

fn install_packages(missing: &[&Package]) -> Result<(), Missing> {
    let needs = missing.iter().map(|package| package.name).collect::<Vec<_>>().join(" ");
    let words = apt_words(find_program("apt-get").is_some(), rights(), &needs)?;
    for package in missing {
        println!("xtask install: {} ({})", package.name, package.why);
    }
    let apt = |more: &[&str]| {
        let (program, first) = words.split_first().expect("apt_words names a program");
        succeeds(Command::new(program).args(first).args(more))
    };
    // A fresh machine has no package lists. A failed update need not matter: old lists often still serve.
    apt(&["update"]);
    let mut order = vec!["install", "--yes", "--no-install-recommends"];
    order.extend(missing.iter().map(|package| package.name));
    let services: Vec<_> = missing.iter().filter_map(|package| package.service).collect();
    hold_back(&services, &words[..words.len() - APT.len()]);
    let done = apt(&order);
    release(&services, &words[..words.len() - APT.len()]);
    if done { Ok(()) } else { Err(Missing::Apt { needs }) }
}

/// Keeps services that are about to be installed from starting, where systemd would start them. Elsewhere nobody does: Debian's init
/// script of Kamailio wants to be told so in a file first.
fn hold_back(services: &[&str], rights: &[&str]) {
    services.iter().for_each(|service| systemctl(rights, &["mask", "--runtime", service]));
}

/// Lets a person start the services that were installed, but not the next boot.
fn release(services: &[&str], rights: &[&str]) {
    for service in services {
        systemctl(rights, &["unmask", "--runtime", service]);
        systemctl(rights, &["disable", service]);
    }
}

fn systemctl(rights: &[&str], words: &[&str]) {
    if Path::new("/run/systemd/system").is_dir() {
        let all: Vec<_> = rights.iter().chain(&["systemctl", "--quiet"]).chain(words).collect();
        if let Some((program, rest)) = all.split_first() {
            // A service that runs for nothing is no reason not to test.
            answers(Command::new(program).args(rest));
        }
    }
}

/// The lock timeout waits for another apt-get, such as the nightly upgrade, instead of failing.
const APT: [&str; 5] = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--option", "DPkg::Lock::Timeout=120"];

/// The beginning of an apt-get command, or why there is none.
fn apt_words(has_apt: bool, rights: Rights, needs: &str) -> Result<Vec<&'static str>, Missing> {
    let needs = needs.to_owned();
    match rights {
        _ if !has_apt => Err(Missing::NotDebian { needs }),
        Rights::Root => Ok(APT.to_vec()),
        Rights::Sudo => Ok([&["sudo", "-n"][..], &APT].concat()),
        Rights::None => Err(Missing::NoRights { needs }),
    }
}

fn rights() -> Rights {
    let id = Command::new("id").arg("-u").output();
    if id.is_ok_and(|id| id.stdout.trim_ascii() == b"0") {
        Rights::Root
    } else if answers(Command::new("sudo").args(["-n", "true"])) {
        Rights::Sudo
    } else {
        Rights::None
    }
}

/// Where a program is: on the PATH, or in the folder of daemons, which a user's PATH often leaves out.
fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Whether a command ends well; what it prints is not shown.
pub(crate) fn answers(command: &mut Command) -> bool {
    succeeds(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
}

pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_sudo_is_told_the_package_and_the_command() {
        let refused = apt_words(true, Rights::None, "sip-tester").unwrap_err().to_string();
        assert!(refused.contains("sudo apt-get install --no-install-recommends sip-tester"), "{refused}");
    }

    #[test]
    fn another_distribution_is_told_the_package() {
        for rights in [Rights::Root, Rights::Sudo, Rights::None] {
            let refused = apt_words(false, rights, "sip-tester").unwrap_err();
            assert_eq!(refused, Missing::NotDebian { needs: "sip-tester".to_owned() });
        }
    }

    #[test]
    fn only_a_user_goes_through_sudo_and_never_waits_for_a_password() {
        assert_eq!(apt_words(true, Rights::Sudo, "").unwrap()[..3], ["sudo", "-n", "env"]);
        assert_eq!(apt_words(true, Rights::Root, "").unwrap()[0], "env");
    }

    #[test]
    fn a_missing_component_names_the_rustup_command() {
        let text = Missing::Component { name: "clippy" }.to_string();
        assert!(text.contains("rustup component add clippy"), "{text}");
    }
}
