//! Runs the real server under load on loopback, beside the bare floor, and prints tables.
//!
//! Shape: `bench/README.md` says what the figures mean and how to run this.

use std::{io::Write, path::PathBuf};

use antiphon_bench::{
    limits, process,
    report::Table,
    scenario::{
        Setup, flood,
        held::{self, Kind},
        pivot, registered, rules, short, start,
        vxml::{self, Pages},
    },
    server::Launch,
};
use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

/// The load test of the Antiphon media server.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure, comma-separated
    #[arg(value_enum, value_delimiter = ',', default_value = "prompt,talking,bridged,recorded,short")]
    what: Vec<What>,
    /// Calls that are up at once, comma-separated
    #[arg(long, value_delimiter = ',', default_value = "100,500,1000,2000,3000")]
    calls: Vec<usize>,
    /// Calls set up a second, comma-separated and rising
    #[arg(long, value_delimiter = ',', default_value = "200,500,1000,1500,2000,2500,3000,4000,5000")]
    rates: Vec<f64>,
    /// Extensions stored before a start is timed, or rules are edited
    #[arg(long, default_value_t = 10_000)]
    extensions: usize,
    /// Phones that register
    #[arg(long, default_value_t = 10_000)]
    phones: usize,
    /// Messages of the flood a second
    #[arg(long, default_value_t = 20_000)]
    flood_rate: u64,
    /// How long the flood lasts, in seconds
    #[arg(long, default_value_t = 60)]
    flood_seconds: u64,
    /// How often server and floor take turns
    #[arg(long, default_value_t = 3)]
    turns: usize,
    /// Length of each plateau in seconds
    #[arg(long, default_value_t = 10.0)]
    plateau: f64,
    /// Bind server and floor to core 0, and this program to core 1
    #[arg(long)]
    pin: bool,
    /// The server's binary [default: beside this one]
    #[arg(long)]
    server: Option<PathBuf>,
    /// The server's log level
    #[arg(long, default_value = "info")]
    log: String,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq, ValueEnum)]
enum What {
    /// The bare floor alone
    Floor,
    /// Calls that hear a prompt
    Prompt,
    /// Calls that hear a prompt and talk
    Talking,
    /// Calls bridged to a phone
    Bridged,
    /// Calls that hear a prompt, talk and are recorded in stereo
    Recorded,
    /// Calls that are answered and end at once
    Short,
    /// Starting with much stored
    Start,
    /// Editing rules and setting calls up with much stored
    Rules,
    /// A flood from one source beside calls
    Flood,
    /// Phones that register and are idle
    Registered,
    /// Calls whose application's web server is slow, beside others
    Pivot,
    /// Calls that go from page to page of VoiceXML, beside others
    Vxml,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let files = limits::raise_open_files()?;
    if arguments.pin {
        limits::pin_to(1)?;
    }
    let here = std::env::current_exe()?;
    let beside = here.parent().context("a program is in a directory")?;
    let server = arguments.server.clone().unwrap_or_else(|| beside.join("antiphon"));
    let core = arguments.pin.then_some(0);
    let program = server.to_string_lossy().into_owned();
    let setup = Setup {
        launch: Launch { program, core, log: arguments.log.clone() },
        floor: beside.join("floor").to_string_lossy().into_owned(),
        turns: arguments.turns,
        plateau: arguments.plateau,
    };
    let (machine, load) = (process::machine(), process::load_average());
    say(&format!("{machine}; load average {load} before; {files} open files; pinned: {}\n", arguments.pin))?;
    for &what in &arguments.what {
        let table = measure(what, &setup, &arguments)?;
        say(&format!("{table}\n"))?;
    }
    say(&format!("load average {} after", process::load_average()))
}

fn measure(what: What, setup: &Setup, arguments: &Arguments) -> Result<Table> {
    let held = |kind: Kind| for_each(arguments, held::table(), |calls, table| held::run(setup, kind, calls, table));
    match what {
        What::Floor => {
            let mut table = held::floor_table();
            for kind in [Kind::Prompt, Kind::Talking, Kind::Bridged] {
                for &calls in &arguments.calls {
                    held::run_floor(setup, kind, calls, &mut table)?;
                }
            }
            Ok(table)
        }
        What::Prompt => held(Kind::Prompt),
        What::Talking => held(Kind::Talking),
        What::Bridged => held(Kind::Bridged),
        What::Recorded => held(Kind::Recorded),
        What::Short => {
            let mut table = short::table();
            short::run(setup, &arguments.rates, &mut table)?;
            Ok(table)
        }
        What::Flood => for_each(arguments, flood::table(), |calls, table| {
            flood::run(setup, calls, arguments.flood_rate, arguments.flood_seconds, table)
        }),
        What::Registered => {
            let mut table = registered::table();
            registered::run(setup, arguments.phones, &mut table)?;
            Ok(table)
        }
        What::Pivot => for_each(arguments, pivot::table(), |calls, table| pivot::run(setup, calls, table)),
        What::Vxml => for_each(arguments, vxml::table(), |calls, table| {
            [Pages::Plain, Pages::Customized].into_iter().try_for_each(|pages| vxml::run(setup, pages, calls, table))
        }),
        What::Rules => {
            let mut table = rules::table();
            rules::run(setup, arguments.extensions, &mut table)?;
            Ok(table)
        }
        What::Start => {
            let mut table = start::table();
            start::run(setup, arguments.extensions, &mut table)?;
            Ok(table)
        }
    }
}

/// Has rows added to a table for each number of calls.
fn for_each(
    arguments: &Arguments,
    mut table: Table,
    mut run: impl FnMut(usize, &mut Table) -> Result<()>,
) -> Result<Table> {
    arguments.calls.iter().try_for_each(|&calls| run(calls, &mut table))?;
    Ok(table)
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
