//! What went wrong with the sound of a leg, in a sentence.
//!
//! Shape: a stream's counters in; `None` when both sides were heard.
//! Sources: RFC 3264 §5.1 (direction), RFC 4961 (symmetric RTP).

use antiphon_media::StreamSummary;

/// The sentence for a stream that was silent in one way or both.
pub fn complaint(stream: &StreamSummary) -> Option<String> {
    let mut said = Vec::new();
    let (totals, agreed) = (&stream.totals, &stream.negotiated);
    if totals.received == 0 && agreed.direction.receives() {
        said.push(match agreed.remote {
            Some(remote) => format!("no packet came from the address in the SDP ({remote})"),
            None => "no packet came, and the SDP gave no address".to_owned(),
        });
        let dropped = &totals.dropped;
        for (count, what) in [
            (dropped.unknown_payload, "of a payload type that was not agreed on"),
            (dropped.malformed, "that were no RTP"),
            (dropped.foreign_source, "from somewhere else"),
            (dropped.unauthentic, "that were not protected with the key that was agreed on"),
            (dropped.replayed, "that had been taken before"),
            (dropped.oversize, "with too much sound"),
        ] {
            if count > 0 {
                said.push(format!("{count} datagrams came {what}"));
            }
        }
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
    (!said.is_empty()).then(|| said.join("; "))
}
