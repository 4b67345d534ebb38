//! Compiled strings + values -> values.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::Fault;
use super::helper;
use super::trace::{Rendering, Stretch, Trace};
use super::tree::{Call, Computed, Expr, LoopWord, Piece, Place, Root, Step, Target, Text};
use crate::diagnostic::known_words;
use crate::model::{Address, Attribute, Reference};
use crate::pointer::member;

/// The longest text that one string may render to, in bytes.
const TEXT_LIMIT: usize = 4 << 20;

/// What one render has at hand.
pub struct Run<'v> {
    /// By position as in [`super::Names::slots`].
    pub slots: &'v [Cow<'v, Value>],
    pub siblings: Option<Siblings<'v>>,
    /// The item, for messages: `item `checkout-api``. May be empty.
    pub item: &'v str,
    /// How many turns of loops are left.
    pub turns: Cell<usize>,
    /// How many bytes its values may still take.
    room: Cell<usize>,
    trace: Option<&'v Trace>,
}

/// How many turns all loops of one resource may make.
const TURNS: usize = 1_000_000;
/// How many bytes the values that loops of one resource make may take.
const ROOM: usize = 64 << 20;

impl<'v> Run<'v> {
    /// `item` names what is rendered, for messages: `item `checkout-api``; it may be empty.
    pub fn new(slots: &'v [Cow<'v, Value>], siblings: Option<Siblings<'v>>, item: &'v str) -> Self {
        Self { slots, siblings, item, turns: Cell::new(TURNS), room: Cell::new(ROOM), trace: None }
    }

    #[must_use]
    pub fn traced(self, trace: Option<&'v Trace>) -> Self {
        Self { trace, ..self }
    }

    /// What is rendered from here on is of this resource.
    pub fn begin(&self, address: &Address) {
        if let Some(trace) = self.trace {
            trace.begin(address);
        }
    }

    /// Takes the room that a copy of a value needs.
    pub fn take_room(&self, value: &Value) -> Result<(), Box<Fault>> {
        let left = self.room.get().checked_sub(weight(value));
        self.room.set(left.unwrap_or_default());
        left.map(|_| ()).ok_or_else(|| {
            Fault::new(
                "too-large",
                format!("Its loops make more than one resource can hold ({} MB)", ROOM >> 20),
            )
        })
    }
}

/// About how many bytes a value takes in memory.
fn weight(value: &Value) -> usize {
    let inside: usize = match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(weight).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + 64 + weight(value)).sum(),
        _ => 0,
    };
    inside + size_of::<Value>()
}

/// The other resources of the same instance.
#[derive(Clone, Copy)]
pub struct Siblings<'v> {
    /// Section and short id, by position as in [`super::Names::siblings`].
    pub names: &'v [(String, String)],
    /// What stands before the short id: `lambda/checkout-api`.
    pub prefix: &'v str,
    /// Whether each isn't switched off by `$when`.
    pub on: &'v [bool],
}

/// One turn of a loop, or the inside of `#with`; innermost first.
pub struct Frame<'v> {
    pub parent: Option<&'v Frame<'v>>,
    /// From the outermost, which is 0.
    pub depth: usize,
    pub value: &'v Value,
    /// The key of the item, in a loop over a mapping.
    pub key: Option<&'v str>,
    pub index: usize,
    pub last: bool,
}

type Valued<'v> = Result<Cow<'v, Value>, Box<Fault>>;

