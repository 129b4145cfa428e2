//! A page that a caller names in the Request-URI: `sip:dialog@host;voicexml=URL`.
//!
//! Shape: a Request-URI in, an extension out that is in no configuration: its script is the page.
//! Errors: a refusal: 400 for what is not well-formed, 403 for a host that the settings do not name, 404 where no client is meant. A page
//! that cannot be had is 500, and so is one that lies behind a redirect: it could be on a host that the settings do not name. So it is for every other first page.
//! Sources: RFC 4240 §4; RFC 5552 §2.1, §2.3.

use std::sync::Arc;

use antiphon_ivr::{
    ExtensionId, FetchBody,
    vxml::{Application, Entry},
};
use antiphon_sip::{Rejection, StatusCode, Uri};
use url::Url;

use crate::{
    settings::VxmlSettings,
    store::{ClientId, Config, Extension, ExtensionKind, ExtensionProfile, ExtensionStatus, VxmlExtension},
};

/// The user part that means a page.
const USER: &str = "dialog";
/// Most bytes of what is sent to the web server.
const LONGEST_BODY: usize = 16 << 10;

/// The extension that a Request-URI means by itself; `None` where it means a number, or nobody may name pages.
pub(crate) fn of(
    settings: &VxmlSettings,
    config: &Config,
    uri: &Uri,
    phone: Option<&Extension>,
) -> Option<Result<Arc<Extension>, Rejection>> {
    let is_meant = settings.dialog && uri.user().is_some_and(|user| user == USER);
    is_meant.then(|| named(settings, config, uri, phone).map_err(Rejection::from))
}

fn named(
    settings: &VxmlSettings,
    config: &Config,
    uri: &Uri,
    phone: Option<&Extension>,
) -> Result<Arc<Extension>, StatusCode> {
    let address = uri.param_text("voicexml").ok_or_else(|| malformed("voicexml"))?;
    let url = Url::parse(&address).map_err(|_| malformed("voicexml"))?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let host = url.host_str().filter(|_| is_web).ok_or_else(|| malformed("voicexml"))?;
    if !settings.may_be_on(host) {
        tracing::info!(host, "a page is named on a host that vxml.hosts does not name");
        return Err(StatusCode::FORBIDDEN);
    }
    let application = Application { entry: entry(uri)?, ..Application::new(address) };
    let client = client(settings, config, phone).ok_or_else(|| {
        tracing::info!("a page is named, and vxml.client names no client in whose name it could run");
        StatusCode::NOT_FOUND
    })?;
    Ok(Arc::new(Extension {
        // No extension of the store has it.
        id: ExtensionId(0),
        client,
        name: USER.to_owned(),
        status: ExtensionStatus::Active,
        kind: ExtensionKind::Vxml(VxmlExtension { application: Arc::new(application), document: None }),
        caller_id_name: None,
        create_date: String::new(),
        profile: ExtensionProfile::default(),
        document: None,
    }))
}

/// What is said of a parameter that cannot be read, or is not there.
fn malformed(parameter: &str) -> StatusCode {
    tracing::info!(parameter, "a page is named in a Request-URI whose parameter is missing or not well-formed");
    StatusCode::BAD_REQUEST
}

/// How the page is asked for.
fn entry(uri: &Uri) -> Result<Entry, StatusCode> {
    let seconds = |name: &str| {
        let text = uri.param_text(name);
        let number = text.map(|text| text.parse::<u32>().map(i64::from));
        number.transpose().map_err(|_| malformed(name))
    };
    let body = uri.param_text("postbody");
    // RFC 3261 §19.1.1 keeps `method` out of a Request-URI, and so does many a caller.
    let posts = match uri.param_text("method").map(|method| method.to_ascii_lowercase()).as_deref() {
        None => body.is_some(),
        Some("get") => false,
        Some("post") => true,
        Some(_) => return Err(malformed("method")),
    };
    let body = body.unwrap_or_default();
    if body.len() > LONGEST_BODY {
        return Err(malformed("postbody"));
    }
    let content_type = "application/x-www-form-urlencoded".to_owned();
    let body = posts.then(|| FetchBody { content_type, bytes: body.into_bytes() });
    Ok(Entry { body, max_age: seconds("maxage")?, max_stale: seconds("maxstale")?, stays: true })
}

/// In whose name the page runs.
fn client(settings: &VxmlSettings, config: &Config, phone: Option<&Extension>) -> Option<ClientId> {
    if let Some(phone) = phone {
        return Some(phone.client);
    }
    let mut clients = config.clients();
    match &settings.client {
        Some(prefix) => clients.find(|client| client.prefix == *prefix).map(|client| client.id),
        // Where there is only one, it is meant.
        None => clients.next().map(|client| client.id).filter(|_| clients.next().is_none()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_as_its_parameters_say() {
        let form = |bytes: &str| FetchBody {
            content_type: "application/x-www-form-urlencoded".to_owned(),
            bytes: bytes.as_bytes().to_vec(),
        };
        let of = |body: Option<&str>, max_age, max_stale| {
            Ok(Entry { body: body.map(form), max_age, max_stale, stays: true })
        };
        for (parameters, expected) in [
            ("", of(None, None, None)),
            (";maxage=7;maxstale=0", of(None, Some(7), Some(0))),
            (";postbody=a%3Db%26c", of(Some("a=b&c"), None, None)),
            (";method=POST", of(Some(""), None, None)),
            (";method=get;postbody=a", of(None, None, None)),
            (";method=put", Err(StatusCode::BAD_REQUEST)),
            (";maxage=-1", Err(StatusCode::BAD_REQUEST)),
            (";maxstale=", Err(StatusCode::BAD_REQUEST)),
        ] {
            let uri = format!("sip:dialog@example.com;voicexml=http%3A%2F%2Fa%2F{parameters}").parse().expect("a URI");
            assert_eq!(entry(&uri), expected, "{parameters}");
        }
        let long = format!("sip:dialog@example.com;postbody={}", "a".repeat(LONGEST_BODY + 1)).parse().expect("a URI");
        assert_eq!(entry(&long), Err(StatusCode::BAD_REQUEST));
    }
}
