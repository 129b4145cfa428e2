//! The fuzzers: seeds, a time for each target, and how parsing time grows.
//!
//! Shape: `fuzz/` is a workspace of its own; cargo-fuzz builds and runs its targets, with a nightly compiler where there is
//! one and else with the stable one told to behave like it. Without sanitizers: what is fuzzed has no unsafe code, in which they
//! would find something, and a conversation allocates so much that they take five sixths of its time.
//! Time: wall clock; each target ends after the seconds it is given.
//! Errors: a crash, or time that grows faster than the input, is status 1; its input stays in `fuzz/artifacts`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::install::{self, cargo};

/// Every target; one more is one more line, and its file in `fuzz/fuzz_targets`.
const TARGETS: &[&str] = &[
    "message",
    "headers",
    "uri",
    "sdp",
    "sdes",
    "srtp",
    "rtcp",
    "digest",
    "sipfrag",
    "framer",
    "conversation",
    "rtp",
    "telephone_event",
    "wav",
    "mp3",
    "interactive",
    "vxml_page",
    "vxml_grammar",
    "vxml_expression",
    "vxml_python",
];
/// The longest input of a parser: a datagram.
const DATAGRAM: usize = 65_536;
/// The longest conversation: a kind and 64 steps of six bytes. Longer ones find nothing that these do not, and take as long as a
/// hundred of them: dialogs and timers add up.
const CONVERSATION: usize = 1 + 64 * 6;
/// The longest stream of packets, and the longest file: 8 KB hold every table that a file can have, and more only takes longer.
const PACKETS: usize = 4_096;
const SOUND: usize = 8_192;
const CARGO_FUZZ_VERSION: &str = "0.13.2";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    seconds: u32,
    targets: Vec<&'static str>,
}

impl Wanted {
    /// Reads `[--seconds N] [TARGET...]`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(crate) fn read(words: &[&str]) -> Result<Self, String> {
        let mut wanted = Self { seconds: 60, targets: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if *word == "--seconds" {
                let number = words.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
                wanted.seconds = number.ok_or("--seconds wants a number above 0")?;
            } else {
                let known = TARGETS.iter().find(|target| *target == word);
                wanted
                    .targets
                    .push(known.ok_or_else(|| format!("there is no target `{word}`, but {}", TARGETS.join(", ")))?);
            }
        }
        if wanted.targets.is_empty() {
            wanted.targets = TARGETS.to_vec();
        }
        Ok(wanted)
    }
}

/// Which compiler the fuzzers are built with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compiler {
    Nightly,
    /// The usual one, allowed what only a nightly may.
    Stable,
}

impl Compiler {
    fn find() -> Self {
        let listed = Command::new("rustup").args(["toolchain", "list"]).output();
        let nightly = listed.is_ok_and(|listed| String::from_utf8_lossy(&listed.stdout).contains("nightly"));
        if nightly { Self::Nightly } else { Self::Stable }
    }

    /// `cargo fuzz …` in the folder of the fuzzers.
    fn fuzz(self, root: &Path, word: &str) -> Command {
        let mut command = match self {
            Self::Nightly => Command::new("cargo"),
            Self::Stable => cargo(root),
        };
        if self == Self::Nightly {
            // The cargo that runs us would be the stable one; rustup's own picks the toolchain.
            command.arg("+nightly").env_remove("RUSTUP_TOOLCHAIN").env_remove("RUSTC").env_remove("CARGO");
        }
        // The fuzzers are built apart from all else: with other flags, and other features.
        command
            .args(["fuzz", word, "--sanitizer", "none"])
            .current_dir(root.join("fuzz"))
            .env_remove("CARGO_TARGET_DIR");
        if self == Self::Stable {
            command.env("RUSTC_BOOTSTRAP", "1");
        }
        command
    }
}

