//! Two bodies -> what became of the items of their lists: moved, added, removed, changed, by what they are and not by
//! where they stand.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::likeness::likeness;
use crate::diff::{diff, spelling};
use crate::kind::{Identified, Kind};
use crate::model::{FieldChange, ItemAction, ItemChange};
use crate::pointer::matching;

/// Items whose likeness is less are two, not one that changed: by their values, and more of them where the titles differ.
const LIKE: f64 = 0.5;
const RENAMED: f64 = 0.75;
/// So many pairs are compared for their likeness.
const PAIRS: usize = 10_000;
/// A text in the place of a title is cut here.
const NAME: usize = 40;

/// A body in normal form, and as it was with the ids of its items.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub normal: &'a Value,
    pub raw: &'a Value,
}

impl<'a> Side<'a> {
    /// Of a body with nothing on the other side: ids play no part.
    pub fn of(normal: &'a Value) -> Self {
        Self { normal, raw: normal }
    }
}

/// What became of the items, the removed ones last. Items inside others are looked at, too, but for those that came or
/// went with them.
pub fn items(kind: &Kind, live: Side<'_>, desired: Side<'_>) -> Vec<ItemChange> {
    if kind.quirks.identified.is_empty() {
        return Vec::new();
    }
    let (old, new) = (nodes(kind, live), nodes(kind, desired));
    let pairs = Pairs::of(&old, &new);
    let order = Order::of(&old, &new, &pairs);
    let mut found = Vec::new();
    for (at, node) in new.iter().enumerate() {
        found.extend(match pairs.old_of[at] {
            Some(before) => kept((&old, &new), (&pairs, &order), (before, at)),
            None => came_or_went(&new, at, &pairs.old_of, ItemAction::Added)
                .map(|change| ItemChange { after: Some(node.pointer.clone()), ..change }),
        });
    }
    for (at, node) in old.iter().enumerate().filter(|(at, _)| pairs.new_of[*at].is_none()) {
        found.extend(
            came_or_went(&old, at, &pairs.new_of, ItemAction::Removed)
                .map(|change| ItemChange { before: Some(node.pointer.clone()), ..change }),
        );
    }
    found
}

/// One item, with those inside it taken out.
struct Node {
    pointer: String,
    /// The item around it, by its place in the list of all.
    parent: Option<usize>,
    id: Option<String>,
    class: String,
    title: Option<String>,
    /// The title, else the beginning of a text, else the class.
    name: String,
    /// Without its id and without the items inside it.
    content: Value,
    spelled: String,
    /// The values in it, but for title and type.
    values: String,
}

fn nodes(kind: &Kind, side: Side<'_>) -> Vec<Node> {
    let mut found: Vec<Node> = Vec::new();
    for list in kind.quirks.identified {
        for at in matching(list.list, side.normal) {
            let Some(Value::Array(members)) = side.normal.pointer(&at) else { continue };
            let around = |node: &Node| {
                at.strip_prefix(node.pointer.as_str()).is_some_and(|rest| rest.starts_with('/'))
            };
            let parent = found.iter().position(around);
            for (place, member) in members.iter().enumerate().filter(|(_, member)| member.is_object()) {
                found.push(node(kind, list, side.raw, (format!("{at}/{place}"), parent, member)));
            }
        }
    }
    found
}

fn node(
    kind: &Kind,
    list: &Identified,
    raw: &Value,
    (pointer, parent, member): (String, Option<usize>, &Value),
) -> Node {
    let text =
        |at: &str| member.pointer(at).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let class = text(list.class).unwrap_or("item").to_owned();
    let title = text(list.name).map(str::to_owned);
    let of_text = list.texts.iter().find_map(|at| text(at)).map(|text| {
        let line = text.lines().next().unwrap_or_default().trim_start_matches(['#', ' ', '*']);
        line.chars().take(NAME).collect::<String>()
    });
    let mut content = member.clone();
    let inner = kind
        .quirks
        .identified
        .iter()
        .filter_map(|other| other.list.strip_prefix(list.list)?.strip_prefix("/*"));
    for rest in inner {
        if let Some((holder, key)) = rest.rsplit_once('/')
            && let Some(Value::Object(holder)) = content.pointer_mut(holder)
        {
            holder.shift_remove(key);
        }
    }
    if let Value::Object(members) = &mut content {
        members.shift_remove(list.field);
    }
    let id = raw.pointer(&format!("{pointer}/{}", list.field)).filter(|id| !id.is_null());
    Node {
        id: id.map(Value::to_string),
        name: title.clone().or(of_text.filter(|text| !text.is_empty())).unwrap_or_else(|| class.clone()),
        spelled: spelling(&content),
        values: {
            let mut values = String::new();
            add_values(&content, "", &[list.name, list.class], &mut values);
            values
        },
        pointer,
        parent,
        class,
        title,
        content,
    }
}