thread_local! {
    /// Texts are written here first, so that each is allocated once and in its size, or not at all.
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

/// A string's value, lent to whoever prints it.
pub enum Borrowed<'a> {
    Text(&'a str),
    Value(&'a Value),
}

impl Text {
    /// The string's value.
    pub fn render<'v>(&'v self, run: &'v Run<'v>, frame: Option<&'v Frame<'v>>) -> Valued<'v> {
        match self {
            Self::Constant(value) => Ok(Cow::Borrowed(value)),
            Self::Typed(expr, range) => {
                let value = value(expr, run, frame).map_err(|fault| fault.at(range.clone()))?;
                if let (Some(trace), Value::String(text)) = (run.trace, &*value) {
                    let all = Stretch { rendered: 0..text.len(), source: range.clone(), literal: false };
                    trace.add(Rendering { text: text.clone(), stretches: vec![all] });
                }
                Ok(value)
            }
            Self::Mixed(pieces) => mixed(pieces, run, frame, |text| Cow::Owned(text.into())),
        }
    }

    /// Hands the string's value over without a copy of it.
    pub fn with_value<R>(
        &self,
        run: &Run<'_>,
        take: impl FnOnce(Borrowed<'_>) -> R,
    ) -> Result<R, Box<Fault>> {
        match self {
            Self::Mixed(pieces) => mixed(pieces, run, None, |text| take(Borrowed::Text(text))),
            text => Ok(take(Borrowed::Value(&*text.render(run, None)?))),
        }
    }
}

fn mixed<'v, R>(
    pieces: &'v [Piece],
    run: &'v Run<'v>,
    frame: Option<&'v Frame<'v>>,
    take: impl FnOnce(&str) -> R,
) -> Result<R, Box<Fault>> {
    // A text that is rendered for another one meanwhile finds it empty.
    let mut out = Out { text: SCRATCH.take(), stretches: run.trace.map(|_| Vec::new()) };
    out.text.clear();
    let written = write(pieces, run, frame, &mut out);
    if let (Ok(()), Some(trace), Some(stretches)) = (&written, run.trace, out.stretches) {
        trace.add(Rendering { text: out.text.clone(), stretches });
    }
    let taken = written.map(|()| take(&out.text));
    SCRATCH.set(out.text);
    taken
}

/// A text that is being written.
struct Out {
    text: String,
    /// What it comes from so far, where that is traced.
    stretches: Option<Vec<Stretch>>,
}

impl Out {
    /// What was written since a place comes from here.
    fn comes_from(&mut self, start: usize, source: Range<usize>, literal: bool) {
        if let Some(stretches) = &mut self.stretches {
            stretches.push(Stretch { rendered: start..self.text.len(), source, literal });
        }
    }
}

/// Computes a call whose arguments are constants.
pub(super) fn constant(expr: &Expr) -> Option<Value> {
    let run = Run::new(&[], None, "");
    value(expr, &run, None).ok().map(Cow::into_owned)
}

/// Computes an expression.
pub fn value<'v>(expr: &'v Expr, run: &'v Run<'v>, frame: Option<&'v Frame<'v>>) -> Valued<'v> {
    match expr {
        Expr::Constant(value) => Ok(Cow::Borrowed(value)),
        Expr::Place(place) => place_value(place, run, frame),
        Expr::Loop { up, word } => loop_value(*up, *word, frame),
        Expr::Sibling { index, attribute, range } => sibling(*index, *attribute, range, run),
        Expr::Global(global, marker) => {
            if let Target::Named(_, met) = &global.target {
                met.store(true, Ordering::Relaxed);
            }
            Ok(Cow::Borrowed(marker))
        }
        Expr::Computed(computed) => referred(computed, run, frame),
        Expr::Call(call) => called(call, run, frame),
    }
}

/// Follows steps through data; the position of the step that leads nowhere.
pub(super) fn walk<'v>(mut value: &'v Value, steps: &[Step]) -> Result<&'v Value, (usize, &'v Value)> {
    for (at, step) in steps.iter().enumerate() {
        let next = match value {
            Value::Object(map) => member(map, &step.name),
            Value::Array(list) => step.index.and_then(|index| list.get(index)),
            _ => None,
        };
        value = next.ok_or((at, value))?;
    }
    Ok(value)
}

fn frame_at<'v>(mut frame: Option<&'v Frame<'v>>, depth: usize) -> &'v Frame<'v> {
    while let Some(found) = frame {
        if found.depth == depth {
            return found;
        }
        frame = found.parent;
    }
    unreachable!("bug: an expression was compiled for a loop that it isn't rendered in")
}

