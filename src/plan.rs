//! Resources and live objects -> the plan: match by mark or by key, compare, order.

mod finished;
mod orders;
mod policies;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::canon;
use crate::config::Scope;
use crate::cores::in_parallel;
use crate::diagnostic::Diagnostic;
use crate::diff::diff;
use crate::fill::{answer, blinded, escape, fill, fill_text, known_of, secret_places};
use crate::glance::{self, Bare};
use crate::kind::{self, Kind};
use crate::mark;
use crate::matching::{Found, Matched, Pair, Wanted, match_all};
use crate::model::{
    Action, Address, Body, Change, Claim, FieldChange, Instances, Known, Live, Mark, Notes, Plan, Reference,
    Rename, Resource, Secret, Unlisted,
};
use crate::order::{order, wait};
use crate::outgoing::{to_create, to_let_go, to_update, with_ignored};
use crate::pointer::step;
use crate::rename;
use crate::risk::{Watched, risks};
use crate::tell::{self, Around, Side};

/// Below this many pairs, starting a thread costs more than it saves.
const WORTH_THREADS: usize = 32;

/// What a plan is made from.
pub struct Inputs<'a> {
    pub scope: &'a Scope,
    pub site: &'a str,
    pub organisation: Option<&'a str>,
    /// What is over by now is left alone.
    pub now: Timestamp,
    pub resources: &'a [Resource],
    /// What `$forget` lets go: addresses without bodies.
    pub forgotten: &'a [Resource],
    /// What bears the owner's mark, of all kinds, and what `$id` names, whatever mark it bears.
    pub live: &'a [Live],
    /// Kinds that the keys may not list.
    pub unlisted: &'a [&'static Kind],
    /// Addresses that may change: `--only`.
    pub selected: &'a (dyn Fn(&Address) -> bool + Sync),
    /// The live id that a resource was seen with last, by section and id: a hint, where several bear its mark.
    pub seen_last: &'a (dyn Fn(&str, &str) -> Option<String> + Sync),
}

/// The plan, and what else there is to say: clones, objects that are gone, unknown fields.
pub fn plan(inputs: &Inputs) -> (Plan, Vec<Diagnostic>) {
    let namespace = |section: &str, key: &str| inputs.scope.namespace(section, key).map(str::to_owned);
    let (matched, mut diagnostics) = match_all(&Wanted {
        owner: &inputs.scope.owner,
        former: &inputs.scope.former,
        resources: inputs.resources,
        forgotten: inputs.forgotten,
        live: inputs.live,
        namespace: &namespace,
        selected: inputs.selected,
        seen_last: inputs.seen_last,
    });
    let known = known_ids(inputs, &matched.pairs);
    let mut changes = Vec::new();
    let mut unchanged = 0;
    let mut unknown: BTreeMap<(&'static str, String), usize> = BTreeMap::new();
    let compare_some =
        |pairs: &[Pair], _| pairs.iter().map(|pair| compare(inputs, pair, &known)).collect::<Vec<_>>();
    for compared in in_parallel(&matched.pairs, WORTH_THREADS, &compare_some).into_iter().flatten() {
        diagnostics.extend(compared.faults);
        match compared.change {
            Some(change) => changes.push(change),
            None if compared.selected && !compared.finished => unchanged += 1,
            None => {}
        }
        for path in compared.unknown {
            *unknown.entry((compared.section, path)).or_default() += 1;
        }
    }
    changes.extend(removals(inputs, &matched));
    policies::judge(&mut changes, inputs.resources);
    arrange(&mut changes, &matched);
    let renames = tell(inputs, &mut changes, &known);
    diagnostics
        .extend(unknown.into_iter().map(|((section, path), count)| unknown_field(section, &path, count)));
    diagnostics.extend(changes.iter().filter_map(of_others));
    diagnostics.extend(finished::report(inputs.now, &matched.pairs, &inputs.selected));
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
        owned: matched.owned,
        marked: matched.marked,
        instances,
        declared: inputs.resources.len() + inputs.forgotten.len(),
        unlisted: inputs.unlisted.iter().map(|kind| unlisted(kind)).collect(),
        questions: matched.questions,
        notes: Notes { renames, begun: matched.begun, secrets: unseen_secrets(inputs), ..Notes::default() },
    };
    (plan, diagnostics)
}

