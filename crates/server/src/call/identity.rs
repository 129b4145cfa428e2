//! Who calls: as scripts see it, and as others are told.
//!
//! Shape: an INVITE and what the switchboard knows of its source in, a [`Caller`] out; a caller id and a trunk in, From and the headers
//! of an INVITE of ours out. A network's word (`P-Asserted-Identity`, else `Remote-Party-ID`) counts before From, where the source is
//! believed; a hidden number is kept from scripts and phones, and told to trunks alone.
//! Errors: what cannot be read counts as not said; what cannot be written is left out.
//! Sources: RFC 3323, RFC 3325, RFC 5806, RFC 7044; draft-ietf-sip-privacy-04 (`Remote-Party-ID`).

use antiphon_ivr::{Caller, CallerId, ExtensionName, call::Presentation};
use antiphon_sip::{
    DiversionCause, Flow, Identity, Invite, NameAddr, Uri, asserted_identity, diverted_by, privacy_id, remote_party_id,
};

use super::task::{Arrival, Trust};
use crate::{
    calls::CallId,
    rooms::Rooms,
    settings::{IdentityHeader, Trunk},
};

/// A longer number or name is cut.
const LONGEST: usize = 128;
/// Users that say that there is no number.
const NOBODY: [&str; 4] = ["", "anonymous", "unavailable", "restricted"];

/// What trunks are told beside the caller's name and number.
#[derive(Clone, Debug, Default)]
pub struct Outward {
    /// The number of a caller who hides it, as a network asserted it.
    pub hidden: Option<String>,
    /// The number of ours that was called, which passes the call on.
    pub diverted_by: Option<String>,
}

/// Who calls, as scripts see it; and the number of a caller who hides it.
pub(super) fn caller(id: CallId, invite: &Invite, arrival: &Arrival) -> (Caller, Option<String>) {
    let identity = invite.request.identity();
    let from = invite.request.from();
    let network = if arrival.trust == Trust::Believed { word_of_network(&identity) } else { None };
    let said = network.unwrap_or(from);
    // One of our phones calls under its own number, whatever it says (`ringme-ivr.md` 4.2: an internal caller is `000*306`).
    let phone = arrival.caller_phone.as_deref();
    let number = match phone {
        Some(phone) => phone.name.clone(),
        None => cut(&said.uri.user().unwrap_or_default()),
    };
    let own_name = phone.and_then(|phone| phone.caller_id_name.clone());
    let name = own_name.or_else(|| said.display.as_deref().map(cut)).unwrap_or_default();
    // A From that names nobody is a wish to be nobody, whatever a network adds.
    let from_nobody = from.uri.user().is_some_and(|user| is_nobody(&user));
    let hidden = is_nobody(&number) || identity.is_private() || (phone.is_none() && from_nobody);
    let called_did = arrival.did.clone().unwrap_or_else(|| arrival.extension.number().to_owned());
    let (diversion_number, diversion_reason) = diversion(&identity, arrival.trust);
    let caller = Caller {
        called_did,
        diversion_number,
        diversion_reason,
        call_id: id.to_string(),
        did: arrival.did.clone().unwrap_or_default(),
        called_number: cut(&invite.request.uri().user().unwrap_or_default()),
        // A phone of somebody else is here what anybody outside is.
        extension: phone
            .filter(|phone| phone.client == arrival.extension.client)
            .map(|phone| ExtensionName { id: phone.id, name: phone.name.clone() }),
        ..Caller::default()
    };
    if hidden {
        let known = network.is_some() && !is_nobody(&number);
        let nobody = Caller { presentation: Presentation::Restricted, extension: None, ..caller };
        return (nobody, known.then_some(number));
    }
    (Caller { number, name, ..caller }, None)
}

