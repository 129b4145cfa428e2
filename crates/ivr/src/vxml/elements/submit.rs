//! `<submit>`: on to another page, with variables for its server (VoiceXML 2.0 §5.3.8).

use super::terms::{FetchTerms, Sending};
use crate::vxml::{
    run::{Flow, Interpreter, Stop},
    wire::{Attributes, Fault, Given},
};

/// Where to go, and with what.
#[derive(Clone, Debug)]
pub(crate) struct Submit {
    next: Given,
    sending: Sending,
    terms: FetchTerms,
}

impl Submit {
    pub(crate) fn read(from: Attributes<'_, '_>) -> Result<Self, Fault> {
        from.exactly_one(&["next", "expr"])?;
        let next = from.given("next", "expr")?.ok_or_else(|| from.fault("it leads nowhere"))?;
        Ok(Self { next, sending: Sending::read(from)?, terms: FetchTerms::read(from)? })
    }

    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        let address = interpreter.given(&self.next)?;
        let names = self.sending.names.clone().unwrap_or_else(|| interpreter.sent_items());
        let mut request = interpreter.request(&self.sending, &names)?;
        request.is_submit = true;
        interpreter.page(&address, request, &self.terms).await.map(Flow::Jump)
    }
}
