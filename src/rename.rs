//! A delete and a create that are one object but for the id -> a likely rename; the old one waits for the new one.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::canon;
use crate::diff::same;
use crate::fill::{fill, references};
use crate::kind::{self, Kind};
use crate::mark;
use crate::model::{Action, Address, Attribute, Change, Known, Reference, Rename, Renamed};

/// At most this many objects of one name are compared with a new one, those whose ids resemble its own first.
const COMPARED: usize = 20;

/// Finds what looks like a rename. Each create learns which deletes are its like, and these wait for it: nothing
/// old goes where the new one could not be made.
pub fn find(
    changes: &mut [Change],
    known: &BTreeMap<Address, Known>,
    is_declared: &dyn Fn(&Address) -> bool,
) -> Vec<Rename> {
    let mut search = Search::new(changes, known, is_declared);
    if !search.by_name.is_empty() {
        search.run();
    }
    let found = std::mem::take(&mut search.found);
    for (create, deletes) in &found {
        let address = changes[*create].address.clone();
        changes[*create].alike = deletes.iter().map(|delete| changes[*delete].address.clone()).collect();
        for delete in deletes {
            changes[*delete].after.push(address.clone());
            changes[*delete].after.sort();
            changes[*delete].after.dedup();
        }
    }
    grouped(found.keys().map(|create| &changes[*create]))
}

struct Search<'a> {
    changes: &'a [Change],
    known: &'a BTreeMap<Address, Known>,
    /// The deletes, by kind and by what people call the object.
    by_name: HashMap<(&'a str, String), Vec<Gone<'a>>>,
    /// By create: the deletes that are its like.
    found: BTreeMap<usize, Vec<usize>>,
    /// The live ids of those that have just one, for what refers to them.
    old_ids: BTreeMap<&'a Address, &'a str>,
}

struct Gone<'a> {
    change: usize,
    id: &'a str,
    /// Without any mark.
    body: Value,
}

impl<'a> Search<'a> {
    fn new(
        changes: &'a [Change],
        known: &'a BTreeMap<Address, Known>,
        is_declared: &dyn Fn(&Address) -> bool,
    ) -> Self {
        let mut by_name: HashMap<(&str, String), Vec<Gone>> = HashMap::new();
        let creates = changes.iter().any(|change| change.action == Action::Create);
        // At an address that is declared only the rest of a replace goes.
        let gone =
            |change: &&Change| creates && change.action == Action::Delete && !is_declared(&change.address);
        for (at, change) in changes.iter().enumerate().filter(|(_, change)| gone(change)) {
            let Some((kind, live)) = kind::of_name(change.kind).zip(change.live.as_ref()) else { continue };
            let mut body = live.clone();
            mark::strip(kind, &mut body);
            let name = called(kind.title(&body));
            let gone = Gone { change: at, id: change.address.id(), body };
            by_name.entry((change.kind, name)).or_default().push(gone);
        }
        Self { changes, known, by_name, found: BTreeMap::new(), old_ids: BTreeMap::new() }
    }

    /// What refers to a renamed object can be compared when that one is known to be renamed: one round for each step.
    fn run(&mut self) {
        let mut rest: Vec<usize> =
            (0..self.changes.len()).filter(|at| self.changes[*at].action == Action::Create).collect();
        loop {
            let before = self.found.len();
            let mut later = Vec::new();
            for at in rest {
                match self.alike(at) {
                    Some(deletes) if !deletes.is_empty() => self.pair(at, deletes),
                    Some(_) => {}
                    None => later.push(at),
                }
            }
            if later.is_empty() || self.found.len() == before {
                return;
            }
            rest = later;
        }
    }

    fn pair(&mut self, create: usize, deletes: Vec<usize>) {
        if let [only] = deletes[..]
            && let Some(id) = &self.changes[only].datadog_id
        {
            self.old_ids.insert(&self.changes[create].address, id);
        }
        self.found.insert(create, deletes);
    }

    /// The deletes whose objects are what a create makes; `None` as long as it refers to what is not known.
    fn alike(&self, create: usize) -> Option<Vec<usize>> {
        let change = &self.changes[create];
        let (Some(kind), Some(body)) = (kind::of_name(change.kind), &change.body) else {
            return Some(Vec::new());
        };
        let (member, inside) = first_step(kind.about.title);
        let [member] = body.pick([member]);
        let title = called(member.as_ref().and_then(|member| member.pointer(inside)?.as_str()));
        let Some(named) = self.by_name.get(&(change.kind, title)) else {
            return Some(Vec::new());
        };
        let mut body = body.value();
        mark::strip(kind, &mut body);
        let wanted = fill(kind, &body, &|reference| self.answer(reference));
        if !references(&wanted).is_empty() {
            return None;
        }
        let id = change.address.id();
        let mut near: Vec<&Gone> = named.iter().collect();
        near.sort_by_key(|gone| std::cmp::Reverse(likeness(gone.id, id)));
        near.truncate(COMPARED);
        let equal: Vec<&Gone> = near.into_iter().filter(|gone| equal(kind, &wanted, &gone.body)).collect();
        // Of several, the one that is the same but for the first segment: a use that was renamed.
        let mut kin = equal.iter().filter(|gone| below(gone.id).is_some_and(|rest| below(id) == Some(rest)));
        if let (Some(only), None) = (kin.next(), kin.next()) {
            return Some(vec![only.change]);
        }
        let mut equal: Vec<usize> = equal.into_iter().map(|gone| gone.change).collect();
        equal.sort_unstable();
        Some(equal)
    }

