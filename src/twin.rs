//! What a plan is about to make that is there already: twins without a mark, objects that a list left out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::canon;
use crate::diagnostic::Diagnostic;
use crate::diff::{diff, spelling};
use crate::fill::{answer, fill};
use crate::kind::{self, Kind};
use crate::mark;
use crate::model::{Action, Address, Change, Live, Owner, Plan, Resource, Risk};
use crate::risk::risk;

/// A shorter id that a longer one begins with may be any other.
const CUT: usize = 20;

/// What there is beside what the plan was made from.
pub struct Sight<'a> {
    pub owner: &'a Owner,
    pub resources: &'a [Resource],
    /// What the plan was made from.
    pub live: &'a [Live],
    /// Everybody's objects of the kinds in question, as lists show them: summaries, for some kinds.
    pub shown: &'a [Live],
    /// What bore a mark of ours when last seen, and is there: the id in that mark, and the object.
    pub recalled: &'a [(String, Live)],
}

/// Sections of what a plan makes: where a second look is worth its price. What is known by its name has no twin: one
/// of the same name is the same.
pub fn sections(plan: &Plan) -> BTreeSet<&'static str> {
    let made = plan.changes.iter().filter(|change| change.makes());
    let kinds = made.filter_map(|change| kind::of_name(change.kind)).filter(|kind| !kind.is_keyed());
    kinds.map(|kind| kind.section).collect()
}

/// By section: the ids that bear or bore the marks of what a plan makes.
pub fn ids(plan: &Plan, resources: &[Resource]) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut ids: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for address in made(plan, resources) {
        if let Some(kind) = kind::of_section(address.section()) {
            ids.entry(kind.section).or_default().insert(address.id().to_owned());
        }
    }
    ids
}

/// The addresses of what a plan makes, with those that it had before a move.
fn made<'a>(plan: &'a Plan, resources: &'a [Resource]) -> BTreeSet<&'a Address> {
    let new: BTreeSet<&Address> =
        plan.changes.iter().filter(|change| change.makes()).map(|change| &change.address).collect();
    let old = resources.iter().filter(|resource| new.contains(&resource.address));
    let old: Vec<&Address> = old.flat_map(|resource| &resource.directives.moved_from).collect();
    new.into_iter().chain(old).collect()
}

/// Finds among an organisation's objects those that a twin may be among.
pub struct Probe {
    /// Section and id of what is made, where a body says its id.
    composed: HashSet<(&'static str, String)>,
    /// Section, the field that people know it by, its text.
    wanted: HashSet<(&'static str, &'static str, String)>,
    /// Section and id of what `$id` names.
    adopted: HashSet<(String, String)>,
}

impl Probe {
    pub fn new(plan: &Plan, resources: &[Resource]) -> Self {
        let created = plan.changes.iter().filter(|change| change.action == Action::Create);
        let wanted = created.filter_map(|change| {
            let (kind, body) = (kind::of_name(change.kind)?, change.body.as_ref()?.value());
            let (at, text) =
                kind.about.known_by.iter().find_map(|at| Some((*at, known_text(kind, &body, at)?)))?;
            Some((kind.section, at, text))
        });
        let adopted = resources.iter().filter_map(|resource| {
            Some((resource.address.section().to_owned(), resource.directives.adopt.clone()?))
        });
        let composed = composed(plan).into_iter().map(|(kind, id, _)| (kind.section, id));
        Self { composed: composed.collect(), wanted: wanted.collect(), adopted: adopted.collect() }
    }

    /// Whether an object is worth keeping: it bears a mark, may be a twin, or is to be adopted.
    pub fn keeps(&self, live: &Live) -> bool {
        let Some(kind) = kind::of_section(live.section) else { return false };
        let looks_alike = |at: &'static str| {
            known_text(kind, &live.body, at)
                .is_some_and(|text| self.wanted.contains(&(live.section, at, text)))
        };
        live.mark.is_some()
            || self.composed.contains(&(live.section, live.id.clone()))
            || kind.about.known_by.iter().any(|at| looks_alike(at))
            || self.adopted.contains(&(live.section.to_owned(), live.id.clone()))
    }
}

