//! The types of risks by their weight.

use crate::model::Risk;

/// What is said of one type of risk; its place in the list is its weight.
pub(super) const CODES: [&str; 37] = [
    "twin",
    "protected-object",
    "pager-deleted",
    "objective-in-use",
    "scanning-less",
    "detecting-less",
    "requests-blocked",
    "host-changed",
    "access-changed",
    "errors-discarded",
    "retention-shortened",
    "quota-lowered",
    "more-discarded",
    "turned-off",
    "recipient-lost",
    "all-silenced",
    "endless-downtime",
    "policy-broken",
    "recipient-unreachable",
    "draft",
    "muted",
    "no-data-off",
    "objective-lost",
    "threshold-loosened",
    "window-longer",
    "aggregation-harder",
    "scope-widened",
    "scope-narrowed",
    "percentiles-off",
    "tags-lost",
    "search-narrowed",
    "grouping-removed",
    "delay-raised",
    "reminder-off",
    "urgency-lowered",
    "widget-removed",
    "object-replaced",
];

/// A risk of one of the types above.
pub fn risk(code: &'static str, text: impl Into<String>) -> Risk {
    let rank = CODES.iter().position(|known| *known == code).expect("bug: a risk without a weight");
    Risk { rank: u8::try_from(rank).expect("bug: too many risks"), code, text: text.into() }
}

/// Nothing of a risk is cut away, unless it were a page by itself.
pub fn listed(names: &[String]) -> String {
    const MOST: usize = 100;
    let mut out = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        out.push_str(&format!(" and {} more", names.len() - MOST));
    }
    out
}
