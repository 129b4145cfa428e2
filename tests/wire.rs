//! The real binary on loopback, with SIPp as the far end, on the machine's clock.
//!
//! Shape: one server at a time, with ports chosen free when it starts and its data in a temporary directory. SIPp speaks
//! SIP; the media of its calls is ours, so that every packet is seen with its arrival.
//! Time: nothing here sleeps for a fixed time; it waits for the ready line, for SIPp's end, and for packets.
//! Errors: a missing program fails the test, and the message names `cargo xtask install`.

#[path = "wire/authority.rs"]
mod authority;
#[path = "wire/calls.rs"]
mod calls;
#[path = "wire/customizers.rs"]
mod customizers;
#[path = "wire/customizing.rs"]
mod customizing;
#[path = "wire/dns.rs"]
mod dns;
#[path = "wire/exchange.rs"]
mod exchange;
#[path = "wire/interactive.rs"]
mod interactive;
#[path = "wire/lifecycle.rs"]
mod lifecycle;
#[path = "wire/mail.rs"]
mod mail;
#[path = "wire/media.rs"]
mod media;
#[path = "wire/pack.rs"]
mod pack;
#[path = "wire/pivot.rs"]
mod pivot;
#[path = "wire/post.rs"]
mod post;
#[path = "wire/process.rs"]
mod process;
#[path = "wire/recording.rs"]
mod recording;
#[path = "wire/registration.rs"]
mod registration;
#[path = "wire/rest.rs"]
mod rest;
#[path = "wire/scenarios.rs"]
mod scenarios;
#[path = "wire/scripts.rs"]
mod scripts;
#[path = "wire/server.rs"]
mod server;
#[path = "wire/sipp.rs"]
mod sipp;
#[path = "wire/sounds.rs"]
mod sounds;
#[path = "wire/speech.rs"]
mod speech;
#[path = "wire/tls.rs"]
mod tls;
#[path = "wire/torture.rs"]
mod torture;
#[path = "wire/transfers.rs"]
mod transfers;
#[path = "wire/transports.rs"]
mod transports;
#[path = "wire/trunks.rs"]
mod trunks;
#[path = "wire/tunnel.rs"]
mod tunnel;
#[path = "wire/uploads.rs"]
mod uploads;
#[path = "wire/vectors.rs"]
mod vectors;
#[path = "wire/vxml.rs"]
mod vxml;
#[path = "wire/walkthrough.rs"]
mod walkthrough;
#[path = "wire/web.rs"]
mod web;
#[path = "wire/web_server.rs"]
mod web_server;
#[path = "call/written.rs"]
mod written;
