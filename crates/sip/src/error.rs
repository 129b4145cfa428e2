//! What can go wrong, by whose fault.
//!
//! Shape: [`Malformed`] says why bytes are no message; [`SipError`] says why an order could not be followed.

/// Why received bytes are not a message this crate works with.
///
/// Always the peer's fault; the endpoint counts it and, where the sender can be told, answers 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Malformed {
    /// There is no empty line that ends the headers, or nothing before it.
    #[error("the message has no complete header section")]
    Truncated,
    /// The first line is neither a request line nor a status line (RFC 3261 §7.1, §7.2).
    #[error("the start line is not a request or status line")]
    StartLine,
    /// The version is not `SIP/2.0` (RFC 3261 §7.1).
    #[error("the version is not SIP/2.0")]
    Version,
    /// A header line has no colon, or its name is not a token.
    #[error("a header line is not `name: value`")]
    HeaderLine,
    /// More header lines than [`MAX_HEADERS`](crate::MAX_HEADERS), or more bytes than allowed.
    #[error("the header section is too large")]
    TooLarge,
    /// `Content-Length` is missing where it is needed, no number, contradictory, or beyond the bytes present.
    #[error("the Content-Length does not fit the message")]
    ContentLength,
    /// A header that every message carries is missing (RFC 3261 §8.1.1).
    #[error("a mandatory header is missing")]
    MissingHeader,
    /// A header that stands once stands several times.
    #[error("a single header is repeated")]
    RepeatedHeader,
    /// A `Via` does not parse (RFC 3261 §20.42).
    #[error("a Via header is malformed")]
    Via,
    /// A `From`, `To` or `Contact` address does not parse (RFC 3261 §20.10).
    #[error("an address header is malformed")]
    Address,
    /// A URI does not parse (RFC 3261 §19.1).
    #[error("a URI is malformed")]
    Uri,
    /// The `Call-ID` is empty, or not printable text without spaces.
    #[error("the Call-ID header is malformed")]
    CallId,
    /// The `CSeq` is no number below 2^31 and method, or names another method than the request line.
    #[error("the CSeq header is malformed")]
    CSeq,
}

/// Why an order to the endpoint could not be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SipError {
    /// The dialog has ended, or never was.
    #[error("there is no such dialog")]
    UnknownDialog,
    /// The request has been answered or given up, or never was.
    #[error("there is no such request")]
    UnknownRequest,
    /// The subscription is over, or never was.
    #[error("there is no such subscription")]
    UnknownSubscription,
    /// The registration was taken away, or never was.
    #[error("there is no such registration")]
    UnknownRegistration,
    /// The method has an order of its own.
    #[error("the method cannot be sent by this order")]
    WrongMethod,
    /// The dialog is not in a state in which this order makes sense.
    #[error("the dialog's state does not allow this order")]
    WrongState,
    /// A re-INVITE of ours needs an offer.
    #[error("a re-INVITE without an offer is not built")]
    OfferNeeded,
    /// The status is not of the class the order needs (a rejection is 300 to 699).
    #[error("the status does not fit the order")]
    WrongStatus,
    /// Too much is going on already.
    #[error("a table is full")]
    Full,
}
