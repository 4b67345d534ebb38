//! The JSON of a plan or of a report -> what is shown of it. Whoever wrote the file is a stranger: everything in it is
//! checked, and is text.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::config::SITES;
use crate::diagnostic::{At, FileId, Place, Position};
use crate::kind::{self, Kind};
use crate::model::{
    Action, Address, Based, Brake, Cause, Causes, Change, Claim, Fact, FieldChange, Instance, ItemAction,
    ItemChange, Notes, Origin, Outcome, Plan, Reference, References, Risk, Status, Warning, is_id,
    is_owner_name,
};
use crate::tell::facts;

/// A larger file is not read.
pub const LARGEST: u64 = 32 << 20;
/// Values in it: each costs far more memory than its bytes.
const MOST_VALUES: usize = 4_000_000;
const MOST_CHANGES: usize = 200_000;
const LONGEST_ADDRESS: usize = 500;

/// What a file holds.
#[derive(Debug)]
pub enum Posted {
    Plan(Box<Plan>),
    /// A plan that could not be made.
    Failed(Failed),
    /// What an apply did.
    Report(Report),
}

#[derive(Debug)]
pub struct Failed {
    pub project: String,
    pub environment: Option<String>,
    pub faults: Vec<Fault>,
}

#[derive(Debug)]
pub struct Fault {
    pub is_error: bool,
    pub code: String,
    pub text: String,
    pub help: Option<String>,
    pub position: Option<Position>,
}

#[derive(Debug)]
pub struct Report {
    pub project: String,
    pub environment: Option<String>,
    pub site: String,
    pub outcomes: Vec<Outcome>,
}

#[derive(Debug, thiserror::Error)]
pub enum PostedError {
    #[error("it is larger than {} MB", LARGEST >> 20)]
    TooLarge,
    #[error("it holds too many values")]
    TooMany,
    #[error("it is not the JSON of a plan or a report ({0})")]
    Unreadable(String),
}

/// Reads a file.
pub fn read(bytes: &[u8]) -> Result<Posted, PostedError> {
    if bytes.len() as u64 > LARGEST {
        return Err(PostedError::TooLarge);
    }
    // In texts they are counted too: a plan has far fewer.
    if bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() > MOST_VALUES {
        return Err(PostedError::TooMany);
    }
    let unreadable = |error: serde_json::Error| PostedError::Unreadable(error.to_string());
    let mut value: Value = serde_json::from_slice(bytes).map_err(unreadable)?;
    disarm(&mut value);
    let head: Head = serde_json::from_value(without_changes(&value)).map_err(unreadable)?;
    let wrong = |what: &str| PostedError::Unreadable(what.to_owned());
    if head.format_version != 1 {
        return Err(wrong("its `format_version` is not 1"));
    }
    let environment = head.environment.as_deref();
    if !is_owner_name(&head.project) || !environment.is_none_or(is_owner_name) {
        return Err(wrong("its `project` or `environment` is not a name"));
    }
    if let Some(failed) = head.failed {
        let faults = failed.diagnostics.into_iter().map(Fault::from).collect();
        return Ok(Posted::Failed(Failed { project: head.project, environment: head.environment, faults }));
    }
    let changes = value.get_mut("changes").map(Value::take).ok_or_else(|| wrong("`changes` is missing"))?;
    if changes.as_array().is_none_or(|list| list.len() > MOST_CHANGES) {
        return Err(wrong("`changes` is not a list, or far too long"));
    }
    let summary = head.summary.as_ref().ok_or_else(|| wrong("`summary` is missing"))?;
    if summary.get("done").is_some() {
        let entries: Vec<Done> = serde_json::from_value(changes).map_err(unreadable)?;
        let outcomes: Option<Vec<Outcome>> = entries.into_iter().map(outcome).collect();
        let outcomes = outcomes.ok_or_else(|| wrong("one of its changes is of no kind or action"))?;
        let site = head.site.unwrap_or_default();
        return Ok(Posted::Report(Report {
            project: head.project,
            environment: head.environment,
            site,
            outcomes,
        }));
    }
    let unchanged = summary.get("unchanged").and_then(Value::as_u64);
    let unchanged = unchanged.ok_or_else(|| wrong("`summary` has no `unchanged`"))?;
    let entries: Vec<Entry> = serde_json::from_value(changes).map_err(unreadable)?;
    plan(head, usize::try_from(unchanged).unwrap_or_default(), entries)
        .map(|plan| Posted::Plan(Box::new(plan)))
        .ok_or_else(|| wrong("one of its changes is of no kind or action"))
}

