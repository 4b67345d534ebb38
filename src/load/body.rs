//! One entry of a section -> its body: `$file` read in, siblings merged over it, `$` keys taken out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use super::definitions::{Definition, FILES, RawDirectives};
use super::directives;
use crate::diagnostic::{At, Diagnostic, Format, Part, Position, known_words};
use crate::kind::{self, Field, Kind};
use crate::mark;
use crate::model::{Address, Body, Origin};
use crate::pointer::step;
use crate::pointer::{matching, take};
use crate::source::parsed::{Document, format_of};
use crate::source::{short, type_of, walk};

/// An entry as it stands in its file.
pub struct Entry {
    pub kind: &'static Kind,
    pub id: String,
    pub value: Value,
    /// Its value; of an export, that of the body, which may stand inside `{"data": …}`.
    pub at: At,
    /// Of its key.
    pub position: Position,
    /// The folder of the file that holds it.
    pub folder: Arc<Utf8Path>,
    /// Whether it is a file as the UI or the API exports it.
    pub is_export: bool,
}

/// Files that a `$file` may name, by their paths from the root.
pub type Files = HashMap<Utf8PathBuf, Document>;

/// Builds a definition. A faulty one comes out as far as it goes, so that references to it are none
/// of the faults that are reported.
pub fn definition(entry: Entry, files: &Files, faults: &mut Vec<Diagnostic>) -> Definition {
    if entry.is_export {
        return export(entry, faults);
    }
    let Entry { kind, id, value, at, position, folder, .. } = entry;
    let reported = faults.len();
    let mut own = object(kind, listed(kind, &id, value, &at, faults), &at, faults);
    // Most bodies hold no `$`, as their text tells at once: only then are all of their keys looked at.
    let is_plain = !own.keys().any(|key| key.contains('$'));
    if !is_plain {
        directives::check_keys(&own, &at, false, faults);
    }
    let mut layers = vec![at.clone()];
    let mut body = Map::new();
    let names_file = own.contains_key("$file");
    let mut unread = false;
    let alone = own.len() == 1;
    if let Some(path) = own.remove("$file") {
        let file_at = at.child("/$file");
        match file(kind, &path, &folder, &file_at, files, faults) {
            Some((base, layer)) => {
                body = base;
                layers.push(layer);
            }
            None => unread = true,
        }
    }
    let own_keys: Vec<String> = own.keys().filter(|key| key.starts_with('$')).cloned().collect();
    if body.is_empty() {
        body = own;
    } else {
        merge(&mut body, own);
    }
    let place = |key: &str| {
        let layer = if own_keys.iter().any(|own| own == key) { layers.first() } else { layers.last() };
        layer.unwrap_or(&at).child(&step(key))
    };
    let directives = directives::take(kind, &mut body, &place, faults);
    if directives.forget {
        if !alone {
            faults.push(directives::not_alone(place("$forget")));
        }
        body.clear();
    } else if body.is_empty() && faults.len() == reported && !names_file {
        faults.push(empty(kind, &at));
    }
    let other = kind::of_export(&body).filter(|other| other.section != kind.section);
    if let Some(other) = other.filter(|_| !(kind.about.is_export)(&body)) {
        faults.push(wrong_kind(kind, other, layers.last().unwrap_or(&at)));
    }
    if unread {
        // Half a body would be blamed for what is missing from it.
        body.clear();
    }
    let origin = Arc::new(Origin { position, layers });
    let text = printed(&body, &at, faults);
    if is_plain && holds_dollar(&text) {
        directives::check_keys(&body, &at, false, faults);
    }
    Definition { address: Address::new(kind.section, &id), body: text, directives, origin }
}

/// Whether one of its keys may be of ours: most bodies are seen at once to have none.
fn holds_dollar(body: &Body) -> bool {
    memchr::memchr(b'$', body.text().as_bytes()).is_some()
}

/// A body at rest, empty where it can't be kept.
fn printed(body: &Map<String, Value>, at: &At, faults: &mut Vec<Diagnostic>) -> Body {
    Body::of_members(body).unwrap_or_else(|| {
        let fault = Diagnostic::error("too-deep", "This body is nested too deeply", at.clone());
        faults.push(fault.help("no body needs more than 127 levels"));
        Body::printed("{}")
    })
}

/// A file that a template writes: its content as a mapping, and `$when`.
pub fn of_template(id: &str, value: Value, at: At, faults: &mut Vec<Diagnostic>) -> Option<Definition> {
    let mut body = match value {
        Value::Object(body) if !body.is_empty() => body,
        other => {
            let text = format!("The content of a file is a mapping, not {}", type_of(&other));
            let fault = Diagnostic::error("no-object", text, at);
            faults.push(fault.help("write it as YAML; a name that ends in `.json` makes JSON of it"));
            return None;
        }
    };
    let when = body.shift_remove("$when");
    for key in body.keys().filter(|key| key.starts_with('$')) {
        let text = format!("There is no key `{}` of a file", short(key));
        let place = at.child(&step(key)).part(Part::Key);
        faults.push(Diagnostic::error("unknown-key", text, place).help(known_words(key, ["$when"])));
    }
    let directives = RawDirectives { when: when.map(Box::new), ..RawDirectives::default() };
    let body = printed(&body, &at, faults);
    let origin = Arc::new(Origin { position: Position::default(), layers: vec![at] });
    Some(Definition { address: Address::new(FILES, id), body, directives, origin })
}

