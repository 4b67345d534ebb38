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
/// Who is told: what stands behind an `@`.
const NOTIFIED: &str = "notify";
/// Fields that say what something is called, whatever stands around it there.
const TITLES: [&str; 2] = ["name", "title"];
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
        let first = wanted.first().map_or("value", String::as_str);
        let taken = |name: &str| {
            given.contains(name) || is_taken(name) || is_helper(name) || RESERVED.contains(&name)
        };
        let own_part = column.places.first().map(|place| place.part);
        let is_of_one = column.places.iter().all(|place| Some(place.part) == own_part);
        let part = own_part.filter(|_| is_of_one && parts.len() > 1).and_then(|part| parts.get(part));
        let of_part =
            part.and_then(|part| word(&short(part, first.len() + 1))).map(|part| format!("{part}_{first}"));
        // An id is the one of a resource, and so is a number of which there are several; else a second choice is better
        // than a number behind the name.
        let is_own = first == ADOPTED || column.is_number;
        let others = wanted.iter().skip(1).cloned();
        let mut free = match (is_own, of_part) {
            (true, Some(of_part)) if first == ADOPTED => vec![of_part],
            (true, of_part) => [Some(first.to_owned()), of_part].into_iter().flatten().collect(),
            (false, of_part) => std::iter::once(first.to_owned()).chain(others).chain(of_part).collect(),
        }
        .into_iter();
        let name = free.find(|name| !taken(name)).unwrap_or_else(|| {
            let mut numbered = (2..).map(|behind: usize| format!("{first}_{behind}"));
            numbered.find(|name| !taken(name)).unwrap_or_default()
        });
        given.insert(name.clone());
        names.insert(*number, name);
    }
    names
}

/// A name that leaves room for so many characters, cut between words.
fn short(name: &str, room: usize) -> String {
    let most = LONGEST.saturating_sub(room);
    if name.len() <= most {
        return name.to_owned();
    }
    let fits = |(at, c): &(usize, char)| (1..=most).contains(at) && matches!(c, '-' | '_' | '.');
    let end =
        name.char_indices().rev().find(fits).map_or_else(|| name.floor_char_boundary(most), |(at, _)| at);
    name[..end].to_owned()
}

/// The words that the places agree on, that of the most first.
fn wanted(places: &[Place]) -> Vec<String> {
    let mut votes: BTreeMap<String, usize> = BTreeMap::new();
    for place in places {
        let (word, weight) = vote(place);
        *votes.entry(word).or_default() += weight;
    }
    let mut words: Vec<(String, usize)> = votes.into_iter().collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    // What only stands in the midst of some prose says nothing, where another place does.
    let tells = words.first().is_some_and(|(_, weight)| *weight > 0);
    words.into_iter().filter(|(_, weight)| !tells || *weight > 0).map(|(word, _)| word).collect()
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
    let disguised = |weight: usize| if place.is_plain { weight } else { weight / 2 };
    if place.before.ends_with('@') {
        return (NOTIFIED.to_owned(), disguised(6));
    }
    // `service:` of a tag or scope.
    let before = place.before.trim_end_matches(['"', '(', ' ']);
    let key = before.strip_suffix(':').and_then(last_word);
    match key.and_then(word) {
        Some(key) if place.before.len() == key.len() + 1 => (key, disguised(10)),
        Some(key) if place.before.ends_with(':') => (key, disguised(6)),
        _ if place.before.is_empty() || TITLES.contains(&field.as_str()) => (field, disguised(2)),
        _ => (field, 0),
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

/// Names for the resources of one template: the words of each title that not all of them have; `is_idle` knows words that
/// tell nothing.
pub fn parts(
    titles: &[String],
    sections: &[&str],
    fallback: &[&str],
    is_idle: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let words: Vec<Vec<String>> = titles.iter().map(|title| words(title, is_idle)).collect();
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

/// A title's words as parts of a name.
fn words(title: &str, is_idle: &dyn Fn(&str) -> bool) -> Vec<String> {
    let slugs = title.split(|c: char| c.is_whitespace() || matches!(c, '.' | '/')).map(slug);
    slugs.filter(|word| !word.is_empty() && !is_idle(word)).collect()
}

/// A name for a template of these titles. `subject` is what the queries of all have in common, or the section.
pub fn template(
    titles: &[String],
    (subject, key): (&str, &str),
    fallback: &str,
    is_idle: &dyn Fn(&str) -> bool,
) -> String {
    let name = match titles {
        [title] => cut(&words(title, is_idle).join("-")),
        _ => cut(&slug(&format!("{subject} by {}", key.replace('_', "-")))),
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
        Place { part: 0, pointer: pointer.to_owned(), before: before.to_owned(), is_number, is_plain: true }
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
            (vec![place("/message", "a ", false), place("/name", "[prod] ", false)], "name"),
            (vec![place("/message", "Page @", false), place("/message", "x ", false)], "notify"),
            (vec![place("/message", "see the run\u{1b}book: ", false)], "message"),
        ] {
            assert_eq!(wanted(&places)[0], expected);
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
        // A second choice comes before a number.
        let mut titled = column("project:");
        titled.places.push(place("/name", "[prod] ", false));
        assert_eq!(parameters(&[(0, &titled)], &[], &|_| false)[&0], "name");
        let id = Column { places: vec![place("/$id/prod", "", true)], ..column("") };
        let long = ["a-key-or-password-for-somebody-else".to_owned(), "x".to_owned()];
        assert_eq!(parameters(&[(0, &id)], &long, &|_| false)[&0], "a_key_or_password_for_datadog_id");
    }

    #[test]
    fn resources_are_named_by_what_tells_them_apart() {
        let titles = ["[prod] : errors", "[prod] : throttles", "[prod] :"].map(str::to_owned);
        let idle = |word: &str| word == "prod";
        assert_eq!(parts(&titles, &["a", "a", "a"], &["m", "m", "m"], &idle), ["errors", "throttles", "m"]);
        let logs = ["prod. .logs.events", "[prod] "].map(str::to_owned);
        assert_eq!(parts(&logs, &["a", "b"], &["m", "archive"], &idle), ["logs-events", "archive"]);
        assert_eq!(template(&titles[..1], ("a", "x"), "m", &idle), "errors");
        assert_eq!(template(&titles, ("aws.sqs", "function_name"), "m", &idle), "aws-sqs-by-function-name");
        assert_eq!(template(&titles, ("", "x"), "m", &idle), "by-x");
        assert_eq!(template(&["../🔥".to_owned()], ("", "x"), "m", &idle), "m");
    }
}
