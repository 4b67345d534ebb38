//! A text of a definition, cut into words, the characters between them, and expressions.

use std::collections::BTreeMap;

use crate::kind;
use crate::model::{Address, Attribute};
use crate::template;

/// A piece of a text. The pieces in turn make up the whole of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atom<'t> {
    /// Letters, digits and what names are joined by.
    Word(&'t str),
    /// One other character.
    Mark(&'t str),
    /// `${…}` or `$${`, which no name is a part of.
    Code(&'t str),
    /// `${monitors.checkout.id}`, with its braces.
    Refer(&'t str),
}

impl<'t> Atom<'t> {
    pub fn text(self) -> &'t str {
        match self {
            Self::Word(text) | Self::Mark(text) | Self::Code(text) | Self::Refer(text) => text,
        }
    }

    /// Whether both may be one place of a template without a parameter: references go where each instance's own goes.
    pub fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::Refer(a), Self::Refer(b)) => {
                let sort = |text| reference(text).map(|(to, attribute)| (to.section().to_owned(), attribute));
                sort(a) == sort(b)
            }
            (a, b) => a == b,
        }
    }
}

/// The pieces of a text.
pub fn atoms(text: &str) -> Vec<Atom<'_>> {
    let mut found = Vec::new();
    if !template::is_template(text) {
        plain(text, &mut found);
        return found;
    }
    for (piece, is_code) in template::pieces(text) {
        match is_code {
            true if reference(piece).is_some() => found.push(Atom::Refer(piece)),
            true => found.push(Atom::Code(piece)),
            false => plain(piece, &mut found),
        }
    }
    found
}

fn plain<'t>(text: &'t str, found: &mut Vec<Atom<'t>>) {
    // A dollar in front of a parameter would take its braces away: it is a part of the name.
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '$');
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match joins(first) {
            true => rest.find(|c| !joins(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (piece, behind) = rest.split_at(end);
        found.push(if joins(first) { Atom::Word(piece) } else { Atom::Mark(piece) });
        rest = behind;
    }
}

/// The resource that an expression names, and the attribute: `${monitors.[a/b].id}`.
pub fn reference(text: &str) -> Option<(Address, &str)> {
    let inside = text.strip_prefix("${")?.strip_suffix('}')?;
    let (section, rest) = inside.split_once('.')?;
    kind::of_section(section)?;
    let (id, attribute) = rest.rsplit_once('.')?;
    let id = id.strip_prefix('[').and_then(|id| id.strip_suffix(']')).unwrap_or(id);
    let is_plain = Attribute::named(attribute).is_some() && !id.contains(['[', ']', ' ', '"']);
    is_plain.then(|| (Address::new(section, id), attribute))
}

/// A reference with the address that its target has now.
pub fn renamed(text: &str, renamed: &BTreeMap<Address, Address>) -> String {
    let to = reference(text).and_then(|(target, attribute)| Some((renamed.get(&target)?, attribute)));
    to.map_or_else(
        || text.to_owned(),
        |(to, attribute)| format!("${{{}.[{}].{attribute}}}", to.section(), to.id()),
    )
}

/// A number as every template writes it; none where it is longer than those may be.
pub fn number(text: &str) -> Option<String> {
    let number: serde_json::Number = serde_json::from_str(text).ok()?;
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if digits > 12 || text.contains(['e', 'E']) {
        return None;
    }
    let whole = number.as_f64().filter(|value| number.as_i64().is_none() && value.fract() == 0.0);
    Some(whole.map_or_else(|| number.to_string(), |value| format!("{value:.0}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_falls_apart_at_its_names() {
        let shown: Vec<&str> = atoms("avg:a.b{$x,service:${monitors.[a/b].id} $${y}}${lower z} > 0.5")
            .into_iter()
            .map(Atom::text)
            .collect();
        assert_eq!(
            shown,
            [
                "avg",
                ":",
                "a.b",
                "{",
                "$x",
                ",",
                "service",
                ":",
                "${monitors.[a/b].id}",
                " ",
                "$${",
                "y",
                "}",
                "}",
                "${lower z}",
                " ",
                ">",
                " ",
                "0.5"
            ]
        );
        assert_eq!(reference("${monitors.[a/b].id}"), Some((Address::new("monitors", "a/b"), "id")));
        for other in ["${monitors}", "${team.x.id}", "${monitors.x.name}", "${lower x}", "monitors.x.id"] {
            assert_eq!(reference(other), None, "{other}");
        }
    }

    #[test]
    fn numbers_as_templates_write_them() {
        for (text, expected) in [
            ("5", Some("5")),
            ("5.0", Some("5")),
            ("0.050", Some("0.05")),
            ("-3", Some("-3")),
            ("012", None),
            ("1e3", None),
            ("5m", None),
            ("1234567890123", None),
        ] {
            assert_eq!(number(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in any::<String>()) {
            let whole: String = atoms(&text).into_iter().map(Atom::text).collect();
            prop_assert_eq!(whole, text);
        }
    }
}
