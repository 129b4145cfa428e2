//! Calls that stay up, measured on a plateau, server and floor in turns.
//!
//! Units: CPU in milliseconds a second of call; times in milliseconds; memory in KiB.

use std::process::Stdio;

use anyhow::{Result, ensure};

use super::Setup;
use crate::{
    clock,
    floor::Duplex,
    generator::{Generator, Manner},
    metrics,
    process::{Process, own_cpu},
    report::{Table, median},
    rest::{Api, BRIDGE, PROMPT, RECORDED},
    server::{Home, Server},
};

/// How fast the calls of a plateau are placed, a second.
const RAMP: f64 = 250.0;
/// Calls placed at the end of a plateau to see how quickly they are answered, and how many a second.
const PROBES: usize = 250;
const PROBE_RATE: f64 = 50.0;
const LATENESS: &str = "antiphon_media_lateness_seconds";

/// What the calls do.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Kind {
    /// They hear a prompt and send nothing.
    Prompt,
    /// They hear a prompt and talk.
    Talking,
    /// They are bridged to a phone, and both talk.
    Bridged,
    /// They hear a prompt and talk, and both are recorded.
    Recorded,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Talking => "prompt, caller talks",
            Self::Bridged => "bridged",
            Self::Recorded => "prompt, caller talks, recorded",
        }
    }

    fn user(self) -> &'static str {
        match self {
            Self::Prompt | Self::Talking => PROMPT,
            Self::Bridged => BRIDGE,
            Self::Recorded => RECORDED,
        }
    }

    fn manner(self) -> Manner {
        match self {
            Self::Prompt => Manner::Listen,
            Self::Talking | Self::Bridged | Self::Recorded => Manner::Talk,
        }
    }

    fn duplex(self) -> Duplex {
        match self {
            Self::Prompt => Duplex::Send,
            Self::Talking | Self::Bridged | Self::Recorded => Duplex::Both,
        }
    }

    fn streams(self) -> usize {
        match self {
            Self::Prompt | Self::Talking | Self::Recorded => 1,
            Self::Bridged => 2,
        }
    }
}

/// One plateau.
#[derive(Copy, Clone, Debug, Default)]
struct Sample {
    cpu: f64,
    generator: f64,
    lateness: [f64; 3],
    interval: [f64; 3],
    missing: f64,
    memory: f64,
    setup: [f64; 2],
    failed: f64,
}

/// Runs one kind with so many calls and adds its row.
///
/// # Errors
/// When a process fails, or calls of the plateau did.
pub fn run(setup: &Setup, kind: Kind, calls: usize, table: &mut Table) -> Result<()> {
    let mut servers = Vec::new();
    let mut floors = Vec::new();
    for _ in 0..setup.turns {
        servers.push(with_server(setup, kind, calls)?);
        floors.push(with_floor(setup, kind, calls)?);
    }
    let ours = |of: fn(&Sample) -> f64| median(servers.iter().map(of));
    let bare = |of: fn(&Sample) -> f64| median(floors.iter().map(of));
    let three = |of: [fn(&Sample) -> f64; 3]| of.map(|of| format!("{:.2}", ours(of))).join(" / ");
    let ratio = median(servers.iter().zip(&floors).map(|(server, floor)| server.cpu / floor.cpu));
    let spread = servers.iter().map(|sample| sample.cpu);
    let (least, most) = spread.fold((f64::MAX, 0.0_f64), |(least, most), cpu| (least.min(cpu), most.max(cpu)));
    table.row(&[
        kind.name().to_owned(),
        calls.to_string(),
        format!("{:.3} [{least:.3}-{most:.3}]", ours(|s| s.cpu)),
        format!("{:.3}", bare(|s| s.cpu)),
        format!("**{ratio:.2}**"),
        three([|s| s.lateness[0], |s| s.lateness[1], |s| s.lateness[2]]),
        three([|s| s.interval[0], |s| s.interval[1], |s| s.interval[2]]),
        format!("{:.2}", bare(|s| s.interval[1])),
        format!("{:.0}", ours(|s| s.missing)),
        format!("{:.1}", ours(|s| s.memory)),
        format!("{:.2} / {:.2}", ours(|s| s.setup[0]), ours(|s| s.setup[1])),
        format!("{:.0}", ours(|s| s.failed)),
        format!("{:.0} %", ours(|s| s.generator) * 100.0),
    ]);
    Ok(())
}

/// The table that [`run`] fills.
pub fn table() -> Table {
    Table::new(&[
        "calls",
        "number",
        "CPU ms a call-second [min-max]",
        "floor",
        "ratio",
        "lateness p50 / p99 / p99.9 (server's buckets, ms)",
        "interval error p50 / p99 / p99.9 (ms)",
        "floor's p99",
        "packets missing",
        "KiB a call",
        "INVITE to 200 p50 / p99 (ms)",
        "failed",
        "generator's CPU",
    ])
}

