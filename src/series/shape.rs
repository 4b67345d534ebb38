//! What bodies of one template have in common: their structure, the words of their fields, their queries but for scopes
//! and numbers.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use super::atom::{Atom, atoms, number};
use crate::kind::{Identified, Kind, Type};
use crate::pointer::{matches, matching, push, push_index};

/// The key whose value tells an object of Datadog's from all others: no template can be known by it.
pub const ADOPT: &str = "/$id";

/// A body as it is compared: lists without an order are sorted, and ids that the service gives to items are left to it.
pub fn sorted(kind: &Kind, body: &Value) -> Value {
    let mut sorted = body.clone();
    for list in kind.quirks.identified {
        // Where something in the body names an item by its id, all of them stay.
        let is_named =
            |other: &Identified| other.placeholders.is_some_and(|at| !matching(at, body).is_empty());
        if kind.quirks.identified.iter().any(is_named) {
            continue;
        }
        for pointer in matching(&format!("{}/*", list.list), body) {
            if let Some(Value::Object(item)) = sorted.pointer_mut(&pointer) {
                item.shift_remove(list.field);
            }
        }
    }
    for field in kind.fields.iter().filter(|field| field.set) {
        for pointer in matching(field.at, body) {
            if let Some(Value::Array(items)) = sorted.pointer_mut(&pointer)
                && items.iter().all(Value::is_string)
            {
                items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            }
        }
    }
    sorted
}

/// The leaves of a body by their pointers, sorted; empty lists and mappings are leaves.
pub fn leaves(body: &Value) -> Vec<(String, &Value)> {
    fn walk<'v>(value: &'v Value, pointer: &mut String, found: &mut Vec<(String, &'v Value)>) {
        let length = pointer.len();
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (key, member) in members {
                    push(pointer, key);
                    walk(member, pointer, found);
                    pointer.truncate(length);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    push_index(pointer, at);
                    walk(item, pointer, found);
                    pointer.truncate(length);
                }
            }
            leaf => found.push((pointer.clone(), leaf)),
        }
    }
    let mut found = Vec::new();
    walk(body, &mut String::new(), &mut found);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// What a kind's row says of fields, by pointer: looked up once each.
