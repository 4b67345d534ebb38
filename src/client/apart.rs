//! A part whose items are resources of their own: what they say, and the writes that bring them to what is declared.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::answer::is_segment;
use crate::kind::{Apart, Held, Kind, Part};
use crate::pointer::{put, take};
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
pub fn items<'r>(apart: &Apart, resources: impl IntoIterator<Item = &'r Value>) -> Value {
    let mut own: Vec<&Value> =
        resources.into_iter().filter(|resource| (apart.keeper)(resource).is_none()).collect();
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
    resource.pointer(apart.id)?.as_str().filter(|id| is_segment(id)).map(str::to_owned)
}

/// The resources that stand beside the objects of a list, taken out of it.
pub fn included(kind: &Kind, answer: &mut Value) -> Vec<Value> {
    let is_shown = |part: &Part| matches!(&part.held, Held::Apart(apart) if apart.shown.is_some());
    if !kind.api.parts.iter().any(is_shown) {
        return Vec::new();
    }
    match answer.get_mut("included").map(Value::take) {
        Some(Value::Array(included)) => included,
        _ => Vec::new(),
    }
}

/// Puts into the objects of a list what it shows of their parts, where that is all of it: an object tells how many there
/// are.
pub fn add_shown(kind: &Kind, included: &[Value], bodies: &mut [(String, Value)]) {
    for part in kind.api.parts {
        let Held::Apart(apart) = &part.held else { continue };
        let Some(shown) = apart.shown else { continue };
        let class = &blank(apart)["type"];
        let mut by_id: HashMap<&str, Vec<&Value>> = HashMap::new();
        for resource in included.iter().filter(|resource| resource.get("type") == Some(class)) {
            if let Some(id) = resource.pointer(shown.of).and_then(Value::as_str) {
                by_id.entry(id).or_default().push(resource);
            }
        }
        for (id, body) in &mut *bodies {
            let Some(own) = by_id.get(id.as_str()) else { continue };
            let count = body.pointer(shown.count).and_then(Value::as_u64);
            if count == u64::try_from(own.len()).ok() {
                body[part.field] = items(apart, own.iter().copied());
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

/// Whether two bodies make the same item, wherever it is to stand.
pub fn is_same(apart: &Apart, one: &Value, other: &Value) -> bool {
    let placeless = |body: &Value| {
        let mut resource = body["data"].clone();
        if let Some(pointer) = apart.place {
            take(&mut resource, pointer);
        }
        resource
    };
    placeless(one) == placeless(other)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::of_section;

    /// A part of teams.
    fn part(field: &str) -> (&'static Part, &'static Apart) {
        let teams = of_section("teams").expect("a kind");
        let part = teams.api.parts.iter().find(|part| part.field == field).expect("a part");
        match &part.held {
            Held::Apart(apart) => (part, apart),
            Held::Whole(_) => panic!("not written one by one"),
        }
    }

    fn link(id: &str, label: &str, position: i64) -> Value {
        json!({"type": "team_links", "id": id, "attributes":
            {"team_id": "t", "label": label, "url": format!("https://{label}"), "position": position}})
    }

    fn member(user: &str, role: &Value, keeper: &Value) -> Value {
        json!({"type": "team_memberships", "id": format!("TeamMembership-t-{user}"),
            "attributes": {"role": role, "provisioned_by": keeper},
            "relationships": {"user": {"data": {"type": "users", "id": user}}}})
    }

    /// What is sent for links: `+label@place`, `ID=label@place`, `-ID`.
    fn link_steps(wanted: &[(&str, &str)], there: &[Value]) -> Vec<String> {
        let (part, apart) = part("links");
        let wanted: Vec<Value> = wanted
            .iter()
            .map(|(label, url)| json!({"label": label, "url": format!("https://{url}")}))
            .collect();
        let told = |body: &Value| {
            let own = &body["data"]["attributes"];
            assert_eq!(body["data"]["type"], "team_links");
            format!("{}@{}", own["label"].as_str().expect("a label"), own["position"])
        };
        let steps = steps(part, apart, &wanted, there).expect("nobody else keeps links");
        let step = |step: &Step| match step {
            Step::Make(body) => format!("+{}", told(body)),
            Step::Change(id, body) => format!("{id}={}", told(body)),
            Step::Take(id) => format!("-{id}"),
        };
        steps.iter().map(step).collect()
    }

    #[test]
    fn links_are_brought_to_their_order_by_few_writes() {
        let there = [link("1", "a", 0), link("2", "b", 5)];
        for (wanted, expected) in [
            (vec![("a", "a"), ("b", "b")], vec![]),
            // Of two that change places one moves.
            (vec![("b", "b"), ("a", "a")], vec!["1=a@6"]),
            (vec![("a", "a"), ("b", "b"), ("c", "c")], vec!["+c@6"]),
            (vec![("c", "c"), ("a", "a"), ("b", "b")], vec!["+c@0", "1=a@1"]),
            // Another label, or another address, is the same link; both are another one, and the old one goes last.
            (vec![("A", "a"), ("b", "b")], vec!["1=A@0"]),
            (vec![("a", "A"), ("b", "b")], vec!["1=a@0"]),
            (vec![("c", "c"), ("b", "b")], vec!["+c@0", "-1"]),
            (vec![], vec!["-1", "-2"]),
        ] {
            assert_eq!(link_steps(&wanted, &there), expected, "{wanted:?}");
        }
        // Two at one place are in the order of their labels, until somebody says otherwise.
        let level = [link("1", "a", 0), link("2", "b", 0)];
        assert_eq!(items(part("links").1, &level)[0]["label"], "a");
        assert_eq!(link_steps(&[("b", "b"), ("a", "a")], &level), ["1=a@1"]);
        // Of two equal ones the second is another one.
        assert_eq!(link_steps(&[("a", "a"), ("a", "a")], &[link("1", "a", 0)]), ["+a@1"]);
        assert_eq!(link_steps(&[("a", "a")], &[link("1", "a", 0), link("2", "a", 1)]), ["-2"]);
    }

    #[test]
    fn members_are_known_by_their_users_and_those_of_a_provider_are_left_alone() {
        let (part, apart) = part("members");
        let there = [
            member("a", &json!("admin"), &Value::Null),
            member("b", &Value::Null, &json!("service_account")),
            member("c", &json!("admin"), &json!("saml_mapping")),
        ];
        let shown = json!([{"user": "a", "role": "admin"}, {"user": "b"}]);
        assert_eq!(items(apart, &there), shown);
        let of = |wanted: Value| steps(part, apart, wanted.as_array().expect("a list"), &there);
        assert_eq!(of(shown), Ok(vec![]));
        assert_eq!(of(json!([])), Ok(vec![Step::Take("a".into()), Step::Take("b".into())]));
        let attributes =
            |role: Value| json!({"data": {"type": "team_memberships", "attributes": {"role": role}}});
        let made = json!({"data": {"type": "team_memberships",
            "relationships": {"user": {"data": {"type": "users", "id": "d"}}}}});
        assert_eq!(
            of(json!([{"user": "d"}, {"user": "a"}, {"user": "b", "role": "admin"}])),
            Ok(vec![
                Step::Make(made),
                Step::Change("a".into(), attributes(Value::Null)),
                Step::Change("b".into(), attributes(json!("admin"))),
            ])
        );
        let refused = of(json!([{"user": "c"}])).expect_err("somebody else keeps it");
        assert!(refused.contains("`c` stands there already by `saml_mapping`"), "{refused}");
    }

    #[test]
    fn a_list_shows_the_links_of_a_team_whole_or_not_at_all() {
        let teams = of_section("teams").expect("a kind");
        let included = [link("2", "b", 1), link("1", "a", 0), json!({"type": "users", "id": "t"})];
        let both = json!([{"label": "a", "url": "https://a"}, {"label": "b", "url": "https://b"}]);
        for (id, count, expected) in [
            ("t", json!(2), Some(&both)),
            ("t", json!(3), None),
            ("t", Value::Null, None),
            // A number that nobody keeps up to date is no proof that there are none.
            ("u", json!(0), None),
        ] {
            let mut bodies = [(id.to_owned(), json!({ "id": id, "link_count": count }))];
            add_shown(teams, &included, &mut bodies);
            assert_eq!(bodies[0].1.get("links"), expected, "{id} {count}");
        }
    }
}
