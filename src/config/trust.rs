//! What `musher.yaml` may name of the world outside. The file may be that of a stranger's branch: it can't choose who
//! gets the keys, nor which secret is taken for one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::secrets;
use crate::diagnostic::{did_you_mean, known_words};

/// Datadog's sites: its documentation, "Getting Started with Datadog Sites", and the servers of its OpenAPI document.
pub const SITES: [&str; 9] = [
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "datadoghq.com",
    "datadoghq.eu",
    "ddog-gov.com",
    "uk1.datadoghq.com",
    "us2.ddog-gov.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
];

/// Hosts that stand in the process environment, beyond those of Datadog.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// `DATADOG_HOST`, as it is written in [`Url::text`].
    own: Option<String>,
    /// `MUSHER_ALLOW_HOSTS`: hosts with their ports.
    allowed: Vec<(String, u16)>,
}

impl Hosts {
    /// What is malformed allows nothing.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let allowed = variable("MUSHER_ALLOW_HOSTS").unwrap_or_default();
        let entry = |entry: &str| {
            let text = entry.trim();
            let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
            Url::read(&text).ok().filter(|url| url.path.is_empty()).map(|url| (url.host, url.port))
        };
        Self {
            own: variable("DATADOG_HOST").and_then(|text| Some(Url::read(&text).ok()?.text())),
            allowed: allowed.split(',').filter_map(entry).collect(),
        }
    }

    /// Whether keys may go to where a file points.
    pub fn allow(&self, url: &Url) -> bool {
        let is_datadog = url.port == HTTPS
            && SITES.iter().any(|site| {
                let before = url.host.strip_suffix(site);
                matches!(before, Some("" | "api." | "app."))
            });
        url.is_loopback()
            || is_datadog
            || self.own.as_ref() == Some(&url.text())
            || self.allowed.iter().any(|(host, port)| (host, *port) == (&url.host, url.port))
    }

    /// Whether a site is one of Datadog's, or its API's host is allowed.
    pub fn allow_site(&self, site: &str) -> bool {
        SITES.contains(&site)
            || Url::read(&format!("https://api.{site}"))
                .is_ok_and(|url| url.path.is_empty() && url.port == HTTPS && self.allow(&url))
    }
}

const HTTPS: u16 = 443;

/// The URL of an API, taken apart by rules so narrow that no other reader finds another host in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    https: bool,
    /// In lower case; IPv6 in brackets.
    pub host: String,
    port: u16,
    /// Empty, or begins with `/`.
    path: String,
}

/// What is wrong with a URL, and the remedy. The text is not part of either: it may hold a password.
pub type UrlFault = (&'static str, &'static str);

pub const PLAIN: UrlFault =
    ("Keys can't travel over plain http", "write `https://`; plain http goes to loopback only");
const NO_URL: UrlFault =
    ("This is not a URL of an API", "write `https://HOST`, with a port or path where there is one");

impl Url {
    pub fn read(text: &str) -> Result<Self, UrlFault> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(("A URL with a user or password can't be a target", "write it without"));
        }
        let foul = |c: char| !c.is_ascii_graphic() || matches!(c, '?' | '#' | '\\');
        let path = path.trim_end_matches('/');
        if text.contains(foul) || path.contains("//") {
            return Err(NO_URL);
        }
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(("This is not a URL of an API", "begin it with `https://`")),
        };
        let (host, port) = host_and_port(authority).ok_or(NO_URL)?;
        let port = port.unwrap_or(if https { HTTPS } else { 80 });
        let url = Self { https, host, port, path: path.to_owned() };
        if !https && !url.is_loopback() {
            return Err(PLAIN);
        }
        Ok(url)
    }

    /// The URL in one spelling, without a slash at the end.
    pub fn text(&self) -> String {
        let (scheme, usual) = if self.https { ("https", HTTPS) } else { ("http", 80) };
        let port = if self.port == usual { String::new() } else { format!(":{}", self.port) };
        format!("{scheme}://{}{port}{}", self.host, self.path)
    }

    /// The site whose API this is, where its host says so.
    pub fn site(&self) -> Option<&str> {
        self.host.strip_prefix("api.").filter(|_| self.port == if self.https { HTTPS } else { 80 })
    }

    fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), port)
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (name(host)?, port)
        }
    };
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        None if port.is_empty() => None,
        _ => return None,
    };
    Some((host, port))
}

/// A host's name, or an IPv4 address in its usual form: `127.1`, `0x7f.1` and a dot at the end are refused.
fn name(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let fits = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
    let is_sound = host.split('.').all(fits) && (!is_number || host.parse::<Ipv4Addr>().is_ok());
    is_sound.then_some(host)
}

/// What to write where a text is not a site.
pub fn site_help(text: &str) -> String {
    let lower = text.trim().to_ascii_lowercase();
    let host = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let bare = ["app.", "api."].iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(host);
    if SITES.contains(&bare) {
        return format!("write `{bare}`");
    }
    known_words(bare, SITES)
}

/// What to do where a URL's host is a stranger's.
pub fn host_help(url: &Url) -> String {
    let known: Vec<String> = SITES.iter().map(|site| format!("api.{site}")).collect();
    if let Some(meant) = did_you_mean(&url.host, known.iter().map(String::as_str)) {
        return format!("did you mean `https://{meant}`?");
    }
    let port = if url.port == HTTPS { String::new() } else { format!(":{}", url.port) };
    format!(
        "name a site with `site:`; or, where it is yours, set MUSHER_ALLOW_HOSTS={}{port} in the environment that musher \
         runs in",
        url.host
    )
}

