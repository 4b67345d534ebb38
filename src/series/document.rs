//! A group with its names -> the template, the list, and the use.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::atom::{reference, renamed};
use super::column::{Change, Column, most};
use super::draft::{Draft, Field, Part, Piece, draft};
use super::group::Group;
use super::item::{Item, Parameter, Proposal, Words};
use super::naming;
use super::shape::metrics;
use crate::model::{Address, slug};

/// A group of which everything has its name.
pub struct Name {
    name: String,
    /// The parts, each with the name of its resource.
    pub parts: Vec<Part>,
    draft: Draft,
    /// Slugs, one a row.
    keys: Vec<String>,
    /// The column that the keys are made of; absent: a column of its own.
    key: Option<usize>,
    parameters: BTreeMap<usize, String>,
}

/// By item: the group, the row and the part.
pub type Places = BTreeMap<usize, (usize, usize, usize)>;

/// The rest of what references need.
type Around<'a> = (&'a BTreeMap<Address, usize>, &'a Places, &'a BTreeMap<Address, Address>);

/// So many of a hundred rows have a value that is a default.
const USUAL: usize = 80;
/// More instances than this that differ from the defaults have a table of their own.
const FEW: usize = 10;

pub fn names(items: &[Item], bodies: &[Value], groups: Vec<Group>, words: &Words<'_>) -> Vec<Name> {
    let mut found: Vec<Name> = Vec::new();
    for group in groups {
        let Some(name) = Name::of(
            items,
            bodies,
            group,
            &|name| (words.is_taken)(name) || found.iter().any(|other| other.name == name),
            words,
        ) else {
            continue;
        };
        found.push(name);
    }
    found
}

pub fn places(names: &[Name]) -> Places {
    let mut places = Places::new();
    for (number, name) in names.iter().enumerate() {
        for (part, own) in name.parts.iter().enumerate() {
            let rows = own.rows.iter().enumerate();
            places.extend(rows.filter_map(|(row, item)| Some(((*item)?, (number, row, part)))));
        }
    }
    places
}

impl Name {
    fn of(
        items: &[Item],
        bodies: &[Value],
        group: Group,
        is_taken: &dyn Fn(&str) -> bool,
        words: &Words<'_>,
    ) -> Option<Self> {
        let Group { name, keys, mut parts } = group;
        let draft = draft(items, bodies, &parts)?;
        let kind = |part: &Part| part.rows.iter().flatten().next().map(|item| items[*item].kind);
        let kinds: Vec<_> = parts.iter().filter_map(kind).collect();
        let sections: Vec<&str> = kinds.iter().map(|kind| kind.section).collect();
        let fallback: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
        let is_idle = |word: &str| words.environment == Some(word);
        let given = naming::parts(&draft.titles, &sections, &fallback, &is_idle);
        for (part, given) in parts.iter_mut().zip(given) {
            part.name.get_or_insert(given);
        }
        let is_ours = name.is_some();
        let key = best_key(&draft, is_ours.then_some(keys.as_slice()));
        let numbered = numbered(&draft);
        let keys = match (is_ours, key) {
            (true, _) => keys,
            (false, Some(key)) => {
                draft.columns.list[key].values.iter().flatten().map(|value| slug(value)).collect()
            }
            (false, None) => {
                numbered.as_ref().map_or_else(|| by_ids(items, &parts), |(_, keys)| keys.clone())
            }
        };
        let bases: Vec<(usize, &Column)> = draft.columns.bases().collect();
        let resources: Vec<String> = parts.iter().filter_map(|part| part.name.clone()).collect();
        let parameters = naming::parameters(&bases, &resources, words.is_word);
        let name = name.unwrap_or_else(|| {
            let of_key = key.or(numbered.map(|(column, _)| column)).and_then(|key| parameters.get(&key));
            let of_key = of_key.map_or("id", String::as_str);
            let subject = subject(bodies, &parts, &sections);
            let fallback = fallback.first().copied().unwrap_or("series");
            let wanted = naming::template(&draft.titles, (&subject, of_key), fallback, &is_idle);
            let mut numbers = std::iter::once(wanted.clone())
                .chain((2..).map(|number: usize| format!("{wanted}-{number}")));
            numbers.find(|name| !is_taken(name)).unwrap_or(wanted)
        });
        Some(Self { name, parts, draft, keys, key, parameters })
    }

