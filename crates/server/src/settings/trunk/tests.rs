use super::*;
use crate::settings::Settings;

/// The trunks of a file with these lines after one trunk's name and URI.
fn read(lines: &str) -> Result<Vec<Arc<Trunk>>, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("settings.toml");
    std::fs::write(&path, format!("[[trunk]]\nname = \"a\"\nuri = \"sip:carrier.example\"\n{lines}")).unwrap();
    let args = ["antiphon", "--config", path.to_str().unwrap()];
    let settings = Settings::load(args, &|_| None).map_err(|error| error.to_string())?;
    Ok(settings.live.trunks)
}

fn one(lines: &str) -> Trunk {
    Arc::unwrap_or_clone(read(lines).unwrap().remove(0))
}

#[test]
fn a_trunk_of_two_lines_registers_nowhere_and_is_asked_every_minute() {
    let trunk = one("");
    assert_eq!(trunk.registration, None);
    assert_eq!(trunk.options_interval, Duration::from_secs(60));
    assert_eq!((trunk.dtmf, trunk.identity, trunk.diversion), (DigitWay::Auto, IdentityHeader::Asserted, true));
    assert_eq!((trunk.from_user, trunk.from_host, trunk.max_calls, trunk.realm), (None, None, None, None));
    assert_eq!(trunk.transfer, TransferWay::Bridge);
}

#[test]
fn a_registration_is_the_users_at_the_uri_of_the_trunk_unless_told_otherwise() {
    let credentials = "username = \"u\"\npassword = \"p\"\nregister = true\n";
    let plain = one(credentials).registration.unwrap();
    assert_eq!((plain.registrar.as_str(), plain.user.as_str()), ("sip:carrier.example", "u"));
    assert_eq!((plain.contact_user.as_str(), plain.expires), ("u", Duration::from_secs(600)));
    let told = "registrar = \"sip:reg.example\"\nexpires = 120\nfrom_user = \"74950000000\"\ncontact_user = \"ivr\"";
    let told = one(&format!("{credentials}{told}")).registration.unwrap();
    assert_eq!((told.registrar.as_str(), told.user.as_str()), ("sip:reg.example", "74950000000"));
    assert_eq!((told.contact_user.as_str(), told.expires), ("ivr", Duration::from_secs(120)));
    // A trunk that knows us by our address asks for no password.
    assert_eq!(one("from_user = \"u\"\nregister = true").registration.unwrap().user, "u");
}

#[test]
fn every_other_key_is_understood() {
    let trunk = one("options_interval = 0\ndtmf = \"info\"\nidentity = \"rpid\"\ndiversion = false\nmax_calls = 30\n\
                     from_host = \"sip.example.net\"\nrealm = \"carrier\"\ntransfer = \"refer\"");
    assert_eq!(trunk.options_interval, Duration::ZERO);
    assert_eq!((trunk.dtmf, trunk.identity, trunk.diversion), (DigitWay::Info, IdentityHeader::RemoteParty, false));
    assert_eq!((trunk.max_calls, trunk.realm.as_deref()), (Some(30), Some("carrier")));
    assert_eq!((trunk.from_host.as_deref(), trunk.transfer), (Some("sip.example.net"), TransferWay::Refer));
}

#[test]
fn what_is_wrong_is_said_with_the_trunk_and_the_key() {
    for (lines, expected) in [
        ("register = true", "trunk \"a\": username: needed"),
        ("register = true\nusername = \"u\"", "trunk \"a\": password: username and password go together"),
        ("registrar = \"sip:x\"", "trunk \"a\": registrar: means nothing without register = true"),
        ("expires = 60", "trunk \"a\": expires: means nothing"),
        (
            "register = true\nusername = \"u\"\npassword = \"p\"\nregistrar = \"x\"",
            "trunk \"a\": registrar: \"x\" is not",
        ),
        (
            "register = true\nusername = \"u\"\npassword = \"p\"\nexpires = 5",
            "trunk \"a\": expires: 5 s is not between",
        ),
        ("options_interval = 100000", "trunk \"a\": options_interval: 100000 s is not between 0"),
        ("dtmf = \"morse\"", "trunk \"a\": dtmf: \"morse\" is none of"),
        ("srtp = \"dtls\"", "trunk \"a\": srtp: \"dtls\" is none of off, optional, required"),
        ("identity = \"passport\"", "trunk \"a\": identity: \"passport\" is none of"),
        ("from_user = \"a\\r\\nEvil: 1\"", "trunk \"a\": from_user: is empty, too long, or has a control"),
        ("from_host = \"a b\"", "trunk \"a\": from_host: \"a b\" is not a host"),
        ("from_host = \"u@x\"", "trunk \"a\": from_host: \"u@x\" is not a host"),
        ("transfer = \"always\"", "trunk \"a\": transfer: \"always\" is none of bridge, refer, auto"),
        ("max_calls = 0", "trunk \"a\": max_calls: 0 lets no call through"),
        ("[[trunk]]\nname = \"a\"\nuri = \"sip:y\"", "trunk \"a\": name: another trunk has the same"),
        ("[[trunk]]\nname = \"a/b\"\nuri = \"sip:y\"", "name: is empty, too long, or has a slash"),
    ] {
        let message = read(lines).expect_err(lines);
        assert!(message.contains(expected) && !message.contains('\n'), "{message:?} does not say {expected:?}");
    }
}

#[test]
fn a_trunk_shows_no_password() {
    let trunk = one("username = \"u\"\npassword = \"sesame\"\nregister = true");
    assert!(!format!("{trunk:?}").contains("sesame"));
}
