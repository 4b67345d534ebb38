//! Series that run over the same instances -> one template.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::atom::reference;
use super::cluster::clusters;
use super::draft::{Draft, Part, Piece, draft};
use super::item::{Item, Spot};
use crate::model::{Address, slug};

/// What becomes one template.
pub struct Group {
    /// The name that it has already, in the ids of what is ours.
    pub name: Option<String>,
    /// Of each row; empty where it is to be found.
    pub keys: Vec<String>,
    pub parts: Vec<Part>,
}

/// The number of an item.
pub type ByAddress = BTreeMap<Address, usize>;

pub fn groups(items: &[Item], bodies: &[Value], by_address: &ByAddress) -> Vec<Group> {
    let spot = |item: &Item| {
        item.spot.as_ref().map(|spot| format!("{}/{}", spot.name, spot.part)).unwrap_or_default()
    };
    let found = clusters(items, bodies, &spot);
    let (own, free): (Vec<Vec<usize>>, Vec<Vec<usize>>) =
        found.into_iter().partition(|members| items[members[0]].spot.is_some());
    let mut groups = placed(items, &own);
    groups.extend(joined(items, bodies, free, by_address));
    groups
}

/// What bears our mark already, by its id: `NAME/KEY/PART`.
fn placed(items: &[Item], clusters: &[Vec<usize>]) -> Vec<Group> {
    let spot = |member: usize| items[member].spot.as_ref();
    let mut names: BTreeMap<&str, BTreeMap<(&str, &str), &Vec<usize>>> = BTreeMap::new();
    for members in clusters {
        let Some(Spot { name, part, .. }) = spot(members[0]) else { continue };
        let parts = names.entry(name).or_default();
        // Of several structures of one part the most frequent becomes the template's.
        let slot = parts.entry((items[members[0]].kind.section, part)).or_insert(members);
        if slot.len() < members.len() {
            *slot = members;
        }
    }
    let group = |(name, parts): (&str, BTreeMap<(&str, &str), &Vec<usize>>)| {
        let key = |member: &usize| spot(*member).map(|spot| spot.key.clone());
        let keys: BTreeSet<String> =
            parts.values().flat_map(|members| members.iter().filter_map(key)).collect();
        let parts = parts.into_iter().map(|((_, name), members)| {
            let mut rows: BTreeMap<String, usize> =
                members.iter().filter_map(|member| Some((key(member)?, *member))).collect();
            Part { name: Some(name.to_owned()), rows: keys.iter().map(|key| rows.remove(key)).collect() }
        });
        Group { name: Some(name.to_owned()), parts: parts.collect(), keys: keys.iter().cloned().collect() }
    };
    names.into_iter().map(group).collect()
}

/// A series, and how its rows may be told apart.
struct Series {
    members: Vec<usize>,
    /// By slugs, each with its row.
    tellers: Vec<BTreeMap<String, usize>>,
    /// By the items that the rows refer to, each by another one.
    targets: Vec<Vec<usize>>,
}

/// What is joined so far: a group, its rows by their keys, and by the items in them.
struct Joined {
    group: Group,
    keys: BTreeMap<String, usize>,
    rows: BTreeMap<usize, usize>,
}

/// So many resources may one template have.
const MOST: usize = 60;

/// Series with a column of the same values run over the same instances, and so does what refers to each of them.
fn joined(items: &[Item], bodies: &[Value], clusters: Vec<Vec<usize>>, by_address: &ByAddress) -> Vec<Group> {
    let mut all: Vec<Series> = clusters
        .into_iter()
        .map(|members| {
            let part = Part { name: None, rows: members.iter().copied().map(Some).collect() };
            let draft = draft(items, bodies, std::slice::from_ref(&part));
            Series {
                tellers: draft.as_ref().map(tellers).unwrap_or_default(),
                targets: draft.map(|draft| targets(&draft, by_address)).unwrap_or_default(),
                members,
            }
        })
        .collect();
    // What refers to others comes behind them.
    all.sort_by_key(|series| (!series.targets.is_empty(), std::cmp::Reverse(series.members.len())));
    let mut found: Vec<Joined> = Vec::new();
    let mut waiting: Vec<Series> = Vec::new();
    for series in all {
        if !series.targets.is_empty() {
            waiting.push(series);
        } else if let Some(series) = by_keys(&mut found, series) {
            found.push(Joined::of(series));
        }
    }
    loop {
        let count = waiting.len();
        waiting = waiting.into_iter().filter_map(|series| by_targets(&mut found, series)).collect();
        if waiting.len() == count {
            break;
        }
    }
    for series in waiting {
        if let Some(series) = by_keys(&mut found, series) {
            found.push(Joined::of(series));
        }
    }
    found.into_iter().map(|joined| joined.group).collect()
}

