//! The messages of a call as a drawing: a column a party, an arrow a message.
//!
//! Shape: parties and messages in, plain text out. The caller stands left of us, whom we called stand right.
//! Units: seconds since the first message.

use std::{fmt::Write as _, net::SocketAddr, time::Instant};

use antiphon_sip::Transport;

use super::{CallTrace, Direction, Message, Refusal, Role, first_line, header, repetitions};

/// The width of a column, its line included.
const COLUMN: usize = 26;
/// Columns at most; further parties share the last.
const COLUMNS: usize = 8;
/// The width of the time.
const TIME: usize = 10;
/// The place of our own column.
const OURS: usize = 1;

/// Who stands at the head of a column.
struct Party {
    name: String,
    address: SocketAddr,
}

/// The ladder of a call, with the names of its parties.
pub fn of_call(call: &CallTrace) -> String {
    let name = |leg: &super::LegTrace| match leg.role {
        Role::Caller => format!("caller {}", leg.party),
        Role::Callee => {
            leg.party.strip_prefix("sip:").unwrap_or(&leg.party).split(['@', ';']).next().unwrap_or_default().to_owned()
        }
    };
    let (legs, messages, gap) = call.record(|record| (record.legs.clone(), record.messages(), record.gap()));
    let parties: Vec<_> = legs.iter().map(|leg| Party { name: name(leg), address: leg.flow.peer }).collect();
    let Some(ours) = legs.first().map(|caller| caller.flow.local) else { return String::new() };
    draw(ours, &parties, &messages, gap)
}

/// The ladder of a refused call.
pub fn of_refusal(refusal: &Refusal) -> String {
    let Some(first) = refusal.messages.first() else { return String::new() };
    let party = Party { name: "caller".to_owned(), address: first.flow.peer };
    draw(first.flow.local, &[party], &refusal.messages, (0, 0))
}

/// Draws messages. `parties` are the legs in their order; `gap` says how many messages are missing after so many.
fn draw(ours: SocketAddr, parties: &[Party], messages: &[Message], gap: (u64, usize)) -> String {
    let Some(began) = messages.first().map(|message| message.at) else { return String::new() };
    let columns = (parties.len() + 1).clamp(2, COLUMNS);
    let mut text = String::new();
    for line in [heads(ours, parties, columns, false), heads(ours, parties, columns, true)] {
        push_line(&mut text, &line);
    }
    let repeated = repetitions(messages);
    for (index, (message, repeated)) in messages.iter().zip(repeated).enumerate() {
        if gap.0 > 0 && index == gap.1 {
            push_line(&mut text, &format!("{:TIME$}... {} messages are not kept ...", "", gap.0));
        }
        let label = label(message, repeated);
        push_line(&mut text, &arrow(began, message, columns, &label));
    }
    if gap.0 > 0 && gap.1 >= messages.len() {
        push_line(&mut text, &format!("{:TIME$}... {} messages are not kept ...", "", gap.0));
    }
    text
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

/// The column of a leg: the caller's is the first, ours the second.
fn column(leg: usize, columns: usize) -> usize {
    if leg == 0 { 0 } else { (leg + 1).min(columns - 1) }
}

fn heads(ours: SocketAddr, parties: &[Party], columns: usize, addresses: bool) -> String {
    let mut line = " ".repeat(TIME);
    for place in 0..columns {
        let leg = if place == 0 { 0 } else { place - 1 };
        let shared = place == COLUMNS - 1 && parties.len() > place;
        let head = match (place == OURS, parties.get(leg)) {
            (true, _) if addresses => ours.to_string(),
            (true, _) => "antiphon".to_owned(),
            (false, _) if shared && addresses => String::new(),
            (false, _) if shared => "others".to_owned(),
            (false, Some(party)) if addresses => party.address.to_string(),
            (false, Some(party)) => party.name.clone(),
            (false, None) => String::new(),
        };
        let head: String = head.chars().map(|c| if c.is_control() { ' ' } else { c }).take(COLUMN - 2).collect();
        let _ = write!(line, "{head:COLUMN$}");
    }
    line
}

/// What a message says in a few words.
fn label(message: &Message, repeated: bool) -> String {
    let text = message.text();
    let first = first_line(&text);
    let mut words = first.split(' ');
    let mut said = match words.next() {
        Some("SIP/2.0") => {
            let method = header(&text, "CSeq", "").and_then(|value| value.split_whitespace().nth(1));
            format!("{} {}", words.next().unwrap_or_default(), method.unwrap_or_default())
        }
        method => method.unwrap_or_default().to_owned(),
    };
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    if body.starts_with("v=0") {
        said.push_str(" SDP");
    }
    if repeated {
        said.push_str(" again");
    }
    if message.flow.transport != Transport::Udp {
        let _ = write!(said, " {:?}", message.flow.transport);
    }
    said.chars().map(|c| if c.is_control() { '?' } else { c }).take(COLUMN - 6).collect()
}

fn arrow(began: Instant, message: &Message, columns: usize, label: &str) -> String {
    let theirs = column(message.leg, columns);
    let (left, right) = (theirs.min(OURS), theirs.max(OURS));
    let to_the_right = (message.direction == Direction::Sent) == (theirs > OURS);
    let (begin, end) = (left * COLUMN, right * COLUMN);
    let mut line = vec![' '; (columns - 1) * COLUMN + 1];
    for place in 0..columns {
        line[place * COLUMN] = '|';
    }
    line[begin + 1..end].fill('-');
    line[if to_the_right { end - 1 } else { begin + 1 }] = if to_the_right { '>' } else { '<' };
    // The label stands beside our partner's column, so that the labels of one party are below each other.
    let at = if theirs < OURS { begin + 3 } else { end - COLUMN + 3 };
    for (place, letter) in line[at..].iter_mut().zip(label.chars()) {
        *place = letter;
    }
    let seconds = message.at.saturating_duration_since(began).as_secs_f64();
    format!("{seconds:8.3}  {}", line.into_iter().collect::<String>())
}
