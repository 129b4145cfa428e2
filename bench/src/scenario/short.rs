//! Calls that are answered and end at once, at rising rates, until something fails or is sent again.
//!
//! Units: CPU in milliseconds a call; times in milliseconds.

use anyhow::Result;

use super::Setup;
use crate::{
    clock,
    generator::{Generator, Manner},
    process::own_cpu,
    report::{Table, median},
    rest::{Api, PROMPT},
    server::{Home, Server},
};

/// How long each rate is held, in seconds.
const SECONDS: f64 = 5.0;

/// One rate in one turn.
#[derive(Copy, Clone, Debug)]
struct Sample {
    rate: f64,
    reached: f64,
    cpu: f64,
    core: f64,
    generator: f64,
    setup: [f64; 2],
    failed: f64,
    repeated: f64,
    resident: f64,
}

/// Raises the rate through `rates` in every turn, each as far as it comes, and adds a row a rate.
///
/// # Errors
/// When a process fails.
pub fn run(setup: &Setup, rates: &[f64], table: &mut Table) -> Result<()> {
    let mut samples = Vec::new();
    for _ in 0..setup.turns {
        samples.extend(rise(setup, rates)?);
    }
    for &rate in rates {
        let here: Vec<Sample> = samples.iter().filter(|sample| sample.rate.total_cmp(&rate).is_eq()).copied().collect();
        if here.is_empty() {
            break;
        }
        let of = |of: fn(&Sample) -> f64| median(here.iter().map(of));
        table.row(&[
            format!("{rate:.0}"),
            here.len().to_string(),
            format!("{:.0}", of(|s| s.reached)),
            format!("{:.3}", of(|s| s.cpu)),
            format!("{:.0} %", of(|s| s.core) * 100.0),
            format!("{:.2} / {:.2}", of(|s| s.setup[0]), of(|s| s.setup[1])),
            format!("{:.0}", of(|s| s.failed)),
            format!("{:.0}", of(|s| s.repeated)),
            format!("{:.1}", of(|s| s.resident)),
            format!("{:.0} %", of(|s| s.generator) * 100.0),
        ]);
    }
    Ok(())
}

/// The table that [`run`] fills.
pub fn table() -> Table {
    Table::new(&[
        "calls a second",
        "turns",
        "reached",
        "CPU ms a call",
        "of a core",
        "INVITE to 200 p50 / p99 (ms)",
        "failed",
        "sent again",
        "RSS after (MiB)",
        "generator's CPU",
    ])
}

/// One server, every rate until the first that is not clean.
fn rise(setup: &Setup, rates: &[f64]) -> Result<Vec<Sample>> {
    let home = Home::new()?;
    let server = Server::start(&setup.launch, &home)?;
    let mut generator = Generator::new()?;
    generator.call_at(server.sip);
    Api::new(&server)?.make_menus(generator.contact())?;
    let mut samples = Vec::new();
    for &rate in rates {
        generator.restart();
        let calls = (rate * SECONDS) as usize;
        let (start, cpu, own) = (clock::now(), server.process.cpu()?, own_cpu()?);
        generator.dial(PROMPT, calls, rate, Manner::HangUp)?;
        generator.settle()?;
        let wall = (clock::now() - start) as f64 / 1e9;
        // What belongs to these calls is done when nothing of them is under way; the rest of a second lets it finish.
        generator.run(1.0)?;
        let (cpu, own) = (server.process.cpu()? - cpu, own_cpu()? - own);
        let counts = &generator.counts;
        let sample = Sample {
            rate,
            reached: counts.ended as f64 / wall,
            cpu: cpu * 1e3 / calls as f64,
            core: cpu / (wall + 1.0),
            generator: own / (wall + 1.0),
            setup: [0.5, 0.99].map(|share| counts.setup.percentile(share)),
            failed: counts.failed as f64,
            repeated: counts.repeated as f64,
            resident: server.process.resident()? as f64 / f64::from(1 << 20),
        };
        samples.push(sample);
        if sample.failed + sample.repeated > 0.0 {
            break;
        }
    }
    Ok(samples)
}