    /// The same without some of its parts, where anything is left.
    pub fn without(
        self,
        items: &[Item],
        bodies: &[Value],
        keep: &dyn Fn(usize) -> bool,
        words: &Words<'_>,
    ) -> Option<Self> {
        let kept = self.parts.into_iter().enumerate().filter(|(part, _)| keep(*part));
        let parts: Vec<Part> = kept.map(|(_, part)| part).collect();
        if parts.is_empty() {
            return None;
        }
        let rows: Vec<usize> =
            (0..self.keys.len()).filter(|row| parts.iter().any(|part| part.rows[*row].is_some())).collect();
        let keys = rows.iter().map(|row| self.keys[*row].clone()).collect();
        let parts = parts
            .into_iter()
            .map(|part| Part { rows: rows.iter().map(|row| part.rows[*row]).collect(), ..part });
        // Names that are given stay, and keys, too.
        Self::of(
            items,
            bodies,
            Group { name: Some(self.name), keys, parts: parts.collect() },
            &|_| false,
            words,
        )
    }

    /// Whether each reference of a part is the same in all rows, or one to a sibling of its instance.
    pub fn refers_well(
        &self,
        part: usize,
        group: usize,
        by_address: &BTreeMap<Address, usize>,
        places: &Places,
    ) -> bool {
        let pieces = self.draft.fields[part].iter().flat_map(|field| &field.pieces);
        pieces
            .filter_map(|piece| if let Piece::Refers(texts) = piece { Some(texts) } else { None })
            .all(|texts| one(texts).is_some() || self.sibling(texts, group, by_address, places).is_some())
    }

