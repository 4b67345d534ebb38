//! Resources and live objects -> the plan: match by mark, compare, order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::{Map, Value};

use crate::canon;
use crate::config::Scope;
use crate::cores::in_parallel;
use crate::diagnostic::{Diagnostic, step};
use crate::diff::{diff, same};
use crate::fill::{fill, fill_text};
use crate::glance;
use crate::kind::{self, Kind};
use crate::mark;
use crate::model::{
    Action, Address, Attribute, Body, Change, FieldChange, Instances, Known, Live, Mark, Notes, Plan,
    Reference, Resource,
};
use crate::order::order;
use crate::outgoing::{to_create, to_let_go, to_update, with_ignored};
use crate::rename;
use crate::risk::{Stake, risks};

/// A thread is worth so many pairs.
const WORTH_THREADS: usize = 32;

/// What a plan is made from.
pub struct Inputs<'a> {
    pub scope: &'a Scope,
    pub site: &'a str,
    pub organisation: Option<&'a str>,
    pub resources: &'a [Resource],
    /// What `$forget` lets go: addresses without bodies.
    pub forgotten: &'a [Resource],
    /// What bears the owner's mark, of all kinds, and what `$id` names, whatever mark it bears.
    pub live: &'a [Live],
    /// Addresses that may change: `--only`.
    pub selected: &'a (dyn Fn(&Address) -> bool + Sync),
}

/// The plan, and what else there is to say: clones, objects that are gone, unknown fields.
pub fn plan(inputs: &Inputs) -> (Plan, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let matched = match_by_mark(inputs, &mut diagnostics);
    let known = known_ids(inputs, &matched.pairs);
    let mut changes = Vec::new();
    let mut unchanged = 0;
    let mut unknown: BTreeMap<(&'static str, String), usize> = BTreeMap::new();
    let compare_some =
        |pairs: &[Pair], _| pairs.iter().map(|pair| compare(inputs, pair, &known)).collect::<Vec<_>>();
    for compared in in_parallel(&matched.pairs, WORTH_THREADS, &compare_some).into_iter().flatten() {
        match compared.change {
            Some(change) => changes.push(change),
            None if compared.selected => unchanged += 1,
            None => {}
        }
        for path in compared.unknown {
            *unknown.entry((compared.section, path)).or_default() += 1;
        }
    }
    changes.extend(matched.leftover.iter().filter_map(|live| delete(inputs, live)));
    changes.extend(matched.forgotten.iter().filter_map(|(resource, live)| let_go(inputs, resource, live)));
    changes.sort_by(|a, b| (&a.address, a.action, &a.datadog_id).cmp(&(&b.address, b.action, &b.datadog_id)));
    order(&mut changes);
    let declared: HashSet<&Address> = inputs.resources.iter().map(|resource| &resource.address).collect();
    let renames = rename::find(&mut changes, &known, &|address| declared.contains(address));
    diagnostics
        .extend(unknown.into_iter().map(|((section, path), count)| unknown_field(section, &path, count)));
    let instances = count_instances(inputs, &changes);
    diagnostics.extend(unreachable_references(inputs, &changes, &known));
    let plan = Plan {
        project: inputs.scope.project.clone(),
        environment: inputs.scope.environment.clone(),
        site: inputs.site.to_owned(),
        organisation: inputs.organisation.map(str::to_owned),
        changes,
        unchanged,
        known,
        owned: count_owned(inputs),
        instances,
        declared: inputs.resources.len() + inputs.forgotten.len(),
        notes: Notes { renames, ..Notes::default() },
    };
    (plan, diagnostics)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Mark,
    OldMark,
    Id,
}

struct Pair<'a> {
    resource: &'a Resource,
    kind: &'static Kind,
    live: Option<(&'a Live, Found)>,
    /// A field differs that can't be changed in place.
    replaced: bool,
}

/// Whether a live object is the owner's.
fn bears(live: &Live, scope: &Scope) -> bool {
    live.mark.as_ref().is_some_and(|mark| mark.owner == scope.owner)
}

struct Matched<'a> {
    pairs: Vec<Pair<'a>>,
    /// Ours, and declared by nobody.
    leftover: Vec<&'a Live>,
    /// Ours, and let go: copies of the mark too.
    forgotten: Vec<(&'a Resource, &'a Live)>,
}

