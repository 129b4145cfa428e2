//! A real mail server, Debian's Exim, as a process on loopback.
//!
//! Shape: settings, queue and letters in a temporary folder; letters are files of a maildir. It takes mail for `b.example` from whoever
//! logs in over TLS, and nobody else. As root it runs as Debian's own user, else as whoever runs the test.
//! Time: it may be told to think for a while between a letter and its answer to it.
//! Errors: what it says is in its log, which is shown when a test fails.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::authority::Authority;
use crate::process::Running;
use crate::sipp::free_port;

/// How long it may take to start.
const START: Duration = Duration::from_secs(20);
/// Who may send.
pub(crate) const LOGIN: (&str, &str) = ("antiphon", "secret of the post");

/// The mail server and its folder.
pub(crate) struct Post {
    folder: tempfile::TempDir,
    port: u16,
    process: Option<Running>,
}

/// What a program prints, as a number.
fn number(program: &str, words: &[&str]) -> u32 {
    let output = Command::new(program).args(words).output().expect("coreutils are installed");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    text.parse().unwrap_or_else(|_| panic!("{program} {words:?} says {text:?}: run `cargo xtask install`"))
}

impl Post {
    /// Makes its folder, and starts it; it thinks for so many seconds about each letter.
    pub(crate) fn start(thinking: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        Authority::new().issue_for(folder.path(), "127.0.0.1");
        let mut post = Self { folder, port: free_port(), process: None };
        post.restart(thinking);
        post
    }

    /// Starts it again in its folder.
    pub(crate) fn restart(&mut self, thinking: u32) {
        self.kill();
        let (user, group) = match number("id", &["-u"]) {
            0 => (number("id", &["-u", "Debian-exim"]), number("id", &["-g", "Debian-exim"])),
            user => (user, number("id", &["-g"])),
        };
        fs::write(self.path("exim.conf"), self.settings(user, group, thinking)).expect("the folder takes a file");
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
        fs::set_permissions(self.path("exim.conf"), fs::Permissions::from_mode(0o644)).expect("it is ours");
        for name in ["spool", "mail", "log"] {
            fs::create_dir_all(self.path(name)).expect("the folder takes another");
            chown(self.path(name), Some(user), Some(group)).expect("it is ours");
        }
        chown(self.path("key.pem"), Some(user), Some(group)).expect("it is ours");
        let mut command = Command::new("exim4");
        command.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()));
        let address = format!("127.0.0.1.{}", self.port);
        command.arg("-C").arg(self.path("exim.conf")).args(["-bdf", "-oX", &address]);
        self.process = Some(Running::start(command.stdout(Stdio::null()).stderr(Stdio::null())));
        let until = Instant::now() + START;
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "Exim does not start:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn settings(&self, user: u32, group: u32, thinking: u32) -> String {
        let at = self.folder.path().display();
        let (name, password) = LOGIN;
        format!(
            "exim_user = {user}\nexim_group = {group}\ndeliver_drop_privilege = true\n\
             spool_directory = {at}/spool\nlog_file_path = {at}/log/%slog\npid_file_path = {at}/spool/pid\n\
             primary_hostname = post.example\nlocal_interfaces = <; 127.0.0.1\nkeep_environment =\nhost_lookup =\n\
             rfc1413_query_timeout = 0s\nsmtp_accept_max_per_host = 0\nmessage_size_limit = 50M\n\
             tls_advertise_hosts = *\ntls_certificate = {at}/certificate.pem\ntls_privatekey = {at}/key.pem\n\
             acl_smtp_rcpt = recipient\nacl_smtp_data = letter\n\
             begin acl\n\
             recipient:\n  deny message = nobody of this name\n       local_parts = nobody\n\
             \x20 accept authenticated = *\n         domains = b.example\n  deny message = who are you\n\
             letter:\n  accept delay = {thinking}s\n\
             begin routers\nall:\n  driver = accept\n  transport = file\n\
             begin transports\nfile:\n  driver = appendfile\n  directory = {at}/mail\n  maildir_format\n\
             \x20 create_directory\n  user = {user}\n  group = {group}\n\
             begin retry\n* * F,1h,1s\n\
             begin authenticators\nplain:\n  driver = plaintext\n  public_name = PLAIN\n\
             \x20 server_condition = ${{if and{{{{eq{{$auth2}}{{{name}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}\n\
             \x20 server_set_id = $auth2\n  server_advertise_condition = ${{if def:tls_in_cipher}}\n"
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The settings of a server that sends by it.
    pub(crate) fn sending(&self) -> String {
        let (name, password) = LOGIN;
        format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"starttls\"\nusername = \"{name}\"\n\
             password = \"{password}\"\nfrom = \"Phones <vm@here.example>\"\nca = \"{}\"\n",
            self.port,
            self.path("ca.pem").display()
        )
    }

    /// Waits until it has a letter whole and thinks about it.
    #[track_caller]
    pub(crate) fn wait_until_it_thinks(&self) {
        let until = Instant::now() + START;
        let is_thinking = || {
            let queue = fs::read_dir(self.path("spool/input")).into_iter().flatten().flatten();
            queue.into_iter().any(|entry| entry.metadata().is_ok_and(|file| file.is_file() && file.len() > 10_000))
        };
        while !is_thinking() {
            assert!(Instant::now() < until, "no letter has come:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it and whatever it is doing, as the power would.
    pub(crate) fn kill(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let id = process.0.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        process.0.kill().expect("it lives");
        for child in children.split_whitespace() {
            // It may have ended by itself.
            let _ = Command::new("kill").args(["-KILL", child]).stderr(Stdio::null()).status();
        }
        let _ = process.0.wait();
    }

    /// The letters that it has delivered.
    pub(crate) fn letters(&self) -> Vec<String> {
        let new = fs::read_dir(self.path("mail/new")).into_iter().flatten().flatten();
        new.map(|entry| fs::read_to_string(entry.path()).expect("a letter is ASCII")).collect()
    }

    /// Waits until it has delivered so many letters.
    #[track_caller]
    pub(crate) fn wait_for_letters(&self, count: usize) -> Vec<String> {
        let until = Instant::now() + START;
        while self.letters().len() < count {
            assert!(Instant::now() < until, "{} letters have come:\n{}", self.letters().len(), self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        self.letters()
    }

    pub(crate) fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.path("log").join(name)).unwrap_or_default();
        read("mainlog") + &read("paniclog") + &read("rejectlog")
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.kill();
    }
}
