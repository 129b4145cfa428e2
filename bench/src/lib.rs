//! The load generator and the bare floor that it is compared with.
//!
//! Shape: [`generator`] places calls and listens, [`floor`] sends the same datagrams with nothing around them, [`scenario`] runs one
//! beside the other and [`report`] prints the table. All of it is one plain thread a program.
//! Units: instants are nanoseconds of the machine's real-time clock ([`clock`]), because that is how the kernel stamps datagrams.
//! Errors: a run that cannot be measured ends with one line.

pub mod arrivals;
pub mod clock;
pub mod floor;
pub mod generator;
pub mod histogram;
pub mod http;
pub mod limits;
pub mod metrics;
pub mod process;
pub mod report;
pub mod rest;
pub mod rtp;
pub mod scenario;
pub mod server;
pub mod sip;
pub mod socket;
pub mod stored;
pub mod web;