fn match_by_mark<'a>(inputs: &Inputs<'a>, diagnostics: &mut Vec<Diagnostic>) -> Matched<'a> {
    let mut marked: BTreeMap<(&str, &str), Vec<&'a Live>> = BTreeMap::new();
    for live in inputs.live {
        if let Some(mark) = live.mark.as_ref().filter(|_| bears(live, inputs.scope)) {
            marked.entry((live.section, &mark.id)).or_default().push(live);
        }
    }
    let mut forgotten = Vec::new();
    for resource in inputs.forgotten {
        let found = marked.remove(&(resource.address.section(), resource.address.id()));
        forgotten.extend(found.into_iter().flatten().map(|live| (resource, live)));
    }
    let declared: HashSet<&Address> = inputs.resources.iter().map(|resource| &resource.address).collect();
    let mut pairs = Vec::with_capacity(inputs.resources.len());
    let mut leftover = Vec::new();
    for resource in inputs.resources {
        let Some(kind) = kind::of_section(resource.address.section()) else { continue };
        let old = resource
            .directives
            .moved_from
            .iter()
            .find(|old| !declared.contains(old) && marked.contains_key(&(old.section(), old.id())));
        let live = if let Some(found) = marked.remove(&(kind.section, resource.address.id())) {
            Some((ours(kind, &found, Some(resource), &mut leftover, diagnostics), Found::Mark))
        } else if let Some(found) = old.and_then(|old| marked.remove(&(kind.section, old.id()))) {
            Some((ours(kind, &found, Some(resource), &mut leftover, diagnostics), Found::OldMark))
        } else {
            adopt(inputs, resource, diagnostics).map(|live| (live, Found::Id))
        };
        pairs.push(Pair { resource, kind, live, replaced: false });
    }
    let replaced = in_parallel(&pairs, WORTH_THREADS, &|pairs, _| {
        let is_replaced = |pair: &Pair| {
            pair.live.is_some_and(|(live, _)| must_replace(pair.kind, &pair.resource.body, &live.body))
        };
        pairs.iter().map(is_replaced).collect::<Vec<_>>()
    });
    for (pair, replaced) in pairs.iter_mut().zip(replaced.into_iter().flatten()) {
        pair.replaced = replaced;
    }
    for ((section, _), found) in marked {
        if let Some(kind) = kind::of_section(section) {
            leftover.push(ours(kind, &found, None, &mut Vec::new(), diagnostics));
        }
    }
    Matched { pairs, leftover, forgotten }
}

/// Of the live objects with one mark, the one that a plan takes. There must be one.
pub fn taken<'a>(kind: &Kind, found: &[&'a Live], resource: Option<&Resource>) -> &'a Live {
    ours(kind, found, resource, &mut Vec::new(), &mut Vec::new())
}

/// Of the live objects with one mark, ours: the oldest that can be what is declared. One that can't is
/// the rest of an interrupted replace, and goes; the others are clones, told and left alone.
fn ours<'a>(
    kind: &Kind,
    found: &[&'a Live],
    resource: Option<&Resource>,
    leftover: &mut Vec<&'a Live>,
    diagnostics: &mut Vec<Diagnostic>,
) -> &'a Live {
    if let [only] = found {
        return only;
    }
    let mut by_age: Vec<&'a Live> = found.to_vec();
    by_age.sort_by_key(|live| age(kind, live));
    let fits = |live: &Live| resource.is_none_or(|resource| !must_replace(kind, &resource.body, &live.body));
    let chosen = by_age.iter().position(|live| fits(live)).unwrap_or(0);
    let chosen = by_age.remove(chosen);
    let (clones, rests): (Vec<&Live>, Vec<&Live>) =
        by_age.into_iter().partition(|live| fits(live) || !fits(chosen));
    leftover.extend(rests);
    if let Some(mark) = chosen.mark.as_ref().filter(|_| !clones.is_empty()) {
        let urls = clones.iter().map(|live| live.url.as_str()).collect::<Vec<_>>().join(", ");
        diagnostics.push(
            Diagnostic::warning(
                "duplicate-mark",
                format!(
                    "{} live objects bear the mark of `{}/{}`; the oldest, {}, is taken, the others are left alone: {urls}",
                    clones.len() + 1,
                    kind.section,
                    mark.id,
                    chosen.url,
                ),
                None,
            )
            .help(
                "a clone made in the UI copies the mark, and two applies at once may both make it: delete those \
                 that are not wanted, or take the mark off them",
            ),
        );
    }
    chosen
}

/// Sorts live objects from the oldest: by time of creation, then by id as a number, then as text.
fn age(kind: &Kind, live: &Live) -> (u64, String, u64, String) {
    let created = live.body.pointer(kind.created);
    (
        created.and_then(Value::as_u64).unwrap_or_default(),
        created.and_then(Value::as_str).unwrap_or_default().to_owned(),
        live.id.parse().unwrap_or_default(),
        live.id.clone(),
    )
}

