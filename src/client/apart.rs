//! A part whose items are resources of their own: what they say, and the writes that bring them to what is declared.

use serde_json::{Map, Value, json};

use crate::kind::{Apart, Held, Kind, Part};
use crate::pointer::put;
use crate::wire::Method;

/// A place beyond that is given anew: an API takes no greater numbers than 32 bits hold.
const LAST_PLACE: i64 = 1_000_000;

/// One write.
#[derive(Debug, PartialEq)]
pub enum Step {
    Make(Value),
    /// By the id in the path.
    Change(String, Value),
    Take(String),
}

impl Step {
    pub fn method(&self) -> Method {
        match self {
            Self::Make(_) => Method::Post,
            Self::Change(..) => Method::Patch,
            Self::Take(_) => Method::Delete,
        }
    }
}

/// The items of resources as a definition has them, in their order.
pub fn items(apart: &Apart, resources: &[Value]) -> Value {
    let mut own: Vec<&Value> =
        resources.iter().filter(|resource| (apart.keeper)(resource).is_none()).collect();
    if apart.place.is_some() {
        own.sort_by_cached_key(|resource| (place(apart, resource), item(apart, resource).to_string()));
    }
    own.into_iter().map(|resource| item(apart, resource)).collect()
}

fn item(apart: &Apart, resource: &Value) -> Value {
    let member = |(name, at): &(&str, &str)| Some(((*name).to_owned(), resource.pointer(at)?.clone()));
    let members = apart.members.iter().filter_map(member).filter(|(_, value)| !value.is_null());
    Value::Object(members.collect::<Map<_, _>>())
}

fn place(apart: &Apart, resource: &Value) -> i64 {
    apart.place.and_then(|at| resource.pointer(at)?.as_i64()).unwrap_or_default()
}

/// What the path of a resource names it by.
pub fn id(apart: &Apart, resource: &Value) -> Option<String> {
    resource.pointer(apart.id)?.as_str().filter(|id| !id.is_empty()).map(str::to_owned)
}

/// Puts into the objects of a list what it shows of their parts, where that is all of it: an object tells how many there
/// are.
pub fn add_shown(kind: &Kind, included: &[Value], bodies: &mut [(String, Value)]) {
    for part in kind.api.parts {
        let Held::Apart(apart) = &part.held else { continue };
        let Some(shown) = apart.shown else { continue };
        let class = &blank(apart)["type"];
        for (id, body) in &mut *bodies {
            let is_own = |resource: &&Value| {
                resource.get("type") == Some(class) && resource.pointer(shown.of) == Some(&json!(id))
            };
            let own: Vec<Value> = included.iter().filter(is_own).cloned().collect();
            let count = body.pointer(shown.count).and_then(Value::as_u64);
            if !own.is_empty() && count == u64::try_from(own.len()).ok() {
                body[part.field] = items(apart, &own);
            }
        }
    }
}

fn blank(apart: &Apart) -> Value {
    serde_json::from_str(apart.blank).expect("bug: a row holds a text that is no JSON")
}

/// The writes that make of what is there what is wanted: whatever goes, goes last.
///
/// Fails with the item that somebody else keeps, and with who does.
pub fn steps(part: &Part, apart: &Apart, wanted: &[Value], there: &[Value]) -> Result<Vec<Step>, String> {
    let (kept, own): (Vec<&Value>, Vec<&Value>) =
        there.iter().partition(|resource| (apart.keeper)(resource).is_some());
    let pairs = pairs(apart, wanted, &own);
    let mut steps = Vec::new();
    let mut last = -1;
    for (wanted, pair) in wanted.iter().zip(&pairs) {
        let standing = pair.map(|at| own[at]);
        let at = match standing.map(|resource| place(apart, resource)) {
            Some(at) if at > last && at < LAST_PLACE => at,
            _ => last + 1,
        };
        last = at;
        match standing {
            Some(resource) => {
                let is_equal = equal(&item(apart, resource), wanted);
                let stays = apart.place.is_none() || place(apart, resource) == at;
                if let Some(id) = id(apart, resource).filter(|_| !is_equal || !stays) {
                    steps.push(Step::Change(id, changed(apart, wanted, at)));
                }
            }
            None => {
                let same_one = |resource: &&&Value| alike(apart.known_by[0], &item(apart, resource), wanted);
                if let Some(keeper) = kept.iter().find(same_one).and_then(|resource| (apart.keeper)(resource))
                {
                    let name = wanted.get(apart.known_by[0]).and_then(Value::as_str).unwrap_or_default();
                    return Err(format!(
                        "`{name}` stands there already by `{keeper}`, and musher leaves alone what that keeps: take it \
                         out of `{}`",
                        part.field
                    ));
                }
                steps.push(Step::Make(made(apart, wanted, at)));
            }
        }
    }
    let gone = own.iter().enumerate().filter(|(at, _)| !pairs.contains(&Some(*at)));
    steps.extend(gone.filter_map(|(_, resource)| id(apart, resource)).map(Step::Take));
    Ok(steps)
}

