//! What the API's document says of widgets, as a table: shapes with their fields, read from `table.txt`.
//!
//! A line of it, continued where the next one is indented, is one of
//!
//!     Words = (a|b|..)                a set of words, named; `..` at its end: the set grows
//!     &Group field:type …             fields that many shapes share
//!     Union by field a,b=Shape … ..   a shape chosen by the word in a field; `..`: the set of words grows
//!     Shape &Group field!:type …      `!` behind a field that is required
//!
//! `..9` in the place of `..`: it grows by percentiles and lengths of time, such as `p95` and `3h`.
//!
//! `-` in a union stands for a field that is absent; and a type is `text`, `url`, `number`, `whole`, `flag`, `object`, `any`, a set of words, a name, `[type]`, or several with `/`
//! between; `{1..12}` behind it bounds the number, the length of the text or that of the list.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Stands in a union for a field that is absent.
pub const ABSENT: &str = "-";

/// The least and the greatest number, length or count.
pub type Bounds = (Option<i32>, Option<i32>);

#[derive(Debug)]
pub enum Type {
    Text(Bounds),
    /// A text that leads somewhere: with a scheme, or within Datadog's web application.
    Url,
    Number(Bounds),
    Whole(Bounds),
    Flag,
    Object,
    Words(&'static str),
    List(Box<Type>, Bounds),
    Any,
    /// A shape or a union.
    Named(&'static str),
    Either(Vec<Type>),
}

#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub required: bool,
    pub value: Type,
}

/// A shape that the word in a field chooses.
#[derive(Debug)]
pub struct Union {
    pub by: &'static str,
    pub shapes: BTreeMap<&'static str, &'static str>,
    /// Other words may be newer than the table.
    pub grows: bool,
}

impl Union {
    /// Whether all of its shapes need the field.
    pub fn is_required(&self) -> bool {
        let field = |shape| TABLE.shapes.get(shape)?.iter().find(|field| field.name == self.by);
        self.shapes.values().all(|shape| field(shape).is_some_and(|field| field.required))
    }
}

#[derive(Debug, Default)]
pub struct Table {
    pub shapes: BTreeMap<&'static str, Vec<Field>>,
    pub unions: BTreeMap<&'static str, Union>,
    words: BTreeMap<&'static str, &'static str>,
    groups: BTreeMap<&'static str, Vec<&'static str>>,
}

pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("table.txt")));

/// By which words that the table doesn't know a set may have grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grows {
    Never,
    /// By percentiles and lengths of time.
    ByNumbers,
    ByAny,
}

