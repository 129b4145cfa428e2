//! The `page URL` fences: what lies on web servers, for scripts of pages.
//!
//! Shape: the content of a fence is what is there; its ending says what it is. A first line `status N` answers with that status, one that
//! says `N bytes` with so many blanks, one `header NAME: VALUE` adds a header field, and one `after N s` says how long it takes. A first page at
//! `document:application` is uploaded, and its header field `base` says what addresses in it are relative to.

use std::time::{Duration, Instant};

use antiphon_ivr::{
    Page, Script,
    simulator::{self, Scenario},
    vxml::{Application, UPLOADED, Upload},
};

use crate::{
    caller,
    document::{Fence, Problem, Spec},
    web,
};

/// What happens on a call that runs the first page.
pub(crate) fn transcript(spec: &Spec) -> Result<String, Problem> {
    let mut scenario = Scenario {
        system_sounds: Duration::from_millis(500),
        // Where nobody dials, it is Friday.
        date: "2026-11-27T12:00:00Z".parse().expect("a date"),
        ..Scenario::default()
    };
    caller::read(&spec.caller, &mut scenario)?;
    scenario.web = spec.web.iter().map(web::read).collect::<Result<_, _>>()?;
    for (url, fence) in &spec.pages {
        let seconds = fence.text.lines().find_map(|line| line.strip_prefix("after ")?.strip_suffix(" s")?.parse().ok());
        scenario.slow_pages.extend(seconds.map(|seconds| (url.clone(), Duration::from_secs_f64(seconds))));
    }
    let pages = spec.pages.iter().map(|(url, fence)| (url.clone(), page(url, fence)));
    // With canned answers, the pages are asked for one after the other.
    if spec.web.is_empty() {
        scenario.pages = pages.collect();
    }
    let start = spec.pages.first().map(|(url, _)| url.clone()).unwrap_or_default();
    let application = match spec.pages.first().filter(|(url, _)| url == UPLOADED) {
        Some((url, fence)) => {
            let page = page(url, fence);
            let base = page.header("base").map(str::to_owned);
            Application::of_upload(Upload { bytes: page.body.into(), base })
        }
        None => Application::new(start),
    };
    let script = Script::VoiceXml(application.into());
    Ok(simulator::simulate(&script, &scenario, Instant::now()).to_string())
}

fn page(url: &str, fence: &Fence) -> Page {
    let kind = match url.rsplit('.').next() {
        Some("json") => "application/json",
        Some("js") => "text/javascript",
        Some("grxml") => "application/srgs+xml",
        Some("gram") => "application/srgs",
        _ => "application/voicexml+xml",
    };
    let mut page = Page { status: 200, headers: vec![("content-type".to_owned(), kind.to_owned())], ..Page::default() };
    let mut rest = fence.text.as_str();
    while let Some((line, after)) = rest.split_once('\n') {
        if let Some(status) = line.strip_prefix("status ").and_then(|status| status.parse().ok()) {
            page.status = status;
        } else if let Some((name, value)) = line.strip_prefix("header ").and_then(|header| header.split_once(": ")) {
            page.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        } else if line.starts_with("after ") && line.ends_with(" s") {
            // It was read before.
        } else if let Some(bytes) = line.strip_suffix(" bytes").and_then(|bytes| bytes.parse().ok()) {
            page.body = vec![b' '; bytes];
            return page;
        } else {
            break;
        }
        rest = after;
    }
    page.body = rest.as_bytes().to_vec();
    page
}
