//! RTP, telephone-event, G.711, prompts and SDP, sans-IO.
#![forbid(unsafe_code)]
