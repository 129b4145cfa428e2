//! Causes of a hang-up by KAZOO's names, as children of a node and records of a call have them.
//!
//! Shape: a SIP status to a name, and a name to the answer that a caller gets where nothing else is said.
//! Sources: `kazoo-pivot.md` 2.6, 4.5; RFC 3398 §8.2.6.1; the names are those of ITU-T Q.850 as FreeSWITCH writes them.

use super::CallStatus;
use crate::Dialed;

/// Names and the status that a caller gets for them (`kazoo-pivot.md` 4.5).
const RESPONSES: &[(&str, u16)] = &[
    ("UNALLOCATED_NUMBER", 404),
    ("NO_ROUTE_DESTINATION", 404),
    ("NO_ROUTE_TRANSIT_NET", 404),
    ("USER_BUSY", 486),
    ("NO_USER_RESPONSE", 408),
    ("NO_ANSWER", 480),
    ("SUBSCRIBER_ABSENT", 480),
    ("NORMAL_UNSPECIFIED", 480),
    ("CALL_REJECTED", 603),
    ("NUMBER_CHANGED", 410),
    ("REDIRECTION_TO_NEW_DESTINATION", 410),
    ("EXCHANGE_ROUTING_ERROR", 483),
    ("DESTINATION_OUT_OF_ORDER", 502),
    ("INVALID_NUMBER_FORMAT", 484),
    ("FACILITY_REJECTED", 510),
    ("NORMAL_CIRCUIT_CONGESTION", 503),
    ("NETWORK_OUT_OF_ORDER", 503),
    ("SWITCH_CONGESTION", 503),
    ("REQUESTED_CHAN_UNAVAIL", 503),
    ("NORMAL_TEMPORARY_FAILURE", 503),
    ("OUTGOING_CALL_BARRED", 403),
    ("INCOMING_CALL_BARRED", 403),
    ("BEARERCAPABILITY_NOTAUTH", 403),
    ("BEARERCAPABILITY_NOTAVAIL", 403),
    ("BEARERCAPABILITY_NOTIMPL", 488),
    ("INCOMPATIBLE_DESTINATION", 488),
    ("UNKNOWN", 500),
    ("FACILITY_NOT_IMPLEMENTED", 501),
    ("SERVICE_NOT_IMPLEMENTED", 501),
];

/// The status that a caller gets for a cause, where there is one.
pub fn response(cause: &str) -> Option<u16> {
    RESPONSES.iter().find(|(name, _)| *name == cause).map(|(_, status)| *status)
}

/// The cause that stands for a SIP status of 400 and above (RFC 3398 §8.2.6.1).
pub fn of_status(status: u16) -> &'static str {
    match status {
        200..=299 => "NORMAL_CLEARING",
        401 | 402 | 403 | 407 | 603 | 607 | 608 => "CALL_REJECTED",
        404 | 604 => "UNALLOCATED_NUMBER",
        408 => "NO_USER_RESPONSE",
        410 => "NUMBER_CHANGED",
        480 => "NO_ANSWER",
        483 => "EXCHANGE_ROUTING_ERROR",
        484 => "INVALID_NUMBER_FORMAT",
        486 | 600 => "USER_BUSY",
        487 => "ORIGINATOR_CANCEL",
        488 | 606 => "INCOMPATIBLE_DESTINATION",
        502 => "DESTINATION_OUT_OF_ORDER",
        501 => "SERVICE_NOT_IMPLEMENTED",
        500..=599 => "NORMAL_TEMPORARY_FAILURE",
        _ => "NORMAL_UNSPECIFIED",
    }
}

/// Cause and status of a dial that nobody answered; `None` where somebody did.
pub fn of_dial(dialed: &Dialed) -> Option<(&'static str, u16)> {
    match dialed {
        Dialed::Answered { .. } | Dialed::Whispers { .. } | Dialed::HandedOver(_) => None,
        Dialed::Busy => Some(("USER_BUSY", 486)),
        Dialed::NoAnswer => Some(("NO_ANSWER", 480)),
        Dialed::Failed { status } => Some((of_status(*status), *status)),
    }
}

/// What web servers are told of a dial (`kazoo-pivot.md` 2.6).
pub fn status_of_dial(dialed: &Dialed) -> CallStatus {
    match dialed {
        Dialed::Answered { .. } | Dialed::Whispers { .. } | Dialed::HandedOver(_) => CallStatus::Completed,
        Dialed::Busy => CallStatus::Busy,
        Dialed::NoAnswer => CallStatus::NoAnswer,
        Dialed::Failed { status: 486 | 600 | 603 } => CallStatus::Busy,
        Dialed::Failed { status: 480 | 408 } => CallStatus::NoAnswer,
        Dialed::Failed { status: 487 } => CallStatus::Canceled,
        Dialed::Failed { .. } => CallStatus::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_dial_has_a_cause_a_status_and_a_word() {
        for (dialed, cause, word) in [
            (Dialed::Busy, Some(("USER_BUSY", 486)), "busy"),
            (Dialed::NoAnswer, Some(("NO_ANSWER", 480)), "no-answer"),
            (Dialed::Failed { status: 603 }, Some(("CALL_REJECTED", 603)), "busy"),
            (Dialed::Failed { status: 404 }, Some(("UNALLOCATED_NUMBER", 404)), "failed"),
            (Dialed::Failed { status: 503 }, Some(("NORMAL_TEMPORARY_FAILURE", 503)), "failed"),
            (Dialed::Failed { status: 487 }, Some(("ORIGINATOR_CANCEL", 487)), "canceled"),
        ] {
            assert_eq!((of_dial(&dialed), status_of_dial(&dialed).as_str()), (cause, word), "{dialed:?}");
        }
    }

    #[test]
    fn every_cause_of_the_table_has_its_answer() {
        assert_eq!(response("USER_BUSY"), Some(486));
        assert_eq!(response("FACILITY_REJECTED"), Some(510));
        assert_eq!(response("NORMAL_CLEARING"), None);
    }
}
