//! The `$` keys of a definition: taken out of its body, checked for their form.

use serde_json::{Map, Value};

use super::definitions::RawDirectives;
use crate::diagnostic::{At, Diagnostic, did_you_mean, known_words};
use crate::kind::Kind;
use crate::model;
use crate::pointer::step;
use crate::source::short;

/// The keys that may stand at the top of a definition.
pub const KEYS: [&str; 9] =
    ["$file", "$id", "$when", "$protect", "$absent", "$ignore", "$moved_from", "$allow", "$forget"];

/// Takes the `$` keys out of a body. `at` tells where a key of the body stands (its value).
pub fn take(
    kind: &Kind,
    body: &mut Map<String, Value>,
    at: &dyn Fn(&str) -> At,
    faults: &mut Vec<Diagnostic>,
) -> RawDirectives {
    let mut directives = RawDirectives::default();
    if !body.keys().any(|key| key.starts_with('$')) {
        return directives;
    }
    let mut taken = Vec::new();
    body.retain(|key, value| {
        let own = key.starts_with('$');
        if own {
            taken.push((key.clone(), value.take()));
        }
        !own
    });
    for (key, value) in taken {
        let at = at(&key);
        let fault = match key.as_str() {
            "$id" | "$protect" | "$absent" | "$ignore" | "$moved_from" | "$forget" if kind.is_order() => {
                fault("is for objects: an order is neither made nor deleted", "take it out")
            }
            "$id" => set(&mut directives.id, value, id),
            "$when" => set(&mut directives.when, value, condition),
            "$protect" => set(&mut directives.protect, value, condition),
            "$absent" if kind.is_keyed() => set(&mut directives.absent, value, condition),
            "$absent" => fault(
                "is for kinds whose objects bear no mark",
                "take the definition out: what bears the mark of this project goes then",
            ),
            "$ignore" => list(&mut directives.ignore, &value, pointer),
            "$allow" => list(&mut directives.allow, &value, rule),
            "$moved_from" if kind.is_keyed() => one_or_list(&mut directives.moved_from, value, old_key),
            "$moved_from" => one_or_list(&mut directives.moved_from, value, old_id),
            "$forget" if kind.is_keyed() => {
                directives.forget = true;
                fault(
                    "is for kinds whose objects bear a mark",
                    "take the definition out: the object stays, unless its name is in a namespace of `owns:`",
                )
            }
            "$forget" => {
                directives.forget = true;
                only_true(&value)
            }
            // A `$file` that stands here is one inside a `$file`; the outer one is taken before.
            "$file" => fault("can't stand in a file that a `$file` names", "name the last file directly"),
            _ => {
                faults.push(unknown(&key, at));
                continue;
            }
        };
        if let Some(fault) = fault {
            faults.push(reported("bad-directive", &key, fault, &at));
        }
    }
    directives
}

/// Below this many steps a `$` key may be Datadog's: a widget may hold a `$schema`.
const SHALLOW: usize = 2;

/// What is wrong with a value: a text behind the key's name, the remedy, and the item that is meant.
pub struct Fault {
    text: &'static str,
    help: &'static str,
    item: Option<usize>,
}

fn fault(text: &'static str, help: &'static str) -> Option<Fault> {
    Some(Fault { text, help, item: None })
}

/// A fault of the key's value as a diagnostic.
pub fn reported(code: &'static str, key: &str, fault: Fault, at: &At) -> Diagnostic {
    let at = fault.item.map_or_else(|| at.clone(), |item| at.child(&format!("/{item}")));
    Diagnostic::error(code, format!("`{key}` {}", fault.text), at).help(fault.help)
}

pub fn unknown(key: &str, at: At) -> Diagnostic {
    let at = at.part(crate::diagnostic::Part::Key);
    let text = format!("There is no key `{}`: keys that begin with `$` are musher's own", short(key));
    Diagnostic::error("unknown-key", text, at).help(known_words(key, KEYS))
}

fn set(slot: &mut Option<Box<Value>>, value: Value, check: fn(&Value) -> Option<Fault>) -> Option<Fault> {
    let fault = check(&value);
    *slot = fault.is_none().then(|| Box::new(value));
    fault
}

/// Keeps the texts of a list that pass.
fn list(slot: &mut Vec<String>, value: &Value, check: fn(&str) -> Option<Fault>) -> Option<Fault> {
    let form = || fault("must be a list of texts", "write it as `[one, other]`");
    let Value::Array(items) = value else { return form() };
    for (index, item) in items.iter().enumerate() {
        let wrong = item.as_str().map_or_else(form, check);
        if let Some(wrong) = wrong {
            return Some(Fault { item: Some(index), ..wrong });
        }
        slot.extend(item.as_str().map(str::to_owned));
    }
    None
}

/// A text, or a list of them.
pub fn one_or_list(slot: &mut Vec<String>, value: Value, check: fn(&str) -> Option<Fault>) -> Option<Fault> {
    if let Value::String(text) = value {
        let wrong = check(&text);
        slot.push(text);
        return wrong;
    }
    list(slot, &value, check)
}

fn is_template(text: &str) -> bool {
    text.contains("${")
}

