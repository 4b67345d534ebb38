//! What an entry of a plan says, whatever the format: a title, rows of fields, widgets and facts, ranges of numbers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::field::{Field, Shown, field};
use super::fold::{Bond, Entry, Pattern, instance_of, patterns};
use super::value::{count, cut, path, plural, short, width};
use super::{items, named, summary};
use crate::model::{Action, Change, Fact, FieldChange, ItemAction, References};
use crate::pointer::step;

/// Characters of a risk: more are nobody's.
const RISK: usize = 4_000;

/// How much is said.
#[derive(Clone, Copy, Debug)]
pub struct Detail {
    pub full: bool,
    /// Fields besides those that matter most, of what is new.
    pub others: usize,
}

/// A row under an entry's title.
pub enum Row {
    Field(Field),
    /// An item of a list: what became of it, and what differs in it.
    Item {
        action: ItemAction,
        text: String,
        fields: Vec<Field>,
    },
    /// Said in words.
    Note(String),
}

/// What is said of one change.
pub fn rows(change: &Change, detail: Detail) -> Vec<Row> {
    let mut rows = match change.action {
        Action::Create => created(change, detail),
        Action::Delete => facts(change, Shown::Removed),
        _ => changed(change, detail),
    };
    if change.action != Action::Create {
        rows.extend(ids(&change.references, change.address.section()).map(Row::Note));
    }
    rows
}

/// `api/latency is 100000004`: the ids behind names.
pub fn ids(references: &References, section: &str) -> Option<String> {
    let ids = named::ids(references, section);
    let ids: Vec<String> =
        ids.iter().map(|(name, id)| format!("{} is {}", cut(name, 120), cut(id, 60))).collect();
    (!ids.is_empty()).then(|| ids.join(", "))
}

fn changed(change: &Change, detail: Detail) -> Vec<Row> {
    let told = items::told(change, detail.full).into_iter().map(|told| {
        let inside = told
            .fields
            .iter()
            .map(|(name, change)| Field { path: name.clone(), ..field(change, detail.full) });
        Row::Item { action: told.action, text: told.text, fields: inside.collect() }
    });
    let fields = named::fields(change);
    let others = fields.iter().filter(|field| !items::tells(change, &field.path));
    others.map(|change| Row::Field(field(change, detail.full))).chain(told).collect()
}

/// The whole query, thresholds, who is told: nothing of it is cut.
fn facts(change: &Change, shown: fn(String) -> Shown) -> Vec<Row> {
    let fact = |fact: &Fact| {
        let value = named::fact(change, fact);
        let (name, text) = match fact.at.as_str() {
            Fact::RECIPIENTS => ("tells".to_owned(), items::plain(&value)),
            at => (path(at), short(&value, usize::MAX)),
        };
        Row::Field(Field { path: name, shown: shown(text) })
    };
    let mut rows: Vec<Row> = change.facts.iter().map(fact).collect();
    let overview = items::overview(change);
    if !overview.is_empty() {
        rows.push(Row::Field(Field {
            path: plural(overview.len(), "widget"),
            shown: shown(overview.join(", ")),
        }));
    }
    rows
}

fn created(change: &Change, detail: Detail) -> Vec<Row> {
    let fields = named::fields(change);
    if detail.full {
        let all = fields.iter().map(|change| Row::Field(field(change, true)));
        return all.collect();
    }
    let mut rows = facts(change, Shown::Added);
    let is_told = |at: &str| change.facts.iter().any(|fact| fact.at == at) || items::tells(change, at);
    let mut others: Vec<FieldChange> = Vec::new();
    for field in fields.iter().filter(|field| !is_told(&field.path)) {
        match &field.after {
            Some(Value::Object(members))
                if change.facts.iter().any(|fact| is_within(&fact.at, &field.path)) =>
            {
                others.extend(leaves(&field.path, members).into_iter().filter(|leaf| !is_told(&leaf.path)));
            }
            _ => others.push(field.as_ref().clone()),
        }
    }
    let more = others.len().saturating_sub(detail.others);
    rows.extend(others.iter().take(detail.others).map(|change| Row::Field(field(change, false))));
    if more > 0 {
        rows.push(Row::Note(format!("… {}", plural(more, "more field"))));
    }
    rows
}

fn is_within(at: &str, around: &str) -> bool {
    at.strip_prefix(around).is_some_and(|rest| rest.starts_with('/'))
}

/// Every value in an object that is none itself.
fn leaves(base: &str, members: &serde_json::Map<String, Value>) -> Vec<FieldChange> {
    let mut found = Vec::new();
    for (key, value) in members {
        let path = format!("{base}{}", step(key));
        match value {
            Value::Object(inner) if !inner.is_empty() => found.extend(leaves(&path, inner)),
            value => found.push(FieldChange { path, before: None, after: Some(value.clone()) }),
        }
    }
    found
}

