//! A call as JSON.
//!
//! Units: `duration` in seconds, `…_ms` in milliseconds from the call's beginning unless it says otherwise.
//! Errors: none; what is not known is `null`.

use std::time::{Duration, Instant};

use antiphon_media::{
    Direction as SoundDirection, RtcpPath, StreamSummary,
    dtmf::{Decision, KeyRow, KeyWay},
    srtp::Suite,
};
use antiphon_sip::Transport;
use serde_json::{Value, json};

use super::date::gmt;
use crate::trace::{
    CallFlow, CallTrace, Direction, LegStream, LegTrace, Message, Record, Remark, Role, first_line, record::end_word,
    repetitions, sound,
};

/// What lists show of a call.
pub(super) fn summary(call: &CallTrace) -> Value {
    call.record(|record| summary_of(call, record))
}

fn summary_of(call: &CallTrace, record: &Record) -> Value {
    let at = |instant: Instant| gmt(call.wall(instant));
    let talked = record.answered.zip(record.ended).map(|(from, (to, _))| to.saturating_duration_since(from).as_secs());
    json!({
        "call_uuid": call.id.to_string(),
        "call_api_id": call.id.to_string(),
        "client_id": call.client,
        "flow": match record.direction { CallFlow::In => "in", CallFlow::Out => "out" },
        "tag": record.tag,
        "extension": record.extension,
        "from_username": record.from,
        "from_screen_name": record.from_name,
        "to_username": record.to,
        "did_number": record.did,
        "init_time_gmt": at(call.began),
        "answer_time_gmt": record.answered.map(at),
        "hangup_time_gmt": record.ended.map(|(ended, _)| at(ended)),
        "duration": talked,
        "result": if record.answered.is_some() { "answered" } else if record.is_over() { "not_answered" } else { "ringing" },
        "outcome": record.ended.map(|(_, outcome)| outcome),
        "ended_by": record.ended_by(),
        "legs_count": record.legs.len(),
    })
}

/// Everything about a call.
pub(super) async fn detail(call: &CallTrace) -> Value {
    let (mut body, legs, messages, gap, ops, ops_omitted) = call.record(|record| {
        let (messages, gap) = (record.messages(), record.gap());
        (summary_of(call, record), record.legs.clone(), messages, gap, record.ops.clone(), record.ops_omitted)
    });
    let remarks = call.record(|record| record.remarks.clone());
    let mut media = Vec::new();
    for (number, leg) in legs.iter().enumerate() {
        if let Some(stream) = &leg.stream {
            media.push(sound_of(call.began, number, stream).await);
        }
    }
    let ms = |at: Instant| millis(at.saturating_duration_since(call.began));
    let ops = ops
        .iter()
        .map(|op| json!({ "time_ms": ms(op.at), "op": op.name, "outcome": op.outcome, "ms": millis(op.took) }));
    body["legs"] = legs.iter().enumerate().map(|(number, leg)| leg_of(call.began, number, leg)).collect();
    body["media"] = media.into();
    let remarks = remarks
        .iter()
        .map(|Remark { at, leg, name, text }| json!({ "time_ms": ms(*at), "leg": leg, "finding": name, "text": text }));
    body["media_remarks"] = remarks.collect();
    body["ops"] = ops.collect();
    body["ops_omitted"] = ops_omitted.into();
    body["sip"] = messages_of(call.began, &messages);
    body["sip_omitted"] = json!({ "count": gap.0, "after": gap.1 });
    body
}

fn leg_of(began: Instant, number: usize, leg: &LegTrace) -> Value {
    let ms = |at: Instant| millis(at.saturating_duration_since(began));
    let (why, status) = leg.ended.map(|(_, why)| end_word(why)).unzip();
    json!({
        "leg": number,
        "role": match leg.role { Role::Caller => "caller", Role::Callee => "callee" },
        "party": leg.party,
        "sip_call_id": leg.sip_call_id,
        "transport": transport(leg.flow.transport),
        "local": leg.flow.local.to_string(),
        "peer": leg.flow.peer.to_string(),
        "begin_ms": ms(leg.began),
        "ring_ms": leg.rang.map(ms),
        "answer_ms": leg.answered.map(ms),
        "end_ms": leg.ended.map(|(at, _)| ms(at)),
        "end": why,
        "status": status.flatten().map(|status| status.code()),
    })
}