/// Tells of twins as risks of the plan's changes. What is ours and was left out by the list is an error.
pub fn judge(plan: &mut Plan, sight: &Sight<'_>) -> Vec<Diagnostic> {
    let overlooked = overlooked(plan, sight);
    if !overlooked.is_empty() {
        return overlooked;
    }
    let taken = taken(plan, sight);
    if !taken.is_empty() {
        return taken;
    }
    let taken: HashSet<(&str, &str)> =
        plan.changes
            .iter()
            .filter(|change| change.action != Action::Delete)
            .filter_map(|change| Some((change.address.section(), change.datadog_id.as_deref()?)))
            .chain(sight.resources.iter().filter_map(|resource| {
                Some((resource.address.section(), resource.directives.adopt.as_deref()?))
            }))
            .collect();
    let others = Others::new(plan, sight, &taken);
    let creates = plan.changes.iter().enumerate().filter(|(_, change)| change.action == Action::Create);
    let found: Vec<(usize, Risk)> = creates
        .flat_map(|(at, change)| others.twins(change).into_iter().map(move |risk| (at, risk)))
        .collect();
    for (at, risk) in found {
        plan.changes[at].risks.push(risk);
    }
    for change in &mut plan.changes {
        change.risks.sort();
    }
    Vec::new()
}

/// What is ours and stays as it is.
fn standing<'a>(plan: &Plan, sight: &Sight<'a>) -> Vec<&'a Live> {
    let touched: HashSet<(&str, &str)> = plan
        .changes
        .iter()
        .filter(|change| change.action != Action::Forget)
        .filter_map(|change| Some((change.address.section(), change.datadog_id.as_deref()?)))
        .collect();
    let is_own = |live: &&Live| live.mark.as_ref().is_some_and(|mark| mark.owner == *sight.owner);
    let stays = |live: &&Live| !touched.contains(&(live.section, live.id.as_str()));
    sight.live.iter().filter(is_own).filter(stays).collect()
}

/// What bears the mark of something that the plan makes, and was not in the list that the plan was made from.
fn overlooked(plan: &Plan, sight: &Sight<'_>) -> Vec<Diagnostic> {
    let known: HashSet<(&str, &str)> =
        sight.live.iter().map(|live| (live.section, live.id.as_str())).collect();
    let made = made(plan, sight.resources);
    let created: HashSet<&Address> = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Create)
        .map(|change| &change.address)
        .collect();
    let adopted: HashSet<(&str, &str)> = sight
        .resources
        .iter()
        .filter(|resource| created.contains(&resource.address))
        .filter_map(|resource| Some((resource.address.section(), resource.directives.adopt.as_deref()?)))
        .collect();
    let is_ours = |live: &&Live| {
        let mark = live.mark.as_ref().filter(|mark| mark.owner == *sight.owner);
        let marked = mark.is_some_and(|mark| made.contains(&Address::new(live.section, &mark.id)));
        marked || live.mark.is_none() && adopted.contains(&(live.section, live.id.as_str()))
    };
    let all = sight.shown.iter().chain(sight.recalled.iter().map(|(_, live)| live));
    let missed: BTreeMap<(&str, &str), &Live> = all
        .filter(|live| !known.contains(&(live.section, live.id.as_str())))
        .filter(is_ours)
        .map(|live| ((live.section, live.id.as_str()), live))
        .collect();
    let report = |live: &Live| {
        let what = live
            .mark
            .as_ref()
            .map_or_else(|| format!("`{}`", live.id), |mark| format!("`{}/{}`", live.section, mark.id));
        let text = format!("The list was incomplete: {what} is there and was not in it: {}", live.url);
        Diagnostic::error("list-incomplete", text, None).help(
            "run again: pages shift while they are read, lists are late, and another apply may have made it meanwhile",
        )
    };
    missed.into_values().map(report).collect()
}

/// What a plan makes whose bodies say their ids, with these.
fn composed(plan: &Plan) -> Vec<(&'static Kind, String, &Change)> {
    let made = plan.changes.iter().filter(|change| change.makes());
    let composed = made.filter_map(|change| {
        let kind = kind::of_name(change.kind)?;
        let body = change.body.as_ref().filter(|_| kind.api.composed.is_some())?.value();
        let id = kind.api.composed?(&fill(kind, &body, &|reference| answer(&plan.known, reference)))?;
        Some((kind, id, change))
    });
    composed.collect()
}