/// Where a path leads.
enum Led<'v> {
    To(Cow<'v, Value>),
    /// The position of the step that leads nowhere, and what has no such member.
    Nowhere(usize, Cow<'v, Value>),
}

/// Follows a path. Nothing is worded yet where it leads nowhere: a helper may take that for null.
fn follow<'v>(
    place: &'v Place,
    run: &'v Run<'v>,
    frame: Option<&'v Frame<'v>>,
) -> Result<Led<'v>, Box<Fault>> {
    let root = match &place.root {
        Root::Constant(value) => value,
        Root::Slot(slot) => run.slots[*slot].as_ref(),
        Root::Frame(depth) => frame_at(frame, *depth).value,
        Root::FrameKey(depth) => {
            let frame = frame_at(frame, *depth);
            let key = Cow::Owned(frame.key.map_or_else(|| Value::from(frame.index), Value::from));
            return Ok(if place.steps.is_empty() { Led::To(key) } else { Led::Nowhere(0, key) });
        }
    };
    match (walk(root, &place.steps), &place.otherwise) {
        (Ok(value), _) => Ok(Led::To(Cow::Borrowed(value))),
        (Err((0, _)), Some(Ok(expr))) => value(expr, run, frame).map(Led::To),
        // The name means nothing outside of the loop either: reported as a member that the item lacks.
        (Err((0, at)), Some(Err(fault))) if !at.is_object() => Err(fault.clone()),
        (Err((step, at)), _) => Ok(Led::Nowhere(step, Cow::Borrowed(at))),
    }
}

fn place_value<'v>(place: &'v Place, run: &'v Run<'v>, frame: Option<&'v Frame<'v>>) -> Valued<'v> {
    match follow(place, run, frame)? {
        Led::To(value) => Ok(value),
        Led::Nowhere(step, at) => Err(missing(place, step, &at, run)),
    }
}

/// A member that isn't there, with the item that lacks it.
fn missing(place: &Place, step: usize, at: &Value, run: &Run<'_>) -> Box<Fault> {
    let name = &place.steps[step].name;
    let of = if run.item.is_empty() { String::new() } else { format!(" of {}", run.item) };
    let words = match at {
        Value::Object(_) => format!("`{}`: there is no `{name}` in the data{of}", place.raw),
        Value::Array(list) => {
            format!("`{}`: there is no `{name}` in a list of {}{of}", place.raw, list.len())
        }
        other => format!("`{}`: {} has no member `{name}`{of}", place.raw, helper::type_of(other)),
    };
    let mut help = "`default` gives a value where there is none".to_owned();
    if let Value::Object(map) = at {
        let known = known_words(name, map.keys().take(200).map(String::as_str));
        let between = if known.ends_with('?') { " " } else { "; " };
        help = format!("{known}{between}{help}");
    }
    let mut fault = Fault::new("missing-member", words).at(place.range.clone()).help(help);
    fault.missing = true;
    fault
}

fn loop_value<'v>(up: usize, word: LoopWord, frame: Option<&'v Frame<'v>>) -> Valued<'v> {
    let mut frame = frame;
    for _ in 0..up {
        frame = frame.and_then(|frame| frame.parent);
    }
    let frame = frame.expect("bug: a loop's word was compiled outside of a loop");
    Ok(Cow::Owned(match word {
        LoopWord::Index => frame.index.into(),
        LoopWord::First => (frame.index == 0).into(),
        LoopWord::Last => frame.last.into(),
        LoopWord::Key => frame.key.map_or_else(|| Value::from(frame.index), Value::from),
    }))
}

fn sibling<'v>(index: usize, attribute: Attribute, range: &Range<usize>, run: &Run<'_>) -> Valued<'v> {
    let siblings = run.siblings.as_ref().expect("bug: a sibling was compiled outside of a template");
    let (section, short) = &siblings.names[index];
    if !siblings.on[index] {
        let words = format!("`{section}.{short}` is switched off by its `$when` in this instance");
        return Err(Fault::new("switched-off-reference", words)
            .at(range.clone())
            .help("give what refers to it the same `$when`, or put the reference into an `${#if …}` block"));
    }
    let id = if siblings.prefix.is_empty() { short.clone() } else { [siblings.prefix, "/", short].concat() };
    let reference = Reference { target: Address::new(section, &id), attribute };
    Ok(Cow::Owned(reference.marker().into()))
}