    fn answer(&self, reference: &Reference) -> Option<String> {
        let known = self.known.get(&reference.target);
        match reference.attribute {
            Attribute::Id => {
                let old = || self.old_ids.get(&reference.target).map(|id| (*id).to_owned());
                known.map(|known| known.id.clone()).or_else(old)
            }
            Attribute::Url => known.map(|known| known.url.clone()),
        }
    }
}

fn equal(kind: &Kind, wanted: &Value, live: &Value) -> bool {
    let aligned = canon::align(kind, wanted, live);
    same(&aligned.desired, &aligned.live)
}

/// A pointer as the member of a body that it leads into, and the way inside.
fn first_step(pointer: &'static str) -> (&'static str, &'static str) {
    let rest = pointer.trim_start_matches('/');
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

/// What people call an object.
fn called(title: Option<&str>) -> String {
    title.unwrap_or_default().trim_end().to_owned()
}

/// What stands behind the first segment.
fn below(id: &str) -> Option<&str> {
    id.split_once('/').map(|(_, rest)| rest)
}

/// How many segments two ids share, from their ends.
fn likeness(one: &str, other: &str) -> usize {
    one.rsplit('/').zip(other.rsplit('/')).take_while(|(a, b)| a == b).count()
}

/// One entry for all that one line in the files would keep.
fn grouped<'a>(creates: impl Iterator<Item = &'a Change>) -> Vec<Rename> {
    let mut groups: BTreeMap<Renamed, Rename> = BTreeMap::new();
    for change in creates {
        let renamed = renamed(change);
        let key = match &renamed {
            // Of those that no line can tell, one stands for all of a use.
            Renamed::Unclear { name, .. } => Renamed::Use { to: name.clone(), from: String::new() },
            other => other.clone(),
        };
        let position = match &renamed {
            Renamed::Resource { .. } | Renamed::Entry { .. } => {
                change.origin.as_ref().map(|origin| origin.position.clone())
            }
            Renamed::Use { .. } | Renamed::Unclear { .. } => None,
        };
        groups.entry(key).or_insert(Rename { renamed, count: 0, position }).count += 1;
    }
    groups.into_values().collect()
}