/// Where a body says its id, a write takes the place of whatever has it: what is there is never written over by a create.
fn taken(plan: &Plan, sight: &Sight<'_>) -> Vec<Diagnostic> {
    let made = composed(plan);
    if made.is_empty() {
        return Vec::new();
    }
    let all = sight.live.iter().chain(sight.shown);
    let there: HashMap<(&str, &str), &Live> =
        all.map(|live| ((live.section, live.id.as_str()), live)).collect();
    let mut declared: HashMap<(&str, &str), &Address> = HashMap::new();
    let mut found = Vec::new();
    for (kind, id, change) in &made {
        let address = &change.address;
        let mut report = |words: String, help: String| {
            let text = format!("`{address}` is to be `{id}`, and {words}");
            let at = change.origin.as_ref().and_then(|origin| origin.layers.first().cloned());
            found.push(Diagnostic::error("id-taken", text, at).help(help));
        };
        if let Some(other) = declared.insert((kind.section, id), address) {
            report(format!("so is `{other}`"), "give them different names, or take one out".to_owned());
        } else if let Some(live) = there.get(&(kind.section, id.as_str())) {
            let own = live.mark.as_ref().filter(|mark| mark.owner == *sight.owner);
            let (url, id) = (&live.url, id_in_yaml(kind, &live.id));
            match (own, &live.mark) {
                (Some(mark), _) => report(
                    format!("`{}/{}` has that name: {url}", kind.section, mark.id),
                    format!(
                        "write `$moved_from: {}` where it is the same one; else rename it in an apply of its own",
                        mark.id
                    ),
                ),
                (None, Some(mark)) => report(
                    format!("that is `{}/{}` of `{}`: {url}", kind.section, mark.id, mark.owner),
                    "give this one another name or namespace, or leave it to them".to_owned(),
                ),
                (None, None) if (kind.api.foreign)(&live.body) => report(
                    format!("another pipeline writes that{}: {url}", history(kind, &live.body)),
                    "give this one another name or namespace, or leave it to them".to_owned(),
                ),
                (None, None) => report(
                    format!("that is there and bears no mark{}: {url}", history(kind, &live.body)),
                    format!(
                        "to take it over write `$id: {id}` here, or run `musher import {} {}`",
                        kind.name, live.id
                    ),
                ),
            }
        }
    }
    found
}

/// Objects by section and each field that people know them by.
type ByLooks<'a> = HashMap<(&'static str, &'static str, String), Vec<&'a Live>>;

fn by_looks<'a>(lives: impl Iterator<Item = &'a Live>) -> ByLooks<'a> {
    let mut found = ByLooks::new();
    for live in lives {
        let Some(kind) = kind::of_section(live.section) else { continue };
        for (at, text) in Looks::of(kind, &live.body).fields {
            found.entry((kind.section, at, text)).or_default().push(live);
        }
    }
    found
}

/// What a new object may be the twin of. Many are held against many: what is compared is read once.
struct Others<'a> {
    plan: &'a Plan,
    /// Objects without a mark that nobody takes.
    free: ByLooks<'a>,
    /// What is ours and stays as it is.
    own: ByLooks<'a>,
    recalled: &'a [(String, Live)],
    /// What goes, with the letters of its id.
    gone: Vec<(&'a Change, String)>,
}

impl<'a> Others<'a> {
    fn new(plan: &'a Plan, sight: &Sight<'a>, taken: &HashSet<(&str, &str)>) -> Self {
        let is_free =
            |live: &&Live| live.mark.is_none() && !taken.contains(&(live.section, live.id.as_str()));
        let free = by_looks(sight.shown.iter().filter(is_free));
        let own = by_looks(standing(plan, sight).into_iter());
        let gone = plan.changes.iter().filter(|change| change.action == Action::Delete);
        let gone = gone.map(|change| (change, letters(change.address.id()))).collect();
        Self { plan, free, own, recalled: sight.recalled, gone }
    }

    /// The twins of something that is to be made.
    fn twins(&self, change: &Change) -> Vec<Risk> {
        let Some((kind, body)) = kind::of_name(change.kind).zip(change.body.as_ref()) else {
            return Vec::new();
        };
        let body = body.value();
        let filled = fill(kind, &body, &|reference| answer(&self.plan.known, reference));
        let looks = Looks::of(kind, &filled);
        let mut found: BTreeMap<&str, Risk> = BTreeMap::new();
        for live in looks.among(&self.free) {
            found.insert(&live.id, without_mark(kind, live, "looks like it and bears no mark"));
        }
        // Who has several equal ones means it: an export beside its object is the second.
        let mut equals = looks.among(&self.own).filter(|live| is_equal(kind, &filled, &live.body));
        if let (Some(live), None) = (equals.next(), equals.next())
            && let Some(mark) = &live.mark
        {
            found.insert(&live.id, owned(kind, live, &mark.id));
        }
        for (id, live) in self.recalled {
            let is_it = live.section == kind.section && *id == change.address.id() && live.mark.is_none();
            if is_it && !self.plan.changes.iter().any(|other| is_object(other, live)) {
                let what = "was this one when last seen, and has lost its mark";
                found.insert(&live.id, without_mark(kind, live, what));
            }
        }
        let sent = (change.address.id(), letters(change.address.id()));
        for (other, letters) in self.gone.iter().filter(|(other, _)| other.kind == change.kind) {
            let (Some(live), Some(id)) = (&other.live, &other.datadog_id) else { continue };
            let kept = other.address.id();
            if is_spelling_of((kept, letters), (sent.0, &sent.1)) && looks.are_of(live) {
                let url = other.url.as_deref().unwrap_or(id);
                let text = format!(
                    "The {} {url} bears the mark `{kept}`, and looks like this one: the service, or somebody, rewrote its \
                     mark. Rename the definition to what is kept, or write `$moved_from: {kept}`",
                    kind.name,
                );
                found.insert(id, risk("twin", text));
            }
        }
        found.into_values().collect()
    }
}