    /// The part that each row refers to, in its own row; and the attribute.
    fn sibling<'t>(
        &self,
        texts: &'t [Option<String>],
        group: usize,
        by_address: &BTreeMap<Address, usize>,
        places: &Places,
    ) -> Option<(usize, &'t str)> {
        let mut found = None;
        for (row, text) in texts.iter().enumerate() {
            let Some(text) = text else { continue };
            let (target, attribute) = reference(text)?;
            let (to_group, to_row, to_part) = places.get(by_address.get(&target)?)?;
            if (*to_group, *to_row) != (group, row) || found.is_some_and(|(part, _)| part != *to_part) {
                return None;
            }
            found = Some((*to_part, attribute));
        }
        found
    }

    /// Each item, and what it is called then.
    pub fn members(&self, items: &[Item]) -> Vec<(usize, Address)> {
        let mut found = Vec::new();
        for part in &self.parts {
            let resource = part.name.as_deref().unwrap_or_default();
            for (row, item) in part.rows.iter().enumerate() {
                if let Some(item) = item {
                    let id = format!("{}/{}/{resource}", self.name, self.keys[row]);
                    found.push((*item, Address::new(items[*item].kind.section, &id)));
                }
            }
        }
        found
    }

    /// None where a text can't be said in a template.
    pub fn proposal(&self, items: &[Item], bodies: &[Value], around: Around<'_>) -> Option<Proposal> {
        let mut sheet = Sheet::default();
        if self.key.is_none() {
            sheet.table.add("key", self.keys.clone());
        }
        // The key stands in front; what is only needed once, to adopt, behind all that stays.
        let is_key = |(number, _): &(usize, &Column)| Some(*number) == self.key;
        let bases = self.draft.columns.bases();
        let (ids, mut bases): (Vec<_>, Vec<_>) =
            bases.partition(|(_, column)| self.draft.is_adoption(column));
        bases.sort_by_key(|base| !is_key(base));
        for (number, column) in bases {
            self.parameter_of(number, column, &mut sheet)?;
        }
        for (number, part) in
            self.parts.iter().enumerate().filter(|(_, part)| part.rows.iter().any(Option::is_none))
        {
            let says = format!("Whether an instance has its {}", part.name.as_deref()?);
            let values: Vec<Option<String>> =
                part.rows.iter().map(|row| Some(row.is_some().to_string())).collect();
            self.parameter(&self.flag(number), ("boolean", &values), &says, &mut sheet);
        }
        for (number, column) in ids {
            self.parameter_of(number, column, &mut sheet)?;
        }
        let key = self.key.map_or(Some("key"), |key| self.parameters.get(&key).map(String::as_str))?;
        let Sheet { table, params, with, mut overrides, parameters } = sheet;
        // In a table an empty cell says nothing.
        let is_blank = |own: &Value| own.as_object().is_some_and(|own| own.values().any(|value| value == ""));
        let few = overrides.len() <= FEW || overrides.values().any(is_blank);
        let mut entry = Map::from_iter([
            ("key".to_owned(), json!(format!("${{each.{key}}}"))),
            ("with".to_owned(), Value::Object(with)),
        ]);
        let exceptions = if few { Vec::new() } else { exceptions(key, &self.keys, &params, &overrides) };
        if !overrides.is_empty() && few {
            overrides.sort_keys();
            entry.insert("overrides".to_owned(), Value::Object(overrides));
        }
        let mut template = Map::new();
        template.insert("params".to_owned(), Value::Object(params));
        template.extend(self.sections(items, bodies, around)?);
        Some(Proposal {
            name: self.name.clone(),
            template: Value::Object(template),
            list: table.rows(),
            exceptions,
            entry,
            members: self.members(items),
            parameters,
        })
    }

    /// The resources of the template by their sections.
    fn sections(&self, items: &[Item], bodies: &[Value], around: Around<'_>) -> Option<Map<String, Value>> {
        let group = around.1.get(self.parts.first()?.rows.iter().flatten().next()?)?.0;
        let mut sections: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for (number, part) in self.parts.iter().enumerate() {
            let first = *part.rows.iter().flatten().next()?;
            let mut body = bodies[first].clone();
            for field in &self.draft.fields[number] {
                *body.pointer_mut(&field.pointer)? = json!(self.text(items, field, group, around)?);
            }
            if part.rows.iter().any(Option::is_none) {
                let mut whole =
                    Map::from_iter([("$when".to_owned(), json!(format!("${{{}}}", self.flag(number))))]);
                whole.extend(body.as_object()?.clone());
                body = Value::Object(whole);
            }
            sections.entry(items[first].kind.section).or_default().insert(part.name.clone()?, body);
        }
        Some(sections.into_iter().map(|(section, own)| (section.to_owned(), Value::Object(own))).collect())
    }

    /// The parameter of a column.
    fn parameter_of(&self, number: usize, column: &Column, sheet: &mut Sheet) -> Option<()> {
        let name = self.parameters.get(&number)?;
        let is_adoption = self.draft.is_adoption(column);
        let kind = if column.is_number && !is_adoption { "number" } else { "string" };
        if Some(number) == self.key || is_adoption {
            sheet.listed(name, (kind, &column.values), &self.says(column));
        } else {
            self.parameter(name, (kind, &column.values), &self.says(column), sheet);
        }
        Some(())
    }

    /// A parameter with its default and what overrides it, or with its column in the list.
    fn parameter(
        &self,
        name: &str,
        (kind, values): (&str, &[Option<String>]),
        says: &str,
        sheet: &mut Sheet,
    ) {
        let (usual, count) = most(values);
        if count * 100 < values.iter().flatten().count() * USUAL {
            sheet.listed(name, (kind, values), says);
            return;
        }
        let mut others = 0;
        for (value, key) in values.iter().zip(&self.keys) {
            let Some(value) = value.as_ref().filter(|value| **value != usual) else { continue };
            let own = sheet.overrides.entry(key).or_insert_with(|| json!({}));
            if let Value::Object(own) = own {
                own.insert(name.to_owned(), typed(value, kind));
            }
            others += 1;
        }
        let param = Map::from_iter([
            ("type".to_owned(), json!(kind)),
            ("default".to_owned(), typed(&usual, kind)),
            ("description".to_owned(), json!(says)),
        ]);
        sheet.params.insert(name.to_owned(), Value::Object(param));
        sheet.parameters.push(Parameter { name: name.to_owned(), usual: Some((usual, others)) });
    }

    /// The parameter that says whether an instance has a resource.
    fn flag(&self, part: usize) -> String {
        let name = self.parts[part].name.as_deref().unwrap_or_default();
        let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let same = self.parts[..part].iter().filter(|other| other.name.as_deref() == Some(name)).count();
        let behind = if same > 0 { format!("_{}", same + 1) } else { String::new() };
        format!("with_{plain}{behind}")
    }

    fn says(&self, column: &Column) -> String {
        let Some(first) = column.places.first() else { return String::new() };
        let resource = self.parts.get(first.part).and_then(|part| part.name.as_deref()).unwrap_or_default();
        if self.draft.is_adoption(column) {
            return format!("Datadog's id of {resource}; not needed once it is adopted");
        }
        let pointer = first.pointer.replace(['{', '}'], "");
        match column.places.len() - 1 {
            0 => format!("In {resource} at {pointer}"),
            1 => format!("In {resource} at {pointer}, and in one more place"),
            more => format!("In {resource} at {pointer}, and in {more} more places"),
        }
    }

    /// A field of the template.
    fn text(
        &self,
        items: &[Item],
        field: &Field,
        group: usize,
        (by_address, places, new): Around<'_>,
    ) -> Option<String> {
        let mut out = String::new();
        for piece in &field.pieces {
            let own = match piece {
                Piece::Same(text) => text.clone(),
                Piece::Refers(texts) => match self.sibling(texts, group, by_address, places) {
                    Some((part, attribute)) => {
                        let section = items[*self.parts[part].rows.iter().flatten().next()?].kind.section;
                        format!("${{{section}.{}.{attribute}}}", bracketed(self.parts[part].name.as_deref()?))
                    }
                    None => renamed(one(texts)?, new),
                },
                Piece::Sibling(part) => {
                    let section = items[*self.parts[*part].rows.iter().flatten().next()?].kind.section;
                    format!("${{{section}.{}.id}}", bracketed(self.parts[*part].name.as_deref()?))
                }
                Piece::Column(number) => self.expression(*number, field)?,
            };
            if out.ends_with('$') && own.starts_with("${") {
                return None;
            }
            out.push_str(&own);
        }
        Some(out)
    }

    fn expression(&self, number: usize, field: &Field) -> Option<String> {
        let column = &self.draft.columns.list[number];
        let (before, change, base, after) = match &column.made {
            Some(made) => (made.before.as_str(), &made.change, made.of, made.after.as_str()),
            None => ("", &Change::None, number, ""),
        };
        let name = self.parameters.get(&base)?;
        let is_alone = field.pieces.len() == 1 && before.is_empty() && after.is_empty();
        let is_number = self.draft.columns.list[base].is_number;
        // A text of digits stays a text.
        let needs_text = is_alone && is_number && !field.is_number && *change == Change::None;
        let inside = if needs_text { format!("string {name}") } else { change.of(name) };
        Some(format!("{before}${{{inside}}}{after}"))
    }
}

