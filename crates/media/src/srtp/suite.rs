//! The suites, and the master key that each wants.
//!
//! Shape: [`Suite`] is a name and its lengths; [`MasterKey`] is key and salt for one suite, overwritten when it is
//! dropped and never printed.
//! Errors: [`WrongLength`] for material of another length than the suite's.
//! Sources: RFC 4568 section 6.2; RFC 7714 sections 12 and 14.1.

use thiserror::Error;
use zeroize::Zeroizing;

/// Key and salt of the longest suite.
pub(crate) const MAX_MATERIAL: usize = 46;

/// What protects a stream.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Suite {
    /// AES in counter mode with a tag of 80 bits: what every phone has.
    AesCm128HmacSha1_80,
    /// The same with a tag of 32 bits on RTP. On RTCP it stays 80.
    AesCm128HmacSha1_32,
    /// AES in Galois counter mode with 128 bits of key.
    AeadAes128Gcm,
    /// The same with 256 bits of key.
    AeadAes256Gcm,
}

impl Suite {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] =
        [Self::AeadAes256Gcm, Self::AeadAes128Gcm, Self::AesCm128HmacSha1_80, Self::AesCm128HmacSha1_32];

    /// Its name in an `a=crypto` line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// The suite of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| name.eq_ignore_ascii_case(suite.name()))
    }

    /// Bytes of its key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 | Self::AeadAes128Gcm => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of its salt.
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => 14,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
        }
    }

    /// Bytes of key and salt together, as they stand after `inline:`.
    pub const fn material_len(self) -> usize {
        self.key_len() + self.salt_len()
    }

    pub(crate) const fn is_gcm(self) -> bool {
        matches!(self, Self::AeadAes128Gcm | Self::AeadAes256Gcm)
    }

    /// Bytes of the tag on an RTP packet.
    pub(crate) const fn tag_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 => 10,
            Self::AesCm128HmacSha1_32 => 4,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
        }
    }

    /// Bytes of the tag on an RTCP packet (RFC 4568 section 6.2.2).
    pub(crate) const fn rtcp_tag_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => 10,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
        }
    }
}

/// Key material of another length than the suite's.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
#[error("key and salt have another length than the suite's")]
pub struct WrongLength;

/// A master key with its salt.
#[derive(Clone)]
pub struct MasterKey {
    suite: Suite,
    material: Zeroizing<[u8; MAX_MATERIAL]>,
}

impl MasterKey {
    /// Takes key and salt, one after the other.
    ///
    /// # Errors
    /// [`WrongLength`] when they are not [`Suite::material_len`] bytes.
    pub fn new(suite: Suite, material: &[u8]) -> Result<Self, WrongLength> {
        let mut kept = Zeroizing::new([0; MAX_MATERIAL]);
        if material.len() != suite.material_len() {
            return Err(WrongLength);
        }
        kept.iter_mut().zip(material).for_each(|(to, from)| *to = *from);
        Ok(Self { suite, material: kept })
    }

    /// Cuts a key out of random bytes, of which there are enough for any suite.
    pub(crate) fn of_random(suite: Suite, random: &[u8; MAX_MATERIAL]) -> Self {
        let mut material = Zeroizing::new(*random);
        material.iter_mut().skip(suite.material_len()).for_each(|byte| *byte = 0);
        Self { suite, material }
    }

    /// What it is for.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Key and salt, as they stand after `inline:`.
    pub(crate) fn material(&self) -> &[u8] {
        &self.material[..self.suite.material_len()]
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.material[..self.suite.key_len()]
    }

    pub(crate) fn salt(&self) -> &[u8] {
        &self.material[self.suite.key_len()..self.suite.material_len()]
    }
}

/// Of two descriptions, not of a packet: nobody can measure it.
impl PartialEq for MasterKey {
    fn eq(&self, other: &Self) -> bool {
        self.suite == other.suite && *self.material == *other.material
    }
}

impl Eq for MasterKey {}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({})", self.suite.name())
    }
}

/// The bytes that name the master key in each packet of a peer that wants it so (RFC 3711 section 3.1). There is one key
/// a line, so they are only left out when a packet is read.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct Mki {
    /// Bytes in each packet; 0 where the peer has none.
    pub length: u8,
}
