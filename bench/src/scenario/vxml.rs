//! Calls of VoiceXML that go from page to page, beside calls that hear a prompt.
//!
//! Shape: each call has two pages of a web server on loopback that lead to each other: a prompt, a field for a key, a `submit`. Its caller
//! presses a key every few seconds. With a customizer each page calls a method before its field. What a caller hears is judged packet by
//! packet: the longest time in which nothing of it was loud, from the first key on. Others hear a prompt before and meanwhile.
//! Units: memory in KiB a call, silence and interval errors in milliseconds.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

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
    web::{Asked, WebServer},
};

/// Calls that hear a prompt meanwhile.
const OTHERS: usize = 100;
/// How fast calls are placed, a second.
const RAMP: f64 = 100.0;
/// How long the others are watched before.
const WATCHED: f64 = 4.0;
/// How often each caller presses a key, in seconds.
const EVERY: f64 = 4.0;
/// The extension of the pages.
const APPLICATION: &str = "905";
const SETTINGS: &str = "[sip]\ntrusted_rate_limit = 0\nmax_lateness_ms = 0\n[http_client]\nallow = [\"127.0.0.0/8\"]\n\
                        [customizer]\neditors = [\"*\"]\nworkers = 4\n";
const CUSTOMIZER: &str = "class Bench:\n    def one(self):\n        return {'name': 'Ann', 'vip': True}\n";

/// Whether pages call a customizer.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Pages {
    /// They do not.
    Plain,
    /// Each does, before its field.
    Customized,
}

impl Pages {
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "menu, submit, menu",
            Self::Customized => "the same with a customizer",
        }
    }

    /// A page that leads to the other.
    fn page(self, next: &str) -> String {
        let object = match self {
            Self::Plain => "",
            // More than 64 calls that wait for a method are told so, and go on.
            Self::Customized => {
                r#"<catch event="error.customstate"><assign name="failed" expr="1"/><assign name="known" expr="'nobody'"/></catch>
                <object name="known" classid="builtin:customstate" data="one"/>"#
            }
        };
        format!(
            r##"<?xml version="1.0"?><vxml version="2.1" xmlns="http://www.w3.org/2001/vxml">
            <var name="visits" expr="0"/><script>function more(n) {{ return n + 1; }}</script>
            <form id="menu"><var name="failed" expr="0"/>{object}<field name="choice" type="digits?length=1">
              <prompt timeout="60s"><audio src="builtin:long"/></prompt>
              <noinput><reprompt/></noinput>
              <filled><assign name="visits" expr="more(visits)"/><submit next="{next}" namelist="choice visits failed"/></filled>
            </field></form></vxml>"##
        )
    }
}

/// Has so many calls go from page to page, and adds a row.
///
/// # Errors
/// When a process fails, or a call cannot be placed.
pub fn run(setup: &Setup, pages: Pages, calls: usize, table: &mut Table) -> Result<()> {
    let home = Home::new()?;
    let server = Server::start_with(&setup.launch, &home, SETTINGS)?;
    let mut generator = Generator::new()?;
    generator.call_at(server.sip);
    let asked = prepare(&server, &generator, pages)?;
    generator.dial(PROMPT, OTHERS, RAMP, Manner::Listen)?;
    generator.settle()?;
    generator.run(2.0)?;
    generator.arrivals.mark();
    generator.run(WATCHED)?;
    let before = three(&generator.arrivals.marked_error);
    let idle = server.process.resident()?;
    generator.restart();
    generator.dial(APPLICATION, calls, RAMP, Manner::Press)?;
    generator.settle()?;
    ensure!(generator.up() == OTHERS + calls, "{} of {} calls are up", generator.up(), OTHERS + calls);
    let setup_time = three(&generator.counts.setup);
    generator.run(3.0)?;
    let memory = |idle: u64| Ok::<_, anyhow::Error>(per_call(server.process.resident()?, idle, calls));
    let waiting = memory(idle)?;
    generator.restart();
    generator.arrivals.restart_silences();
    let (pages_before, presses) = (asked.answered.load(Ordering::Relaxed), generator.presses());
    let (cpu, own, begin) = (server.process.cpu()?, own_cpu()?, clock::now());
    generator.press_every(EVERY);
    generator.run(setup.plateau.max(3.0 * EVERY))?;
    let wall = (clock::now() - begin) as f64 / 1e9;
    let (cpu, own) = ((server.process.cpu()? - cpu) / wall, (own_cpu()? - own) / wall);
    // What was pressed last has its page, too.
    generator.stop_pressing();
    let presses = generator.presses() - presses;
    generator.run(2.0)?;
    let (arrivals, counts) = (&generator.arrivals, &generator.counts);
    table.row(&[
        pages.name().to_owned(),
        calls.to_string(),
        setup_time,
        format!("{waiting:.0} / {:.0}", memory(idle)?),
        format!("{:.3}", cpu * 1e3 / (calls + OTHERS) as f64),
        format!("{} of {presses}", asked.answered.load(Ordering::Relaxed) - pages_before),
        asked.failed.load(Ordering::Relaxed).to_string(),
        three(&arrivals.silences()),
        before,
        three(&arrivals.marked_error),
        format!("{} of {}", arrivals.lost, arrivals.received + arrivals.lost),
        counts.failed.to_string(),
        format!("{:.0} % / {:.0} %", cpu * 100.0, own * 100.0),
    ]);
    generator.hang_up(RAMP * 4.0)
}

/// Makes the application with its pages; how many of them were asked for.
fn prepare(server: &Server, generator: &Generator, pages: Pages) -> Result<Arc<Asked>> {
    let api = Api::new(server)?;
    api.make_menus(generator.contact())?;
    let application = api.make_extension(APPLICATION, "vxml")?;
    let web = WebServer::bind()?;
    api.put(&format!("/extension/{application}/vxml"), &json!({"url": format!("http://{}/first", web.at())}))?;
    if pages == Pages::Customized {
        let path = format!("/extension/{application}/customizer/");
        let version = api.post(&path, &json!({"filename": "bench.py", "code": CUSTOMIZER}))?["version"].clone();
        api.post(&format!("{path}{version}/activate"), &json!({}))?;
    }
    let both = vec![("first", pages.page("second")), ("second", pages.page("first"))];
    Ok(web.serve(Duration::ZERO, "application/voicexml+xml", both))
}

fn per_call(resident: u64, idle: u64, calls: usize) -> f64 {
    resident.saturating_sub(idle) as f64 / 1024.0 / calls as f64
}

fn three(durations: &Histogram) -> String {
    [0.5, 0.99, 1.0].map(|share| format!("{:.2}", durations.percentile(share))).join(" / ")
}

/// The table that [`run`] fills.
pub fn table() -> Table {
    Table::new(&[
        "pages",
        "calls",
        "INVITE to 200 p50 / p99 / most (ms)",
        "KiB a call at the first page / after the keys",
        "CPU ms a call-second, others included",
        "pages fetched, of so many keys",
        "methods not run",
        "longest silence of a call p50 / p99 / most (ms)",
        "others before: interval error p50 / p99 / most (ms)",
        "others meanwhile",
        "packets missing",
        "failed",
        "CPU of server / generator and web server",
    ])
}