/// An order is a list of its members, or holds one beside its `$` keys.
fn listed(kind: &Kind, id: &str, value: Value, at: &At, faults: &mut Vec<Diagnostic>) -> Value {
    if !kind.is_order() || value.is_null() {
        return value;
    }
    let mut body = match value {
        list @ Value::Array(_) => Map::from_iter([("members".to_owned(), list)]),
        Value::Object(body) => body,
        other => {
            faults
                .push(no_members(format!("An order is a list of its members, not {}", type_of(&other)), at));
            return Value::Object(Map::from_iter([("id".to_owned(), id.into())]));
        }
    };
    if let Some(Value::Array(members)) = body.get("members") {
        let rests = members.iter().filter(|member| *member == kind::REST).count();
        if let Some(other) = members.iter().find(|member| !member.is_string()) {
            faults.push(no_members(format!("A member of an order is an id, not {}", type_of(other)), at));
        } else if rests > 1 {
            faults.push(no_members(format!("`{}` stands in this order {rests} times", kind::REST), at));
        }
    } else if body.keys().any(|key| !key.starts_with('$')) || body.is_empty() {
        faults.push(no_members("This order has no list of `members`".to_owned(), at));
    }
    body.insert("id".to_owned(), id.into());
    Value::Object(body)
}

fn no_members(text: String, at: &At) -> Diagnostic {
    let help = "write `[\"${SECTION.ID.id}\", $rest]`: references, and `$rest` for all others, once";
    Diagnostic::error("bad-order", text, at.clone()).help(help)
}

fn object(kind: &Kind, value: Value, at: &At, faults: &mut Vec<Diagnostic>) -> Map<String, Value> {
    match value {
        Value::Object(map) => return map,
        Value::Null => faults.push(empty(kind, at)),
        other => {
            let (one, is) = (kind.one(), type_of(&other));
            let text = format!("A{} is a mapping of fields, not {is}", &one[1..]);
            let help = format!("write the fields of the {} as `key: value`", kind.name);
            faults.push(Diagnostic::error("no-object", text, at.clone()).help(help));
        }
    }
    Map::new()
}

fn empty(kind: &Kind, at: &At) -> Diagnostic {
    let text = format!("The body of this {} is empty", kind.name);
    Diagnostic::error("empty-body", text, at.part(Part::Key))
        .help("write its fields below the key, name a file with `$file`, or remove it")
}

fn wrong_kind(kind: &Kind, other: &Kind, at: &At) -> Diagnostic {
    let text = format!("This is {}, not {}", other.one(), kind.one());
    Diagnostic::error("wrong-kind", text, at.part(Part::Key))
        .help(format!("put it under `{}`", other.section))
}

/// Lays one body over another: mappings deeply, everything else replaced. Both nest no deeper than a
/// reader lets a file nest.
pub fn merge(base: &mut Map<String, Value>, over: Map<String, Value>) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Object(base)), Value::Object(over)) => merge(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// The body that a `$file` names, and where it stands.
fn file(
    kind: &Kind,
    path: &Value,
    folder: &Utf8Path,
    at: &At,
    files: &Files,
    faults: &mut Vec<Diagnostic>,
) -> Option<(Map<String, Value>, At)> {
    let path = match literal(path, folder) {
        Ok(path) => path,
        Err((code, text, help)) => {
            faults.push(Diagnostic::error(code, text, at.clone()).help(help));
            return None;
        }
    };
    let Some(document) = files.get(&path) else {
        let fault = Diagnostic::error("missing-file", format!("There is no file `{path}`"), at.clone());
        faults.push(fault.help("paths start at the folder of the file that names them"));
        return None;
    };
    if document.broken {
        return None;
    }
    let Some(Unwrapped { pointer, body, kind: found }) = unwrap(&document.value) else {
        let text = format!("The file `{path}` holds {}, not an object", type_of(&document.value));
        let fault = Diagnostic::error("no-object", text, at.clone());
        faults.push(fault.help(format!("let it hold one {}, as the API or the UI exports it", kind.name)));
        return None;
    };
    let layer = At::value(document.file, pointer);
    let export = document.format == Format::Json;
    directives::check_keys(&body, &layer, export, faults);
    let mut body = body.into_owned();
    if let Some(other) =
        found.filter(|found| found.section != kind.section && pointer.ends_with("attributes"))
    {
        faults.push(wrong_kind(kind, other, &layer));
    }
    if export && found.is_some_and(|found| found.section == kind.section) {
        body = clean(kind, body);
    } else if let Some((name, bare)) = mark::bare(kind, &Value::Object(body.clone())) {
        body.insert(name.to_owned(), bare);
    }
    Some((body, layer))
}

/// The path of a `$file`, from the root; or code, text and remedy of what is wrong with it.
pub fn literal(path: &Value, folder: &Utf8Path) -> Result<Utf8PathBuf, (&'static str, String, &'static str)> {
    let Value::String(path) = path else {
        return Err(("bad-directive", "`$file` is the path of a JSON or YAML file".into(), "write a path"));
    };
    if path.contains("${") {
        return Err((
            "bad-directive",
            "The path of a `$file` can't be a template".into(),
            "write the path out",
        ));
    }
    match walk::resolve(folder, path) {
        Some(path) if matches!(format_of(&path), Format::Json | Format::Yaml) => Ok(path),
        Some(_) => Err((
            "bad-directive",
            format!("`{}` is not a JSON or YAML file", short(path)),
            "name a file that ends in `.json`, `.yaml` or `.yml`",
        )),
        None => Err((
            "outside-root",
            format!("The path `{}` leads out of the project", short(path)),
            "put the file below the folder of `musher.yaml`, and name it relative to this file",
        )),
    }
}

/// The object of an export, flat.
pub struct Unwrapped<'a> {
    /// Where its fields stand.
    pub pointer: &'static str,
    pub body: Cow<'a, Map<String, Value>>,
    /// Where it is an export of one.
    pub kind: Option<&'static Kind>,
}

