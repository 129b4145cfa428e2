//! Pages of VoiceXML that callers name themselves.
//!
//! Shape: the table `[vxml]`; without it nobody names a page.
//! Errors: [`SettingsError`] with the key.
//! Sources: RFC 4240 §4, RFC 5552 §2.

use super::{SettingsError, file::VxmlTable};

/// Whether a caller may name a page in the Request-URI.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct VxmlSettings {
    /// Whether `sip:dialog@…;voicexml=URL` is answered at all.
    pub dialog: bool,
    /// The prefix of the client in whose name the pages run, where the caller is no phone of ours.
    pub client: Option<String>,
    /// The hosts on which pages may be, in lower case: a name, or `*.` and a domain.
    hosts: Vec<String>,
}

impl VxmlSettings {
    /// Whether a first page may be on this host.
    pub fn may_be_on(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.hosts.iter().any(|known| match known.strip_prefix("*.") {
            Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1),
            None => *known == host,
        })
    }
}

pub(super) fn vxml(table: &VxmlTable) -> Result<VxmlSettings, SettingsError> {
    let wrong = |key: &str, problem: String| SettingsError::Value { setting: format!("vxml.{key}"), problem };
    let hosts: Vec<String> = table.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    let is_host = |host: &&String| {
        let name = host.strip_prefix("*.").unwrap_or(host);
        !name.is_empty() && url::Host::parse(name).is_ok() && !name.contains('*')
    };
    if let Some(other) = hosts.iter().find(|host| !is_host(host)) {
        return Err(wrong("hosts", format!("\"{other}\" is neither a host nor *. and a domain")));
    }
    if table.dialog && hosts.is_empty() {
        return Err(wrong("hosts", "is needed where dialog is true: no page could be named".to_owned()));
    }
    Ok(VxmlSettings { dialog: table.dialog, client: table.client.clone(), hosts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_named_whole_or_by_their_domain() {
        let table = |hosts: &[&str]| VxmlTable {
            dialog: true,
            client: None,
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        };
        let set = vxml(&table(&["Pages.example", "*.ivr.example", "127.0.0.1"])).expect("usable hosts");
        for (host, may) in [
            ("pages.EXAMPLE", true),
            ("a.pages.example", false),
            ("a.ivr.example", true),
            ("a.b.ivr.example", true),
            ("ivr.example", false),
            ("evilivr.example", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
        ] {
            assert_eq!(set.may_be_on(host), may, "{host}");
        }
        for wrong in [&["*"][..], &["*.*.a"], &["a b"], &[""], &[]] {
            assert!(vxml(&table(wrong)).is_err(), "{wrong:?}");
        }
    }
}