/// The live object that `$id` names, if it may be taken.
fn adopt<'a>(
    inputs: &Inputs<'a>,
    resource: &Resource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'a Live> {
    let id = resource.directives.adopt.as_deref()?;
    let at = resource.origin.layers.first().map(|at| at.child("/$id"));
    match inputs.live.iter().find(|live| live.section == resource.address.section() && live.id == id) {
        None => {
            diagnostics.push(
                Diagnostic::warning(
                    "adopted-gone",
                    format!(
                        "`{}` adopts `{id}`, which does not exist: a new one will be created",
                        resource.address
                    ),
                    at,
                )
                .help("take `$id` out once the new one exists"),
            );
            None
        }
        Some(live) => match &live.mark {
            Some(mark) => {
                diagnostics.push(
                    Diagnostic::error(
                        "adopted-owned",
                        format!(
                            "`{}` adopts `{id}`, which bears the mark `{}` of `{}`",
                            resource.address, mark.id, mark.owner
                        ),
                        at,
                    )
                    .help(how_to_take(inputs.scope, mark, id)),
                );
                None
            }
            None => Some(live),
        },
    }
}

/// What to do about an object that bears a mark already.
fn how_to_take(scope: &Scope, mark: &Mark, id: &str) -> String {
    if mark.owner == scope.owner {
        return format!("it is declared under another id: rename it with `$moved_from: {}`", mark.id);
    }
    let own_project = mark.owner.0.strip_prefix(&scope.project).and_then(|rest| rest.strip_prefix('.'));
    match own_project {
        Some(environment) => format!(
            "that is this project's environment `{environment}`: write `$id: {{{environment}: {id}}}`; an environment \
             that isn't listed makes an object of its own"
        ),
        None => format!(
            "let it go there first: `$forget: true` at `{}` in the project that owns it, or `musher forget`",
            mark.id
        ),
    }
}

fn must_replace(kind: &Kind, desired: &Body, live: &Value) -> bool {
    kind.immutable.iter().filter_map(|path| path.strip_prefix('/')).any(|key| {
        let (desired, live) = (desired.get(key), live.get(key));
        if desired.as_ref() == live {
            return false;
        }
        let alone = |value: Option<Value>| {
            let member = value.map(|value| (key.to_owned(), value));
            canon::normal(kind, &Value::Object(member.into_iter().collect::<Map<_, _>>()))
        };
        !same(&alone(desired), &alone(live.cloned()))
    })
}

/// What references may be filled with now: a replaced object gets its new id only in apply.
fn known_ids(inputs: &Inputs, pairs: &[Pair]) -> BTreeMap<Address, Known> {
    pairs
        .iter()
        .filter(|pair| !pair.replaced || !(inputs.selected)(&pair.resource.address))
        .filter_map(|pair| {
            let (live, _) = pair.live?;
            Some((pair.resource.address.clone(), Known { id: live.id.clone(), url: live.url.clone() }))
        })
        .collect()
}

/// The text that a reference stands for, where it is known.
pub fn answer(known: &BTreeMap<Address, Known>, reference: &Reference) -> Option<String> {
    let known = known.get(&reference.target)?;
    Some(match reference.attribute {
        Attribute::Id => known.id.clone(),
        Attribute::Url => known.url.clone(),
    })
}

struct Compared {
    section: &'static str,
    selected: bool,
    change: Option<Change>,
    unknown: Vec<String>,
}

fn compare(inputs: &Inputs, pair: &Pair, known: &BTreeMap<Address, Known>) -> Compared {
    let selected = (inputs.selected)(&pair.resource.address);
    let mut compared = Compared { section: pair.kind.section, selected, change: None, unknown: Vec::new() };
    if !selected {
        return compared;
    }
    let mark = Mark {
        owner: inputs.scope.owner.clone(),
        id: pair.resource.address.id().to_owned(),
        protect: pair.resource.directives.protect,
    };
    compared.change = match pair.live {
        None => Some(create(pair, &mark)),
        Some((live, found)) => {
            let (change, unknown) = update(pair, live, found, &mark, known);
            compared.unknown = unknown;
            change
        }
    };
    compared
}

