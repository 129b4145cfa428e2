//! What a suite does to one packet, in one direction, for RTP or for RTCP.
//!
//! Shape: keys derived once; a packet is changed where it lies, and its tag is written or compared beside it.
//! Errors: a false tag leaves the packet as it came. Tags are compared in constant time.
//! Sources: RFC 3711 sections 4.1.1 (counter), 4.2 (tag) and 3.4 (RTCP); RFC 7714 sections 8 and 9.

use super::SrtpError;
use super::derive::{Label, counter, fill};
use super::index;
use super::layout::{INDEX_LEN, RTCP_HEADER, RtpHead};
use super::suite::{MasterKey, Suite};
use aes::{Aes128Enc, Aes256Enc};
use aes_gcm::aead::consts::U12;
use aes_gcm::{AeadInOut, AesGcm, KeyInit};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;

/// Set in the index of an SRTCP packet whose body is encrypted.
pub(super) const ENCRYPTED: u32 = 1 << 31;
/// Bytes of the key of a tag.
const AUTHENTICATION_KEY: usize = 20;

/// Which packets a cipher is for.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Rtp,
    Rtcp,
}

/// The derived keys of one direction and one kind of packet.
pub(super) struct Cipher {
    keys: Keys,
    /// Of 14 bytes or, for AES-GCM, 12.
    salt: Zeroizing<[u8; 14]>,
}

enum Keys {
    Cm { aes: Aes128Enc, hmac: Hmac<Sha1> },
    Gcm128(AesGcm<Aes128Enc, U12>),
    Gcm256(AesGcm<Aes256Enc, U12>),
}

impl Cipher {
    pub(super) fn new(master: &MasterKey, kind: Kind) -> Self {
        let [encryption, authentication, salting] = match kind {
            Kind::Rtp => [Label::RtpEncryption, Label::RtpAuthentication, Label::RtpSalt],
            Kind::Rtcp => [Label::RtcpEncryption, Label::RtcpAuthentication, Label::RtcpSalt],
        };
        let mut key = Zeroizing::new([0; 32]);
        let mut authentication_key = Zeroizing::new([0; AUTHENTICATION_KEY]);
        let mut salt = Zeroizing::new([0; 14]);
        let suite = master.suite();
        let key = &mut key[..suite.key_len()];
        fill(master, encryption, key);
        fill(master, authentication, &mut *authentication_key);
        fill(master, salting, &mut salt[..suite.salt_len()]);
        Self::of_session_keys(suite, key, &authentication_key, salt)
    }

    /// The cipher of keys that are derived already.
    pub(super) fn of_session_keys(
        suite: Suite,
        key: &[u8],
        authentication: &[u8; AUTHENTICATION_KEY],
        salt: Zeroizing<[u8; 14]>,
    ) -> Self {
        let fits = "a derived key has the length of its suite";
        let keys = match suite {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => Keys::Cm {
                aes: Aes128Enc::new_from_slice(key).expect(fits),
                hmac: Hmac::new_from_slice(authentication).expect("a key of a tag may have any length"),
            },
            Suite::AeadAes128Gcm => Keys::Gcm128(AesGcm::new_from_slice(key).expect(fits)),
            Suite::AeadAes256Gcm => Keys::Gcm256(AesGcm::new_from_slice(key).expect(fits)),
        };
        Self { keys, salt }
    }

    /// Encrypts the payload of an RTP packet and writes its tag.
    pub(super) fn seal_rtp(&self, packet: &mut [u8], head: &RtpHead, index: u64, tag: &mut [u8]) {
        let (readable, payload) = packet.split_at_mut(head.length);
        match &self.keys {
            Keys::Cm { aes, hmac } => {
                counter(aes, &self.counter_block(head.ssrc, index), payload);
                write_tag(mac(hmac, packet, index::rollover_bytes(index)), tag);
            }
            Keys::Gcm128(gcm) => seal(gcm, &self.nonce(head.ssrc, index), readable, payload, tag),
            Keys::Gcm256(gcm) => seal(gcm, &self.nonce(head.ssrc, index), readable, payload, tag),
        }
    }

    /// Decrypts the payload of an RTP packet, if the tag is that of this index.
    pub(super) fn open_rtp(&self, packet: &mut [u8], head: &RtpHead, index: u64, tag: &[u8]) -> Result<(), SrtpError> {
        let (readable, payload) = packet.split_at_mut(head.length);
        match &self.keys {
            Keys::Cm { aes, hmac } => {
                check_tag(mac(hmac, packet, index::rollover_bytes(index)), tag)?;
                counter(aes, &self.counter_block(head.ssrc, index), &mut packet[head.length..]);
                Ok(())
            }
            Keys::Gcm128(gcm) => open(gcm, &self.nonce(head.ssrc, index), readable, payload, tag),
            Keys::Gcm256(gcm) => open(gcm, &self.nonce(head.ssrc, index), readable, payload, tag),
        }
    }

