//! A plan for programs: a stable form, written change by change.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde::ser::Serializer;
use serde_json::ser::Formatter;
use serde_json::{Map, Value, json};

use super::choices;
use super::items;
use super::sanitize::{expressed_in, is_hostile};
use crate::diagnostic::Position;
use crate::model::{
    Action, Address, Based, Brake, Cause, Change, Claim, FieldChange, ItemChange, Plan, References, Unlisted,
    Warning,
};
use crate::saved::{Seal, sealed};

/// Goes up when a field changes its meaning; new fields may come at any time.
pub use crate::saved::FORMAT_VERSION;

/// Writes the plan: the head, then one change a line, so that large plans stream and small ones read well in a diff; its
/// seal behind them, so that it can be applied from its file. Errors are those of the writer.
pub fn write(plan: &Plan, seal: &Seal, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{\n")?;
    for (name, value) in &head(plan) {
        write!(out, "  \"{name}\": ")?;
        write_value(value, out)?;
        out.write_all(b",\n")?;
    }
    out.write_all(b"  \"changes\": [")?;
    for (at, change) in plan.changes.iter().enumerate() {
        out.write_all(if at == 0 { b"\n    " } else { b",\n    " })?;
        match &plan.notes.base {
            Some(based) => write_value(&caused(based, change, plan.environment.as_deref()), out)?,
            None => write_value(&entry(change), out)?,
        }
    }
    out.write_all(if plan.changes.is_empty() { b"]" } else { b"\n  ]" })?;
    if plan.notes.base.is_some() {
        // It tells a reviewer what a change comes to; it is nothing to be applied.
        return out.write_all(b"\n}\n");
    }
    out.write_all(b",\n  \"saved\": ")?;
    write_value(&sealed(&head(plan), plan.changes.iter().map(value), seal), out)?;
    out.write_all(b"\n}\n")
}

/// Everything before the changes.
pub fn head(plan: &Plan) -> Map<String, Value> {
    let mut head: Map<String, Value> = [
        ("format_version", FORMAT_VERSION.into()),
        ("musher_version", env!("CARGO_PKG_VERSION").into()),
        ("project", plan.project.as_str().into()),
        ("environment", plan.environment.as_deref().into()),
        ("site", plan.site.as_str().into()),
        ("summary", summary(plan)),
        ("brakes", plan.notes.brakes.iter().map(brake).collect()),
        ("warnings", plan.notes.warnings.iter().map(warning).collect()),
        ("only", plan.notes.only.as_slice().into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    if !plan.unlisted.is_empty() {
        let entry = |kind: &Unlisted| json!({"section": kind.section, "lacks": kind.lacks});
        head.insert("not_listed".to_owned(), plan.unlisted.iter().map(entry).collect());
    }
    if !plan.notes.secrets.is_empty() {
        let entry = |(address, path): &(Address, String)| json!({"address": address.as_str(), "path": path});
        head.insert("secrets".to_owned(), plan.notes.secrets.iter().map(entry).collect());
    }
    if let Some(based) = &plan.notes.base {
        let base = json!({
            "ref": based.reference, "commit": based.commit, "offline": based.offline, "notes": based.notes,
        });
        head.insert("base".to_owned(), base);
    }
    head
}

/// How many changes of each action there are. The keys are fixed: an object that is let go is written to, and counts
/// as an update.
pub fn summary(plan: &Plan) -> Value {
    let counted = |action: &Action| match action {
        Action::Forget => None,
        Action::Update => Some(plan.count(Action::Update) + plan.count(Action::Forget)),
        other => Some(plan.count(*other)),
    };
    let mut summary: Map<String, Value> = Action::ALL
        .iter()
        .filter_map(|action| Some((action.name().to_owned(), counted(action)?.into())))
        .collect();
    summary.insert("unchanged".to_owned(), plan.unchanged.into());
    Value::Object(summary)
}

fn brake(brake: &Brake) -> Value {
    json!({"name": brake.name, "text": brake.text, "remedy": brake.remedy})
}

fn warning(warning: &Warning) -> Value {
    json!({"code": warning.code, "text": warning.text, "source": warning.position.as_ref().map(Source::from)})
}

/// A change with whose it is, and each of its fields.
fn caused(based: &Based, change: &Change, environment: Option<&str>) -> Value {
    let mut entry = value(change);
    let causes = based.causes.get(&change.address);
    let whole = based.cause(&change.address).name();
    entry["cause"] = whole.into();
    if based.cause(&change.address) != Cause::Change {
        let own = based.cause(&change.address) == Cause::Drift;
        entry["choices"] = choices::json(change, environment, own);
    }
    for (risk, shown) in change.risks.iter().zip(entry["risks"].as_array_mut().into_iter().flatten()) {
        let is_drifted = based.is_drifted(&change.address, risk);
        shown["cause"] = if is_drifted { Cause::Drift.name() } else { whole }.into();
    }
    for (shown, field) in entry["diff"].as_array_mut().into_iter().flatten().zip(&change.diff) {
        let (cause, old) = causes
            .and_then(|causes| causes.fields.get(&field.path))
            .map_or((based.cause(&change.address), None), |(cause, old)| (*cause, old.as_ref()));
        shown["cause"] = cause.name().into();
        if cause == Cause::Both {
            shown["base"] = old.map(|old| expressed_in(old).into_owned()).into();
        }
    }
    entry
}

/// A change as it stands in a file.
pub fn value(change: &Change) -> Value {
    serde_json::to_value(entry(change)).expect("bug: a change is plain data")
}

/// One line of JSON in which no character acts on a terminal: those are written as `\u009b`, which
/// reads back as the same text.
pub fn write_value<T: Serialize + ?Sized>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Harmless);
    value.serialize(&mut serializer).map_err(io::Error::from)
}

#[derive(Serialize)]
struct Entry<'a> {
    address: &'a str,
    kind: &'a str,
    action: &'a str,
    datadog_id: Option<&'a str>,
    url: Option<&'a str>,
    /// The address before: of a move, and of a create that looks like a rename.
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_from: Option<&'a str>,
    /// Of a create that looks like one of several under another id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    moved_from_one_of: Vec<&'a str>,
    source: Option<Source<'a>>,
    /// Absent: the mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<&'static str>,
    risks: Vec<RiskEntry<'a>>,
    /// The instance of a use: its name and its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<[&'a str; 2]>,
    #[serde(skip_serializing_if = "is_false")]
    protected: bool,
    /// Of what goes: its title, its query, who was told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<FactEntry<'a>>,
    /// What became of the items of its lists, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<ItemEntry<'a>>,
    diff: Vec<DiffEntry<'a>>,
}

