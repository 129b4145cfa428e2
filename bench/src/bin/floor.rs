//! Sends the datagrams of N calls with nothing around them, until it is ended.

use std::{io::Write, net::SocketAddrV4};

use antiphon_bench::{
    floor::{self, Duplex},
    limits,
};
use anyhow::Result;
use clap::Parser;

/// The bare floor of the load test: a packet every 20 ms from each of N sockets.
#[derive(Debug, Parser)]
struct Arguments {
    /// Sockets, each with a packet every 20 ms
    #[arg(long)]
    streams: usize,
    /// Whether they read too
    #[arg(long, value_enum, default_value = "send")]
    duplex: Duplex,
    /// Where to, comma-separated, in turn
    #[arg(long, value_delimiter = ',', required = true)]
    to: Vec<SocketAddrV4>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    limits::raise_open_files()?;
    floor::run(arguments.streams, arguments.duplex, &arguments.to, |ports| {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        // Nobody is left to tell when the reader is gone; its end ends this program, too.
        let _ = writeln!(std::io::stdout(), "{}", ports.join(" "));
    })
}
