//! The settings file, close to its text.
//!
//! Shape: TOML; keys are the flags' names, with `_` or `-`, and the tables `[sip]`, `[rtp]`, `[trace]`, `[tones]`, `[recording]`,
//! `[mail]`, `[filler]`, `[http_client]`, `[rules]`, `[pivot]`, `[vxml]`, `[speech]`, `[api]` and `[[trunk]]`.
//! Units: `drain_timeout`, `session_expires` and `min_se` in seconds.
//! Errors: unknown keys are refused by name; the line and column come from the TOML reader.
//! Sources: `interface.md`, "Command line" and "Where a call goes".

use std::path::Path;

use serde::Deserialize;

use super::SettingsError;

/// The whole file. Every key is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) data: Option<String>,
    /// Listeners as an array or one string, or the table `[sip]`, whose `listen` then holds them.
    pub(super) sip: Option<toml::Value>,
    pub(super) http: Option<String>,
    #[serde(alias = "rtp-ports")]
    pub(super) rtp_ports: Option<String>,
    pub(super) advertise: Option<String>,
    pub(super) store: Option<String>,
    pub(super) language: Option<String>,
    pub(super) log: Option<String>,
    #[serde(alias = "log-format")]
    pub(super) log_format: Option<String>,
    #[serde(alias = "drain-timeout")]
    pub(super) drain_timeout: Option<u64>,
    #[serde(default)]
    pub(super) rtp: RtpTable,
    #[serde(default)]
    pub(super) trace: TraceTable,
    #[serde(default)]
    pub(super) tones: TonesTable,
    #[serde(default)]
    pub(super) recording: RecordingTable,
    #[serde(default)]
    pub(super) mail: MailTable,
    #[serde(default)]
    pub(super) filler: FillerTable,
    #[serde(default)]
    pub(super) http_client: HttpClientTable,
    #[serde(default)]
    pub(super) rules: RulesTable,
    #[serde(default)]
    pub(super) pivot: PivotTable,
    #[serde(default)]
    pub(super) vxml: VxmlTable,
    #[serde(default)]
    pub(super) speech: SpeechTable,
    #[serde(default)]
    pub(super) api: ApiTable,
    #[serde(default)]
    pub(super) trunk: Vec<Trunk>,
}

/// `[api]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApiTable {
    pub(super) requests_per_hour: Option<u64>,
    pub(super) callbacks_percent: Option<u64>,
}

/// `[rtp]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RtpTable {
    #[serde(default)]
    pub(super) rtcp_mux: bool,
    pub(super) silence_warning: Option<u64>,
    pub(super) hangup_after_silence: Option<u64>,
    pub(super) srtp: Option<String>,
    pub(super) codecs: Option<Vec<String>>,
}

/// `[trace]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TraceTable {
    pub(super) calls: Option<u64>,
    pub(super) megabytes: Option<u64>,
}

/// `[tones]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TonesTable {
    pub(super) country: Option<String>,
}

/// `[recording]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordingTable {
    pub(super) max_age_days: Option<u64>,
    pub(super) max_megabytes: Option<u64>,
    pub(super) min_free_megabytes: Option<u64>,
    pub(super) mp3_encoder: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) link_hours: Option<u64>,
    pub(super) message_longest: Option<u64>,
    pub(super) message_silence: Option<u64>,
    pub(super) message_shortest: Option<u64>,
}

/// `[mail]`.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailTable {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) security: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) password_file: Option<String>,
    pub(super) from: Option<String>,
    pub(super) ca: Option<String>,
    pub(super) timeout: Option<u64>,
}

/// `[filler]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FillerTable {
    pub(super) sound: Option<String>,
    pub(super) after_ms: Option<u64>,
}

/// `[http_client]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpClientTable {
    #[serde(default)]
    pub(super) allow: Vec<String>,
    #[serde(default)]
    pub(super) deny: Vec<String>,
    pub(super) max_concurrent: Option<usize>,
    pub(super) max_per_host: Option<usize>,
    pub(super) timeout: Option<u64>,
    pub(super) signing_secret: Option<String>,
    pub(super) debug_calls: Option<usize>,
    pub(super) debug_megabytes: Option<usize>,
    pub(super) tls_ca: Option<String>,
}

/// `[rules]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RulesTable {
    pub(super) strict_final: bool,
    pub(super) transfer_timeout_falls_through: bool,
    pub(super) eager_match: bool,
    pub(super) post_rule_as_object: bool,
    pub(super) ring_time: Option<u64>,
    pub(super) voice_helper_after_prompt: bool,
    pub(super) exact_names: bool,
    pub(super) ivr_paths: Option<bool>,
}

/// `[pivot]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PivotTable {
    pub(super) strict_validation: bool,
    pub(super) twiml_default_method: Option<String>,
    pub(super) uri_resolution: Option<String>,
    pub(super) answer_on_first_verb: bool,
    pub(super) status_in_first_request: Option<bool>,
    pub(super) reject_status: Option<u16>,
    pub(super) longest_timeout_ms: Option<u64>,
    pub(super) max_requests: Option<u32>,
    pub(super) max_aside_requests: Option<u32>,
    pub(super) max_silent_requests: Option<u32>,
    pub(super) hidden_headers: Vec<String>,
    pub(super) unknown_caller: Option<String>,
    pub(super) variables_in_headers: bool,
    pub(super) deny_hosts: Vec<String>,
    pub(super) deny: Vec<String>,
}

