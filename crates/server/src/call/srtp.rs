//! What one dialog does about SRTP: what it offers, what it takes, and its own keys.
//!
//! Shape: made for each leg from the settings and the way that its signalling goes; told what each offer and answer agreed on.
//! The keys of a dialog are drawn once and stay, so that a re-INVITE that asks for nothing new changes nothing.
//! Sources: RFC 4568 §5.1 and §7.1 (offers and answers), §8.3 (signalling that others can read).
//!
//! What is offered: with `required` nothing but `RTP/SAVP`. With `optional`, keys beside `RTP/AVP`, and only where the signalling is
//! encrypted: keys that everybody can read protect nothing, and would make each INVITE over UDP longer. What the peer offers is taken
//! as it comes, also over UDP, because that is how most softphones do it. A callee that refuses the offer with 488 is called once more with
//! `RTP/SAVP`: it may be set to speak nothing plain. Once a stream is protected, our own offers keep it so.

use std::sync::Arc;

use antiphon_media::{
    sdp::{Agreed, LocalKeys, Secrecy},
    srtp::{Keying, MasterKey, Mki, Suite},
};
use antiphon_sip::{Flow, Transport};
use rand::RngCore;

use crate::{
    rooms::Rooms,
    settings::{SrtpPolicy, Trunk},
};

/// Whether others can read what the signalling says.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Signalling {
    Encrypted,
    Readable,
}

/// What was agreed on last.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Standing {
    Nothing,
    Plain,
    /// Protected, under a profile that says so or under one that does not.
    Protected {
        profile_says_so: bool,
    },
}

/// How a call of ours is offered.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Offering {
    /// As the settings have it.
    Usual,
    /// As SRTP and nothing else, because the callee refused the usual offer and may want that.
    Secure,
}

/// One dialog's part in SRTP.
pub struct DialogSrtp {
    policy: SrtpPolicy,
    offering: Offering,
    signalling: Signalling,
    standing: Standing,
    keys: Arc<LocalKeys>,
    /// What the offer said that is not answered yet.
    offered: Secrecy,
}

impl DialogSrtp {
    /// For a dialog over this flow, with a party of this trunk or with a phone.
    pub fn new(rooms: &Rooms, flow: Flow, trunk: Option<&Trunk>) -> Self {
        let policy = policy(rooms, trunk);
        let signalling = if flow.transport == Transport::Tls { Signalling::Encrypted } else { Signalling::Readable };
        if signalling == Signalling::Readable
            && policy == SrtpPolicy::Required
            && let Some(trunk) = trunk
        {
            warn(rooms, trunk);
        }
        let (offering, standing, offered) = (Offering::Usual, Standing::Nothing, Secrecy::Plain);
        Self { policy, offering, signalling, standing, keys: draw(), offered }
    }

    /// The same for a call of ours that is offered so.
    pub(super) fn offering(self, offering: Offering) -> Self {
        Self { offering, ..self }
    }

    /// What an offer of ours says now.
    pub(super) fn offer(&mut self) -> Secrecy {
        let keys = || self.keys.clone();
        self.offered = match (self.policy, self.standing, self.signalling) {
            (SrtpPolicy::Off, ..) => Secrecy::Plain,
            (_, Standing::Protected { profile_says_so: true }, _) => Secrecy::Required(keys()),
            (_, Standing::Protected { profile_says_so: false }, _) => Secrecy::Offered(keys()),
            (SrtpPolicy::Required, ..) => Secrecy::Required(keys()),
            (SrtpPolicy::Optional, Standing::Nothing, _) if self.offering == Offering::Secure => {
                Secrecy::Required(keys())
            }
            (SrtpPolicy::Optional, Standing::Nothing, Signalling::Encrypted) => Secrecy::Offered(keys()),
            (SrtpPolicy::Optional, ..) => Secrecy::Answered(keys()),
        };
        self.offered.clone()
    }

    /// What a stream is opened with while our offer is unanswered: keys that nobody knows, where nothing plain may be heard.
    pub(super) fn unanswered(&self) -> Option<Keying> {
        matches!(self.offered, Secrecy::Required(_)).then(|| Keying {
            ours: draw_key(),
            theirs: draw_key(),
            mki: Mki::default(),
        })
    }

    /// What the answer to our offer is measured by.
    pub(super) fn offered(&self) -> Secrecy {
        self.offered.clone()
    }

    /// What an answer of ours takes.
    pub(super) fn answer(&self) -> Secrecy {
        match self.policy {
            SrtpPolicy::Off => Secrecy::Plain,
            SrtpPolicy::Optional => Secrecy::Answered(self.keys.clone()),
            SrtpPolicy::Required => Secrecy::Required(self.keys.clone()),
        }
    }

    /// Whether plain sound is out of the question.
    pub(super) fn refuses(&self, agreed: &Agreed) -> bool {
        self.policy == SrtpPolicy::Required && agreed.keying.is_none()
    }

    /// Takes note of what was agreed on.
    pub(super) fn agreed(&mut self, agreed: &Agreed) {
        let before = self.standing;
        self.standing = match agreed.keying {
            Some(_) => Standing::Protected { profile_says_so: agreed.profile.is_secure() },
            None => Standing::Plain,
        };
        if matches!((before, self.standing), (Standing::Protected { .. }, Standing::Plain)) {
            // Nobody counts while sound is plain, and under the old keys a number would come twice.
            self.keys = draw();
        }
    }