/// Sorts the changes, and says which waits for which.
fn arrange(changes: &mut [Change], matched: &Matched) {
    changes.sort_by(|a, b| (&a.address, a.action, &a.datadog_id).cmp(&(&b.address, b.action, &b.datadog_id)));
    order(changes);
    for (later, first) in &matched.waits {
        wait(changes, later, first);
    }
}

/// What is to be said of the changes as a whole: names, risks, likely renames.
fn tell(inputs: &Inputs, changes: &mut [Change], known: &BTreeMap<Address, Known>) -> Vec<Rename> {
    let declared: HashSet<&Address> = inputs.resources.iter().map(|resource| &resource.address).collect();
    let renames = rename::find(changes, known, &|address| declared.contains(address));
    let around = Around { known, live: inputs.live, resources: inputs.resources };
    tell::tell(changes, &around);
    renames
}

/// Which fields hold secrets: no plan can tell whether those were changed.
fn unseen_secrets(inputs: &Inputs) -> Vec<(Address, String)> {
    let selected = inputs.resources.iter().filter(|resource| (inputs.selected)(&resource.address));
    let holding = selected.filter(|resource| Secret::is_in(resource.body.text()));
    let places = holding.flat_map(|resource| {
        let places = secret_places(&resource.body.value()).into_iter();
        places.map(|(pointer, _)| (resource.address.clone(), pointer)).collect::<Vec<_>>()
    });
    places.collect()
}

/// What goes, and what is let go.
fn removals(inputs: &Inputs, matched: &Matched) -> Vec<Change> {
    let leftover = matched.leftover.iter().filter_map(|live| delete(inputs, live));
    let unnamed = matched.unnamed.iter();
    let unnamed = unnamed.filter_map(|(live, claim)| delete_unmarked(inputs, live, claim.clone(), None));
    let absent = matched.absent.iter();
    let absent = absent.filter_map(|(live, own)| delete_unmarked(inputs, live, Claim::Absent, Some(own)));
    let forgotten = matched.forgotten.iter().filter_map(|(resource, live)| let_go(inputs, resource, live));
    leftover.chain(unnamed).chain(absent).chain(forgotten).collect()
}

/// A change of an object of others that `$id` names: few of its fields may change, and it is never replaced.
fn of_others(change: &Change) -> Option<Diagnostic> {
    let kind = kind::of_name(change.kind)?;
    change.live.as_ref().filter(|live| (kind.api.foreign)(live))?;
    let (address, fixed) = (&change.address, kind.quirks.fixed);
    let other = change.diff.iter().find(|field| !fixed.contains(&field.path.as_str()));
    let (text, help) = match other {
        _ if fixed.is_empty() => (
            format!("`{address}` adopts an object that is not for people to manage"),
            "take it out".to_owned(),
        ),
        Some(field) => {
            let field = field.path.trim_start_matches('/');
            let may: Vec<&str> = fixed.iter().map(|path| path.trim_start_matches('/')).collect();
            let text = format!("`{address}` is built in, and its `{field}` can't be changed");
            (text, format!("declare it as it stands; what may change is `{}`", may.join("`, `")))
        }
        None => return None,
    };
    let at = change.origin.as_ref().and_then(|origin| origin.layers.first().cloned());
    Some(Diagnostic::error("built-in", text, at).help(help))
}

fn unlisted(kind: &Kind) -> Unlisted {
    Unlisted { section: kind.section, lacks: kind.api.read }
}

/// Whether a live object is the owner's.
fn bears(live: &Live, scope: &Scope) -> bool {
    live.mark.as_ref().is_some_and(|mark| mark.owner == scope.owner)
}

/// What references may be filled with now: a replaced object gets its new id only in apply.
fn known_ids(inputs: &Inputs, pairs: &[Pair]) -> BTreeMap<Address, Known> {
    pairs
        .iter()
        .filter(|pair| {
            // An id that people choose is the same afterwards.
            !pair.replaced || pair.kind.api.id.chosen || !(inputs.selected)(&pair.resource.address)
        })
        .filter_map(|pair| {
            let (live, _) = pair.live?;
            Some((pair.resource.address.clone(), known_of(live)))
        })
        .collect()
}

