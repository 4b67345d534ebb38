//! Strings -> something that renders fast: names resolved to places, constants computed, each expression read once.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};

use super::helper;
use super::parse::{self, Parsed, ParsedCall, Tag};
use super::path::Path;
use super::tree::{Call, Computed, Expr, Global, LoopWord, Place, Root, Step, Target};
use super::{Fault, eval, syntax};
use crate::diagnostic::{all_known, did_you_mean};
use crate::model::{Address, Attribute, Reference, Secret};

/// What the first step of a path may be.
#[derive(Clone, Debug, Default)]
pub struct Names<'a> {
    /// The same in every render: the project, the environment, its variables.
    pub constants: Option<&'a Map<String, Value>>,
    /// Given at each render, by position; they hide constants.
    pub slots: Vec<String>,
    /// Sections whose resources can be referred to: `monitors`.
    pub sections: &'a [&'static str],
    /// Those of kinds that the project does not use: what stands in them is reported, references to it are not.
    pub unused: &'a [&'static str],
    /// Those of kinds whose objects come with an alert of their own.
    pub alerting: &'a [&'static str],
    /// Section and short id of what an instance makes, by position.
    pub siblings: Vec<(String, String)>,
    /// For a [trace](super::Trace): no part of a string is joined with another, though both are constant.
    pub traced: bool,
}

/// Names of a block or of `$for`, while what stands in it is compiled.
#[derive(Clone, Debug)]
struct FrameNames {
    value: Option<String>,
    key: Option<String>,
    /// Bare names mean members of the item first, as in Handlebars.
    implicit: bool,
}

/// Compiles strings under the same names.
pub struct Compiler<'a> {
    pub names: Names<'a>,
    /// References met since they were last taken.
    pub globals: Vec<Arc<Global>>,
    frames: Vec<FrameNames>,
    /// Each distinct inside of `${…}`, read once.
    read: HashMap<String, Rc<Result<Tag, String>>>,
}

/// More blocks in each other than this are an error.
pub const BLOCK_LIMIT: usize = 16;

impl<'a> Compiler<'a> {
    pub fn new(names: Names<'a>) -> Self {
        Self { names, globals: Vec::new(), frames: Vec::new(), read: HashMap::new() }
    }

    /// Compiles an expression without `${` and `}` around it: the list of a `$for`.
    pub fn expression(&mut self, text: &str, start: usize) -> Result<Expr, Box<Fault>> {
        let parsed = parse::list(text).map_err(|words| syntax(words, start..start + text.len()))?;
        self.expr(&parsed, &Site { inside: text, start })
    }

    /// What is compiled until [`Self::close`] is inside a loop or `#with`.
    pub fn open(&mut self, value: Option<String>, key: Option<String>, implicit: bool) {
        self.frames.push(FrameNames { value, key, implicit });
    }

    pub fn close(&mut self) {
        self.frames.pop();
    }

    pub(super) fn read(&mut self, inside: &str) -> Rc<Result<Tag, String>> {
        if let Some(tag) = self.read.get(inside) {
            return Rc::clone(tag);
        }
        let tag = Rc::new(parse::tag(inside));
        self.read.insert(inside.to_owned(), Rc::clone(&tag));
        tag
    }

    pub(super) fn expr(&mut self, parsed: &Parsed, site: &Site<'_>) -> Result<Expr, Box<Fault>> {
        match parsed {
            Parsed::Literal(value, range) => {
                if Reference::may_stand_in(value) {
                    return Err(Fault::new("reserved-character", "U+FDD0 and U+FDD1 can't stand in a text")
                        .at(site.at(range)));
                }
                Ok(Expr::Constant(value.clone()))
            }
            Parsed::Path(path, word) => self.path(path, &word.text, site.at(&word.range)),
            Parsed::Call(call) => self.call(call, site),
        }
    }