fn is_false(is: &bool) -> bool {
    !is
}

#[derive(Serialize)]
struct FactEntry<'a> {
    path: &'a str,
    #[serde(serialize_with = "after")]
    value: Option<&'a Value>,
}

/// A widget of a dashboard: where it stands, and what became of it.
#[derive(Serialize)]
struct ItemEntry<'a> {
    action: &'static str,
    /// A sentence: `moved timeseries “p95” to the top`.
    text: String,
    names: &'a [String],
    #[serde(rename = "type")]
    class: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    inside: &'a [String],
    /// JSON pointers into the live and the wanted body.
    before: Option<&'a str>,
    after: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diff: Vec<DiffEntry<'a>>,
}

/// The place of a definition.
#[derive(Serialize)]
pub struct Source<'a> {
    file: &'a str,
    line: u32,
    column: u32,
}

impl<'a> From<&'a Position> for Source<'a> {
    fn from(position: &'a Position) -> Self {
        Self { file: &position.file, line: position.line, column: position.column }
    }
}

#[derive(Serialize)]
struct RiskEntry<'a> {
    code: &'a str,
    text: &'a str,
}

/// A changed field. Both sides are always there; `op` tells which one is absent and not null.
#[derive(Serialize)]
pub struct DiffEntry<'a> {
    path: &'a str,
    op: &'static str,
    #[serde(serialize_with = "before")]
    before: Option<&'a Value>,
    #[serde(serialize_with = "after")]
    after: Option<&'a Value>,
    /// The addresses behind the ids in the values.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "addresses")]
    references: Option<&'a BTreeMap<String, Address>>,
}

fn addresses<S: Serializer>(
    names: &Option<&BTreeMap<String, Address>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(names.iter().flat_map(|names| names.iter()).map(|(text, of)| (text, of.as_str())))
}

impl<'a> DiffEntry<'a> {
    /// All of a change.
    pub fn all(change: &'a Change) -> Vec<Self> {
        change.diff.iter().map(|field| Self::named(field, &change.references, "")).collect()
    }

    fn named(change: &'a FieldChange, references: &'a References, base: &str) -> Self {
        let references = match base.is_empty() {
            true => references.get(&change.path),
            false => references.get(&format!("{base}{}", change.path)),
        };
        Self { references, ..Self::from(change) }
    }
}

