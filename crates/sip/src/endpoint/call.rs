//! Making calls: INVITE, its challenge, its CANCEL.
//!
//! Shape: an [`Invitation`] in; an INVITE out, and later another one that answers a challenge.
//! Sources: RFC 3261 §8.1.1, §9.1, §13.2.1, §22.2.

use super::Endpoint;
use super::send::{ALLOW, SDP, SUPPORTED};
use crate::auth::{Answered, Bound, Covered};
use crate::dialog::{Agreement, Announced, Cancel, Dialog, Infos, OutgoingCall, Path, Role, State, ask};
use crate::event::{DialogId, EndReason, Event, Invitation};
use crate::message::build::{Outgoing, push_foreign};
use crate::message::{Method, NameAddr, Response, StatusCode};
use crate::transaction::{ClientMachine, ClientOwner};
use std::time::Instant;

/// What an INVITE of ours says in its own words, and their compact forms.
const OURS: &[&str] =
    &["Contact", "m", "Allow", "Content-Type", "c", "Supported", "k", "Require", "Session-Expires", "x", "Min-SE"];

impl Endpoint {
    /// Calls someone. What comes of it is reported as `Progress`, `Answered` and `Ended`.
    ///
    /// When the dialog table is full, the dialog ends at once with 503.
    pub fn invite(&mut self, now: Instant, invitation: Invitation) -> DialogId {
        let id = DialogId(self.fresh_id());
        if self.dialogs.len() >= self.config.max_dialogs {
            self.counters.refused_full += 1;
            let why = EndReason::Rejected(StatusCode::SERVICE_UNAVAILABLE);
            self.events.push_back(Event::Ended { dialog: id, why });
            return id;
        }
        let local_tag = self.tokens.token();
        let branch = self.branch();
        let flow = invitation.flow;
        let credentials = invitation.credentials.clone().map(|it| Bound::new(it, flow.peer.ip()));
        let request = self.invite_request(invitation, &local_tag, &branch);
        let mut agreement = Agreement::new(Role::Caller, self.wanted());
        agreement.described = Some(request.body.clone()).filter(|offer| !offer.is_empty());
        self.insert(Dialog {
            id,
            path: Path::of_invitation(&request, flow),
            local_tag,
            remote_tag: None,
            remote_seq: None,
            credentials: credentials.clone(),
            announced: Announced::Alive,
            agreement,
            infos: Infos::default(),
            farewell: None,
            state: State::Calling(OutgoingCall::new(branch)),
        });
        self.send_request(now, flow, request, ClientOwner::Invite(id), credentials);
        id
    }

    fn invite_request(&mut self, invitation: Invitation, local_tag: &str, branch: &str) -> Outgoing {
        let flow = invitation.flow;
        let user = invitation.from.uri.user().map(|user| user.into_owned());
        let mut to = invitation.to;
        to.params.remove("tag");
        let mut headers = self.request_headers();
        headers.push("Contact", self.listeners.contact(flow, user.as_deref(), &invitation.target));
        headers.push("Allow", ALLOW);
        headers.push("Supported", SUPPORTED);
        ask(&mut headers, self.wanted(), None);
        let ours = |name: &str| OURS.iter().any(|own| name.eq_ignore_ascii_case(own));
        let foreign: Vec<_> = invitation.headers.into_iter().filter(|(name, _)| !ours(name)).collect();
        push_foreign(&mut headers, &foreign);
        if !invitation.offer.is_empty() {
            headers.push("Content-Type", SDP);
        }
        Outgoing {
            method: Method::Invite,
            uri: invitation.target.as_target(),
            via: self.listeners.via(flow, branch),
            from: invitation.from.with_tag(local_tag).to_string(),
            to: to.to_string(),
            call_id: self.tokens.token(),
            cseq: 1,
            max_forwards: invitation.max_forwards,
            route: invitation.route.into_iter().map(|uri| NameAddr::new(uri).to_string()).collect(),
            headers,
            body: invitation.offer,
        }
    }

    /// Sends the CANCEL that is wanted, if a provisional response allows it (RFC 3261 §9.1).
    pub(super) fn cancel_if_possible(&mut self, now: Instant, id: DialogId) {
        let Some(Dialog { state: State::Calling(call), .. }) = self.dialogs.get(&id) else { return };
        let Cancel::Wanted { reason } = &call.cancel else { return };
        let (reason, branch) = (reason.clone(), call.branch.clone());
        let is_sent = self.cancel_branch(now, &branch, reason.as_deref());
        if let Some(Dialog { state: State::Calling(call), .. }) = self.dialogs.get_mut(&id)
            && is_sent
        {
            call.cancel = Cancel::Sent { reason };
        }
    }

    /// Cancels an INVITE, if a provisional response allows it; either way it will end. Answers whether a CANCEL was sent.
    pub(super) fn cancel_branch(&mut self, now: Instant, branch: &str, reason: Option<&str>) -> bool {
        let ready = self.transactions.with_client(branch, |entry| {
            let ClientMachine::Invite(machine) = &mut entry.machine else { return None };
            if !machine.may_cancel() {
                return None;
            }
            machine.cancelled(now, entry.timing);
            Some((entry.flow, entry.request.cancel(reason)))
        });
        let Some((flow, cancel)) = ready.flatten() else { return false };
        self.send_request(now, flow, cancel, ClientOwner::Nobody, None);
        true
    }

    /// Answers the challenge to a call of ours. Answers whether another INVITE is on its way.
    pub(super) fn answer_challenge(&mut self, now: Instant, id: DialogId, old: &str, response: &Response) -> bool {
        let Some(Dialog { state: State::Calling(call), announced, .. }) = self.dialogs.get(&id) else {
            return false;
        };
        if *announced == Announced::Ended {
            return false;
        }
        let answered = call.answered;
        let Some(entry) = self.transactions.client(old) else { return false };
        let (flow, sent, credentials) = (entry.home(), entry.request.clone(), entry.credentials.clone());
        let authorised = self.authorised(&sent, credentials.as_ref(), answered, response);
        let Some((mut request, answered)) = authorised else { return false };
        let branch = self.branch();
        request.cseq += 1;
        request.via = self.listeners.via(flow, &branch);
        if let Some(Dialog { state: State::Calling(call), path, .. }) = self.dialogs.get_mut(&id) {
            path.local_seq = request.cseq;
            call.answered = answered;
            call.branch = branch;
            call.forks.clear();
        }
        self.send_request(now, flow, request, ClientOwner::Invite(id), credentials);
        true
    }

    /// The request again, with an answer to the challenge in `response`, and which it has answered now. None where there is no
    /// answer, or no sense in another.
    pub(super) fn authorised(
        &mut self,
        request: &Outgoing,
        credentials: Option<&Bound>,
        answered: Answered,
        response: &Response,
    ) -> Option<(Outgoing, Answered)> {
        let (status, headers) = (response.status, &response.common.headers);
        let answered = answered.and(status, headers)?;
        let (uri, cnonce) = (request.uri.to_string(), self.tokens.token());
        let covered = Covered { method: request.method.as_str(), uri: &uri, cnonce: &cnonce };
        let proof = self.wallet.answer(status, headers, credentials?, covered)?;
        let other = self.wallet.renewed(status, &request.headers, credentials?, covered);
        let mut request = request.clone();
        for (name, value) in [Some(proof), other].into_iter().flatten() {
            request.headers.remove(name);
            request.headers.push(name, value);
        }
        Some((request, answered))
    }
}
