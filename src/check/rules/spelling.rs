//! Names of fields that look like others: what is misspelled is stored nowhere, and nobody says so.

use serde_json::Value;

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::diagnostic::Part;
use crate::kind::{Kind, rules};
use crate::pointer::step;

/// Shorter names resemble too many others.
const SHORTEST: usize = 4;

pub fn fields(subject: &Subject<'_>, found: &mut Findings) {
    let kind = subject.kind;
    for path in kind.paths(|field| field.open) {
        let (Some(rule), Some(Value::Object(members))) =
            (rules(kind).at_path(path), subject.body.pointer(path))
        else {
            continue;
        };
        for name in members.keys().filter(|name| name.len() >= SHORTEST && rule.child(name).is_none()) {
            let Some(meant) = meant(kind, path, name).filter(|meant| !members.contains_key(*meant)) else {
                continue;
            };
            let of = path.strip_prefix('/').map_or(String::new(), |path| format!(" of `{path}`"));
            let text = format!("`{name}` is not a known field{of}, and looks like `{meant}`");
            let help = format!(
                "write `{meant}`; what the service doesn't know it drops, and a plan shows it each time"
            );
            found.add(&format!("{path}{}", step(name)), text, help).part = Part::Key;
        }
    }
}

/// The known field that a name resembles: two letters at most are wrong, of a short name one.
fn meant(kind: &Kind, path: &str, name: &str) -> Option<&'static str> {
    let known = || {
        let documented = kind.paths(|field| !field.doc.is_empty());
        let below = documented.filter_map(|at| at.strip_prefix(path)?.strip_prefix('/'));
        below.filter(|key| !key.contains('/'))
    };
    if known().any(|key| key == name) {
        return None;
    }
    let most = if name.len() < 8 { 1 } else { 2 };
    let near = known().map(|key| (strsim::damerau_levenshtein(name, key), key));
    near.filter(|(distance, _)| *distance <= most).min().map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::of_section;

    #[test]
    fn a_name_resembles_one_field_or_none() {
        let kind = of_section("monitors").expect("a kind");
        for (path, name, expected) in [
            ("", "mesage", Some("message")),
            ("", "Query", Some("query")),
            ("", "massaging", None),
            ("", "notes", None),
            ("/options", "notify_no_dat", Some("notify_no_data")),
            ("/options", "evaluation_dealy", Some("evaluation_delay")),
            ("/options", "message", None),
        ] {
            assert_eq!(meant(kind, path, name), expected, "{path}/{name}");
        }
    }
}
