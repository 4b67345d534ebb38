//! Two versions of the definitions -> what changed between them; and whose each difference to what is live is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::config::Scope;
use crate::diff::diff;
use crate::fill::fill;
use crate::kind::{self, ORDER, members};
use crate::mark;
use crate::model::{
    Action, Address, Attribute, Cause, Causes, Change, Claim, Live, Mark, Owner, Plan, Reference, Resource,
};
use crate::outgoing::to_create;
use crate::plan::{Inputs, plan};
use crate::pointer::put;

/// One version of a project.
#[derive(Clone, Copy)]
pub struct Version<'a> {
    pub scope: &'a Scope,
    pub resources: &'a [Resource],
    pub forgotten: &'a [Resource],
}

/// The plan that brings what `old` declares to what `new` does, nothing asked: ids stand as references are written.
pub fn between(old: Version<'_>, new: Version<'_>, selected: &(dyn Fn(&Address) -> bool + Sync)) -> Plan {
    let live = as_live(&old.scope.owner, old.resources);
    let unordered: Vec<Resource> =
        new.resources.iter().filter(|resource| !is_order(resource)).cloned().collect();
    let (mut plan, _) = plan(&Inputs {
        scope: new.scope,
        site: "",
        organisation: None,
        // Nothing is over: what is written is compared, whenever that is done.
        now: jiff::Timestamp::UNIX_EPOCH,
        resources: &unordered,
        forgotten: new.forgotten,
        live: &live,
        unlisted: &[],
        selected,
        seen_last: &|_, _| None,
    });
    plan.declared = new.resources.len() + new.forgotten.len();
    plan.changes.extend(orders(old.resources, new.resources, selected, &mut plan.unchanged));
    let adopts: BTreeSet<&Address> =
        unordered.iter().filter(|own| own.directives.adopt.is_some()).map(|own| &own.address).collect();
    for change in &mut plan.changes {
        // These ids are names of ours.
        (change.datadog_id, change.url) = (None, None);
        if change.action == Action::Create && adopts.contains(&change.address) {
            change.action = Action::Adopt;
        }
    }
    plan.changes.sort_by(|a, b| (&a.address, a.action).cmp(&(&b.address, b.action)));
    plan.questions.clear();
    plan
}

fn is_order(resource: &Resource) -> bool {
    resource.address.section() == ORDER.section
}

/// What the definitions declare, as if an apply had made it, each object with its reference for an id.
fn as_live(owner: &Owner, resources: &[Resource]) -> Vec<Live> {
    let live = |resource: &Resource| {
        let kind = kind::of_section(resource.address.section())?;
        let mut body = resource.body.value();
        mark::strip(kind, &mut body);
        let body = fill(kind, &body, &|reference| Some(written(reference)));
        let own = Mark {
            owner: owner.clone(),
            id: resource.address.id().to_owned(),
            protect: resource.directives.protect,
        };
        let name = |attribute| written(&Reference { target: resource.address.clone(), attribute });
        let mut body = if kind.is_keyed() { body.into_owned() } else { to_create(kind, &body, &own) };
        if let Some(at) = kind.quirks.alert {
            put(&mut body, at, name(Attribute::Alert).into());
        }
        Some(Live {
            section: kind.section,
            id: name(Attribute::Id),
            mark: mark::read_as(kind, &body, owner),
            body,
            url: name(Attribute::Url),
        })
    };
    let declared = resources.iter().filter(|resource| !resource.directives.absent && !is_order(resource));
    declared.filter_map(live).collect()
}

/// A reference as it is written in a definition: `${monitors.[a/b].id}`.
fn written(reference: &Reference) -> String {
    let marker = reference.marker();
    let inside = marker.trim_start_matches(Reference::OPEN).trim_end_matches(Reference::CLOSE);
    let (attribute, target) = inside.split_once(' ').unwrap_or((inside, ""));
    let (section, id) = target.split_once('/').unwrap_or((target, ""));
    let is_bare = !id.contains(['.', '/']);
    let id = if is_bare { id.to_owned() } else { format!("[{id}]") };
    format!("${{{section}.{id}.{attribute}}}")
}

/// Orders are lists of references: they are never made and never go.
fn orders(
    old: &[Resource],
    new: &[Resource],
    selected: &dyn Fn(&Address) -> bool,
    unchanged: &mut usize,
) -> Vec<Change> {
    let listed = |resource: &Resource| {
        members(&fill(&ORDER, &resource.body.value(), &|reference| Some(written(reference))))
    };
    let mut changes = Vec::new();
    for resource in new.iter().filter(|resource| is_order(resource) && selected(&resource.address)) {
        let before = old.iter().find(|other| other.address == resource.address).map(listed);
        let after = listed(resource);
        if before.as_ref() == Some(&after) {
            *unchanged += 1;
            continue;
        }
        let mut change = Change::new(ORDER.name, resource.address.clone(), Action::Update);
        change.diff = diff(&json!({"members": before.unwrap_or_default()}), &json!({ "members": after }));
        change.claim = Claim::Name;
        change.origin = Some(resource.origin.clone());
        change.instance.clone_from(&resource.instance);
        changes.push(change);
    }
    changes
}

