//! Who calls: as scripts see it, and as others are told.
//!
//! Shape: an INVITE and what the switchboard knows of its source in, a [`Caller`] out; a caller id and a trunk in, From and the headers
//! of an INVITE of ours out. A network's word (`P-Asserted-Identity`, else `Remote-Party-ID`) counts before From, where the source is
//! believed; a hidden number is kept from scripts and phones, and told to trunks alone.
//! Errors: what cannot be read counts as not said; what cannot be written is left out.
//! Sources: RFC 3323, RFC 3325, RFC 5806, RFC 7044; draft-ietf-sip-privacy-04 (`Remote-Party-ID`).

use antiphon_ivr::{Caller, CallerId, ExtensionName, SipFacts, call::Presentation};
use antiphon_sip::{
    DiversionCause, Flow, Identity, Invite, NameAddr, Uri, asserted_identity, diverted_by, privacy_id, remote_party_id,
};

use super::{
    calling::Calling,
    leg::Party,
    task::{Arrival, Trust},
};
use crate::{
    calls::CallId,
    settings::{IdentityHeader, PivotSettings, Trunk},
    store::{DidAs, Extension},
};

/// A longer number or name is cut.
const LONGEST: usize = 128;
/// Of the fields that scripts are told: how many, and how long each may be.
const MOST_HEADERS: usize = 64;
const LONGEST_HEADER: usize = 1_024;
/// Fields that prove who somebody is, and are nobody's who runs on a call.
const PROOFS: [&str; 2] = ["authorization", "proxy-authorization"];
/// Fields by which networks say who somebody is who wants to be nobody.
const ASSERTIONS: [&str; 3] = ["p-asserted-identity", "p-preferred-identity", "remote-party-id"];
/// Of a URI.
const LONGEST_URI: usize = 8_192;
/// Users that say that there is no number.
const NOBODY: [&str; 4] = ["", "anonymous", "unavailable", "restricted"];

/// What trunks are told beside the caller's name and number.
#[derive(Clone, Debug, Default)]
pub struct Outward {
    /// The number of the caller, as it came: any other is one that a script has set.
    pub own: String,
    /// The number of a caller who hides it, as a network asserted it.
    pub hidden: Option<String>,
    /// The number of ours that was called, which passes the call on.
    pub diverted_by: Option<String>,
    /// How the extension that serves the call wants that number shown.
    pub shows_did: DidAs,
    /// Whether it wants that number asserted in place of the caller's (RFC 3325).
    pub asserts_did: bool,
}

impl Outward {
    /// Of a caller of whom nothing more is known.
    pub(super) const NOTHING: Self =
        Self { own: String::new(), hidden: None, diverted_by: None, shows_did: DidAs::TrunkSays, asserts_did: false };

    /// Another extension serves the call: its fields count from now on.
    pub(super) fn by(&mut self, extension: &Extension) {
        self.shows_did = extension.profile.did_as_transfer_caller_id.unwrap_or_default();
        self.asserts_did = extension.profile.ani_rfc3325;
    }
}

/// What an INVITE said, for scripts.
pub(super) fn sip_facts(invite: &Invite, settings: &PivotSettings) -> SipFacts {
    let request = &invite.request;
    let of = |uri: &Uri| (cut(&uri.user().unwrap_or_default()), cut(uri.host()));
    let ((from_user, from_host), (to_user, to_host)) = (of(&request.from().uri), of(&request.to().uri));
    let (request_user, request_host) = of(request.uri());
    let is_told = |name: &str| {
        let is_x = name.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("x-"));
        is_x && name.len() <= LONGEST && settings.is_told(name)
    };
    let headers = request.all_headers().filter(|(name, _)| is_told(name)).take(MOST_HEADERS);
    SipFacts {
        call_id: shortened(request.call_id(), LONGEST_HEADER),
        from_user,
        from_host,
        from_tag: cut(&request.from().tag().unwrap_or_default()),
        to_user,
        to_host,
        request_user,
        request_host,
        request_uri: shortened(&request.uri().to_string(), LONGEST_URI),
        request_params: parameters(request.uri()),
        user_to_user: user_to_user(request.uri(), request.header("User-to-User")),
        user_agent: cut(request.header("User-Agent").unwrap_or_default()),
        headers: headers.map(|(name, value)| (name.to_owned(), shortened(value, LONGEST_HEADER))).collect(),
        all_headers: all_headers(invite, settings),
    }
}

