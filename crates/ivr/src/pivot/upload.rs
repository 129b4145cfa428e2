//! Where a recording goes, and under which name.
//!
//! Shape: the URL that a module gives, with the name of the file and what is known of the call.
//! Sources: `kazoo-pivot.md` 4.4, 8 (A19).

use super::{Session, encode, session::LastRecording};
use crate::{FetchMethod, Interrupted, RecordingId, Upload, op::SoundFormat};

/// Where and how a recording is sent.
pub(super) struct Destination {
    pub(super) url: String,
    pub(super) method: FetchMethod,
    pub(super) format: SoundFormat,
}

impl Destination {
    /// What a module's data says; `None` where it names no URL that can be asked, which is told.
    ///
    /// # Errors
    /// [`Interrupted`], as any op.
    pub(super) async fn of(data: &super::schema::Data, session: &mut Session<'_>) -> Result<Option<Self>, Interrupted> {
        let Some(url) = data.said("url").map(str::to_owned) else { return Ok(None) };
        if let Err(refused) = session.policy.guard.check(&url) {
            session.warn(format!("the recording is not sent: its URL {refused}")).await?;
            return Ok(None);
        }
        let method = if data.text("method") == Some("post") { FetchMethod::Post } else { FetchMethod::Put };
        Ok(Some(Self { url, method, format: format(data) }))
    }

    /// The order to send a recording, and what web servers are told of where it is.
    pub(super) fn upload(&self, recording: RecordingId, name: &str, session: &Session<'_>) -> Upload {
        let url = url(&self.url, name, &known(session));
        Upload { recording, method: self.method, url, format: self.format }
    }
}

/// The form of a file that a module wants.
pub(super) fn format(data: &super::schema::Data) -> SoundFormat {
    if data.text("format") == Some("wav") { SoundFormat::Wav } else { SoundFormat::Mp3 }
}

/// The ending of a file of this form.
pub(super) fn ending(format: SoundFormat) -> &'static str {
    match format {
        SoundFormat::Wav => "wav",
        SoundFormat::Mp3 => "mp3",
    }
}

/// The name of a recording that has none of its own.
pub(super) fn name(session: &Session<'_>, format: SoundFormat) -> String {
    format!("call_recording_{}.{}", session.sip_call_id(), ending(format))
}

/// What a recording is, for later requests.
pub(super) fn told(upload: &Upload, length: std::time::Duration) -> LastRecording {
    let url = upload.url.split('?').next().unwrap_or_default().to_owned();
    LastRecording { url, length, id: upload.recording.to_string() }
}

/// What goes with a recording.
fn known(session: &Session<'_>) -> Vec<(&'static str, String)> {
    let (name, number) = session.identity();
    let sip = &session.call.caller.sip;
    let address = |user: &str, host: &str| if host.is_empty() { user.to_owned() } else { format!("{user}@{host}") };
    let month = jiff::tz::TimeZone::UTC.to_datetime(session.surroundings.now());
    let call_id = session.sip_call_id().to_owned();
    vec![
        ("from", address(&session.from_user(), &sip.from_host)),
        ("to", address(session.to_user(), &sip.to_host)),
        ("caller_id_name", name),
        ("caller_id_number", number),
        ("cdr_id", format!("{:04}{:02}-{call_id}", month.year(), month.month())),
        ("call_id", call_id),
        ("interaction_id", session.call.caller.call_id.clone()),
        ("account_id", session.pivot.account.clone()),
    ]
}

/// The whole URL. With a query of its own, the name of the file is its last parameter's value (4.4).
fn url(base: &str, name: &str, known: &[(&'static str, String)]) -> String {
    let mut encoded = String::new();
    encode::encode(name, &mut encoded);
    let mut form = String::new();
    for (name, value) in known {
        form.push(if form.is_empty() { '?' } else { '&' });
        form.push_str(name);
        form.push('=');
        encode::encode(value, &mut form);
    }
    match base.split_once('?') {
        None => format!("{}/{encoded}{form}", base.trim_end_matches('/')),
        Some((_, query)) => {
            let last = query.rsplit('&').next().unwrap_or_default();
            let joint = match last.split_once('=') {
                Some((_, "")) => "",
                Some(_) => "&recording=",
                None if last.is_empty() => "recording=",
                None => "=",
            };
            format!("{base}{joint}{encoded}{}", form.replacen('?', "&", 1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `kazoo-pivot.md` 4.4.
    #[test]
    fn the_name_of_the_file_goes_into_the_path_or_the_query() {
        let known = [("call_id", "a@b".to_owned()), ("from", "x y".to_owned())];
        for (base, expected) in [
            ("http://r.example/store/", "http://r.example/store/n.mp3?call_id=a%40b&from=x+y"),
            ("http://r.example/s?name=", "http://r.example/s?name=n.mp3&call_id=a%40b&from=x+y"),
            ("http://r.example/s?a=1&name", "http://r.example/s?a=1&name=n.mp3&call_id=a%40b&from=x+y"),
            ("http://r.example/s?a=1", "http://r.example/s?a=1&recording=n.mp3&call_id=a%40b&from=x+y"),
        ] {
            assert_eq!(url(base, "n.mp3", &known), expected);
        }
    }
}