/// Tells why each entry of a plan is there: `change` is what the definitions changed, `drift` what an apply of the
/// older version would have to do.
pub fn causes(plan: &Plan, change: &Plan, drift: &Plan) -> BTreeMap<Address, Causes> {
    let by_address = |plan: &Plan| -> BTreeMap<Address, Change> {
        plan.changes.iter().map(|change| (change.address.clone(), change.clone())).collect()
    };
    let (change, drift) = (by_address(change), by_address(drift));
    let of = |entry: &Change| {
        let from = entry.moved_from.as_ref();
        // A moved object drifted under its old address.
        let old = drift.get(&entry.address).or_else(|| drift.get(from?));
        (entry.address.clone(), causes_of(entry, change.get(&entry.address), old))
    };
    plan.changes.iter().map(of).collect()
}

fn causes_of(entry: &Change, change: Option<&Change>, drift: Option<&Change>) -> Causes {
    let whole = match (change.is_some(), drift.is_some()) {
        (true, true) => Cause::Both,
        (true, false) => Cause::Change,
        (false, _) => Cause::Drift,
    };
    // What is made or goes as a whole has one cause: the fields tell what it is, not what changed.
    let as_one =
        |other: Option<&Change>| other.is_some_and(|other| other.makes() || other.action == Action::Delete);
    if entry.makes() || entry.action == Action::Delete || as_one(drift) {
        // An object that the older version would make anew too is missing, whoever changed its definition.
        let cause = match change {
            Some(change) if drift.is_some() && change.action == entry.action => Cause::Change,
            _ => whole,
        };
        let fields = entry.diff.iter().map(|field| (field.path.clone(), (cause, None)));
        return Causes { cause, fields: fields.collect(), ..Causes::default() };
    }
    let fields: BTreeMap<String, (Cause, Option<Value>)> = entry
        .diff
        .iter()
        .map(|field| {
            let (ours, theirs) = (touches(change, &field.path), touches(drift, &field.path));
            let cause = match (ours, theirs) {
                (true, true) => Cause::Both,
                (true, false) => Cause::Change,
                (false, true) => Cause::Drift,
                (false, false) => whole,
            };
            let base = || drift.and_then(|drift| value_at(drift, &field.path, false));
            let base = base().or_else(|| change.and_then(|change| value_at(change, &field.path, true)));
            (field.path.clone(), (cause, base.filter(|_| cause == Cause::Both)))
        })
        .collect();
    let mut all = fields.values().map(|(cause, _)| *cause);
    let first = all.next().unwrap_or(whole);
    // An action of its own, such as a move, is this change's as well.
    let acts = entry.action != Action::Update && change.is_some_and(|change| change.action == entry.action);
    let agrees = all.all(|cause| cause == first) && (!acts || first == Cause::Change);
    // What this change would endanger by itself is its own, whatever it meets.
    let own: BTreeSet<&str> = change.iter().flat_map(|change| &change.risks).map(|risk| risk.code).collect();
    let others = entry.risks.iter().map(|risk| risk.code).filter(|code| !own.contains(code));
    let drifted = if drift.is_some() { others.collect() } else { BTreeSet::new() };
    Causes { cause: if agrees { first } else { Cause::Both }, fields, drifted }
}

/// Whether a change has a field at this place, in it, or around it.
fn touches(change: Option<&Change>, path: &str) -> bool {
    let inside = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    change.is_some_and(|change| {
        change.diff.iter().any(|field| inside(&field.path, path) || inside(path, &field.path))
    })
}

fn value_at(change: &Change, path: &str, before: bool) -> Option<Value> {
    let field = change.diff.iter().find(|field| field.path == path)?;
    if before { field.before.clone() } else { field.after.clone() }
}

/// Takes out of a plan what can't be compared since one side is broken: what seems to be made or to go, and may only not
/// be readable there. How many.
pub fn leave_out(plan: &mut Plan, unknown: &dyn Fn(&Change) -> bool) -> usize {
    let before = plan.changes.len();
    plan.changes.retain(|change| !(change.makes() || change.action == Action::Delete) || !unknown(change));
    let kept: BTreeSet<Address> = plan.changes.iter().map(|change| change.address.clone()).collect();
    for change in &mut plan.changes {
        change.after.retain(|address| kept.contains(address));
    }
    before - plan.changes.len()
}