fn bracketed(name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.contains('.');
    if is_word { name.to_owned() } else { format!("[{name}]") }
}

/// What all rows say.
fn one(texts: &[Option<String>]) -> Option<&str> {
    let mut rows = texts.iter().flatten();
    let first = rows.next()?;
    rows.all(|row| row == first).then_some(first)
}

/// The column that tells the rows apart, that of the most places; as these keys, where they are given.
fn best_key(draft: &Draft, keys: Option<&[String]>) -> Option<usize> {
    let fits = |column: &&Column| {
        let slugs: Vec<String> = column.values.iter().flatten().map(|value| slug(value)).collect();
        let mut sorted = slugs.clone();
        sorted.sort();
        sorted.dedup();
        let tells = sorted.len() == column.values.len() && sorted.iter().all(|slug| !slug.is_empty());
        tells && keys.is_none_or(|keys| slugs == keys)
    };
    let bases = draft.columns.bases();
    let may = bases.filter(|(_, column)| !draft.is_adoption(column) && fits(column));
    may.max_by_key(|(number, column)| (!column.is_number, column.places.len(), std::cmp::Reverse(*number)))
        .map(|(number, _)| number)
}

/// Where no column tells the rows apart: the one of the most places, numbered where some say the same.
fn numbered(draft: &Draft) -> Option<(usize, Vec<String>)> {
    let names = |column: &&Column| {
        !column.is_number && !draft.is_adoption(column) && column.values.iter().all(Option::is_some)
    };
    let bases = draft.columns.bases().filter(|(_, column)| names(column));
    let (number, column) =
        bases.max_by_key(|(number, column)| (column.places.len(), std::cmp::Reverse(*number)))?;
    let mut given: BTreeSet<String> = BTreeSet::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let keys = column.values.iter().flatten().map(|value| {
        let own = slug(value);
        loop {
            let count = counts.entry(own.clone()).or_default();
            *count += 1;
            let key = if *count == 1 { own.clone() } else { format!("{own}-{count}") };
            if given.insert(key.clone()) {
                return key;
            }
        }
    });
    let keys: Vec<String> = keys.collect();
    keys.iter().all(|key| !key.is_empty() && !key.starts_with('-')).then_some((number, keys))
}

