//! How attempts fail, and what that means for the next.
//!
//! Shape: the end of an attempt in, a [`Next`] out; the ends of all targets in, one [`Dialed`] out.
//! Sources: RFC 3263 §4.3 (503, no answer, transport error), RFC 3261 §21, RFC 5626 §5.3.1 (430); `docs/rfc/3263.md` has the table.

use antiphon_ivr::Dialed;
use antiphon_sip::{EndReason, StatusCode};

/// What follows a failed attempt.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Next {
    /// The way is out of order: the next is tried, and this one last for a while.
    Avoid,
    /// This call did not get through that way: the next is tried.
    TryAnother,
    /// The answer holds for every way to the target.
    Final,
}

/// What follows when an attempt ends so before an answer.
pub(super) fn next(why: EndReason) -> Next {
    match why {
        EndReason::TransactionTimeout | EndReason::TransportFailed => Next::Avoid,
        EndReason::Rejected(StatusCode::SERVICE_UNAVAILABLE) => Next::Avoid,
        EndReason::Rejected(
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::FLOW_FAILED
            | StatusCode::SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVER_TIMEOUT,
        ) => Next::TryAnother,
        EndReason::Rejected(_)
        | EndReason::RemoteBye
        | EndReason::LocalBye
        | EndReason::Cancelled
        | EndReason::NoAck
        | EndReason::SessionExpired
        | EndReason::DialogLost => Next::Final,
    }
}

/// The status that an ended attempt stands for.
pub(super) fn status_of(why: EndReason) -> StatusCode {
    match why {
        EndReason::Rejected(status) => status,
        EndReason::TransactionTimeout | EndReason::NoAck | EndReason::SessionExpired => StatusCode::REQUEST_TIMEOUT,
        EndReason::TransportFailed => StatusCode::SERVICE_UNAVAILABLE,
        EndReason::RemoteBye | EndReason::LocalBye | EndReason::Cancelled | EndReason::DialogLost => {
            StatusCode::REQUEST_TERMINATED
        }
    }
}

/// What has become of a fork: of each target, how its last attempt failed.
#[derive(Default)]
pub(super) struct Failures {
    first: Option<StatusCode>,
    all_busy: bool,
}

impl Failures {
    pub(super) fn add(&mut self, status: StatusCode) {
        let busy = status == StatusCode::BUSY_HERE;
        self.all_busy = busy && (self.first.is_none() || self.all_busy);
        self.first.get_or_insert(status);
    }

    /// The status that stands for all of them; 408 where nobody said anything.
    pub(super) fn status(&self) -> StatusCode {
        self.first.unwrap_or(StatusCode::REQUEST_TIMEOUT)
    }

    pub(super) fn outcome(&self) -> Dialed {
        match self.first {
            _ if self.all_busy => Dialed::Busy,
            Some(status) => Dialed::Failed { status: status.code() },
            None => Dialed::NoAnswer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_is_busy_only_when_every_branch_was() {
        let outcome = |statuses: &[u16]| {
            let mut failures = Failures::default();
            for code in statuses {
                failures.add(StatusCode::new(*code).unwrap());
            }
            failures.outcome()
        };
        assert_eq!(outcome(&[486]), Dialed::Busy);
        assert_eq!(outcome(&[486, 486]), Dialed::Busy);
        assert_eq!(outcome(&[486, 480]), Dialed::Failed { status: 486 });
        assert_eq!(outcome(&[404, 486]), Dialed::Failed { status: 404 });
        assert_eq!(outcome(&[]), Dialed::NoAnswer);
    }

    /// Every status that this table names stands in `docs/rfc/3263.md` as well.
    #[test]
    fn each_failure_has_the_consequence_that_the_ledger_says() {
        let avoid = [EndReason::TransactionTimeout, EndReason::TransportFailed];
        assert!(avoid.into_iter().all(|why| next(why) == Next::Avoid));
        let ledger = include_str!("../../../../docs/rfc/3263.md");
        let row = |consequence: &str| {
            let row = ledger.lines().find(|line| line.starts_with(&format!("| {consequence} |")));
            let row = row.unwrap_or_else(|| panic!("the ledger has no row for {consequence}"));
            let words = row.split(|c: char| !c.is_ascii_digit());
            let codes = words.filter(|word| word.len() == 3).map(|word| word.parse::<u16>().unwrap());
            // 4 s, 30 s and 64 are shorter than a status.
            codes.collect::<Vec<_>>()
        };
        let (avoid, another) = (row("the next way, and this one last for 30 s"), row("the next way"));
        assert_eq!((avoid.as_slice(), another.len()), (&[503][..], 5));
        for code in 300..700 {
            let expected = match code {
                _ if avoid.contains(&code) => Next::Avoid,
                _ if another.contains(&code) => Next::TryAnother,
                _ => Next::Final,
            };
            assert_eq!(next(EndReason::Rejected(StatusCode::new(code).unwrap())), expected, "{code}");
        }
    }
}