#[derive(Default)]
pub struct Known(HashMap<(&'static str, String), Said>);

#[derive(Clone, Copy, Default)]
struct Said {
    words: &'static [&'static str],
    is_query: bool,
}

impl Known {
    fn of(&mut self, kind: &'static Kind, pointer: &str) -> Said {
        if let Some(said) = self.0.get(&(kind.section, pointer.to_owned())) {
            return *said;
        }
        let mut said = Said::default();
        for field in kind.fields.iter().filter(|field| matches(field.at, pointer)) {
            said.is_query |= field.query;
            if let Type::Text(words) = field.value {
                said.words = words;
            }
        }
        self.0.insert((kind.section, pointer.to_owned()), said);
        said
    }
}

/// A body as it is looked at: what must be equal in all of one template, and all its words.
pub struct Look {
    pub shape: u64,
    /// Hashes of the words of its texts, sorted.
    pub words: Vec<u64>,
}

pub fn look(kind: &'static Kind, body: &Value, known: &mut Known) -> Look {
    let hashes = BuildHasherDefault::<DefaultHasher>::new();
    let mut shape = hashes.build_hasher();
    let mut words = Vec::new();
    kind.section.hash(&mut shape);
    for (pointer, leaf) in leaves(body) {
        pointer.hash(&mut shape);
        match leaf {
            _ if pointer.starts_with(ADOPT) => {}
            Value::String(text) => {
                let own = atoms(text);
                let said = known.of(kind, &pointer);
                if said.words.contains(&text.as_str()) {
                    text.hash(&mut shape);
                } else if said.is_query || is_query(&own) {
                    skeleton(&own).hash(&mut shape);
                }
                let named = own.iter().filter(|atom| matches!(atom, Atom::Word(_)));
                words.extend(named.map(|atom| hashes.hash_one(atom.text())));
            }
            Value::Number(_) => "number".hash(&mut shape),
            other => other.to_string().hash(&mut shape),
        }
    }
    words.sort_unstable();
    Look { shape: shape.finish(), words }
}

/// The metrics of all queries in a body.
pub fn metrics(body: &Value) -> Vec<String> {
    let texts = leaves(body).into_iter().filter_map(|(_, leaf)| leaf.as_str());
    let of_text = |text: &str| -> Vec<String> {
        let metric = |four: &[Atom<'_>]| match four {
            [Atom::Word(_), Atom::Mark(":"), Atom::Word(metric), Atom::Mark("{")] if metric.contains('.') => {
                Some((*metric).to_owned())
            }
            _ => None,
        };
        atoms(text).windows(4).filter_map(metric).collect()
    };
    texts.flat_map(of_text).collect()
}

/// Whether a text is a query of metrics: `avg:a.b{…}`.
fn is_query(atoms: &[Atom<'_>]) -> bool {
    atoms.windows(4).any(|four| {
        matches!(four, [Atom::Word(_), Atom::Mark(":"), Atom::Word(metric), Atom::Mark("{")] if !metric.contains('/'))
    })
}

/// A query without what stands in its scopes, without the values of a search, and without its numbers.
fn skeleton(atoms: &[Atom<'_>]) -> String {
    let (mut out, mut depth) = (String::new(), 0_usize);
    // In a search, in a phrase of it, and behind the colon of a key.
    let (mut is_search, mut is_phrase, mut is_value) = (false, false, false);
    let mut before = None;
    for (at, atom) in atoms.iter().enumerate() {
        let is_escaped = before == Some(Atom::Mark("\\"));
        match *atom {
            Atom::Mark("{") => depth += 1,
            Atom::Mark("}") => depth = depth.saturating_sub(1),
            Atom::Mark("\"") if is_escaped => is_phrase = !is_phrase,
            Atom::Mark("\"") => (is_search, is_phrase, is_value) = (!is_search, false, false),
            Atom::Mark(":") => is_value = true,
            Atom::Mark(" ") => is_value = false,
            _ => {}
        }
        let is_key = atoms.get(at + 1) == Some(&Atom::Mark(":"));
        match *atom {
            Atom::Refer(_) => out.push('@'),
            Atom::Word(text) if number(text).is_some() => out.push('#'),
            Atom::Word(_) if (depth > 0 && !is_key) || (is_search && (is_value || is_phrase)) => {
                if !out.ends_with('_') {
                    out.push('_');
                }
            }
            Atom::Mark(" ") if depth > 0 || is_phrase => {}
            atom => out.push_str(atom.text()),
        }
        before = Some(*atom);
    }
    out
}

/// The share of words that two have in common.
pub fn likeness(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut common) = (0_usize, 0_usize, 0_u32);
    while let (Some(left), Some(right)) = (a.get(i), b.get(j)) {
        match left.cmp(right) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                common += 1;
                i += 1;
                j += 1;
            }
        }
    }
    let most = u32::try_from(a.len().max(b.len())).unwrap_or(u32::MAX);
    if most == 0 { 1.0 } else { f64::from(common) / f64::from(most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_alike_but_for_scopes_and_numbers() {
        let shown = |text: &str| skeleton(&atoms(text));
        for (a, b) in [
            (
                "avg(last_5m):avg:a.b{service:web,env:x} by {host} > 5",
                "avg(last_5m):avg:a.b{service:db,env:y} by {host} > 0.5",
            ),
            (
                r#"logs("service:a status:error").index("*").last("5m") > 5"#,
                r#"logs("service:b-c status:error").index("*").last("5m") > 6"#,
            ),
            (
                r#"ci-pipelines("@ci.pipeline.name:\"my build\" x").last("4h") > 1"#,
                r#"ci-pipelines("@ci.pipeline.name:\"b\" x").last("4h") > 1"#,
            ),
            ("${monitors.a.id} && ${monitors.b.id}", "${monitors.c.id} && ${monitors.[d/e].id}"),
        ] {
            assert_eq!(shown(a), shown(b));
        }
        for (a, b) in [
            ("avg(last_5m):avg:a.b{*} > 5", "avg(last_5m):avg:a.c{*} > 5"),
            ("avg(last_5m):avg:a.b{*} > 5", "avg(last_10m):avg:a.b{*} > 5"),
            ("avg(last_5m):avg:a.b{*} > 5", "avg(last_5m):avg:a.b{*} < 5"),
            ("sum:a{service:x} > 1", "sum:a{host:x} > 1"),
            (r#"logs("status:error").last("5m") > 5"#, r#"logs("error").last("5m") > 5"#),
            (r#"burn_rate("${slos.a.id}").over("7d") > 5"#, r#"burn_rate("${slos.a.id}").over("30d") > 5"#),
        ] {
            assert_ne!(shown(a), shown(b));
        }
    }
}
