use std::path::Path;
use std::time::Duration;

use antiphon_ivr::Language;
use tracing::level_filters::LevelFilter;

use super::{
    Command, FillerSound, GuardSettings, LogFormat, RulesSettings, SessionTimers, Settings, SettingsError,
    StoreLocation, TraceSettings,
};

fn load(args: &[&str], environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let args = std::iter::once("antiphon").chain(args.iter().copied());
    let told = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    Settings::load(args, &told)
}

fn with_file(text: &str, args: &[&str], environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("settings.toml");
    std::fs::write(&path, text).unwrap();
    let mut all = vec!["--config", path.to_str().unwrap()];
    all.extend(args);
    load(&all, environment)
}

/// The message of the refusal, which must be one line.
fn refused(result: Result<Settings, SettingsError>) -> String {
    let message = result.unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message:?} is more than one line");
    message
}

#[test]
fn without_anything_the_defaults_of_the_manual_hold() {
    let settings = load(&[], &[]).unwrap();
    assert_eq!(settings.data, Path::new("antiphon-data"));
    let listeners: Vec<String> = settings.sip.iter().map(ToString::to_string).collect();
    assert_eq!(listeners, ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"]);
    assert_eq!(settings.http.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.rtp_ports, 16384..=32767);
    assert_eq!(settings.advertise, None);
    assert_eq!(settings.store, StoreLocation::Sqlite("antiphon-data/antiphon.db".into()));
    assert_eq!(settings.log_format, LogFormat::Text);
    assert_eq!(settings.drain_timeout, Duration::from_secs(30));
    assert_eq!(settings.requests_per_hour, Some(36_000));
    assert_eq!(settings.session_timers, SessionTimers::default());
    assert_eq!(settings.live.log, LevelFilter::INFO);
    assert_eq!(settings.live.access.realm, "antiphon");
    let allowed: Vec<String> = settings.live.access.allow.iter().map(ToString::to_string).collect();
    assert_eq!(allowed, ["127.0.0.0/8", "::1/128"]);
    assert!(settings.live.trunks.is_empty());
}

#[test]
fn the_silence_of_peers_has_two_limits_and_either_can_be_switched_off() {
    let rtp = |table: &str| with_file(&format!("[rtp]\n{table}"), &[], &[]);
    let (seconds, default) = (Duration::from_secs, load(&[], &[]).unwrap().rtp);
    assert_eq!((default.silence_warning, default.hangup_after_silence), (Some(seconds(10)), Some(seconds(300))));
    assert_eq!(default.patience().first, seconds(3));
    let set = rtp("rtcp_mux = true\nsilence_warning = 2\nhangup_after_silence = 0").unwrap().rtp;
    assert_eq!((set.rtcp_mux, set.hangup_after_silence), (antiphon_media::sdp::RtcpMux::Offered, None));
    assert_eq!((set.patience().first, set.patience().silence), (seconds(2), seconds(2)));
    assert_eq!(refused(rtp("hangup_after_silence = 86401")), "rtp.hangup_after_silence: 86401 s is more than a day");
    assert!(refused(rtp("rtcp = 1")).contains("rtcp"));
}

#[test]
fn what_is_remembered_of_calls_is_bounded_by_number_and_memory() {
    let trace = |table: &str| with_file(&format!("[trace]\n{table}"), &[], &[]);
    assert_eq!(load(&[], &[]).unwrap().trace, TraceSettings { calls: 1000, bytes: 64 << 20 });
    let set = trace("calls = 0\nmegabytes = 1").unwrap().trace;
    assert_eq!(set, TraceSettings { calls: 0, bytes: 1 << 20 });
    let message = refused(trace("calls = 2000000"));
    assert_eq!(message, "trace.calls: 2000000 is more than 1000000");
    assert!(refused(trace("calls = -1")).contains("calls"));
    assert!(refused(trace("seconds = 1")).contains("seconds"));
}

#[test]
fn the_choices_of_menus_are_off_unless_the_file_says_otherwise() {
    let rules = |table: &str| with_file(&format!("[rules]\n{table}"), &[], &[]);
    assert_eq!(load(&[], &[]).unwrap().live.rules, RulesSettings::default());
    let set = rules("eager_match = true\npost_rule_as_object = true").unwrap().live.rules;
    assert!(set.policy.eager_match && set.post_rule_as_object);
    assert!(!set.policy.strict_final && !set.policy.transfer_timeout_falls_through);
    assert!(
        rules("strict_final = true\ntransfer_timeout_falls_through = true").unwrap().live.rules.policy.strict_final
    );
    let set = rules("ring_time = 20\nvoice_helper_after_prompt = true\nexact_names = true\nivr_paths = false")
        .unwrap()
        .live
        .rules;
    assert_eq!(set.policy.ring_time, Duration::from_secs(20));
    assert_eq!(set.policy.voice_helper_from, antiphon_ivr::ListenFrom::PromptsEnd);
    assert!(set.policy.exact_names && set.without_ivr_paths);
    assert_eq!(refused(rules("ring_time = 0")), "rules.ring_time: 0 is not between 1 and 3600");
    let recording = |table: &str| with_file(&format!("[recording]\n{table}"), &[], &[]);
    let set = recording("message_longest = 60\nmessage_silence = 4\nmessage_shortest = 0").unwrap().live.rules;
    let limits = [set.policy.messages.longest, set.policy.messages.silence, set.policy.messages.shortest];
    assert_eq!(limits, [60, 4, 0].map(Duration::from_secs));
    let message = refused(recording("message_longest = 2"));
    assert_eq!(message, "recording.message_shortest: leaves no message: it is not below message_longest");
    assert_eq!(refused(recording("message_silence = 0")), "recording.message_silence: 0 is not between 1 and 3600");
    assert_eq!(load(&[], &[]).unwrap().live.callbacks_percent, 25);
    let api = |percent: &str| with_file(&format!("[api]\ncallbacks_percent = {percent}"), &[], &[]);
    assert_eq!(api("100").unwrap().live.callbacks_percent, 100);
    assert_eq!(refused(api("101")), "api.callbacks_percent: 101 is not between 1 and 100");
    assert!(refused(rules("eager = true")).contains("eager"));
    assert!(refused(rules("eager_match = 1")).contains("eager_match"));
}

#[test]
fn applications_for_pivot_run_as_the_ledger_says_unless_the_file_says_otherwise() {
    use antiphon_ivr::{
        FetchMethod,
        pivot::{Policy, UriResolution},
    };
    let pivot = |table: &str| with_file(&format!("[pivot]\n{table}"), &[], &[]);
    assert_eq!(*load(&[], &[]).unwrap().live.pivot.policy, Policy::default());
    let set = pivot(
        "strict_validation = true\ntwiml_default_method = \"get\"\nuri_resolution = \"kazoo\"\nreject_status = 603\n\
         longest_timeout_ms = 20000\nhidden_headers = [\"X-Auth-IP\"]\ndeny_hosts = [\"LOCALHOST\"]\ndeny = [\"10.0.0.0/8\"]",
    );
    let set = set.unwrap().live.pivot;
    let policy = &set.policy;
    assert!(policy.strict_validation && policy.status_in_first_request && !policy.answer_on_first_verb);
    assert_eq!((policy.twiml_default_method, policy.uri_resolution), (FetchMethod::Get, UriResolution::Kazoo));
    assert_eq!((policy.reject_status, policy.longest_patience), (603, Duration::from_secs(20)));
    assert!(!set.is_told("x-AUTH-ip") && set.is_told("X-Other"));
    for url in ["http://localhost/", "http://10.1.2.3/a"] {
        assert!(policy.guard.check(url).is_err(), "{url}");
    }
    assert!(policy.guard.check("http://example.com/").is_ok());
    for (table, said) in [
        ("twiml_default_method = \"put\"", "pivot.twiml_default_method: \"put\""),
        ("uri_resolution = \"rfc\"", "pivot.uri_resolution: \"rfc\""),
        ("reject_status = 200", "pivot.reject_status: 200"),
        ("longest_timeout_ms = 0", "pivot.longest_timeout_ms: 0 ms"),
        ("max_requests = 0", "pivot.max_requests: 0"),
        ("hidden_headers = [\"Via\"]", "pivot.hidden_headers: \"via\""),
        ("deny = [\"ten\"]", "pivot.deny: \"ten\""),
        ("strict = true", "strict"),
    ] {
        let message = refused(pivot(table));
        assert!(message.contains(said), "{table}: {message}");
    }
}

#[test]
fn callers_name_pages_only_where_the_file_says_so_and_on_which_hosts() {
    let vxml = |table: &str| with_file(&format!("[vxml]\n{table}"), &[], &[]);
    assert!(!load(&[], &[]).unwrap().live.vxml.dialog);
    let set = vxml("dialog = true\nclient = \"000\"\nhosts = [\"pages.example\"]").unwrap().live.vxml;
    assert_eq!((set.dialog, set.client.as_deref()), (true, Some("000")));
    assert!(set.may_be_on("pages.example") && !set.may_be_on("example"));
    for (table, said) in [
        ("dialog = true", "vxml.hosts: is needed"),
        ("hosts = [\"*\"]", "vxml.hosts: \"*\""),
        ("dialogue = true", "dialogue"),
    ] {
        let message = refused(vxml(table));
        assert!(message.contains(said), "{table}: {message}");
    }
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let file = "http = \"127.0.0.1:1\"\nlog = \"warn\"\nrtp_ports = \"2000-2001\"";
    let environment = [("ANTIPHON_HTTP", "127.0.0.1:2"), ("ANTIPHON_LOG", "debug")];
    let settings = with_file(file, &["--http", "127.0.0.1:3"], &environment).unwrap();
    assert_eq!(settings.http.port(), 3);
    assert_eq!(settings.live.log, LevelFilter::DEBUG);
    assert_eq!(settings.rtp_ports, 2000..=2001);
}

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set() {
    let environment = [("ANTIPHON_HTTP", ""), ("ANTIPHON_SIP", ""), ("ANTIPHON_CONFIG", "")];
    assert_eq!(load(&[], &environment).unwrap().http.port(), 8080);
}

#[test]
fn listeners_come_from_flags_or_a_comma_list_or_the_file() {
    let listeners = |settings: Settings| settings.sip.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let environment = [("ANTIPHON_SIP", "udp:127.0.0.1:1, tcp:127.0.0.1:2")];
    assert_eq!(
        listeners(load(&["--sip", "udp:[::1]:7", "--sip", "tcp:127.0.0.1:0"], &environment).unwrap()),
        "udp:[::1]:7 tcp:127.0.0.1:0"
    );
    assert_eq!(listeners(load(&[], &environment).unwrap()), "udp:127.0.0.1:1 tcp:127.0.0.1:2");
    assert_eq!(listeners(with_file("sip = [\"udp:127.0.0.1:9\"]", &[], &[]).unwrap()), "udp:127.0.0.1:9");
    let table = "[sip]\nlisten = [\"udp:127.0.0.1:8\"]\nrealm = \"here\"";
    assert_eq!(listeners(with_file(table, &[], &[]).unwrap()), "udp:127.0.0.1:8");
}

#[test]
fn the_file_holds_access_trunks_and_the_drain() {
    let file = r#"
        drain_timeout = 5
        [sip]
        allow = ["10.0.0.0/8"]
        realm = "example"
        session_expires = 600
        min_se = 120
        [[trunk]]
        name = "carrier"
        uri = "sip:sip.example.net;transport=udp"
        username = "u"
        password = "p"
        match = ["203.0.113.0/24"]
        dial = ["^\\+?[1-9][0-9]{6,14}$"]
        dtmf = "rfc4733"
    "#;
    let settings = with_file(file, &["serve"], &[]).unwrap();
    assert_eq!(settings.drain_timeout, Duration::from_secs(5));
    assert_eq!(settings.live.access.realm, "example");
    let (session_expires, min_se) = (Duration::from_secs(600), Duration::from_secs(120));
    assert_eq!(settings.session_timers, SessionTimers { session_expires, min_se });
    let trunk = &settings.live.trunks[0];
    assert_eq!((trunk.name.as_str(), trunk.uri.as_str()), ("carrier", "sip:sip.example.net;transport=udp"));
    assert!(trunk.networks[0].contains("203.0.113.9".parse().unwrap()));
    assert!(trunk.dial[0].is_match("+37410000000"));
    assert!(!trunk.dial[0].is_match("911"));
    assert!(!format!("{trunk:?}").contains("\"p\""), "the password is not for logs");
}

#[test]
fn the_file_holds_tls_name_servers_and_failover() {
    let file = r#"
        [sip]
        listen = ["tls:127.0.0.1", "udp:127.0.0.1:5060"]
        tls_certificate = "/etc/antiphon/certificate.pem"
        tls_key = "/etc/antiphon/key.pem"
        tls_ca = "/etc/antiphon/ca.pem"
        tls_alpn = true
        dns = ["127.0.0.1:5353", "::1"]
        failover_after = 2
    "#;
    let settings = with_file(file, &[], &[]).unwrap();
    assert_eq!(settings.sip[0].to_string(), "tls:127.0.0.1:5061");
    let tls = settings.tls.expect("the files of TLS");
    assert_eq!(
        (tls.certificate.as_path(), tls.key.as_path()),
        (Path::new("/etc/antiphon/certificate.pem"), Path::new("/etc/antiphon/key.pem"))
    );
    assert_eq!((tls.ca.as_deref(), tls.alpn), (Some(Path::new("/etc/antiphon/ca.pem")), true));
    let servers: Vec<String> = settings.dns.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["127.0.0.1:5353", "[::1]:53"]);
    assert_eq!(settings.live.failover_after, Duration::from_secs(2));
    let plain = load(&[], &[]).unwrap();
    assert_eq!((plain.tls, plain.dns.len(), plain.live.failover_after), (None, 0, Duration::from_secs(4)));
}