/// The values alone: names of fields are alike in all items of a type.
fn add_values(value: &Value, at: &str, without: &[&str], out: &mut String) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| add_values(item, "/-", without, out)),
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| add_values(value, &format!("{at}/{key}"), without, out));
        }
        _ if without.contains(&at) => {}
        Value::String(text) => out.extend([text.as_str(), " "]),
        other => out.extend([other.to_string().as_str(), " "]),
    }
}

/// Which item is which.
struct Pairs {
    old_of: Vec<Option<usize>>,
    new_of: Vec<Option<usize>>,
}

impl Pairs {
    /// By id, by content, by type and title, by likeness; in the same place of the tree first.
    fn of(old: &[Node], new: &[Node]) -> Self {
        let mut pairs = Self { old_of: vec![None; new.len()], new_of: vec![None; old.len()] };
        let home =
            |nodes: &[Node], node: &Node| node.parent.map_or_else(String::new, |at| nodes[at].name.clone());
        pairs.by(old, new, &|_, node| node.id.clone());
        pairs.by(old, new, &|nodes, node| Some(format!("{}\n{}", home(nodes, node), node.spelled)));
        pairs.by(old, new, &|_, node| Some(node.spelled.clone()));
        pairs.by(old, new, &|nodes, node| {
            Some(format!("{}\n{}\n{}", home(nodes, node), node.class, node.title.as_ref()?))
        });
        pairs.by(old, new, &|_, node| Some(format!("{}\n{}", node.class, node.title.as_ref()?)));
        pairs.by_likeness(old, new);
        pairs
    }

    fn join(&mut self, before: usize, after: usize) {
        self.new_of[before] = Some(after);
        self.old_of[after] = Some(before);
    }

    fn by(&mut self, old: &[Node], new: &[Node], key: &dyn Fn(&[Node], &Node) -> Option<String>) {
        let mut candidates: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, node) in old.iter().enumerate().rev().filter(|(at, _)| self.new_of[*at].is_none()) {
            if let Some(key) = key(old, node) {
                candidates.entry(key).or_default().push(at);
            }
        }
        for (at, node) in new.iter().enumerate() {
            if self.old_of[at].is_none()
                && let Some(before) = key(new, node).and_then(|key| candidates.get_mut(&key)?.pop())
            {
                self.join(before, at);
            }
        }
    }

    /// The best pairs first, where two are equally alike in the order of the lists.
    fn by_likeness(&mut self, old: &[Node], new: &[Node]) {
        let free = |taken: &[Option<usize>]| -> Vec<usize> {
            (0..taken.len()).filter(|at| taken[*at].is_none()).collect()
        };
        let (gone, come) = (free(&self.new_of), free(&self.old_of));
        if gone.len().saturating_mul(come.len()) > PAIRS {
            return;
        }
        let mut alike: Vec<(f64, usize, usize)> = Vec::new();
        for before in &gone {
            for after in come.iter().filter(|after| new[**after].class == old[*before].class) {
                let (was, is) = (&old[*before], &new[*after]);
                let score = likeness(&was.values, &is.values);
                if score >= if was.title == is.title { LIKE } else { RENAMED } {
                    alike.push((score, *before, *after));
                }
            }
        }
        alike.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        for (_, before, after) in alike {
            if self.new_of[before].is_none() && self.old_of[after].is_none() {
                self.join(before, after);
            }
        }
    }
}

/// The names of an item and of those around it, the outermost first.
fn names(nodes: &[Node], at: usize) -> Vec<String> {
    let mut names: Vec<String> =
        nodes[at].parent.map(|parent| self::names(nodes, parent)).unwrap_or_default();
    names.push(nodes[at].name.clone());
    names
}

/// An item that is on one side alone; `None` where the one around it is, too.
fn came_or_went(
    nodes: &[Node],
    at: usize,
    other: &[Option<usize>],
    action: ItemAction,
) -> Option<ItemChange> {
    let node = &nodes[at];
    if node.parent.is_some_and(|parent| other[parent].is_none()) {
        return None;
    }
    let inside: Vec<String> = (0..nodes.len())
        .filter(|inner| nodes[*inner].parent == Some(at) && other[*inner].is_none())
        .map(|inner| nodes[inner].name.clone())
        .collect();
    Some(ItemChange { names: names(nodes, at), class: node.class.clone(), inside, ..ItemChange::new(action) })
}

