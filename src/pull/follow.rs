//! A body as written, changed where the live object differs from what it renders to.

use serde_json::{Map, Value};

use super::text::{self, Text};
use crate::diff::same;
use crate::kind::{Kind, NO_RULE, Rule, is_empty, rules};
use crate::model::Reference;
use crate::pairing::pairing;
use crate::pointer::{put, step};
use crate::template::{Rendering, is_template};
use crate::write::escape::escape;

/// What is known of one resource.
pub struct Part<'a> {
    pub kind: &'static Kind,
    /// As it stands in the files: strings are templates.
    pub written: &'a Value,
    /// As it is rendered: markers in place of references.
    pub rendered: &'a Value,
    /// Both sides as they were compared.
    pub desired: &'a Value,
    pub live: &'a Value,
    /// The live one with a marker for each id that is known.
    pub referring: &'a Value,
    /// The project's own for the section.
    pub defaults: Option<&'a Value>,
    /// What the strings of the resource come from.
    pub renderings: &'a [Rendering],
    /// What a reference stands for.
    pub known: &'a dyn Fn(&Reference) -> Option<String>,
    /// Whether an expression stays where it can be told what has to be made of it.
    pub keeps: bool,
}

/// A body that renders to what is live.
#[derive(Debug, Default)]
pub struct Taken {
    pub body: Value,
    /// Expressions that could not stay, since what they gave is not live any more.
    pub given: Vec<Given>,
}

/// An expression that made a part that was edited.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub pointer: String,
    /// `${error_rate}`
    pub expression: String,
    /// What stands live in its place, where that can be told.
    pub now: Option<Value>,
}

/// Why an edit can't be written into the definition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Kept {
    #[error("`{0}` is made by a `$for`: change its list, or what it yields")]
    Loop(String),
    #[error("`{0}` comes from the defaults of `musher.yaml`: change it there")]
    Default(String),
    #[error("`{0}` is made by `${{#…}}` blocks: change them by hand")]
    Blocks(String),
    #[error("`{0}` holds what no definition can hold")]
    Foreign(String),
}

/// The definition's body with the live edits in it.
pub fn take(part: &Part<'_>) -> Result<Taken, Kept> {
    let mut follower = Follower { part, given: Vec::new() };
    let sides = Sides {
        written: Some(part.written),
        rendered: Some(part.rendered),
        desired: part.desired,
        live: part.live,
        referring: part.referring,
    };
    let mut body = follower.value(&sides, rules(part.kind), "")?;
    // What follows another field and stands live for something else has to be said from now on.
    for at in part.kind.quirks.derived.iter().map(|derived| derived.path) {
        if let (None, Some(_), Some(value)) =
            (body.pointer(at), part.live.pointer(at), part.referring.pointer(at))
        {
            put(&mut body, at, fresh(value, at)?);
        }
    }
    Ok(Taken { body, given: follower.given })
}

struct Follower<'a> {
    part: &'a Part<'a>,
    given: Vec<Given>,
}

/// The same place of all bodies.
#[derive(Clone, Copy)]
struct Sides<'v> {
    written: Option<&'v Value>,
    rendered: Option<&'v Value>,
    desired: &'v Value,
    live: &'v Value,
    referring: &'v Value,
}

