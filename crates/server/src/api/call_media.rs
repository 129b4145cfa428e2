//! The sound of a leg as JSON.
//!
//! Units: `…_ms` in milliseconds, `…_percent` in hundredths of what there could be.
//! Errors: none; what is not known is `null`.

use std::time::{Duration, Instant};

use antiphon_media::{
    Direction, RtcpPath, StreamSummary,
    dtmf::{Decision, KeyRow, KeyWay},
    srtp::Suite,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::call_detail::millis;
use crate::trace::{LegStream, sound};

/// The sound of a leg. What the stream's worker does not know any more is null.
#[derive(Serialize, ToSchema, Default)]
pub(super) struct Media {
    /// Of which leg.
    leg: usize,
    /// Our address, as the SDP shows it.
    local: String,
    /// The party's, as its SDP shows it.
    remote: Option<String>,
    /// Where its packets came from.
    source: Option<String>,
    /// The codec.
    codec: Option<&'static str>,
    /// Milliseconds of sound in a packet.
    ptime: Option<u64>,
    /// `sendrecv`, `sendonly`, `recvonly` or `inactive`, as we see it.
    direction: Option<&'static str>,
    /// The payload type of keys sent as events.
    telephone_event: Option<u8>,
    /// The suite of SRTP.
    srtp: Option<&'static str>,
    /// Our SSRC.
    ssrc: Option<u32>,
    /// The party's.
    peer_ssrc: Option<u32>,
    /// Packets sent.
    sent: Option<u64>,
    /// Packets received.
    received: Option<u64>,
    /// Packets that never came.
    lost: Option<u64>,
    /// The part that never came.
    loss_percent: Option<f64>,
    /// Packets that others overtook.
    late: Option<u64>,
    /// Packets that came twice.
    duplicates: Option<u64>,
    /// How unevenly they came (RFC 3550), at the end.
    jitter_ms: Option<f64>,
    /// The same at the worst.
    worst_jitter_ms: Option<f64>,
    /// The way to the party and back, by its last report.
    rtt_ms: Option<f64>,
    /// Mean opinion scores from 1 to 4.41 (ITU-T G.107).
    mos: Option<Scores>,
    /// What the party says of our packets.
    peer_report: Option<PeerReport>,
    /// RTCP.
    rtcp: Option<Rtcp>,
    /// Frames that were sent late.
    frames_late: Option<u64>,
    /// Frames that were not sent.
    frames_skipped: Option<u64>,
    /// Packets that were thrown away.
    dropped: Option<Dropped>,
    /// How its last 32 keys came, and what became of them.
    digits: Vec<Key>,
    /// How many came before.
    digits_omitted: u64,
    /// What was wrong, in words.
    remark: Option<String>,
}

/// How a leg sounded.
#[derive(Serialize, ToSchema)]
#[schema(as = MediaScores)]
struct Scores {
    /// What we heard.
    heard: Option<f64>,
    /// What the party heard, by its reports.
    told: Option<f64>,
}

/// What a party says of our packets.
#[derive(Serialize, ToSchema)]
#[schema(as = MediaPeerReport)]
struct PeerReport {
    /// Packets that it should have had.
    expected: u64,
    /// Those that it did not have.
    lost: u64,
    /// The same as a part of them.
    loss_percent: Option<f64>,
    /// How unevenly they came.
    jitter_ms: f64,
}

/// RTCP of a leg.
#[derive(Serialize, ToSchema)]
#[schema(as = MediaRtcp)]
struct Rtcp {
    /// Whether it shares the port of RTP.
    mux: bool,
    /// Reports sent.
    sent: u64,
    /// Reports received.
    received: u64,
}

/// Packets that were thrown away, by why.
#[derive(Serialize, ToSchema)]
#[schema(as = MediaDropped)]
struct Dropped {
    /// They could not be read.
    malformed: u64,
    /// They were of a codec that was not agreed.
    unknown_payload: u64,
    /// They came from somebody else.
    foreign_source: u64,
    /// Their tag was false.
    unauthentic: u64,
    /// They had come before.
    replayed: u64,
    /// They were too large.
    oversize: u64,
}

/// How a key came and what became of it; not which it was.
#[derive(Serialize, ToSchema)]
#[schema(as = MediaKey)]
struct Key {
    /// When.
    time_ms: u64,
    /// `telephone-event`, `info` or `tone`.
    way: &'static str,
    /// `taken`, `echo` or `refused`.
    decision: &'static str,
}

/// A stream's numbers: as it was closed, or as its worker counts them now.
pub(super) async fn media_of(began: Instant, leg: usize, stream: &LegStream) -> Media {
    let local = stream.local.to_string();
    let Some(summary) = stream.summary().await else { return Media { leg, local, ..Media::default() } };
    let StreamSummary { negotiated, ssrc, peer_ssrc, source, keys, suite, totals, reception, .. } = summary;
    let counted = counters(&summary);
    Media {
        leg,
        local,
        remote: negotiated.remote.map(|remote| remote.to_string()),
        source: source.map(|source| source.to_string()),
        codec: Some(negotiated.codec.name()),
        ptime: Some(millis(negotiated.ptime)),
        direction: Some(match negotiated.direction {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }),
        telephone_event: negotiated.telephone_event,
        srtp: suite.map(Suite::name),
        ssrc: Some(ssrc),
        peer_ssrc,
        late: Some(reception.late),
        duplicates: Some(reception.duplicates),
        rtcp: Some(Rtcp {
            mux: negotiated.rtcp == RtcpPath::Muxed,
            sent: totals.reports_sent,
            received: totals.reports_received,
        }),
        digits: keys.rows().map(|row| key(began, row)).collect(),
        digits_omitted: keys.omitted(),
        remark: sound::complaint(&summary),
        ..counted
    }
}

/// What was counted and measured.
fn counters(summary: &StreamSummary) -> Media {
    let totals = &summary.totals;
    let dropped = &totals.dropped;
    Media {
        sent: Some(totals.sent),
        received: Some(totals.received),
        lost: Some(totals.lost),
        loss_percent: summary.loss().map(percent),
        jitter_ms: Some(fine_millis(summary.jitter)),
        worst_jitter_ms: Some(fine_millis(summary.worst_jitter)),
        rtt_ms: summary.round_trip().map(fine_millis),
        mos: Some(Scores { heard: summary.mos_heard().map(hundredths), told: summary.mos_told().map(hundredths) }),
        peer_report: summary.peer.map(|peer| PeerReport {
            expected: peer.expected,
            lost: peer.lost,
            loss_percent: peer.loss().map(percent),
            jitter_ms: fine_millis(peer.jitter),
        }),
        frames_late: Some(totals.caught_up_frames),
        frames_skipped: Some(totals.skipped_frames),
        dropped: Some(Dropped {
            malformed: dropped.malformed,
            unknown_payload: dropped.unknown_payload,
            foreign_source: dropped.foreign_source,
            unauthentic: dropped.unauthentic,
            replayed: dropped.replayed,
            oversize: dropped.oversize,
        }),
        ..Media::default()
    }
}

fn key(began: Instant, row: KeyRow) -> Key {
    Key {
        time_ms: millis(row.at.saturating_duration_since(began)),
        way: match row.way {
            KeyWay::Event => "telephone-event",
            KeyWay::Message => "info",
            KeyWay::Tone => "tone",
        },
        decision: match row.decision {
            Decision::Taken => "taken",
            Decision::Echo => "echo",
            Decision::Refused => "refused",
        },
    }
}

/// Milliseconds to a tenth, where less than one matters.
fn fine_millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn percent(part: f64) -> f64 {
    hundredths(part * 100.0)
}