impl<'a> From<&'a FieldChange> for DiffEntry<'a> {
    fn from(change: &'a FieldChange) -> Self {
        let op = match (&change.before, &change.after) {
            (None, _) => "add",
            (Some(_), None) => "remove",
            (Some(_), Some(_)) => "replace",
        };
        Self {
            path: &change.path,
            op,
            before: change.before.as_ref(),
            after: change.after.as_ref(),
            references: None,
        }
    }
}

fn entry(change: &Change) -> Entry<'_> {
    let alike: Vec<&str> = change.alike.iter().map(Address::as_str).collect();
    let (likely, one_of) = match alike[..] {
        [only] => (Some(only), Vec::new()),
        _ => (None, alike),
    };
    Entry {
        address: change.address.as_str(),
        kind: change.kind,
        action: change.action.name(),
        datadog_id: change.datadog_id.as_deref(),
        url: change.url.as_deref(),
        moved_from: change.moved_from.as_ref().map(Address::as_str).or(likely),
        moved_from_one_of: one_of,
        source: change.origin.as_ref().map(|origin| Source::from(&origin.position)),
        claim: Some(change.claim.name()).filter(|_| change.claim != Claim::Mark),
        risks: change.risks.iter().map(|risk| RiskEntry { code: risk.code, text: &risk.text }).collect(),
        instance: change.instance.as_ref().map(|own| [own.name.as_str(), own.key.as_str()]),
        protected: change.protected,
        // Of what is made they stand in the difference.
        facts: change
            .facts
            .iter()
            .filter(|_| change.action == Action::Delete)
            .map(|fact| FactEntry { path: &fact.at, value: Some(&fact.value) })
            .collect(),
        items: change.items.iter().map(|item| item_entry(change, item)).collect(),
        diff: DiffEntry::all(change),
    }
}

fn item_entry<'a>(change: &'a Change, item: &'a ItemChange) -> ItemEntry<'a> {
    let base = item.after.as_ref().or(item.before.as_ref()).map_or("", String::as_str);
    ItemEntry {
        action: item.action.name(),
        text: items::sentence(item),
        names: &item.names,
        class: &item.class,
        place: item.place.as_deref(),
        inside: &item.inside,
        before: item.before.as_deref(),
        after: item.after.as_deref(),
        diff: item.diff.iter().map(|field| DiffEntry::named(field, &change.references, base)).collect(),
    }
}

fn before<S: Serializer>(value: &Option<&Value>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(OneWay).serialize(serializer)
}

/// A value whose whole numbers are written in one way: `900`, be it 900 or 900.0 to whoever wrote it.
struct OneWay<'a>(&'a Value);

impl Serialize for OneWay<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(OneWay)),
            Value::Object(members) => {
                serializer.collect_map(members.iter().map(|(key, value)| (key, OneWay(value))))
            }
            Value::Number(number) if number.is_f64() => match number.as_f64() {
                Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => {
                    serializer.serialize_i64(float as i64)
                }
                _ => number.serialize(serializer),
            },
            value => value.serialize(serializer),
        }
    }
}

/// References that are not known yet read as words.
fn after<S: Serializer>(value: &Option<&Value>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(expressed_in).as_deref().map(OneWay).serialize(serializer)
}

