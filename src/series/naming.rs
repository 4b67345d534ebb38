//! Names for parameters, by where they stand; and for templates and their resources, by what is the same of titles.

use std::collections::{BTreeMap, BTreeSet};

use super::column::{Column, Place};
use super::shape::ADOPT;
use crate::model::slug;
use crate::pointer::keys;
use crate::template::is_helper;

/// What a column of Datadog's ids is called.
const ADOPTED: &str = "datadog_id";
/// Words that an expression has a meaning for already.
const RESERVED: [&str; 8] = ["key", "each", "env", "environment", "project", "this", "secret", "vars"];
/// The longest name.
const LONGEST: usize = 40;

/// A name for each base column, of which no two are alike. `parts` are the names of the resources; `is_taken` knows the names of
/// variables and sections.
pub fn parameters(
    columns: &[(usize, &Column)],
    parts: &[String],
    is_taken: &dyn Fn(&str) -> bool,
) -> BTreeMap<usize, String> {
    let mut given: BTreeSet<String> = BTreeSet::new();
    let mut names = BTreeMap::new();
    for (number, column) in columns {
        let wanted = wanted(&column.places);
        let taken = |name: &str| {
            given.contains(name) || is_taken(name) || is_helper(name) || RESERVED.contains(&name)
        };
        let own_part = column.places.first().map(|place| place.part);
        let is_of_one = column.places.iter().all(|place| Some(place.part) == own_part);
        let part = own_part.filter(|_| is_of_one && parts.len() > 1).and_then(|part| parts.get(part));
        let mut name = wanted.clone();
        if let Some(part) = part.filter(|_| wanted == ADOPTED || taken(&name)) {
            name = word(&format!("{part}_{wanted}")).unwrap_or(wanted);
        }
        let start = name.clone();
        let mut behind = 2;
        while taken(&name) {
            name = format!("{start}_{behind}");
            behind += 1;
        }
        given.insert(name.clone());
        names.insert(*number, name);
    }
    names
}

/// The word that most of the places agree on.
fn wanted(places: &[Place]) -> String {
    let mut votes: BTreeMap<String, usize> = BTreeMap::new();
    for place in places {
        let (word, weight) = vote(place);
        *votes.entry(word).or_default() += weight;
    }
    let best = votes.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
    best.map_or_else(|| "value".to_owned(), |(word, _)| word)
}

fn vote(place: &Place) -> (String, usize) {
    if place.pointer.starts_with(ADOPT) {
        return (ADOPTED.to_owned(), 1);
    }
    let steps: Vec<String> = keys(&place.pointer).map(std::borrow::Cow::into_owned).collect();
    let named = steps.iter().rev().find(|step| !step.chars().all(|c| c.is_ascii_digit()));
    let field = named.and_then(|step| word(step)).unwrap_or_else(|| "value".to_owned());
    if place.is_number {
        return (field, 40);
    }
    // `service:` of a tag or scope, `@slack-` of a message.
    let before = place.before.trim_end_matches(['"', '(', ' ']);
    let key = before.strip_suffix(':').and_then(last_word);
    match key.and_then(word) {
        Some(key) if place.before.len() == key.len() + 1 => (key, 10),
        Some(key) if place.before.ends_with(':') => (key, 6),
        _ => (field, 1),
    }
}

fn last_word(text: &str) -> Option<&str> {
    let start = text
        .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@')))
        .map_or(0, |at| at + 1);
    text.get(start..).filter(|word| !word.is_empty())
}

/// A text as a parameter's name.
fn word(text: &str) -> Option<String> {
    let made: String =
        slug(text).chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(LONGEST).collect();
    let made = made.trim_matches('_').to_owned();
    made.starts_with(|c: char| c.is_ascii_lowercase()).then_some(made)
}

/// Names for the resources of one template: the words of each title that not all of them have.
pub fn parts(titles: &[String], sections: &[&str], fallback: &[&str]) -> Vec<String> {
    let words: Vec<Vec<String>> = titles
        .iter()
        .map(|title| title.split_whitespace().map(slug).filter(|word| !word.is_empty()).collect())
        .collect();
    let is_common = |word: &String| words.len() > 1 && words.iter().all(|own| own.contains(word));
    let mut given: BTreeSet<(String, String)> = BTreeSet::new();
    let mut names = Vec::new();
    for ((own, section), fallback) in words.iter().zip(sections).zip(fallback) {
        let telling: Vec<&str> = own.iter().filter(|word| !is_common(word)).map(String::as_str).collect();
        let name = cut(&telling.join("-"));
        let start = if name.is_empty() || titles.len() == 1 { (*fallback).to_owned() } else { name };
        let (mut name, mut behind) = (start.clone(), 2);
        while !given.insert(((*section).to_owned(), name.clone())) {
            name = format!("{start}-{behind}");
            behind += 1;
        }
        names.push(name);
    }
    names
}

/// A name for a template of these titles.
pub fn template(titles: &[String], key: &str, fallback: &str) -> String {
    let name = match titles {
        [title] => cut(&slug(&title.split_whitespace().collect::<Vec<_>>().join(" "))),
        _ => cut(&slug(&format!("by {}", key.replace('_', "-")))),
    };
    if name.is_empty() { fallback.to_owned() } else { name }
}

fn cut(text: &str) -> String {
    let fits: String = text.chars().take(LONGEST).map(|c| if c == '.' { '-' } else { c }).collect();
    let mut name = String::new();
    for c in fits.chars() {
        if !(c == '-' && name.ends_with('-')) {
            name.push(c);
        }
    }
    name.trim_matches(['-', '_', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(pointer: &str, before: &str, is_number: bool) -> Place {
        Place { part: 0, pointer: pointer.to_owned(), before: before.to_owned(), is_number }
    }

    #[test]
    fn parameters_are_named_by_their_places() {
        for (places, expected) in [
            (vec![place("/tags/0", "service:", false), place("/name", "", false)], "service"),
            (
                vec![place("/query", "avg(last_5m):avg:a.b{functionname:", false), place("/name", "", false)],
                "functionname",
            ),
            (
                vec![place("/options/thresholds/critical", "", true), place("/query", "} > ", false)],
                "critical",
            ),
            (vec![place("/name", "", false)], "name"),
            (vec![place("/$id/prod", "", true)], "datadog_id"),
            (vec![place("/widgets/0/definition/🔥", "", false)], "value"),
            (vec![place("/message", "see the run\u{1b}book: ", false)], "message"),
        ] {
            assert_eq!(wanted(&places), expected);
        }
        let column = |at: &str| Column {
            values: Vec::new(),
            places: vec![place("/tags/0", at, false)],
            is_number: false,
            made: None,
        };
        let (a, b, c) = (column("service:"), column("service:"), column("lower:"));
        let names = parameters(&[(0, &a), (1, &b), (2, &c)], &["x".to_owned()], &|_| false);
        assert_eq!(names.into_values().collect::<Vec<_>>(), ["service", "service_2", "lower_2"]);
    }

    #[test]
    fn resources_are_named_by_what_tells_them_apart() {
        let titles = ["[prod] : errors", "[prod] : throttles", "[prod] :"].map(str::to_owned);
        assert_eq!(parts(&titles, &["a", "a", "a"], &["m", "m", "m"]), ["errors", "throttles", "m"]);
        assert_eq!(template(&titles[..1], "x", "m"), "prod-errors");
        assert_eq!(template(&titles, "function_name", "m"), "by-function-name");
        assert_eq!(template(&["../🔥".to_owned()], "x", "m"), "m");
    }
}
