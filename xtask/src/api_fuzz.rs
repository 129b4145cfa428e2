//! The API against its own description: schemathesis makes requests of it that should work, and such as should not.
//!
//! Shape: a server of its own on loopback, on free ports, with a fresh data directory, without a limit of requests and without name
//! servers, so that nothing leaves the machine; in it lies the menu of the walkthrough.
//! Time: wall clock; it ends after the seconds it is given, and the server with it.
//! Errors: an answer of 5xx, or one that the description does not have, is status 1; the server's log stays in the target folder.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use crate::install::{self, cargo};

const SCHEMATHESIS_VERSION: &str = "4.32.5";
/// What is checked of each answer: it is no 5xx, and it is as described.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth,use_after_free";
const SETTINGS: &str = "[sip]\ndns = [\"127.0.0.1:9\"]\n\n[api]\nrequests_per_hour = 0\n";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    seconds: u32,
    seed: Option<u64>,
    release: bool,
}

impl Wanted {
    /// Reads `[--seconds N] [--seed N] [--release]`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(crate) fn read(words: &[&str]) -> Result<Self, String> {
        let mut wanted = Self { seconds: 60, seed: None, release: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--seconds" => {
                    let number = words.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
                    wanted.seconds = number.ok_or("--seconds wants a number above 0")?;
                }
                "--seed" => {
                    let number = words.next().and_then(|number| number.parse().ok());
                    wanted.seed = Some(number.ok_or("--seed wants a number")?);
                }
                "--release" => wanted.release = true,
                other => return Err(format!("`{other}` means nothing here")),
            }
        }
        Ok(wanted)
    }
}

