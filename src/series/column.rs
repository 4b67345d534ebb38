//! What differs in a series, as few columns: equal ones are one, and what is made of another is none.

use std::collections::HashMap;

use super::atom::number;
use crate::model::slug;

/// A value for each row; absent where a row has no place for it.
pub type Values = Vec<Option<String>>;

/// Where a column stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// The resource of the template that it stands in, by number.
    pub part: usize,
    pub pointer: String,
    /// What stands before it in its text; empty for a number.
    pub before: String,
    pub is_number: bool,
    /// Whether the value stands there as it is, not in lower case or the like.
    pub is_plain: bool,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub values: Values,
    pub places: Vec<Place>,
    pub is_number: bool,
    pub made: Option<Made>,
}

/// How the values of a column are made of another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub of: usize,
    pub before: String,
    pub change: Change,
    pub after: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    None,
    Lower,
    Upper,
    Replace(&'static str, &'static str),
    /// In lower case, and then the same.
    LowerReplace(&'static str, &'static str),
    Slug,
    /// Its slug, with this in the place of `-`.
    SlugWith(&'static str),
    /// Times this number.
    Times(String),
}

/// The plainer ones first.
const CHANGES: [Change; 10] = [
    Change::None,
    Change::Lower,
    Change::Upper,
    Change::Replace("-", "_"),
    Change::Replace("_", "-"),
    Change::Replace("-", " "),
    Change::LowerReplace("-", "_"),
    Change::LowerReplace(" ", "_"),
    Change::Slug,
    Change::SlugWith("_"),
];

impl Change {
    fn run(&self, text: &str) -> String {
        match self {
            Self::None => text.to_owned(),
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Replace(from, to) => text.replace(from, to),
            Self::LowerReplace(from, to) => text.to_lowercase().replace(from, to),
            Self::Slug => slug(text),
            Self::SlugWith(to) => slug(text).replace('-', to),
            Self::Times(factor) => product(text, factor).unwrap_or_default(),
        }
    }

    /// As an expression of a template.
    pub fn of(&self, name: &str) -> String {
        match self {
            Self::None => name.to_owned(),
            Self::Lower => format!("lower {name}"),
            Self::Upper => format!("upper {name}"),
            Self::Replace(from, to) => format!("replace {name} '{from}' '{to}'"),
            Self::LowerReplace(from, to) => format!("replace (lower {name}) '{from}' '{to}'"),
            Self::Slug => format!("slug {name}"),
            Self::SlugWith(to) => format!("replace (slug {name}) '-' '{to}'"),
            Self::Times(factor) => format!("mul {name} {factor}"),
        }
    }
}

#[derive(Default)]
pub struct Columns {
    pub list: Vec<Column>,
    by_values: HashMap<Values, usize>,
}

impl Columns {
    /// The column of these values.
    pub fn add(&mut self, values: Values, place: Place) -> usize {
        let at = match self.by_values.get(&values) {
            Some(at) => *at,
            None => {
                let is_number =
                    values.iter().flatten().all(|value| number(value).as_deref() == Some(value.as_str()));
                self.by_values.insert(values.clone(), self.list.len());
                self.list.push(Column { values, places: Vec::new(), is_number, made: None });
                self.list.len() - 1
            }
        };
        self.list[at].places.push(place);
        at
    }

    /// Finds which columns are made of others: the shortest texts come first, since they are what others are made of, and of
    /// numbers those of the most places.
    pub fn derive(&mut self, fixed: &dyn Fn(&Column) -> bool) {
        let is_number = |column: &Column| column.places.iter().any(|place| place.is_number);
        let rank = |column: &Column| {
            let texts = || column.values.iter().flatten();
            let places = if is_number(column) { column.places.len() } else { 0 };
            // Of texts of one length that with capitals tells most.
            let plain =
                texts().flat_map(|text| text.chars()).filter(|c| !c.is_uppercase() && *c != ' ').count();
            let missing = column.values.len() - texts().count();
            (missing, std::cmp::Reverse(places), texts().map(String::len).sum::<usize>(), plain)
        };
        let mut order: Vec<usize> = (0..self.list.len()).filter(|at| !fixed(&self.list[*at])).collect();
        order.sort_by_cached_key(|at| rank(&self.list[*at]));
        let mut bases: Vec<usize> = Vec::new();
        for at in order {
            let own = &self.list[at];
            // A number is no part of a name; another number may be made of it.
            let mut others = bases.iter().filter(|base| !is_number(own) && !is_number(&self.list[**base]));
            let made = others.find_map(|base| made(&own.values, *base, &self.list[*base]));
            let mut numbers =
                bases.iter().filter(|base| is_number(own) && own.is_number && is_number(&self.list[**base]));
            let made = made.or_else(|| numbers.find_map(|base| multiple(own, *base, &self.list[*base])));
            if made.is_none() {
                bases.push(at);
            }
            self.list[at].made = made;
        }
        bases.retain(|at| !is_number(&self.list[*at]));
        self.turn(&bases);
        self.place();
    }

