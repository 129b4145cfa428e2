//! Requests that a phone writes itself, because the endpoint has no order for them: REGISTER, re-INVITE, INFO.
//!
//! Shape: the dialog as it stands in the messages that passed; a request as text out.
//! Errors: such a request is sent once; a test uses it where nothing is lost.
//! Sources: RFC 3261 §8.1.1, §10.2, §12.2.1.1, §14.1; RFC 6086.

use super::PhoneSetup;
use crate::sip_text::SipText;
use std::net::SocketAddr;

/// What the branches of these requests begin with, so that their responses are known.
pub(super) const BRANCH: &str = "z9hG4bKphone";

/// The dialog of a phone's call, as its messages show it.
#[derive(Debug, Clone, Default)]
pub(super) struct DialogText {
    call_id: String,
    /// Ourselves, with our tag.
    local: String,
    /// The far end, with its tag.
    remote: String,
    /// The far end's Contact.
    target: String,
    /// The last number of ours.
    cseq: u32,
}

impl DialogText {
    /// From the 2xx that a caller received.
    pub(super) fn of_caller(ok: &SipText) -> Self {
        let header = |name| ok.header(name).unwrap_or_default().to_owned();
        Self {
            call_id: header("Call-ID"),
            local: header("From"),
            remote: header("To"),
            target: ok.uri("Contact").unwrap_or_default().to_owned(),
            cseq: ok.cseq(),
        }
    }

    /// From the INVITE that a callee received and the 2xx that it sent.
    pub(super) fn of_callee(invite: &SipText, ok: &SipText) -> Self {
        let header = |name| ok.header(name).unwrap_or_default().to_owned();
        Self {
            call_id: header("Call-ID"),
            local: header("To"),
            remote: header("From"),
            target: invite.uri("Contact").unwrap_or_default().to_owned(),
            cseq: 0,
        }
    }

    /// The next request of this dialog.
    pub(super) fn request(&mut self, setup: &PhoneSetup, method: &str, number: u32) -> SipText {
        self.cseq += 1;
        self.numbered(setup, method, number, self.cseq)
    }

    /// The ACK of a 2xx to a re-INVITE.
    pub(super) fn ack(&self, setup: &PhoneSetup, ok: &SipText, number: u32) -> SipText {
        self.numbered(setup, "ACK", number, ok.cseq())
    }

    fn numbered(&self, setup: &PhoneSetup, method: &str, number: u32, cseq: u32) -> SipText {
        let message = SipText { start: format!("{method} {} SIP/2.0", self.target), ..SipText::default() };
        via(message, setup, number)
            .with("From", &self.local)
            .with("To", &self.remote)
            .with("Call-ID", &self.call_id)
            .with("CSeq", &format!("{cseq} {method}"))
            .with("Contact", &contact(setup))
    }
}

/// A REGISTER with this contact.
pub(super) fn register(setup: &PhoneSetup, at: SocketAddr, number: u32) -> SipText {
    let (name, server) = (setup.name, setup.server);
    let message = SipText { start: format!("REGISTER sip:{server} SIP/2.0"), ..SipText::default() };
    via(message, setup, number)
        .with("From", &format!("<sip:{name}@{server}>;tag={name}{number}"))
        .with("To", &format!("<sip:{name}@{server}>"))
        .with("Call-ID", &format!("registration-of-{name}-at-{}", setup.sip))
        .with("CSeq", &format!("{number} REGISTER"))
        .with("Contact", &format!("<sip:{name}@{at}>"))
        .with("Expires", "600")
}

fn via(message: SipText, setup: &PhoneSetup, number: u32) -> SipText {
    let branch = format!("{BRANCH}{}{number}", setup.name);
    message.with("Via", &format!("SIP/2.0/UDP {};branch={branch};rport", setup.sip)).with("Max-Forwards", "70")
}

fn contact(setup: &PhoneSetup) -> String {
    format!("<sip:{}@{}>", setup.name, setup.sip)
}

/// Puts the number of a request of the endpoint behind those written here.
pub(super) fn renumbered(message: SipText, written: u32) -> SipText {
    let cseq = format!("{} {}", message.cseq() + written, message.cseq_method());
    message.with("CSeq", &cseq)
}