/// `500 monitors lambda/*/errors: options.thresholds.critical 0.05 → 0.01`
pub fn title(entry: &Entry<'_>, patterns: &[Pattern<'_>]) -> String {
    let change = entry.first();
    if entry.bond == Bond::Instance {
        let instance = instance_of(change.address.id()).unwrap_or_default();
        let word = if change.action == Action::Create { "new" } else { "gone" };
        let kinds = summary::kinds(entry.changes.iter().map(|change| change.kind));
        let ids: Vec<String> = entry
            .changes
            .iter()
            .map(|change| cut(change.address.id().get(instance.len() + 1..).unwrap_or_default(), 60))
            .collect();
        return format!("{word}: {} ({kinds}: {})", clean_address(instance), ids.join(", "));
    }
    let pattern = match patterns {
        [only] => format!(" {}", clean_address(&only.text)),
        _ => String::new(),
    };
    let what = match (change.action, entry.bond) {
        (_, Bond::Shape) => {
            format!(": {}", in_ranges(entry))
        }
        (_, _) if headline(change).is_some() => {
            headline(change).map_or_else(String::new, |field| format!(": {}", inline(&field)))
        }
        (Action::Update, _) => match items::told(change, false).as_slice() {
            [only] => format!(": {}", only.text),
            _ => changed_fields(change),
        },
        (Action::Move, _) => {
            let from = self::patterns(entry.changes.iter().filter_map(|change| change.moved_from.as_ref()));
            match &from[..] {
                [only] => format!(" to move, from {}", clean_address(&only.text)),
                _ => " to move".to_owned(),
            }
        }
        (action, _) => format!(" to {}", summary::verb(action)),
    };
    let several = clean_address(change.address.section());
    format!("{} {several}{pattern}{what}", count(entry.changes.len()))
}

/// `: message, tags`
fn changed_fields(change: &Change) -> String {
    const MOST: usize = 3;
    let mut names: Vec<String> = change
        .diff
        .iter()
        .filter(|field| !items::tells(change, &field.path))
        .map(|field| path(&field.path))
        .collect();
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}

/// The first number with its range, and how many others follow it.
fn in_ranges(entry: &Entry<'_>) -> String {
    let ranges = ranges(entry);
    let Some(first) = ranges.first() else {
        let fields = changed_fields(entry.first());
        return format!("{}, with different numbers", fields.trim_start_matches(": "));
    };
    let others: Vec<&str> = ranges[1..].iter().map(|range| range.path.as_str()).collect();
    match others.len() {
        0 => first.text(),
        1 => format!("{}, and {}", first.text(), others[0]),
        many => format!("{}, and {many} more numbers", first.text()),
    }
}

/// The field that says it all of equal changes: a plain value, the same for all of an entry.
pub fn headline(change: &Change) -> Option<FieldChange> {
    let plain = |value: &Option<Value>| matches!(value, Some(Value::Number(_) | Value::Bool(_)));
    if change.action == Action::Create {
        return None;
    }
    let fits = |field: &&FieldChange| {
        plain(&field.before) && plain(&field.after) && !items::tells(change, &field.path)
    };
    change.diff.iter().find(fits).cloned()
}

fn inline(change: &FieldChange) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), |v| short(v, 40));
    format!("{} {} → {}", path(&change.path), value(&change.before), value(&change.after))
}

/// A field whose numbers differ from change to change.
struct Range {
    path: String,
    rises: bool,
    /// From, to, and the names of those that do; sorted by number.
    steps: Vec<(f64, f64, Vec<String>)>,
}

impl Range {
    /// `options.thresholds.critical rises: 13,500 → 15,300 … 270,000 → 270,900`
    fn text(&self) -> String {
        let word = if self.rises { "rises" } else { "falls" };
        let one = |(from, to, _): &(f64, f64, Vec<String>)| format!("{} → {}", number(*from), number(*to));
        match self.steps.as_slice() {
            [only] => format!("{} {}", self.path, one(only)),
            [first, .., last] => format!("{} {word}, {} … {}", self.path, one(first), one(last)),
            [] => self.path.clone(),
        }
    }
}

/// The numbers of changes that are alike but for them.
fn ranges(entry: &Entry<'_>) -> Vec<Range> {
    let mut found: Vec<Range> = Vec::new();
    for field in &entry.first().diff {
        let (Some(Value::Number(before)), Some(Value::Number(after))) = (&field.before, &field.after) else {
            continue;
        };
        let mut steps: BTreeMap<(u64, u64), (f64, f64, Vec<String>)> = BTreeMap::new();
        for change in &entry.changes {
            let own = change.diff.iter().find(|own| own.path == field.path);
            let numbers =
                own.and_then(|own| Some((own.before.as_ref()?.as_f64()?, own.after.as_ref()?.as_f64()?)));
            let Some((from, to)) = numbers else { continue };
            let step = steps.entry((ordered(from), ordered(to))).or_insert((from, to, Vec::new()));
            step.2.push(own_name(change));
        }
        let rises = before.as_f64() < after.as_f64();
        found.push(Range { path: path(&field.path), rises, steps: steps.into_values().collect() });
    }
    // One that all have in common says what is done; the others are its numbers.
    found.sort_by_key(|range| range.steps.len() == 1);
    found
}

