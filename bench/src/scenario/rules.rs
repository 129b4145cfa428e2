//! What much stored costs: an edit of a rule, and the set-up of a call.
//!
//! Shape: one server after another in the same run, the small one first in each turn.
//! Units: times in milliseconds, an edit from its request's connection to its answer; memory in MiB.

use std::time::Instant;

use anyhow::Result;
use serde_json::json;

use super::Setup;
use crate::{
    generator::{Generator, Manner},
    histogram::Histogram,
    report::{Table, median},
    rest::{Api, PROMPT},
    server::{Home, Server},
    stored::{Much, Place, fill},
};

/// Edits of a turn.
const EDITS: usize = 500;
/// Calls a second, and for how many seconds.
const CALLS: (f64, usize) = (200.0, 5);

/// One server in one turn.
#[derive(Copy, Clone, Debug)]
struct Sample {
    ready: f64,
    resident: f64,
    edit: [f64; 3],
    setup: [f64; 2],
    cpu: f64,
    failed: f64,
}

/// Measures with one menu of ten rules, with as many menus as asked for, and with one menu of ten thousand rules.
///
/// # Errors
/// When a process fails.
pub fn run(setup: &Setup, menus: usize, table: &mut Table) -> Result<()> {
    let stored = [
        Much { menus: 1, rules: 10, heavy: 0 },
        Much { menus, rules: 10, heavy: 0 },
        Much { menus: 1, rules: 9_900, heavy: 400 },
    ];
    let mut homes = Vec::new();
    for much in stored {
        let home = Home::new()?;
        let mut generator = Generator::new()?;
        {
            let server = Server::start(&setup.launch, &home)?;
            Api::new(&server)?.make_menus(generator.contact())?;
            generator.call_at(server.sip);
        }
        let places = fill(&home.data(), much)?;
        homes.push((much, home, places, Vec::new()));
    }
    for _ in 0..setup.turns {
        for (_, home, places, samples) in &mut homes {
            samples.push(measure(setup, home, places)?);
        }
    }
    for (much, _, _, samples) in homes {
        let of = |of: fn(&Sample) -> f64| median(samples.iter().map(of));
        table.row(&[
            much.menus.to_string(),
            (much.menus * much.rules).to_string(),
            format!("{:.0}", of(|s| s.ready)),
            format!("{:.0}", of(|s| s.resident)),
            format!("{:.2} / {:.2} / {:.2}", of(|s| s.edit[0]), of(|s| s.edit[1]), of(|s| s.edit[2])),
            format!("{:.2} / {:.2}", of(|s| s.setup[0]), of(|s| s.setup[1])),
            format!("{:.3}", of(|s| s.cpu)),
            format!("{:.0}", of(|s| s.failed)),
        ]);
    }
    Ok(())
}

/// The table that [`run`] fills.
pub fn table() -> Table {
    Table::new(&[
        "menus",
        "rules",
        "ready after (ms)",
        "RSS (MiB)",
        "edit of a rule p50 / p99 / most (ms)",
        "INVITE to 200 p50 / p99 (ms)",
        "CPU ms a call",
        "failed",
    ])
}

fn measure(setup: &Setup, home: &Home, places: &[Place]) -> Result<Sample> {
    let server = Server::start(&setup.launch, home)?;
    let ready = server.ready_after.as_secs_f64() * 1e3;
    let resident = server.process.resident()? as f64 / f64::from(1 << 20);
    let api = Api::new(&server)?;
    let mut edits = Histogram::default();
    for number in 0..EDITS {
        // Steps of a prime visit menus all over the store.
        let Place { extension, context, rule } = places[number * 7_919 % places.len()];
        let path = format!("/extension/{extension}/ivr/context/{context}/options/start/rules/{rule}");
        let body = json!({"action": "set_variable", "set_variable_name": "place", "set_variable_value": number});
        let begin = Instant::now();
        api.put(&path, &body)?;
        edits.record(u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    let mut generator = Generator::new()?;
    generator.call_at(server.sip);
    let (rate, seconds) = CALLS;
    let calls = rate as usize * seconds;
    let before = server.process.cpu()?;
    generator.dial(PROMPT, calls, rate, Manner::HangUp)?;
    generator.settle()?;
    generator.run(1.0)?;
    let counts = &generator.counts;
    Ok(Sample {
        ready,
        resident,
        edit: [0.5, 0.99, 1.0].map(|share| edits.percentile(share)),
        setup: [0.5, 0.99].map(|share| counts.setup.percentile(share)),
        cpu: (server.process.cpu()? - before) * 1e3 / calls as f64,
        failed: counts.failed as f64,
    })
}
