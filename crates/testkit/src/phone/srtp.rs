//! A phone's SRTP, by another implementation than the one under test.
//!
//! Shape: told the descriptions of the far end; packets go through it on their way out and in.
//! Sources: RFC 3711, RFC 4568.

use antiphon_media::srtp::Suite;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rtc_srtp::context::Context;
use rtc_srtp::crypto::default_provider;
use rtc_srtp::protection_profile::ProtectionProfile;

/// One phone's keys, as long as it has a call.
pub(super) struct PhoneSrtp {
    suite: Suite,
    /// The line of ours that the far end knows, or is about to.
    line: String,
    keys: u8,
    /// Under the key of ours that the far end knows, with the text of it.
    sends: Option<(String, Context)>,
    /// Under the far end's keys, the newest first; with the text of each.
    hears: Vec<(String, Context)>,
}

impl PhoneSrtp {
    pub(super) fn new(suite: Suite) -> Self {
        Self { suite, line: line(suite, 1, 1), keys: 1, sends: None, hears: Vec::new() }
    }

    /// What stands after `a=crypto:` in the phone's next description: an answer, where there is an offer.
    pub(super) fn line(&mut self, offer: Option<&str>) -> &str {
        let tag = offer.and_then(|offer| lines(offer).find(|(_, suite, _)| *suite == self.suite.name()));
        self.line = line(self.suite, tag.and_then(|(tag, ..)| tag.parse().ok()).unwrap_or(1), self.keys);
        &self.line
    }

    /// Takes another key, from the next description on.
    pub(super) fn rekey(&mut self) {
        self.keys += 1;
    }

    /// Both descriptions are known; the far end's names its key.
    pub(super) fn connect(&mut self, theirs: &str) {
        let ours = self.line.rsplit(' ').next().unwrap_or_default().to_owned();
        if self.sends.as_ref().is_none_or(|(known, _)| *known != ours) {
            self.sends = context(self.suite, &ours).map(|context| (ours, context));
        }
        let key = lines(theirs).find(|(_, suite, _)| *suite == self.suite.name()).map(|(.., key)| key.to_owned());
        if let Some(key) = key.filter(|key| self.hears.first().is_none_or(|(known, _)| known != key))
            && let Some(context) = context(self.suite, &key)
        {
            self.hears.insert(0, (key, context));
            self.hears.truncate(2);
        }
    }

    pub(super) fn protect(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let (_, context) = self.sends.as_mut()?;
        context.encrypt_rtp(packet).ok().map(|packet| packet.to_vec())
    }

    pub(super) fn unprotect(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        self.hears.iter_mut().find_map(|(_, context)| context.decrypt_rtp(packet).ok()).map(|packet| packet.to_vec())
    }
}

/// The lines of a description: tag, suite and `inline:` with the key.
fn lines(description: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    description.lines().filter_map(|line| {
        let mut words = line.strip_prefix("a=crypto:")?.split_whitespace();
        Some((words.next()?, words.next()?, words.next()?))
    })
}

fn line(suite: Suite, tag: u32, number: u8) -> String {
    format!("{tag} {} {}", suite.name(), inline(suite, number))
}

/// The phone's key of this number.
fn inline(suite: Suite, number: u8) -> String {
    let material: Vec<u8> = (0..suite.material_len()).map(|at| (at as u8).wrapping_mul(31) ^ number).collect();
    format!("inline:{}", STANDARD.encode(material))
}

fn context(suite: Suite, inline: &str) -> Option<Context> {
    let material = STANDARD.decode(inline.strip_prefix("inline:")?.split('|').next()?).ok()?;
    let (key, salt) = material.split_at_checked(suite.key_len())?;
    let profile = match suite {
        Suite::AesCm128HmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
        Suite::AesCm128HmacSha1_32 => ProtectionProfile::Aes128CmHmacSha1_32,
        Suite::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        Suite::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
    };
    let provider = default_provider().ok()?;
    Context::new(key, salt, profile, None, None, provider.crypto()).ok()
}
