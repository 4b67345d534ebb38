//! Equal changes across many resources as one entry.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use super::field::item_changes;
use super::text_diff::{Piece, Sign, words};
use super::{items, named};
use crate::model::{Action, Address, Change};
use serde_json::Value;

/// From this many on, equal changes are one entry.
const FOLD: usize = 3;

/// Why changes are told together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bond {
    /// It is one.
    One,
    /// They say the same.
    Equal,
    /// They say the same but for their numbers.
    Shape,
    /// All of one instance comes or goes.
    Instance,
}

/// Changes that are told together.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Never empty; in the order of the plan.
    pub changes: Vec<&'a Change>,
    pub bond: Bond,
}

impl<'a> Entry<'a> {
    /// The one that stands for all.
    pub fn first(&self) -> &'a Change {
        self.changes[0]
    }

    pub fn is_folded(&self) -> bool {
        self.changes.len() > 1
    }

    pub fn is_risky(&self) -> bool {
        self.changes.iter().any(|change| !change.risks.is_empty())
    }

    fn weight(&self) -> u8 {
        let ranks = self.changes.iter().flat_map(|change| &change.risks).map(|risk| risk.rank);
        ranks.min().unwrap_or(u8::MAX)
    }
}

/// Ids with one segment in common place left open.
#[derive(Debug, PartialEq, Eq)]
pub struct Pattern<'a> {
    /// `lambda/*/errors`; the id itself where there is one only.
    pub text: String,
    /// What stands at the `*`.
    pub names: Vec<&'a str>,
}

impl Pattern<'_> {
    /// The id with a name in place.
    pub fn id(&self, name: &str) -> String {
        if self.names.len() == 1 { self.text.clone() } else { self.text.replacen('*', name, 1) }
    }
}

/// Folds what is alike, or lists each by itself. What is risky comes first, the heaviest risk on top; otherwise the
/// order is the plan's.
pub fn fold(changes: &[Change], each: bool) -> Vec<Entry<'_>> {
    fold_of(&changes.iter().collect::<Vec<_>>(), each)
}

