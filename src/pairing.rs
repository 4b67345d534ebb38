//! Two lists -> which items of the new one are still which of the old one: equal, edited, or moved.

use serde_json::{Map, Value};

use crate::diff::{longest_common, same};

/// Items less alike are not the same one.
const ALIKE: f64 = 0.4;
/// The same where one of them would have moved as well.
const ALIKE_ELSEWHERE: f64 = 0.7;
/// Gaps with more pairs than this are paired place by place.
const COMPARED: usize = 40_000;

/// For each new item the place of the old one that it still is.
pub struct Pairing {
    pub old: Vec<Option<usize>>,
    /// Whether the new item stands elsewhere among those that stay.
    pub moved: Vec<bool>,
}

pub fn pairing(old: &[Value], new: &[Value]) -> Pairing {
    let mut found = Pairing { old: vec![None; new.len()], moved: vec![false; new.len()] };
    let kept = longest_common(old, new);
    let bounds = kept.iter().copied().chain([(old.len(), new.len())]);
    let starts = [(0, 0)].into_iter().chain(kept.iter().map(|(i, j)| (i + 1, j + 1)));
    for ((from, new_from), (to, new_to)) in starts.zip(bounds) {
        if let (Some(olds), Some(news)) = (old.get(from..to), new.get(new_from..new_to)) {
            for (i, j) in edited(olds, news) {
                found.pair(new_from + j, from + i);
            }
        }
        if to < old.len() && new_to < new.len() {
            found.pair(new_to, to);
        }
    }
    found.find_moved(old, new, &|a, b| same(a, b));
    if old.len() * new.len() <= COMPARED {
        found.find_moved(old, new, &|a, b| likeness(a, b) >= ALIKE_ELSEWHERE);
    }
    found
}

impl Pairing {
    fn pair(&mut self, new: usize, old: usize) {
        if let Some(slot) = self.old.get_mut(new) {
            *slot = Some(old);
        }
    }

    fn find_moved(&mut self, old: &[Value], new: &[Value], is: &dyn Fn(&Value, &Value) -> bool) {
        let mut free: Vec<usize> = (0..old.len()).filter(|i| !self.old.contains(&Some(*i))).collect();
        for (j, item) in new.iter().enumerate() {
            if self.old[j].is_some() {
                continue;
            }
            if let Some(place) = free.iter().position(|i| is(&old[*i], item)) {
                self.old[j] = Some(free.remove(place));
                self.moved[j] = true;
            }
        }
    }
}

/// Pairs of items between two that stay, both rising: those that are most alike.
fn edited(old: &[Value], new: &[Value]) -> Vec<(usize, usize)> {
    if old.len() * new.len() > COMPARED || (old.len() == 1 && new.len() == 1) {
        return (0..old.len().min(new.len())).map(|place| (place, place)).collect();
    }
    let width = new.len() + 1;
    let mut alike = vec![0.0; old.len() * width];
    let mut best = vec![0.0; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let likeness = likeness(&old[i], &new[j]);
            // Of equal ways the one that keeps places.
            let likeness = if likeness < ALIKE { 0.0 } else { likeness + 0.001 };
            alike[i * width + j] = likeness;
            let paired: f64 = if likeness > 0.0 { best[(i + 1) * width + j + 1] + likeness } else { 0.0 };
            best[i * width + j] = paired.max(best[(i + 1) * width + j]).max(best[i * width + j + 1]);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < old.len() && j < new.len() {
        let here = best[i * width + j];
        let likeness = alike[i * width + j];
        if likeness > 0.0 && best[(i + 1) * width + j + 1] + likeness >= here {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if best[(i + 1) * width + j] >= here {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// From 0 to 1.
fn likeness(a: &Value, b: &Value) -> f64 {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => members(a, b),
        (Value::Array(a), Value::Array(b)) if a.is_empty() && b.is_empty() => 1.0,
        (Value::Array(a), Value::Array(b)) => {
            let sum: f64 = a.iter().zip(b).map(|(a, b)| likeness(a, b)).sum();
            sum / a.len().max(b.len()) as f64
        }
        (Value::String(a), Value::String(b)) => texts(a, b),
        (a, b) if same(a, b) => 1.0,
        _ => 0.0,
    }
}

fn members(a: &Map<String, Value>, b: &Map<String, Value>) -> f64 {
    let common: Vec<f64> = a.iter().filter_map(|(key, value)| Some(likeness(value, b.get(key)?))).collect();
    let all = a.len() + b.len() - common.len();
    if all == 0 { 1.0 } else { common.iter().sum::<f64>() / all as f64 }
}

/// The share that both have at their begin and their end.
fn texts(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let begin = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let end = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    (begin + end).min(a.len()).min(b.len()) as f64 / a.len().max(b.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(old: Value, new: Value, expected: &[Option<usize>], moved: &[usize]) {
        let (Value::Array(old), Value::Array(new)) = (old, new) else { panic!("two lists") };
        let found = pairing(&old, &new);
        assert_eq!(found.old, expected, "{old:?} {new:?}");
        let found: Vec<usize> = (0..new.len()).filter(|place| found.moved[*place]).collect();
        assert_eq!(found, moved);
    }

    #[test]
    fn items_that_are_still_there() {
        check(json!([1, 2, 3]), json!([1, 9, 3]), &[Some(0), Some(1), Some(2)], &[]);
        check(json!(["a", "b", "c"]), json!(["b", "c", "a"]), &[Some(1), Some(2), Some(0)], &[2]);
        let note = |text: &str| json!({"type": "note", "content": text});
        let graph = |title: &str| json!({"type": "graph", "title": title, "q": "sum:a{*}"});
        check(
            json!([note("one"), graph("Hits")]),
            json!([note("one"), note("new"), graph("Hits!")]),
            &[Some(0), None, Some(1)],
            &[],
        );
        check(
            json!([graph("Hits"), note("one"), note("two")]),
            json!([note("one"), note("two"), graph("Hits, all")]),
            &[Some(1), Some(2), Some(0)],
            &[2],
        );
        check(json!([]), json!([1]), &[None], &[]);
    }
}
