//! What a relative URL means.
//!
//! Shape: a base that is absolute and a reference, as RFC 3986 or as KAZOO resolves it.
//! Errors: none; whoever asks the URL looks whether it can be asked.
//! Sources: RFC 3986 §5.2; `kazoo-pivot.md` 8, A7.

use super::UriResolution;

/// The parts of a URL. An absolute one has a scheme.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub struct Parts<'a> {
    /// Without its colon.
    pub scheme: Option<&'a str>,
    /// What stands behind `//`.
    pub authority: Option<&'a str>,
    /// The path; may be empty.
    pub path: &'a str,
    /// What stands behind `?`.
    pub query: Option<&'a str>,
    /// What stands behind `#`.
    pub fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// The parts of a text (RFC 3986 appendix B).
    pub fn of(text: &'a str) -> Self {
        let (text, fragment) = split(text, '#');
        let (text, query) = split(text, '?');
        let scheme = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme));
        let (scheme, rest) = scheme.map_or((None, text), |(scheme, rest)| (Some(scheme), rest));
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                (Some(&rest[..end]), &rest[end..])
            }
            None => (None, rest),
        };
        Self { scheme, authority, path, query, fragment }
    }

    fn written(scheme: Option<&str>, authority: Option<&str>, path: &str, query: Option<&str>) -> String {
        let scheme = scheme.map(|scheme| format!("{scheme}:")).unwrap_or_default();
        let authority = authority.map(|authority| format!("//{authority}")).unwrap_or_default();
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("{scheme}{authority}{path}{query}")
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(text, rest)| (text, Some(rest)))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// The absolute URL of a reference. A fragment is not sent, so there is none; an empty reference is the base.
pub fn resolved(base: &str, reference: &str, by: UriResolution) -> String {
    let parts = Parts::of(reference);
    if parts.scheme.is_some() {
        return Parts::written(parts.scheme, parts.authority, parts.path, parts.query);
    }
    if reference.is_empty() {
        return base.split('#').next().unwrap_or_default().to_owned();
    }
    match by {
        UriResolution::Rfc3986 => rfc3986(&Parts::of(base), &parts),
        UriResolution::Kazoo => kazoo(&Parts::of(base), reference),
    }
}

fn rfc3986(base: &Parts<'_>, reference: &Parts<'_>) -> String {
    if reference.authority.is_some() {
        return Parts::written(base.scheme, reference.authority, &without_dots(reference.path), reference.query);
    }
    let (path, query) = match reference.path {
        "" => (base.path.to_owned(), reference.query.or(base.query)),
        path if path.starts_with('/') => (without_dots(path), reference.query),
        path => (without_dots(&merged(base, path)), reference.query),
    };
    Parts::written(base.scheme, base.authority, &path, query)
}

/// A relative path in place of the last segment of the base's.
fn merged(base: &Parts<'_>, path: &str) -> String {
    if base.authority.is_some() && base.path.is_empty() {
        return format!("/{path}");
    }
    let folder = base.path.rfind('/').map_or("", |at| &base.path[..=at]);
    format!("{folder}{path}")
}

/// A path without `.` and `..` (RFC 3986 §5.2.4).
fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let is_rooted = path.starts_with('/');
    let mut is_folder = false;
    for segment in path.split('/').skip(usize::from(is_rooted)) {
        is_folder = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let root = if is_rooted { "/" } else { "" };
    let end = if is_folder && !segments.is_empty() { "/" } else { "" };
    format!("{root}{}{end}", segments.join("/"))
}

/// As KAZOO joins paths: a leading `/` is not the root, a last segment without an ending is a folder, and the host may be taken for one.
fn kazoo(base: &Parts<'_>, reference: &str) -> String {
    let head = Parts::written(base.scheme, None, "//", None);
    let path = format!("{}{}", base.authority.unwrap_or_default(), base.path);
    let mut segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    for segment in reference.split('/').filter(|segment| !segment.is_empty()) {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => {
                if segments.last().is_some_and(|last| last.contains('.')) {
                    segments.pop();
                }
                segments.push(segment);
            }
        }
    }
    format!("{head}{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 3986 §5.4, without fragments.
    #[test]
    fn references_are_resolved_as_the_rfc_says() {
        for (reference, url) in [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("g;x=1/../y", "http://a/b/c/y"),
        ] {
            assert_eq!(resolved("http://a/b/c/d;p?q", reference, UriResolution::Rfc3986), url, "{reference}");
        }
        assert_eq!(resolved("http://a", "g", UriResolution::Rfc3986), "http://a/g");
    }

    /// Row A7 of `kazoo-pivot.md` 8.
    #[test]
    fn kazoo_takes_a_name_without_an_ending_for_a_folder() {
        for (base, reference, url) in [
            ("http://host/dir", "a", "http://host/dir/a"),
            ("http://host/d/file.ext", "/a", "http://host/d/a"),
            ("http://host/d/file.ext", "../a?b=1", "http://host/d/a?b=1"),
            ("http://host/file.ext", "", "http://host/file.ext"),
        ] {
            assert_eq!(resolved(base, reference, UriResolution::Kazoo), url, "{reference}");
        }
    }
}
