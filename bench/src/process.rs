//! A child process and what the kernel accounts to it.
//!
//! Units: CPU in seconds, user and system together; memory in bytes.
//! Errors: what the system says; a process that is gone has no accounts.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Clock ticks a second in `/proc`, which is 100 on every architecture that Linux is used on.
const TICKS: f64 = 100.0;

/// A child process that is ended when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts a program, on one core where one is named.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(program: &str, arguments: &[String], core: Option<usize>, errors: Stdio) -> Result<Self> {
        let mut command = match core {
            None => Command::new(program),
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &core.to_string(), program]);
                command
            }
        };
        let command = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().with_context(|| format!("cannot start {program}"))?;
        let output = BufReader::new(child.stdout.take().context("the child's output is piped")?);
        Ok(Self { child, output })
    }

    /// The next line of its output.
    ///
    /// # Errors
    /// When it ends without one.
    pub fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        anyhow::ensure!(!line.is_empty(), "the process ended early");
        Ok(line.trim_end().to_owned())
    }

    /// CPU used so far, user and system.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn cpu(&self) -> Result<f64> {
        cpu_of(&self.child.id().to_string())
    }

    /// Resident memory.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }
}

impl Drop for Process {
    /// Asks it to end twice, as an impatient operator does, and then ends it.
    fn drop(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(0));
        for _ in 0..20 {
            if pid.as_raw() > 0 {
                // A process that has ended by itself cannot be signalled, and need not be.
                let _ = kill(pid, Signal::SIGTERM);
            }
            std::thread::sleep(Duration::from_millis(100));
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU that this program itself has used so far.
///
/// # Errors
/// When `/proc` is not there.
pub fn own_cpu() -> Result<f64> {
    cpu_of("self")
}

fn cpu_of(process: &str) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold anything; user and system time are fields 14 and 15 (proc(5)).
    let (_, fields) = stat.rsplit_once(')').context("no process name")?;
    let mut times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    let user = times.next().context("no user time")??;
    let system = times.next().context("no system time")??;
    Ok((user + system) / TICKS)
}

/// The load of the machine: running processes on average over 1, 5 and 15 minutes.
pub fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The machine and its kernel, in one line.
pub fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = |line: &str| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim().to_owned());
    let model = cpus.lines().find_map(named).unwrap_or_else(|| "unknown processor".to_owned());
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores, {model}, Linux {}", kernel.trim())
}
