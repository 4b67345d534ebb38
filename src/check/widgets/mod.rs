//! Widgets held against the API's document, field by field.

mod table;

use serde_json::{Map, Value};

use self::table::{ABSENT, Bounds, Field, Grows, TABLE, Type, Union, words};
use super::finding::{Finding, Findings};
use crate::config::RuleLevel;
use crate::diagnostic::{did_you_mean, may_resemble};
use crate::model::Reference;
use crate::pointer::{member, push, step};
use crate::source::short;

/// Shorter names and words resemble too many others.
const SHORTEST: usize = 4;
/// So many words of a set are listed.
const LISTED: usize = 12;

/// The union of all definitions.
const DEFINITION: &str = "Definition";

/// Judges a widget: its definition, and its place. A definition without a type that is known is not judged.
pub fn widget(widget: &Value, pointer: &str, found: &mut Findings) {
    part(widget, ("a widget", "Widget"), pointer, found);
}

/// Judges a template variable or a tab of a board, by the name of its shape.
pub fn part(value: &Value, (of, shape): (&str, &'static str), pointer: &str, found: &mut Findings) {
    let mut walk = Walk { of: of.to_owned(), root: pointer.len(), pointer: pointer.to_owned(), found };
    walk.named(value, shape);
}

struct Walk<'f> {
    /// What is walked through, for people.
    of: String,
    /// The length of its pointer.
    root: usize,
    /// Of the value at hand.
    pointer: String,
    found: &'f mut Findings,
}