impl Joined {
    fn of(series: Series) -> Self {
        let rows = series.members.iter().enumerate().map(|(row, item)| (*item, row)).collect();
        let part = Part { name: None, rows: series.members.iter().copied().map(Some).collect() };
        let keys = vec![String::new(); series.members.len()];
        let keyed = series.tellers.into_iter().next().unwrap_or_default();
        Self { group: Group { name: None, keys, parts: vec![part] }, keys: keyed, rows }
    }

    fn add(&mut self, placed: impl Iterator<Item = (usize, usize)>) {
        let mut rows = vec![None; self.group.keys.len()];
        for (row, item) in placed {
            if let Some(slot) = rows.get_mut(row) {
                *slot = Some(item);
                self.rows.insert(item, row);
            }
        }
        self.group.parts.push(Part { name: None, rows });
    }
}

/// The series is given back where no group runs over its instances.
fn by_keys(found: &mut [Joined], series: Series) -> Option<Series> {
    for joined in found.iter_mut().filter(|joined| joined.group.parts.len() < MOST && !joined.keys.is_empty())
    {
        if let Some(teller) = matching(&joined.keys, &series) {
            let placed: Vec<(usize, usize)> = teller
                .iter()
                .filter_map(|(key, row)| Some((*joined.keys.get(key)?, series.members[*row])))
                .collect();
            joined.add(placed.into_iter());
            return None;
        }
    }
    Some(series)
}

/// The same by what its rows refer to.
fn by_targets(found: &mut [Joined], series: Series) -> Option<Series> {
    for joined in found.iter_mut().filter(|joined| joined.group.parts.len() < MOST) {
        for targets in &series.targets {
            let rows: Option<Vec<usize>> =
                targets.iter().map(|item| joined.rows.get(item).copied()).collect();
            let Some(rows) = rows else { continue };
            let is_apart = rows.iter().collect::<BTreeSet<_>>().len() == rows.len();
            if is_apart && rows.len() * 2 >= joined.group.keys.len() {
                joined.add(rows.into_iter().zip(series.members));
                return None;
            }
        }
    }
    Some(series)
}

/// For each place with a reference that is another one in each row: the items that are meant.
fn targets(draft: &Draft, by_address: &ByAddress) -> Vec<Vec<usize>> {
    let pieces = draft.fields.iter().flatten().flat_map(|field| &field.pieces);
    let texts = pieces.filter_map(|piece| if let Piece::Refers(texts) = piece { Some(texts) } else { None });
    let items = texts.filter_map(|texts| {
        let target = |text: &Option<String>| by_address.get(&reference(text.as_deref()?)?.0).copied();
        let items: Vec<usize> = texts.iter().map(target).collect::<Option<_>>()?;
        (items.iter().collect::<BTreeSet<_>>().len() == items.len()).then_some(items)
    });
    items.collect()
}

/// How the rows of a series go to those of a group; at least half of them must be there.
fn matching<'s>(keys: &BTreeMap<String, usize>, series: &'s Series) -> Option<&'s BTreeMap<String, usize>> {
    let fits = |teller: &&BTreeMap<String, usize>| {
        teller.len() * 2 >= keys.len() && teller.keys().all(|key| keys.contains_key(key))
    };
    series.tellers.iter().find(fits)
}

/// The columns that tell the rows apart, that of the most places first.
fn tellers(draft: &Draft) -> Vec<BTreeMap<String, usize>> {
    let mut bases: Vec<(usize, BTreeMap<String, usize>)> = Vec::new();
    for (_, column) in draft.columns.bases() {
        if column.is_number || draft.is_adoption(column) {
            continue;
        }
        let slugs = column
            .values
            .iter()
            .flatten()
            .enumerate()
            .map(|(row, value)| (slug(value).replace('_', "-"), row));
        let slugs: BTreeMap<String, usize> = slugs.filter(|(slug, _)| !slug.is_empty()).collect();
        if slugs.len() == column.values.len() {
            bases.push((column.places.len(), slugs));
        }
    }
    bases.sort_by_key(|(places, _)| std::cmp::Reverse(*places));
    bases.into_iter().map(|(_, slugs)| slugs).collect()
}