    fn call(&mut self, call: &ParsedCall, site: &Site<'_>) -> Result<Expr, Box<Fault>> {
        let range = site.at(&call.helper.range);
        let Some(helper) = helper::find(&call.helper.text) else {
            return Err(self.unknown_helper(&call.helper.text, range));
        };
        let (least, most) = helper.arguments;
        if !(least..=most).contains(&call.arguments.len()) {
            let wanted = if least == most { format!("{least}") } else { format!("{least} or more") };
            let words =
                format!("`{}` takes {wanted} values, and was given {}", helper.name, call.arguments.len());
            let example = format!("an example: `${{{}}}`", helper.example.0);
            return Err(Fault::new("wrong-value", words).at(range).help(example));
        }
        let mut include_zero = false;
        for (key, value) in &call.options {
            match value {
                Parsed::Literal(Value::Bool(on), _)
                    if key.text == "includeZero" && matches!(helper.name, "if" | "unless") =>
                {
                    include_zero = *on;
                }
                _ => {
                    let words = format!("`{}` has no option `{}`", helper.name, key.text);
                    return Err(Fault::new("wrong-value", words).at(site.at(&key.range)));
                }
            }
        }
        let arguments =
            call.arguments.iter().map(|argument| self.expr(argument, site)).collect::<Result<Vec<_>, _>>()?;
        if helper.name == helper::REFERENCE {
            return self.computed(arguments, site, &range);
        }
        let regex = match (helper.name, arguments.get(1)) {
            ("matches", Some(Expr::Constant(Value::String(pattern)))) => {
                let regex = helper::regex(pattern);
                Some(regex.map_err(|words| Fault::new("wrong-value", words).at(range.clone()))?)
            }
            _ => None,
        };
        let constant = arguments.iter().all(|argument| matches!(argument, Expr::Constant(_)));
        let call = Expr::Call(Box::new(Call { helper, arguments, regex, include_zero, range }));
        // What fails stays as it is: it may stand in a branch that is never taken.
        Ok(match constant.then(|| eval::constant(&call)).flatten() {
            Some(value) => Expr::Constant(value),
            None => call,
        })
    }

    /// The condition of a block whose name is that of a helper: `#if x`, `#unless x`, `#eq a b`.
    pub(super) fn condition(&mut self, call: &ParsedCall, site: &Site<'_>) -> Result<Expr, Box<Fault>> {
        if !matches!(call.helper.text.as_str(), "if" | "unless") {
            return self.call(call, site);
        }
        if call.arguments.len() != 1 {
            let words =
                format!("`#{}` takes one value, and was given {}", call.helper.text, call.arguments.len());
            return Err(Fault::new("wrong-value", words).at(site.whole()));
        }
        let mut whole = call.clone();
        whole.arguments.extend([true, false].map(|on| Parsed::Literal(on.into(), 0..0)));
        self.call(&whole, site)
    }

    fn path(&mut self, path: &Path, raw: &str, range: Range<usize>) -> Result<Expr, Box<Fault>> {
        if path.local {
            return self.loop_word(path, raw, range);
        }
        let implicit: Vec<usize> =
            self.frames.iter().enumerate().filter(|(_, f)| f.implicit).map(|(depth, _)| depth).collect();
        let place = |root, steps: &[String], otherwise| {
            let steps =
                steps.iter().map(|name| Step { name: name.clone(), index: name.parse().ok() }).collect();
            let place = Place { root, steps, raw: raw.to_owned(), range: range.clone(), otherwise };
            Expr::Place(Box::new(place))
        };
        if !path.root {
            let wants_item = path.this || path.up > 0 || path.steps.is_empty();
            let item = implicit.iter().rev().nth(path.up).copied();
            match (wants_item, item) {
                (true, Some(depth)) => return Ok(place(Root::Frame(depth), &path.steps, None)),
                (true, None) if path.up > implicit.len() || path.up == 0 || path.steps.is_empty() => {
                    let words =
                        format!("`{raw}` has no meaning here: it stands in no `#each` or `#with` that deep");
                    return Err(Fault::new("unknown-name", words).at(range));
                }
                // `../name` above the outermost block is a name.
                (true, None) => {}
                (false, _) => {
                    if let Some(root) = self.frame_name(&path.steps[0]) {
                        return Ok(place(root, &path.steps[1..], None));
                    }
                    if let Some(depth) = item {
                        let otherwise = Some(self.name(&path.steps, raw, &range));
                        return Ok(place(Root::Frame(depth), &path.steps, otherwise));
                    }
                }
            }
        }
        self.name(&path.steps, raw, &range)
    }

    fn loop_word(&self, path: &Path, raw: &str, range: Range<usize>) -> Result<Expr, Box<Fault>> {
        let word = match path.steps.as_slice() {
            [word] => match word.as_str() {
                "index" => Some(LoopWord::Index),
                "key" => Some(LoopWord::Key),
                "first" => Some(LoopWord::First),
                "last" => Some(LoopWord::Last),
                _ => None,
            },
            _ => None,
        };
        let Some(word) = word else {
            return Err(Fault::new("unknown-name", format!("Unknown name `{raw}`"))
                .at(range)
                .help("known: `@index`, `@key`, `@first`, `@last`, `@root`"));
        };
        if path.up >= self.frames.len() {
            let words = format!("`{raw}` has no meaning outside of a loop");
            return Err(Fault::new("unknown-name", words).at(range));
        }
        Ok(Expr::Loop { up: path.up, word })
    }

    fn frame_name(&self, name: &str) -> Option<Root> {
        self.frames.iter().enumerate().rev().find_map(|(depth, frame)| {
            if frame.value.as_deref() == Some(name) {
                Some(Root::Frame(depth))
            } else if frame.key.as_deref() == Some(name) {
                Some(Root::FrameKey(depth))
            } else {
                None
            }
        })
    }