/// All fields but proofs, what the settings hide and who a caller is who hides it; those of one name as one (RFC 5552 §2.4).
fn all_headers(invite: &Invite, settings: &PivotSettings) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let is_private =
        invite.request.identity().is_private() || invite.request.from().uri.user().is_some_and(|user| is_nobody(&user));
    let fields = invite.request.all_headers();
    for (name, value) in fields.filter(|(name, _)| name.len() <= LONGEST && settings.is_told(name)) {
        let name = name.to_ascii_lowercase();
        if PROOFS.contains(&name.as_str()) || (is_private && ASSERTIONS.contains(&name.as_str())) {
            continue;
        }
        let known = all.iter().position(|(known, _)| *known == name);
        match known {
            Some(at) if all[at].1.len() < LONGEST_HEADER => {
                all[at].1 = shortened(&format!("{}, {value}", all[at].1), LONGEST_HEADER);
            }
            None if all.len() < MOST_HEADERS => all.push((name, shortened(value, LONGEST_HEADER))),
            _ => {}
        }
    }
    all
}

/// The parameters of a URI, as scripts see them.
fn parameters(uri: &Uri) -> Vec<(String, String)> {
    let names = uri.params().iter().map(|(name, _)| name).take(MOST_HEADERS);
    let text = |name: &str| uri.param_text(name).map(|value| (cut(name), shortened(&value, LONGEST_URI)));
    names.filter_map(text).collect()
}

fn user_to_user(uri: &Uri, header: Option<&str>) -> String {
    let said = uri.param_text("aai").or_else(|| header.map(str::to_owned));
    shortened(&said.unwrap_or_default(), LONGEST_HEADER)
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
    shortened(text, LONGEST)
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(most).collect()
}

/// Who calls, as the far end of a way out sees it, and the headers that say more.
pub(super) fn outward(
    call: &Calling<'_>,
    (flow, trunk, party): (Flow, Option<&Trunk>, Party),
    callee: &CallerId,
    caller_id: &CallerId,
) -> (NameAddr, Vec<(String, String)>) {
    let host = call.rooms.listener(flow).map_or(flow.local, |listener| listener.advertised);
    let from_host = trunk.and_then(|trunk| trunk.from_host.as_deref());
    let at_host = |number: &str| {
        let named = from_host.and_then(|host| format!("sip:{host}").parse::<Uri>().ok());
        named.map_or_else(|| Uri::sip(Some(number), host), |uri| uri.with_user(number))
    };
    let (number, name) = (cut(&caller_id.number), cut(&caller_id.name));
    let Some(trunk) = trunk else {
        let shown = match party {
            Party::Phone => within(&number, &callee.number),
            Party::Outside => own_number(&number),
        };
        return (from(shown, &name, at_host), Vec::new());
    };
    let number = own_number(&number);
    let Told { user, name: shown_name, asserted, hides, diverted_by: by } =
        told(call.outward, caller_id, number, &name);
    let user = trunk.from_user.as_deref().filter(|_| !user.is_empty()).unwrap_or(user);
    let mut headers = Vec::new();
    if let Some(asserted) = asserted {
        let presentation = if hides { antiphon_sip::Presentation::Hidden } else { antiphon_sip::Presentation::Shown };
        let (name, uri) = (if asserted == number { name.as_str() } else { "" }, at_host(&cut(asserted)));
        let line = match trunk.identity {
            IdentityHeader::None => None,
            IdentityHeader::Asserted => asserted_identity(name, &uri).ok(),
            IdentityHeader::RemoteParty => remote_party_id(name, &uri, presentation).ok(),
        };
        headers.extend(line);
    }
    if (hides || user.is_empty()) && trunk.identity != IdentityHeader::None {
        headers.push(privacy_id());
    }
    let diverts = match by {
        DidAs::TrunkSays => trunk.diversion,
        DidAs::Diversion => true,
        // It stands in From already.
        DidAs::From => false,
    };
    if let Some(did) = call.outward.diverted_by.as_ref().filter(|_| diverts) {
        headers.extend(diverted_by("", &at_host(&cut(did)), DiversionCause::Unconditional).ok());
    }
    (from(user, shown_name, at_host), headers)
}

