//! Many calls at once ask a web server that takes its time, beside calls that hear a prompt.
//!
//! Shape: each call is answered by its application's first page, and asks a second one; both take `SLOW`. What a call hears is judged
//! packet by packet: the longest time in which nothing of it was loud. The others are judged as always, before and meanwhile.
//! Units: silence in seconds, interval errors in milliseconds.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Result, ensure};
use serde_json::json;

use super::Setup;
use crate::{
    clock,
    generator::{Generator, Manner},
    histogram::Histogram,
    process::own_cpu,
    report::Table,
    rest::{Api, PROMPT},
    server::{Home, Server},
    web::WebServer,
};

/// How long the web server takes for each answer.
const SLOW: Duration = Duration::from_secs(2);
/// Calls that hear a prompt meanwhile.
const OTHERS: usize = 100;
/// Calls are placed so fast: all at once, as far as one socket goes.
const RATE: f64 = 2_000.0;
const RAMP: f64 = 100.0;
/// How long the others are watched before, and both together after the second answer.
const WATCHED: f64 = 4.0;
/// The extension of the application.
const APPLICATION: &str = "904";
const SETTINGS: &str = "[sip]\ntrusted_rate_limit = 0\nmax_lateness_ms = 0\n[http_client]\nallow = [\"127.0.0.0/8\"]\n";

/// A web server whose every answer takes `SLOW`; its last page plays a tone that never ends.
fn web_server() -> Result<SocketAddr> {
    let web = WebServer::bind()?;
    let at = web.at();
    let again = json!({"module": "pivot", "data": {"voice_url": format!("http://{at}/second")}});
    let first = json!({"module": "answer", "children": {"_": again}}).to_string();
    let second = json!({"module": "play", "data": {"id": "tone_stream://%(500,100,440)", "endless_playback": true}});
    web.serve(SLOW, "application/json", vec![("second", second.to_string()), ("first", first)]);
    Ok(at)
}

/// Has so many calls ask at once, and adds a row.
///
/// # Errors
/// When a process fails, or the calls beside cannot be placed.
pub fn run(setup: &Setup, calls: usize, table: &mut Table) -> Result<()> {
    let home = Home::new()?;
    let server = Server::start_with(&setup.launch, &home, SETTINGS)?;
    let mut generator = Generator::new()?;
    generator.call_at(server.sip);
    let api = Api::new(&server)?;
    api.make_menus(generator.contact())?;
    let application = api.make_extension(APPLICATION, "pivot")?;
    let url = format!("http://{}/first", web_server()?);
    api.put(&format!("/extension/{application}/pivot/"), &json!({"voice_url": url}))?;
    generator.dial(PROMPT, OTHERS, RAMP, Manner::Listen)?;
    generator.settle()?;
    ensure!(generator.up() == OTHERS, "{} of {OTHERS} calls are up", generator.up());
    generator.run(2.0)?;
    generator.arrivals.mark();
    generator.run(WATCHED)?;
    let before = three(&generator.arrivals.marked_error);
    generator.restart();
    let (cpu, own, begin) = (server.process.cpu()?, own_cpu()?, clock::now());
    generator.dial(APPLICATION, calls, RATE, Manner::Listen)?;
    generator.settle()?;
    generator.run(SLOW.as_secs_f64() + WATCHED)?;
    let wall = (clock::now() - begin) as f64 / 1e9;
    let (cpu, own) = ((server.process.cpu()? - cpu) / wall, (own_cpu()? - own) / wall);
    let (arrivals, counts) = (&generator.arrivals, &generator.counts);
    let silences = arrivals.silences();
    let at = |share: f64| format!("{:.2}", silences.percentile(share) / 1_000.0);
    table.row(&[
        calls.to_string(),
        format!("{} of {calls}", counts.answered),
        format!("{:.2} / {:.2}", counts.setup.percentile(0.5) / 1_000.0, counts.setup.percentile(0.99) / 1_000.0),
        format!("{} calls: {} / {} / {}", silences.count(), at(0.5), at(0.99), at(1.0)),
        before,
        three(&arrivals.marked_error),
        format!("{} of {}", arrivals.lost, arrivals.received + arrivals.lost),
        counts.repeated.to_string(),
        format!("{:.0} % / {:.0} %", cpu * 100.0, own * 100.0),
    ]);
    generator.hang_up(RAMP * 4.0)
}

fn three(error: &Histogram) -> String {
    [0.5, 0.99, 0.999, 1.0].map(|share| format!("{:.2}", error.percentile(share))).join(" / ")
}

/// The table that [`run`] fills.
pub fn table() -> Table {
    Table::new(&[
        "calls at once",
        "answered",
        "INVITE to 200 p50 / p99 (s)",
        "longest silence of a call p50 / p99 / most (s)",
        "others before: interval error p50 / p99 / p99.9 / most (ms)",
        "others meanwhile",
        "packets missing",
        "sent again",
        "CPU of server / generator and web server",
    ])
}
