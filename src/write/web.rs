//! What a person names an object by: its id, or the URL of its page.

use crate::kind::{KINDS, Kind};

/// An object as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: String,
    /// Of the URL.
    pub host: Option<String>,
}

/// Reads an id, or a URL of the web application with whatever stands behind the id in it.
///
/// The error is a full sentence.
pub fn named(kind: &Kind, text: &str) -> Result<Named, String> {
    let text = text.trim();
    // An id that a body says may hold a slash, and stands in no URL.
    if !text.contains('/') || kind.api.composed.is_some() && !text.contains("://") {
        return Ok(Named { id: text.to_owned(), host: None });
    }
    let address = text.split_once("://").map_or(text, |(_, address)| address);
    let (host, path) = address.split_at(address.find('/').unwrap_or(address.len()));
    if let Some(id) = id_in(kind, path) {
        return Ok(Named { id, host: Some(host.to_ascii_lowercase()).filter(|host| !host.is_empty()) });
    }
    let pattern = match kind.api.composed {
        Some(_) => String::new(),
        None => format!(", or https://…{}", kind.about.web.replace("{id}", "ID")),
    };
    Err(match KINDS.into_iter().find(|other| id_in(other, path).is_some()) {
        Some(other) => format!("`{text}` is the URL of {}, not of {}", other.one(), kind.one()),
        None => format!("`{text}` is not a URL of {}: write its id{pattern}", kind.one()),
    })
}

/// The id in the path of a URL, its query and fragment included.
fn id_in(kind: &Kind, url: &str) -> Option<String> {
    // Some have no page of their own.
    if kind.about.web.is_empty() || kind.api.composed.is_some() {
        return None;
    }
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let word = |text: &str| {
        let end = text.find(['/', '&', '?']).unwrap_or(text.len());
        let word = &text[..end];
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        (!word.is_empty() && word.chars().all(fits)).then(|| word.to_owned())
    };
    let (page, parameter) = match kind.about.web.split_once('?') {
        Some((page, query)) => (page, query.split('=').next()),
        None => (kind.about.web.split("/{id}").next().unwrap_or_default(), None),
    };
    let below = path.strip_prefix(page)?;
    if !below.is_empty() && !below.starts_with('/') {
        return None;
    }
    let in_query = parameter
        .and_then(|name| query.split('&').find_map(|pair| word(pair.strip_prefix(name)?.strip_prefix('=')?)));
    // Old links have the id in the fragment: `/monitors#123/edit`.
    let in_path = || word(below.trim_start_matches('/'));
    in_query.or_else(in_path).or_else(|| word(fragment).filter(|_| below.trim_matches('/').is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind;

    fn check(name: &str, text: &str, expected: Result<&str, &str>) {
        let kind = kind::of_name(name).expect("a kind");
        let found = named(kind, text);
        match expected {
            Ok(id) => assert_eq!(found.map(|named| named.id), Ok(id.to_owned()), "{text}"),
            Err(words) => {
                let reported = found.expect_err(text);
                assert!(reported.contains(words), "{text}: {reported}");
            }
        }
    }

    #[test]
    fn ids_are_found_in_urls() {
        check("dashboard", "abc-def-ghi", Ok("abc-def-ghi"));
        check("dashboard", "https://app.datadoghq.eu/dashboard/abc-def-ghi/title", Ok("abc-def-ghi"));
        check(
            "dashboard",
            "https://acme.datadoghq.com/dashboard/abc-def-ghi?from_ts=1&live=true",
            Ok("abc-def-ghi"),
        );
        check("dashboard", "app.datadoghq.eu/dashboard/abc-def-ghi#x", Ok("abc-def-ghi"));
        check("dashboard", "/dashboard/abc-def-ghi/x-y", Ok("abc-def-ghi"));
        check("monitor", "https://app.datadoghq.eu/monitors/123", Ok("123"));
        check("monitor", "https://app.datadoghq.eu/monitors/123/edit", Ok("123"));
        check("monitor", "https://app.datadoghq.eu/monitors#123/edit", Ok("123"));
        check("monitor", " 123 ", Ok("123"));
        check("slo", "https://app.datadoghq.eu/slo?timeframe=7d&slo_id=0a1b&x=y", Ok("0a1b"));
        check("slo", "https://app.datadoghq.eu/slo/manage?slo_id=0a1b", Ok("0a1b"));
        check("slo", "https://app.datadoghq.eu/slo/0a1b/edit", Ok("0a1b"));
        check("slo", "https://app.datadoghq.eu/monitors/123", Err("is the URL of a monitor"));
        check("monitor", "https://app.datadoghq.eu/monitors/..%2f", Err("is not a URL of a monitor"));
        check("entity", "service:default/cart", Ok("service:default/cart"));
        check("entity", "https://app.datadoghq.eu/software", Err("is not a URL of an entity: write its id"));
        check("entity", "https://app.datadoghq.eu/monitors/1", Err("is the URL of a monitor"));
        check("monitor", "https://app.datadoghq.eu/software", Err("is not a URL of a monitor"));
        check("monitor", "https://app.datadoghq.eu", Err("is not a URL of a monitor"));
        check("monitor", "https://app.datadoghq.eu/monitorsx/1", Err("is not a URL of a monitor"));
    }
}
