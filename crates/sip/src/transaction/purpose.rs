//! Requests of ours inside a dialog, and what each is for.
//!
//! Shape: a [`Purpose`] travels with the transaction and says who hears its outcome and whether the dialog survives it.
//! Sources: RFC 3261 §12.2.1.2; RFC 5057 §5 (which failure ends what); RFC 6086 §4.2.2, RFC 6665 §4.2.2.
//!
//! | purpose | 481 ends                | 408 or no answer ends                                          |
//! |---------|-------------------------|----------------------------------------------------------------|
//! | Info    | the dialog              | nothing: peers that drop INFO are common and talk all the same |
//! | Refer   | the dialog              | nothing: the transfer has failed, the talk goes on              |
//! | Notify  | the subscription        | the subscription                                               |
//! | Prack   | nothing: the INVITE has its own end | nothing                                            |
//! | Refresh | the dialog              | the dialog (RFC 4028 §10)                                      |

use crate::message::StatusCode;

/// Who asked for a request inside a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Our owner, who sends an INFO.
    Info,
    /// A transfer that we ask for.
    Refer,
    /// A transfer that we were asked for, whose progress we tell.
    Notify,
    /// A reliable provisional response, which it acknowledges.
    Prack,
    /// The session timer, by UPDATE.
    Refresh,
}

impl Purpose {
    /// Whether a dialog is over once a request in it got this response; no answer at all counts as 408
    /// (RFC 3261 §12.2.1.2).
    pub(crate) fn ends_dialog(self, status: StatusCode) -> bool {
        match self {
            Self::Info | Self::Refer => status == StatusCode::NO_SUCH_TRANSACTION,
            Self::Prack | Self::Notify => false,
            Self::Refresh => matches!(status, StatusCode::NO_SUCH_TRANSACTION | StatusCode::REQUEST_TIMEOUT),
        }
    }
}