/// `[vxml]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VxmlTable {
    pub(super) dialog: bool,
    pub(super) client: Option<String>,
    pub(super) hosts: Vec<String>,
}

/// `[speech]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpeechTable {
    pub(super) engine: Option<String>,
    pub(super) espeak: Option<String>,
    pub(super) command: Option<Vec<String>>,
    pub(super) recogniser: Option<String>,
    pub(super) python: Option<String>,
    pub(super) recogniser_command: Option<Vec<String>>,
    pub(super) url: Option<String>,
    pub(super) key: Option<String>,
    pub(super) model: Option<String>,
    pub(super) voice: Option<String>,
    pub(super) recogniser_model: Option<String>,
    pub(super) language: Option<String>,
    pub(super) timeout: Option<u64>,
    pub(super) concurrent: Option<u64>,
    pub(super) cache_megabytes: Option<u64>,
}

/// `[sip]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SipTable {
    pub(super) listen: Option<Vec<String>>,
    pub(super) allow: Option<Vec<String>>,
    pub(super) realm: Option<String>,
    pub(super) dial_hosts: Option<Vec<String>>,
    pub(super) rate_limit: Option<u32>,
    pub(super) rate_burst: Option<u32>,
    pub(super) new_rate_limit: Option<u32>,
    pub(super) phone_rate_limit: Option<u32>,
    pub(super) trusted_rate_limit: Option<u32>,
    pub(super) ban_after: Option<u32>,
    pub(super) ban_seconds: Option<u64>,
    pub(super) connections_per_source: Option<u32>,
    pub(super) max_lateness_ms: Option<u32>,
    pub(super) tls_certificate: Option<String>,
    pub(super) tls_key: Option<String>,
    pub(super) tls_ca: Option<String>,
    #[serde(default)]
    pub(super) tls_alpn: bool,
    #[serde(default)]
    pub(super) dns: Vec<String>,
    pub(super) failover_after: Option<u64>,
    pub(super) session_expires: Option<u64>,
    pub(super) min_se: Option<u64>,
}

/// `[[trunk]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trunk {
    pub(super) name: String,
    pub(super) uri: String,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    #[serde(default)]
    pub(super) register: bool,
    #[serde(default, rename = "match")]
    pub(super) networks: Vec<String>,
    #[serde(default)]
    pub(super) dial: Vec<String>,
    pub(super) dtmf: Option<String>,
    pub(super) codecs: Option<Vec<String>>,
    pub(super) srtp: Option<String>,
    pub(super) realm: Option<String>,
    pub(super) registrar: Option<String>,
    pub(super) expires: Option<u64>,
    pub(super) contact_user: Option<String>,
    pub(super) options_interval: Option<u64>,
    pub(super) from_user: Option<String>,
    pub(super) from_host: Option<String>,
    pub(super) identity: Option<String>,
    pub(super) diversion: Option<bool>,
    pub(super) max_calls: Option<usize>,
    pub(super) transfer: Option<String>,
}

impl File {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| SettingsError::Unreadable { path: path.to_owned(), cause })?;
        toml::from_str(&text).map_err(|error| in_file(path, &text, &error))
    }
}

impl SipTable {
    /// Reads what stands under the key `sip`.
    pub(super) fn from_value(value: toml::Value) -> Result<Self, SettingsError> {
        let problem = |problem: &str| SettingsError::Value { setting: "sip".to_owned(), problem: one_line(problem) };
        match value {
            toml::Value::String(listener) => Ok(Self { listen: Some(vec![listener]), ..Self::default() }),
            toml::Value::Array(_) => {
                let listen = value.try_into().map_err(|error: toml::de::Error| problem(error.message()))?;
                Ok(Self { listen: Some(listen), ..Self::default() })
            }
            toml::Value::Table(table) => {
                table.clone().try_into().map_err(|error: toml::de::Error| match wrong_key(&table) {
                    Some((key, message)) => {
                        SettingsError::Value { setting: format!("sip.{key}"), problem: one_line(&message) }
                    }
                    None => problem(error.message()),
                })
            }
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Datetime(_) => {
                Err(problem("is neither listeners nor a table"))
            }
        }
    }
}

/// The key of `[sip]` that cannot be read, and why; the reader's own message says why only. An unknown key it names itself.
fn wrong_key(table: &toml::Table) -> Option<(String, String)> {
    table.iter().find_map(|(key, value)| {
        let alone = toml::Table::from_iter([(key.clone(), value.clone())]);
        let error = alone.try_into::<SipTable>().err()?;
        (!error.message().contains(key.as_str())).then(|| (key.clone(), error.message().to_owned()))
    })
}

fn in_file(path: &Path, text: &str, error: &toml::de::Error) -> SettingsError {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let message = one_line(error.message());
    let problem = match key_at(text, line) {
        Some(key) if !message.contains(key) => format!("line {line}: {key}: {message}"),
        _ => format!("line {line}: {message}"),
    };
    SettingsError::File { path: path.to_owned(), problem }
}

/// The key whose value stands on a line, also where an array began on a line before it; the reader's own message has none.
fn key_at(text: &str, line: usize) -> Option<&str> {
    let lines: Vec<&str> = text.lines().take(line).collect();
    // A line that begins with a bracket is a table's heading, which has no value.
    let within = lines.iter().rev().take_while(|line| !line.trim_start().starts_with('['));
    let key = within.filter_map(|line| line.split_once('=')).map(|(key, _)| key.trim()).next()?;
    (!key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))).then_some(key)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