/// Whether a name of an environment variable is that of a key of Datadog: it holds the word `DD` or `DATADOG`, so that
/// no other secret of the process can be sent. (Variables of other secrets are to begin with `MUSHER_SECRET_`.)
pub fn holds_a_key(variable: &str) -> bool {
    variable.contains("DATADOG") || variable.starts_with("DD_") || variable.contains("_DD_")
}

/// A name of an environment variable that doesn't look like a key.
pub fn is_variable(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && text.chars().all(fits)
        && !secrets::is_key(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(own: &str, allowed: &str) -> Hosts {
        Hosts::read(&|name| match name {
            "DATADOG_HOST" => Some(own.to_owned()),
            "MUSHER_ALLOW_HOSTS" => Some(allowed.to_owned()),
            _ => None,
        })
    }

    #[test]
    fn keys_go_to_datadog_and_to_loopback() {
        let none = Hosts::default();
        for (text, expected) in [
            ("https://api.datadoghq.eu", true),
            ("HTTPS://API.DatadogHQ.eu:443/", true),
            ("https://app.us3.datadoghq.com", true),
            ("https://us2.ddog-gov.com/", true),
            ("http://127.0.0.1:8126", true),
            ("http://127.9.9.9", true),
            ("http://localhost:1/x", true),
            ("https://[::1]:8126", true),
            ("https://[0:0:0::1]:8126", true),
            ("https://api.datadoghq.eu:8443", false),
            ("https://evil.datadoghq.eu", false),
            ("https://api.app.datadoghq.eu", false),
            ("https://evildatadoghq.eu", false),
            ("https://api.datadoghq.eu.evil.example", false),
            ("https://attacker.example", false),
            ("https://xn--datadoghq-x4a.eu", false),
            ("https://10.0.0.1", false),
            ("https://[::ffff:127.0.0.1]", false),
            ("https://localhost.evil.example", false),
        ] {
            let url = Url::read(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
            assert_eq!(none.allow(&url), expected, "{text}");
        }
    }

    #[test]
    fn what_two_readers_may_read_in_two_ways_is_no_url() {
        for text in [
            "https://api.datadoghq.eu@evil.example",
            "https://api.datadoghq.eu:443@evil.example",
            "https://evil.example\\@api.datadoghq.eu",
            "https://evil.example#.api.datadoghq.eu",
            "https://evil.example?.api.datadoghq.eu",
            "https://api.datadoghq.eu.",
            "https://api.datadoghq.eu:",
            "https://api.datadoghq.eu:+443",
            "https://api.datadoghq.eu:99999",
            "https://api.datadoghq.eu%2eevil.example",
            "https://api\u{3002}datadoghq.eu",
            "https://\u{ff41}pi.datadoghq.eu",
            "https://api.datadoghq.eu\t",
            "https:///api.datadoghq.eu",
            "https:api.datadoghq.eu",
            "//api.datadoghq.eu",
            "file:///etc/passwd",
            "http://api.datadoghq.eu",
            "http://127.1",
            "http://0x7f.0.0.1",
            "http://2130706433",
            "http://127.0.0.01",
            "http://[::ffff:127.0.0.1]",
            "http://[::1",
            "http://[::1]x",
            "http://0.0.0.0",
            "http://localhost.",
            "",
        ] {
            assert!(Url::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_process_environment_names_others() {
        let url = |text: &str| Url::read(text).expect("a URL");
        let own = hosts("https://Gate.example:8443/datadog/", "");
        assert!(own.allow(&url("https://gate.example:8443/datadog")));
        assert!(!own.allow(&url("https://gate.example/datadog")));
        assert!(!own.allow(&url("https://gate.example:8443/elsewhere")));
        let listed = hosts("", " gate.example , https://b.example:8443, *.c.example,,d.example/path");
        for (text, expected) in [
            ("https://gate.example/any/path", true),
            ("https://b.example:8443", true),
            ("https://gate.example:8443", false),
            ("https://a.gate.example", false),
            ("https://x.c.example", false),
            ("https://d.example/path", false),
        ] {
            assert_eq!(listed.allow(&url(text)), expected, "{text}");
        }
        assert!(hosts("", "api.new.datadoghq.com").allow_site("new.datadoghq.com"));
        for site in ["new.datadoghq.com", "datadog.eu", "", "datadoghq.eu/x", "x@datadoghq.eu"] {
            assert!(!Hosts::default().allow_site(site), "{site}");
        }
    }

    #[test]
    fn the_site_that_was_meant_is_named() {
        for (text, expected) in [
            ("datadog.eu", "did you mean `datadoghq.eu`?"),
            ("us6.datadoghq.com", "did you mean `us3.datadoghq.com`?"),
            ("https://app.datadoghq.eu/", "write `datadoghq.eu`"),
            ("DATADOGHQ.COM", "write `datadoghq.com`"),
        ] {
            assert_eq!(site_help(text), expected, "{text}");
        }
        assert!(site_help("attacker.example").contains("`ddog-gov.com`"));
    }

    #[test]
    fn variables_of_keys_name_datadog() {
        for name in ["DD_API_KEY", "PROD_DD_APP_KEY", "DATADOG_API_KEY", "MYDATADOG"] {
            assert!(holds_a_key(name), "{name}");
        }
        for name in ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "ADD_TOKEN", "PASSWD_DB", "DD"] {
            assert!(!holds_a_key(name), "{name}");
        }
    }
}
