//! A call as JSON.
//!
//! Units: `duration` in seconds, `…_ms` in milliseconds from the call's beginning unless it says otherwise.
//! Errors: none; what is not known is `null`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use antiphon_sip::Transport;
use serde::Serialize;
use utoipa::ToSchema;

use super::call_media::{Media, media_of};
use super::date::gmt;
use crate::store::ClientId;
use crate::trace::{
    CallFlow, CallTrace, Direction, LegTrace, Message, OpTrace, Record, Remark, Role, first_line, record::end_word,
    repetitions,
};

/// A call, as lists show it.
#[derive(Serialize, ToSchema)]
pub(super) struct Call {
    /// Its name.
    call_uuid: String,
    /// The same.
    call_api_id: String,
    /// Whose it is.
    client_id: ClientId,
    /// `in`, or `out` for one that we placed.
    flow: &'static str,
    /// What the request that placed it called it.
    tag: Option<String>,
    /// The extension that serves it.
    extension: String,
    /// Who calls.
    from_username: String,
    /// The name beside it.
    from_screen_name: String,
    /// What was dialled.
    to_username: String,
    /// The public number that was dialled, where it was one.
    did_number: Option<String>,
    /// When it came, `YYYY-MM-DD hh:mm:ss` in UTC.
    init_time_gmt: String,
    /// When it was answered.
    answer_time_gmt: Option<String>,
    /// When it ended.
    hangup_time_gmt: Option<String>,
    /// Seconds from the answer to the end.
    duration: Option<u64>,
    /// `ringing`, `answered` or `not_answered`.
    result: &'static str,
    /// How its script ended: `finished`, `caller_hung_up`, `hung_up`, `lifetime` or `shutdown`; `failed` where it had nothing to run and
    /// refused the caller with a status of 500 to 599.
    outcome: Option<&'static str>,
    /// `caller`, `antiphon` or `network`.
    ended_by: Option<&'static str>,
    /// How many parties it had.
    legs_count: usize,
}

/// Everything about a call. Times in ms are from its INVITE on.
#[derive(Serialize, ToSchema)]
pub(super) struct CallDetail {
    #[serde(flatten)]
    summary: Call,
    /// Its parties, the caller first.
    legs: Vec<ShownLeg>,
    /// The sound of each leg.
    media: Vec<Media>,
    /// What was found about who hears whom.
    media_remarks: Vec<ShownRemark>,
    /// What the script asked.
    ops: Vec<ShownOp>,
    /// Ops that are not kept.
    ops_omitted: u64,
    /// What its script has left for the world outside; null where it has left nothing.
    ivr: Option<Concluded>,
    /// Its messages.
    sip: Vec<ShownMessage>,
    /// Messages that are not kept.
    sip_omitted: Omitted,
}

/// What a script has left for the world outside, as its caller's side was told in the BYE.
#[derive(Serialize, ToSchema)]
#[schema(as = Conclusion)]
struct Concluded {
    /// The value of `<exit expr>`.
    exit: Option<String>,
    /// `exit`, `disconnect` or `error`.
    reason: Option<String>,
    /// The variables of a `namelist`, by their names.
    #[schema(value_type = Object)]
    values: BTreeMap<String, String>,
}

impl Concluded {
    fn of(fields: &[(String, String)]) -> Self {
        let mut values: BTreeMap<String, String> = fields.iter().cloned().collect();
        Self { exit: values.remove("__exit"), reason: values.remove("__reason"), values }
    }
}

/// Messages that are not kept.
#[derive(Serialize, ToSchema)]
#[schema(as = OmittedMessages)]
struct Omitted {
    /// How many.
    count: u64,
    /// After how many of those that are.
    after: usize,
}

/// A remark on the sound of a call.
#[derive(Serialize, ToSchema)]
#[schema(as = MediaRemark)]
struct ShownRemark {
    /// When.
    time_ms: u64,
    /// Of which leg.
    leg: usize,
    /// `never_heard`, `fell_silent`, `heard_again`, `from_elsewhere`, `hears_nothing`, `hears_again` or `vanished`.
    finding: &'static str,
    /// The same in a sentence.
    text: String,
}

/// Something that the script asked.
#[derive(Serialize, ToSchema)]
#[schema(as = Op)]
struct ShownOp {
    /// When.
    time_ms: u64,
    /// What.
    op: &'static str,
    /// What came of it.
    outcome: &'static str,
    /// How long it took.
    ms: u64,
}

/// What lists show of a call.
pub(super) fn summary(call: &CallTrace) -> Call {
    call.record(|record| summary_of(call, record))
}

fn summary_of(call: &CallTrace, record: &Record) -> Call {
    let at = |instant: Instant| gmt(call.wall(instant));
    let talked = record.answered.zip(record.ended).map(|(from, (to, _))| to.saturating_duration_since(from).as_secs());
    Call {
        call_uuid: call.id.to_string(),
        call_api_id: call.id.to_string(),
        client_id: call.client,
        flow: match record.direction {
            CallFlow::In => "in",
            CallFlow::Out => "out",
        },
        tag: record.tag.clone(),
        extension: record.extension.clone(),
        from_username: record.from.clone(),
        from_screen_name: record.from_name.clone(),
        to_username: record.to.clone(),
        did_number: record.did.clone(),
        init_time_gmt: at(call.began),
        answer_time_gmt: record.answered.map(at),
        hangup_time_gmt: record.ended.map(|(ended, _)| at(ended)),
        duration: talked,
        result: if record.answered.is_some() {
            "answered"
        } else if record.is_over() {
            "not_answered"
        } else {
            "ringing"
        },
        outcome: record.ended.map(|(_, outcome)| outcome),
        ended_by: record.ended_by(),
        legs_count: record.legs.len(),
    }
}

