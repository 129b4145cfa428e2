//! What went wrong with the sound of a leg, in a sentence.
//!
//! Shape: [`complaint`] of a stream's counters, `None` when both sides were heard well; [`sentence`] of what was found on the way.
//! Sources: RFC 3264 §5.1 (direction), RFC 4961 (symmetric RTP).

use antiphon_media::{Finding, StreamSummary};

/// The part of the packets whose loss people hear.
const NOTICEABLE: f64 = 0.05;

/// The sentence for a stream that was silent in one way or both.
pub fn complaint(stream: &StreamSummary) -> Option<String> {
    let mut said = Vec::new();
    let (totals, agreed) = (&stream.totals, &stream.negotiated);
    if totals.received == 0 && agreed.direction.receives() {
        said.push(match agreed.remote {
            Some(remote) => format!("no packet came from the address in the SDP ({remote})"),
            None => "no packet came, and the SDP gave no address".to_owned(),
        });
        said.extend(refused(stream));
    }
    if totals.sent == 0 {
        said.push(if !agreed.direction.sends() {
            "nothing was sent, because the peer was on hold".to_owned()
        } else if agreed.remote.is_none() && stream.source.is_none() {
            "nothing was sent, because the SDP gave no address".to_owned()
        } else {
            "nothing was sent".to_owned()
        });
    }
    if let (Some(source), Some(remote)) = (stream.source, agreed.remote)
        && source != remote
    {
        said.push(format!(
            "packets came from {source} and not from the address in the SDP ({remote}), so they are sent there"
        ));
    }
    if let Some(loss) = stream.loss().filter(|loss| *loss >= NOTICEABLE) {
        said.push(format!("{:.0} % of its packets were lost on the way", loss * 100.0));
    }
    if let Some(loss) = stream.peer.and_then(|peer| peer.loss()).filter(|loss| *loss >= NOTICEABLE) {
        said.push(format!("it lost {:.0} % of ours, as its reports say", loss * 100.0));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// What came and was not used.
fn refused(stream: &StreamSummary) -> Vec<String> {
    let dropped = &stream.totals.dropped;
    let mut said = Vec::new();
    let payload = stream.unknown_payload.map_or_else(String::new, |number| format!(" ({number})"));
    let stranger = stream.stranger.map_or_else(String::new, |stranger| format!(" ({stranger})"));
    for (count, what) in [
        (dropped.unknown_payload, format!("of a payload type that was not agreed on{payload}")),
        (dropped.malformed, "that were no RTP".to_owned()),
        (dropped.foreign_source, format!("from somewhere else{stranger}")),
        (dropped.unauthentic, "that were not protected with the key that was agreed on".to_owned()),
        (dropped.replayed, "that had been taken before".to_owned()),
        (dropped.oversize, "with too much sound".to_owned()),
    ] {
        if count > 0 {
            said.push(format!("{count} datagrams came {what}"));
        }
    }
    said
}

/// What a stream's peer is called where its address counts.
fn place(stream: &StreamSummary) -> String {
    let known = stream.source.or(stream.negotiated.remote);
    known.map_or_else(|| "the peer".to_owned(), |known| known.to_string())
}

/// A finding in a word.
pub fn name(finding: Finding) -> &'static str {
    match finding {
        Finding::NeverHeard => "never_heard",
        Finding::FellSilent => "fell_silent",
        Finding::HeardAgain => "heard_again",
        Finding::FromElsewhere => "from_elsewhere",
        Finding::HearsNothing => "hears_nothing",
        Finding::HearsAgain => "hears_again",
        Finding::Vanished => "vanished",
    }
}

/// Whether somebody who listens would notice. Where packets come from is no trouble in itself.
pub fn is_trouble(finding: Finding) -> bool {
    match finding {
        Finding::NeverHeard | Finding::FellSilent | Finding::HearsNothing | Finding::Vanished => true,
        Finding::HeardAgain | Finding::FromElsewhere | Finding::HearsAgain => false,
    }
}

/// A finding in a sentence, with what is known of the stream.
pub fn sentence(finding: Finding, stream: &StreamSummary) -> String {
    let place = place(stream);
    match finding {
        Finding::NeverHeard => {
            let told = stream.negotiated.remote;
            let told = told.map_or("the SDP gave no address".to_owned(), |told| format!("the SDP said {told}"));
            let mut said = vec![format!("no packet that can be used has come: {told}")];
            said.extend(refused(stream));
            said.join("; ")
        }
        Finding::FellSilent => match refused(stream) {
            none if none.is_empty() => format!("the sound from {place} has stopped, and nothing says why"),
            refused => format!("the sound from {place} has stopped; {}", refused.join("; ")),
        },
        Finding::HeardAgain => format!("packets come from {place} again"),
        Finding::FromElsewhere => match stream.negotiated.remote {
            Some(told) => format!("the SDP said {told}, packets come from {place}; they are answered there"),
            None => format!("the SDP gave no address, packets come from {place}; they are answered there"),
        },
        Finding::HearsNothing => format!(
            "the peer's reports say that nothing of ours reaches it; {} packets were sent to {place}",
            stream.totals.sent
        ),
        Finding::HearsAgain => "the peer's reports say that it hears us again".to_owned(),
        Finding::Vanished => {
            format!("neither sound nor reports have come from {place} for so long that nobody is there")
        }
    }
}