    fn name(&mut self, steps: &[String], raw: &str, range: &Range<usize>) -> Result<Expr, Box<Fault>> {
        let (first, rest) = steps.split_first().ok_or_else(|| syntax("A name is missing", range.clone()))?;
        let steps =
            || rest.iter().map(|name| Step { name: name.clone(), index: name.parse().ok() }).collect();
        let place = |root, steps| {
            let place = Place { root, steps, raw: raw.to_owned(), range: range.clone(), otherwise: None };
            Expr::Place(Box::new(place))
        };
        if let Some(slot) = self.names.slots.iter().position(|name| name == first) {
            return Ok(place(Root::Slot(slot), steps()));
        }
        if let Some(value) = self.names.constants.and_then(|constants| constants.get(first)) {
            let steps: Vec<Step> = steps();
            return Ok(match eval::walk(value, &steps) {
                Ok(found) => Expr::Constant(found.clone()),
                Err(_) if first == Secret::WORD && holds_secrets(value) => {
                    return Err(unknown_secret(rest, value, range.clone()));
                }
                Err(_) => place(Root::Constant(value.clone()), steps),
            });
        }
        let is_unused = || !rest.is_empty() && self.names.unused.contains(&first.as_str());
        if self.names.sections.contains(&first.as_str()) || is_unused() {
            return self.reference(first, rest, raw, range);
        }
        if helper::is_helper(first) && rest.is_empty() {
            let words = format!("`{first}` is a helper: it needs values behind it");
            return Err(Fault::new("wrong-value", words).at(range.clone()));
        }
        // `${true}`, `add 1e3 n`: Handlebars reads them as paths.
        if let Ok(literal @ (Value::Bool(_) | Value::Number(_) | Value::Null)) = serde_json::from_str(raw) {
            let spelled_whole = raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            if literal.is_f64() && spelled_whole {
                let words = format!("The number `{raw}` is beyond 64 bits: it would lose digits");
                return Err(Fault::new("wrong-value", words).at(range.clone()));
            }
            return Ok(Expr::Constant(literal));
        }
        if first == Secret::WORD && !rest.is_empty() {
            return Err(unknown_secret(rest, &Value::Null, range.clone()));
        }
        let words = format!("Unknown name `{first}`");
        let help = if first == "each" {
            "`each` is known in `where`, `key`, `with` and `overrides` of `uses`; a template gets what it needs \
             as a parameter, by `with`"
                .to_owned()
        } else {
            all_known(first, self.known_names())
        };
        Err(Fault::new("unknown-name", words).at(range.clone()).help(help))
    }

    fn known_names(&self) -> impl Iterator<Item = &str> {
        let constants =
            self.names.constants.into_iter().flat_map(|constants| constants.keys().map(String::as_str));
        let frames = self.frames.iter().flat_map(|f| f.value.iter().chain(&f.key)).map(String::as_str);
        let slots = self.names.slots.iter().map(String::as_str);
        slots.chain(frames).chain(constants).chain(self.names.sections.iter().copied())
    }

    fn reference(
        &mut self,
        section: &str,
        rest: &[String],
        raw: &str,
        range: &Range<usize>,
    ) -> Result<Expr, Box<Fault>> {
        let fault = |words: String| Fault::new("unknown-reference", words).at(range.clone());
        let (id, last) = match rest {
            [id, last] => (id, last),
            [.., last] if rest.len() > 2 => {
                let middle = raw.strip_prefix(section).and_then(|rest| rest.strip_suffix(last.as_str()));
                let middle = middle.unwrap_or(raw).trim_matches(['.', '/']).replace(['[', ']'], "");
                return Err(fault(format!(
                    "`{raw}` has too many steps: an id with `.` or `/` needs brackets"
                ))
                .help(format!("did you mean `${{{section}.[{middle}].{last}}}`?")));
            }
            _ => {
                return Err(fault(format!("`{raw}` is not a reference"))
                    .help(format!("write `${{{section}.ID.id}}` or `${{{section}.ID.url}}`")));
            }
        };
        let attribute = self.attribute(section, last, range)?;
        let sibling = |(own, short): &(String, String)| own == section && short == id;
        if let Some(index) = self.names.siblings.iter().position(sibling) {
            return Ok(Expr::Sibling { index, attribute, range: range.clone() });
        }
        let target = Address::new(section, id);
        let marker = Reference { target: target.clone(), attribute }.marker();
        let shorts = self.names.siblings.iter().filter(|(own, _)| own == section);
        let sibling = did_you_mean(id, shorts.map(|(_, short)| short.as_str())).map(str::to_owned);
        let target = Target::Named(target, AtomicBool::new(false));
        let global = Arc::new(Global { target, range: range.clone(), sibling });
        self.globals.push(Arc::clone(&global));
        Ok(Expr::Global(global, marker.into()))
    }

