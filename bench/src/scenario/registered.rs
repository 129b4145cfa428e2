//! What idle registered phones cost.
//!
//! Shape: phones are made through the REST API, then each registers from an address of its own (127.1.0.0/16) with digest, as a phone
//! does. The first half of them makes room: what their transactions took is free again after 64 * T1, and the second half uses it once
//! more. What is compared is the server's memory after the first half and after the second.
//! Units: memory in bytes a phone, times in milliseconds.
//! Errors: a phone that is not registered ends the run.

use std::{
    net::{Ipv4Addr, SocketAddrV4, UdpSocket},
    thread,
    time::Duration,
};

use antiphon_testkit::{Proof, authorization};
use anyhow::{Context, Result, ensure};

use super::Setup;
use crate::{
    clock::{self, Nanos},
    histogram::Histogram,
    report::Table,
    rest::Api,
    server::{Home, Server},
    sip::Message,
};

/// Each takes two requests of the API, which takes so many of one client in an hour.
const MOST: usize = 14_000;
const PASSWORD: &str = "a phone of the bench";
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// After it nothing is left of a transaction (RFC 3261 §17.2.2, Timer J).
const AFTERMATH: Duration = Duration::from_secs(34);

/// Registers so many phones, once.
///
/// # Errors
/// When the server refuses something.
pub fn run(setup: &Setup, phones: usize, table: &mut Table) -> Result<()> {
    ensure!(phones > 1 && phones <= MOST, "between 2 and {MOST} phones");
    let home = Home::new()?;
    let server = Server::start(&setup.launch, &home)?;
    let api = Api::new(&server)?;
    for number in 0..phones {
        api.make_phone(&name_of(number), PASSWORD)?;
    }
    let half = phones / 2;
    for number in 0..half {
        register(server.sip, number)?;
    }
    thread::sleep(AFTERMATH);
    let before = server.process.resident()?;
    let began = clock::now();
    let mut times = Histogram::default();
    for number in half..phones {
        times.record(register(server.sip, number)?);
    }
    let seconds = (clock::now() - began) as f64 / 1e9;
    let second = (phones - half) as f64;
    let each = server.process.resident()?.saturating_sub(before) as f64 / second;
    table.row(&[
        phones.to_string(),
        format!("{each:.0}"),
        format!("{:.0}", second / seconds),
        format!("{:.2} / {:.2}", times.percentile(0.5), times.percentile(0.99)),
    ]);
    Ok(())
}

/// The table that [`run`] fills.
pub fn table() -> Table {
    Table::new(&[
        "phones",
        "bytes a phone",
        "registered a second",
        "REGISTER to 200, with its challenge, p50 / p99 (ms)",
    ])
}

fn name_of(number: usize) -> String {
    format!("{:06}", 300_000 + number)
}

/// Registers one phone; how long it took.
fn register(server: SocketAddrV4, number: usize) -> Result<Nanos> {
    let [high, low] = u16::try_from(number + 1)?.to_be_bytes();
    let socket = UdpSocket::bind((Ipv4Addr::new(127, 1, high, low), 5060))?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let began = clock::now();
    let (status, challenge) = ask(&socket, server, number, 1, "")?;
    ensure!(status == 401, "phone {number} got {status} in place of a challenge");
    let uri = format!("sip:{server}");
    let proof = Proof { user: &name_of(number), password: PASSWORD, method: "REGISTER", uri: &uri };
    let answer = authorization(&challenge, &proof).context("a challenge that is none")?;
    let (status, _) = ask(&socket, server, number, 2, &format!("Authorization: {answer}\r\n"))?;
    ensure!(status == 200, "phone {number} got {status}");
    Ok(clock::now() - began)
}

/// Sends a REGISTER; the status of the answer, and its challenge.
fn ask(socket: &UdpSocket, server: SocketAddrV4, number: usize, sequence: u32, more: &str) -> Result<(u16, String)> {
    let (name, local) = (name_of(number), socket.local_addr()?);
    let text = format!(
        "REGISTER sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {local};rport;branch=z9hG4bK{name}-{sequence}\r\nMax-Forwards: 70\r\n\
         From: <sip:{name}@{server}>;tag={name}\r\nTo: <sip:{name}@{server}>\r\nCall-ID: {name}@load\r\n\
         CSeq: {sequence} REGISTER\r\nContact: <sip:{name}@{local}>\r\nExpires: 3600\r\n{more}Content-Length: 0\r\n\r\n"
    );
    socket.send(text.as_bytes())?;
    let mut buffer = [0; 4_096];
    let length = socket.recv(&mut buffer).context("no answer to a REGISTER")?;
    let message = Message::new(&buffer[..length]).context("an answer that is not text")?;
    let challenge = message.header("WWW-Authenticate").unwrap_or_default().to_owned();
    Ok((message.status().context("a request in place of an answer")?, challenge))
}