/// The same of some changes of a plan.
pub fn fold_of<'a>(changes: &[&'a Change], each: bool) -> Vec<Entry<'a>> {
    let mut entries: Vec<(usize, Entry<'a>)> = Vec::new();
    let entry = |group: &[usize], bond: Bond| {
        (group[0], Entry { changes: group.iter().map(|at| changes[*at]).collect(), bond })
    };
    let mut rest: Vec<usize> = Vec::new();
    if each {
        rest.extend(0..changes.len());
    } else {
        for shape in grouped(0..changes.len(), |at| likeness(changes[at], Numbers::Open)) {
            let equal = grouped(shape.iter().copied(), |at| likeness(changes[at], Numbers::Closed));
            let most = equal.iter().map(Vec::len).max().unwrap_or(0);
            // What nearly all say alike is told once, and whoever differs by itself.
            let is_even = equal.len() == 1 || most * 2 >= shape.len();
            let (told, left): (Vec<_>, Vec<_>) =
                equal.into_iter().partition(|group| is_even && group.len() >= FOLD);
            entries.extend(told.iter().map(|group| entry(group, Bond::Equal)));
            let mut left: Vec<usize> = left.into_iter().flatten().collect();
            left.sort_unstable();
            match left.len() >= FOLD {
                true => entries.push(entry(&left, Bond::Shape)),
                false => rest.extend(left),
            }
        }
        let (whole, single) = instances(changes, rest);
        entries.extend(whole.iter().map(|group| entry(group, Bond::Instance)));
        rest = single;
    }
    entries.extend(rest.into_iter().map(|at| entry(&[at], Bond::One)));
    entries.sort_by_cached_key(|(at, entry)| (entry.weight(), *at));
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// Groups of what has the same key, each and all in the order given.
fn grouped<K: Eq + std::hash::Hash>(
    all: impl Iterator<Item = usize>,
    key: impl Fn(usize) -> K,
) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut places: HashMap<K, usize> = HashMap::new();
    for at in all {
        let place = *places.entry(key(at)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    groups
}

/// What comes or goes with its whole instance, `lambda/checkout`; and the rest.
fn instances(changes: &[&Change], rest: Vec<usize>) -> (Vec<Vec<usize>>, Vec<usize>) {
    let key = |at: usize| {
        let change = changes[at];
        let instance = instance_of(change.address.id())
            .filter(|_| matches!(change.action, Action::Create | Action::Delete));
        // A use by itself is known where something is made; what goes is known by its address alone.
        instance.map(|instance| (instance, change.action, change.risks.is_empty(), change.protected))
    };
    let (of_one, mut single): (Vec<usize>, Vec<usize>) = rest.into_iter().partition(|at| key(*at).is_some());
    let mut whole = Vec::new();
    for group in grouped(of_one.into_iter(), key) {
        if group.len() > 1 { whole.push(group) } else { single.extend(group) }
    }
    single.sort_unstable();
    (whole, single)
}

/// `lambda/checkout` of `lambda/checkout/errors`.
pub fn instance_of(id: &str) -> Option<&str> {
    let name = id.find('/')?;
    let key = id[name + 1..].find('/')?;
    Some(&id[..name + 1 + key])
}

/// The pattern of one address, and what stands at its `*`.
pub fn pattern_of(address: &Address) -> (String, &str) {
    shape(address.id())
}

/// The patterns of some addresses, those with the most first.
pub fn patterns<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Vec<Pattern<'a>> {
    let mut found: BTreeMap<String, Vec<&'a Address>> = BTreeMap::new();
    for address in addresses {
        found.entry(shape(address.id()).0).or_default().push(address);
    }
    let mut patterns: Vec<Pattern<'a>> = found
        .into_iter()
        .map(|(text, addresses)| match addresses[..] {
            [only] => Pattern { text: only.id().to_owned(), names: vec![only.id()] },
            _ => {
                Pattern { text, names: addresses.into_iter().map(|address| shape(address.id()).1).collect() }
            }
        })
        .collect();
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.names.len()));
    patterns
}

/// An id with the segment open in which siblings differ, and that segment. Instances of a template
/// are `USE/KEY/ID`, so it is the second one; of a shorter id the last.
fn shape(id: &str) -> (String, &str) {
    let Some((first, rest)) = id.split_once('/') else { return ("*".to_owned(), id) };
    match rest.split_once('/') {
        Some((name, rest)) => (format!("{first}/*/{rest}"), name),
        None => (format!("{first}/*"), rest),
    }
}

/// Whether the numbers of two changes must be the same for them to be alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    Closed,
    /// It is enough that both rise, or fall.
    Open,
}

/// A digest that is equal for changes which a reader takes for the same. (A digest, so that 90,000
/// changes with bodies of many kilobytes fold in little memory.)
fn likeness(change: &Change, numbers: Numbers) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    add(change.kind);
    add(change.action.name());
    add(if change.protected { "protected" } else { "" });
    let (id, is_instance) = (change.address.id(), change.address.id().matches('/').count() >= 2);
    let own = InstanceName(shape(id).1);
    for risk in &change.risks {
        add(risk.code);
        // What one says stands for all: it may differ in numbers where those are told apart.
        let text = own.hide(&risk.text);
        add(&if numbers == Numbers::Closed { text } else { without_numbers(&text) });
    }
    if numbers == Numbers::Open {
        add(&shape(id).0);
    }
    match change.action {
        // Bodies of one template differ in names only; others are worth a look each.
        Action::Create => match &change.instance {
            Some(instance) if is_instance => {
                add(&instance.name);
                add(&shape(id).0);
            }
            _ => add(id),
        },
        // Nothing is known of a delete's template: its definition is gone.
        Action::Delete | Action::Forget => add(&if is_instance { shape(id).0 } else { id.to_owned() }),
        Action::Move => {
            let from = change.moved_from.as_ref().map_or("", Address::id);
            let ((old, old_name), (new, new_name)) = (shape(from), shape(id));
            let same_name = old_name == new_name;
            add(if same_name { &old } else { from });
            add(if same_name { &new } else { id });
            add_diff(change, (own, numbers), &mut add);
        }
        Action::Update | Action::Replace | Action::Adopt => add_diff(change, (own, numbers), &mut add),
    }
    hash.finalize().into()
}