#[test]
fn the_language_is_one_that_the_system_speaks() {
    assert_eq!(load(&[], &[]).unwrap().language, Language::English);
    assert_eq!(with_file("language = \"ru-RU\"", &[], &[]).unwrap().language, Language::Russian);
    assert_eq!(load(&["--language", "hy"], &[("ANTIPHON_LANGUAGE", "ru")]).unwrap().language, Language::Armenian);
    assert_eq!(refused(load(&["--language", "xx"], &[])), "--language: \"xx\" must be one of: en, ru, hy");
}

#[test]
fn the_file_names_the_country_of_the_tones() {
    assert_eq!(load(&[], &[]).unwrap().tones.code(), "eu");
    assert_eq!(with_file("[tones]\ncountry = \"AM\"", &[], &[]).unwrap().tones.code(), "am");
    let message = refused(with_file("[tones]\ncountry = \"atlantis\"", &[], &[]));
    assert!(message.contains("tones.country: \"atlantis\" is no country"), "{message:?}");
}

#[test]
fn a_trunk_may_be_reached_over_tls() {
    for uri in ["sips:sip.example.net", "sip:sip.example.net;transport=tls", "sips:192.0.2.1:5071;transport=tcp"] {
        let file = format!("[[trunk]]\nname = \"a\"\nuri = \"{uri}\"");
        assert_eq!(with_file(&file, &[], &[]).unwrap().live.trunks[0].uri, uri);
    }
}

