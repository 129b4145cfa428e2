//! URLs at which a recording can be fetched by whoever knows them, without a token.
//!
//! Shape: `<base>/recording/<id>.wav?expires=<seconds since 1970>&signature=<hexadecimal>`; the signature is the HMAC-SHA256 of the id and
//! the expiry under a key that the first start makes, in the file `links.key` of the data directory.
//! Errors: none for who links; who shows a link that is wrong or too old is told no more than that.
//! Sources: RFC 2104; `kazoo-pivot.md` 5.3 (RecordingUrl).

use std::{
    fs,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use antiphon_media::record::RecordingId;
use ring::hmac;

use super::now_ms;

/// The length of the key, in bytes.
const KEY: usize = 32;
/// How long a link is good for where the settings say nothing.
pub const USUAL_AGE: Duration = Duration::from_secs(7 * 86_400);

/// Makes links, and knows them again. Clones are the same.
#[derive(Clone)]
pub struct Links {
    key: Arc<hmac::Key>,
    /// Where we are, as the settings say.
    public: Option<Arc<str>>,
    /// Where we listen, once that is known.
    local: Arc<OnceLock<String>>,
    age: Duration,
}

impl Links {
    /// With the key of a data directory, made where there is none.
    ///
    /// # Errors
    /// What the operating system says about the key's file, or that it is too short.
    pub fn open(data: &Path, public: Option<&str>, age: Duration) -> io::Result<Self> {
        let key = key(&data.join("links.key"))?;
        let public = public.map(|url| url.trim_end_matches('/').into());
        Ok(Self { key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &key)), public, local: Arc::default(), age })
    }

    /// Says where the API listens, for links where the settings have no public URL.
    pub fn listen(&self, at: SocketAddr) {
        let ip = match at.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        // It listens once.
        let _ = self.local.set(format!("http://{}", SocketAddr::new(ip, at.port())));
    }

    /// The URL of a recording; `None` while nobody listens.
    pub fn link(&self, id: RecordingId) -> Option<String> {
        let base = self.public.as_deref().or(self.local.get().map(String::as_str))?;
        let expires = now_ms() / 1_000 + self.age.as_secs();
        let signature = hex(hmac::sign(&self.key, signed(id, expires).as_bytes()).as_ref());
        Some(format!("{base}/recording/{id}.wav?expires={expires}&signature={signature}"))
    }

    /// Whether a link with these parts was made by us and is not too old.
    pub fn is_good(&self, id: RecordingId, expires: u64, signature: &str) -> bool {
        let Some(bytes) = unhex(signature) else { return false };
        let is_ours = hmac::verify(&self.key, signed(id, expires).as_bytes(), &bytes).is_ok();
        is_ours && now_ms() / 1_000 <= expires
    }
}

fn signed(id: RecordingId, expires: u64) -> String {
    format!("antiphon recording {id} {expires}")
}

/// The key of this file, made where there is none.
fn key(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Ok(key) if key.len() >= KEY => return Ok(key),
        Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "links.key is too short to be a key")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let key: [u8; KEY] = rand::random();
    let beside = path.with_extension("key.new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    Ok(key.to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    digits?.chunks(2).map(|pair| Some((pair.first()? * 16 + pair.get(1)?) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_known_again_after_a_start_and_nothing_in_it_can_be_changed() {
        let folder = tempfile::tempdir().unwrap();
        let id = RecordingId(7);
        let open = || Links::open(folder.path(), Some("https://voice.example.com/"), USUAL_AGE).unwrap();
        let link = open().link(id).expect("the settings say where");
        let (place, query) = link.split_once('?').unwrap();
        assert_eq!(place, "https://voice.example.com/recording/00000000000000000000000000000007.wav");
        let (expires, signature) = query.strip_prefix("expires=").unwrap().split_once("&signature=").unwrap();
        let expires: u64 = expires.parse().unwrap();
        let again = open();
        assert!(again.is_good(id, expires, signature));
        assert!(!again.is_good(RecordingId(8), expires, signature));
        assert!(!again.is_good(id, expires + 1, signature));
        for bad in ["", "0", "zz", &signature[2..], &signature[1..]] {
            assert!(!again.is_good(id, expires, bad), "{bad}");
        }
        let old = Links { age: Duration::ZERO, ..again.clone() };
        let past = now_ms() / 1_000 - 1;
        let signature = hex(hmac::sign(&old.key, signed(id, past).as_bytes()).as_ref());
        assert!(!old.is_good(id, past, &signature), "too old");
    }

    #[test]
    fn without_a_public_url_links_lead_to_where_the_api_listens() {
        let folder = tempfile::tempdir().unwrap();
        let links = Links::open(folder.path(), None, USUAL_AGE).unwrap();
        assert_eq!(links.link(RecordingId(1)), None);
        links.listen("0.0.0.0:8080".parse().unwrap());
        assert!(links.link(RecordingId(1)).unwrap().starts_with("http://127.0.0.1:8080/recording/"));
    }
}