fn create(pair: &Pair, mark: &Mark) -> Change {
    let resource = pair.resource;
    let mut change = Change::new(pair.kind.name, resource.address.clone(), Action::Create);
    let protected = resource.directives.protect;
    let body = resource.body.value();
    let stake = Stake { action: Action::Create, live: None, wanted: Some(&body), protected };
    change.risks = risks(pair.kind, stake);
    change.diff = added(canon::normal(pair.kind, &body));
    change.body = Body::of(&to_create(pair.kind, &body, mark));
    change.origin = Some(resource.origin.clone());
    change.instance.clone_from(&resource.instance);
    change.protected = protected;
    change
}

fn added(body: Value) -> Vec<FieldChange> {
    let Value::Object(members) = body else { return Vec::new() };
    let field =
        |(key, value): (String, _)| FieldChange { path: step(&key), before: None, after: Some(value) };
    members.into_iter().map(field).collect()
}

/// The change that brings a live object to what is declared, if any; and its unknown fields.
fn update(
    pair: &Pair,
    live: &Live,
    found: Found,
    mark: &Mark,
    known: &BTreeMap<Address, Known>,
) -> (Option<Change>, Vec<String>) {
    let full = || differences(pair, live, found, mark, known);
    if found == Found::Mark && is_untouched(pair, live, mark, known) {
        debug_assert!(
            matches!(full(), (None, unknown) if unknown.is_empty()),
            "{} is no change at first sight, and is one",
            pair.resource.address
        );
        return (None, Vec::new());
    }
    full()
}

/// Whether nothing is to be done, seen at a glance: for most of a plan, and at a fraction of the price.
fn is_untouched(pair: &Pair, live: &Live, mark: &Mark, known: &BTreeMap<Address, Known>) -> bool {
    let directives = &pair.resource.directives;
    let differs_by_mark = live.mark.as_ref().is_some_and(|live| live.protect != mark.protect);
    if pair.replaced || !directives.ignore.is_empty() || differs_by_mark {
        return false;
    }
    let Some(desired) =
        fill_text(pair.kind, pair.resource.body.text(), &|reference| answer(known, reference))
    else {
        return false;
    };
    let bare = mark::bare(pair.kind, &live.body);
    let bare = bare.as_ref().map(|(name, value)| (*name, value));
    glance::equal(pair.kind, &desired, &live.body, bare)
}

fn differences(
    pair: &Pair,
    live: &Live,
    found: Found,
    mark: &Mark,
    known: &BTreeMap<Address, Known>,
) -> (Option<Change>, Vec<String>) {
    let resource = pair.resource;
    let mut bare = live.body.clone();
    mark::strip(pair.kind, &mut bare);
    let was_protected = live.mark.as_ref().is_some_and(|mark| mark.protect);
    let declared = resource.body.value();
    let wanted = with_ignored(&declared, &bare, &resource.directives.ignore);
    let filled = fill(pair.kind, &wanted, &|reference| answer(known, reference));
    let aligned = canon::align(pair.kind, &filled, &bare);
    let mut fields = diff(&aligned.live, &aligned.desired);
    if was_protected != mark.protect {
        fields.push(FieldChange {
            path: "/$protect".to_owned(),
            before: Some(was_protected.into()),
            after: Some(mark.protect.into()),
        });
    }
    let action = match found {
        _ if pair.replaced => Action::Replace,
        Found::OldMark => Action::Move,
        Found::Id => Action::Adopt,
        Found::Mark if fields.is_empty() => return (None, aligned.unknown),
        Found::Mark => Action::Update,
    };
    let mut change = Change::new(pair.kind.name, resource.address.clone(), action);
    change.datadog_id = Some(live.id.clone());
    change.url = Some(live.url.clone());
    if found == Found::OldMark {
        change.moved_from = live.mark.as_ref().map(|mark| Address::new(resource.address.section(), &mark.id));
    }
    change.protected = was_protected || mark.protect;
    let (live_form, wanted_form) = (Some(&aligned.live), Some(&aligned.desired));
    let stake = Stake { action, live: live_form, wanted: wanted_form, protected: change.protected };
    change.risks = risks(pair.kind, stake);
    change.diff = fields;
    change.body = Body::of(&if action == Action::Replace {
        to_create(pair.kind, &wanted, mark)
    } else {
        to_update(pair.kind, &wanted, &bare, &aligned, mark)
    });
    change.origin = Some(resource.origin.clone());
    change.instance.clone_from(&resource.instance);
    change.live = Some(live.body.clone());
    (Some(change), aligned.unknown)
}