/// Runs the targets one after the other.
pub(crate) fn fuzz(root: &Path, wanted: &Wanted) -> ExitCode {
    if let Err(fault) = prepare(root) {
        eprintln!("xtask fuzz: {fault}");
        return ExitCode::FAILURE;
    }
    let compiler = Compiler::find();
    for target in &wanted.targets {
        println!("xtask fuzz: {target} for {} s", wanted.seconds);
        let mut run = compiler.fuzz(root, "run");
        run.args([target, "--"]);
        run.arg(format!("-max_total_time={}", wanted.seconds)).arg(format!("-max_len={}", longest(target)));
        // A hang is a finding as a crash is.
        run.args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=0"]);
        if !install::succeeds(&mut run) {
            eprintln!("xtask fuzz: {target} has failed; its input is in fuzz/artifacts/{target}");
            return ExitCode::FAILURE;
        }
    }
    println!("xtask fuzz: how time grows with the input");
    let mut linear = cargo(&root.join("fuzz"));
    linear.args(["run", "--quiet", "--release", "--example", "linear", "--"]).args(&wanted.targets);
    linear.env_remove("CARGO_TARGET_DIR");
    if install::succeeds(&mut linear) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The longest input of a target.
fn longest(target: &str) -> usize {
    match target {
        "conversation" => CONVERSATION,
        "rtp" | "telephone_event" => PACKETS,
        "wav" | "mp3" => SOUND,
        _ => DATAGRAM,
    }
}

/// Installs cargo-fuzz where it is missing, and lays the seeds.
fn prepare(root: &Path) -> Result<(), String> {
    if !install::answers(cargo(root).args(["fuzz", "--version"])) {
        println!("xtask fuzz: installing cargo-fuzz {CARGO_FUZZ_VERSION}");
        let words = ["install", "--locked", "cargo-fuzz", "--version", CARGO_FUZZ_VERSION];
        if !install::succeeds(cargo(root).args(words)) {
            return Err(format!("cargo-fuzz could not be installed; try: cargo {}", words.join(" ")));
        }
    }
    for target in TARGETS {
        sow(root, target).map_err(|fault| format!("no seeds for {target}: {fault}"))?;
    }
    Ok(())
}

/// Writes the first inputs of a target: the torture messages, or what stands in them.
fn sow(root: &Path, target: &str) -> std::io::Result<()> {
    let corpus = root.join("fuzz/corpus").join(target);
    fs::create_dir_all(&corpus)?;
    let of_media = sounds(root, target)?;
    for (number, seed) in of_media.iter().enumerate() {
        fs::write(corpus.join(format!("sound-{number}")), seed)?;
    }
    if matches!(target, "rtp" | "telephone_event" | "wav" | "mp3") {
        return Ok(());
    }
    let folder = fs::read_dir(root.join("crates/sip/src/message/torture"))?;
    let is_message = |file: &PathBuf| file.extension().is_some_and(|kind| kind == "dat");
    for file in folder.flatten().map(|entry| entry.path()).filter(is_message) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (number, seed) in seeds(target, &fs::read(&file)?).into_iter().enumerate() {
            fs::write(corpus.join(format!("{name}-{number}")), seed)?;
        }
    }
    Ok(())
}

/// The first inputs of what takes sound: prompts, files of other programs, and packets.
fn sounds(root: &Path, target: &str) -> std::io::Result<Vec<Vec<u8>>> {
    let rtp = |kind: u8, payload: &[u8]| [&[0x80, kind, 0, 1, 0, 0, 0, 160, 0, 0, 0, 7][..], payload].concat();
    let fixtures = || fs::read_dir(root.join("crates/media/fixtures")).map(|folder| folder.flatten());
    Ok(match target {
        "rtp" => [rtp(8, &[0xD5; 160]), rtp(101, &[5, 10, 0, 160]), rtp(0x80 | 13, &[60])]
            .map(|packet| [&[packet.len() as u8, 20], &packet[..]].concat().repeat(10))
            .into(),
        "telephone_event" => {
            let step = |duration: u8, flags: u8| [1, 0, 0, 0, 5, flags, 0, duration, 0, 20, 0, 0, 0, 0, 0, 0];
            let event = [step(80, 10), step(160, 10), step(160, 0x8A), step(160, 0x8A)].concat();
            let sound = |leg: u8| [leg, 0, 20, 0, 0xD5, 0x55, 0xD5, 0x55, 0, 20, 0, 0, 0, 0, 0, 0].repeat(8);
            let keys = |kind: u8| [kind, 0, 0, 0, 5, 1, 12, 0, 0, 200, 0, 0, 0, 0, 0, 0].to_vec();
            vec![event, sound(2), sound(3), keys(4), keys(5)]
        }
        "wav" => fs::read_dir(root.join("sounds/tone"))?
            .flatten()
            .filter_map(|file| fs::read(file.path()).ok())
            .map(|file| file.into_iter().take(SOUND).collect())
            .collect(),
        "mp3" => fixtures()?
            .filter(|file| file.path().extension().is_some_and(|kind| kind == "mp3" || kind == "ogg"))
            .filter_map(|file| fs::read(file.path()).ok())
            .map(|file| [&[1], &file[..]].concat())
            .collect(),
        _ => Vec::new(),
    })
}

