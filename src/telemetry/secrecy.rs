//! What is secret in the process environment, kept out of whatever is sent: variables that are sent on, tags and attributes
//! of a resource, are written by people, who may put a key there.

use std::sync::OnceLock;

use percent_encoding::percent_decode_str;

use crate::hidden;

/// Words in the names of variables that hold something secret.
const NAMES: [&str; 8] =
    ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "OTLP_HEADERS", "_HEADERS"];
const INSTEAD: &str = "[key]";

/// Of this process, the longest first: of several that begin alike nothing stays.
static OF_ENVIRONMENT: OnceLock<Vec<String>> = OnceLock::new();

/// Keeps these out from now on.
pub fn remember(environment: impl Iterator<Item = (String, String)>) {
    // A process has one environment.
    let _ = OF_ENVIRONMENT.set(secrets(environment));
}

fn secrets(environment: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let named = |name: &str| {
        let name = name.to_ascii_uppercase();
        NAMES.iter().any(|part| name.contains(part))
    };
    let mut found: Vec<String> = Vec::new();
    for (_, value) in environment.filter(|(name, _)| named(name)) {
        // `authorization=Bearer%20KEY,x=y`: whole, and each word of it.
        let decoded = decoded(&value);
        let words = decoded.split([',', '=', ' ', ';', '"', '\'']);
        let all = [value.as_str(), decoded.as_str()].into_iter().chain(words).map(str::trim);
        found.extend(all.filter(|word| hidden::is_telling(word)).map(str::to_owned));
    }
    found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    found.dedup();
    found
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A text as it may be sent.
pub fn sent(text: &str) -> String {
    let shown = hidden::shown(text).into_owned();
    OF_ENVIRONMENT.get().map_or(shown.clone(), |secrets| without(secrets, shown))
}

fn without(secrets: &[String], mut text: String) -> String {
    for secret in secrets {
        if text.contains(secret.as_str()) {
            text = text.replace(secret.as_str(), INSTEAD);
        }
    }
    // Spelled otherwise, nothing of it can be kept.
    let (plain, lower) = (decoded(&text), text.to_ascii_lowercase());
    let is_there =
        |secret: &String| plain.contains(secret.as_str()) || lower.contains(&secret.to_ascii_lowercase());
    if secrets.iter().any(is_there) { INSTEAD.to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_the_environment_are_taken_out() {
        let environment = [
            ("DD_API_KEY", "0123456789abcdef0123456789abcdef"),
            ("GITHUB_TOKEN", "ghs_16C7e42F292c6912E7710c838347Ae178B4a"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cr3t%2Fvalue,x-team=web"),
            ("CACHE_KEY", "main"),
            ("HOME", "/home/runner1"),
        ];
        let secrets =
            secrets(environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        for (text, expected) in [
            ("a-0123456789abcdef0123456789abcdef-b", "a-[key]-b"),
            ("ghs_16C7e42F292c6912E7710c838347Ae178B4a", "[key]"),
            ("GHS_16C7E42F292C6912E7710C838347AE178B4A", "[key]"),
            ("x s3cr3t/value", "x [key]"),
            ("s3cr3t%2fvalue", "[key]"),
            ("main web /home/runner1 authorization", "main web /home/runner1 authorization"),
        ] {
            assert_eq!(without(&secrets, text.to_owned()), expected, "{text}");
        }
    }
}
