//! How long a server takes to be ready.
//!
//! Units: milliseconds, from the start of the process to its ready line.

use anyhow::Result;

use super::Setup;
use crate::{
    report::{Table, median},
    rest::Api,
    server::{Home, Server},
};

/// Starts a server that has so many extensions stored, once a turn, and one that has nothing stored.
///
/// # Errors
/// When a process fails.
pub fn run(setup: &Setup, extensions: usize, table: &mut Table) -> Result<()> {
    let mut fresh = Vec::new();
    for _ in 0..setup.turns {
        fresh.push(ready(setup, &Home::new()?)?);
    }
    table.row(&["nothing".to_owned(), format!("{:.0}", median(fresh))]);
    let home = Home::new()?;
    {
        let server = Server::start(&setup.launch, &home)?;
        let api = Api::new(&server)?;
        for number in 0..extensions {
            api.make_extension(&format!("{:06}", 200_000 + number), "ivr")?;
        }
    }
    let mut stored = Vec::new();
    for _ in 0..setup.turns {
        stored.push(ready(setup, &home)?);
    }
    table.row(&[format!("{extensions} extensions"), format!("{:.0}", median(stored))]);
    Ok(())
}

/// The table that [`run`] fills.
pub fn table() -> Table {
    Table::new(&["stored", "ready after (ms)"])
}

fn ready(setup: &Setup, home: &Home) -> Result<f64> {
    Ok(Server::start(&setup.launch, home)?.ready_after.as_secs_f64() * 1e3)
}
