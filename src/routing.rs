//! Which alerts a rule in place of recipients tells of.

use std::collections::BTreeSet;

use serde_json::Value;

/// Whether a rule tells of an alert with these tags. A filter that says more than tags passes nothing: what it asks is
/// not known here.
pub fn passes(rule: &Value, tags: &BTreeSet<&str>) -> bool {
    filter(rule).is_some_and(|wanted| wanted.iter().all(|tag| tags.contains(tag)))
}

/// The tags that an alert must have; none where the filter says more than that.
fn filter(rule: &Value) -> Option<Vec<&str>> {
    let filter = rule.get("filter")?;
    if let Some(tags) = filter.get("tags").and_then(Value::as_array) {
        return (!tags.is_empty()).then(|| tags.iter().filter_map(Value::as_str).collect());
    }
    let words: Vec<&str> =
        filter.get("scope")?.as_str()?.split_whitespace().filter(|word| *word != "AND").collect();
    let is_tag = |word: &&str| {
        word.contains(':') && !word.contains(['(', ')', '*', '"', '!']) && !word.starts_with('-')
    };
    (!words.is_empty() && words.iter().all(is_tag)).then_some(words)
}