/// The messages, each with its time after `began`.
pub(super) fn messages_of(began: Instant, messages: &[Message]) -> Value {
    let repeated = repetitions(messages);
    let encode = |(message, repeated): (&Message, bool)| {
        let text = message.text();
        json!({
            "time_ms": millis(message.at.saturating_duration_since(began)),
            "direction": match message.direction { Direction::Received => "received", Direction::Sent => "sent" },
            "leg": message.leg,
            "transport": transport(message.flow.transport),
            "local": message.flow.local.to_string(),
            "peer": message.flow.peer.to_string(),
            "retransmission": repeated,
            "first_line": first_line(&text),
            "text": text,
        })
    };
    messages.iter().zip(repeated).map(encode).collect()
}

/// A stream's numbers: as it was closed, or as its worker counts them now.
async fn sound_of(began: Instant, leg: usize, stream: &LegStream) -> Value {
    let local = stream.local.to_string();
    let Some(summary) = stream.summary().await else { return json!({ "leg": leg, "local": local }) };
    let StreamSummary { negotiated, ssrc, peer_ssrc, source, keys, suite, totals, reception, .. } = summary;
    json!({
        "leg": leg,
        "local": local,
        "remote": negotiated.remote.map(|remote| remote.to_string()),
        "source": source.map(|source| source.to_string()),
        "codec": negotiated.codec.name(),
        "ptime": millis(negotiated.ptime),
        "direction": match negotiated.direction {
            SoundDirection::SendRecv => "sendrecv",
            SoundDirection::SendOnly => "sendonly",
            SoundDirection::RecvOnly => "recvonly",
            SoundDirection::Inactive => "inactive",
        },
        "telephone_event": negotiated.telephone_event,
        "srtp": suite.map(Suite::name),
        "ssrc": ssrc,
        "peer_ssrc": peer_ssrc,
        "sent": totals.sent,
        "received": totals.received,
        "lost": totals.lost,
        "loss_percent": summary.loss().map(percent),
        "late": reception.late,
        "duplicates": reception.duplicates,
        "jitter_ms": fine_millis(summary.jitter),
        "worst_jitter_ms": fine_millis(summary.worst_jitter),
        "rtt_ms": summary.round_trip().map(fine_millis),
        "mos": { "heard": summary.mos_heard().map(hundredths), "told": summary.mos_told().map(hundredths) },
        "peer_report": summary.peer.map(|peer| json!({
            "expected": peer.expected,
            "lost": peer.lost,
            "loss_percent": peer.loss().map(percent),
            "jitter_ms": fine_millis(peer.jitter),
        })),
        "rtcp": {
            "mux": negotiated.rtcp == RtcpPath::Muxed,
            "sent": totals.reports_sent,
            "received": totals.reports_received,
        },
        "frames_late": totals.caught_up_frames,
        "frames_skipped": totals.skipped_frames,
        "dropped": {
            "malformed": totals.dropped.malformed,
            "unknown_payload": totals.dropped.unknown_payload,
            "foreign_source": totals.dropped.foreign_source,
            "unauthentic": totals.dropped.unauthentic,
            "replayed": totals.dropped.replayed,
            "oversize": totals.dropped.oversize,
        },
        "digits": keys.rows().map(|row| digit(began, row)).collect::<Vec<_>>(),
        "digits_omitted": keys.omitted(),
        "remark": sound::complaint(&summary),
    })
}

/// How a key came and what became of it; not which it was.
fn digit(began: Instant, row: KeyRow) -> Value {
    json!({
        "time_ms": millis(row.at.saturating_duration_since(began)),
        "way": match row.way { KeyWay::Event => "telephone-event", KeyWay::Message => "info", KeyWay::Tone => "tone" },
        "decision": match row.decision {
            Decision::Taken => "taken",
            Decision::Echo => "echo",
            Decision::Refused => "refused",
        },
    })
}

/// The name of a transport.
pub(super) fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
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

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