fn delete(inputs: &Inputs, live: &Live) -> Option<Change> {
    let kind = kind::of_section(live.section)?;
    let mark = live.mark.as_ref()?;
    let address = Address::new(live.section, &mark.id);
    if !(inputs.selected)(&address) {
        return None;
    }
    let mut change = Change::new(kind.name, address, Action::Delete);
    let mut bare = live.body.clone();
    mark::strip(kind, &mut bare);
    let stake = Stake { action: Action::Delete, live: Some(&bare), wanted: None, protected: mark.protect };
    change.risks = risks(kind, stake);
    change.datadog_id = Some(live.id.clone());
    change.url = Some(live.url.clone());
    change.live = Some(live.body.clone());
    change.protected = mark.protect;
    Some(change)
}

/// Takes the mark off: nobody's business is what else the object says.
fn let_go(inputs: &Inputs, resource: &Resource, live: &Live) -> Option<Change> {
    let kind = kind::of_section(live.section).filter(|_| (inputs.selected)(&resource.address))?;
    let mut change = Change::new(kind.name, resource.address.clone(), Action::Forget);
    change.datadog_id = Some(live.id.clone());
    change.url = Some(live.url.clone());
    change.body = Body::of(&to_let_go(kind, &live.body));
    change.live = Some(live.body.clone());
    change.origin = Some(resource.origin.clone()).filter(|origin| !origin.layers.is_empty());
    change.instance.clone_from(&resource.instance);
    change.protected = live.mark.as_ref().is_some_and(|mark| mark.protect);
    Some(change)
}

fn unknown_field(section: &str, path: &str, count: usize) -> Diagnostic {
    let field = path.trim_start_matches('/').replace('/', ".");
    let (objects, hold) = if count == 1 { ("object", "holds") } else { ("objects", "hold") };
    Diagnostic::warning(
        "unknown-live-field",
        format!(
            "{count} live {objects} of `{section}` {hold} `{field}`, which musher doesn't know: not compared"
        ),
        None,
    )
    .help("declare the field to have it compared; it stays as it is otherwise")
}

/// How many resources of the owner are live, each once, however many copies of it somebody made.
fn count_owned(inputs: &Inputs) -> usize {
    let ours = inputs.live.iter().filter(|live| bears(live, inputs.scope));
    let resources: BTreeSet<(&str, &str)> =
        ours.filter_map(|live| Some((live.section, live.mark.as_ref()?.id.as_str()))).collect();
    resources.len()
}

/// How many instances of each declared use are live, and how many of them nothing declares any more.
fn count_instances(inputs: &Inputs, changes: &[Change]) -> BTreeMap<String, Instances> {
    let names: BTreeSet<&str> =
        inputs.resources.iter().filter_map(|r| Some(r.instance.as_ref()?.name.as_str())).collect();
    let key = |id: &str| -> Option<(String, String)> {
        let mut parts = id.split('/');
        let (name, key, _) = (parts.next()?, parts.next()?, parts.next()?);
        names.contains(name).then(|| (name.to_owned(), key.to_owned()))
    };
    let live: BTreeSet<(String, String)> = inputs
        .live
        .iter()
        .filter(|live| bears(live, inputs.scope))
        .filter_map(|live| key(&live.mark.as_ref()?.id))
        .collect();
    let deleted: HashMap<(String, String), usize> = changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .filter_map(|change| key(change.address.id()))
        .fold(HashMap::new(), |mut counts, key| {
            *counts.entry(key).or_default() += 1;
            counts
        });
    let declared: BTreeSet<(String, String)> =
        inputs.resources.iter().filter_map(|resource| key(resource.address.id())).collect();
    let mut counts: BTreeMap<String, Instances> = BTreeMap::new();
    for instance in live {
        let gone = deleted.contains_key(&instance) && !declared.contains(&instance);
        let count = counts.entry(instance.0).or_default();
        count.live += 1;
        count.gone += usize::from(gone);
    }
    counts
}

/// References of changes to what is neither live nor made by this plan: with `--only`, out of reach.
fn unreachable_references(
    inputs: &Inputs,
    changes: &[Change],
    known: &BTreeMap<Address, Known>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for change in changes {
        let references = change.body.iter().flat_map(|body| Reference::in_text(body.text()));
        let references: BTreeSet<Reference> = references.map(|(_, reference)| reference).collect();
        for reference in references {
            if known.contains_key(&reference.target) || (inputs.selected)(&reference.target) {
                continue;
            }
            let at = change.origin.as_ref().and_then(|origin| origin.layers.first().cloned());
            found.push(
                Diagnostic::error(
                    "reference-not-live",
                    format!(
                        "`{}` refers to `{}`, which is not live and outside `--only`",
                        change.address, reference.target
                    ),
                    at,
                )
                .help(format!("add `--only {}`", reference.target)),
            );
        }
    }
    found
}
