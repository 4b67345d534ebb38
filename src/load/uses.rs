//! Entries of `uses`: a template run over a list, each key checked.

use camino::Utf8PathBuf;
use serde_json::{Map, Value};

use super::definitions::Use;
use super::directives::{condition, old_id, one_or_list, only_true, reported};
use crate::diagnostic::{At, Diagnostic, Part, known_words};
use crate::pointer::step;
use crate::source::{short, type_of};

const KEYS: [&str; 9] =
    ["template", "for_each", "where", "key", "with", "overrides", "$when", "$forget", "moved_from"];

/// Reads one entry; `None` where it names no template.
pub fn read(
    name: &str,
    value: Value,
    at: At,
    folder: Utf8PathBuf,
    faults: &mut Vec<Diagnostic>,
) -> Option<Use> {
    let Value::Object(mut entry) = value else {
        let text = format!("An entry of `uses` is a mapping, not {}", type_of(&value));
        let fault = Diagnostic::error("bad-use", text, at);
        faults.push(fault.help("write `template:`, `for_each:`, `key:` and `with:` below it"));
        return None;
    };
    for key in entry.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let place = at.child(&step(key)).part(Part::Key);
        let text = format!("There is no key `{}` in an entry of `uses`", short(key));
        faults.push(Diagnostic::error("unknown-key", text, place).help(known_words(key, KEYS)));
    }
    let mut fields = Fields { entry: &mut entry, at: &at, faults };
    let template = fields.template();
    let for_each = fields.take("for_each", "a path, a list or a mapping", |value| {
        value.is_string() || value.is_array() || value.is_object()
    });
    let filter = fields.take("where", "a `${…}`", |value| value.is_string() || value.is_boolean());
    let key = fields.take("key", "a text, such as `${each.FunctionName}`", Value::is_string);
    let with = fields.take("with", "a mapping of parameters", Value::is_object);
    let overrides = fields.overrides();
    let when = fields.take("$when", "`true`, `false` or a `${…}`", |value| condition(value).is_none());
    let forget = fields.take("$forget", "`true`, or left out", |value| only_true(value).is_none());
    let moved_from = fields.moved_from();
    Some(Use {
        name: name.to_owned(),
        template: template?,
        for_each,
        filter,
        key,
        with: match with {
            Some(Value::Object(with)) => with,
            _ => Map::new(),
        },
        overrides,
        when,
        forget: forget.is_some(),
        moved_from,
        folder,
        at,
    })
}

struct Fields<'a> {
    entry: &'a mut Map<String, Value>,
    at: &'a At,
    faults: &'a mut Vec<Diagnostic>,
}

impl Fields<'_> {
    /// A field's value where it is of the right form; a fault reported where it isn't.
    fn take(&mut self, name: &str, form: &str, fits: fn(&Value) -> bool) -> Option<Value> {
        let value = self.entry.get_mut(name)?.take();
        if fits(&value) {
            return Some(value);
        }
        let text = format!("`{name}` is {form}, not {}", type_of(&value));
        self.faults.push(Diagnostic::error("bad-use", text, self.at.child(&step(name))));
        None
    }

    fn template(&mut self) -> Option<String> {
        if !self.entry.contains_key("template") {
            let fault = Diagnostic::error("bad-use", "The entry names no template", self.at.part(Part::Key));
            self.faults.push(
                fault.help("write `template: NAME`, the name of a file in `templates/` or of a built-in one"),
            );
            return None;
        }
        match self.take("template", "the name of a template", Value::is_string) {
            Some(Value::String(name)) => Some(name),
            _ => None,
        }
    }

    fn overrides(&mut self) -> Option<Value> {
        let form = "a mapping of globs to parameters, or the path of a CSV file";
        let overrides = self.take("overrides", form, |value| value.is_string() || value.is_object())?;
        for (glob, value) in
            overrides.as_object().into_iter().flatten().filter(|(_, value)| !value.is_object())
        {
            let at = self.at.child("/overrides").child(&step(glob));
            let text = format!("The parameters of an override are a mapping, not {}", type_of(value));
            self.faults.push(Diagnostic::error("bad-use", text, at).help("write `GLOB: {parameter: value}`"));
        }
        Some(overrides)
    }

    fn moved_from(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        let value = self.entry.get_mut("moved_from").map(Value::take);
        if let Some(fault) = value.and_then(|value| one_or_list(&mut names, value, old_id)) {
            self.faults.push(reported("bad-use", "moved_from", fault, &self.at.child("/moved_from")));
        }
        names
    }
}
