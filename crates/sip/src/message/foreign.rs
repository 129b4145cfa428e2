//! The bridge to the `rsip` types, for programs that speak them.
//!
//! Shape: ours to theirs; what they cannot hold is `None`.
//! Sources: the types of the crate `rsip`, which know fewer methods and fewer URIs than RFC 3261 allows.

use super::{Method, StatusCode};

impl From<StatusCode> for rsip::StatusCode {
    fn from(status: StatusCode) -> Self {
        match Self::from(status.code()) {
            Self::Other(code, _) => Self::Other(code, status.reason().to_owned()),
            known => known,
        }
    }
}

impl From<&rsip::StatusCode> for StatusCode {
    fn from(status: &rsip::StatusCode) -> Self {
        Self::new(status.code()).unwrap_or(Self::SERVER_ERROR)
    }
}

impl From<rsip::Method> for Method {
    fn from(method: rsip::Method) -> Self {
        Self::from_token(&method.to_string().to_ascii_uppercase())
    }
}