/// What a trunk is told, before its own settings are looked at.
struct Told<'a> {
    /// The user of From; empty where it is anonymous.
    user: &'a str,
    /// The name beside it.
    name: &'a str,
    /// The number that is asserted, where one is known.
    asserted: Option<&'a str>,
    /// Whether that is one that its owner hides.
    hides: bool,
    /// How the number that was called is shown.
    diverted_by: DidAs,
}

/// What a trunk is told of a caller with this number, where the extension that serves the call has its own wishes.
fn told<'a>(outward: &'a Outward, caller_id: &CallerId, number: &'a str, name: &'a str) -> Told<'a> {
    let did = outward.diverted_by.as_deref();
    // Whoever sets a number in a rule wants that one shown.
    let is_set = caller_id.number != outward.own;
    let did_from = did.filter(|_| outward.shows_did == DidAs::From && !is_set);
    let shown = Some(number).filter(|number| !number.is_empty());
    let hidden = outward.hidden.as_deref().filter(|_| shown.is_none());
    let did_asserted = did.filter(|_| outward.asserts_did);
    Told {
        user: did_from.unwrap_or(number),
        name: if shown.is_some() { name } else { "" },
        asserted: did_asserted.or(shown).or(hidden),
        hides: did_asserted.is_none() && hidden.is_some(),
        diverted_by: match (outward.shows_did, did_from) {
            (DidAs::From, None) => DidAs::TrunkSays,
            (shows, _) => shows,
        },
    }
}

/// A number as whoever has this number is shown it: two of one client know each other without their prefix (`000*101` is `101`).
fn within<'a>(number: &'a str, to: &str) -> &'a str {
    match (number.split_once('*'), to.split_once('*')) {
        (Some((prefix, own)), Some((theirs, _))) if prefix == theirs => own,
        _ => number,
    }
}

/// A number as anybody outside is shown it, to whom a client's prefix says nothing.
fn own_number(number: &str) -> &str {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match number.split_once('*') {
        Some((prefix, own)) if is_digits(prefix) && is_digits(own) => own,
        _ => number,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_ours_has_its_prefix_only_for_other_clients() {
        for (number, to, shown) in [
            ("000*101", "000*102", "101"),
            ("000*101", "001*102", "000*101"),
            ("+37410000000", "000*102", "+37410000000"),
            ("*123", "000*102", "*123"),
            ("000*101", "line-2", "000*101"),
        ] {
            assert_eq!(within(number, to), shown, "{number} to {to}");
        }
        for (number, shown) in [("000*101", "101"), ("*21*5#", "*21*5#"), ("7*", "7*"), ("+7", "+7"), ("", "")] {
            assert_eq!(own_number(number), shown);
        }
    }

    /// Of each: the wish, whether it is asserted, the number of the caller and the hidden one; then From, what is asserted, whether
    /// that is hidden, and how the number that was called is shown.
    #[test]
    fn trunks_are_told_what_the_extension_wants() {
        use DidAs::{Diversion, From, TrunkSays};
        let did = Some("+374");
        for (shows_did, asserts_did, number, set, hidden, user, asserted, hides, by) in [
            (TrunkSays, false, "7", false, None, "7", Some("7"), false, TrunkSays),
            (Diversion, false, "7", false, None, "7", Some("7"), false, Diversion),
            (From, false, "7", false, None, "+374", Some("7"), false, From),
            (From, true, "7", false, None, "+374", did, false, From),
            (TrunkSays, true, "7", false, None, "7", did, false, TrunkSays),
            (From, false, "7", true, None, "7", Some("7"), false, TrunkSays),
            (TrunkSays, false, "", false, Some("5"), "", Some("5"), true, TrunkSays),
            (TrunkSays, true, "", false, Some("5"), "", did, false, TrunkSays),
            (From, false, "", false, Some("5"), "+374", Some("5"), true, From),
            (TrunkSays, false, "", false, None, "", None, false, TrunkSays),
        ] {
            let own = if set { "9" } else { number }.to_owned();
            let (hidden, diverted_by) = (hidden.map(str::to_owned), did.map(str::to_owned));
            let outward = Outward { own, hidden, diverted_by, shows_did, asserts_did };
            let caller_id = CallerId { number: number.to_owned(), name: String::new() };
            let told = told(&outward, &caller_id, number, "");
            let case = format!("{shows_did:?} {asserts_did} {number} {set}");
            assert_eq!((told.user, told.asserted, told.hides, told.diverted_by), (user, asserted, hides, by), "{case}");
        }
    }
}