struct Compared {
    section: &'static str,
    selected: bool,
    finished: bool,
    change: Option<Change>,
    unknown: Vec<String>,
    faults: Vec<Diagnostic>,
}

fn compare(inputs: &Inputs, pair: &Pair, known: &BTreeMap<Address, Known>) -> Compared {
    let selected = (inputs.selected)(&pair.resource.address);
    let mut compared = Compared {
        section: pair.kind.section,
        selected,
        finished: false,
        change: None,
        unknown: Vec::new(),
        faults: Vec::new(),
    };
    if !selected {
        return compared;
    }
    if pair.kind.is_order() {
        if let Some((live, _)) = pair.live {
            (compared.change, compared.faults) = orders::compare(pair, live, known);
        }
        return compared;
    }
    if finished::is_over(pair.kind, pair.resource, inputs.now) {
        compared.finished = true;
        return compared;
    }
    compared.faults.extend(impossible(pair));
    if !compared.faults.is_empty() {
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

/// What can't be planned: an object of which a part can't be seen, and one that may never be replaced.
fn impossible(pair: &Pair) -> Option<Diagnostic> {
    let (live, _) = pair.live?;
    let (address, at) = (&pair.resource.address, pair.resource.origin.layers.first().cloned());
    if let Some((field, permission)) = pair.kind.hidden(&live.body) {
        let text =
            format!("The `{field}` of `{address}` can't be seen by these keys, and so not be compared");
        let help = format!("give them the permission `{permission}`");
        return Some(Diagnostic::error("hidden-field", text, at).help(help));
    }
    if !pair.replaced || !pair.kind.quirks.lasting {
        return None;
    }
    let text = format!(
        "`{address}` would be replaced: a {} that is deleted is gone for ever, and nothing may have its name again",
        pair.kind.name
    );
    let help = format!(
        "declare the new one beside it, under an id of its own; what can't be changed in place is {}",
        pair.kind
            .paths(|field| field.immutable)
            .map(|path| format!("`{}`", path.trim_start_matches('/')))
            .collect::<Vec<_>>()
            .join(", ")
    );
    Some(Diagnostic::error("never-replaced", text, at).help(help))
}

fn create(pair: &Pair, mark: &Mark) -> Change {
    let resource = pair.resource;
    let mut change = Change::new(pair.kind.name, resource.address.clone(), Action::Create);
    let protected = resource.directives.protect;
    let mut body = resource.body.value();
    mark::strip(pair.kind, &mut body);
    let watched = Watched { action: Action::Create, live: None, wanted: Some(&body), protected };
    change.risks = risks(pair.kind, watched);
    let normal = canon::normal(pair.kind, &body);
    change.facts = tell::facts(pair.kind, &normal);
    change.items = tell::items(pair.kind, Side::of(&Value::Null), Side::of(&normal));
    change.diff = added(normal);
    change.body = Body::of(&to_create(pair.kind, &body, mark));
    change.origin = Some(resource.origin.clone());
    change.instance.clone_from(&resource.instance);
    change.ignore.clone_from(&resource.directives.ignore);
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
    if matches!(found, Found::Mark | Found::Name) && is_untouched(pair, live, mark, known) {
        debug_assert!(
            matches!(full(), (None, unknown) if unknown.is_empty()),
            "{} is not a change at first sight, and is one",
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
    if Secret::is_in(pair.resource.body.text()) {
        return false;
    }
    let Some(desired) =
        fill_text(pair.kind, pair.resource.body.text(), &|reference| answer(known, reference))
    else {
        return false;
    };
    if let Some(tags) = mark::list_of_tags(pair.kind) {
        let bare = Some(Bare::Without(tags, mark::is_mark_tag));
        return glance::equal(pair.kind, &desired, &live.body, bare);
    }
    let bare = mark::bare(pair.kind, &live.body);
    let bare = bare.as_ref().map(|(name, value)| Bare::As(name, value));
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
    // What looks like a reference in a live text is none, neither here nor when the body is sent.
    let bare = escape(&bare);
    // Where there is no mark nothing remembers it.
    let was_protected = match pair.kind.is_keyed() {
        true => mark.protect,
        false => live.mark.as_ref().is_some_and(|mark| mark.protect),
    };
    let mut declared = resource.body.value();
    mark::strip(pair.kind, &mut declared);
    let wanted = with_ignored(&declared, &bare, &resource.directives.ignore);
    let filled = fill(pair.kind, &wanted, &|reference| answer(known, reference));
    let (seen, shown) = blinded(&filled, &bare);
    let aligned = canon::align(pair.kind, &seen, &shown);
    let mut fields = diff(&aligned.live, &aligned.desired);
    let sides = [Side { normal: &aligned.live, raw: &bare }, Side { normal: &aligned.desired, raw: &filled }];
    let mut items = tell::items(pair.kind, sides[0], sides[1]);
    if matches!(bare, Cow::Owned(_)) {
        let inside = items.iter_mut().flat_map(|item| &mut item.diff);
        inside.filter_map(|field| field.before.as_mut()).for_each(show_literally);
        fields.iter_mut().filter_map(|field| field.before.as_mut()).for_each(show_literally);
    }
    if !pair.kind.is_keyed() {
        fields.extend(by_mark(live, mark));
    }
    let action = match found {
        _ if pair.replaced => Action::Replace,
        Found::OldMark | Found::OldName => Action::Move,
        Found::Id => Action::Adopt,
        Found::Mark | Found::Name if fields.is_empty() => return (None, aligned.unknown),
        Found::Mark | Found::Name => Action::Update,
    };
    let mut change = Change::new(pair.kind.name, resource.address.clone(), action);
    change.datadog_id = Some(live.id.clone());
    change.url = Some(live.url.clone());
    if found == Found::OldMark {
        let old = live.mark.as_ref().map(|mark| Address::new(resource.address.section(), &mark.id));
        change.moved_from = old.filter(|old| *old != resource.address);
    }
    change.protected = pair.kind.protects(was_protected || mark.protect);
    let (live_form, wanted_form) = (Some(&aligned.live), Some(&aligned.desired));
    let watched = Watched { action, live: live_form, wanted: wanted_form, protected: change.protected };
    change.risks = risks(pair.kind, watched);
    change.items = items;
    change.diff = fields;
    change.claim = if pair.kind.is_keyed() { Claim::Name } else { Claim::Mark };
    change.body = Body::of(&if action == Action::Replace {
        to_create(pair.kind, &wanted, mark)
    } else {
        to_update(pair.kind, &wanted, &bare, &aligned, mark)
    });
    change.origin = Some(resource.origin.clone());
    change.instance.clone_from(&resource.instance);
    change.ignore.clone_from(&resource.directives.ignore);
    change.live = Some(live.body.clone());
    (Some(change), aligned.unknown)
}

/// The end of an object without a mark. Its address is the definition's that says so, else made of its id.
fn delete_unmarked(
    inputs: &Inputs,
    live: &Live,
    claim: Claim,
    resource: Option<&Resource>,
) -> Option<Change> {
    let kind = kind::of_section(live.section)?;
    let name = mark::key(kind, &live.body).unwrap_or(&live.id);
    let address = resource.map_or_else(|| Address::new(live.section, name), |own| own.address.clone());
    if !(inputs.selected)(&address) {
        return None;
    }
    let mut change = Change::new(kind.name, address, Action::Delete);
    let protected = kind.protects(resource.is_some_and(|own| own.directives.protect));
    change.risks =
        risks(kind, Watched { action: Action::Delete, live: Some(&live.body), wanted: None, protected });
    say_what_goes(kind, &live.body, &mut change);
    change.datadog_id = Some(live.id.clone());
    change.url = Some(live.url.clone());
    change.live = Some(live.body.clone());
    change.origin = resource.map(|own| own.origin.clone());
    change.protected = protected;
    change.claim = claim;
    Some(change)
}

/// Fields of ours that the mark alone shows: protected or not, and whose it was before the project was renamed.
fn by_mark(live: &Live, mark: &Mark) -> Vec<FieldChange> {
    let field = |name: &str, before: Value, after: Value| {
        let path = format!("/${name}");
        (before != after).then_some(FieldChange { path, before: Some(before), after: Some(after) })
    };
    let was_protected = live.mark.as_ref().is_some_and(|mark| mark.protect);
    let owner = live.mark.as_ref().map_or(&mark.owner, |own| &own.owner);
    let fields = [
        field("owner", owner.to_string().into(), mark.owner.to_string().into()),
        field("protect", was_protected.into(), mark.protect.into()),
    ];
    fields.into_iter().flatten().collect()
}

/// Shows the characters that would be taken for references as what they are: of no meaning.
fn show_literally(value: &mut Value) {
    match value {
        Value::String(text) => {
            *text = Reference::unescape(text).replace([Reference::OPEN, Reference::CLOSE], "\u{FFFD}");
        }
        Value::Array(items) => items.iter_mut().for_each(show_literally),
        Value::Object(members) => members.values_mut().for_each(show_literally),
        _ => {}
    }
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
    let protected = kind.protects(mark.protect);
    let watched = Watched { action: Action::Delete, live: Some(&bare), wanted: None, protected };
    change.risks = risks(kind, watched);
    say_what_goes(kind, &bare, &mut change);
    change.datadog_id = Some(live.id.clone());
    change.url = Some(live.url.clone());
    change.live = Some(live.body.clone());
    change.protected = protected;
    Some(change)
}

/// Of what goes all that a plan shows, since nobody can look it up afterwards. No text in it is a reference.
fn say_what_goes(kind: &Kind, body: &Value, change: &mut Change) {
    let mut normal = canon::normal(kind, &escape(body));
    show_literally(&mut normal);
    change.facts = tell::facts(kind, &normal);
    change.items = tell::items(kind, Side::of(&normal), Side::of(&Value::Null));
}

/// Takes the mark off: nobody's business is what else the object says.
fn let_go(inputs: &Inputs, resource: &Resource, live: &Live) -> Option<Change> {
    let kind = kind::of_section(live.section).filter(|_| (inputs.selected)(&resource.address))?;
    let mut change = Change::new(kind.name, resource.address.clone(), Action::Forget);
    change.datadog_id = Some(live.id.clone());
    change.url = Some(live.url.clone());
    change.body = Body::of(&to_let_go(kind, &escape(&live.body)));
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

/// How many instances of each declared use are live, and how many of them nothing declares any more.
fn count_instances(inputs: &Inputs, changes: &[Change]) -> BTreeMap<String, Instances> {
    let names: BTreeSet<&str> =
        inputs.resources.iter().filter_map(|r| Some(r.instance.as_ref()?.name.as_str())).collect();
    let key = |id| key_of_instance(id).filter(|(name, _)| names.contains(name));
    let live: BTreeSet<(&str, &str)> = inputs
        .live
        .iter()
        .filter(|live| bears(live, inputs.scope))
        .filter_map(|live| key(&live.mark.as_ref()?.id))
        .collect();
    let deletes = changes.iter().filter(|change| change.action == Action::Delete);
    let deleted: BTreeSet<(&str, &str)> = deletes.filter_map(|change| key(change.address.id())).collect();
    let declared: BTreeSet<(&str, &str)> =
        inputs.resources.iter().filter_map(|resource| key(resource.address.id())).collect();
    let mut counts: BTreeMap<String, Instances> = BTreeMap::new();
    for instance in live {
        let gone = deleted.contains(&instance) && !declared.contains(&instance);
        let count = counts.entry(instance.0.to_owned()).or_default();
        count.live += 1;
        count.gone += usize::from(gone);
    }
    counts
}

/// The use and the key of what may be an instance's id: `lambda/checkout-api/errors`.
fn key_of_instance(id: &str) -> Option<(&str, &str)> {
    let (name, rest) = id.split_once('/')?;
    Some((name, rest.split_once('/')?.0))
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

#[cfg(test)]
mod tests;
