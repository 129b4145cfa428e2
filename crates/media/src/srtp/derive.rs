//! From a master key to the keys that packets are protected with.
//!
//! Shape: [`fill`] writes the key of one label. The key derivation rate is 0, so that each is made once.
//! Sources: RFC 3711 sections 4.3.1 and 4.3.3; RFC 7714 section 11.

use super::suite::MasterKey;
use aes::cipher::{BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipherCore};
use aes::{Aes128Enc, Aes256Enc};
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;

/// What a derived key is for (RFC 3711 section 4.3.2).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Label {
    RtpEncryption = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpEncryption = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
}

/// The byte of the 112 bits in which the label stands.
const LABEL_AT: usize = 7;

/// Writes as many bytes of the key for this label as `key` holds.
pub(super) fn fill(master: &MasterKey, label: Label, key: &mut [u8]) {
    let mut iv = [0; 16];
    // A salt of 96 bits has its zeros on the right.
    iv.iter_mut().zip(master.salt()).for_each(|(to, from)| *to = *from);
    iv[LABEL_AT] ^= label as u8;
    key.fill(0);
    match master.key().len() {
        32 => Aes256Enc::new_from_slice(master.key()).map(|aes| counter(&aes, &iv, key)),
        _ => Aes128Enc::new_from_slice(master.key()).map(|aes| counter(&aes, &iv, key)),
    }
    .expect("a master key has the length of its suite");
}

/// Adds the key stream of AES in counter mode from this block on (RFC 3711 section 4.1.1).
pub(super) fn counter<C>(aes: &C, iv: &[u8; 16], bytes: &mut [u8])
where
    C: BlockCipherEncrypt<BlockSize = aes::cipher::consts::U16>,
{
    CtrCore::<_, Ctr128BE>::inner_iv_init(aes, iv.into()).apply_keystream_partial(bytes.into());
}
