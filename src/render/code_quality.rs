//! Diagnostics -> GitLab's code quality report, the artifact that its merge request widget reads without a token.

use serde_json::{Value, json};

use super::diagnostics::{line, look_up};
use super::fingerprint::Fingerprints;
use crate::diagnostic::{Diagnostic, Severity, Sources};

/// `[{description, check_name, fingerprint, severity, location: {path, lines: {begin, end}}}]`. `folder` is the
/// project's folder as seen from the root of the repository. GitLab drops entries of equal fingerprints, and matches
/// no path that begins with `./`.
pub fn code_quality(diagnostics: &[Diagnostic], sources: &Sources, folder: &str) -> Value {
    let mut fingerprints = Fingerprints::default();
    let entries = look_up(diagnostics, sources).into_iter().map(|one| {
        let path = one.place.as_ref().map_or_else(|| "musher.yaml".to_owned(), |place| line(&place.path));
        let lines = one.place.as_ref().filter(|place| place.range.is_some());
        let (begin, end) = lines.map_or((1, 1), |place| (place.start.0, place.end.0));
        let mut description = line(&one.diagnostic.text);
        if let Some(help) = &one.diagnostic.help {
            description += &format!(". {}", line(help));
        }
        let slash = if folder.is_empty() { "" } else { "/" };
        json!({
            "description": description,
            "check_name": one.diagnostic.code,
            "fingerprint": fingerprints.of(one.diagnostic, &path),
            "severity": match one.diagnostic.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Advice => "info",
            },
            "location": {"path": format!("{folder}{slash}{path}"), "lines": {"begin": begin, "end": end}},
        })
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{At, Format};

    #[test]
    fn an_entry_has_what_the_widget_needs() {
        let mut sources = Sources::default();
        let file = sources.add("monitors/a.yaml", "monitors:\n  a: {}\n", Format::Yaml);
        let found = [
            Diagnostic::error("unknown-key", "Unknown key `x`", At::key(file, "/monitors/a"))
                .help("it is `y`"),
            Diagnostic::warning("no-definitions", "Nothing is here", None),
        ];
        let report = code_quality(&found, &sources, "shop");
        let entry = report.as_array().unwrap().iter().find(|entry| entry["severity"] == "major").unwrap();
        assert_eq!(entry["description"], "Unknown key `x`. it is `y`");
        assert_eq!(entry["check_name"], "unknown-key");
        assert_eq!(
            entry["location"],
            json!({"path": "shop/monitors/a.yaml", "lines": {"begin": 2, "end": 2}})
        );
        let whole = report.as_array().unwrap().iter().find(|entry| entry["severity"] == "minor").unwrap();
        assert_eq!(whole["location"], json!({"path": "shop/musher.yaml", "lines": {"begin": 1, "end": 1}}));
    }
}