/// Runs the floor alone for one kind and adds its row: what the machine gives.
///
/// # Errors
/// When the process fails.
pub fn run_floor(setup: &Setup, kind: Kind, calls: usize, table: &mut Table) -> Result<()> {
    let floors = (0..setup.turns).map(|_| with_floor(setup, kind, calls)).collect::<Result<Vec<_>>>()?;
    let of = |of: fn(&Sample) -> f64| median(floors.iter().map(of));
    table.row(&[
        kind.name().to_owned(),
        calls.to_string(),
        format!("{:.3}", of(|s| s.cpu)),
        format!("{:.2} / {:.2} / {:.2}", of(|s| s.interval[0]), of(|s| s.interval[1]), of(|s| s.interval[2])),
        format!("{:.0}", of(|s| s.missing)),
        format!("{:.0} %", of(|s| s.generator) * 100.0),
    ]);
    Ok(())
}

/// The table that [`run_floor`] fills.
pub fn floor_table() -> Table {
    Table::new(&[
        "datagrams of",
        "number",
        "CPU ms a call-second",
        "interval error p50 / p99 / p99.9 (ms)",
        "packets missing",
        "generator's CPU",
    ])
}

fn with_server(setup: &Setup, kind: Kind, calls: usize) -> Result<Sample> {
    let home = Home::new()?;
    let server = Server::start(&setup.launch, &home)?;
    let mut generator = Generator::new()?;
    generator.call_at(server.sip);
    Api::new(&server)?.make_menus(generator.contact())?;
    generator.run(1.0)?;
    let idle = server.process.resident()?;
    generator.dial(kind.user(), calls, RAMP, kind.manner())?;
    generator.settle()?;
    ensure!(
        generator.up() == calls,
        "{} of {calls} calls are up: {:?} failed",
        generator.up(),
        generator.counts.failed
    );
    generator.run(3.0)?;
    let before = server.metrics()?;
    generator.run(0.2)?;
    let mut sample = plateau(&mut generator, &server.process, setup.plateau, calls)?;
    generator.run(0.1)?;
    let after = server.metrics()?.buckets(LATENESS);
    let before = before.buckets(LATENESS);
    sample.lateness = [0.5, 0.99, 0.999].map(|share| metrics::percentile(&before, &after, share));
    sample.memory = server.process.resident()?.saturating_sub(idle) as f64 / 1024.0 / calls as f64;
    sample.failed = generator.counts.failed as f64;
    generator.restart();
    generator.dial(PROMPT, PROBES, PROBE_RATE, Manner::HangUp)?;
    generator.settle()?;
    sample.setup = [0.5, 0.99].map(|share| generator.counts.setup.percentile(share));
    sample.failed += generator.counts.failed as f64;
    generator.hang_up(RAMP * 4.0)?;
    Ok(sample)
}

fn with_floor(setup: &Setup, kind: Kind, calls: usize) -> Result<Sample> {
    let mut generator = Generator::new()?;
    let to: Vec<String> = generator.ears().iter().map(ToString::to_string).collect();
    let duplex = match kind.duplex() {
        Duplex::Send => "send",
        Duplex::Both => "both",
    };
    let streams = calls * kind.streams();
    let arguments =
        ["--streams".to_owned(), streams.to_string(), "--duplex".into(), duplex.into(), "--to".into(), to.join(",")];
    let mut floor = Process::start(&setup.floor, &arguments, setup.launch.core, Stdio::inherit())?;
    let ports = floor.line()?;
    if kind.duplex() == Duplex::Both {
        let ports = ports.split(' ').filter_map(|port| port.parse().ok());
        generator.talk_to(ports.map(|port| std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, port)));
    }
    generator.run(1.0)?;
    plateau(&mut generator, &floor, setup.plateau, calls)
}

fn plateau(generator: &mut Generator, process: &Process, seconds: f64, calls: usize) -> Result<Sample> {
    generator.restart();
    let (start, cpu, own) = (clock::now(), process.cpu()?, own_cpu()?);
    generator.run(seconds)?;
    let (cpu, own) = (process.cpu()? - cpu, own_cpu()? - own);
    let wall = (clock::now() - start) as f64 / 1e9;
    let arrivals = &generator.arrivals;
    Ok(Sample {
        cpu: cpu * 1e3 / wall / calls as f64,
        generator: own / wall,
        interval: [0.5, 0.99, 0.999].map(|share| arrivals.interval_error.percentile(share)),
        missing: arrivals.lost as f64,
        ..Sample::default()
    })
}