    /// Encrypts an RTCP packet and writes its tag.
    pub(super) fn seal_rtcp(&self, packet: &mut [u8], ssrc: u32, index: u32, tag: &mut [u8]) {
        let word = (index | ENCRYPTED).to_be_bytes();
        let (readable, body) = packet.split_at_mut(RTCP_HEADER);
        match &self.keys {
            Keys::Cm { aes, hmac } => {
                counter(aes, &self.counter_block(ssrc, index.into()), body);
                write_tag(mac(hmac, packet, word), tag);
            }
            Keys::Gcm128(gcm) => seal(gcm, &self.nonce(ssrc, index.into()), &associated(readable, word), body, tag),
            Keys::Gcm256(gcm) => seal(gcm, &self.nonce(ssrc, index.into()), &associated(readable, word), body, tag),
        }
    }

    /// Decrypts an RTCP packet, if the tag is true. `packet` is followed by the four bytes of its flag and index, which
    /// are given again as `word`.
    pub(super) fn open_rtcp(&self, packet: &mut [u8], ssrc: u32, word: u32, tag: &[u8]) -> Result<(), SrtpError> {
        let index = u64::from(word & !ENCRYPTED);
        let end = packet.len() - INDEX_LEN;
        if let Keys::Cm { aes, hmac } = &self.keys {
            check_tag(mac(hmac, &packet[..end], word.to_be_bytes()), tag)?;
            if word & ENCRYPTED != 0 {
                counter(aes, &self.counter_block(ssrc, index), &mut packet[RTCP_HEADER..end]);
            }
            return Ok(());
        }
        let nonce = self.nonce(ssrc, index);
        if word & ENCRYPTED == 0 {
            return self.open_gcm(&nonce, packet, &mut [], tag);
        }
        let (readable, body) = packet[..end].split_at_mut(RTCP_HEADER);
        self.open_gcm(&nonce, &associated(readable, word.to_be_bytes()), body, tag)
    }

    fn open_gcm(&self, nonce: &[u8; 12], readable: &[u8], body: &mut [u8], tag: &[u8]) -> Result<(), SrtpError> {
        match &self.keys {
            Keys::Cm { .. } => Err(SrtpError::Unauthentic),
            Keys::Gcm128(gcm) => open(gcm, nonce, readable, body, tag),
            Keys::Gcm256(gcm) => open(gcm, nonce, readable, body, tag),
        }
    }

    /// The first counter of a packet (RFC 3711 section 4.1.1).
    fn counter_block(&self, ssrc: u32, index: u64) -> [u8; 16] {
        let number = u128::from(ssrc) << 64 | u128::from(index) << 16;
        let mut block = number.to_be_bytes();
        block.iter_mut().zip(self.salt.iter()).for_each(|(to, salt)| *to ^= salt);
        block
    }

    /// The initialisation vector of a packet (RFC 7714 sections 8.1 and 9.1).
    fn nonce(&self, ssrc: u32, index: u64) -> [u8; 12] {
        let [.., i0, i1, i2, i3, i4, i5] = index.to_be_bytes();
        let [s0, s1, s2, s3] = ssrc.to_be_bytes();
        let mut nonce = [0, 0, s0, s1, s2, s3, i0, i1, i2, i3, i4, i5];
        nonce.iter_mut().zip(self.salt.iter()).for_each(|(to, salt)| *to ^= salt);
        nonce
    }
}

/// The readable header of an RTCP packet and its index, as AES-GCM authenticates them.
fn associated(readable: &[u8], word: [u8; INDEX_LEN]) -> [u8; RTCP_HEADER + INDEX_LEN] {
    let mut associated = [0; RTCP_HEADER + INDEX_LEN];
    associated.iter_mut().zip(readable.iter().chain(&word)).for_each(|(to, from)| *to = *from);
    associated
}

fn mac(hmac: &Hmac<Sha1>, packet: &[u8], after: [u8; 4]) -> Hmac<Sha1> {
    let mut mac = hmac.clone();
    mac.update(packet);
    mac.update(&after);
    mac
}

fn write_tag(mac: Hmac<Sha1>, tag: &mut [u8]) {
    let whole = mac.finalize().into_bytes();
    tag.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
}

fn check_tag(mac: Hmac<Sha1>, tag: &[u8]) -> Result<(), SrtpError> {
    mac.verify_truncated_left(tag).map_err(|_| SrtpError::Unauthentic)
}

fn seal<G>(gcm: &G, nonce: &[u8; 12], readable: &[u8], body: &mut [u8], tag: &mut [u8])
where
    G: AeadInOut<NonceSize = U12>,
{
    let made = gcm.encrypt_inout_detached(nonce.into(), readable, body.into());
    let made = made.expect("a packet is shorter than AES-GCM can protect");
    tag.iter_mut().zip(made).for_each(|(to, from)| *to = from);
}

fn open<G>(gcm: &G, nonce: &[u8; 12], readable: &[u8], body: &mut [u8], tag: &[u8]) -> Result<(), SrtpError>
where
    G: AeadInOut<NonceSize = U12>,
{
    let tag = tag.try_into().map_err(|_| SrtpError::Malformed)?;
    gcm.decrypt_inout_detached(nonce.into(), readable, body.into(), tag).map_err(|_| SrtpError::Unauthentic)
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.keys {
            Keys::Cm { .. } => "Cipher(AES-CM)",
            Keys::Gcm128(_) => "Cipher(AES-128-GCM)",
            Keys::Gcm256(_) => "Cipher(AES-256-GCM)",
        })
    }
}
