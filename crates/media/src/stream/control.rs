//! RTCP of one leg, and what it says with the rest about who hears whom.
//!
//! Shape: [`RtpStream::hear_control`] takes the peer's datagrams; about once a second [`RtpStream::look`] compares what came with what
//! should have, and [`RtpStream::report`] gives our next report where one is due.
//! Units: RTP timestamps are ticks of the codec's clock.
//! Time: told, as an instant and in NTP format.
//! Errors: datagrams from elsewhere than the peer, and those that are no RTCP, are counted.
//! Sources: RFC 3550 section 6; RFC 4961 section 4 (symmetric RTCP); RFC 5761 section 4 (one port); RFC 3711 section 3.4 (SRTCP).
//!
//! The peer's RTCP comes from the host of its RTP, or from where its SDP said. Of one host, the first port that sends is kept until a
//! new offer and answer, unless the SDP named another.

use super::{RtpStream, Transmit};
use crate::config::{Negotiated, RtcpPath, StreamConfig};
use crate::event::{EventKind, Events, Queued};
use crate::rtcp::write::{Farewell, MAX_REPORT};
use crate::rtcp::{Heard, NtpTime, Reports, Sent};
use crate::summary::PeerReport;
use crate::watch::{Known, Patience, Watch};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The socket that a report goes by.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Channel {
    /// That of RTP.
    Rtp,
    /// That of RTCP, at the port above.
    Rtcp,
}

/// A report to send now.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct ControlTransmit<'a> {
    /// By which socket.
    pub channel: Channel,
    /// Where to, and what.
    pub transmit: Transmit<'a>,
}

/// What a leg keeps for its RTCP, apart from what every packet needs.
#[derive(Debug)]
pub(super) struct Control {
    reports: Reports,
    watch: Watch,
    /// Where the peer's RTCP comes from, when that is a port of its own.
    source: Option<SocketAddr>,
    /// The last source of a packet that was refused as a stranger's.
    pub(super) stranger: Option<SocketAddr>,
    /// The last payload type that was not agreed on.
    pub(super) unknown_payload: Option<u8>,
}

impl Control {
    pub(super) fn new(now: Instant, config: &StreamConfig) -> Self {
        let StreamConfig { negotiated, ssrc, first_sequence, first_timestamp } = *config;
        Self {
            reports: Reports::new(now, ssrc, first_timestamp, first_sequence),
            watch: Watch::new(now, negotiated.direction),
            source: None,
            stranger: None,
            unknown_payload: None,
        }
    }

    /// Goes on under a new offer and answer.
    pub(super) fn renegotiate(&mut self, before: &Negotiated, after: &Negotiated) {
        if (before.rtcp, before.remote) != (after.rtcp, after.remote) {
            self.source = None;
        }
    }

    /// When the peer's last report came.
    pub(super) fn last_report(&self) -> Option<Instant> {
        self.reports.last_heard()
    }
}

/// How much of an RTP clock passes in this time; it wraps.
pub(super) fn ticks(passed: Duration, clock_rate: u32) -> u32 {
    let whole = (passed.as_secs() as u32).wrapping_mul(clock_rate);
    // Less than one second of ticks, which fit.
    whole.wrapping_add((u64::from(passed.subsec_nanos()) * u64::from(clock_rate) / 1_000_000_000) as u32)
}

/// How long so many ticks of an RTP clock last.
pub(super) fn time_of(ticks: u32, clock_rate: u32) -> Duration {
    Duration::from_nanos(u64::from(ticks) * 1_000_000_000 / u64::from(clock_rate.max(1)))
}

impl RtpStream {
    /// Takes a datagram of RTCP.
    pub(crate) fn hear_control(&mut self, at: (Instant, NtpTime), from: SocketAddr, datagram: &[u8]) {
        if !self.is_control_source(from) {
            self.totals.dropped.foreign_source += 1;
            self.control.stranger = Some(from);
            return;
        }
        let Some(mut protection) = self.protection.take() else {
            return self.hear_plain_control(at, from, datagram);
        };
        match protection.unprotect_rtcp(datagram) {
            Ok(plain) => self.hear_plain_control(at, from, plain),
            Err(error) => self.totals.dropped.count(error),
        }
        self.protection = Some(protection);
    }

    fn hear_plain_control(&mut self, at: (Instant, NtpTime), from: SocketAddr, datagram: &[u8]) {
        let sent = self.sent(at.0);
        match self.control.reports.hear(at, sent, datagram) {
            Heard::Report => {
                self.totals.reports_received += 1;
                self.control.source = Some(from);
            }
            Heard::Malformed => self.totals.dropped.malformed += 1,
        }
    }