/// The head alone: changes are read on their own.
fn without_changes(value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let head = members.iter().filter(|(key, _)| !matches!(key.as_str(), "changes" | "saved"));
    Value::Object(head.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// Makes a text that looks like a reference of ours stand for itself.
fn disarm(value: &mut Value) {
    match value {
        Value::String(text) if text.contains([Reference::OPEN, Reference::CLOSE]) => {
            *text = text.replace([Reference::OPEN, Reference::CLOSE], "\u{FFFD}");
        }
        Value::Array(items) => items.iter_mut().for_each(disarm),
        Value::Object(members) => members.values_mut().for_each(disarm),
        _ => {}
    }
}

#[derive(Deserialize)]
struct Head {
    format_version: u64,
    project: String,
    #[serde(default)]
    environment: Option<String>,
    #[serde(default)]
    site: Option<String>,
    #[serde(default)]
    summary: Option<Value>,
    #[serde(default)]
    brakes: Vec<BrakeEntry>,
    #[serde(default)]
    warnings: Vec<WarningEntry>,
    #[serde(default)]
    only: Vec<String>,
    #[serde(default)]
    base: Option<BaseEntry>,
    #[serde(default)]
    failed: Option<FailedEntry>,
}

#[derive(Deserialize)]
struct BrakeEntry {
    name: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    remedy: String,
}

#[derive(Deserialize)]
struct WarningEntry {
    code: String,
    text: String,
    #[serde(default)]
    source: Option<SourceEntry>,
}

#[derive(Deserialize)]
struct BaseEntry {
    #[serde(rename = "ref")]
    reference: String,
    commit: String,
    #[serde(default)]
    offline: bool,
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Deserialize)]
struct SourceEntry {
    file: String,
    #[serde(default)]
    line: u32,
    #[serde(default)]
    column: u32,
}

impl From<SourceEntry> for Position {
    fn from(entry: SourceEntry) -> Self {
        Self { file: entry.file.into(), line: entry.line, column: entry.column }
    }
}

#[derive(Deserialize)]
struct FailedEntry {
    diagnostics: Vec<FaultEntry>,
}

#[derive(Deserialize)]
struct FaultEntry {
    code: String,
    #[serde(default)]
    severity: Option<String>,
    message: String,
    #[serde(default)]
    help: Option<String>,
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    line: Option<u32>,
    #[serde(default)]
    column: Option<u32>,
}

impl From<FaultEntry> for Fault {
    fn from(entry: FaultEntry) -> Self {
        let (line, column) = (entry.line.unwrap_or_default(), entry.column.unwrap_or_default());
        Self {
            is_error: entry.severity.as_deref() != Some("warning"),
            code: entry.code,
            text: entry.message,
            help: entry.help,
            position: entry.file.map(|file| Position { file: file.into(), line, column }),
        }
    }
}

#[derive(Deserialize)]
struct Entry {
    address: String,
    kind: String,
    action: String,
    #[serde(default)]
    datadog_id: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    moved_from: Option<String>,
    #[serde(default)]
    source: Option<SourceEntry>,
    #[serde(default)]
    claim: Option<String>,
    #[serde(default)]
    risks: Vec<RiskEntry>,
    #[serde(default)]
    diff: Vec<DiffEntry>,
    #[serde(default)]
    cause: Option<String>,
    #[serde(default)]
    instance: Option<[String; 2]>,
    #[serde(default)]
    protected: bool,
    #[serde(default)]
    facts: Vec<FactEntry>,
    #[serde(default)]
    items: Vec<ItemEntry>,
}

#[derive(Deserialize)]
struct FactEntry {
    path: String,
    value: Value,
}

#[derive(Deserialize)]
struct ItemEntry {
    action: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default, rename = "type")]
    class: String,
    #[serde(default)]
    place: Option<String>,
    #[serde(default)]
    inside: Vec<String>,
    #[serde(default)]
    before: Option<String>,
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    diff: Vec<DiffEntry>,
}