/// A reference to what its values name.
fn referred<'v>(computed: &'v Computed, run: &'v Run<'v>, frame: Option<&'v Frame<'v>>) -> Valued<'v> {
    let Computed { global, section, attribute, parts } = computed;
    let mut id = String::new();
    for part in parts {
        let part = value(part, run, frame)?;
        let shown = helper::shown(&part).ok().filter(|part| !Reference::may_stand_in_text(part));
        let Some(part) = shown.filter(|_| !part.is_null()) else {
            let words = format!("An id is made of texts and numbers, not of {}", helper::type_of(&part));
            return Err(Fault::new("unknown-reference", words).at(global.range.clone()));
        };
        id.push_str(&part);
    }
    let reference = Reference { target: Address::new(section, &id), attribute: *attribute };
    if let Target::Computed(met) = &global.target {
        let mut met = met.lock().unwrap_or_else(PoisonError::into_inner);
        if !met.contains(&reference.target) {
            met.insert(reference.target.clone());
        }
    }
    Ok(Cow::Owned(reference.marker().into()))
}

/// An argument; null for a member of data that isn't there, where the helper takes it so.
fn argument<'v>(
    call: &'v Call,
    expr: &'v Expr,
    run: &'v Run<'v>,
    frame: Option<&'v Frame<'v>>,
) -> Valued<'v> {
    let forgives = call.helper.missing_is_null;
    let (found, is_data) = match expr {
        Expr::Place(place) if forgives => match follow(place, run, frame) {
            Ok(Led::Nowhere(..)) => return Ok(Cow::Owned(Value::Null)),
            Ok(Led::To(value)) => return Ok(value),
            Err(fault) => (Err(fault), true),
        },
        Expr::Call(inner) => (value(expr, run, frame), inner.helper.name == "lookup"),
        expr => (value(expr, run, frame), false),
    };
    match found {
        Err(fault) if fault.missing && is_data && forgives => Ok(Cow::Owned(Value::Null)),
        found => found,
    }
}

fn called<'v>(call: &'v Call, run: &'v Run<'v>, frame: Option<&'v Frame<'v>>) -> Valued<'v> {
    match call.helper.name {
        "if" | "unless" => return chosen(call, run, frame),
        "default" => return defaulted(call, run, frame),
        "lookup" => return looked_up(call, run, frame),
        _ => {}
    }
    let arguments =
        call.arguments.iter().map(|expr| argument(call, expr, run, frame)).collect::<Result<Vec<_>, _>>()?;
    if !call.helper.references && arguments.iter().any(|value| helper::is_reference(value)) {
        let words = format!(
            "`{}` can't work on a reference: its value is known only when it is applied",
            call.helper.name
        );
        return Err(Fault::new("reference-changed", words)
            .at(call.range.clone())
            .help("references may be joined, chosen by `if` and `default`, and stand in texts; nothing can change them"));
    }
    let result = match (&call.regex, arguments[0].as_str()) {
        (Some(regex), Some(text)) => Ok(regex.is_match(text).into()),
        _ => (call.helper.run)(&arguments),
    };
    result.map(Cow::Owned).map_err(|words| {
        let words = format!("`{}`: {words}", call.helper.name);
        let of = if run.item.is_empty() { String::new() } else { format!(" ({})", run.item) };
        Fault::new("wrong-value", format!("{words}{of}")).at(call.range.clone())
    })
}

/// Only the branch that is taken is computed.
fn chosen<'v>(call: &'v Call, run: &'v Run<'v>, frame: Option<&'v Frame<'v>>) -> Valued<'v> {
    let condition = argument(call, &call.arguments[0], run, frame)?;
    let holds = helper::truthy(&condition) || (call.include_zero && condition.is_number());
    let taken = if holds == (call.helper.name == "if") { 1 } else { 2 };
    match call.arguments.get(taken) {
        Some(expr) => value(expr, run, frame),
        None => Ok(Cow::Owned(Value::Null)),
    }
}

fn defaulted<'v>(call: &'v Call, run: &'v Run<'v>, frame: Option<&'v Frame<'v>>) -> Valued<'v> {
    for expr in &call.arguments {
        let value = argument(call, expr, run, frame)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Cow::Owned(Value::Null))
}