/// What of a message is food for a target.
fn seeds(target: &str, message: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(message);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    match target {
        "uri" => head
            .split([' ', '<', '>', ','])
            .filter(|word| word.contains(':'))
            .map(|word| word.as_bytes().to_vec())
            .collect(),
        "sdp" => [body].iter().filter(|body| body.starts_with("v=0")).map(|body| body.as_bytes().to_vec()).collect(),
        "sdes" => SDES.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "rtcp" => RTCP.iter().map(|bytes| bytes.to_vec()).collect(),
        "interactive" => ANSWERS.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "vxml_page" => PAGES.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "vxml_grammar" => GRAMMARS.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "vxml_expression" => SCRIPTS.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "vxml_python" => CONDITIONS.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "digest" => DIGESTS.iter().map(|text| text.as_bytes().to_vec()).collect(),
        "framer" => vec![[b"\x07", message].concat()],
        // Steps of a conversation are numbers; any bytes will do.
        "conversation" => vec![message.iter().take(CONVERSATION).copied().collect()],
        _ => vec![message.to_vec()],
    }
}

/// A sender's report with the name of its source, and a receiver's with a farewell.
const RTCP: &[&[u8]] = &[
    b"\x81\xC8\x00\x0C\x00\x00\x00\x07\xE0\x00\x00\x00\x80\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x32\x00\x00\x1F\x40\
      \x01\x01\x01\x01\x33\x00\x00\x02\x00\x01\x00\x03\x00\x00\x00\x0A\x00\x01\x00\x00\x00\x00\x80\x00\
      \x81\xCA\x00\x03\x00\x00\x00\x07\x01\x03a@b\x00\x00\x00",
    b"\x81\xC9\x00\x07\x00\x00\x00\x07\x01\x01\x01\x01\xFF\x00\x00\x09\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\
      \x00\x00\x00\x00\x81\xCB\x00\x01\x00\x00\x00\x07",
];

/// Lines of keys.
const SDES: &[&str] = &[
    "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4 WSH=64 KDR=0",
    "1 AEAD_AES_256_GCM inline:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKis=\n\
     2 AES_CM_128_HMAC_SHA1_32 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz UNENCRYPTED_SRTCP",
];

/// Answers of web servers.
const ANSWERS: &[&str] = &[
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><SetCaller name=\"A&amp;B\" number='+7'/><SetVar name=\"m\">207</SetVar></Response>",
    "<Response><PlaySound where=\"background\" digitvar=\"p\" view=\"system\" folder=\"digits\" loop=\"2\">9</PlaySound>\
     <Jump context=\"Main\" option=\"1\" priority=\"3\"/><Pause length=\"15\"/><Hangup/></Response>",
    "<Response><TextToSpeech voice='a'><speak>a<break/>&#1046;<![CDATA[b]]></speak></TextToSpeech><!-- c --><?d?>\
     <SimpleTransfer final=\"no\" timeout=\"20\">101,102</SimpleTransfer></Response>",
    "<?xml version='1.0' encoding='windows-1251'?><!DOCTYPE a [<!ENTITY b \"c\">]><Response>&b;</Response>",
];

