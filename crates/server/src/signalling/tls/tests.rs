use super::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::path::PathBuf;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// A folder with an authority of its own, and certificates by it.
struct Authority {
    folder: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { folder, issuer }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a certificate for these names, with its key; the settings that name both.
    fn issue(&self, file: &str, names: &[&str]) -> TlsSettings {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        let (at, key_at) = (self.path(&format!("{file}.pem")), self.path(&format!("{file}.key")));
        std::fs::write(&at, certificate.pem()).unwrap();
        std::fs::write(&key_at, key.serialize_pem()).unwrap();
        TlsSettings { certificate: at, key: key_at, ca: Some(self.path("ca.pem")), alpn: false }
    }
}

/// One connection from `client` to `server`, to which `host` must belong; the certificate it saw.
async fn connection(server: &Tls, client: &Tls, host: &str) -> io::Result<CertificateDer<'static>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let answer = async {
        let mut stream = server.accept(listener.accept().await?.0).await?;
        let mut said = [0; 5];
        stream.read_exact(&mut said).await?;
        stream.write_all(&said).await?;
        stream.flush().await
    };
    let ask = async {
        let stream = TcpStream::connect(address).await?;
        let (mut stream, certificate) = client.connect(ServerName::try_from(host.to_owned()).unwrap(), stream).await?;
        stream.write_all(b"hello").await?;
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"hello");
        io::Result::Ok(certificate)
    };
    let (_, asked) = tokio::join!(answer, ask);
    asked
}

#[tokio::test]
async fn a_connection_is_made_to_the_name_or_address_of_the_certificate_and_to_no_other() {
    let authority = Authority::new();
    let tls = Tls::load(&authority.issue("ours", &["sip.example.net", "192.0.2.1"])).unwrap();
    for good in ["sip.example.net", "192.0.2.1"] {
        let certificate = connection(&tls, &tls, good).await.unwrap();
        assert!(is_for(&certificate, &ServerName::try_from(good).unwrap()));
        assert!(!is_for(&certificate, &ServerName::try_from("other.example.net").unwrap()));
    }
    for bad in ["other.example.net", "192.0.2.2"] {
        let error = connection(&tls, &tls, bad).await.unwrap_err().to_string();
        assert!(error.contains("not valid for name"), "{error}");
    }
}

#[tokio::test]
async fn an_authority_that_nobody_named_is_not_trusted_and_a_certificate_that_signs_itself_is_where_it_is_named() {
    let authority = Authority::new();
    let server = Tls::load(&authority.issue("ours", &["sip.example.net"])).unwrap();
    let stranger = TlsSettings { ca: None, ..authority.issue("stranger", &["client.example.net"]) };
    let error = connection(&server, &Tls::load(&stranger).unwrap(), "sip.example.net").await.unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    let alone = rcgen::generate_simple_self_signed(vec!["sbc.example.net".to_owned()]).unwrap();
    std::fs::write(authority.path("sbc.pem"), alone.cert.pem()).unwrap();
    std::fs::write(authority.path("sbc.key"), alone.signing_key.serialize_pem()).unwrap();
    let (certificate, key) = (authority.path("sbc.pem"), authority.path("sbc.key"));
    let sbc = TlsSettings { certificate: certificate.clone(), key, ca: Some(certificate), alpn: false };
    let sbc = Tls::load(&sbc).unwrap();
    connection(&sbc, &sbc, "sbc.example.net").await.unwrap();
}

#[tokio::test]
async fn files_are_read_again_and_bad_ones_change_nothing() {
    let authority = Authority::new();
    let settings = authority.issue("ours", &["old.example.net"]);
    let tls = Tls::load(&settings).unwrap();
    let old = connection(&tls, &tls, "old.example.net").await.unwrap();
    authority.issue("ours", &["new.example.net"]);
    tls.reload(&settings).unwrap();
    assert_ne!(connection(&tls, &tls, "new.example.net").await.unwrap(), old);
    std::fs::write(&settings.certificate, "no certificate").unwrap();
    let error = tls.reload(&settings).unwrap_err().to_string();
    assert!(error.starts_with("sip.tls_certificate: /") && error.ends_with("holds no certificate"), "{error}");
    connection(&tls, &tls, "new.example.net").await.unwrap();
}

#[test]
fn an_unusable_file_is_named_with_its_setting() {
    let authority = Authority::new();
    let good = authority.issue("ours", &["a.example.net"]);
    let other = authority.issue("other", &["b.example.net"]);
    let empty = authority.path("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let missing = authority.path("missing.pem");
    let cases = [
        (TlsSettings { certificate: missing.clone(), ..good.clone() }, "sip.tls_certificate: "),
        (TlsSettings { certificate: empty.clone(), ..good.clone() }, "sip.tls_certificate: "),
        (TlsSettings { key: missing.clone(), ..good.clone() }, "sip.tls_key: "),
        (TlsSettings { key: empty.clone(), ..good.clone() }, "sip.tls_key: "),
        (TlsSettings { key: other.key, ..good.clone() }, "sip.tls_key: "),
        (TlsSettings { ca: Some(missing), ..good.clone() }, "sip.tls_ca: "),
        (TlsSettings { ca: Some(empty), ..good.clone() }, "sip.tls_ca: "),
    ];
    for (settings, expected) in cases {
        let error = Tls::load(&settings).unwrap_err().to_string();
        assert!(error.starts_with(expected) && !error.contains('\n'), "{error:?} does not begin with {expected}");
    }
    Tls::load(&good).unwrap();
}

#[tokio::test]
async fn alpn_is_spoken_where_it_is_switched_on_and_does_no_harm_to_those_without() {
    let authority = Authority::new();
    let plain = authority.issue("ours", &["a.example.net"]);
    let with = Tls::load(&TlsSettings { alpn: true, ..plain.clone() }).unwrap();
    let without = Tls::load(&plain).unwrap();
    for (server, client) in [(&with, &with), (&with, &without), (&without, &with)] {
        connection(server, client, "a.example.net").await.unwrap();
    }
}