fn looked_up<'v>(call: &'v Call, run: &'v Run<'v>, frame: Option<&'v Frame<'v>>) -> Valued<'v> {
    let data = value(&call.arguments[0], run, frame)?;
    let key = value(&call.arguments[1], run, frame)?;
    let index = key.as_u64().and_then(|index| usize::try_from(index).ok());
    let name = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
    let step = Step { name, index };
    let steps = std::slice::from_ref(&step);
    let lost = |at: &Value| {
        let place = Place {
            root: Root::Slot(0),
            steps: steps.to_vec(),
            raw: "lookup".to_owned(),
            range: call.range.clone(),
            otherwise: None,
        };
        missing(&place, 0, at, run)
    };
    match data {
        Cow::Borrowed(data) => walk(data, steps).map(Cow::Borrowed).map_err(|(_, at)| lost(at)),
        Cow::Owned(data) => match walk(&data, steps) {
            Ok(found) => Ok(Cow::Owned(found.clone())),
            Err((_, at)) => Err(lost(at)),
        },
    }
}

fn write<'v>(
    pieces: &'v [Piece],
    run: &'v Run<'v>,
    frame: Option<&'v Frame<'v>>,
    out: &mut Out,
) -> Result<(), Box<Fault>> {
    for piece in pieces {
        let start = out.text.len();
        match piece {
            Piece::Text(text, at) => {
                out.text.push_str(text);
                out.comes_from(start, *at..*at + text.len(), true);
            }
            Piece::Value(expr, range) => {
                let value = value(expr, run, frame).map_err(|fault| fault.at(range.clone()))?;
                helper::show(&value, &mut out.text).map_err(|words| {
                    let of = if run.item.is_empty() { String::new() } else { format!(" ({})", run.item) };
                    Fault::new("wrong-value", format!("{words}{of}")).at(range.clone())
                })?;
                out.comes_from(start, range.clone(), false);
            }
            Piece::If { condition, range, then, otherwise } => {
                let holds = self::value(condition, run, frame).map_err(|fault| fault.at(range.clone()))?;
                write(if helper::truthy(&holds) { then } else { otherwise }, run, frame, out)?;
            }
            Piece::Each { list, range, body, otherwise } => {
                let list = self::value(list, run, frame).map_err(|fault| fault.at(range.clone()))?;
                let some = each(&list, run, frame, &mut |frame| write(body, run, Some(frame), out));
                if !some.map_err(|fault| fault.at(range.clone()))? {
                    write(otherwise, run, frame, out)?;
                }
            }
            Piece::With { value, range, body, otherwise } => {
                let value = self::value(value, run, frame).map_err(|fault| fault.at(range.clone()))?;
                if helper::truthy(&value) {
                    // Words of a loop stay those of the loop around it, as in Handlebars.
                    let (key, index, last) = frame.map_or((None, 0, true), |f| (f.key, f.index, f.last));
                    let inner =
                        Frame { parent: frame, depth: depth_below(frame), value: &value, key, index, last };
                    write(body, run, Some(&inner), out)?;
                } else {
                    write(otherwise, run, frame, out)?;
                }
            }
        }
        if out.text.len() > TEXT_LIMIT {
            return Err(Fault::new("too-large", format!("The text is longer than {TEXT_LIMIT} bytes")));
        }
    }
    Ok(())
}

fn depth_below(frame: Option<&Frame<'_>>) -> usize {
    frame.map_or(0, |frame| frame.depth + 1)
}

/// Runs over a list or mapping; false where it is empty or null.
pub fn each(
    list: &Value,
    run: &Run<'_>,
    parent: Option<&Frame<'_>>,
    turn: &mut dyn FnMut(&Frame<'_>) -> Result<(), Box<Fault>>,
) -> Result<bool, Box<Fault>> {
    let depth = depth_below(parent);
    let mut one = |index, key, value, last| {
        let left = run.turns.get().checked_sub(1).ok_or_else(|| {
            Fault::new("too-large", "Its loops make more turns than one resource can need (1,000,000)")
        })?;
        run.turns.set(left);
        turn(&Frame { parent, depth, value, key, index, last })
    };
    match list {
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                one(index, None, value, index + 1 == list.len())?;
            }
            Ok(!list.is_empty())
        }
        Value::Object(map) => {
            for (index, (key, value)) in map.iter().enumerate() {
                one(index, Some(key.as_str()), value, index + 1 == map.len())?;
            }
            Ok(!map.is_empty())
        }
        Value::Null => Ok(false),
        other => {
            let words = format!("A list or mapping is needed here, not {}", helper::type_of(other));
            Err(Fault::new("wrong-value", words))
        }
    }
}