    /// `reference SECTION ATTRIBUTE PART…`: what it leads to is known with the values.
    fn computed(
        &mut self,
        arguments: Vec<Expr>,
        site: &Site<'_>,
        range: &Range<usize>,
    ) -> Result<Expr, Box<Fault>> {
        let mut arguments = arguments.into_iter();
        let mut word = || match arguments.next() {
            Some(Expr::Constant(Value::String(word))) => Ok(word),
            _ => {
                let words = "`reference` takes a section, `id` or `url`, and the parts of an id";
                let help = "for example `${reference 'dashboards' 'url' 'teams/' team}`";
                Err(Fault::new("unknown-reference", words).at(range.clone()).help(help))
            }
        };
        let (section, last) = (word()?, word()?);
        let names = self.names.sections.iter().chain(self.names.unused);
        if !names.clone().any(|name| *name == section) {
            let words = format!("There is no section `{section}` to refer to");
            let help = all_known(&section, self.names.sections.iter().copied());
            return Err(Fault::new("unknown-reference", words).at(range.clone()).help(help));
        }
        let attribute = self.attribute(&section, &last, range)?;
        let target = Target::Computed(Mutex::default());
        let global = Arc::new(Global { target, range: site.whole(), sibling: None });
        self.globals.push(Arc::clone(&global));
        let parts = arguments.collect();
        Ok(Expr::Computed(Box::new(Computed { global, section, attribute, parts })))
    }

    /// What of an object of this section a reference gives.
    fn attribute(&self, section: &str, word: &str, range: &Range<usize>) -> Result<Attribute, Box<Fault>> {
        let has = |attribute: &Attribute| match attribute {
            Attribute::Alert => self.names.alerting.contains(&section),
            Attribute::Id | Attribute::Url => true,
        };
        let named = Attribute::named(word);
        if let Some(attribute) = named.filter(has) {
            return Ok(attribute);
        }
        let known = Attribute::ALL.into_iter().filter(has).map(Attribute::name);
        let help = match (named, did_you_mean(word, known.clone())) {
            (None, Some(meant)) => format!("did you mean `{meant}`?"),
            (Some(_), _) => {
                let with = self.names.alerting.join("` and `");
                format!("only `{with}` come with a monitor of their own; of a monitor it is `id`")
            }
            (None, None) => format!("a reference gives `{}`", known.collect::<Vec<_>>().join("` or `")),
        };
        let words = match named {
            Some(_) => format!("A reference to `{section}` has no `{word}`"),
            None => format!("A reference has no `{word}`"),
        };
        Err(Fault::new("unknown-reference", words).at(range.clone()).help(help))
    }

    pub(super) fn unknown_helper(&self, name: &str, range: Range<usize>) -> Box<Fault> {
        let known = helper::HELPERS.iter().map(|helper| helper.name);
        let help = if self.known_names().any(|own| own == name) {
            format!("`{name}` is a value: only helpers take values behind them")
        } else {
            all_known(name, known)
        };
        Fault::new("unknown-helper", format!("Unknown helper `{name}`")).at(range).help(help)
    }
}

/// Whether a value is the mapping of secrets, and not a variable that bears the same name.
fn holds_secrets(value: &Value) -> bool {
    let is_secret = |value: &Value| value.as_str().is_some_and(Secret::is_in);
    value.as_object().is_some_and(|map| map.values().all(is_secret))
}

fn unknown_secret(rest: &[String], secrets: &Value, range: Range<usize>) -> Box<Fault> {
    let name = rest.join(".");
    let known: Vec<&str> = secrets.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let meant = did_you_mean(&name, known).map(|meant| format!("did you mean `${{secret.{meant}}}`? Else "));
    let help = format!(
        "{}name its environment variable in musher.yaml: `secrets: {{{name}: MUSHER_SECRET_{}}}`",
        meant.unwrap_or_default(),
        name.to_uppercase()
    );
    Fault::new("unknown-secret", format!("There is no secret `{name}`")).at(range).help(help)
}

/// Where an expression stands in its string.
pub(super) struct Site<'a> {
    pub inside: &'a str,
    pub start: usize,
}

impl Site<'_> {
    pub fn whole(&self) -> Range<usize> {
        self.start..self.start + self.inside.len()
    }

    /// Bytes of a word of the expression; all of it where the word has no place.
    pub fn at(&self, range: &Range<usize>) -> Range<usize> {
        if range.is_empty() { self.whole() } else { self.start + range.start..self.start + range.end }
    }
}