/// Whom a network vouches for.
fn word_of_network(identity: &Identity) -> Option<&NameAddr> {
    let remote = identity
        .remote_party
        .iter()
        .find(|remote| remote.party.as_deref().is_none_or(|party| party.eq_ignore_ascii_case("calling")));
    let asserted = identity.asserted.iter().chain(remote.map(|remote| &remote.address));
    asserted.filter(|address| address.uri.user().is_some_and(|user| !user.is_empty())).find(|address| {
        matches!(
            address.uri.scheme(),
            antiphon_sip::Scheme::Sip | antiphon_sip::Scheme::Sips | antiphon_sip::Scheme::Tel
        )
    })
}

/// Who passed the call on to us last, and why; empty when nobody did, or hides it, or is not believed.
fn diversion(identity: &Identity, trust: Trust) -> (String, String) {
    if trust == Trust::Doubted {
        return Default::default();
    }
    if let Some(diversion) = identity.diversion.first() {
        let number = diversion.address.uri.user().filter(|_| !diversion.private).unwrap_or_default();
        return (cut(&number), diversion.reason.as_deref().map(cut).unwrap_or_default());
    }
    // The last entry is where the call is now; the one before is where it was sent on from.
    let before = identity.history.iter().rev().nth(1).filter(|entry| !entry.private);
    before.map_or_else(Default::default, |entry| {
        (
            cut(&entry.address.uri.user().unwrap_or_default()),
            entry.cause.map(|cause| cause.to_string()).unwrap_or_default(),
        )
    })
}

fn is_nobody(user: &str) -> bool {
    NOBODY.iter().any(|nobody| user.eq_ignore_ascii_case(nobody))
}

/// As much of a text as is bearable, without what could break a line.
fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

/// Who calls, as the far end of a way out sees it, and the headers that say more.
pub(super) fn outward(
    rooms: &Rooms,
    flow: Flow,
    trunk: Option<&Trunk>,
    caller_id: &CallerId,
    outward: &Outward,
) -> (NameAddr, Vec<(String, String)>) {
    let host = rooms.listener(flow).map_or(flow.local, |listener| listener.advertised);
    let from_host = trunk.and_then(|trunk| trunk.from_host.as_deref());
    let at_host = |number: &str| {
        let named = from_host.and_then(|host| format!("sip:{host}").parse::<Uri>().ok());
        named.map_or_else(|| Uri::sip(Some(number), host), |uri| uri.with_user(number))
    };
    let (number, name) = (cut(&caller_id.number), cut(&caller_id.name));
    let shown = !number.is_empty();
    let Some(trunk) = trunk else { return (from(&number, &name, at_host), Vec::new()) };
    let user = trunk.from_user.as_deref().filter(|_| shown).unwrap_or(&number);
    let mut headers = Vec::new();
    let known = if shown { Some(&number) } else { outward.hidden.as_ref() };
    if let Some(known) = known {
        let presentation = if shown { antiphon_sip::Presentation::Shown } else { antiphon_sip::Presentation::Hidden };
        let (name, uri) = (if shown { name.as_str() } else { "" }, at_host(known));
        let line = match trunk.identity {
            IdentityHeader::None => None,
            IdentityHeader::Asserted => asserted_identity(name, &uri).ok(),
            IdentityHeader::RemoteParty => remote_party_id(name, &uri, presentation).ok(),
        };
        headers.extend(line);
    }
    if !shown && trunk.identity != IdentityHeader::None {
        headers.push(privacy_id());
    }
    if let Some(did) = outward.diverted_by.as_ref().filter(|_| trunk.diversion) {
        headers.extend(diverted_by("", &at_host(&cut(did)), DiversionCause::Unconditional).ok());
    }
    (from(user, &name, at_host), headers)
}

/// The From of a call of ours (RFC 3323 §4.1 where there is no number to show).
fn from(user: &str, name: &str, at_host: impl Fn(&str) -> Uri) -> NameAddr {
    if user.is_empty() {
        let nobody = "sip:anonymous@anonymous.invalid".parse().expect("a constant URI");
        return NameAddr::new(nobody).with_display("Anonymous");
    }
    let address = NameAddr::new(at_host(user));
    if name.is_empty() { address } else { address.with_display(name) }
}