    /// Whether keys have gone where others can read them.
    pub(super) fn is_readable(&self) -> bool {
        self.signalling == Signalling::Readable && matches!(self.standing, Standing::Protected { .. })
    }
}

/// Whether a callee that refuses our usual offer may be offered SRTP and nothing else.
pub(super) fn may_insist(rooms: &Rooms, trunk: Option<&Trunk>) -> bool {
    policy(rooms, trunk) == SrtpPolicy::Optional
}

fn policy(rooms: &Rooms, trunk: Option<&Trunk>) -> SrtpPolicy {
    trunk.and_then(|trunk| trunk.srtp).unwrap_or(rooms.settings.load().srtp)
}

/// Says once for each trunk that whoever reads the signalling can listen.
pub(super) fn warn(rooms: &Rooms, trunk: &Trunk) {
    if rooms.trunks.reads_keys_aloud(&trunk.name) {
        tracing::warn!(
            trunk = trunk.name.as_str(),
            "keys of SRTP go over signalling that is not encrypted; use sips: or transport=tls for this trunk"
        );
    }
}

fn draw_key() -> MasterKey {
    let suite = Suite::AesCm128HmacSha1_80;
    let mut random = vec![0; suite.material_len()];
    rand::rng().fill_bytes(&mut random);
    MasterKey::new(suite, &random).expect("as long as the suite wants it")
}

fn draw() -> Arc<LocalKeys> {
    let mut random = [0; LocalKeys::RANDOM];
    rand::rng().fill_bytes(&mut random);
    let keys = Arc::new(LocalKeys::new(&random));
    random.fill(0);
    keys
}

#[cfg(test)]
mod tests {
    use antiphon_media::sdp::{self, Capabilities, SdpVersion};

    use super::*;

    fn dialog(policy: SrtpPolicy, signalling: Signalling) -> DialogSrtp {
        let (offering, standing, offered) = (Offering::Usual, Standing::Nothing, Secrecy::Plain);
        DialogSrtp { policy, offering, signalling, standing, keys: draw(), offered }
    }

    fn kind(secrecy: &Secrecy) -> &'static str {
        match secrecy {
            Secrecy::Plain => "plain",
            Secrecy::Answered(_) => "answered",
            Secrecy::Offered(_) => "offered",
            Secrecy::Required(_) => "required",
        }
    }

    /// What an answer of the peer's to an offer of such keys agrees on.
    fn answered(secrecy: Secrecy, theirs: Secrecy) -> Agreed {
        let (local, version) = (([127, 0, 0, 1], 4000).into(), SdpVersion { session_id: 1, version: 1 });
        let with = |secrecy| Capabilities { secrecy, ..Capabilities::default() };
        let offer = sdp::offer(local, &with(secrecy.clone()), &version);
        let (answer, _) = sdp::answer(&offer, local, &with(theirs), &version).expect("it suits");
        sdp::accept(&answer, &with(secrecy)).expect("it suits")
    }

    #[test]
    fn offers_follow_the_policy_the_signalling_and_what_was_agreed() {
        use Signalling::{Encrypted, Readable};
        use SrtpPolicy::{Off, Optional, Required};
        for (policy, signalling, expect) in [
            (Off, Encrypted, "plain"),
            (Optional, Encrypted, "offered"),
            (Optional, Readable, "answered"),
            (Required, Encrypted, "required"),
            (Required, Readable, "required"),
        ] {
            assert_eq!(kind(&dialog(policy, signalling).offer()), expect, "{policy:?} {signalling:?}");
        }
        let insisting = |policy| kind(&dialog(policy, Readable).offering(Offering::Secure).offer());
        assert_eq!([Off, Optional, Required].map(insisting), ["plain", "required", "required"]);
        let mut dialog = dialog(Optional, Encrypted);
        let agreed = answered(dialog.offer(), Secrecy::Plain);
        dialog.agreed(&agreed);
        assert_eq!(kind(&dialog.offer()), "answered", "who does not want it is not asked again");
        dialog.agreed(&answered(Secrecy::Offered(draw()), Secrecy::Answered(draw())));
        assert_eq!(kind(&dialog.offer()), "offered");
        dialog.agreed(&answered(Secrecy::Required(draw()), Secrecy::Answered(draw())));
        assert_eq!(kind(&dialog.offer()), "required", "the peer's profile is kept");
    }

    #[test]
    fn keys_stay_until_a_stream_was_plain_in_between() {
        let mut dialog = dialog(SrtpPolicy::Optional, Signalling::Readable);
        let (first, secure) = (dialog.keys.clone(), answered(Secrecy::Required(draw()), Secrecy::Answered(draw())));
        let plain = answered(Secrecy::Plain, Secrecy::Plain);
        for agreed in [&plain, &secure, &secure] {
            dialog.agreed(agreed);
            assert_eq!(dialog.keys, first);
        }
        dialog.agreed(&plain);
        assert_ne!(dialog.keys, first);
    }
}