#[test]
fn a_refusal_is_one_line_that_names_the_setting() {
    for (args, environment, expected) in [
        (&["--http", "localhost"][..], &[][..], "--http: \"localhost\" is not an IP address and port"),
        (&["--sip", "wss:127.0.0.1:443"], &[], "--sip: \"wss:127.0.0.1:443\" the transport wss is not built yet"),
        (&["--sip", "tls:127.0.0.1:5061"], &[], "sip.tls_certificate: needed, because there is a tls: listener"),
        (&["--store", "postgres://h/d"], &[], "--store: a PostgreSQL store is not built yet"),
        (&["--store", "mysql:x"], &[], "--store: \"mysql:x\" is not sqlite:"),
        (&["--rtp-ports", "9-8"], &[], "--rtp-ports: \"9-8\" is not LOW-HIGH"),
        (&["--rtp-ports", "20000"], &[], "--rtp-ports"),
        (&["--rtp-ports", "20001-20001"], &[], "--rtp-ports: \"20001-20001\" is not LOW-HIGH"),
        (&["--advertise", "me"], &[], "--advertise: \"me\" is not an IP address"),
        (&["--log", "loud"], &[], "--log: \"loud\" is none of"),
        (&["--log-format", "xml"], &[], "--log-format"),
        (&[], &[("ANTIPHON_HTTP", "x")], "ANTIPHON_HTTP: \"x\""),
        (&["--config", "/nonexistent/a.toml"], &[], "config: /nonexistent/a.toml"),
        (&["--frobnicate"], &[], "unexpected argument '--frobnicate'"),
    ] {
        let message = refused(load(args, environment));
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    }
}