/// What all of a template are about: the begin that the metrics of its queries have in common, or their kind.
fn subject(bodies: &[Value], parts: &[Part], sections: &[&str]) -> String {
    let ends = |part: &Part| {
        let mut rows = part.rows.iter().flatten();
        [rows.next().copied(), rows.next_back().copied()]
    };
    let items = parts.iter().flat_map(ends).flatten();
    let metrics: Vec<String> = items.flat_map(|item| metrics(&bodies[item])).collect();
    if let Some(first) = metrics.first() {
        let steps: Vec<usize> = first.match_indices('.').map(|(at, _)| at).collect();
        let is_common = |at: &&usize| metrics.iter().all(|metric| metric.starts_with(&first[..=**at]));
        if let Some(end) = steps.iter().skip(1).rev().find(is_common) {
            return first[..*end].replace('.', " ");
        }
    }
    let first = sections.first().copied().unwrap_or_default();
    let is_one = sections.iter().all(|section| *section == first);
    if is_one { first.replace('_', " ") } else { String::new() }
}

/// The instances that differ from the defaults, as a table.
fn exceptions(
    key: &str,
    keys: &[String],
    params: &Map<String, Value>,
    overrides: &Map<String, Value>,
) -> Vec<Vec<String>> {
    let is_used = |name: &&String| overrides.values().any(|own| own.get(name.as_str()).is_some());
    let names: Vec<&String> = params.keys().filter(is_used).collect();
    let head = std::iter::once(key.to_owned()).chain(names.iter().map(|name| (*name).clone())).collect();
    let cell = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |(key, own): (&String, &Value)| {
        let cells = names.iter().map(|name| own.get(name.as_str()).map(cell).unwrap_or_default());
        std::iter::once(key.clone()).chain(cells).collect()
    };
    let own = keys.iter().filter_map(|key| Some((key, overrides.get(key)?)));
    std::iter::once(head).chain(own.map(row)).collect()
}

/// Where no column tells the rows apart: the ids that they would have by themselves.
fn by_ids(items: &[Item], parts: &[Part]) -> Vec<String> {
    let Some(first) = parts.first() else { return Vec::new() };
    first
        .rows
        .iter()
        .enumerate()
        .map(|(row, item)| {
            item.map_or_else(|| row.to_string(), |item| slug(&items[item].id.replace('/', "-")))
        })
        .collect()
}

fn typed(value: &str, kind: &str) -> Value {
    let number = (kind != "string").then(|| serde_json::from_str(value).ok()).flatten();
    number.unwrap_or_else(|| json!(value))
}

/// What becomes of the parameters.
#[derive(Default)]
struct Sheet {
    table: Table,
    params: Map<String, Value>,
    with: Map<String, Value>,
    overrides: Map<String, Value>,
    parameters: Vec<Parameter>,
}

impl Sheet {
    /// A parameter that each row of the list says. What is for a resource that an instance has not is left empty, as far as
    /// its type has an empty value.
    fn listed(&mut self, name: &str, (kind, values): (&str, &[Option<String>]), says: &str) {
        let nothing = if kind == "string" { String::new() } else { most(values).0 };
        let cells = values.iter().map(|value| value.clone().unwrap_or_else(|| nothing.clone()));
        self.table.add(name, cells.collect());
        self.with.insert(name.to_owned(), json!(format!("${{each.{name}}}")));
        let param =
            Map::from_iter([("type".to_owned(), json!(kind)), ("description".to_owned(), json!(says))]);
        self.params.insert(name.to_owned(), Value::Object(param));
        self.parameters.push(Parameter { name: name.to_owned(), usual: None });
    }
}

#[derive(Default)]
struct Table {
    head: Vec<String>,
    columns: Vec<Vec<String>>,
}

impl Table {
    fn add(&mut self, name: &str, values: Vec<String>) {
        self.head.push(name.to_owned());
        self.columns.push(values);
    }

    fn rows(self) -> Vec<Vec<String>> {
        let count = self.columns.first().map_or(0, Vec::len);
        let row = |at: usize| self.columns.iter().map(|column| column[at].clone()).collect();
        std::iter::once(self.head.clone()).chain((0..count).map(row)).collect()
    }
}
