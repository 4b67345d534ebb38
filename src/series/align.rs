//! One field of many bodies: what is the same in all of them, and what stands between.

use super::atom::{Atom, atoms, number};

/// A stretch of one field over all bodies of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// As it stands in all of them.
    Same(String),
    /// What each has there; absent where a body has no such field at all.
    Differs(Vec<Option<String>>),
    /// The reference that each has there.
    Refers(Vec<Option<String>>),
}

/// So long may what differs be, in characters: names and scopes, no prose.
const LONGEST: usize = 120;
/// A text of more pieces than this is not aligned with others of another number.
const MOST: usize = 4000;

/// The stretches of a text in all bodies. None where they differ in more than names.
pub fn align(texts: &[Option<&str>]) -> Option<Vec<Stretch>> {
    let rows: Vec<Option<Vec<Atom<'_>>>> = texts.iter().map(|text| text.map(atoms)).collect();
    let first = rows.iter().flatten().next()?;
    // Where each row has what all have in common.
    let places: Vec<Option<Vec<usize>>> = if rows.iter().flatten().all(|row| row.len() == first.len()) {
        let own = even(first, &rows);
        rows.iter().map(|row| row.as_ref().map(|_| own.clone())).collect()
    } else {
        let common = uneven(first, &rows)?;
        rows.iter().map(|row| row.as_ref().map(|row| embedded(row, &common))).collect()
    };
    stretches(&rows, &places)
}

/// Positions of the first that are like those of all others.
fn even(first: &[Atom<'_>], rows: &[Option<Vec<Atom<'_>>>]) -> Vec<usize> {
    let mut is_common = vec![true; first.len()];
    for row in rows.iter().flatten() {
        for ((is_common, own), other) in is_common.iter_mut().zip(first).zip(row) {
            *is_common &= own.is_like(*other);
        }
    }
    (0..first.len()).filter(|at| is_common[*at]).collect()
}

/// The first place of each piece behind the one before.
fn embedded(row: &[Atom<'_>], pieces: &[Atom<'_>]) -> Vec<usize> {
    let mut places = Vec::with_capacity(pieces.len());
    let mut wanted = pieces.iter().peekable();
    for (at, atom) in row.iter().enumerate() {
        if wanted.next_if(|piece| piece.is_like(*atom)).is_some() {
            places.push(at);
        }
    }
    places
}