#[test]
fn a_wrong_file_is_refused_with_the_name_of_the_key() {
    for (file, expected) in [
        ("htpp = \"x\"", "`htpp`"),
        ("http = 5", "line 1: http: "),
        ("drain_timeout = -1", "line 1: drain_timeout: "),
        ("\n[[trunk]]\nname = \"a\"\nuri = \"sip:x\"\ndial = [\n  \"1\",\n  2,\n]", "dial: "),
        ("\n[sip]\nrelam = \"x\"", "`relam`"),
        ("[sip]\nrate_limit = -1", "sip.rate_limit: "),
        ("[sip]\nrealm = \"a\"\nban_seconds = \"600\"", "sip.ban_seconds: "),
        ("[sip]\ndns = [1]", "sip.dns: "),
        ("[sip]\nallow = [\"10.0.0.0/40\"]", "sip.allow: \"10.0.0.0/40\""),
        ("[sip]\nmin_se = 89", "sip.min_se: 89 s"),
        ("[sip]\nmin_se = 600\nsession_expires = 599", "sip.session_expires: 599 s"),
        ("[sip]\nsession_expires = 86401", "sip.session_expires"),
        ("[rtp]\nsrtp = \"always\"", "rtp.srtp: \"always\" is none of off, optional, required"),
        ("[rtp]\nsrpt = \"off\"", "`srpt`"),
        ("sip = []", "sip: names no listener"),
        ("sip = 5060", "sip: is neither"),
        ("[[trunk]]\nuri = \"sip:x\"", "`name`"),
        ("[[trunk]]\nname = \"a\"\nuri = \"sip:x\"\ncolour = 1", "`colour`"),
        ("[[trunk]]\nname = \"a\"\nuri = \"http:x\"", "trunk \"a\": uri"),
        ("[[trunk]]\nname = \"a\"\nuri = \"sip:\"", "trunk \"a\": uri: \"sip:\" is not a SIP URI"),
        ("[[trunk]]\nname = \"a\"\nuri = \"sip:x y\"", "trunk \"a\": uri: \"sip:x y\" is not a SIP URI"),
        ("[[trunk]]\nname = \"a\"\nuri = \"sip:x:99999\"", "trunk \"a\": uri: \"sip:x:99999\" is not a SIP URI"),
        ("[[trunk]]\nname = \"a\"\nuri = \"sip:x;transport=ws\"", "uri: \"sip:x;transport=ws\" asks for"),
        ("[[trunk]]\nname = \"a\"\nuri = \"sips:x;transport=udp\"", "uri: \"sips:x;transport=udp\" asks for"),
        ("[sip]\nlisten = [\"tls:127.0.0.1:0\"]\ntls_certificate = \"c.pem\"", "sip.tls_key: needed"),
        ("[sip]\ndns = [\"ns.example.net\"]", "sip.dns: \"ns.example.net\" is not an IP address"),
        ("[sip]\nfailover_after = 0", "sip.failover_after: 0 s is not between 1 and 32"),
        ("[[trunk]]\nname = \"a\"\nuri = \"sip:x\"\ndial = [\"(\"]", "trunk \"a\": dial"),
        ("drain_timeout = 1000000", "drain_timeout"),
    ] {
        let message = refused(with_file(file, &[], &[]));
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    }
}

