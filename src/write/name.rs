//! Names of files and ids for objects whose titles are anything.

use std::collections::BTreeSet;

use crate::model::slug;

/// The most characters of a title, or of an id, in a name.
const LONGEST: usize = 80;

/// A name without an extension: slug of the title, then the object's id. Lower case letters, digits, `_` and
/// single `-`, beginning with a letter or digit: no separator, no device name of Windows (those have no `-`).
pub fn of_file(kind: &str, title: Option<&str>, id: &str) -> String {
    let title = title.map(part).filter(|title| !title.is_empty()).unwrap_or_else(|| kind.to_owned());
    match part(id) {
        id if id.is_empty() => format!("{title}-{kind}"),
        id => format!("{title}-{id}"),
    }
}

/// One segment of an id of ours; none where nothing of the title fits.
pub fn of_resource(title: &str) -> Option<String> {
    Some(part(title)).filter(|segment| !segment.is_empty())
}

fn part(text: &str) -> String {
    // A whole title may be megabytes; no more of it than this can end up in the name.
    let start: String = text.trim_start().chars().take(10 * LONGEST).collect();
    let mut out = String::new();
    for c in slug(&start).chars().map(|c| if c == '.' { '-' } else { c }) {
        if !(c == '-' && (out.is_empty() || out.ends_with('-'))) && out.len() < LONGEST {
            out.push(c);
        }
    }
    out.trim_end_matches(['-', '_']).to_owned()
}

/// The first of `name`, `name-2`, `name-3` … that is not taken.
pub fn free(name: &str, is_taken: &dyn Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    (2..=u64::MAX)
        .map(|number| format!("{name}-{number}"))
        .find(|name| !is_taken(name))
        .expect("bug: there are more numbers than names")
}

/// Takes a name, numbered where it is taken.
pub fn take(name: &str, taken: &mut BTreeSet<String>) -> String {
    let name = free(name, &|name| taken.contains(name));
    taken.insert(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::is_id;

    #[test]
    fn names_are_harmless() {
        for (title, id, expected) in [
            (Some("Checkout API: errors"), "12", "checkout-api-errors-12"),
            (Some("../../etc/passwd"), "12", "etc-passwd-12"),
            (Some("a\0b\n/c\\d"), "12", "a-b-c-d-12"),
            (Some("🔥🔥"), "12", "board-12"),
            (Some("CON.txt"), "12", "con-txt-12"),
            (Some("v1.2 - x.json"), "abc-def-ghi", "v1-2-x-json-abc-def-ghi"),
            (None, "../x", "board-x"),
            (Some("x"), "…", "x-board"),
        ] {
            assert_eq!(of_file("board", title, id), expected, "{title:?} {id}");
        }
        assert_eq!(of_file("board", Some(&"Long ".repeat(100_000)), "1").len(), "long-".len() * 16 + 1);
    }

    #[test]
    fn taken_names_are_numbered() {
        let mut taken = BTreeSet::new();
        assert_eq!(["a", "a", "b", "a"].map(|name| take(name, &mut taken)), ["a", "a-2", "b", "a-3"]);
    }

    proptest! {
        #[test]
        fn any_title_gives_one_short_segment(title in any::<String>(), id in any::<String>()) {
            let name = of_file("board", Some(&title), &id);
            prop_assert!(is_id(&name) && !name.contains(['/', '.']) && name.len() <= 2 * LONGEST + 1, "{}", name);
        }
    }
}