/// The pieces that all have in common, in their order.
fn uneven<'t>(first: &[Atom<'t>], rows: &[Option<Vec<Atom<'t>>>]) -> Option<Vec<Atom<'t>>> {
    let mut common: Vec<Atom<'t>> = first.to_vec();
    for row in rows.iter().flatten() {
        if row.len() > MOST {
            return None;
        }
        common = longest(&common, row);
    }
    Some(common)
}

fn longest<'t>(a: &[Atom<'t>], b: &[Atom<'t>]) -> Vec<Atom<'t>> {
    let start = a.iter().zip(b).take_while(|(a, b)| a.is_like(**b)).count();
    let (middle_a, middle_b) = (&a[start..], &b[start..]);
    let end = middle_a.iter().rev().zip(middle_b.iter().rev()).take_while(|(a, b)| a.is_like(**b)).count();
    let (inner_a, inner_b) = (&middle_a[..middle_a.len() - end], &middle_b[..middle_b.len() - end]);
    let width = inner_b.len() + 1;
    let mut table = vec![0_u32; (inner_a.len() + 1) * width];
    for (i, own) in inner_a.iter().enumerate().rev() {
        for (j, other) in inner_b.iter().enumerate().rev() {
            table[i * width + j] = match own.is_like(*other) {
                true => table[(i + 1) * width + j + 1] + 1,
                false => table[(i + 1) * width + j].max(table[i * width + j + 1]),
            };
        }
    }
    let mut found = a[..start].to_vec();
    let (mut i, mut j) = (0, 0);
    while let (Some(own), Some(other)) = (inner_a.get(i), inner_b.get(j)) {
        if own.is_like(*other) {
            found.push(*own);
            (i, j) = (i + 1, j + 1);
        } else if table[(i + 1) * width + j] >= table[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    found.extend(&middle_a[middle_a.len() - end..]);
    found
}

/// The rows cut at what they have in common.
fn stretches(rows: &[Option<Vec<Atom<'_>>>], places: &[Option<Vec<usize>>]) -> Option<Vec<Stretch>> {
    let count = places.iter().flatten().next()?.len();
    let row = |number: usize| rows[number].as_deref().zip(places[number].as_deref());
    let mut found: Vec<Stretch> = Vec::new();
    for at in 0..=count {
        let gaps: Vec<Option<&[Atom<'_>]>> =
            (0..rows.len()).map(|number| row(number).map(|(row, places)| gap(row, places, at))).collect();
        if gaps.iter().flatten().any(|gap| !gap.is_empty()) {
            let texts = gaps.iter().map(|gap| match gap {
                Some(gap) => differing(gap).map(Some),
                None => Some(None),
            });
            found.extend(dotted(texts.collect::<Option<_>>()?));
        }
        if at == count {
            break;
        }
        let own = |number: usize| row(number).map(|(row, places)| row[places[at]]);
        let anchor = (0..rows.len()).find_map(own)?;
        match anchor {
            Atom::Refer(_) => {
                let text = |number| own(number).map(|atom| atom.text().to_owned());
                found.push(Stretch::Refers((0..rows.len()).map(text).collect()));
            }
            anchor => found.push(Stretch::Same(anchor.text().to_owned())),
        }
    }
    Some(joined(found))
}

/// What is the same in a row is one stretch.
fn joined(stretches: Vec<Stretch>) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    for stretch in stretches {
        match (stretch, found.last_mut()) {
            (Stretch::Same(more), Some(Stretch::Same(text))) => text.push_str(&more),
            (stretch, _) => found.push(stretch),
        }
    }
    found
}

/// Names of metrics have steps: those at either end that all have in common are no part of what differs.
fn dotted(values: Vec<Option<String>>) -> Vec<Stretch> {
    let mut rest = values.iter().flatten();
    let Some(first) = rest.next().filter(|_| !values.iter().flatten().any(|value| number(value).is_some()))
    else {
        return vec![Stretch::Differs(values)];
    };
    let ends: Vec<usize> = first.match_indices('.').map(|(at, _)| at).collect();
    let all = |fits: &dyn Fn(&String) -> bool| values.iter().flatten().all(fits);
    let start =
        ends.iter().rev().map(|at| at + 1).find(|end| all(&|value| value.starts_with(&first[..*end])));
    let start = start.unwrap_or_default();
    let fits = |at: &&usize| {
        **at > start
            && all(&|value| value.len() > start + first.len() - **at && value.ends_with(&first[**at..]))
    };
    let end = ends.iter().find(fits).map_or(0, |at| first.len() - at);
    let inner = |value: &String| value[start..value.len() - end].to_owned();
    let (before, after) = (first[..start].to_owned(), first[first.len() - end..].to_owned());
    let differs = Stretch::Differs(values.iter().map(|value| value.as_ref().map(inner)).collect());
    let same = |text: String| (!text.is_empty()).then_some(Stretch::Same(text));
    [same(before), Some(differs), same(after)].into_iter().flatten().collect()
}

/// What stands before a place and behind the one before it.
fn gap<'r, 't>(row: &'r [Atom<'t>], places: &[usize], at: usize) -> &'r [Atom<'t>] {
    let from = at.checked_sub(1).map_or(0, |before| places[before] + 1);
    &row[from..places.get(at).copied().unwrap_or(row.len())]
}

/// The text of a gap; none where it is no name.
fn differing(gap: &[Atom<'_>]) -> Option<String> {
    let is_name = gap.iter().all(|atom| matches!(atom, Atom::Word(_) | Atom::Mark(_)));
    let text: String = gap.iter().map(|atom| atom.text()).collect();
    let fits = text.chars().count() <= LONGEST && !text.contains(char::is_control);
    (is_name && fits).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&str], expected: &[&str]) {
        let texts: Vec<Option<&str>> = texts.iter().map(|text| Some(*text)).collect();
        let shown = |stretch: Stretch| match stretch {
            Stretch::Same(text) => text,
            Stretch::Differs(values) => {
                format!("<{}>", values.into_iter().flatten().collect::<Vec<_>>().join("|"))
            }
            Stretch::Refers(values) => {
                format!("@{}", values.into_iter().flatten().collect::<Vec<_>>().join("|"))
            }
        };
        let found: Vec<String> = align(&texts).unwrap_or_default().into_iter().map(shown).collect();
        assert_eq!(found, expected, "{texts:?}");
    }

    #[test]
    fn texts_are_laid_side_by_side() {
        check(&["Errors of web-1", "Errors of db"], &["Errors of ", "<web-1|db>"]);
        check(
            &["[prod] Checkout API: errors", "[prod] Cart: errors"],
            &["[prod] ", "<Checkout API|Cart>", ": errors"],
        );
        check(&["a{x:1,y:2}", "a{x:3,y:2}", "a{x:1,y:4}"], &["a{x:", "<1|3|1>", ",y:", "<2|2|4>", "}"]);
        check(
            &["${monitors.a.id} && x", "${monitors.b.id} && x"],
            &["@${monitors.a.id}|${monitors.b.id}", " && x"],
        );
        check(&["cost $${a} of x", "cost $${a} of y"], &["cost $${a} of ", "<x|y>"]);
        check(&["a.x.y.count", "a.z.count", "a.q.count"], &["a.", "<x.y|z|q>", ".count"]);
        check(&["a.count", "count", "a.b"], &["<a.count|count|a.b>"]);
        check(&["0.5", "0.05"], &["<0.5|0.05>"]);
        check(&["same", "same"], &["same"]);
        check(&["", "x"], &["<|x>"]);
        // Prose is no name, and neither is an expression.
        check(&["x\ny", "z"], &[]);
        check(&["${secret.MUSHER_SECRET_A}", "b"], &[]);
        check(&[&"a".repeat(121), "b"], &[]);
    }
}