impl Walk<'_> {
    /// The value at hand, for people.
    fn shown(&self) -> String {
        match self.pointer[self.root..].strip_prefix('/') {
            Some(path) => format!("`{path}` of {}", self.of),
            None => self.of.clone(),
        }
    }

    fn add(&mut self, text: &str, help: impl Into<String>) -> &mut Finding {
        let mut words = format!("{} {text}", self.shown());
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        self.found.add(&self.pointer, words, help)
    }

    /// Whether the row of the kind said it already: one fault is reported once.
    fn is_reported(&self) -> bool {
        self.found.has(&self.pointer)
    }

    fn below(&mut self, key: &str, judge: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        push(&mut self.pointer, key);
        judge(self);
        self.pointer.truncate(length);
    }

    fn value(&mut self, value: &Value, of: &'static Type) {
        if value.is_null() || value.as_str().is_some_and(|text| text.contains(Reference::OPEN)) {
            return;
        }
        match (of, value) {
            (Type::Either(all), _) => {
                if let Some(one) = all.iter().find(|one| fits(value, one)).or(all.first()) {
                    self.value(value, one);
                }
            }
            _ if !fits(value, of) => {
                if self.is_reported() {
                    return;
                }
                let text = format!("is {}, and the service takes {}", article(value), wanted(of));
                self.add(&text, format!("write {}", wanted(of))).mistyped();
            }
            (Type::Named(name), _) => self.named(value, name),
            (Type::Words(set), Value::String(word)) => self.word(word, set),
            (Type::List(item, bounds), Value::Array(list)) => {
                self.bounded(list.len() as f64, *bounds, " items");
                for (index, one) in list.iter().enumerate() {
                    self.below(&index.to_string(), |walk| walk.value(one, item));
                }
            }
            (Type::Url, Value::String(text)) if leads_nowhere(text) => {
                let text = format!("is `{}`, and has no scheme", short(text));
                let help = "write a whole URL: `https://…`, or a path of Datadog's own: `/dashboard/…`";
                self.add(&text, help).level(RuleLevel::Warn);
            }
            (Type::Text(bounds), Value::String(text)) => {
                self.bounded(text.chars().count() as f64, *bounds, " characters");
            }
            (Type::Number(bounds) | Type::Whole(bounds), Value::Number(number)) => {
                self.bounded(number.as_f64().unwrap_or_default(), *bounds, "");
            }
            _ => {}
        }
    }

    /// A shape, or the one that a word chooses. What a word chooses that is not known is not judged.
    fn named(&mut self, value: &Value, name: &str) {
        let Value::Object(map) = value else { return };
        let outer = (name == DEFINITION).then(|| {
            let class = map.get("type").and_then(Value::as_str).filter(|class| is_known(class));
            let name =
                class.map_or("a widget's definition".to_owned(), |class| format!("a `{class}` widget"));
            let of = std::mem::replace(&mut self.of, name);
            (of, std::mem::replace(&mut self.root, self.pointer.len()))
        });
        let fields = match TABLE.unions.get(name) {
            Some(union) => self.chosen(map, union).and_then(|shape| TABLE.shapes.get(shape)),
            None => TABLE.shapes.get(name),
        };
        if let Some(fields) = fields {
            self.fields(map, fields);
        }
        if let Some((of, root)) = outer {
            (self.of, self.root) = (of, root);
        }
    }

    /// The shape that the word chooses.
    fn chosen(&mut self, map: &Map<String, Value>, union: &'static Union) -> Option<&'static str> {
        let known = || union.shapes.keys().copied().filter(|word| *word != ABSENT);
        let Some(word) = map.get(union.by) else {
            if let Some(shape) = union.shapes.get(ABSENT) {
                return Some(shape);
            }
            // A widget without a type has a message of its own.
            if self.pointer.len() > self.root && union.is_required() {
                let text = format!("has no `{}`, which the service requires", union.by);
                let help = format!("add `{}:`, such as `{}`", union.by, known().next().unwrap_or_default());
                let pointer = format!("{}{}", self.pointer, step(union.by));
                self.add(&text, help).pointer = pointer;
            }
            return None;
        };
        match word.as_str().and_then(|word| union.shapes.get(word)) {
            Some(shape) => Some(shape),
            None => {
                self.below(union.by, |walk| match word {
                    Value::String(word) => {
                        let grows = if union.grows { Grows::ByAny } else { Grows::Never };
                        walk.foreign(word, known(), grows)
                    }
                    word => walk.value(word, &Type::Text((None, None))),
                });
                None
            }
        }
    }

    fn fields(&mut self, map: &Map<String, Value>, fields: &'static [Field]) {
        let mut misspelled: Vec<(&str, &'static Field)> = Vec::new();
        for name in map.keys().filter(|name| fields.iter().all(|field| field.name != name.as_str())) {
            misspelled.extend(meant(name, map, fields).map(|field| (name.as_str(), field)));
        }
        for field in fields {
            match member(map, field.name) {
                Some(value) => self.below(field.name, |walk| walk.value(value, &field.value)),
                None if field.required && misspelled.iter().all(|(_, meant)| meant.name != field.name) => {
                    let text = format!("has no `{}`, which the service requires", field.name);
                    let pointer = format!("{}{}", self.pointer, step(field.name));
                    self.add(&text, format!("add `{}:`; an export from the UI shows how", field.name))
                        .pointer = pointer;
                }
                None => {}
            }
        }
        for (name, meant) in misspelled {
            let (text, level) = match meant.required {
                true => (format!("has no `{}`, which the service requires", meant.name), RuleLevel::Error),
                false => (format!("has no field `{name}`, and has `{}`", meant.name), RuleLevel::Warn),
            };
            let pointer = format!("{}{}", self.pointer, step(name));
            let missing = format!("{}{}", self.pointer, step(meant.name));
            let finding = self.add(&text, format!("did you mean `{}` by `{}`?", meant.name, short(name)));
            (finding.pointer, finding.level) = (pointer, level);
            finding.meant(missing);
        }
    }

    fn word(&mut self, word: &str, set: &'static str) {
        let (known, grows) = words(set);
        if known.clone().all(|known| known != word) {
            self.foreign(word, known, grows);
        }
    }

    /// A word that is none of a set. Where the set grows, it is told if it looks like one of them.
    fn foreign(&mut self, word: &str, known: impl Iterator<Item = &'static str> + Clone, grows: Grows) {
        if word.contains(Reference::OPEN) || self.is_reported() {
            return;
        }
        // Sets of numbers grow by numbers that look alike: `p95`, `p99`, `3mo`, `6mo`.
        let numbered = word.contains(|c: char| c.is_ascii_digit());
        if grows == Grows::ByNumbers && is_number(word) {
            return;
        }
        if grows == Grows::ByAny {
            if let Some(meant) = nearest(word, known, &|known| known).filter(|_| !numbered) {
                let text = format!("is `{}`, which is not known and looks like `{meant}`", short(word));
                self.add(&text, format!("did you mean `{meant}`?")).level(RuleLevel::Warn);
            }
            return;
        }
        let meant = did_you_mean(word, known.clone());
        let help = meant.map_or("choose one of these".to_owned(), |meant| format!("did you mean `{meant}`?"));
        let listed: Vec<String> = known.take(LISTED).map(|word| format!("`{word}`")).collect();
        self.add(&format!("is `{}`, and the service takes {}", short(word), listed.join(", ")), help);
    }

    fn bounded(&mut self, size: f64, bounds: Bounds, of: &str) {
        let range = match bounds {
            (Some(least), _) if size < f64::from(least) => bounds,
            (_, Some(most)) if size > f64::from(most) => bounds,
            _ => return,
        };
        let range = match range {
            (Some(least), Some(most)) if least == most => format!("{least}"),
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("{least} or more"),
            (None, most) => format!("{} or fewer", most.unwrap_or_default()),
        };
        let text = if of.is_empty() { format!("is `{size}`") } else { format!("has {size}{of}") };
        self.add(&format!("{text}, and the service takes {range}"), "stay within these bounds");
    }
}

/// `p95`, `pc99`, `3h`, `6mo`.
fn is_number(word: &str) -> bool {
    let digits = word.trim_start_matches("pc").trim_start_matches('p');
    let unit = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < digits.len()
        && match digits.len() < word.len() {
            true => unit.is_empty(),
            false => matches!(unit, "m" | "h" | "d" | "w" | "mo" | "y"),
        }
}

/// Whether a link has no scheme and is no path, and no variable begins it that may hold one.
fn leads_nowhere(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && !text.contains(':') && !text.starts_with(['/', '#', '?', '{', '$', '%'])
}

/// The known field that a name resembles and that is not there.
fn meant(name: &str, map: &Map<String, Value>, fields: &'static [Field]) -> Option<&'static Field> {
    nearest(name, fields.iter().filter(|field| member(map, field.name).is_none()), &|field| field.name)
}

/// What a word resembles: two letters at most are wrong, of a short one one.
fn nearest<T>(word: &str, known: impl Iterator<Item = T>, name: &dyn Fn(&T) -> &str) -> Option<T> {
    if word.len() < SHORTEST {
        return None;
    }
    let most = if word.len() < 8 { 1 } else { 2 };
    let near = known.filter(|one| may_resemble(word, name(one), most));
    let near = near.map(|one| (strsim::damerau_levenshtein(word, name(&one)), one));
    near.filter(|(distance, _)| *distance <= most).min_by_key(|(distance, _)| *distance).map(|(_, one)| one)
}

fn is_known(class: &str) -> bool {
    TABLE.unions.get(DEFINITION).is_some_and(|union| union.shapes.contains_key(class))
}

/// Whether a value has the JSON type that is wanted.
fn fits(value: &Value, of: &Type) -> bool {
    match of {
        Type::Text(_) | Type::Url | Type::Words(_) => value.is_string(),
        Type::Number(_) => value.is_number(),
        Type::Whole(_) => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Type::Flag => value.is_boolean(),
        Type::Object | Type::Named(_) => value.is_object(),
        Type::Any => true,
        Type::List(..) => value.is_array(),
        Type::Either(all) => all.iter().any(|one| fits(value, one)),
    }
}

fn article(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

fn wanted(of: &Type) -> &'static str {
    match of {
        Type::Text(_) | Type::Url | Type::Words(_) => "a text",
        Type::Number(_) => "a number",
        Type::Whole(_) => "a whole number",
        Type::Flag => "`true` or `false`",
        Type::Object | Type::Named(_) => "a mapping",
        Type::List(..) => "a list",
        Type::Any => "another value",
        Type::Either(all) => all.first().map_or("another value", wanted),
    }
}
