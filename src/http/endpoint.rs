//! Where the API is: a site's name or a full URL, and where people see its objects.

use crate::config::{self, Hosts, site_help};

/// An API, and the web application beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `https://api.datadoghq.eu/`.
    pub url: reqwest::Url,
    /// `https://app.datadoghq.eu`, without a slash at the end.
    pub web: String,
    /// As people know it: `datadoghq.eu`, or the URL.
    pub shown: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("`{0}` is not a Datadog site: {1} (any other must be named in MUSHER_ALLOW_HOSTS)")]
    Site(String, String),
    #[error("`{0}` is not a URL of an API. Write it whole, such as https://api.datadoghq.eu")]
    Url(String),
    #[error("`{0}` would send keys unencrypted. Use https; plain http is for loopback only")]
    Plain(String),
}

impl Endpoint {
    /// A site: `datadoghq.eu` is reached at `https://api.datadoghq.eu`.
    pub fn site(site: &str, hosts: &Hosts) -> Result<Self, EndpointError> {
        // Somebody may have put a key where the site belongs.
        let shown = if site.len() > 20 && !site.contains('.') { "…" } else { site };
        let malformed = || EndpointError::Site(shown.to_owned(), site_help(site));
        if !hosts.allow_site(site) {
            return Err(malformed());
        }
        let url = reqwest::Url::parse(&format!("https://api.{site}/")).map_err(|_| malformed())?;
        Ok(Self { url, web: web(site), shown: site.to_owned() })
    }

    /// A full URL: https, or plain http on loopback.
    pub fn url(text: &str) -> Result<Self, EndpointError> {
        let malformed = || EndpointError::Url(without_user(text));
        let read = config::Url::read(text).map_err(|fault| match fault == config::PLAIN {
            true => EndpointError::Plain(without_user(text).trim_end_matches('/').to_owned()),
            false => malformed(),
        })?;
        let shown = read.text();
        let url = reqwest::Url::parse(&shown).map_err(|_| malformed())?;
        let web = read.site().map_or_else(|| shown.clone(), web);
        Ok(Self { url, web, shown })
    }

    /// Unencrypted: loopback, by the rule above.
    pub fn plain(&self) -> bool {
        self.url.scheme() == "http"
    }
}

/// The web application of a site. Datadog's "Getting started with the Datadog site": `app.` stands before
/// datadoghq.com, datadoghq.eu and ddog-gov.com; us3, us5, ap1, … are their own host.
fn web(site: &str) -> String {
    if site.split('.').count() == 2 { format!("https://app.{site}") } else { format!("https://{site}") }
}

/// What stands before an `@` may be a password, what stands behind a `?` a key.
fn without_user(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    match (text.rsplit_once('@'), text.split_once("://")) {
        (Some((_, rest)), Some((scheme, _))) => format!("{scheme}://{rest}"),
        (Some((_, rest)), None) => rest.to_owned(),
        (None, _) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: Result<Endpoint, EndpointError>, expected: Result<(&str, &str, &str), &str>) {
        match (&found, expected) {
            (Ok(found), Ok(expected)) => {
                assert_eq!((found.url.as_str(), found.web.as_str(), found.shown.as_str()), expected);
            }
            (Err(error), Err(words)) => assert!(error.to_string().starts_with(words), "{error}"),
            _ => panic!("{found:?} is not {expected:?}"),
        }
    }

    #[test]
    fn sites() {
        for (site, api, web) in [
            ("datadoghq.com", "https://api.datadoghq.com/", "https://app.datadoghq.com"),
            ("datadoghq.eu", "https://api.datadoghq.eu/", "https://app.datadoghq.eu"),
            ("ddog-gov.com", "https://api.ddog-gov.com/", "https://app.ddog-gov.com"),
            ("us3.datadoghq.com", "https://api.us3.datadoghq.com/", "https://us3.datadoghq.com"),
            ("us5.datadoghq.com", "https://api.us5.datadoghq.com/", "https://us5.datadoghq.com"),
            ("ap1.datadoghq.com", "https://api.ap1.datadoghq.com/", "https://ap1.datadoghq.com"),
        ] {
            check(Endpoint::site(site, &Hosts::default()), Ok((api, web, site)));
        }
        for site in [
            "",
            "datadoghq",
            "app.datadoghq.eu",
            "https://datadoghq.eu",
            "a b.com",
            "datadog.eu",
            "attacker.example",
            "x.com/y",
            "u@x.com",
            "-a.com",
        ] {
            check(Endpoint::site(site, &Hosts::default()), Err(&format!("`{site}` is not a Datadog site: ")));
        }
        check(
            Endpoint::site("0123456789abcdef0123456789abcdef", &Hosts::default()),
            Err("`…` is not a Datadog site: "),
        );
    }

    #[test]
    fn urls() {
        let own = "https://api.datadoghq.eu";
        check(Endpoint::url(own), Ok(("https://api.datadoghq.eu/", "https://app.datadoghq.eu", own)));
        for loopback in ["http://127.0.0.1:8126", "http://localhost:8126", "http://[::1]:8126"] {
            check(Endpoint::url(loopback), Ok((&format!("{loopback}/"), loopback, loopback)));
        }
        let behind = "https://gate.example.com/datadog";
        check(Endpoint::url(behind), Ok((behind, behind, behind)));
        check(
            Endpoint::url("http://api.datadoghq.eu"),
            Err("`http://api.datadoghq.eu` would send keys unencrypted"),
        );
        check(
            Endpoint::url("http://127.0.0.1.example.com"),
            Err("`http://127.0.0.1.example.com` would send keys"),
        );
        check(Endpoint::url("api.datadoghq.eu"), Err("`api.datadoghq.eu` is not a URL of an API"));
        check(
            Endpoint::url("https://me:secret@example.com"),
            Err("`https://example.com` is not a URL of an API"),
        );
        check(Endpoint::url("ftp://example.com"), Err("`ftp://example.com` is not a URL of an API"));
        check(Endpoint::url("https://example.com/?api_key=1"), Err("`https://example.com/` is not a URL"));
    }
}