fn renamed(change: &Change) -> Renamed {
    let Some(instance) = &change.instance else {
        return Renamed::Resource { to: change.address.clone(), from: change.alike.clone() };
    };
    let (id, name) = (change.address.id(), &instance.name);
    let prefix = if instance.key.is_empty() { name.clone() } else { format!("{name}/{}", instance.key) };
    let inside =
        |id: &'_ str| id.strip_prefix(&prefix).and_then(|rest| rest.strip_prefix('/')).map(str::to_owned);
    if let [old] = &change.alike[..] {
        let of_use = id.strip_prefix(name.as_str()).and_then(|rest| old.id().strip_suffix(rest));
        if let Some(from) = of_use.filter(|from| !from.is_empty()) {
            return Renamed::Use { to: name.clone(), from: from.to_owned() };
        }
        if let Some((to, from)) = inside(id).zip(inside(old.id())) {
            let section = change.address.section().to_owned();
            return Renamed::Entry { name: name.clone(), section, to, from };
        }
    }
    let from = change.alike.first().unwrap_or(&change.address).clone();
    Renamed::Unclear { name: name.clone(), to: change.address.clone(), from }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostic::{At, FileId};
    use crate::model::{Body, Instance, Mark, Owner};
    use std::sync::Arc;

    fn body(name: &str, query: &str) -> Value {
        json!({"name": name, "type": "query alert", "query": query, "tags": ["b", "a"], "options": {"thresholds": {"critical": 1}}})
    }

    fn marked(id: &str, mut body: Value) -> Value {
        let kind = kind::of_section("monitors").expect("a kind");
        mark::write(kind, &mut body, &Mark { owner: Owner("p".into()), id: id.into(), protect: false });
        body
    }

    fn gone(id: &str, datadog_id: u64, wanted: Value) -> Change {
        let mut live = marked(id, wanted);
        live["id"] = datadog_id.into();
        live["tags"].as_array_mut().expect("tags").reverse();
        live["overall_state"] = "OK".into();
        live["options"]["notify_audit"] = false.into();
        let change = Change::new("monitor", Address::new("monitors", id), Action::Delete);
        Change { datadog_id: Some(datadog_id.to_string()), live: Some(live), ..change }
    }

    fn new(id: &str, wanted: Value) -> Change {
        let change = Change::new("monitor", Address::new("monitors", id), Action::Create);
        Change { body: Body::of(&marked(id, wanted)), origin: Some(std::sync::Arc::default()), ..change }
    }

    fn of_use(name: &str, key: &str, id: &str, wanted: Value) -> Change {
        let instance = Instance { name: name.into(), key: key.into(), at: At::file(FileId(0)) };
        Change { instance: Some(Arc::new(instance)), ..new(id, wanted) }
    }

    fn check(
        mut changes: Vec<Change>,
        declared: &[&str],
        expected: &[(Renamed, usize)],
        waits: &[(&str, &str)],
    ) {
        let is_declared = |address: &Address| declared.contains(&address.id());
        let found = find(&mut changes, &BTreeMap::new(), &is_declared);
        let found: Vec<(Renamed, usize)> = found.into_iter().map(|r| (r.renamed, r.count)).collect();
        assert_eq!(found, expected);
        let edges = changes.iter().flat_map(|c| c.after.iter().map(|after| (c.address.id(), after.id())));
        assert_eq!(edges.collect::<Vec<_>>(), waits);
    }

    fn resource(to: &str, from: &[&str]) -> Renamed {
        let from = from.iter().map(|id| Address::new("monitors", id)).collect();
        Renamed::Resource { to: Address::new("monitors", to), from }
    }

    #[test]
    fn one_object_under_another_id() {
        let plain = || body("Load", "avg(last_5m):avg:a.b{*} > 1");
        check(
            vec![gone("a", 1, plain()), new("b", plain())],
            &[],
            &[(resource("b", &["a"]), 1)],
            &[("a", "b")],
        );
        // A body that differs, and the rest of a replace.
        let other = body("Load", "avg(last_5m):avg:a.b{*} > 2");
        check(vec![gone("a", 1, plain()), new("b", other)], &[], &[], &[]);
        check(vec![gone("a", 1, plain()), new("b", plain())], &["a"], &[], &[]);
        // Two that are equal: one of them.
        check(
            vec![gone("a", 1, plain()), gone("b", 2, plain()), new("c", plain())],
            &[],
            &[(resource("c", &["a", "b"]), 1)],
            &[("a", "c"), ("b", "c")],
        );
    }

    #[test]
    fn a_use_renamed_is_one_entry_with_what_refers_to_its_own() {
        let one = |key: &str| body(&format!("Errors of {key}"), "avg(last_5m):avg:a.b{*} > 1");
        let both = |key: &str, query: &str| json!({"name": format!("{key} is broken"), "type": "composite", "query": query, "tags": []});
        let mut changes = Vec::new();
        for (number, key) in (1..).zip(["x", "y", "z"]) {
            changes.push(gone(&format!("old/{key}/errors"), number, one(key)));
            changes.push(gone(&format!("old/{key}/broken"), number + 10, both(key, &number.to_string())));
            let target = Address::new("monitors", &format!("new/{key}/errors"));
            let marker = Reference { target, attribute: Attribute::Id }.marker();
            changes.push(of_use("new", key, &format!("new/{key}/broken"), both(key, &marker)));
            changes.push(of_use("new", key, &format!("new/{key}/errors"), one(key)));
        }
        let found = find(&mut changes, &BTreeMap::new(), &|_| false);
        let expected = Renamed::Use { to: "new".into(), from: "old".into() };
        assert_eq!(found, [Rename { renamed: expected, count: 6, position: None }]);
    }

    #[test]
    fn entries_and_keys_of_a_use() {
        let plain = || body("Load", "avg(last_5m):avg:a.b{*} > 1");
        let entry = Renamed::Entry {
            name: "u".into(),
            section: "monitors".into(),
            to: "late".into(),
            from: "slow".into(),
        };
        check(
            vec![gone("u/k/slow", 1, plain()), of_use("u", "k", "u/k/late", plain())],
            &[],
            &[(entry, 1)],
            &[("u/k/slow", "u/k/late")],
        );
        let unclear = Renamed::Unclear {
            name: "u".into(),
            to: Address::new("monitors", "u/l/slow"),
            from: Address::new("monitors", "u/k/slow"),
        };
        check(
            vec![gone("u/k/slow", 1, plain()), of_use("u", "l", "u/l/slow", plain())],
            &[],
            &[(unclear, 1)],
            &[("u/k/slow", "u/l/slow")],
        );
    }
}