/// The numbers of changes that are alike but for them, ready to be shown.
pub struct Steps {
    pub path: String,
    pub rows: Vec<Step>,
    /// Those that are left out.
    pub more: usize,
}

/// From, to, how many, and which.
pub struct Step {
    /// In columns: `13,500 → 15,300`.
    pub numbers: String,
    pub of: usize,
    pub names: String,
}

impl Step {
    /// `3 × `, where it is more than one.
    pub fn times(&self) -> String {
        if self.of > 1 { format!("{} × ", count(self.of)) } else { String::new() }
    }
}

/// The steps of the first number that differs: those that follow from it tell nothing new. Absent where there is one only.
pub fn steps(entry: &Entry<'_>, (most, names): (usize, usize)) -> Option<Steps> {
    let range = ranges(entry).into_iter().next().filter(|range| range.steps.len() > 1)?;
    let cells: Vec<[String; 2]> =
        range.steps.iter().map(|(from, to, _)| [number(*from), number(*to)]).collect();
    let column = |at: usize| cells.iter().map(|cells| width(&cells[at])).max().unwrap_or(0);
    let (left, right) = (column(0), column(1));
    let row = |(cells, (.., of)): (&[String; 2], &(f64, f64, Vec<String>))| {
        let who: Vec<&str> = of.iter().map(String::as_str).collect();
        Step {
            numbers: format!("{:>left$} → {:>right$}", cells[0], cells[1]),
            of: of.len(),
            names: self::names(&who, names),
        }
    };
    let rows = cells.iter().zip(&range.steps).take(most).map(row).collect();
    Some(Steps { path: range.path, rows, more: range.steps.len().saturating_sub(most) })
}

/// A number as bits that sort as it does.
fn ordered(number: f64) -> u64 {
    let bits = number.to_bits();
    if number.is_sign_negative() { !bits } else { bits | (1 << 63) }
}

/// What stands at the `*` of a pattern.
fn own_name(change: &Change) -> String {
    let pattern = patterns([&change.address]);
    let whole = pattern.first().map_or("", |pattern| pattern.text.as_str());
    let mut parts = whole.split('/');
    let name = match (parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(key), _) => key,
        _ => whole,
    };
    cut(name, 60)
}

/// `270,900`, `0.05`.
fn number(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        let digits = count(number.abs() as usize);
        return if number < 0.0 { format!("-{digits}") } else { digits };
    }
    number.to_string()
}

/// The risks of an entry, each once with whose it is; where only numbers differ one stands for all.
pub fn risks(entry: &Entry<'_>) -> Vec<String> {
    if matches!(entry.bond, Bond::One | Bond::Equal) {
        return entry.first().risks.iter().map(|risk| cut(&risk.text, RISK)).collect();
    }
    // Those of an instance are of different objects: each says something of its own.
    let own_text = |text| if entry.bond == Bond::Instance { text } else { "" };
    let mut found: BTreeMap<_, Vec<(&Change, &str)>> = BTreeMap::new();
    for change in &entry.changes {
        for risk in &change.risks {
            let key = (risk.rank, risk.code, own_text(risk.text.as_str()));
            found.entry(key).or_default().push((change, &risk.text));
        }
    }
    let told = found.into_values().filter_map(|alike| {
        let (change, text) = alike.first()?;
        let address = clean_address(change.address.as_str());
        let who = match alike.len() {
            1 => address,
            _ if entry.bond == Bond::Instance => {
                let all = alike.iter().map(|(change, _)| clean_address(change.address.as_str()));
                all.collect::<Vec<_>>().join(", ")
            }
            many if alike.iter().all(|(_, other)| other == text) => plural(many, "object"),
            many => format!("{address}, and the like of {} more", count(many - 1)),
        };
        Some(format!("{} ({who})", cut(text, RISK)))
    });
    told.collect()
}

/// Addresses hold no hostile character where musher made them; a saved plan may come from anywhere.
pub fn clean_address(text: &str) -> String {
    if text.len() <= 300 { super::sanitize::clean(text).into_owned() } else { cut(text, 300) }
}

/// `checkout-api, checkout-db, … 498 more`
pub fn names(names: &[&str], most: usize) -> String {
    let mut out: Vec<String> = names.iter().take(most).map(|name| cut(name, 60)).collect();
    if names.len() > most {
        out.push(format!("… {} more", count(names.len() - most)));
    }
    out.join(", ")
}
