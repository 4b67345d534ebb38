//! Diagnostics -> SARIF 2.1.0, for GitHub's code scanning and whoever else reads it.
//!
//! Limits are GitHub's (its page "SARIF support for code scanning"): of a run's results it keeps 5,000, by severity.

use serde_json::{Value, json};

use super::diagnostics::{Reported, line, look_up, severity};
use super::fingerprint::Fingerprints;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::explain;

/// The most results that GitHub keeps of one run.
const MOST_RESULTS: usize = 5000;
/// The most other places of one result.
const MOST_RELATED: usize = 100;
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const FINGERPRINT: &str = "musherFinding/v1";

/// One run. `folder` is the project's folder as seen from the root of the repository, empty where they are the same.
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources, folder: &str) -> Value {
    let reported = look_up(diagnostics, sources);
    let mut codes: Vec<&str> = reported.iter().map(|one| one.diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut fingerprints = Fingerprints::default();
    let mut results: Vec<(Severity, Value)> = Vec::with_capacity(reported.len());
    for one in &reported {
        let rule = codes.binary_search(&one.diagnostic.code).ok();
        results.push((one.diagnostic.severity, result(one, rule, folder, &mut fingerprints)));
    }
    // A stable sort: errors first, else the order of files and lines.
    results.sort_by_key(|(severity, _)| *severity);
    let left_out = results.len().saturating_sub(MOST_RESULTS);
    results.truncate(MOST_RESULTS);
    let mut run = json!({
        "tool": {"driver": {
            "name": "musher",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": codes.iter().map(|code| rule(code)).collect::<Value>(),
        }},
        "columnKind": "unicodeCodePoints",
        "results": results.into_iter().map(|(_, result)| result).collect::<Value>(),
    });
    if left_out > 0 {
        // Never cut without a word: viewers show notifications of the tool.
        run["invocations"] = json!([{
            "executionSuccessful": true,
            "toolExecutionNotifications": [{
                "level": "warning",
                "message": {"text": format!("{left_out} more findings are left out: `musher validate` shows all of them")},
            }],
        }]);
    }
    json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})
}

fn rule(code: &str) -> Value {
    match explain::explain(code) {
        Ok(explained) => json!({
            "id": code,
            "shortDescription": {"text": explained.first()},
            "help": {"text": explained.text, "markdown": explained.text},
        }),
        Err(_) => json!({"id": code}),
    }
}

/// SARIF's word for it.
fn level(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity {
        Severity::Advice => "note",
        _ => severity(diagnostic),
    }
}

fn result(one: &Reported, rule: Option<usize>, folder: &str, fingerprints: &mut Fingerprints) -> Value {
    let diagnostic = one.diagnostic;
    let path = one.place.as_ref().map(|place| line(&place.path)).unwrap_or_default();
    let mut text = line(&diagnostic.text);
    if let Some(help) = &diagnostic.help {
        text += &format!(". {}", line(help));
    }
    let mut result = json!({
        "ruleId": diagnostic.code,
        "level": level(diagnostic),
        "message": {"text": text},
        // A finding without a file is one of the project: code scanning shows no results without a place.
        "locations": [one.place.as_ref().map_or_else(|| location(folder, "musher.yaml", None), |place| {
            let region = place.range.as_ref().map(|_| (place.start, place.end));
            location(folder, &line(&place.path), region)
        })],
        "partialFingerprints": {FINGERPRINT: fingerprints.of(diagnostic, &path)},
    });
    if let Some(rule) = rule {
        result["ruleIndex"] = rule.into();
    }
    let related = one.also.iter().take(MOST_RELATED).map(|(text, place)| {
        let region = place.range.as_ref().map(|_| (place.start, place.end));
        let mut related = location(folder, &line(&place.path), region);
        related["message"] = json!({"text": line(text)});
        related
    });
    let related: Vec<Value> = related.collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    result
}

fn location(folder: &str, path: &str, region: Option<((u32, u32), (u32, u32))>) -> Value {
    let slash = if folder.is_empty() { "" } else { "/" };
    let mut physical = json!({"artifactLocation": {"uri": uri(&format!("{folder}{slash}{path}"))}});
    if let Some((start, end)) = region {
        physical["region"] =
            json!({"startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1});
    }
    json!({"physicalLocation": physical})
}

/// A path as a relative URI: what a segment may not hold is percent-encoded.
fn uri(path: &str) -> String {
    const SEGMENT: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let segments =
        path.split('/').map(|part| percent_encoding::utf8_percent_encode(part, &SEGMENT).to_string());
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{At, Format};

    #[test]
    fn errors_come_first_and_what_is_left_out_is_counted() {
        let mut sources = Sources::default();
        let file = sources.add("monitors/a b.yaml", "monitors:\n  a: {}\n", Format::Yaml);
        let at = At::key(file, "/monitors/a");
        let mut found: Vec<Diagnostic> = (0..MOST_RESULTS + 3)
            .map(|n| Diagnostic::warning("no-definitions", format!("{n}"), at.clone()))
            .collect();
        found.push(
            Diagnostic::error("unknown-key", "Unknown key `x`", at.clone())
                .help("it is `y`")
                .also("here", at),
        );
        let report = sarif(&found, &sources, "teams/shop");
        let run = &report["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), MOST_RESULTS);
        assert_eq!(results[0]["level"], "error");
        assert_eq!(results[0]["message"]["text"], "Unknown key `x`. it is `y`");
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "teams/shop/monitors/a%20b.yaml");
        assert_eq!(place["region"], json!({"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 4}));
        assert_eq!(results[0]["relatedLocations"][0]["message"]["text"], "here");
        let note =
            run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap();
        assert!(note.starts_with("4 more"), "{note}");
        let prints: std::collections::HashSet<String> =
            results.iter().map(|result| result["partialFingerprints"].to_string()).collect();
        assert_eq!(prints.len(), MOST_RESULTS);
        for result in results {
            let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
        }
    }
}
