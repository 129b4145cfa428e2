//! Answering a digest challenge, as a phone does.
//!
//! Shape: a challenge and credentials in, the value of `Authorization` out. Apart from the code under test on purpose.
//! Sources: RFC 7616 §3.4, RFC 8760.

use md5::{Digest, Md5};
use sha2::Sha256;
use std::fmt::Write;

/// What a phone proves who it is with.
pub struct Proof<'a> {
    /// The user.
    pub user: &'a str,
    /// The password.
    pub password: &'a str,
    /// The method of the request.
    pub method: &'a str,
    /// The URI of the request.
    pub uri: &'a str,
}

fn param<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let list = challenge.trim().strip_prefix("Digest")?;
    list.split(',').find_map(|part| {
        let (found, value) = part.trim().split_once('=')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

fn hash(algorithm: &str, text: &str) -> String {
    let bytes: Vec<u8> = if algorithm.eq_ignore_ascii_case("SHA-256") {
        Sha256::digest(text.as_bytes()).to_vec()
    } else {
        Md5::digest(text.as_bytes()).to_vec()
    };
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The answer to a challenge, with `qop=auth` where that is offered; `None` when it is no digest challenge.
pub fn authorization(challenge: &str, proof: &Proof<'_>) -> Option<String> {
    let (realm, nonce) = (param(challenge, "realm")?, param(challenge, "nonce")?);
    let algorithm = param(challenge, "algorithm").unwrap_or("MD5");
    let Proof { user, password, method, uri } = proof;
    let secret = hash(algorithm, &format!("{user}:{realm}:{password}"));
    let request = hash(algorithm, &format!("{method}:{uri}"));
    let begin = format!(
        "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", algorithm={algorithm}"
    );
    if param(challenge, "qop").is_none() {
        let response = hash(algorithm, &format!("{secret}:{nonce}:{request}"));
        return Some(format!("{begin}, response=\"{response}\""));
    }
    let (count, cnonce) = ("00000001", "0a4f113b");
    let response = hash(algorithm, &format!("{secret}:{nonce}:{count}:{cnonce}:auth:{request}"));
    Some(format!("{begin}, response=\"{response}\", qop=auth, nc={count}, cnonce=\"{cnonce}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_comes_out() {
        // RFC 7616 §3.9.1, MD5 with another client nonce would differ; without qop it is RFC 2069's sum.
        let challenge = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
        let proof = Proof { user: "Mufasa", password: "Circle Of Life", method: "GET", uri: "/dir/index.html" };
        let answer = authorization(challenge, &proof).unwrap();
        assert!(answer.ends_with("response=\"670fd8c2df070c60b045671b8b24ff02\""), "{answer}");
    }
}