/// The object itself, or what stands inside `{"data": …}`.
pub fn unwrap(value: &Value) -> Option<Unwrapped<'_>> {
    let map = value.as_object()?;
    let kind = kind::of_export(map);
    if kind.is_none()
        && let Some(Value::Object(inner)) = map.get("data")
    {
        if let Some(kind) = kind::of_export(inner) {
            return Some(Unwrapped { pointer: "/data", body: Cow::Borrowed(inner), kind: Some(kind) });
        }
        if let Some(kind) = kind::of_resource(inner) {
            let body = Cow::Owned(kind::flatten(&kind.api, inner.clone()));
            return Some(Unwrapped { pointer: "/data/attributes", body, kind: Some(kind) });
        }
    }
    Some(Unwrapped { pointer: "", body: Cow::Borrowed(map), kind })
}

/// Takes marks and what the server fills out of an exported object. What can't be declared and says something stays:
/// a rule reports it.
pub fn clean(kind: &Kind, body: Map<String, Value>) -> Map<String, Value> {
    let mut body = Value::Object(body);
    let filled = kind.fields.iter().filter(|field| field.read_only);
    let says = |field: &Field, value: Option<&Value>| {
        field.elsewhere.is_some() && value.is_some_and(|value| !value.is_null())
    };
    let pointers = filled.flat_map(|field| {
        let mut pointers = matching(field.at, &body);
        pointers.retain(|pointer| !says(field, body.pointer(pointer)));
        pointers
    });
    for pointer in pointers.collect::<Vec<_>>() {
        take(&mut body, &pointer);
    }
    mark::strip(kind, &mut body);
    match body {
        Value::Object(body) => body,
        _ => Map::new(),
    }
}

/// Takes out what no definition can hold, and says what of it meant something.
pub fn leave_out(kind: &Kind, body: &mut Value) -> Vec<String> {
    let mut said = Vec::new();
    for field in kind.fields {
        let Some(instead) = field.retired.or(field.elsewhere) else { continue };
        for pointer in matching(field.at, body) {
            if body.pointer(&pointer).is_some_and(|value| !field.is_harmless(value)) {
                said.push(format!("{pointer} is left out: {instead}"));
            }
            take(body, &pointer);
        }
    }
    said
}

/// Builds a definition of a raw export.
fn export(entry: Entry, faults: &mut Vec<Diagnostic>) -> Definition {
    let Entry { kind, id, value, at, position, .. } = entry;
    let (mut outer, mut body) = (Map::new(), Map::new());
    if let Value::Object(map) = value {
        body = map;
    }
    if at != At::value(at.file, "") {
        // Keys of ours may stand outside; the rest of an answer's envelope is not part of the object.
        if let Some(Value::Object(inner)) = body.shift_remove("data") {
            outer = std::mem::replace(&mut body, kind::flatten(&kind.api, inner));
            outer.retain(|key, _| key.starts_with('$'));
        }
    }
    // As in any definition.
    let is_plain = !body.keys().any(|key| key.contains('$'));
    if !is_plain {
        directives::check_keys(&body, &at, true, faults);
    }
    let outside: Vec<String> = outer.keys().cloned().collect();
    merge(&mut body, outer);
    let file = At::value(at.file, "");
    let place = |key: &str| {
        let layer = if outside.iter().any(|own| own == key) { &file } else { &at };
        layer.child(&step(key))
    };
    let directives = directives::take(kind, &mut body, &place, faults);
    if directives.forget {
        faults.push(directives::not_alone(place("$forget")));
    }
    let body = clean(kind, body);
    let text = printed(&body, &at, faults);
    if is_plain && holds_dollar(&text) {
        directives::check_keys(&body, &at, true, faults);
    }
    let origin = Arc::new(Origin { position, layers: vec![at] });
    Definition { address: Address::new(kind.section, &id), body: text, directives, origin }
}