/// Whether two bodies are equal in everything but their marks: one is the export of the other.
fn is_equal(kind: &Kind, wanted: &Value, live: &Value) -> bool {
    let (mut wanted, mut live) = (wanted.clone(), live.clone());
    mark::strip(kind, &mut wanted);
    mark::strip(kind, &mut live);
    let aligned = canon::align(kind, &wanted, &live);
    diff(&aligned.live, &aligned.desired).is_empty()
}

fn owned(kind: &Kind, live: &Live, id: &str) -> Risk {
    let text = format!(
        "The {} {} is equal to it in all fields, and is managed already as `{}/{id}`: with this one there would be two. \
         An export of it is not a second definition: leave one of them out, or move the object with `$moved_from: {id}`",
        kind.name, live.url, kind.section,
    );
    risk("twin", text)
}

fn is_object(change: &Change, live: &Live) -> bool {
    change.address.section() == live.section && change.datadog_id.as_deref() == Some(live.id.as_str())
}

fn without_mark(kind: &Kind, live: &Live, what: &str) -> Risk {
    let text = format!(
        "The {} {} {what}{}: with this one there would be two. To take it over write `$id: {}` here, or run `musher \
         import {} {}`",
        kind.name,
        live.url,
        history(kind, &live.body),
        id_in_yaml(kind, &live.id),
        kind.name,
        live.id
    );
    risk("twin", text)
}

/// An id as YAML reads it back.
fn id_in_yaml(kind: &Kind, id: &str) -> String {
    if kind.api.id.number { id.to_owned() } else { format!("\"{id}\"") }
}

