//! Which alerts a rule in place of recipients tells of.

use std::collections::BTreeSet;

use serde_json::Value;

/// The tags that an alert must bear for a rule to tell of it; none where the filter says more than tags: what it asks
/// is not known here, and passes nothing.
#[derive(Debug)]
pub struct Filter(Option<Vec<String>>);

impl Filter {
    /// That of a rule's body.
    pub fn of(rule: &Value) -> Self {
        Self(wanted(rule).map(|tags| tags.into_iter().map(str::to_owned).collect()))
    }

    /// Whether the rule tells of an alert with these tags.
    pub fn passes(&self, tags: &BTreeSet<&str>) -> bool {
        self.0.as_ref().is_some_and(|wanted| wanted.iter().all(|tag| tags.contains(tag.as_str())))
    }
}

fn wanted(rule: &Value) -> Option<Vec<&str>> {
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