/// A boolean, or a template that gives one. `yes` and `on` are texts in YAML 1.2.
pub fn condition(value: &Value) -> Option<Fault> {
    let fine = value.is_boolean() || value.as_str().is_some_and(is_template);
    if fine { None } else { fault("must be `true`, `false` or a `${…}`", "write `true` or `false`") }
}

/// What is either said or left out.
pub fn only_true(value: &Value) -> Option<Fault> {
    if *value == Value::Bool(true) {
        None
    } else {
        fault("takes `true` alone", "write `true`, or take it out")
    }
}

/// `$forget` is all that a definition says.
pub fn not_alone(at: At) -> Diagnostic {
    let text = "`$forget` stands in place of a body, and something else stands beside it";
    Diagnostic::error("bad-directive", text, at.part(crate::diagnostic::Part::Key)).help(
        "take everything else out: the mark is taken off the live object, and nothing of it is changed or compared",
    )
}

fn id(value: &Value) -> Option<Fault> {
    let one = |value: &Value| match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Number(number) => number.is_u64() || number.is_i64(),
        _ => false,
    };
    let fine = match value {
        Value::Object(by_environment) => !by_environment.is_empty() && by_environment.values().all(one),
        value => one(value),
    };
    if fine {
        return None;
    }
    fault(
        "must be the id of a Datadog object",
        "write `$id: 123`, or `$id: {prod: 123, staging: 456}` for several environments",
    )
}

fn pointer(text: &str) -> Option<Fault> {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if text.starts_with('/') && text.len() > 1 && escapes {
        return None;
    }
    fault(
        "takes JSON pointers",
        "begin each step with `/`: `/options/thresholds/critical`; write `~1` for a `/` and `~0` for a `~` in a key",
    )
}

fn rule(text: &str) -> Option<Fault> {
    let fine =
        !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if fine {
        None
    } else {
        fault("takes names of rules", "write the code that a diagnostic shows in brackets")
    }
}

pub fn old_id(text: &str) -> Option<Fault> {
    if is_template(text) || model::is_id(text) {
        return None;
    }
    fault("must be a former id", "write the id without its section, as it stood before the rename")
}

fn old_key(text: &str) -> Option<Fault> {
    if text.is_empty() { fault("must be a former name", "write the name as it stood before") } else { None }
}

/// Refuses musher's `$` keys, and what looks like one, inside a body, and templates in keys. The keys of the body itself are looked at by
/// [`take`]; list items may hold `$for` and `$yield`. `foreign`: a raw export, whose inner `$` keys are
/// Datadog's.
pub fn check_keys(body: &Map<String, Value>, at: &At, foreign: bool, faults: &mut Vec<Diagnostic>) {
    let mut check = KeyCheck { at, foreign, pointer: String::new(), faults };
    check.map(body, Around::Top);
}

/// What a mapping stands in.
#[derive(Clone, Copy, PartialEq)]
enum Around {
    Top,
    Map,
    List,
}

struct KeyCheck<'a> {
    at: &'a At,
    foreign: bool,
    pointer: String,
    faults: &'a mut Vec<Diagnostic>,
}

impl KeyCheck<'_> {
    /// Values nest at most as deep as the readers let them.
    fn value(&mut self, value: &Value, around: Around) {
        match value {
            Value::Object(map) => self.map(map, around),
            Value::Array(items) => {
                let length = self.pointer.len();
                for (index, item) in items.iter().enumerate().filter(|(_, item)| is_nested(item)) {
                    self.pointer.push_str(&format!("/{index}"));
                    self.value(item, Around::List);
                    self.pointer.truncate(length);
                }
            }
            _ => {}
        }
    }

    fn map(&mut self, map: &Map<String, Value>, around: Around) {
        let length = self.pointer.len();
        for (key, value) in map.iter().filter(|(key, value)| is_nested(value) || key.contains('$')) {
            self.pointer.push_str(&step(key));
            if key.contains('$') {
                self.key(key, around);
            }
            self.value(value, Around::Map);
            self.pointer.truncate(length);
        }
    }

    fn key(&mut self, key: &str, around: Around) {
        let at = self.at.child(&self.pointer).part(crate::diagnostic::Part::Key);
        let repeats = matches!(key, "$for" | "$yield");
        let fault = if key.contains("${") {
            let text = format!("The key `{}` holds a `${{…}}`", short(key));
            Diagnostic::error("template-in-key", text, at)
                .help("only values are templates: write the key out")
        } else if around == Around::Top
            || self.foreign
            || !key.starts_with('$')
            || (around == Around::List && repeats)
        {
            return;
        } else if repeats {
            Diagnostic::error("unknown-key", format!("`{key}` stands outside a list"), at)
                .help("write it as an item: `- {$for: x in list, $yield: {…}}`")
        } else if KEYS.contains(&key) {
            Diagnostic::error("unknown-key", format!("`{key}` stands inside the body"), at)
                .help("put it at the top of the definition")
        } else if self.pointer.matches('/').count() <= SHALLOW || did_you_mean(key, KEYS).is_some() {
            unknown(key, at)
        } else {
            return;
        };
        self.faults.push(fault);
    }
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}
