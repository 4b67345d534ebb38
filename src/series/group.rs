//! Series that run over the same instances -> one template.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::atom::reference;
use super::cluster::{LEAST, clusters};
use super::column::Column;
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
    let buckets = clusters(items, bodies, &spot);
    let mut found: Vec<Vec<usize>> =
        buckets.into_iter().flat_map(|sorts| merged(items, bodies, sorts)).collect();
    found.retain(|members| members.len() >= LEAST);
    found.sort();
    let (own, free): (Vec<Vec<usize>>, Vec<Vec<usize>>) =
        found.into_iter().partition(|members| items[members[0]].spot.is_some());
    let mut groups = placed(items, &own);
    groups.extend(joined(items, bodies, free, by_address));
    groups
}

/// Sorts of one structure that are instances of one thing after all: their titles are made alike, and no two are about the same.
/// One of them has a further handle, a sentence, or a link.
fn merged(items: &[Item], bodies: &[Value], sorts: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let drawn = |members: &[usize]| {
        let part = Part { name: None, rows: members.iter().copied().map(Some).collect() };
        draft(items, bodies, std::slice::from_ref(&part))
    };
    let mut found: Vec<(Vec<usize>, Option<String>)> = Vec::new();
    for members in sorts {
        let of_ours = items[members[0]].spot.is_some();
        let joins = |(others, title): &(Vec<usize>, Option<String>)| {
            let mut all = [others.as_slice(), &members].concat();
            all.sort_unstable();
            let drawn = drawn(&all)?;
            let fits = drawn.titles.first() == title.as_ref() && (of_ours || !tellers(&drawn).is_empty());
            fits.then_some(all)
        };
        let joined = found.iter().enumerate().find_map(|(at, other)| Some((at, joins(other)?)));
        match joined {
            Some((at, all)) => found[at].0 = all,
            None => {
                let title = drawn(&members).and_then(|draft| draft.titles.into_iter().next());
                found.push((members, title));
            }
        }
    }
    found.into_iter().map(|(members, _)| members).collect()
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
    tellers: Vec<Keys>,
    /// The same where some rows say the same: these are numbered.
    numbered: Vec<Keys>,
    /// By the items that the rows refer to, each by another one.
    targets: Vec<Vec<usize>>,
}

/// What is joined so far: a group, its rows by their keys, and by the items in them.
struct Joined {
    group: Group,
    keys: Keys,
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
                numbered: draft.as_ref().map(numbered).unwrap_or_default(),
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
        let keyed = series.tellers.into_iter().chain(series.numbered).next().unwrap_or_default();
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
        if let Some(rows) = matching(&joined.keys, &series) {
            joined.add(rows.into_iter().map(|(to, from)| (to, series.members[from])));
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

type Keys = BTreeMap<String, usize>;

/// How the rows of a series go to those of a group: to which, from which. At least half of them must be there.
fn matching(keys: &Keys, series: &Series) -> Option<Vec<(usize, usize)>> {
    let plain = |teller: &Keys| {
        let rows = teller.iter().map(|(key, row)| Some((*keys.get(key)?, *row)));
        rows.collect::<Option<Vec<_>>>().filter(|rows| rows.len() * 2 >= keys.len())
    };
    let found = series.tellers.iter().find_map(plain);
    // Rows that are told apart by a number only are the same ones where all are there.
    let found = found.or_else(|| {
        let all = |rows: &Vec<(usize, usize)>| series.tellers.is_empty() && rows.len() == keys.len();
        series.numbered.iter().filter_map(plain).find(all)
    });
    // One may have a word before or behind that the other has not: `prod-checkout`.
    found.or_else(|| {
        series.tellers.iter().find_map(|teller| {
            let own = cuttings(teller).find_map(|cut| plain(&cut));
            own.or_else(|| {
                cuttings(keys).find_map(|cut| {
                    let rows = teller.iter().map(|(key, row)| Some((*cut.get(key)?, *row)));
                    rows.collect::<Option<Vec<_>>>().filter(|rows| rows.len() * 2 >= keys.len())
                })
            })
        })
    })
}

/// Keys without one or more of the words that all of them begin or end with, as long as a name is left of each.
fn cuttings(keys: &Keys) -> impl Iterator<Item = Keys> {
    let first = keys.keys().next().map_or("", String::as_str);
    let mut places = vec![0];
    places.extend(first.match_indices('-').map(|(at, _)| at + 1));
    let starts =
        places.clone().into_iter().filter(move |at| keys.keys().all(|key| key.starts_with(&first[..*at])));
    let ends = move |start: usize| {
        let ends = first.match_indices('-').map(|(at, _)| at).chain([first.len()]);
        ends.filter(move |at| *at > start && keys.keys().all(|key| key.ends_with(&first[*at..])))
    };
    let pairs = starts.flat_map(move |start| ends(start).map(move |end| (start, first.len() - end)));
    pairs.filter(|pair| *pair != (0, 0)).filter_map(move |(start, behind)| {
        let cut = |key: &str| {
            let inner = key.get(start..key.len().checked_sub(behind)?)?;
            // A number alone is the number of anything.
            inner.contains(|c: char| c.is_ascii_lowercase()).then(|| inner.to_owned())
        };
        keys.iter().map(|(key, row)| Some((cut(key)?, *row))).collect()
    })
}

/// The columns that tell the rows apart, that of the most places first.
fn tellers(draft: &Draft) -> Vec<Keys> {
    let of_all = |column: &Column| {
        let slugs = slugs(column);
        let keys: Keys = slugs.into_iter().filter(|(slug, _)| !slug.is_empty()).collect();
        (keys.len() == column.values.len()).then_some(keys)
    };
    told(draft, &of_all)
}

/// The same for columns in which some say the same: by their order.
fn numbered(draft: &Draft) -> Vec<Keys> {
    let of_all = |column: &Column| {
        let slugs = slugs(column);
        if slugs.len() < column.values.len() || slugs.iter().any(|(slug, _)| slug.is_empty()) {
            return None;
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let numbered = slugs.into_iter().map(|(slug, row)| {
            let count = counts.entry(slug.clone()).or_default();
            *count += 1;
            (format!("{slug}#{count}"), row)
        });
        Some(numbered.collect())
    };
    told(draft, &of_all)
}

fn slugs(column: &Column) -> Vec<(String, usize)> {
    let values = column.values.iter().flatten().enumerate();
    values.map(|(row, value)| (slug(value).replace('_', "-"), row)).collect()
}

fn told(draft: &Draft, keys: &dyn Fn(&Column) -> Option<Keys>) -> Vec<Keys> {
    let bases = draft.columns.bases().filter(|(_, column)| !column.is_number && !draft.is_adoption(column));
    let mut found: Vec<(usize, Keys)> =
        bases.filter_map(|(_, column)| Some((column.places.len(), keys(column)?))).collect();
    found.sort_by_key(|(places, _)| std::cmp::Reverse(*places));
    found.into_iter().map(|(_, keys)| keys).collect()
}
