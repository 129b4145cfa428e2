//! A SIP user agent, sans-IO.
#![forbid(unsafe_code)]
