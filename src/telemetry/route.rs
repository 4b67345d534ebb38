//! A request's path without what tells one object from another: `/api/v1/monitor/{id}`; and the section that it is about.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::kind::{Delete, KINDS, Kind};

/// Steps of paths that no row of a kind names whole.
const OTHERS: [&str; 7] = ["api", "v1", "v2", "org", "can_delete", "validate", "search"];

/// The steps of all addresses that are known: whatever else stands in a path is somebody's.
static STEPS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let of_kinds = KINDS.into_iter().flat_map(paths).flat_map(|path| path.split('/'));
    of_kinds.chain(OTHERS).filter(|step| !step.is_empty() && !is_place(step)).collect()
});

/// The addresses that the row of a kind names; some begin in the midst.
fn paths(kind: &'static Kind) -> impl Iterator<Item = &'static str> {
    let api = &kind.api;
    let more = [
        api.list.path,
        api.order.as_ref().map(|order| order.path),
        api.named.as_ref().map(|named| named.list),
        api.validate_items.as_ref().map(|run| run.path),
        api.validate,
        match api.delete {
            Delete::Post { path, .. } => Some(path),
            Delete::Item => None,
        },
    ];
    let parts = api.parts.iter().map(|part| part.path);
    [api.path, api.item].into_iter().chain(more.into_iter().flatten()).chain(parts)
}

/// `{id}` in an address.
fn is_place(step: &str) -> bool {
    step.starts_with('{')
}

/// How many steps of a path an address covers, the one before the first `/` included.
fn covers(address: &str, path: &str) -> Option<usize> {
    let mut steps = path.split('/');
    let mut covered = 0;
    for own in address.split('/') {
        let step = steps.next()?;
        if own != step && !is_place(own) {
            return None;
        }
        covered += 1;
    }
    (covered > 1).then_some(covered)
}

/// The path with `{id}` for each step that is not the API's.
pub fn template(path: &str) -> String {
    let known =
        KINDS.into_iter().flat_map(paths).filter_map(|address| Some((covers(address, path)?, address)));
    let (covered, address) = known.max_by_key(|(covered, _)| *covered).unwrap_or((0, ""));
    let rest: Vec<&str> = path.split('/').skip(covered).collect();
    let count = rest.len();
    let step = |(at, step): (usize, &str)| -> &'static str {
        // Right behind a collection stands an id, whatever word it is.
        let is_id = at == 0 && covered > 0 && !(count == 1 && OTHERS.contains(&step));
        let known = if step.is_empty() { Some("") } else { STEPS.get(step).copied() };
        known.filter(|_| !is_id).unwrap_or("{id}")
    };
    let rest = rest.into_iter().enumerate().map(step);
    let own = (covered > 0).then_some(address);
    own.into_iter().chain(rest).collect::<Vec<_>>().join("/")
}

/// The section whose objects a path is about; of two kinds that share an address the first one.
pub fn section(path: &str) -> Option<&'static str> {
    let reach = |kind: &'static Kind| paths(kind).filter_map(|address| covers(address, path)).max();
    let found = KINDS.into_iter().filter_map(|kind| Some((reach(kind)?, kind.section)));
    found.rev().max_by_key(|(covered, _)| *covered).map(|(_, section)| section)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_of_a_template_is_an_id() {
        for kind in KINDS {
            let path = kind.api.path;
            assert_eq!(template(path), path);
            assert_eq!(template(&format!("{path}/a-b.c%2F1")), format!("{path}/{{id}}"));
            // Even one that looks like a word of the API.
            let word = format!("{path}/metrics/config");
            assert!(
                template(&word).contains("{id}") || KINDS.into_iter().flat_map(paths).any(|own| own == word),
                "{word}"
            );
            assert_eq!(section(&format!("{path}/x")), Some(kind.section), "{path}");
        }
        assert_eq!(template("/api/v1/org"), "/api/v1/org");
        assert_eq!(template("/api/v9/secret/0123456789abcdef"), "/api/{id}/{id}/{id}");
        assert_eq!(template(""), "");
    }
}