    /// A slug may be shorter than the name that it is made of.
    fn turn(&mut self, bases: &[usize]) {
        for at in bases {
            let mut others = bases.iter().filter(|other| *other != at && self.list[**other].made.is_none());
            let turned = others.find_map(|other| {
                let of = &self.list[*other];
                let own = made(&self.list[*at].values, *other, of)?;
                let mut all = vec![(*at, own)];
                for (number, column) in self.list.iter().enumerate() {
                    if column.made.as_ref().is_some_and(|made| made.of == *at) {
                        all.push((number, made(&column.values, *other, of)?));
                    }
                }
                Some(all)
            });
            for (number, made) in turned.into_iter().flatten() {
                self.list[number].made = Some(made);
            }
        }
    }

    /// A column stands also where others are made of it.
    fn place(&mut self) {
        for at in 0..self.list.len() {
            let Some(made) = self.list[at].made.clone() else { continue };
            let is_plain = made.change == Change::None;
            let places = self.list[at].places.clone().into_iter().map(|place| Place {
                before: format!("{}{}", place.before, made.before),
                is_plain,
                ..place
            });
            self.list[made.of].places.extend(places);
        }
    }

    /// Those that are made of no other.
    pub fn bases(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.list.iter().enumerate().filter(|(_, column)| column.made.is_none())
    }
}

fn made(values: &Values, base: usize, of: &Column) -> Option<Made> {
    let pairs =
        || values.iter().zip(&of.values).filter_map(|(own, base)| Some((own.as_deref()?, base.as_deref())));
    let (first, from) = pairs().next()?;
    let from = from?;
    for change in CHANGES {
        let changed = change.run(from);
        if changed.is_empty() || (change != Change::None && of.is_number) {
            continue;
        }
        for (at, _) in first.match_indices(&changed) {
            let (before, after) = (&first[..at], &first[at + changed.len()..]);
            // A dollar in front would take the braces away.
            if before.ends_with('$') || before.contains("${") || after.contains("${") {
                continue;
            }
            let holds = |(own, from): (&str, Option<&str>)| {
                let inner = own.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                inner.zip(from).is_some_and(|(inner, from)| inner == change.run(from))
            };
            if pairs().all(holds) {
                return Some(Made { of: base, before: before.to_owned(), change, after: after.to_owned() });
            }
        }
    }
    None
}

/// A number that is the same multiple of another in every row. Two values may be so by chance: then both have to stand in
/// one place of the body.
fn multiple(own: &Column, base: usize, of: &Column) -> Option<Made> {
    let pairs = || {
        own.values.iter().zip(&of.values).filter_map(|(own, base)| Some((own.as_deref()?, base.as_deref())))
    };
    let parsed = |text: &str| text.parse::<f64>().ok().filter(|value| *value != 0.0);
    let (first, from) = pairs().next()?;
    let factor = number(&shortest(parsed(first)? / parsed(from?)?))?;
    if factor.len() > 8
        || !pairs().all(|(own, from)| from.and_then(|from| product(from, &factor)).as_deref() == Some(own))
    {
        return None;
    }
    let around = |column: &Column| {
        let place = column.places.iter().find(|place| place.is_number)?;
        Some((place.part, place.pointer.rsplit_once('/')?.0.to_owned()))
    };
    let several = of.values.iter().flatten().collect::<std::collections::BTreeSet<_>>().len() > 2;
    (several || around(own) == around(of)).then(|| Made {
        of: base,
        before: String::new(),
        change: Change::Times(factor),
        after: String::new(),
    })
}

/// As templates multiply and print.
fn product(text: &str, factor: &str) -> Option<String> {
    let product = text.parse::<f64>().ok()? * factor.parse::<f64>().ok()?;
    number(&shortest(product))
}

fn shortest(value: f64) -> String {
    format!("{value:.10}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The value that most rows have, and in how many.
pub fn most(values: &[Option<String>]) -> (String, usize) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    values.iter().flatten().for_each(|value| *counts.entry(value).or_default() += 1);
    let most = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)));
    most.map(|(value, count)| (value.to_owned(), count)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(texts: &[&str]) -> Values {
        texts.iter().map(|text| Some((*text).to_owned())).collect()
    }

    fn place() -> Place {
        Place {
            part: 0,
            pointer: "/name".to_owned(),
            before: String::new(),
            is_number: false,
            is_plain: true,
        }
    }

    #[test]
    fn what_is_made_of_another_is_no_column() {
        let mut columns = Columns::default();
        let plain = columns.add(values(&["Pay-Api", "Cart"]), place());
        for (made, before, change, after) in [
            (["x-Pay-Api/", "x-Cart/"], "x-", Change::None, "/"),
            (["3Apay-api", "3Acart"], "3A", Change::Lower, ""),
            (["Pay Api", "Cart"], "", Change::Replace("-", " "), ""),
        ] {
            let at = columns.add(values(&made), place());
            columns.list.iter_mut().for_each(|column| column.made = None);
            columns.derive(&|_| false);
            let own = columns.list[at].made.clone().or_else(|| columns.list[plain].made.clone());
            assert!(own.is_some(), "{made:?} {before} {change:?} {after}");
        }
        let other = columns.add(values(&["a", "Cart"]), place());
        columns.derive(&|_| false);
        assert_eq!(columns.list[other].made, None);
        assert_eq!(columns.add(values(&["a", "Cart"]), place()), other);
        assert!(!columns.list[plain].is_number);
        let numbers = columns.add(values(&["5", "0.05"]), place());
        assert!(columns.list[numbers].is_number);
        assert_eq!(most(&values(&["a", "b", "b"])), ("b".to_owned(), 2));
    }
}