#[test]
fn help_and_version_are_texts_to_print() {
    let nothing = |_: &str| None;
    for (args, expected) in [
        (&["antiphon", "--help"][..], "--rtp-ports"),
        (&["antiphon", "version"], env!("CARGO_PKG_VERSION")),
        (&["antiphon", "--version"], env!("CARGO_PKG_VERSION")),
    ] {
        match Command::parse(args, &nothing).unwrap() {
            Command::Print(text) => assert!(text.contains(expected), "{text}"),
            Command::Serve(_) => panic!("{args:?} is no order to serve"),
        }
    }
}

#[test]
fn the_file_that_is_shipped_is_understood() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/antiphon.toml");
    let settings = load(&["--config", shipped.to_str().unwrap()], &[]).unwrap();
    assert_eq!(settings.data, Path::new("/var/lib/antiphon"));
}

#[test]
fn the_limits_of_a_source_are_settings_and_zero_is_none() {
    let usual = load(&[], &[]).unwrap().live.guard;
    assert_eq!(usual, GuardSettings::default());
    let file = "[sip]\nrate_limit = 5\nrate_burst = 7\nnew_rate_limit = 0\nphone_rate_limit = 11\ntrusted_rate_limit = 0\n\
                ban_after = 3\nban_seconds = 60\nconnections_per_source = 2\nmax_lateness_ms = 0\n";
    let expect = GuardSettings {
        rate: 5,
        burst: 7,
        new_rate: 0,
        phone_rate: 11,
        trusted_rate: 0,
        ban_after: 3,
        ban: Duration::from_secs(60),
        connections: 2,
        max_lateness: None,
    };
    assert_eq!(with_file(file, &[], &[]).unwrap().live.guard, expect);
    for (file, expect) in [
        ("[sip]\nrate_burst = 0\n", "sip.rate_burst: 0 lets nothing in"),
        ("[sip]\nrate_limit = 2000000\n", "sip.rate_limit: 2000000 is more than 1000000"),
        ("[sip]\nban_seconds = 999999999\n", "sip.ban_seconds: 999999999 s is more than a week"),
        ("[sip]\nban_after = -1\n", "sip.ban_after: "),
    ] {
        let message = refused(with_file(file, &[], &[]));
        assert!(message.starts_with(expect), "{message}");
    }
}