/// ` (made by ann@example.com, last changed 2026-01-31T10:00:00Z)`, as far as the body tells.
fn history(kind: &Kind, body: &Value) -> String {
    let author =
        kind.about.author.and_then(|at| body.pointer(at)?.as_str()).filter(|author| !author.is_empty());
    let changed = match kind.about.modified.and_then(|at| body.pointer(at)) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(seconds)) => seconds
            .as_i64()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .map(|time| time.to_string()),
        _ => None,
    };
    let cut = |text: &str| text.chars().take(60).collect::<String>();
    let parts: Vec<String> = [
        author.map(|author| format!("made by {}", cut(author))),
        changed.map(|changed| format!("last changed {}", cut(&changed))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// What people know an object by.
struct Looks {
    kind: &'static Kind,
    /// Where each field stands, and its text; those that are not there left out.
    fields: Vec<(&'static str, String)>,
}

impl Looks {
    fn of(kind: &'static Kind, body: &Value) -> Self {
        let fields = kind.about.known_by.iter().filter_map(|at| Some((*at, known_text(kind, body, at)?)));
        Self { kind, fields: fields.collect() }
    }

    /// The objects that are the same to people.
    fn among<'a>(&self, others: &ByLooks<'a>) -> impl Iterator<Item = &'a Live> {
        let near =
            self.fields.first().and_then(|(at, text)| others.get(&(self.kind.section, *at, text.clone())));
        near.into_iter().flatten().copied().filter(|live| self.are_of(&live.body))
    }

    /// Whether an object is the same to people: equal in every one of these.
    fn are_of(&self, live: &Value) -> bool {
        let is_equal = |(at, text): &(&str, String)| known_text(self.kind, live, at).as_ref() == Some(text);
        !self.fields.is_empty() && self.fields.iter().all(is_equal)
    }
}

/// A field that people know it by, in the spelling that is compared.
fn known_text(kind: &Kind, body: &Value, at: &str) -> Option<String> {
    let value = body.pointer(at)?;
    let key = at.trim_start_matches('/');
    let alone: Map<String, Value> = std::iter::once((key.to_owned(), value.clone())).collect();
    let normal = canon::normal(kind, &Value::Object(alone));
    match normal.get(key)? {
        Value::Null => None,
        Value::String(text) => Some(text.trim().to_owned()),
        other => Some(spelling(other)),
    }
}

/// Whether one id may be what a service makes of the other: other signs between the same letters, or cut. Each comes
/// with its [`letters`].
fn is_spelling_of((kept, own): (&str, &str), (sent, letters): (&str, &str)) -> bool {
    own == letters || kept.len() >= CUT && sent.starts_with(kept)
}

fn letters(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::of_section;

    fn check(section: &str, wanted: Value, live: Value, expected: bool) {
        let kind = of_section(section).expect("a kind");
        assert_eq!(Looks::of(kind, &wanted).are_of(&live), expected, "{wanted} {live}");
    }

    #[test]
    fn people_know_an_object_by_few_fields() {
        let monitor = |name: &str, form: &str, query: &str| json!({"name": name, "type": form, "query": query, "message": name});
        let wanted = || monitor("a", "query alert", "avg(last_5m):x{*} > 1");
        check("monitors", wanted(), wanted(), true);
        // Spellings of one thing.
        check("monitors", wanted(), monitor("a ", "metric alert", "avg(last_5m):x{*} > 1 "), true);
        check("monitors", wanted(), monitor("b", "query alert", "avg(last_5m):x{*} > 1"), false);
        check("monitors", wanted(), monitor("a", "log alert", "avg(last_5m):x{*} > 1"), false);
        check("monitors", wanted(), monitor("a", "query alert", "avg(last_5m):x{*} > 2"), false);
        // One without a name is known by the rest; one without anything by nothing.
        check(
            "monitors",
            json!({"type": "query alert", "query": "q"}),
            monitor("a", "query alert", "q"),
            true,
        );
        check("monitors", json!({"message": "m"}), monitor("a", "query alert", "q"), false);
        check(
            "slos",
            json!({"name": "s", "type": "metric"}),
            json!({"name": "s", "type": "metric", "query": 1}),
            true,
        );
        check("slos", json!({"name": "s", "type": "metric"}), json!({"name": "s", "type": "monitor"}), false);
        check("dashboards", json!({"title": "d"}), json!({"title": "d", "layout_type": "free"}), true);
        check("dashboards", json!({"title": "d"}), json!({"title": "D"}), false);
        check("dashboards", json!({"title": "d"}), json!({"title": 7}), false);
        let correction = |start: u64| json!({"slo_id": "s", "category": "Deployment", "start": start});
        check("slo_corrections", correction(1), correction(1), true);
        check("slo_corrections", correction(1), correction(2), false);
        let downtime = |end: &str| json!({"scope": "env:prod", "monitor_identifier": {"monitor_tags": ["*"]}, "schedule": {"end": end}});
        check("downtimes", downtime("2050-01-01T00:00:00Z"), downtime("2050-01-01T00:00:00Z"), true);
        check("downtimes", downtime("2050-01-01T00:00:00Z"), downtime("2050-01-02T00:00:00Z"), false);
    }

    #[test]
    fn a_rewritten_id_is_known() {
        for (kept, sent, expected) in [
            ("a_b", "a__b", true),
            ("lambda-x", "lambda/x", true),
            ("lambda/checkout/error-r", "lambda/checkout/error-rate", true),
            ("disk", "disk-full", false),
            ("a", "b", false),
        ] {
            let spelled = is_spelling_of((kept, &letters(kept)), (sent, &letters(sent)));
            assert_eq!(spelled, expected, "{kept} {sent}");
        }
    }

    #[test]
    fn what_the_body_tells_of_its_history_is_told() {
        for (section, body, expected) in [
            (
                "monitors",
                json!({"creator": {"handle": "ann@x.org"}, "modified": "2026-01-31"}),
                " (made by ann@x.org, last changed 2026-01-31)",
            ),
            ("slos", json!({"modified_at": 1_760_000_000}), " (last changed 2025-10-09T08:53:20Z)"),
            ("slos", json!({"modified_at": u64::MAX}), ""),
            ("dashboards", json!({"author_handle": "", "modified_at": null}), ""),
        ] {
            assert_eq!(history(of_section(section).expect("a kind"), &body), expected);
        }
    }
}
