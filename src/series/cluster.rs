//! Bodies -> those that differ in names, scopes and numbers only.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::item::Item;
use super::shape::{Known, Look, likeness, look};

/// Fewer than this are no series.
pub const LEAST: usize = 3;
/// The words of two of one series that are the same, at least, of those that are no names.
const ALIKE: f64 = 0.75;
/// So many sorts of one structure are told apart; what comes behind them stays by itself.
const SORTS: usize = 40;

/// Numbers of items: those of one structure, and of these by what they say, the largest sort first. `bodies` are sorted; what
/// has a place (`spot`) of its own already is only like what has the same.
pub fn clusters(items: &[Item], bodies: &[Value], spot: &dyn Fn(&Item) -> String) -> Vec<Vec<Vec<usize>>> {
    let mut known = Known::default();
    let mut buckets: BTreeMap<(String, u64), Vec<(usize, Look)>> = BTreeMap::new();
    for (number, (item, body)) in items.iter().zip(bodies).enumerate() {
        let own = look(item.kind, body, &mut known);
        buckets.entry((spot(item), own.shape)).or_default().push((number, own));
    }
    let large = buckets.into_values().filter(|bucket| bucket.len() >= LEAST);
    let mut found: Vec<Vec<Vec<usize>>> = large.map(|bucket| sorts(&bucket)).collect();
    for sorts in &mut found {
        sorts.sort_by_key(|members| std::cmp::Reverse(members.len()));
    }
    found.sort();
    found
}

/// Those of one structure, by what they say.
fn sorts(bucket: &[(usize, Look)]) -> Vec<Vec<usize>> {
    // A word that only few have is a name, and says nothing of the sort.
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for (_, look) in bucket {
        let mut words = look.words.clone();
        words.dedup();
        words.into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
    }
    let least = (bucket.len() / 50).max(2);
    let telling = |look: &Look| -> Vec<u64> {
        look.words
            .iter()
            .copied()
            .filter(|word| counts.get(word).is_some_and(|count| *count >= least))
            .collect()
    };
    let mut sorts: Vec<Vec<u64>> = Vec::new();
    for (_, look) in bucket {
        let own = telling(look);
        if best(&sorts, &own).is_none() && sorts.len() < SORTS {
            sorts.push(own);
        }
    }
    // Once all sorts are known: an early one may have come to another before its own was there.
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); sorts.len()];
    for (number, look) in bucket {
        if let Some(at) = best(&sorts, &telling(look)) {
            members[at].push(*number);
        }
    }
    members
}

/// The sort that these words are most like.
fn best(sorts: &[Vec<u64>], words: &[u64]) -> Option<usize> {
    let likely = sorts.iter().enumerate().map(|(at, sort)| (likeness(sort, words), at));
    let best = likely.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, at)| at)
}