#[derive(Deserialize)]
struct RiskEntry {
    code: String,
    text: String,
    #[serde(default)]
    cause: Option<String>,
}

#[derive(Deserialize)]
struct DiffEntry {
    path: String,
    op: Op,
    #[serde(default)]
    before: Value,
    #[serde(default)]
    after: Value,
    #[serde(default)]
    cause: Option<String>,
    #[serde(default)]
    base: Option<Value>,
    #[serde(default)]
    references: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Op {
    Add,
    Remove,
    Replace,
}

#[derive(Deserialize)]
struct Done {
    address: String,
    kind: String,
    action: String,
    status: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    pointer: Option<String>,
    #[serde(default)]
    attempts: u32,
    #[serde(default)]
    ms: u64,
    #[serde(default)]
    source: Option<SourceEntry>,
    #[serde(default)]
    not_kept: Vec<DiffEntry>,
    #[serde(default)]
    note: Option<String>,
}

/// A name that the file gives, for as long as the process lasts: it reads few files, of bounded size.
fn lasting(text: &str) -> &'static str {
    let plain = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(60);
    Box::leak(plain.collect::<String>().into_boxed_str())
}

/// Whether a link may be shown as one into Datadog: to one of its sites, the sandbox, or this machine.
fn is_of_datadog(url: &str) -> bool {
    let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return false,
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    if !secure {
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        return ["127.0.0.1", "localhost", "[::1]"].contains(&host);
    }
    let of = |site: &&str| {
        authority.strip_suffix(*site).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let plain = authority.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    plain && (authority == "sandbox.invalid" || SITES.iter().any(of))
}

fn address(text: &str) -> Option<Address> {
    let address = Address::parse(text).filter(|_| text.len() <= LONGEST_ADDRESS)?;
    kind::of_section(address.section()).is_some().then_some(address)
}

fn known(kind: &str, action: &str) -> Option<(&'static Kind, Action)> {
    let action = Action::ALL.into_iter().find(|own| own.name() == action)?;
    Some((kind::of_name(kind).filter(|own| own.name == kind)?, action))
}

fn origin(source: Option<SourceEntry>) -> Option<Arc<Origin>> {
    source.map(|source| Arc::new(Origin { position: source.into(), layers: Vec::new() }))
}

fn field(entry: &DiffEntry) -> FieldChange {
    FieldChange {
        path: entry.path.clone(),
        before: (entry.op != Op::Add).then(|| entry.before.clone()),
        after: (entry.op != Op::Remove).then(|| entry.after.clone()),
    }
}

/// What is made, put together from its fields.
fn made(diff: &[FieldChange]) -> Value {
    let fields = diff.iter().filter_map(|field| {
        let name = field.path.strip_prefix('/').filter(|name| !name.contains(['/', '~']))?;
        Some((name.to_owned(), field.after.clone()?))
    });
    Value::Object(fields.collect())
}

fn item(entry: ItemEntry) -> Option<ItemChange> {
    use ItemAction::{Added, Changed, Moved, Removed};
    let action = [Moved, Added, Changed, Removed].into_iter().find(|own| own.name() == entry.action)?;
    Some(ItemChange {
        action,
        names: entry.names,
        class: entry.class,
        place: entry.place,
        inside: entry.inside,
        before: entry.before,
        after: entry.after,
        diff: entry.diff.iter().map(field).collect(),
    })
}

/// The addresses behind the ids, by the place where they stand.
fn references(diff: &[DiffEntry], items: &[ItemEntry]) -> References {
    let inside = items.iter().flat_map(|item| {
        let base = item.after.as_deref().or(item.before.as_deref()).unwrap_or_default();
        item.diff.iter().map(move |field| (format!("{base}{}", field.path), field))
    });
    let all = diff.iter().map(|field| (field.path.clone(), field)).chain(inside);
    let named = all.filter(|(_, field)| !field.references.is_empty()).map(|(at, field)| {
        let names = field.references.iter().filter_map(|(id, of)| Some((id.clone(), address(of)?)));
        (at, names.collect())
    });
    named.collect()
}

fn cause(name: Option<&str>) -> Cause {
    [Cause::Drift, Cause::Both].into_iter().find(|cause| Some(cause.name()) == name).unwrap_or_default()
}

fn change(entry: Entry, base: Option<&mut Based>) -> Option<Change> {
    let (kind, action) = known(&entry.kind, &entry.action)?;
    let mut change = Change::new(kind.name, address(&entry.address)?, action);
    if let Some(base) = base {
        let fields = entry
            .diff
            .iter()
            .map(|field| (field.path.clone(), (cause(field.cause.as_deref()), field.base.clone())));
        let drifted = entry.risks.iter().filter(|risk| cause(risk.cause.as_deref()) == Cause::Drift);
        let causes = Causes {
            cause: cause(entry.cause.as_deref()),
            fields: fields.collect(),
            drifted: drifted.map(|risk| lasting(&risk.code)).collect(),
        };
        base.causes.insert(change.address.clone(), causes);
    }
    change.datadog_id = entry.datadog_id;
    change.url = entry.url.filter(|url| is_of_datadog(url));
    // Of a create it is a likely rename, which is told elsewhere.
    change.moved_from = entry.moved_from.as_deref().and_then(address).filter(|_| action != Action::Create);
    change.origin = origin(entry.source);
    change.claim = match entry.claim.as_deref() {
        Some("name" | "namespace") => Claim::Name,
        Some("absent") => Claim::Absent,
        _ => Claim::Mark,
    };
    // Their order is their weight.
    let risk = |(at, risk): (usize, RiskEntry)| Risk {
        rank: u8::try_from(at).unwrap_or(u8::MAX),
        code: lasting(&risk.code),
        text: risk.text,
    };
    change.risks = entry.risks.into_iter().enumerate().map(risk).collect();
    change.diff = entry.diff.iter().map(field).collect();
    let plain = |text: &str| is_id(text).then(|| text.to_owned());
    change.instance = entry.instance.and_then(|[name, key]| {
        Some(Arc::new(Instance {
            name: plain(&name)?,
            key: plain(&key)?,
            at: At { file: FileId(0), place: Place::File },
        }))
    });
    change.protected = entry.protected;
    change.references = references(&entry.diff, &entry.items);
    change.facts = match action {
        Action::Delete => {
            entry.facts.into_iter().map(|fact| Fact { at: fact.path, value: fact.value }).collect()
        }
        _ if change.makes() => facts(kind, &made(&change.diff)),
        _ => Vec::new(),
    };
    change.items = entry.items.into_iter().map(item).collect::<Option<_>>()?;
    Some(change)
}

fn plan(head: Head, unchanged: usize, entries: Vec<Entry>) -> Option<Plan> {
    let brakes = head.brakes.into_iter().map(|brake| Brake {
        name: lasting(&brake.name),
        text: brake.text,
        remedy: brake.remedy,
    });
    let warnings = head.warnings.into_iter().map(|warning| Warning {
        code: lasting(&warning.code),
        text: warning.text,
        position: warning.source.map(Position::from),
    });
    let mut base = head.base.map(|base| Based {
        reference: base.reference,
        commit: base.commit.chars().filter(char::is_ascii_hexdigit).collect(),
        offline: base.offline,
        notes: base.notes,
        causes: BTreeMap::new(),
    });
    let mut changes = Vec::with_capacity(entries.len());
    for entry in entries {
        changes.push(change(entry, base.as_mut())?);
    }
    Some(Plan {
        project: head.project,
        environment: head.environment,
        site: head.site.unwrap_or_default(),
        changes,
        unchanged,
        notes: Notes {
            brakes: brakes.collect(),
            warnings: warnings.collect(),
            only: head.only,
            base,
            ..Notes::default()
        },
        ..Plan::default()
    })
}

fn outcome(done: Done) -> Option<Outcome> {
    let (kind, action) = known(&done.kind, &done.action)?;
    let status = match done.status.as_str() {
        "done" => Status::Done,
        "failed" => Status::Failed { text: done.error.unwrap_or_default(), pointer: done.pointer },
        "not_tried" => Status::NotTried { because: done.error.unwrap_or_default() },
        _ => return None,
    };
    Some(Outcome {
        address: address(&done.address)?,
        action,
        kind: kind.name,
        status,
        datadog_id: done.id,
        alert: None,
        url: done.url.filter(|url| is_of_datadog(url)),
        attempts: done.attempts,
        milliseconds: done.ms,
        origin: origin(done.source),
        field: None,
        not_kept: done.not_kept.iter().map(field).collect(),
        note: done.note,
        both_stand: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn plan() -> Value {
        json!({
            "format_version": 1, "musher_version": "0.1.0", "project": "shop", "environment": "prod", "site": "x",
            "summary": {"create": 1, "unchanged": 2}, "brakes": [], "warnings": [], "only": [],
            "changes": [{"address": "monitors/a", "kind": "monitor", "action": "create", "diff": [
                {"path": "/name", "op": "add", "before": null, "after": "\u{fdd0}id monitors/x\u{fdd1}"}]}],
        })
    }

    #[test]
    fn what_is_not_a_plan_is_refused() {
        let Ok(Posted::Plan(read_back)) = read(plan().to_string().as_bytes()) else { panic!("a plan") };
        assert_eq!(read_back.unchanged, 2);
        assert_eq!(read_back.changes[0].diff[0].after, Some(json!("\u{fffd}id monitors/x\u{fffd}")));
        for (pointer, value) in [
            ("/format_version", json!(2)),
            ("/project", json!("a b")),
            ("/project", json!("x --><h1>")),
            ("/environment", json!("../x")),
            ("/summary", json!({})),
            ("/changes", json!({})),
            ("/changes/0/action", json!("explode")),
            ("/changes/0/kind", json!("rocket")),
            ("/changes/0/address", json!("rockets/a")),
            ("/changes/0/address", json!("x".repeat(1000))),
            ("/changes/0/diff/0/op", json!("x")),
        ] {
            let mut wrong = plan();
            *wrong.pointer_mut(pointer).expect("it is there") = value;
            assert!(read(wrong.to_string().as_bytes()).is_err(), "{pointer}");
        }
        for text in ["", "null", "[]", "{}", "# Title", "{\"format_version\": 1}"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(read(deep.as_bytes()).is_err());
        assert!(matches!(read(&vec![b','; MOST_VALUES + 1]), Err(PostedError::TooMany)));
    }

    #[test]
    fn links_lead_to_datadog() {
        for url in [
            "https://app.datadoghq.eu/monitors/1",
            "https://us5.datadoghq.com/x",
            "https://sandbox.invalid/monitors/1",
        ] {
            assert!(is_of_datadog(url), "{url}");
        }
        for url in [
            "javascript:alert(1)",
            "http://app.datadoghq.eu/",
            "https://evil.example/",
            "https://app.datadoghq.eu@evil.example/",
            "https://evildatadoghq.eu/",
            "https://evil.example#.datadoghq.eu",
            "https://evil.example\\.datadoghq.eu/",
            "",
        ] {
            assert!(!is_of_datadog(url), "{url}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in any::<String>(), at in 0..13_usize) {
            let mut wrong = plan();
            let pointers = ["/project", "/site", "/summary", "/changes", "/brakes", "/changes/0/kind", "/changes/0/diff",
                "/changes/0/diff/0/path", "/warnings", "/only", "/changes/0", "/changes/0/address", "/environment"];
            if let Some(place) = wrong.pointer_mut(pointers[at]) {
                *place = json!(text);
            }
            let _ = read(wrong.to_string().as_bytes());
            let _ = read(text.as_bytes());
        }
    }
}