/// An item that both sides have, where something of it differs.
fn kept(
    (old, new): (&[Node], &[Node]),
    (pairs, order): (&Pairs, &Order),
    (before, after): (usize, usize),
) -> Option<ItemChange> {
    let (was, is) = (&old[before], &new[after]);
    let diff = if was.spelled == is.spelled { Vec::new() } else { diff(&was.content, &is.content) };
    let place = moved((old, new), (pairs, order), (before, after));
    let (layout, rest): (Vec<FieldChange>, Vec<FieldChange>) =
        diff.into_iter().partition(|field| field.path == "/layout" || field.path.starts_with("/layout/"));
    let on_grid = (place.is_none() && !layout.is_empty()).then(|| on_grid(&is.content));
    let place = place.or(on_grid);
    if place.is_none() && rest.is_empty() {
        return None;
    }
    let action = if rest.is_empty() { ItemAction::Moved } else { ItemAction::Changed };
    let mut diff = rest;
    diff.extend(layout);
    Some(ItemChange {
        names: names(old, before),
        class: is.class.clone(),
        place,
        before: Some(was.pointer.clone()),
        after: Some(is.pointer.clone()),
        diff,
        ..ItemChange::new(action)
    })
}

fn on_grid(item: &Value) -> String {
    let number = |name: &str| {
        let number = item.pointer(&format!("/layout/{name}"));
        number.map_or_else(|| "?".to_owned(), Value::to_string)
    };
    format!("to column {}, row {}, {} × {}", number("x"), number("y"), number("width"), number("height"))
}

/// Where an item went, if it did: those that keep their order stay, as many as there can be.
fn moved(
    (old, new): (&[Node], &[Node]),
    (pairs, order): (&Pairs, &Order),
    (before, after): (usize, usize),
) -> Option<String> {
    let (from, to) = (old[before].parent, new[after].parent);
    let same_home = match (from, to) {
        (None, None) => true,
        (Some(from), Some(to)) => pairs.old_of[to] == Some(from),
        _ => false,
    };
    if !same_home {
        return Some(match (from, to) {
            (Some(from), Some(to)) => format!("from “{}” into “{}”", old[from].name, new[to].name),
            (Some(from), None) => format!("out of “{}”", old[from].name),
            (None, Some(to)) => format!("into “{}”", new[to].name),
            (None, None) => return None,
        });
    }
    let siblings = &order.siblings[after];
    if order.stays[after] {
        return None;
    }
    Some(match siblings.previous {
        None => "to the top".to_owned(),
        Some(_) if siblings.is_last => "to the end".to_owned(),
        Some(previous) => format!("behind “{}”", new[previous].name),
    })
}

/// The items of one side in their lists.
struct Order {
    /// Whether it keeps its place among those that were in the same list before.
    stays: Vec<bool>,
    siblings: Vec<Siblings>,
}

#[derive(Clone, Copy, Default)]
struct Siblings {
    previous: Option<usize>,
    is_last: bool,
}

impl Order {
    fn of(old: &[Node], new: &[Node], pairs: &Pairs) -> Self {
        let mut order =
            Self { stays: vec![false; new.len()], siblings: vec![Siblings::default(); new.len()] };
        let mut lists: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for (at, node) in new.iter().enumerate() {
            lists.entry(node.parent).or_default().push(at);
        }
        for (parent, list) in lists {
            let home = parent.and_then(|parent| pairs.old_of[parent]);
            let was = |at: &usize| pairs.old_of[*at].filter(|was| old[*was].parent == home);
            let from: Vec<(usize, usize)> = list.iter().filter_map(|at| Some((*at, was(at)?))).collect();
            let places: Vec<usize> = from.iter().map(|(_, was)| *was).collect();
            rising(&places).into_iter().for_each(|at| order.stays[from[at].0] = true);
            let mut previous = None;
            for at in &list {
                order.siblings[*at] = Siblings { previous, is_last: list.last() == Some(at) };
                previous = Some(*at);
            }
        }
        order
    }
}

/// The positions of a longest rising subsequence.
fn rising(values: &[usize]) -> Vec<usize> {
    let mut tails: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = vec![None; values.len()];
    for (at, value) in values.iter().enumerate() {
        let length = tails.partition_point(|tail| values[*tail] < *value);
        previous[at] = length.checked_sub(1).map(|shorter| tails[shorter]);
        if length == tails.len() {
            tails.push(at);
        } else {
            tails[length] = at;
        }
    }
    let mut found = Vec::new();
    let mut at = tails.last().copied();
    while let Some(now) = at {
        found.push(now);
        at = previous[now];
    }
    found
}

#[cfg(test)]
mod tests;