/// A server that is stopped when it is dropped.
struct Server {
    process: Child,
    base: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Builds, starts, asks.
pub(crate) fn fuzz(root: &Path, wanted: &Wanted) -> ExitCode {
    match run(root, wanted) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("xtask api-fuzz: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, wanted: &Wanted) -> Result<bool, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("api-fuzz");
    let schemathesis = schemathesis(&folder)?;
    let mut build = cargo(root);
    build.args(["build", "--package", "antiphon-server"]).args(wanted.release.then_some("--release"));
    if !install::succeeds(&mut build) {
        return Err("the server does not build".to_owned());
    }
    let binary = target.join(if wanted.release { "release" } else { "debug" }).join("antiphon");
    let data = folder.join("data");
    let server = start(&binary, &folder, &data)?;
    furnish(root, &server.base, &data)?;
    let token = token(&server.base, &data)?;
    let mut asking = Command::new(schemathesis);
    asking.current_dir(&folder).args(["run", &format!("{}/api/openapi.json", server.base), "--checks", CHECKS]);
    asking.args(["--max-time", &wanted.seconds.to_string(), "--workers", "1", "--no-color", "--continue-on-failure"]);
    asking.args(["--header", &format!("Authorization: Bearer {token}"), "--generation-database", "none"]);
    asking.args(["--request-timeout", "20", "--suppress-health-check", "all", "--warnings", "off"]);
    asking.args(wanted.seed.map(|seed| format!("--seed={seed}")));
    let held = install::succeeds(&mut asking);
    let lives = install::answers(Command::new("curl").args(["-sS", "--fail", &format!("{}/healthz", server.base)]));
    if !lives {
        return Err(format!("the server does not answer any more; its log is {}", folder.join("log").display()));
    }
    Ok(held)
}

/// The program, in an environment of Python of its own.
fn schemathesis(folder: &Path) -> Result<PathBuf, String> {
    let environment = folder.join(format!("schemathesis-{SCHEMATHESIS_VERSION}"));
    let program = environment.join("bin/schemathesis");
    if !install::answers(Command::new(&program).arg("--version")) {
        println!("xtask api-fuzz: installing schemathesis {SCHEMATHESIS_VERSION}");
        let made = install::succeeds(Command::new("python3").args(["-m", "venv"]).arg(&environment));
        let wanted = format!("schemathesis=={SCHEMATHESIS_VERSION}");
        let pip = environment.join("bin/pip");
        if !made || !install::succeeds(Command::new(pip).args(["install", "--quiet", &wanted])) {
            return Err(format!(
                "{wanted} could not be installed; it needs python3 with its module venv, and a network"
            ));
        }
    }
    Ok(program)
}

fn start(binary: &Path, folder: &Path, data: &Path) -> Result<Server, String> {
    let fault = |what: &str| format!("the server cannot be started: {what}");
    if data.exists() {
        fs::remove_dir_all(data).map_err(|cause| fault(&cause.to_string()))?;
    }
    let settings = folder.join("antiphon.toml");
    fs::write(&settings, SETTINGS).map_err(|cause| fault(&cause.to_string()))?;
    let log = File::create(folder.join("log")).map_err(|cause| fault(&cause.to_string()))?;
    let mut command = Command::new(binary);
    command.args(["--sip", "udp:127.0.0.1:0", "--http", "127.0.0.1:0", "--rtp-ports", "42000-42127"]);
    command.arg("--config").arg(settings).arg("--data").arg(data).stdout(Stdio::piped()).stderr(log);
    let mut process = command.spawn().map_err(|cause| fault(&cause.to_string()))?;
    let output = process.stdout.take().ok_or_else(|| fault("it says nothing"))?;
    let mut server = Server { process, base: String::new() };
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).map_err(|cause| fault(&cause.to_string()))?;
    let http = line.split(' ').find_map(|word| word.strip_prefix("http="));
    server.base = format!("http://{}", http.ok_or_else(|| fault("it did not say that it is ready"))?);
    Ok(server)
}

/// Lays a menu, so that there is something to ask for.
fn furnish(root: &Path, base: &str, data: &Path) -> Result<(), String> {
    let mut script = Command::new("sh");
    script.arg("docs/walkthrough.sh").current_dir(root).env("BASE", base).env("DATA", data).stdout(Stdio::null());
    if install::succeeds(&mut script) { Ok(()) } else { Err("docs/walkthrough.sh has failed".to_owned()) }
}

/// A token of the first client.
fn token(base: &str, data: &Path) -> Result<String, String> {
    let credentials =
        fs::read_to_string(data.join("credentials.json")).map_err(|cause| format!("no credentials: {cause}"))?;
    let form = |name: &str| text_of(&credentials, name).map(|value| format!("{name}={value}"));
    let (id, secret) = form("client_id").zip(form("client_secret")).ok_or("the credentials cannot be read")?;
    let mut curl = Command::new("curl");
    curl.args([
        "-sS",
        "--fail",
        &format!("{base}/oauth/token"),
        "-d",
        "grant_type=client_credentials",
        "-d",
        &id,
        "-d",
        &secret,
    ]);
    let answer = curl.output().map_err(|cause| format!("curl: {cause}"))?;
    text_of(&String::from_utf8_lossy(&answer.stdout), "access_token").ok_or_else(|| "there is no token".to_owned())
}

/// The text of a field of a small JSON object that we wrote ourselves.
fn text_of(json: &str, name: &str) -> Option<String> {
    let rest = json.split_once(&format!("\"{name}\""))?.1.trim_start().strip_prefix(':')?;
    Some(rest.trim_start().strip_prefix('"')?.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_read() {
        let wanted = |words: &[&str]| Wanted::read(words);
        assert_eq!(wanted(&[]), Ok(Wanted { seconds: 60, seed: None, release: false }));
        let all = ["--seconds", "5", "--seed", "17", "--release"];
        assert_eq!(wanted(&all), Ok(Wanted { seconds: 5, seed: Some(17), release: true }));
        for wrong in [&["--seconds"][..], &["--seconds", "0"], &["--seed", "x"], &["fast"]] {
            assert!(wanted(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_field_is_found_in_a_small_object() {
        let json = "{\n  \"client_id\": \"a\",\n  \"client_secret\":\"b\"\n}";
        assert_eq!(text_of(json, "client_id").as_deref(), Some("a"));
        assert_eq!(text_of(json, "client_secret").as_deref(), Some("b"));
        assert_eq!(text_of(json, "token"), None);
    }
}