/// Compact JSON with a space behind commas and colons, hostile characters escaped.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_hostile(*c)) {
            writer.write_all(&fragment.as_bytes()[from..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            from = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[from..])
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    fn written(plan: &Plan) -> String {
        let mut out = Vec::new();
        write(plan, &Seal::default(), &mut out).expect("a vector takes all");
        let out = String::from_utf8(out).expect("text");
        // The seal is `saved`'s, and another one with each version.
        let (all, _) = out.split_once(",\n  \"saved\": ").expect("a seal");
        format!("{all}\n}}\n")
    }

    #[test]
    fn an_empty_plan() {
        insta::assert_snapshot!(written(&samples::plan(Vec::new(), 7)).replace(env!("CARGO_PKG_VERSION"), "VERSION"), @r#"
        {
          "format_version": 1,
          "musher_version": "VERSION",
          "project": "shop",
          "environment": "staging",
          "site": "datadoghq.eu",
          "summary": {"create": 0, "update": 0, "replace": 0, "move": 0, "adopt": 0, "delete": 0, "unchanged": 7},
          "brakes": [],
          "warnings": [],
          "only": [],
          "changes": []
        }
        "#);
    }

    #[test]
    fn a_plan_of_everything() {
        insta::assert_snapshot!(written(&samples::mixed()).replace(env!("CARGO_PKG_VERSION"), "VERSION"), @r#"
        {
          "format_version": 1,
          "musher_version": "VERSION",
          "project": "shop",
          "environment": "staging",
          "site": "datadoghq.eu",
          "summary": {"create": 2, "update": 7, "replace": 1, "move": 1, "adopt": 1, "delete": 1, "unchanged": 2496},
          "brakes": [],
          "warnings": [],
          "only": [],
          "changes": [
            {"address": "dashboards/gone", "kind": "dashboard", "action": "delete", "datadog_id": "123", "url": "https://app.datadoghq.eu/monitors/123", "source": null, "risks": [], "diff": []},
            {"address": "monitors/broken", "kind": "monitor", "action": "create", "datadog_id": null, "url": null, "source": {"file": "monitors/shop.yaml", "line": 3, "column": 5}, "risks": [], "diff": [{"path": "/query", "op": "add", "before": null, "after": "${monitors.traffic.id} && 12"}]},
            {"address": "monitors/checkout-errors", "kind": "monitor", "action": "create", "datadog_id": null, "url": null, "source": {"file": "monitors/shop.yaml", "line": 3, "column": 5}, "risks": [], "diff": [{"path": "/name", "op": "add", "before": null, "after": "[staging] Checkout error rate"}, {"path": "/type", "op": "add", "before": null, "after": "query alert"}, {"path": "/query", "op": "add", "before": null, "after": "avg(last_5m):sum:trace.http.request.errors{service:checkout,env:staging}.as_rate() > 5"}, {"path": "/message", "op": "add", "before": null, "after": "Errors on {{host.name}}.\nLook at the logs. @slack-checkout\n"}, {"path": "/tags", "op": "add", "before": null, "after": ["team:checkout", "service:checkout"]}, {"path": "/options", "op": "add", "before": null, "after": {"thresholds": {"critical": 5, "warning": 2}, "include_tags": true}}, {"path": "/priority", "op": "add", "before": null, "after": 2}, {"path": "/x", "op": "add", "before": null, "after": []}]},
            {"address": "monitors/lambda/api/errors", "kind": "monitor", "action": "update", "datadog_id": "123", "url": "https://app.datadoghq.eu/monitors/123", "source": {"file": "templates/aws-lambda.yaml", "line": 12, "column": 5}, "risks": [], "instance": ["lambda", "api"], "diff": [{"path": "/options/thresholds/critical", "op": "replace", "before": 0.05, "after": 0.01}, {"path": "/query", "op": "replace", "before": "sum(last_5m):sum:aws.lambda.errors{functionname:api} > 0.05", "after": "sum(last_5m):sum:aws.lambda.errors{functionname:api} > 0.01"}]},
            {"address": "monitors/lambda/billing/errors", "kind": "monitor", "action": "update", "datadog_id": "123", "url": "https://app.datadoghq.eu/monitors/123", "source": {"file": "templates/aws-lambda.yaml", "line": 12, "column": 5}, "risks": [], "instance": ["lambda", "billing"], "diff": [{"path": "/options/thresholds/critical", "op": "replace", "before": 0.05, "after": 0.01}, {"path": "/query", "op": "replace", "before": "sum(last_5m):sum:aws.lambda.errors{functionname:billing} > 0.05", "after": "sum(last_5m):sum:aws.lambda.errors{functionname:billing} > 0.01"}]},
            {"address": "monitors/lambda/checkout/errors", "kind": "monitor", "action": "update", "datadog_id": "123", "url": "https://app.datadoghq.eu/monitors/123", "source": {"file": "templates/aws-lambda.yaml", "line": 12, "column": 5}, "risks": [], "instance": ["lambda", "checkout"], "diff": [{"path": "/options/thresholds/critical", "op": "replace", "before": 0.05, "after": 0.01}, {"path": "/query", "op": "replace", "before": "sum(last_5m):sum:aws.lambda.errors{functionname:checkout} > 0.05", "after": "sum(last_5m):sum:aws.lambda.errors{functionname:checkout} > 0.01"}]},
            {"address": "monitors/lambda/fraud/errors", "kind": "monitor", "action": "update", "datadog_id": "123", "url": "https://app.datadoghq.eu/monitors/123", "source": {"file": "templates/aws-lambda.yaml", "line": 12, "column": 5}, "risks": [], "instance": ["lambda", "fraud"], "diff": [{"path": "/options/thresholds/critical", "op": "replace", "before": 0.05, "after": 0.01}, {"path": "/query", "op": "replace", "before": "sum(last_5m):sum:aws.lambda.errors{functionname:fraud} > 0.05", "after": "sum(last_5m):sum:aws.lambda.errors{functionname:fraud} > 0.01"}]},
            {"address": "monitors/lambda/search/errors", "kind": "monitor", "action": "update", "datadog_id": "123", "url": "https://app.datadoghq.eu/monitors/123", "source": {"file": "templates/aws-lambda.yaml", "line": 12, "column": 5}, "risks": [], "instance": ["lambda", "search"], "diff": [{"path": "/options/thresholds/critical", "op": "replace", "before": 0.05, "after": 0.01}, {"path": "/query", "op": "replace", "before": "sum(last_5m):sum:aws.lambda.errors{functionname:search} > 0.05", "after": "sum(last_5m):sum:aws.lambda.errors{functionname:search} > 0.01"}]},
            {"address": "monitors/lambda/stock/errors", "kind": "monitor", "action": "update", "datadog_id": "123", "url": "https://app.datadoghq.eu/monitors/123", "source": {"file": "templates/aws-lambda.yaml", "line": 12, "column": 5}, "risks": [], "instance": ["lambda", "stock"], "diff": [{"path": "/options/thresholds/critical", "op": "replace", "before": 0.05, "after": 0.01}, {"path": "/query", "op": "replace", "before": "sum(last_5m):sum:aws.lambda.errors{functionname:stock} > 0.05", "after": "sum(last_5m):sum:aws.lambda.errors{functionname:stock} > 0.01"}]},
            {"address": "monitors/latency", "kind": "monitor", "action": "update", "datadog_id": "123", "url": "https://app.datadoghq.eu/monitors/123", "source": {"file": "monitors/shop.yaml", "line": 3, "column": 5}, "risks": [{"code": "threshold-loosened", "text": "It alerts later: `options.thresholds.critical` goes from 5 to 8, and it fires above it"}], "diff": [{"path": "/options/thresholds/critical", "op": "replace", "before": 5, "after": 8}, {"path": "/query", "op": "replace", "before": "avg(last_5m):sum:requests.errors{service:checkout,env:staging} by {host}.as_rate() > 5", "after": "avg(last_5m):sum:requests.errors{service:checkout,env:staging} by {host}.as_rate() > 8"}, {"path": "/message", "op": "replace", "before": "One\nTwo\nThree\nFour\nFive @slack-a\n", "after": "One\nTwo\nThree\nFour\nFive @slack-b\n"}, {"path": "/tags", "op": "replace", "before": ["a", "team:checkout"], "after": ["team:checkout", "b", "c"]}, {"path": "/options/renotify_interval", "op": "add", "before": null, "after": 60}, {"path": "/options/evaluation_delay", "op": "remove", "before": 900, "after": null}]},
            {"address": "monitors/new-name", "kind": "monitor", "action": "move", "datadog_id": "123", "url": "https://app.datadoghq.eu/monitors/123", "moved_from": "monitors/old-name", "source": {"file": "monitors/shop.yaml", "line": 3, "column": 5}, "risks": [], "diff": []},
            {"address": "monitors/typed", "kind": "monitor", "action": "replace", "datadog_id": "123", "url": "https://app.datadoghq.eu/monitors/123", "source": {"file": "monitors/shop.yaml", "line": 3, "column": 5}, "risks": [], "diff": [{"path": "/type", "op": "replace", "before": "query alert", "after": "log alert"}]},
            {"address": "slos/availability", "kind": "slo", "action": "adopt", "datadog_id": "123", "url": "https://app.datadoghq.eu/monitors/123", "source": {"file": "monitors/shop.yaml", "line": 3, "column": 5}, "risks": [], "diff": []}
          ]
        }
        "#);
    }

    #[test]
    fn hostile_text_is_escaped_and_reads_back() {
        let text = "\u{1b}]0;x\u{7}\u{9b}31m\u{7f}\u{202e}\u{e0041}\u{fdd0} \"\\ é🎉";
        let plan = samples::plan(
            vec![Change {
                url: Some(text.to_owned()),
                diff: vec![samples::replaced("/a", json!({text: text}), json!(text))],
                ..samples::change(Action::Update, "monitors/a")
            }],
            0,
        );
        let out = written(&plan);
        assert!(!out.chars().any(|c| is_hostile(c) && c != '\n'), "{out}");
        let back: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(back["changes"][0]["url"], text);
        assert_eq!(back["changes"][0]["diff"][0]["before"][text], text);
    }
}
