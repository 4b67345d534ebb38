//! Names of fields that look like others: what is misspelled is stored nowhere, and nobody says so.

use serde_json::{Map, Value};

use crate::check::alert::Subject;
use crate::check::finding::Findings;
use crate::config::RuleLevel;
use crate::diagnostic::{Part, may_resemble};
use crate::kind::{Kind, Shape, shape};
use crate::pointer::step;
use crate::source::short;

/// Shorter names resemble too many others.
const SHORTEST: usize = 3;
/// Shorter ones may well be a singular and its plural.
const LONG: usize = 6;

pub fn fields(subject: &Subject<'_>, found: &mut Findings) {
    // A row says so at the body itself: `Additional properties are not allowed`.
    let refuses_others = subject.kind.holds("", |field| field.closed);
    for (place, name) in subject.places.unknown() {
        let is_refused = refuses_others && subject.places.pointer(place).is_empty();
        if is_refused && resembled(place.shape, name).is_none() {
            let text = format!("`{name}` is not a field of it, and the service refuses a body with others");
            let finding = found.add(&step(name), text, "take it out");
            finding.part = Part::Key;
            finding.level(RuleLevel::Error);
            continue;
        }
        if name.len() < SHORTEST {
            continue;
        }
        let is_free = |meant: &&str| place.value.get(*meant).is_none();
        let Some(meant) = resembled(place.shape, name) else { continue };
        // Beside the right one, which defaults may have set, it is another field unless it is nearly the same.
        let is_beside = !is_free(&meant);
        if is_beside && (name.len() < LONG || strsim::damerau_levenshtein(name, meant) > 1) {
            continue;
        }
        let around = subject.places.pointer(place);
        let at = format!("{around}{}", step(name));
        // One that is required is reported as missing.
        if found.has(&at) {
            continue;
        }
        let of = around.strip_prefix('/').map_or(String::new(), |path| format!(" of `{path}`"));
        let text = format!("`{name}` is not a known field{of}, and looks like `{meant}`");
        let instead = match is_beside {
            true => format!("join it with `{meant}`, which is set, too"),
            false => format!("write `{meant}`"),
        };
        let help =
            format!("{instead}; what the service doesn't know it drops, and a plan shows it each time");
        let finding = found.add(&at, text, help);
        finding.part = Part::Key;
        if !is_beside {
            finding.meant(format!("{around}{}", step(meant)));
        }
        if is_refused {
            finding.level(RuleLevel::Error);
        }
    }
}

/// The known field below a path that a name resembles.
pub fn meant(kind: &Kind, path: &str, name: &str) -> Option<&'static str> {
    if name.len() < SHORTEST {
        return None;
    }
    let shape = path.split('/').skip(1).try_fold(shape(kind), |shape, step| shape.child(step))?;
    resembled(shape, name)
}

/// Two letters at most are wrong, of a short name one; or it is cut off.
fn resembled(shape: &Shape, name: &str) -> Option<&'static str> {
    if shape.child(name).is_some() {
        return None;
    }
    let known = || {
        let documented = |shape: &Shape| shape.field.is_some_and(|field| !field.doc.is_empty());
        shape.members().filter(move |(_, shape)| documented(shape)).map(|(name, _)| name)
    };
    let most = if name.len() < 8 { 1 } else { 2 };
    // Names of such different lengths have no fewer differences.
    let length = name.chars().count();
    let near = known().filter(|key| key.len().abs_diff(length) <= most && may_resemble(name, key, most));
    let near = near.map(|key| (strsim::damerau_levenshtein(name, key), key));
    let near = near.filter(|(distance, _)| *distance <= most).min().map(|(_, key)| key);
    near.or_else(|| {
        let whole = known().filter(|key| key.starts_with(name)).min_by_key(|key| key.len())?;
        known().filter(|key| key.starts_with(name)).all(|key| key.starts_with(whole)).then_some(whole)
    })
}

/// Reports a field that is required and misspelled; its place among the findings.
pub fn misspelled(
    subject: &Subject<'_>,
    (above, name): (&str, &str),
    (pointer, members): (&str, &Map<String, Value>),
    found: &mut Findings,
) -> Option<usize> {
    let key = members.keys().find(|key| meant(subject.kind, above, key) == Some(name))?;
    let text =
        format!("`{}` is not a known field: `{name}`, which the service requires, is missing", short(key));
    found
        .add(&format!("{pointer}{}", step(key)), text, format!("write `{name}`"))
        .meant(format!("{pointer}{}", step(name)));
    found.list.len().checked_sub(1)
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
            ("", "tag", Some("tags")),
            ("", "typ", Some("type")),
            ("", "nm", None),
            ("/options", "notify_no_dat", Some("notify_no_data")),
            ("/options", "evaluation_dealy", Some("evaluation_delay")),
            ("/options", "message", None),
            ("/options/thresholds", "crit", Some("critical")),
            ("/options/thresholds", "warn", Some("warning")),
            ("/options/thresholds", "cr", None),
            ("/options", "notify", None),
        ] {
            assert_eq!(meant(kind, path, name), expected, "{path}/{name}");
        }
    }
}