/// The words of a set, and how it grows.
pub fn words(set: &'static str) -> (impl Iterator<Item = &'static str> + Clone, Grows) {
    let (listed, grows) = match (set.strip_suffix("|..9"), set.strip_suffix("|..")) {
        (Some(listed), _) => (listed, Grows::ByNumbers),
        (_, Some(listed)) => (listed, Grows::ByAny),
        _ => (set, Grows::Never),
    };
    (listed.split('|'), grows)
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut table = Self::default();
        let mut entry: Vec<&'static str> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if !line.starts_with(' ') {
                table.take(&std::mem::take(&mut entry));
            }
            entry.extend(line.split_whitespace());
        }
        table.take(&entry);
        table
    }

    fn take(&mut self, entry: &[&'static str]) {
        match entry {
            [] => {}
            [name, "=", set] => {
                self.words.insert(name, inside(set, '(', ')').unwrap_or_else(|| wrong(set)));
            }
            [name, "by", by, rest @ ..] => {
                let mut shapes = BTreeMap::new();
                for part in rest.iter().filter(|part| **part != "..") {
                    let (words, shape) = part.split_once('=').unwrap_or_else(|| wrong(part));
                    shapes.extend(words.split(',').map(|word| (word, shape)));
                }
                self.unions.insert(name, Union { by, shapes, grows: rest.contains(&"..") });
            }
            [name, rest @ ..] if name.starts_with('&') => {
                self.groups.insert(name, rest.to_vec());
            }
            [name, rest @ ..] => {
                let own = rest
                    .iter()
                    .flat_map(|part| self.groups.get(part).map_or(std::slice::from_ref(part), Vec::as_slice));
                let fields = own.map(|part| self.field(part)).collect();
                self.shapes.insert(name, fields);
            }
        }
    }

    fn field(&self, part: &'static str) -> Field {
        let (name, value) = part.split_once(':').unwrap_or_else(|| wrong(part));
        let required = name.ends_with('!');
        Field { name: name.trim_end_matches('!'), required, value: self.value(value) }
    }

    fn value(&self, text: &'static str) -> Type {
        let either = alternatives(text);
        if either.len() > 1 {
            return Type::Either(either.into_iter().map(|part| self.value(part)).collect());
        }
        let (text, bounds) = match text.strip_suffix('}').and_then(|text| text.rsplit_once('{')) {
            Some((text, bounds)) => {
                (text, bounds.split_once("..").map(read_bounds).unwrap_or_else(|| wrong(bounds)))
            }
            None => (text, (None, None)),
        };
        if let Some(item) = inside(text, '[', ']') {
            return Type::List(Box::new(self.value(item)), bounds);
        }
        if let Some(set) = inside(text, '(', ')') {
            return Type::Words(set);
        }
        match text {
            "text" => Type::Text(bounds),
            "url" => Type::Url,
            "number" => Type::Number(bounds),
            "whole" => Type::Whole(bounds),
            "flag" => Type::Flag,
            "object" => Type::Object,
            "any" => Type::Any,
            name => self.words.get(name).map_or(Type::Named(name), |set| Type::Words(set)),
        }
    }
}

fn read_bounds((least, most): (&str, &str)) -> Bounds {
    (least.parse().ok(), most.parse().ok())
}

fn inside(text: &'static str, open: char, close: char) -> Option<&'static str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

/// The parts between the `/` that stand in no brackets.
fn alternatives(text: &'static str) -> Vec<&'static str> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0, 0_i32);
    for (at, letter) in text.char_indices() {
        match letter {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            '/' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

fn wrong(part: &str) -> ! {
    panic!("bug: the table of widgets holds `{part}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(value: &Type, found: &mut Vec<&'static str>) {
        match value {
            Type::Named(name) => found.push(name),
            Type::List(item, _) => names(item, found),
            Type::Either(all) => all.iter().for_each(|one| names(one, found)),
            _ => {}
        }
    }

    #[test]
    fn every_name_is_there_and_used() {
        let mut used = vec!["Widget", "BoardVariable", "BoardTab"];
        used.extend(TABLE.unions.values().flat_map(|union| union.shapes.values()));
        let fields = TABLE.shapes.values().flatten();
        fields.for_each(|field| names(&field.value, &mut used));
        let known = || TABLE.shapes.keys().chain(TABLE.unions.keys());
        for name in &used {
            assert!(known().any(|known| known == name), "{name} is used");
        }
        for name in known() {
            assert!(used.contains(name), "{name} is not used");
        }
        for (name, union) in &TABLE.unions {
            for shape in union.shapes.iter().filter(|(word, _)| **word != ABSENT).map(|(_, shape)| shape) {
                let has = TABLE
                    .shapes
                    .get(shape)
                    .is_some_and(|fields| fields.iter().any(|field| field.name == union.by));
                assert!(has, "{shape} of {name} has no {}", union.by);
            }
        }
    }

    #[test]
    fn types_are_read() {
        let table = Table::read("W = (a|b)\nS a!:[[text{1..}]{..5}] b:[text]/S c:W d:(x|..)\n");
        let [a, b, c, d] = table.shapes["S"].as_slice() else { panic!("four fields") };
        assert!(a.required && !b.required);
        assert_eq!(
            format!("{:?}", a.value),
            "List(List(Text((Some(1), None)), (None, Some(5))), (None, None))"
        );
        let text = format!("{:?}", b.value);
        assert_eq!(text, r#"Either([List(Text((None, None)), (None, None)), Named("S")])"#);
        assert_eq!(format!("{:?} {:?}", c.value, d.value), r#"Words("a|b") Words("x|..")"#);
    }
}