/// Everything about a call.
pub(super) async fn detail(call: &CallTrace) -> CallDetail {
    let (summary, legs, messages, gap, ops, ops_omitted) = call.record(|record| {
        let (messages, gap) = (record.messages(), record.gap());
        (summary_of(call, record), record.legs.clone(), messages, gap, record.ops.clone(), record.ops_omitted)
    });
    let remarks = call.record(|record| record.remarks.clone());
    let mut media = Vec::new();
    for (number, leg) in legs.iter().enumerate() {
        if let Some(stream) = &leg.stream {
            media.push(media_of(call.began, number, stream).await);
        }
    }
    let ms = |at: Instant| millis(at.saturating_duration_since(call.began));
    let op = |op: &OpTrace| ShownOp { time_ms: ms(op.at), op: op.name, outcome: op.outcome, ms: millis(op.took) };
    let remark = |Remark { at, leg, name, text }: Remark| ShownRemark { time_ms: ms(at), leg, finding: name, text };
    CallDetail {
        summary,
        legs: legs.iter().enumerate().map(|(number, leg)| leg_of(call.began, number, leg)).collect(),
        media,
        media_remarks: remarks.into_iter().map(remark).collect(),
        ops: ops.iter().map(op).collect(),
        ops_omitted,
        ivr: call.record(|record| record.conclusion.as_deref().map(Concluded::of)),
        sip: messages_of(call.began, &messages),
        sip_omitted: Omitted { count: gap.0, after: gap.1 },
    }
}

/// A party of a call.
#[derive(Serialize, ToSchema)]
#[schema(as = Leg)]
struct ShownLeg {
    /// Its number; 0 is the caller.
    leg: usize,
    /// `caller` or `callee`.
    role: &'static str,
    /// The caller's number, or the URI that was called.
    party: String,
    /// Its SIP Call-ID.
    sip_call_id: String,
    /// `udp`, `tcp` or `tls`.
    transport: &'static str,
    /// Our address.
    local: String,
    /// The party's.
    peer: String,
    /// When it began.
    begin_ms: u64,
    /// When it rang.
    ring_ms: Option<u64>,
    /// When it was answered.
    answer_ms: Option<u64>,
    /// When it ended.
    end_ms: Option<u64>,
    /// How: `remote_bye`, `local_bye`, `cancelled`, `rejected`, `no_ack`, `timeout`, `transport_failed`, `dialog_lost` or `session_expired`.
    end: Option<&'static str>,
    /// The status that it was refused with.
    status: Option<u16>,
}

fn leg_of(began: Instant, number: usize, leg: &LegTrace) -> ShownLeg {
    let ms = |at: Instant| millis(at.saturating_duration_since(began));
    let (end, status) = leg.ended.map(|(_, why)| end_word(why)).unzip();
    ShownLeg {
        leg: number,
        role: match leg.role {
            Role::Caller => "caller",
            Role::Callee => "callee",
        },
        party: leg.party.clone(),
        sip_call_id: leg.sip_call_id.clone(),
        transport: transport(leg.flow.transport),
        local: leg.flow.local.to_string(),
        peer: leg.flow.peer.to_string(),
        begin_ms: ms(leg.began),
        ring_ms: leg.rang.map(ms),
        answer_ms: leg.answered.map(ms),
        end_ms: leg.ended.map(|(at, _)| ms(at)),
        end,
        status: status.flatten().map(|status| status.code()),
    }
}

/// A SIP message.
#[derive(Serialize, ToSchema)]
#[schema(as = SipMessage)]
pub(super) struct ShownMessage {
    /// When.
    time_ms: u64,
    /// `received` or `sent`.
    direction: &'static str,
    /// Of which leg.
    leg: usize,
    /// `udp`, `tcp` or `tls`.
    transport: &'static str,
    /// Our address.
    local: String,
    /// The peer's.
    peer: String,
    /// Whether it came or went before.
    retransmission: bool,
    /// Its first line.
    first_line: String,
    /// All of it, with keys, passwords and proofs of them hidden.
    text: String,
}

/// The messages, each with its time after `began`.
pub(super) fn messages_of(began: Instant, messages: &[Message]) -> Vec<ShownMessage> {
    let repeated = repetitions(messages);
    let encode = |(message, retransmission): (&Message, bool)| {
        let text = message.text();
        ShownMessage {
            time_ms: millis(message.at.saturating_duration_since(began)),
            direction: match message.direction {
                Direction::Received => "received",
                Direction::Sent => "sent",
            },
            leg: message.leg,
            transport: transport(message.flow.transport),
            local: message.flow.local.to_string(),
            peer: message.flow.peer.to_string(),
            retransmission,
            first_line: first_line(&text).into_owned(),
            text,
        }
    };
    messages.iter().zip(repeated).map(encode).collect()
}

/// The name of a transport.
pub(super) fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
    }
}

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