/// For each wanted item the one there that it still is: an equal one, else one that agrees in what it is known by.
fn pairs(apart: &Apart, wanted: &[Value], own: &[&Value]) -> Vec<Option<usize>> {
    let there: Vec<Value> = own.iter().map(|resource| item(apart, resource)).collect();
    let mut pairs: Vec<Option<usize>> = vec![None; wanted.len()];
    let mut taken = vec![false; there.len()];
    let mut pass = |is_one: &dyn Fn(&Value, &Value) -> bool| {
        for (wanted, pair) in wanted.iter().zip(&mut pairs).filter(|(_, pair)| pair.is_none()) {
            *pair = (0..there.len()).find(|at| !taken[*at] && is_one(&there[*at], wanted));
            if let Some(at) = *pair {
                taken[at] = true;
            }
        }
    };
    pass(&equal);
    for name in apart.known_by {
        pass(&|there, wanted| alike(name, there, wanted));
    }
    pairs
}

fn alike(name: &str, one: &Value, other: &Value) -> bool {
    one.get(name).is_some_and(|one| other.get(name) == Some(one))
}

/// Whether two items say the same: a null is none.
fn equal(one: &Value, other: &Value) -> bool {
    let bare = |item: &Value| {
        let members = item.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        members.map(|(key, value)| (key.clone(), value.clone())).collect::<Value>()
    };
    bare(one) == bare(other)
}

/// The body of a new item.
fn made(apart: &Apart, item: &Value, at: i64) -> Value {
    let mut resource = blank(apart);
    for (name, pointer) in apart.members {
        if let Some(value) = item.get(*name).filter(|value| !value.is_null()) {
            put(&mut resource, pointer, value.clone());
        }
    }
    if let Some(pointer) = apart.place {
        put(&mut resource, pointer, at.into());
    }
    json!({ "data": resource })
}

/// The body of a change: attributes alone, those that are left out by a null.
fn changed(apart: &Apart, item: &Value, at: i64) -> Value {
    let mut resource = json!({ "type": blank(apart)["type"] });
    for (name, pointer) in apart.members.iter().filter(|(_, pointer)| pointer.starts_with("/attributes/")) {
        put(&mut resource, pointer, item.get(*name).cloned().unwrap_or_default());
    }
    if let Some(pointer) = apart.place {
        put(&mut resource, pointer, at.into());
    }
    json!({ "data": resource })
}

/// What became of the resources by the answer to one write.
pub fn done(apart: &Apart, there: &mut Vec<Value>, step: &Step, answer: Option<Value>) {
    let at = |there: &[Value], own: &str| {
        there.iter().position(|resource| id(apart, resource).is_some_and(|id| id == own))
    };
    match (step, answer) {
        (Step::Make(_), Some(resource)) => there.push(resource),
        (Step::Change(own, _), Some(resource)) => {
            if let Some(at) = at(there, own) {
                there[at] = resource;
            }
        }
        (Step::Take(own), _) => {
            if let Some(at) = at(there, own) {
                there.remove(at);
            }
        }
        _ => {}
    }
}
