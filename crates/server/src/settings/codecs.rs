//! `codecs`: what is spoken, in the order in which it is offered.
//!
//! Errors: an unknown name, a list without any, and Opus in a build without it.

use std::sync::Arc;

use antiphon_media::{Band, Codec};

use super::SettingsError;

/// What is spoken where nothing is written: G.711 first, which everybody has and which costs least, so that whom we call chooses it;
/// then what sounds better, for callers who prefer that.
pub(super) fn default() -> Arc<[Codec]> {
    let usual = [Codec::Pcma, Codec::Pcmu, Codec::G722, Codec::Opus];
    usual.into_iter().filter(|codec| codec.is_built()).collect()
}

/// What the table `[rtp]` says, or what is spoken where it says nothing.
pub(super) fn of(names: Option<&[String]>) -> Result<Arc<[Codec]>, SettingsError> {
    names.map_or_else(|| Ok(default()), |names| read(names, "rtp.codecs"))
}

/// Reads a list; `setting` is how it is called in a message.
pub(super) fn read(names: &[String], setting: &str) -> Result<Arc<[Codec]>, SettingsError> {
    let mut codecs = Vec::new();
    for name in names {
        let named: &[Codec] = match name.trim().to_ascii_lowercase().as_str() {
            "pcma" => &[Codec::Pcma],
            "pcmu" => &[Codec::Pcmu],
            "g722" => &[Codec::G722],
            "l16" => &[Codec::L16(Band::Wide), Codec::L16(Band::Narrow)],
            "opus" if !Codec::Opus.is_built() => {
                let feature = "Opus, which this program was built without (cargo feature `opus`),".to_owned();
                return Err(SettingsError::NotBuilt { setting: setting.to_owned(), feature });
            }
            "opus" => &[Codec::Opus],
            _ => return Err(wrong(setting, format!("\"{name}\" is none of pcma, pcmu, g722, opus, l16"))),
        };
        let fresh: Vec<Codec> = named.iter().copied().filter(|codec| !codecs.contains(codec)).collect();
        codecs.extend(fresh);
    }
    if codecs.is_empty() { Err(wrong(setting, "names no codec".to_owned())) } else { Ok(codecs.into()) }
}

fn wrong(setting: &str, problem: String) -> SettingsError {
    SettingsError::Value { setting: setting.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Result<Arc<[Codec]>, String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        read(&names, "rtp.codecs").map_err(|error| error.to_string())
    }

    #[test]
    fn names_are_codecs_in_their_order_and_each_once() {
        let both = [Codec::L16(Band::Wide), Codec::L16(Band::Narrow)];
        assert_eq!(list(&["G722", "pcmu", "g722"]).unwrap()[..], [Codec::G722, Codec::Pcmu]);
        assert_eq!(list(&["l16"]).unwrap()[..], both);
        let mut usual = vec![Codec::Pcma, Codec::Pcmu, Codec::G722];
        usual.extend(Some(Codec::Opus).filter(|codec| codec.is_built()));
        assert_eq!(default()[..], usual);
    }

    #[test]
    fn what_is_not_spoken_is_refused_by_name() {
        assert!(list(&["pcma", "g729"]).unwrap_err().contains("\"g729\" is none of"));
        assert!(list(&[]).unwrap_err().contains("names no codec"));
        assert_eq!(list(&["opus"]).is_ok(), Codec::Opus.is_built());
    }
}