impl Follower<'_> {
    fn value(&mut self, sides: &Sides<'_>, rule: &Rule, at: &str) -> Result<Value, Kept> {
        match (sides.written, sides.desired, sides.live) {
            (Some(written), desired, live) if same(desired, live) => Ok(written.clone()),
            (None | Some(Value::Object(_)), Value::Object(desired), Value::Object(live)) => {
                self.object(sides, (desired, live), rule, at)
            }
            (Some(Value::Array(written)), Value::Array(desired), Value::Array(live)) => {
                self.list(sides, written, (desired, live), rule, at)
            }
            (Some(Value::String(written)), _, _) if is_template(written) => self.text(sides, written, at),
            _ => {
                let mut value = fresh(sides.referring, at)?;
                if let Value::String(text) = &mut value {
                    text.push_str(tail(sides.rendered, sides.desired));
                }
                Ok(value)
            }
        }
    }

    fn object(
        &mut self,
        sides: &Sides<'_>,
        (desired, live): (&Map<String, Value>, &Map<String, Value>),
        rule: &Rule,
        at: &str,
    ) -> Result<Value, Kept> {
        let mut out = sides.written.and_then(Value::as_object).cloned().unwrap_or_default();
        let present =
            |map: &Map<String, Value>, key: &str| map.get(key).is_some_and(|value| !value.is_null());
        let more = live.keys().filter(|key| !desired.contains_key(*key));
        for key in desired.keys().chain(more) {
            let pointer = format!("{at}{}", step(key));
            let referring = sides.referring.get(key).unwrap_or(&Value::Null);
            match (present(desired, key), present(live, key)) {
                (true, false) => {
                    let is_default =
                        self.part.defaults.is_some_and(|defaults| defaults.pointer(&pointer).is_some());
                    // A null that stands live is none where its absence would mean a default.
                    let is_said = live.contains_key(key)
                        && rule
                            .child(key)
                            .and_then(|rule| rule.defaults.first())
                            .is_some_and(|goal| !is_empty(goal));
                    if is_default || is_said {
                        out.insert(key.clone(), Value::Null);
                    } else {
                        out.shift_remove(key);
                    }
                }
                (false, true) => drop(out.insert(key.clone(), fresh(referring, &pointer)?)),
                (true, true) if same(&desired[key], &live[key]) => {}
                (true, true) => {
                    let inner = Sides {
                        written: sides.written.and_then(|written| written.get(key)),
                        rendered: sides.rendered.and_then(|rendered| rendered.get(key)),
                        desired: &desired[key],
                        live: &live[key],
                        referring,
                    };
                    let value = self.value(&inner, rule.child(key).unwrap_or(&NO_RULE), &pointer)?;
                    out.insert(key.clone(), value);
                }
                (false, false) => {}
            }
        }
        Ok(Value::Object(out))
    }

    fn list(
        &mut self,
        sides: &Sides<'_>,
        written: &[Value],
        (desired, live): (&[Value], &[Value]),
        rule: &Rule,
        at: &str,
    ) -> Result<Value, Kept> {
        if written.iter().any(|item| item.get("$for").is_some()) {
            return Err(Kept::Loop(at.to_owned()));
        }
        let rendered = sides.rendered.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let referring = sides.referring.as_array().map(Vec::as_slice).unwrap_or_default();
        if rule.set {
            return self.set(written, rendered, (desired, live), referring, at);
        }
        if written.len() != rendered.len() || desired.len() != rendered.len() || referring.len() != live.len()
        {
            return fresh(sides.referring, at);
        }
        let item = rule.item().unwrap_or(&NO_RULE);
        let still = pairing(desired, live).old;
        let mut out = Vec::with_capacity(live.len());
        for (place, old) in still.into_iter().enumerate() {
            let Some(old) = old else {
                out.push(fresh(&referring[place], &format!("{at}/{place}"))?);
                continue;
            };
            let inner = Sides {
                written: Some(&written[old]),
                rendered: Some(&rendered[old]),
                desired: &desired[old],
                live: &live[place],
                referring: &referring[place],
            };
            out.push(self.value(&inner, item, &format!("{at}/{old}"))?);
        }
        Ok(Value::Array(out))
    }

    /// A list whose order means nothing: what is gone goes, what is new comes last.
    fn set(
        &mut self,
        written: &[Value],
        rendered: &[Value],
        (desired, live): (&[Value], &[Value]),
        referring: &[Value],
        at: &str,
    ) -> Result<Value, Kept> {
        let gone: Vec<&Value> =
            desired.iter().filter(|item| !live.iter().any(|other| same(item, other))).collect();
        let filled = |value: &Value| match value {
            Value::String(text) => Value::String(Reference::fill(text, self.part.known)),
            other => other.clone(),
        };
        let mut out = written.to_vec();
        for item in gone {
            // Those of the defaults stand behind the definition's own.
            let Some(place) = rendered.iter().position(|own| same(&filled(own), item)) else {
                return Err(Kept::Foreign(at.to_owned()));
            };
            let Some(own) = written.get(place) else { return Err(Kept::Default(format!("{at}/{place}"))) };
            let Some(place) = out.iter().position(|other| other == own) else { continue };
            out.remove(place);
        }
        for (place, item) in live.iter().enumerate() {
            if !desired.iter().any(|other| same(item, other)) {
                out.push(fresh(referring.get(place).unwrap_or(item), at)?);
            }
        }
        Ok(Value::Array(out))
    }

    fn text(&mut self, sides: &Sides<'_>, written: &str, at: &str) -> Result<Value, Kept> {
        let (Some(Value::String(rendered)), Value::String(live)) = (sides.rendered, sides.live) else {
            let value = fresh(sides.referring, at)?;
            // Another reference is one that took the place of this one.
            if !value.as_str().is_some_and(is_template) {
                let mut now = sides.live.clone();
                shorten(&mut now);
                let now = Some(now);
                self.given.push(Given { pointer: at.to_owned(), expression: written.to_owned(), now });
                if self.part.keeps {
                    return Ok(written.into());
                }
            }
            return Ok(value);
        };
        let found = self.part.renderings.iter().find(|one| one.text == *rendered && text::fits(one, written));
        let Some(rendering) = found else { return Err(Kept::Blocks(at.to_owned())) };
        let referring = sides.referring.as_str().unwrap_or(live);
        // Where ids are known by their places they are compared as references, else as what they stand for.
        let is_marked = referring.contains(Reference::OPEN);
        let known: &dyn Fn(&Reference) -> Option<String> =
            if is_marked { &|_| None } else { self.part.known };
        let live =
            format!("{}{}", if is_marked { referring } else { live }, tail(sides.rendered, sides.desired));
        let Text { written, kept, given } =
            text::follow(written, rendering, &live, known).ok_or_else(|| Kept::Blocks(at.to_owned()))?;
        let gone = given.into_iter().filter(|(expression, _)| !written.contains(expression.as_str()));
        self.given.extend(gone.map(|(expression, now)| Given {
            pointer: at.to_owned(),
            expression,
            now: now.map(Value::String),
        }));
        Ok(Value::String(if self.part.keeps { kept } else { written }))
    }
}

/// A live value as a definition writes it.
fn fresh(referring: &Value, at: &str) -> Result<Value, Kept> {
    let mut value = referring.clone();
    shorten(&mut value);
    if escape(&mut value).is_empty() { Ok(value) } else { Err(Kept::Foreign(at.to_owned())) }
}

/// `5.0` is `5`.
fn shorten(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(map) => map.values_mut().for_each(shorten),
        Value::Number(number) if number.is_f64() => {
            let whole = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15);
            if let Some(whole) = whole {
                *number = (whole as i64).into();
            }
        }
        _ => {}
    }
}

/// What was rendered ends so, and the normal form leaves it out of both sides.
fn tail<'t>(rendered: Option<&'t Value>, desired: &Value) -> &'t str {
    let (Some(rendered), Some(desired)) = (rendered.and_then(Value::as_str), desired.as_str()) else {
        return "";
    };
    let length = rendered.trim_end().len();
    if rendered.len() > length && !desired.ends_with(char::is_whitespace) { &rendered[length..] } else { "" }
}