    fn is_control_source(&self, from: SocketAddr) -> bool {
        let peer = self.latch.remote();
        match self.negotiated.rtcp {
            RtcpPath::Muxed => peer == Some(from) || self.negotiated.remote == Some(from),
            RtcpPath::At(named) if named == from => true,
            RtcpPath::At(_) | RtcpPath::Beside => {
                peer.is_some_and(|peer| peer.ip() == from.ip())
                    && self.control.source.is_none_or(|source| source == from)
            }
        }
    }

    /// Where our reports go, if anywhere yet.
    fn control_remote(&self) -> Option<SocketAddr> {
        let peer = self.latch.remote()?;
        match self.negotiated.rtcp {
            RtcpPath::Muxed => Some(peer),
            RtcpPath::At(named) => Some(self.control.source.unwrap_or(named)),
            RtcpPath::Beside => self.control.source.or_else(|| {
                // A peer that its SDP did not know the address of has another port as well.
                let told = self.negotiated.remote.filter(|told| told.ip() == peer.ip())?;
                Some(SocketAddr::new(told.ip(), told.port().checked_add(1)?))
            }),
        }
    }

    fn sent(&self, now: Instant) -> Sent {
        // The timestamp stands for the frame that is due next.
        let rate = self.clock_rate();
        let until = ticks(self.pacer.next_due().saturating_duration_since(now), rate);
        let since = ticks(now.saturating_duration_since(self.pacer.next_due()), rate);
        Sent {
            ssrc: self.ssrc,
            timestamp: self.timestamp.wrapping_sub(until).wrapping_add(since),
            packets: self.totals.sent as u32,
            octets: self.octets,
        }
    }

    /// Looks whether who should be heard is, and tells the owner what has changed.
    pub(crate) fn look(&mut self, now: Instant, patience: &Patience, events: &mut Events) {
        let known = Known {
            now,
            expected: self.negotiated.direction.receives(),
            last_sound: self.last_heard,
            last_report: self.control.last_report(),
            comfort: self.comfort,
            sends: self.control.reports.sends(),
            told: self.negotiated.remote,
            source: self.latch.learned(),
            hears_nothing: self.negotiated.direction.sends() && self.control.reports.peer_hears_nothing(),
        };
        let Some(finding) = self.control.watch.look(&known, patience) else { return };
        match events.push(self.id, EventKind::Found(finding)) {
            Queued::Yes => self.control.watch.said(&known, finding),
            // It is still true in a second.
            Queued::Full => {}
        }
    }

    /// Our report, where one is due and there is a place to send it to. The buffer must hold [`MAX_REPORT`] bytes and what protects
    /// them.
    pub(crate) fn report<'a>(&mut self, at: (Instant, NtpTime), buffer: &'a mut [u8]) -> Option<ControlTransmit<'a>> {
        (self.control.reports.next() <= at.0).then_some(())?;
        self.write_report(at, Farewell::No, buffer)
    }

    /// Our last report, where there was one before.
    pub(crate) fn farewell<'a>(&mut self, at: (Instant, NtpTime), buffer: &'a mut [u8]) -> Option<ControlTransmit<'a>> {
        self.control.reports.have_begun().then_some(())?;
        self.write_report(at, Farewell::Bye, buffer)
    }

    fn write_report<'a>(
        &mut self,
        at: (Instant, NtpTime),
        farewell: Farewell,
        buffer: &'a mut [u8],
    ) -> Option<ControlTransmit<'a>> {
        let to = self.control_remote()?;
        let room = buffer.first_chunk_mut::<MAX_REPORT>()?;
        let sent = self.sent(at.0);
        let mut length = self.control.reports.write(at, sent, &mut self.reception, farewell, room);
        if let Some(protection) = &mut self.protection {
            // Rather no report than a plain one.
            length = protection.protect_rtcp(buffer, length).ok()?;
        }
        self.totals.reports_sent += 1;
        let channel = if self.negotiated.rtcp == RtcpPath::Muxed { Channel::Rtp } else { Channel::Rtcp };
        Some(ControlTransmit { channel, transmit: Transmit { to, payload: buffer.get(..length)? } })
    }

    /// What the peer says that it receives of us.
    pub(super) fn peer_report(&self) -> Option<PeerReport> {
        let remote = self.control.reports.remote()?;
        // How many of ours came after the highest that the peer knew.
        let after = self.sequence.wrapping_sub(1).wrapping_sub((remote.highest & 0xFFFF) as u16);
        // A number that was not sent yet says nothing.
        let sent = self.totals.sent;
        let expected = sent.checked_sub(u64::from(after)).unwrap_or(sent);
        Some(PeerReport {
            expected,
            lost: u64::try_from(remote.lost).unwrap_or(0).min(expected),
            jitter: time_of(remote.jitter, self.clock_rate()),
            round_trip: remote.round_trip,
        })
    }
}