#[test]
fn web_servers_are_asked_as_the_file_says_and_its_secret_is_not_shown() {
    let usual = load(&[], &[]).unwrap().web;
    assert!(usual.policy.allow.is_empty() && usual.policy.deny.is_empty() && usual.signing_secret.is_none());
    assert_eq!((usual.max_concurrent, usual.max_per_host, usual.timeout), (1_000, 256, Duration::from_secs(60)));
    let web = |table: &str| with_file(&format!("[http_client]\n{table}"), &[], &[]);
    let set = "allow = [\"127.0.0.0/8\"]\ndeny = [\"127.0.0.9\"]\nmax_concurrent = 10\nmax_per_host = 2\ntimeout = 5\n\
               signing_secret = \"geheim-geheim-geheim\"\ntls_ca = \"ca.pem\"\ndebug_calls = 0\ndebug_megabytes = 1";
    let set = web(set).unwrap().web;
    let networks = [&set.policy.allow, &set.policy.deny].map(|networks| networks[0].to_string());
    assert_eq!(networks, ["127.0.0.0/8", "127.0.0.9/32"]);
    assert_eq!((set.max_concurrent, set.max_per_host, set.timeout), (10, 2, Duration::from_secs(5)));
    assert_eq!((set.tls_ca.as_deref(), set.debug.calls, set.debug.bytes), (Some(Path::new("ca.pem")), 0, 1 << 20));
    assert!(set.signing_secret.is_some() && !format!("{set:?}").contains("geheim"));
    for (table, message) in [
        ("allow = [\"here\"]", "http_client.allow: \"here\" is not an IP address"),
        ("max_concurrent = 0", "http_client.max_concurrent: 0 is not between 1 and 100000"),
        ("timeout = 301", "http_client.timeout: 301 s is not between 1 s and 300 s"),
        ("signing_secret = \"short\"", "http_client.signing_secret: has less than 16 bytes"),
    ] {
        assert_eq!(refused(web(table)), message);
    }
}

#[test]
fn the_filler_is_chosen_and_can_be_switched_off() {
    let filler = |table: &str| with_file(&format!("[filler]\n{table}"), &[], &[]);
    let usual = load(&[], &[]).unwrap().filler;
    assert_eq!((usual.sound, usual.after), (FillerSound::Tone, Duration::from_millis(700)));
    let set = filler("sound = \"music\"\nafter_ms = 1500").unwrap().filler;
    assert_eq!((set.sound, set.after), (FillerSound::Music, Duration::from_millis(1_500)));
    assert_eq!(filler("sound = \"none\"").unwrap().filler.sound, FillerSound::Silence);
    assert_eq!(refused(filler("sound = \"noise\"")), "filler.sound: \"noise\" is none of tone, music, none");
    assert_eq!(refused(filler("after_ms = 60001")), "filler.after_ms: 60001 ms is more than 60000");
}
