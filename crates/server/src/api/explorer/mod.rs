//! The pages for people: the API explorer, and what there is at `/`.
//!
//! Shape: each page is one document with its style and its script in it. The policy of its content names the two by their hashes and
//! allows nothing else, and requests to this server alone.
//! Sources: Content Security Policy Level 3 (hashes); `ringme-ivr.md` 2.1 (the path).

use std::sync::OnceLock;

use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::description::{Operation, Table, get};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("explorer.js");

pub(super) fn table() -> Table {
    let page = |what: &str| Operation::new(what).open().file(200, "The page.", "text/html");
    Table::of("Description", "What the API has, for programs and for people.")
        .on("/api/ver1.0/client_api_explorer", get(explorer, page("The same as a page, with requests to try")))
        .on("/", get(index, page("What is here")))
}

/// A page, made once.
struct Page {
    content: String,
    policy: String,
}

impl Page {
    fn of(document: &str) -> Self {
        let content = document.replace("{style}", STYLE).replace("{script}", SCRIPT);
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; media-src blob:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
            hash(SCRIPT),
            hash(STYLE),
        );
        Self { content, policy }
    }

    fn answer(&'static self) -> impl IntoResponse {
        let headers: [(HeaderName, &str); 5] = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, self.policy.as_str()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-cache"),
        ];
        (headers, self.content.as_str())
    }
}

/// How a policy names what stands in a page.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

async fn explorer() -> impl IntoResponse {
    static PAGE: OnceLock<Page> = OnceLock::new();
    PAGE.get_or_init(|| Page::of(include_str!("page.html"))).answer()
}

async fn index() -> impl IntoResponse {
    static PAGE: OnceLock<Page> = OnceLock::new();
    PAGE.get_or_init(|| Page::of(include_str!("index.html"))).answer()
}