/// Pages of VoiceXML.
const PAGES: &[&str] = &[
    "<?xml version=\"1.0\"?><vxml version=\"2.1\" xmlns=\"http://www.w3.org/2001/vxml\" application=\"r.vxml\"><var name=\"x\" expr=\"1\"/>\
     <link dtmf=\"0\" event=\"a.b\"/><catch event=\"a noinput\" count=\"2\"><goto next=\"#f\"/></catch><menu dtmf=\"true\"><prompt>a<enumerate/></prompt>\
     <choice next=\"#f\">b</choice></menu><form id=\"f\"><field name=\"a\" type=\"digits?length=4\"><option dtmf=\"1\">c</option><filled>\
     <if cond=\"a\"><submit next=\"b\" namelist=\"a\"/><else/><exit expr=\"1\"/></if></filled></field></form></vxml>",
    "<vxml version='2.0'><form><block><prompt count='2' bargein='false'>a<value expr='x'/><audio src='a.wav'>b</audio><break time='1s'/>\
     <foreach item='i' array='l'><say-as interpret-as='date'><value expr='i'/></say-as></foreach></prompt><script>var a = 1;</script></block>\
     <record name='r' maxtime='5s'/><transfer name='t' dest='tel:1' bridge='true'/><subdialog name='s' src='#g'><param name='p' value='1'/>\
     </subdialog></form><form id='g'><grammar mode='dtmf' root='r'><rule id='r'><one-of><item repeat='1-'>1<tag>a</tag></item></one-of></rule>\
     </grammar><initial/><block><return namelist='p'/></block></form></vxml>",
    "<!DOCTYPE vxml [<!ENTITY b \"c\">]><vxml version=\"2.1\">&b;</vxml>",
];

/// Grammars, each behind a line of keys.
const GRAMMARS: &[&str] = &[
    "12\n<grammar mode='dtmf' root='r' tag-format='semantics/1.0'><rule id='r'><item repeat='2-4'><ruleref uri='#d'/></item></rule>\
     <rule id='d'><one-of><item>1</item><item>2 <tag>out=2</tag></item></one-of></rule></grammar>",
    "123\n#ABNF 1.0 UTF-8;mode dtmf; root $p;$d = 0 | 1 {a} | 2 /0.5/;public $p = $d <2-3> [\"#\"] | (9 *);",
];

/// Expressions and scripts.
const SCRIPTS: &[&str] =
    &["var a = 1, b = f(x); function f(n) { return n <= 1 ? 1 : n * f(n - 1); }", "a.b == 'c' && /d+/g.test(e)"];

/// Expressions of Contact Pro.
const CONDITIONS: &[&str] = &[
    "{customstate:lookup} and {customstate:lookup}['vip'] is not None or {ANUMBER}[-4:] in ('1234', \"5678\")",
    "f'{sorted([x ** 2 % 7 for x in range(9) if x], key=lambda k: -k)!r:>40}' + re.sub(r'(\\d)', r'<\\1>', str({tries} + 1))",
    "(datetime.datetime.now() + datetime.timedelta(days=1)).strftime('%H:%M') <= '08:00' if json.loads('{\"a\": [1]}') else 0123",
];

/// A challenge and an answer.
const DIGESTS: &[&str] = &[
    "Digest realm=\"a, b\", nonce=\"n\", algorithm=SHA-256, qop=\"auth,auth-int\", opaque=\"o\", stale=TRUE, domain=\"sip:a\"",
    "Digest username=\"u\", realm=\"a\", nonce=\"n\", uri=\"sip:a\", response=\"0123456789abcdef0123456789abcdef\", \
     algorithm=MD5, cnonce=\"c\", qop=auth, nc=00000001",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_names_seconds_and_targets() {
        let all = Wanted { seconds: 60, targets: TARGETS.to_vec() };
        assert_eq!(Wanted::read(&[]), Ok(all));
        assert_eq!(Wanted::read(&["--seconds", "5", "uri"]), Ok(Wanted { seconds: 5, targets: vec!["uri"] }));
        for wrong in [&["--seconds"][..], &["--seconds", "0"], &["nothing"]] {
            assert!(Wanted::read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_target_has_its_file_and_every_file_is_a_target() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
        let files = fs::read_dir(folder).expect("the fuzzers lie there").flatten();
        let mut names: Vec<_> =
            files.map(|file| file.path().file_stem().unwrap_or_default().to_string_lossy().into_owned()).collect();
        names.sort();
        let mut targets = TARGETS.to_vec();
        targets.sort_unstable();
        assert_eq!(names, targets);
    }
}