/// The name of an instance: two texts that differ in it alone say the same of two functions.
#[derive(Clone, Copy)]
struct InstanceName<'a>(&'a str);

impl InstanceName<'_> {
    /// Short names and numbers stand in too many texts by chance.
    fn hide(self, text: &str) -> String {
        let telling = self.0.len() >= 4 && self.0.contains(|c: char| c.is_ascii_alphabetic());
        if telling { text.replace(self.0, "*") } else { text.to_owned() }
    }
}

fn add_diff(change: &Change, (own, numbers): (InstanceName<'_>, Numbers), add: &mut impl FnMut(&str)) {
    // Two boards are the same change where the same became of their widgets.
    let told = items::told(change, true);
    for item in &told {
        add(&own.hide(&item.text));
    }
    let of_items = told.iter().flat_map(|item| item.fields.iter().map(|(_, field)| field));
    let fields = named::fields(change);
    let others = fields.iter().filter(|field| !items::tells(change, &field.path));
    for field in of_items.chain(others) {
        add(&field.path);
        match (&field.before, &field.after) {
            (Some(Value::Number(before)), Some(Value::Number(after))) if numbers == Numbers::Open => {
                add(if before.as_f64() < after.as_f64() { "rises" } else { "falls" });
            }
            // The same words changed, though each text names another function: the same change.
            (Some(Value::String(before)), Some(Value::String(after))) => {
                let mut pieces = words(&own.hide(before), &own.hide(after));
                if numbers == Numbers::Open {
                    pieces.iter_mut().for_each(|piece| piece.text = without_numbers(&piece.text));
                }
                add_words(&pieces, add);
            }
            (Some(Value::Array(before)), Some(Value::Array(after))) => match item_changes(before, after) {
                Some(sides) => sides.into_iter().for_each(|items| add_items(&items, own, add)),
                None => {
                    [before, after].into_iter().for_each(|items| add(&Value::from(items.clone()).to_string()))
                }
            },
            (before, after) => [before, after].into_iter().for_each(|side| match side {
                Some(Value::String(text)) => add(&own.hide(text)),
                Some(value) => add(&value.to_string()),
                None => add("nothing"),
            }),
        }
    }
}

fn add_items(items: &[&Value], own: InstanceName<'_>, add: &mut impl FnMut(&str)) {
    add(&items.len().to_string());
    items.iter().for_each(|item| add(&own.hide(&item.to_string())));
}

/// A text with each number as `#`.
fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut previous = ' ';
    for c in text.chars() {
        let in_number = previous.is_ascii_digit() && (c.is_ascii_digit() || c == '.');
        match c.is_ascii_digit() {
            true if in_number || out.ends_with('#') => {}
            true if !previous.is_alphabetic() => out.push('#'),
            _ if c == '.' && out.ends_with('#') => {}
            _ => out.push(c),
        }
        previous = c;
    }
    out
}

/// The changed words and the signs around them; what else the text says does not count.
fn add_words(pieces: &[Piece], add: &mut impl FnMut(&str)) {
    for piece in pieces {
        match piece.sign {
            Sign::Old => add(&format!("-{}", piece.text)),
            Sign::New => add(&format!("+{}", piece.text)),
            Sign::Same => {
                add(&signs(piece.text.chars()));
                add(&signs(piece.text.chars().rev()));
            }
        }
    }
}

/// The first three characters, any word counted as one: `> w`.
fn signs(text: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for c in text {
        let c = if c.is_alphanumeric() || "._-".contains(c) { 'w' } else { c };
        if !(c == 'w' && out.ends_with('w')) {
            out.push(c);
        }
        if out.chars().count() > 3 {
            out.pop();
            break;
        }
    }
    out
}
