//! The words by which ops and what came of them are logged and counted.

use antiphon_ivr::op::{Connected, CustomError, CustomResult, Echoed, Enqueued, Marked, Met, Op, Opened, Outcome};
use antiphon_ivr::{
    Conferred, Dialed, EndedBy, GatherEnd, Interrupted, Played, RecordEnd, RecordingState, Referred, Sent,
};

/// The word for an op.
pub(super) fn name(op: &Op) -> &'static str {
    match op {
        Op::Answer => "answer",
        Op::Limit(_) => "limit",
        Op::Play(_) => "play",
        Op::Collect(_) => "collect",
        Op::TypedAhead => "typed_ahead",
        Op::Gather(_) => "gather",
        Op::Dial(_) => "dial",
        Op::Conference(_) => "conference",
        Op::Join => "join",
        Op::Part => "part",
        Op::Enqueue(_) => "enqueue",
        Op::Place => "place",
        Op::Meet(_) => "meet",
        Op::Leave => "leave",
        Op::Take(_) => "take",
        Op::Echo(_) => "echo",
        Op::Refer(_) => "refer",
        Op::Record(_) => "record",
        Op::Recording(_) => "recording",
        Op::SendDigits(_) => "send_digits",
        Op::Render(_) => "render",
        Op::Listen(_) => "listen",
        Op::OpenMailbox(_) => "open_mailbox",
        Op::MarkMessage(_) => "mark_message",
        Op::Fetch(_) => "fetch",
        Op::Customize(_) => "customize",
        Op::Note(_) => "note",
        Op::Rate(_) => "rate",
        Op::Progress => "progress",
        Op::Load(_) => "load",
        Op::Tell(_) => "tell",
        Op::Upload(_) => "upload",
        Op::Link(_) => "link",
        Op::Stream(_) => "stream",
        Op::Connect(_) => "connect",
        Op::Respond(_) => "respond",
        Op::Conclude(_) => "conclude",
        Op::Hangup(_) => "hangup",
    }
}

/// The word for an outcome.
pub(super) fn outcome_name(outcome: &Result<Outcome, Interrupted>) -> &'static str {
    match outcome {
        Ok(outcome) => of_outcome(outcome),
        Err(Interrupted::RemoteHangup) => "caller_hung_up",
        Err(Interrupted::LocalHangup) => "hung_up",
        Err(Interrupted::LifetimeExpired) => "lifetime_expired",
        Err(Interrupted::Wanted) => "wanted",
        Err(Interrupted::PartyGone) => "party_gone",
        Err(Interrupted::Shutdown) => "shutdown",
    }
}

fn of_outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done | Outcome::TypedAhead(_) | Outcome::Marked(Marked::Done) => "done",
        Outcome::Played(Played::Finished { .. }, _) => "finished",
        Outcome::Played(Played::BargedIn(_), _) => "barged_in",
        Outcome::Collected(collected) => of_collect(collected.ended_by),
        Outcome::Gathered(gathered) => of_gather(gathered.end),
        Outcome::Dialed(dialed) => of_dial(dialed),
        Outcome::Conferred(conferred) => of_conference(*conferred),
        Outcome::Enqueued(Enqueued::In(_)) | Outcome::Placed(Some(_)) => "waits",
        Outcome::Enqueued(Enqueued::Full) => "full",
        Outcome::Placed(None) => "nowhere",
        Outcome::Met(met) => match met {
            Met::Talked { .. } => "talked",
            Met::Left { .. } => "left",
            Met::Nobody { .. } => "nobody",
            Met::Missed => "missed",
            Met::Nowhere => "nowhere",
        },
        Outcome::Echoed(Echoed::Key(_)) => "key",
        Outcome::Echoed(Echoed::Longest) => "longest",
        Outcome::Referred(referred) => of_refer(*referred),
        Outcome::Recorded(recorded) => of_record(recorded.ended_by),
        Outcome::Recording(recording) => match recording.state {
            RecordingState::Armed => "armed",
            RecordingState::Running => "running",
            RecordingState::Paused => "paused",
            RecordingState::Off => "off",
        },
        Outcome::Opened(opened) => match opened {
            Opened::Messages(_) => "open",
            Opened::Denied => "denied",
            Opened::Missing => "missing",
        },
        Outcome::Sent(Sent::All) => "sent",
        Outcome::Sent(Sent::Unsent) => "unsent",
        Outcome::Rendered(rendered) => rendered.as_str(),
        Outcome::Listened(listened) => listened.ended_by.as_str(),
        Outcome::Fetched(fetched) => {
            if fetched.is_ok() {
                "answered"
            } else {
                "unanswered"
            }
        }
        Outcome::Customized(customized) => of_method(customized),
        Outcome::Linked(Some(_)) => "linked",
        Outcome::Streaming(Ok(())) => "streaming",
        Outcome::Connected(Connected::FarEnd) => "far_end",
        Outcome::Linked(None)
        | Outcome::Streaming(Err(_))
        | Outcome::Connected(Connected::Failed(_))
        | Outcome::Marked(Marked::Failed) => "failed",
        Outcome::Loaded(loaded) => {
            if loaded.is_ok() {
                "loaded"
            } else {
                "not_loaded"
            }
        }
    }
}

fn of_method(customized: &Result<CustomResult, CustomError>) -> &'static str {
    match customized {
        Ok(_) => "returned",
        Err(error) => error.kind.as_str(),
    }
}

fn of_collect(ended_by: EndedBy) -> &'static str {
    match ended_by {
        EndedBy::MaxDigits => "max_digits",
        EndedBy::Terminator(_) => "terminator",
        EndedBy::InterDigitTimeout => "inter_digit_timeout",
        EndedBy::NoInput => "no_input",
    }
}

fn of_gather(end: GatherEnd) -> &'static str {
    match end {
        GatherEnd::Match => "match",
        GatherEnd::NoMatch => "no_match",
        GatherEnd::NoInput => "no_input",
    }
}

fn of_dial(dialed: &Dialed) -> &'static str {
    match dialed {
        Dialed::Answered { .. } => "answered",
        Dialed::Whispers { .. } => "whispers",
        Dialed::HandedOver(_) => "handed_over",
        Dialed::Busy => "busy",
        Dialed::NoAnswer => "no_answer",
        Dialed::Failed { .. } => "failed",
    }
}

fn of_conference(conferred: Conferred) -> &'static str {
    match conferred {
        Conferred::Left => "left",
        Conferred::Kicked => "kicked",
        Conferred::Full => "full",
        Conferred::Ended => "ended",
        Conferred::Waits => "waits",
    }
}

fn of_refer(referred: Referred) -> &'static str {
    match referred {
        Referred::Done => "done",
        Referred::Refused { .. } => "refused",
        Referred::Failed { .. } => "failed",
        Referred::TimedOut => "timed_out",
    }
}

fn of_record(ended_by: RecordEnd) -> &'static str {
    match ended_by {
        RecordEnd::Terminator(_) => "terminator",
        RecordEnd::EndSilence => "end_silence",
        RecordEnd::MaxLength => "max_length",
        RecordEnd::HungUp => "caller_hung_up",
        RecordEnd::Failed => "failed",
    }
}
